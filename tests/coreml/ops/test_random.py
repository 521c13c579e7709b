from __future__ import annotations

import numpy as np
import pytest

from inklens.coreml.onnx import to_onnx
from inklens.coreml.reference import evaluate
from tests.coreml.engines import Input, graph_of, run_onnx

SHAPE = np.array([100, 100], np.int32)


def drawn(op: str, **arguments: object) -> list[np.ndarray]:
    """What each engine draws."""
    graph, inputs = graph_of(op, dict(arguments))
    return [evaluate(graph, inputs)["out0"], run_onnx(to_onnx(graph), inputs)[0]]


@pytest.mark.parametrize(
    ("op", "settings", "mean", "deviation"),
    [
        ("random_normal", {"mean": 3.0, "stddev": 2.0}, 3, 2),
        ("random_uniform", {"low": -1.0, "high": 5.0}, 2, 6 / 12**0.5),
        ("random_bernoulli", {"prob": 0.25}, 0.25, 0.433),
        ("random_normal", {"mean": 1.0, "stddev": 0.0}, 1, 0),
        ("random_uniform", {"low": 2.0, "high": 2.0}, 2, 0),
    ],
)
@pytest.mark.parametrize("at_run_time", [False, True])
def test_both_engines_draw_from_the_same_distribution(
    op: str, settings: dict[str, float], mean: float, deviation: float, at_run_time: bool
) -> None:
    for numbers in drawn(op, shape=Input(SHAPE) if at_run_time else SHAPE, seed=4, **settings):
        assert numbers.shape == (100, 100)
        assert numbers.dtype == np.float32
        assert abs(numbers.mean() - mean) < 0.1
        assert abs(numbers.std() - deviation) < 0.1


@pytest.mark.parametrize("mode", ["logits", "probs"])
def test_classes_are_drawn_as_often_as_they_are_likely(mode: str) -> None:
    chances = np.array([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]], np.float32)
    x = np.log(chances) if mode == "logits" else chances
    for numbers in drawn("random_categorical", x=Input(x), mode=mode, size=5000, seed=1):
        counts = np.stack([np.bincount(row.astype(int), minlength=3) for row in numbers]) / 5000
        np.testing.assert_allclose(counts, chances, atol=0.03)


def test_a_seed_draws_the_same_again() -> None:
    for first, second in zip(*(drawn("random_normal", shape=SHAPE, seed=7) for _ in range(2)), strict=True):
        np.testing.assert_array_equal(first, second)
