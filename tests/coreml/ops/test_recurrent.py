from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from inklens.coreml.ops import OPS
from inklens.errors import ModelError
from tests.coreml.engines import Input, both, numbers

TIME, BATCH, FEATURES, HIDDEN = 5, 2, 3, 4
X = numbers(TIME, BATCH, FEATURES)
H = numbers(BATCH, HIDDEN, seed=1)
C = numbers(BATCH, HIDDEN, seed=2)
ACTIVATIONS = ("sigmoid", "tanh", "relu", "linear", "hard_sigmoid", "scaled_tanh")


def weights(gates: int, seed: int = 3) -> dict[str, np.ndarray]:
    return {
        "weight_ih": numbers(gates * HIDDEN, FEATURES, seed=seed, low=-1, high=1),
        "weight_hh": numbers(gates * HIDDEN, HIDDEN, seed=seed + 1, low=-1, high=1),
        "bias": numbers(gates * HIDDEN, seed=seed + 2),
    }


def reordered(array: np.ndarray, ours: str, torchs: str) -> torch.Tensor:
    parts = dict(zip(ours, np.split(array, len(ours)), strict=True))
    return torch.tensor(np.concatenate([parts[gate] for gate in torchs]))


def torch_states(layer: Any, side: dict[str, np.ndarray], suffix: str, ours: str, torchs: str) -> None:
    state = layer.state_dict()
    state[f"weight_ih_l0{suffix}"] = reordered(side["weight_ih"], ours, torchs)
    state[f"weight_hh_l0{suffix}"] = reordered(side["weight_hh"], ours, torchs)
    state[f"bias_ih_l0{suffix}"] = reordered(side["bias"], ours, torchs)
    state[f"bias_hh_l0{suffix}"] = torch.zeros_like(state[f"bias_hh_l0{suffix}"])
    layer.load_state_dict(state)


@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize("output_sequence", [False, True])
def test_lstm_is_torchs_and_a_reverse_one_returns_its_own_order(direction: str, output_sequence: bool) -> None:
    side = weights(4)
    steps, h, c = both(
        "lstm", x=Input(X), initial_h=Input(H), initial_c=Input(C), **side, direction=direction,
        output_sequence=output_sequence,
    )  # fmt: skip
    layer = torch.nn.LSTM(FEATURES, HIDDEN)
    torch_states(layer, side, "", "ifoz", "ifzo")
    ordered = X if direction == "forward" else X[::-1].copy()
    with torch.no_grad():
        every, (last, cell) = layer(torch.tensor(ordered), (torch.tensor(H)[None], torch.tensor(C)[None]))
    np.testing.assert_allclose(steps, every if output_sequence else every[-1:], atol=1e-5)
    np.testing.assert_allclose(h, last[0], atol=1e-5)
    np.testing.assert_allclose(c, cell[0], atol=1e-5)


