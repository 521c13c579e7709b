"""Recurrent layers over sequences [time, batch, features].

Weights stack their gates along the first axis: r, o, z for gru and i, f, o, z for lstm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from inklens.coreml.ops.activation import stable_sigmoid
from inklens.coreml.ops.registry import Array, Emitter, Value, op
from inklens.coreml.ops.slicing import emit_reversed
from inklens.errors import ModelError

# An activation in NumPy, and ONNX's name of it with its alpha and beta.
_ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], str, float, float]] = {
    "sigmoid": (stable_sigmoid, "Sigmoid", 0, 0),
    "tanh": (np.tanh, "Tanh", 0, 0),
    "relu": (lambda x: np.maximum(x, 0), "Relu", 0, 0),
    "linear": (lambda x: x, "Affine", 1, 0),
    "hard_sigmoid": (lambda x: np.clip(0.2 * x + 0.5, 0, 1), "HardSigmoid", 0.2, 0.5),
    "sigmoid_hard": (lambda x: np.clip(0.2 * x + 0.5, 0, 1), "HardSigmoid", 0.2, 0.5),
    "scaled_tanh": (np.tanh, "ScaledTanh", 1, 1),  # Core ML's defaults make it tanh
}
UNROLL_LIMIT = 512  # steps up to which a clipped cell is written out, step by step


def _activation(name: str) -> tuple[Callable[[Array], Array], str, float, float]:
    if name.lower() not in _ACTIVATIONS:
        raise ModelError(f"its activation is {name!r}; expected one of {', '.join(_ACTIVATIONS)}")
    return _ACTIVATIONS[name.lower()]


def _function(name: str) -> Callable[[Array], Array]:
    return _activation(name)[0]


def _onnx_activations(*names: str) -> dict[str, Any]:
    rows = [_activation(name)[1:] for name in names]
    settled = [row for row in rows if row[0] in ("Affine", "HardSigmoid", "ScaledTanh")]  # the others take no numbers
    return {
        "activations": [operator for operator, _, _ in rows],
        "activation_alpha": [float(alpha) for _, alpha, _ in settled] or None,
        "activation_beta": [float(beta) for _, _, beta in settled] or None,
    }


def _require_direction(direction: str, *known: str) -> None:
    if direction not in known:
        raise ModelError(f"its direction is {direction!r}; expected one of {', '.join(known)}")


def _sequence(steps: Sequence[Array], whole: bool) -> Array:
    return np.stack(steps) if whole else steps[-1][None]


def _emit_sequence(emit: Emitter, all_steps: Value, last: Value, whole: bool) -> tuple[Value, Value]:
    """ONNX's results [time, 1, batch, H] and [1, batch, H] as MIL has them."""
    final = emit("Squeeze", last, [0])
    return emit("Squeeze", all_steps, [1]) if whole else last, final


def _constant(value: Value, name: str) -> Array:
    if value.constant is None:
        raise ModelError(f"its parameter {name} must be a constant")
    return value.constant


def _gates(weights: Array, order: str, wanted: str) -> Array:
    """Gates stacked along the first axis, in another order."""
    parts = dict(zip(order, np.split(weights, len(order)), strict=True))
    return np.concatenate([parts[gate] for gate in wanted])


@op("rnn")
def rnn(
    x: Array,
    initial_h: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias: Array | None = None,
    *,
    direction: str = "forward",
    output_sequence: bool = False,
    activation: str = "tanh",
) -> tuple[Array, Array]:
    _require_direction(direction, "forward", "reverse")
    function, h, steps = _function(activation), initial_h, []
    for row in x if direction == "forward" else x[::-1]:
        h = function(row @ weight_ih.T + h @ weight_hh.T + (0 if bias is None else bias))
        steps.append(h)
    return _sequence(steps, output_sequence), h


@rnn.onnx
def _(
    emit: Emitter,
    x: Value,
    initial_h: Value,
    weight_ih: Value,
    weight_hh: Value,
    bias: Value | None,
    *,
    direction: str,
    output_sequence: bool,
    activation: str,
) -> tuple[Value, ...]:
    _require_direction(direction, "forward", "reverse")
    x = x if direction == "forward" else emit_reversed(emit, x, [0])
    w, r = _constant(weight_ih, "weight_ih"), _constant(weight_hh, "weight_hh")
    hidden = r.shape[1]
    b = np.zeros(2 * hidden, np.float32)
    if bias is not None:
        b[:hidden] = _constant(bias, "bias")
    every, last = emit.several(
        2,
        "RNN",
        x,
        w[None],
        r[None],
        b[None],
        None,
        emit("Unsqueeze", initial_h, [0]),
        hidden_size=hidden,
        **_onnx_activations(activation),
    )
    return _emit_sequence(emit, every, last, output_sequence)


