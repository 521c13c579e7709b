"""Recurrent layers against the equations of the specification, written out step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from inklens.errors import ModelError
from tests.coreml.neural_network.networks import builder, check, run

RNG = np.random.default_rng(6)
SIZE, HIDDEN = 4, 3
FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "SIGMOID": lambda x: 1 / (1 + np.exp(-x)),
    "TANH": np.tanh,
    "RELU": lambda x: np.maximum(x, 0),
    "LINEAR": lambda x: x,
    "SIGMOID_HARD": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
}


def clip(x: np.ndarray, limit: float = 50.0) -> np.ndarray:
    return np.clip(x, -limit, limit)


def parameters(gates: int, scale: float = 1.0) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """Input, recursion and bias of each gate."""
    return (
        [RNG.normal(size=(HIDDEN, SIZE)) * scale for _ in range(gates)],
        [RNG.normal(size=(HIDDEN, HIDDEN)) * scale for _ in range(gates)],
        [RNG.normal(size=HIDDEN) for _ in range(gates)],
    )


def layer(add: Callable[[Any], object], x: np.ndarray, states: int, outputs: int) -> list[np.ndarray]:
    """A recurrent layer with zero states declared as inputs; its outputs without the trailing ones."""
    names = [f"s{place}" for place in range(states)]
    network = builder(
        {"x": (SIZE,), **dict.fromkeys(names, (HIDDEN,))}, [f"y{place}" for place in range(outputs)], rank5=True
    )
    add(network)
    inputs = {"x": x[..., None, None], **{name: np.zeros((1, x.shape[1], HIDDEN, 1, 1)) for name in names}}
    results = run(network.spec, inputs)
    return [results[f"y{place}"][..., 0, 0] for place in range(outputs)]


@pytest.mark.parametrize("activation", ["TANH", "RELU", "SIGMOID_HARD"])
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("backwards", [True, False])
def test_simple_recurrence(activation: str, whole: bool, backwards: bool) -> None:
    (w,), (r,), (b,) = parameters(1)
    x = RNG.normal(size=(5, 2, SIZE))
    y, last = layer(
        lambda net: net.add_simple_rnn(
            "rnn", r, w, b, HIDDEN, SIZE, activation, ["x", "s0"], ["y0", "y1"], whole, backwards
        ),
        x, 1, 2,
    )  # fmt: skip
    h, steps = np.zeros((2, HIDDEN)), []
    for row in x[::-1] if backwards else x:
        h = FUNCTIONS[activation](clip(row @ w.T + h @ r.T + b))
        steps.append(h)
    check(np.stack(steps) if whole else steps[-1][None], y)
    check(h[None], last)


@pytest.mark.parametrize(("inner", "outer"), [("SIGMOID", "TANH"), ("SIGMOID_HARD", "RELU")])
@pytest.mark.parametrize("backwards", [True, False])
def test_gated_recurrence_resets_the_state_before_its_matrix(inner: str, outer: str, backwards: bool) -> None:
    w, r, b = parameters(3)
    x = RNG.normal(size=(4, 2, SIZE))
    y, last = layer(
        lambda net: net.add_gru("gru", r, w, b, HIDDEN, SIZE, ["x", "s0"], ["y0", "y1"], outer, inner, True, backwards),
        x, 1, 2,
    )  # fmt: skip
    f, g = FUNCTIONS[inner], FUNCTIONS[outer]
    h, steps = np.zeros((2, HIDDEN)), []
    for row in x[::-1] if backwards else x:
        z = f(clip(row @ w[0].T + h @ r[0].T + b[0]))
        reset = f(clip(row @ w[1].T + h @ r[1].T + b[1]))
        o = g(clip(row @ w[2].T + (h * reset) @ r[2].T + b[2]))
        h = (1 - z) * o + z * h
        steps.append(h)
    check(np.stack(steps), y)
    check(h[None], last)


def lstm(
    x: np.ndarray, w: Any, r: Any, b: Any, p: Any, names: tuple[str, str, str], *, coupled: bool, limit: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gates in the order of the builder: input, forget, output, block input."""
    f, g, out = (FUNCTIONS[name] for name in names)
    h = c = np.zeros((x.shape[1], HIDDEN))
    steps = []
    for row in x:
        i, forget, o, z = (row @ w[k].T + h @ r[k].T + b[k] for k in range(4))
        i = f(clip(i + p[0] * c))
        z = g(clip(z))
        forget = 1 - i if coupled else f(clip(forget + p[1] * c))
        c = clip(c * forget + i * z, limit)
        h = out(c) * f(clip(o + p[2] * c))
        steps.append(h)
    return np.stack(steps), h, c


