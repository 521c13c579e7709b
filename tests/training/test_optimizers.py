"""The optimisers move as they should, and the schedules rise and fall where they say."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from inklens.backend import keras
from inklens.training.optimizers import learning_rate, make_optimizer
from inklens.training.recipes import RECIPES

FAST = replace(RECIPES["fast"], learning_rate=1.0, warmup=0.25)


def test_the_triangle_rises_then_falls_to_nothing():
    rates = [learning_rate(FAST, step, 100) for step in range(100)]
    assert int(np.argmax(rates)) == 25
    assert max(rates) == pytest.approx(1, abs=0.02)
    assert all(np.diff(rates[:26]) > 0)
    assert all(np.diff(rates[25:]) < 0)
    assert 0 < rates[0] < 0.05
    assert 0 < rates[-1] < 0.02


def test_one_step_is_enough_for_a_schedule():
    assert learning_rate(FAST, 0, 1) > 0


def test_the_constant_schedule_stays():
    assert {learning_rate(RECIPES["tutorial"], step, 9) for step in range(9)} == {1.0}


def test_adadelta_is_keras_adadelta():
    weight = torch.tensor([[0.5, -1.0], [2.0, 0.1]], requires_grad=True)
    variable = keras().Variable(weight.detach().numpy().copy())
    ours = make_optimizer(RECIPES["tutorial"], [weight])
    theirs = keras().optimizers.Adadelta(learning_rate=1.0, rho=0.95, epsilon=1e-7)
    for step in range(20):
        gradient = torch.sin(weight.detach() * (step + 1))
        weight.grad = gradient.clone()
        ours.step()
        theirs.apply([gradient], [variable])
        np.testing.assert_allclose(weight.detach(), variable.value.detach(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("optimizer", ["adadelta", "adamw", "sgd"])
def test_every_optimiser_finds_the_bottom_of_a_bowl(optimizer):
    matrix, shift = torch.zeros(3, 4, requires_grad=True), torch.zeros(4, requires_grad=True)
    goal = torch.linspace(-0.2, 0.3, 12).view(3, 4)
    recipe = replace(FAST, optimizer=optimizer, learning_rate=1.0 if optimizer == "adadelta" else 0.02)
    chosen = make_optimizer(recipe, [matrix, shift])
    first = None
    for step in range(400):
        for group in chosen.param_groups:
            group["lr"] = learning_rate(recipe, step, 400)
        chosen.zero_grad()
        loss = (matrix - goal).square().sum() + (shift - 0.25).square().sum()
        first = first or loss.item()
        loss.backward()
        chosen.step()
    assert loss.item() < first / 20


def test_weight_decay_spares_biases():
    matrix, shift = torch.ones(2, 2, requires_grad=True), torch.ones(2, requires_grad=True)
    chosen = make_optimizer(replace(FAST, weight_decay=0.1), [matrix, shift])
    matrix.grad, shift.grad = torch.zeros(2, 2), torch.zeros(2)
    chosen.step()
    assert torch.equal(shift, torch.ones(2))
    assert torch.all(matrix < 1)