@op("gru")
def gru(
    x: Array,
    initial_h: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias: Array | None = None,
    input_bias: Array | None = None,
    *,
    direction: str = "forward",
    output_sequence: bool = False,
    recurrent_activation: str = "sigmoid",
    activation: str = "tanh",
    reset_after: bool = False,
) -> tuple[Array, Array]:
    """With `reset_after` the reset gate acts on the product with the hidden state and its bias, else on the state."""
    _require_direction(direction, "forward", "reverse")
    inner, outer = _function(recurrent_activation), _function(activation)
    zero = np.zeros(len(weight_ih), np.float32)
    w_r, w_o, w_z = np.split(weight_ih, 3)
    h_r, h_o, h_z = np.split(weight_hh, 3)
    b_r, b_o, b_z = np.split(zero if bias is None else bias, 3)
    i_r, i_o, i_z = np.split(zero if input_bias is None else input_bias, 3)
    h, steps = initial_h, []
    for row in x if direction == "forward" else x[::-1]:
        r = inner(row @ w_r.T + i_r + h @ h_r.T + b_r)
        z = inner(row @ w_z.T + i_z + h @ h_z.T + b_z)
        state = r * (h @ h_o.T + b_o) if reset_after else (r * h) @ h_o.T + b_o
        h = (1 - z) * outer(row @ w_o.T + i_o + state) + z * h
        steps.append(h)
    return _sequence(steps, output_sequence), h


@gru.onnx
def _(
    emit: Emitter,
    x: Value,
    initial_h: Value,
    weight_ih: Value,
    weight_hh: Value,
    bias: Value | None,
    input_bias: Value | None,
    *,
    direction: str,
    output_sequence: bool,
    recurrent_activation: str,
    activation: str,
    reset_after: bool,
) -> tuple[Value, ...]:
    _require_direction(direction, "forward", "reverse")
    x = x if direction == "forward" else emit_reversed(emit, x, [0])
    w = _gates(_constant(weight_ih, "weight_ih"), "roz", "zro")
    r = _gates(_constant(weight_hh, "weight_hh"), "roz", "zro")
    b = np.zeros((2, len(w)), np.float32)
    for row, item in enumerate((input_bias, bias)):
        if item is not None:
            b[row] = _gates(_constant(item, "bias"), "roz", "zro")
    every, last = emit.several(
        2,
        "GRU",
        x,
        w[None],
        r[None],
        b.reshape(1, -1),
        None,
        emit("Unsqueeze", initial_h, [0]),
        hidden_size=r.shape[1],
        linear_before_reset=int(reset_after),
        **_onnx_activations(recurrent_activation, activation),
    )
    return _emit_sequence(emit, every, last, output_sequence)


def _lstm(
    x: Array,
    h: Array,
    c: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias: Array | None,
    peephole: Array | None,
    functions: tuple[Callable[[Array], Array], ...],
    clip: float | None,
) -> tuple[list[Array], Array, Array]:
    """One direction: the hidden states of every step, the last one, the last cell."""
    inner, cell, outer = functions
    p_i, p_f, p_o = np.split(np.zeros(3 * h.shape[1], np.float32) if peephole is None else peephole, 3)
    steps = []
    for row in x:
        gates = row @ weight_ih.T + h @ weight_hh.T + (0 if bias is None else bias)
        i, f, o, z = np.split(gates, 4, axis=-1)
        c = inner(f + p_f * c) * c + inner(i + p_i * c) * cell(z)
        c = c if clip is None else np.clip(c, -np.float32(clip), np.float32(clip))
        h = inner(o + p_o * c) * outer(c)
        steps.append(h)
    return steps, h, c