@pytest.mark.parametrize("backwards", [True, False])
@pytest.mark.parametrize(
    ("names", "peephole", "coupled", "limit"),
    [
        (("SIGMOID", "TANH", "TANH"), False, False, 50000.0),
        (("SIGMOID_HARD", "TANH", "TANH"), True, False, 50000.0),
        (("SIGMOID", "TANH", "TANH"), True, True, 50000.0),
        (("SIGMOID", "RELU", "LINEAR"), False, False, 50000.0),
        (("SIGMOID", "TANH", "TANH"), False, False, 0.4),
    ],
)
def test_long_short_term_memory(
    names: tuple[str, str, str], peephole: bool, coupled: bool, limit: float, backwards: bool
) -> None:
    w, r, b = parameters(4)
    p = RNG.normal(size=(3, HIDDEN)) if peephole else np.zeros((3, HIDDEN))
    x = RNG.normal(size=(5, 2, SIZE))
    y, last, cell = layer(
        lambda net: net.add_unilstm(
            "lstm", r, w, b, HIDDEN, SIZE, ["x", "s0", "s1"], ["y0", "y1", "y2"], names[0], names[1], names[2],
            peep=list(p) if peephole else None, output_all=True, forget_bias=True, coupled_input_forget_gate=coupled,
            cell_clip_threshold=limit, reverse_input=backwards,
        ),
        x, 2, 3,
    )  # fmt: skip
    biases = [b[0], b[1] + 1, b[2], b[3]]
    steps, h, c = lstm(x[::-1] if backwards else x, w, r, biases, p, names, coupled=coupled, limit=limit)
    check(steps, y)
    check(h[None], last)
    check(c[None], cell)


@pytest.mark.parametrize("coupled", [True, False])
@pytest.mark.parametrize("whole", [True, False])
def test_bidirectional_memory_pairs_the_halves_by_time(whole: bool, coupled: bool) -> None:
    names = ("SIGMOID", "TANH", "TANH")
    (w, r, b), (wb, rb, bb) = parameters(4), parameters(4)
    x, none = RNG.normal(size=(5, 2, SIZE)), np.zeros((3, HIDDEN))
    results = layer(
        lambda net: net.add_bidirlstm(
            "lstm", r, w, b, rb, wb, bb, HIDDEN, SIZE, ["x", "s0", "s1", "s2", "s3"], ["y0", "y1", "y2", "y3", "y4"],
            output_all=whole, coupled_input_forget_gate=coupled,
        ),
        x, 4, 5,
    )  # fmt: skip
    ahead, h, c = lstm(x, w, r, b, none, names, coupled=coupled, limit=50000.0)
    behind, hb, cb = lstm(x[::-1], wb, rb, bb, none, names, coupled=coupled, limit=50000.0)
    together = np.concatenate([ahead, behind[::-1]], 2) if whole else np.concatenate([h, hb], 1)[None]
    check(together, results[0])
    for expected, result in zip((h, c, hb, cb), results[1:], strict=True):
        check(expected[None], result)


def test_a_state_is_carried_in_and_out() -> None:
    w, r, b = parameters(4)
    network = builder({"x": (SIZE,), "h": (HIDDEN,), "c": (HIDDEN,)}, ["y", "h_out", "c_out"], rank5=True)
    network.add_unilstm("lstm", r, w, b, HIDDEN, SIZE, ["x", "h", "c"], ["y", "h_out", "c_out"], output_all=True)
    x = RNG.normal(size=(6, 1, SIZE))
    at_once = run(network.spec, {"x": x, "h": np.zeros(HIDDEN), "c": np.zeros(HIDDEN)})
    state = {"h": np.zeros(HIDDEN), "c": np.zeros(HIDDEN)}
    for step in x:
        result = run(network.spec, {"x": step[None], **{name: value.reshape(HIDDEN) for name, value in state.items()}})
        state = {"h": result["h_out"], "c": result["c_out"]}
    check(at_once["h_out"], state["h"])
    check(at_once["c_out"], state["c"])


def test_embedding_and_permute_make_a_sequence_of_words_into_one_vector() -> None:
    """[15, 1, 1, 1, 1] words → [15, 1, 32, 1, 1] → [1, 1, 32, 1, 15] → [1, 1, 480, 1, 1] → 2 scores."""
    table, weight = RNG.normal(size=(32, 10)), RNG.normal(size=(2, 480))
    network = builder({"words": (1, 1, 1)}, ["scores"], rank5=True)
    network.add_embedding("embed", table, None, 10, 32, False, "words", "vectors")
    network.add_permute("permute", [3, 1, 2, 0], "vectors", "columns")
    network.add_flatten("flatten", 0, "columns", "flat")
    network.add_inner_product("dense", weight, None, 480, 2, False, "flat", "scores")
    words = RNG.integers(0, 10, 15)
    result = run(network.spec, {"words": words.reshape(15, 1, 1, 1, 1)})["scores"]
    check((weight @ table[:, words].reshape(480)).reshape(1, 1, 2, 1, 1), result)


def test_a_state_of_another_size_is_refused() -> None:
    (w,), (r,), (b,) = parameters(1)
    network = builder({"x": (SIZE,), "h": (HIDDEN + 1,)}, ["y"], rank5=True)
    network.add_simple_rnn("rnn", r, w, b, HIDDEN, SIZE, "TANH", ["x", "h"], ["y"], True, False)
    with pytest.raises(
        ModelError,
        match=r"layer rnn \(simpleRecurrent\): its state has shape \(1, 1, 4, 1, 1\); expected \(1, 1, 3, 1, 1\)",
    ):
        run(network.spec, {"x": np.zeros((2, 1, SIZE)), "h": np.zeros(HIDDEN + 1)})
