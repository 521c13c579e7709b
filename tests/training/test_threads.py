"""Threads share work without changing what comes out."""

from dataclasses import replace

import pytest
import torch

from inklens.backend import keras
from inklens.training.threads import Workers
from tests.training.small import RECIPE, small_dataset


def learnt(count):
    keras()
    from inklens.training.trainer import Learner

    with Workers(count) as workers:
        learner = Learner(replace(RECIPE, chunk=8), small_dataset(), 1, workers)
        learner.learn_epoch()
        return {name: tensor.detach().clone() for name, tensor in learner.mirror.tensors.items()}


def test_the_number_of_threads_does_not_change_the_weights():
    one, five = learnt(1), learnt(5)
    for name in one:
        assert torch.equal(one[name], five[name])


def test_results_keep_their_order_and_torchs_threads_come_back():
    before = torch.get_num_threads()
    with Workers(4) as workers:
        assert workers.map(lambda a, b: a * b, range(20), range(20)) == [n * n for n in range(20)]
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_an_error_in_a_thread_comes_out():
    with Workers(2) as workers, pytest.raises(ZeroDivisionError):
        workers.map(lambda n: 1 / n, [1, 0])