@op("lstm")
def lstm(
    x: Array,
    initial_h: Array,
    initial_c: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias: Array | None = None,
    peephole: Array | None = None,
    weight_ih_back: Array | None = None,
    weight_hh_back: Array | None = None,
    bias_back: Array | None = None,
    peephole_back: Array | None = None,
    *,
    direction: str = "forward",
    output_sequence: bool = False,
    recurrent_activation: str = "sigmoid",
    cell_activation: str = "tanh",
    activation: str = "tanh",
    clip: float | None = None,
) -> tuple[Array, Array, Array]:
    """A reverse layer returns its steps in the order in which it took them; a bidirectional one in that of time."""
    _require_direction(direction, "forward", "reverse", "bidirectional")
    functions = tuple(_function(name) for name in (recurrent_activation, cell_activation, activation))
    if direction != "bidirectional":
        ordered = x if direction == "forward" else x[::-1]
        steps, h, c = _lstm(ordered, initial_h, initial_c, weight_ih, weight_hh, bias, peephole, functions, clip)
        return _sequence(steps, output_sequence), h, c
    if weight_ih_back is None or weight_hh_back is None:
        raise ModelError("it is bidirectional without weight_ih_back and weight_hh_back")
    (h_on, h_back), (c_on, c_back) = np.split(initial_h, 2, axis=1), np.split(initial_c, 2, axis=1)
    on, h_on, c_on = _lstm(x, h_on, c_on, weight_ih, weight_hh, bias, peephole, functions, clip)
    back, h_back, c_back = _lstm(
        x[::-1], h_back, c_back, weight_ih_back, weight_hh_back, bias_back, peephole_back, functions, clip
    )
    h, c = np.concatenate([h_on, h_back], axis=1), np.concatenate([c_on, c_back], axis=1)
    if not output_sequence:
        return h[None], h, c
    return np.concatenate([np.stack(on), np.stack(back[::-1])], axis=2), h, c


@lstm.onnx
def _(
    emit: Emitter,
    x: Value,
    initial_h: Value,
    initial_c: Value,
    weight_ih: Value,
    weight_hh: Value,
    bias: Value | None,
    peephole: Value | None,
    weight_ih_back: Value | None,
    weight_hh_back: Value | None,
    bias_back: Value | None,
    peephole_back: Value | None,
    *,
    direction: str,
    output_sequence: bool,
    recurrent_activation: str,
    cell_activation: str,
    activation: str,
    clip: float | None,
) -> tuple[Value, ...]:
    _require_direction(direction, "forward", "reverse", "bidirectional")
    both = direction == "bidirectional"
    sides = [(weight_ih, weight_hh, bias, peephole)]
    if both:
        if weight_ih_back is None or weight_hh_back is None:
            raise ModelError("it is bidirectional without weight_ih_back and weight_hh_back")
        sides.append((weight_ih_back, weight_hh_back, bias_back, peephole_back))
    names = (recurrent_activation, cell_activation, activation)
    if clip is not None and not _clip_is_idle(x, initial_c, names, clip):
        return _emit_clipped(emit, x, initial_h, initial_c, sides, names, direction, output_sequence, clip)
    x = emit_reversed(emit, x, [0]) if direction == "reverse" else x
    hidden = _constant(weight_hh, "weight_hh").shape[1]
    w = np.stack([_gates(_constant(side[0], "weight_ih"), "ifoz", "iofz") for side in sides])
    r = np.stack([_gates(_constant(side[1], "weight_hh"), "ifoz", "iofz") for side in sides])
    b = np.zeros((len(sides), 8 * hidden), np.float32)
    p = np.zeros((len(sides), 3 * hidden), np.float32)
    for row, (_, _, side_bias, side_peephole) in enumerate(sides):
        if side_bias is not None:
            b[row, : 4 * hidden] = _gates(_constant(side_bias, "bias"), "ifoz", "iofz")
        if side_peephole is not None:
            p[row] = _gates(_constant(side_peephole, "peephole"), "ifo", "iof")
    h, c = (_emit_directions(emit, item, len(sides)) for item in (initial_h, initial_c))
    every, last_h, last_c = emit.several(
        3,
        "LSTM",
        x,
        w,
        r,
        b,
        None,
        h,
        c,
        p,
        hidden_size=hidden,
        direction="bidirectional" if both else "forward",
        **_onnx_activations(*names * len(sides)),
    )
    if not both:
        return (*_emit_sequence(emit, every, last_h, output_sequence), emit("Squeeze", last_c, [0]))
    final_h, final_c = (_emit_joined(emit, item, hidden) for item in (last_h, last_c))
    if not output_sequence:
        return emit("Unsqueeze", final_h, [0]), final_h, final_c
    # [time, 2, batch, H] to [time, batch, 2 H]
    turned = emit("Transpose", every, perm=[0, 2, 1, 3])
    return emit("Reshape", turned, [0, 0, 2 * hidden]), final_h, final_c


def _emit_directions(emit: Emitter, state: Value, directions: int) -> Value:
    """A state [batch, directions * H] as ONNX has it: [directions, batch, H]."""
    if directions == 1:
        return emit("Unsqueeze", state, [0])
    halves = emit.several(2, "Split", state, axis=1, num_outputs=2)
    return emit("Concat", *(emit("Unsqueeze", half, [0]) for half in halves), axis=0)


def _emit_joined(emit: Emitter, state: Value, hidden: int) -> Value:
    """ONNX's [2, batch, H] as [batch, 2 H]."""
    return emit("Reshape", emit("Transpose", state, perm=[1, 0, 2]), [0, 2 * hidden])