@pytest.mark.parametrize("output_sequence", [False, True])
@pytest.mark.parametrize("clip", [None, 0.5])
def test_bidirectional_lstm_is_torchs_in_the_order_of_time(output_sequence: bool, clip: float | None) -> None:
    on, back = weights(4), weights(4, seed=7)
    h, c = numbers(BATCH, 2 * HIDDEN, seed=1), numbers(BATCH, 2 * HIDDEN, seed=2)
    arguments: dict[str, Any] = {
        "x": Input(X), "initial_h": Input(h), "initial_c": Input(c), **on, "direction": "bidirectional",
        "output_sequence": output_sequence, "clip": clip, **{f"{key}_back": value for key, value in back.items()},
    }  # fmt: skip
    steps, last_h, last_c = both("lstm", **arguments)
    assert (np.abs(last_c) <= 0.5).all() or clip is None
    if clip is not None:
        return
    layer = torch.nn.LSTM(FEATURES, HIDDEN, bidirectional=True)
    torch_states(layer, on, "", "ifoz", "ifzo")
    torch_states(layer, back, "_reverse", "ifoz", "ifzo")
    halves = [torch.tensor(np.stack(np.split(item, 2, axis=1))) for item in (h, c)]
    with torch.no_grad():
        every, (torch_h, torch_c) = layer(torch.tensor(X), tuple(halves))
    joined = np.concatenate(list(torch_h.numpy()), axis=1)
    np.testing.assert_allclose(steps, every if output_sequence else joined[None], atol=1e-5)
    np.testing.assert_allclose(last_h, joined, atol=1e-5)
    np.testing.assert_allclose(last_c, np.concatenate(list(torch_c.numpy()), axis=1), atol=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("peephole", [False, True])
@pytest.mark.parametrize("clip", [None, 0.4, 50.0])
def test_both_engines_run_an_lstm_alike_with_every_activation(
    activation: str, peephole: bool, clip: float | None
) -> None:
    arguments: dict[str, Any] = {"peephole": numbers(3 * HIDDEN, seed=9)} if peephole else {}
    for place in ("recurrent_activation", "cell_activation", "activation"):
        both(
            "lstm", x=Input(X / 4), initial_h=Input(H / 4), initial_c=C / 4, **weights(4), output_sequence=True,
            clip=clip, **{place: activation}, **arguments,
        )  # fmt: skip


def test_the_cell_of_an_lstm_is_clipped_not_its_gates() -> None:
    ones = np.ones((1, 1), np.float32)
    _, h, c = both(
        "lstm", x=Input(ones[None]), initial_h=ones * 0, initial_c=ones * 3, weight_ih=np.zeros((4, 1), np.float32),
        weight_hh=np.zeros((4, 1), np.float32), bias=np.array([0, 0, 0, 0], np.float32), clip=0.25,
        activation="linear",
    )  # fmt: skip
    np.testing.assert_allclose([h, c], [[[0.125]], [[0.25]]])


@pytest.mark.parametrize("reset_after", [False, True])
@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_gru_is_torchs_where_torch_has_it(reset_after: bool, direction: str) -> None:
    side, input_bias = weights(3), numbers(3 * HIDDEN, seed=8)
    steps, h = both(
        "gru", x=Input(X), initial_h=Input(H), **side, input_bias=input_bias, reset_after=reset_after,
        direction=direction, output_sequence=True,
    )  # fmt: skip
    np.testing.assert_array_equal(steps[-1], h)
    if not reset_after:
        return
    layer = torch.nn.GRU(FEATURES, HIDDEN)
    state = layer.state_dict()
    state["weight_ih_l0"] = reordered(side["weight_ih"], "roz", "rzo")
    state["weight_hh_l0"] = reordered(side["weight_hh"], "roz", "rzo")
    state["bias_hh_l0"] = reordered(side["bias"], "roz", "rzo")
    state["bias_ih_l0"] = reordered(input_bias, "roz", "rzo")
    layer.load_state_dict(state)
    ordered = X if direction == "forward" else X[::-1].copy()
    with torch.no_grad():
        every, _ = layer(torch.tensor(ordered), torch.tensor(H)[None])
    np.testing.assert_allclose(steps, every, atol=1e-5)


def test_the_reset_gate_of_a_gru_acts_on_the_state_before_its_product() -> None:
    side = weights(3)
    _, h = both("gru", x=Input(X[:1]), initial_h=Input(H), **side)
    w_r, w_o, w_z = np.split(side["weight_ih"], 3)
    u_r, u_o, u_z = np.split(side["weight_hh"], 3)
    b_r, b_o, b_z = np.split(side["bias"], 3)
    sigmoid = OPS["sigmoid"]
    r, z = sigmoid(X[0] @ w_r.T + H @ u_r.T + b_r), sigmoid(X[0] @ w_z.T + H @ u_z.T + b_z)
    new = np.tanh(X[0] @ w_o.T + (r * H) @ u_o.T + b_o)
    np.testing.assert_allclose(h, (1 - z) * new + z * H, atol=1e-5)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_rnn_is_torchs(activation: str, direction: str) -> None:
    side = weights(1)
    steps, h = both(
        "rnn", x=Input(X), initial_h=Input(H), **side, activation=activation, direction=direction, output_sequence=True
    )  # fmt: skip
    layer = torch.nn.RNN(FEATURES, HIDDEN, nonlinearity=activation)
    torch_states(layer, side, "", "h", "h")
    ordered = X if direction == "forward" else X[::-1].copy()
    with torch.no_grad():
        every, last = layer(torch.tensor(ordered), torch.tensor(H)[None])
    np.testing.assert_allclose(steps, every, atol=1e-5)
    np.testing.assert_allclose(h, last[0], atol=1e-5)


def test_an_unknown_activation_is_refused_in_words() -> None:
    with pytest.raises(ModelError, match="its activation is 'swish'; expected one of sigmoid, tanh, relu"):
        both("rnn", x=Input(X), initial_h=Input(H), **weights(1), activation="swish")