def _clip_is_idle(x: Value, initial_c: Value, names: Sequence[str], clip: float) -> bool:
    """Whether the cell cannot reach `clip`: with gates and cell input within ±1 it moves by at most 1 a step."""
    bounded = names[0] in ("sigmoid", "hard_sigmoid", "sigmoid_hard") and names[1] in (
        "tanh",
        "sigmoid",
        "hard_sigmoid",
        "sigmoid_hard",
    )
    if not bounded or initial_c.constant is None or x.shape is None or x.shape[0] is None:
        return False
    return float(np.abs(initial_c.constant).max(initial=0)) + x.shape[0] <= clip


def _emit_clipped(
    emit: Emitter,
    x: Value,
    initial_h: Value,
    initial_c: Value,
    sides: list[tuple[Value, Value, Value | None, Value | None]],
    names: Sequence[str],
    direction: str,
    output_sequence: bool,
    clip: float,
) -> tuple[Value, ...]:
    """Step by step, as MIL clips the cell where ONNX's LSTM clips what enters an activation."""
    length = None if x.shape is None else x.shape[0]
    if length is None or length > UNROLL_LIMIT:
        raise ModelError(f"its clip needs a sequence of known length up to {UNROLL_LIMIT}, not {length}")
    states = [(initial_h, initial_c)]
    if len(sides) == 2:
        h_halves = emit.several(2, "Split", initial_h, axis=1, num_outputs=2)
        c_halves = emit.several(2, "Split", initial_c, axis=1, num_outputs=2)
        states = list(zip(h_halves, c_halves, strict=True))
    rows = [emit("Gather", x, np.int64(step), axis=0) for step in range(length)]
    every_side, last_h, last_c = [], [], []
    for number, ((h, c), side) in enumerate(zip(states, sides, strict=True)):
        backwards = direction == "reverse" or number == 1
        steps, h, c = _emit_steps(emit, rows[::-1] if backwards else rows, h, c, side, names, clip)
        every_side.append(steps[::-1] if number == 1 else steps)
        last_h.append(h)
        last_c.append(c)
    final_h, final_c = _emit_side_by_side(emit, last_h), _emit_side_by_side(emit, last_c)
    if not output_sequence:
        return emit("Unsqueeze", final_h, [0]), final_h, final_c
    joined = [_emit_side_by_side(emit, list(parts)) for parts in zip(*every_side, strict=True)]
    every = emit("Concat", *(emit("Unsqueeze", step, [0]) for step in joined), axis=0)
    return every, final_h, final_c


def _emit_side_by_side(emit: Emitter, parts: list[Value]) -> Value:
    """The states of both directions as one [batch, 2 H]."""
    return parts[0] if len(parts) == 1 else emit("Concat", *parts, axis=1)


def _emit_steps(
    emit: Emitter,
    rows: list[Value],
    h: Value,
    c: Value,
    side: tuple[Value, Value, Value | None, Value | None],
    names: Sequence[str],
    clip: float,
) -> tuple[list[Value], Value, Value]:
    weight_ih, weight_hh = (_constant(item, "weight").T.copy() for item in side[:2])
    bias = None if side[2] is None else _constant(side[2], "bias")
    peepholes = None if side[3] is None else np.split(_constant(side[3], "peephole"), 3)
    steps = []
    for row in rows:
        gates = emit("Add", emit("MatMul", row, weight_ih), emit("MatMul", h, weight_hh))
        gates = gates if bias is None else emit("Add", gates, bias)
        i, f, o, z = emit.several(4, "Split", gates, axis=1, num_outputs=4)
        if peepholes is not None:
            i, f = emit("Add", i, emit("Mul", c, peepholes[0])), emit("Add", f, emit("Mul", c, peepholes[1]))
        kept = emit("Mul", _emit_activation(emit, f, names[0]), c)
        added = emit("Mul", _emit_activation(emit, i, names[0]), _emit_activation(emit, z, names[1]))
        c = emit("Clip", emit("Add", kept, added), -clip, clip)
        o = o if peepholes is None else emit("Add", o, emit("Mul", c, peepholes[2]))
        h = emit("Mul", _emit_activation(emit, o, names[0]), _emit_activation(emit, c, names[2]))
        steps.append(h)
    return steps, h, c


def _emit_activation(emit: Emitter, x: Value, name: str) -> Value:
    _, operator, alpha, beta = _activation(name)
    if operator == "Affine":
        return x
    if operator == "HardSigmoid":
        return emit(operator, x, alpha=alpha, beta=beta)
    if operator == "ScaledTanh":
        return emit("Mul", emit("Tanh", emit("Mul", x, beta)), alpha)
    return emit(operator, x)
