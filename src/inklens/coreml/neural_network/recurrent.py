"""Recurrent layers: simpleRecurrent, gru, uniDirectionalLSTM, biDirectionalLSTM.

Sequences are [Seq, B, C, 1, 1], states [1, B, C, 1, 1]. Gates are clipped to ±50 and LSTM cells to a threshold. MIL's
operations know the second only, so they are used for functions that have saturated at 50; everything else is unrolled
step by step.

A layer with `reverseInput` gives its outputs in the order in which it made them, last input first, as Keras'
`go_backwards` does; the backward half of a bidirectional layer gives them in the order of the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from inklens.coreml.neural_network.activation import activate
from inklens.coreml.neural_network.builder import Blob, Builder, constant, integers, size_of
from inklens.coreml.neural_network.layer import Layer, lowering
from inklens.coreml.neural_network.weights import MAX_ELEMENTS, load_weights
from inklens.coreml.protobuf import Message
from inklens.errors import ModelError

MAX_STEPS = 1024  # sequences above this are not unrolled: some 15 operations a step
_GATE_CLIP = 50.0
_CELL_CLIP = 50.0  # the specification's default


_FIXED = {"linear": (1.0, 0.0), "scaledTanh": (1.0, 1.0), "sigmoidHard": (0.2, 0.5)}  # alpha, beta
_OPS = {"scaledTanh": "scaled_tanh", "sigmoidHard": "sigmoid_hard", "linear": "linear_activation"}


def _constants(params: Message, kind: str) -> tuple[float, float]:
    """alpha and beta of an activation; files leave out those that recurrent layers always have."""
    details = getattr(params, kind)
    given = float(details.alpha), float(details.beta)
    return given if any(given) else _FIXED[kind]


def _saturating(params: Message) -> str | None:
    """MIL's name of an activation that is constant beyond ±50; None for any other."""
    kind = params.which("NonlinearityType")
    if kind in ("sigmoid", "tanh"):
        return kind
    if kind in ("scaledTanh", "sigmoidHard") and np.allclose(_constants(params, kind), _FIXED[kind], 1e-3):
        return "scaled_tanh" if kind == "scaledTanh" else "hard_sigmoid"
    return None


def _activated(build: Builder, x: Blob, params: Message) -> Blob:
    kind = params.which("NonlinearityType") or ""
    if kind not in _FIXED:
        return activate(build, x, params)
    alpha, beta = _constants(params, kind)
    return build.emit(_OPS[kind], x.shape, x=x, alpha=alpha, beta=beta)


@dataclass(frozen=True)
class _Sequence:
    """The input of a recurrent layer as [Seq, B, C], and what is needed to give its outputs back."""

    layer: Layer
    x: Blob
    hidden: int
    whole: bool  # whether every step is given out, or the last one

    @property
    def steps(self) -> int | None:
        return self.x.shape[0]

    @property
    def batch(self) -> int:
        if self.x.shape[1] is None:
            raise ModelError("its batch is not known before the model runs")
        return self.x.shape[1]

    def state(self, place: int) -> Blob:
        """Input `place` as [B, hidden], zeros if it is not there."""
        build, inputs = self.layer.build, self.layer.inputs
        if place >= len(inputs):
            return constant(np.zeros((self.batch, self.hidden), np.float32))
        if size_of(inputs[place].shape) != self.batch * self.hidden:
            raise ModelError(
                f"its state has shape {inputs[place].shape}; expected {(1, self.batch, self.hidden, 1, 1)}"
            )
        return build.reshape(inputs[place], (self.batch, self.hidden))

    def outputs(self, y: Blob, *states: Blob) -> Sequence[Blob]:
        """As many outputs as the layer names: the sequence, then the states."""
        build = self.layer.build
        results = [build.expand_dims(y, [3, 4]), *(build.expand_dims(state, [0, 3, 4]) for state in states)]
        if self.layer.outputs > len(results):
            raise ModelError(f"it has {self.layer.outputs} outputs; expected at most {len(results)}")
        return results[: self.layer.outputs]


def _sequence(layer: Layer, *, most_inputs: int, whole: bool, reverse: bool) -> _Sequence:
    x = layer.take(1, most_inputs)[0]
    size, hidden = integers([layer.params.inputVectorSize, layer.params.outputVectorSize])
    if x.rank != 5 or size_of(x.shape[2:]) != size or hidden < 1:
        raise ModelError(f"its input has shape {x.shape}; expected [Seq, B, {size}, 1, 1]")
    if hidden * hidden > MAX_ELEMENTS:  # of its recursion matrix
        raise ModelError(f"it has {hidden:,} hidden units; its weights would not fit into memory")
    build = layer.build
    flat = build.squeeze(x, [3, 4]) if x.shape[3:] == (1, 1) else build.reshape(x, (*x.shape[:2], size))
    if reverse and flat.shape[0] != 1:
        flat = build.emit("reverse", flat.shape, x=flat, axes=[0])
    return _Sequence(layer, flat, hidden, whole)


def _stack(parts: Sequence[Message], shape: tuple[int, ...]) -> np.ndarray:
    return np.concatenate([load_weights(part, shape) for part in parts])


def _biases(layer_has: bool, parts: Sequence[Message], hidden: int) -> np.ndarray:
    return _stack(parts, (hidden,)) if layer_has else np.zeros(len(parts) * hidden, np.float32)


# Unrolling. A cell takes the input's part of its gates and its states, and returns its output and new states.

Cell = Callable[[Blob, tuple[Blob, ...]], tuple[Blob, tuple[Blob, ...]]]


def _unrolled(
    build: Builder,
    x: Blob,
    weight: np.ndarray,
    bias: np.ndarray,
    cell: Cell,
    states: tuple[Blob, ...],
) -> tuple[list[Blob], tuple[Blob, ...]]:
    """The output of each step, [B, hidden], and the final states. x: [Seq, B, C]."""
    steps, batch = x.shape[0], x.shape[1]
    if steps is None or not 1 <= steps <= MAX_STEPS:
        raise ModelError(
            f"its sequence has {steps or 'an unknown number of'} steps; this kind is computed for at most {MAX_STEPS}"
        )
    gates = build.emit("linear", (steps, batch, len(weight)), x=x, weight=weight, bias=bias)
    parts: Sequence[Blob] = [gates]
    if steps > 1:
        one = ((1, batch, len(weight)), "fp32")
        parts = build.emit_many("split", [one] * steps, x=gates, split_sizes=[1] * steps, axis=0)
    outputs = []
    for part in parts:
        output, states = cell(build.squeeze(part, [0]), states)
        outputs.append(output)
    return outputs, states


def _together(build: Builder, outputs: Sequence[Blob], *, whole: bool) -> Blob:
    """[Seq, B, hidden] of all steps, or [1, B, hidden] of the last."""
    if not whole or len(outputs) == 1:
        return build.expand_dims(outputs[-1], [0])
    return build.emit("stack", (len(outputs), *outputs[0].shape), values=list(outputs), axis=0)


def _binary(build: Builder, op: str, x: Blob, y: Blob | np.ndarray | float) -> Blob:
    return build.emit(op, x.shape, x=x, y=y)


def _clipped(build: Builder, x: Blob, limit: float) -> Blob:
    return build.emit("clip", x.shape, x=x, alpha=-limit, beta=limit)


def _gate(build: Builder, x: Blob, params: Message) -> Blob:
    return _activated(build, _clipped(build, x, _GATE_CLIP), params)


def _recurrence(build: Builder, state: Blob, weight: np.ndarray) -> Blob:
    return build.emit("linear", (state.shape[0], len(weight)), x=state, weight=weight)


def _gates(build: Builder, gates: Blob, count: int) -> Sequence[Blob]:
    batch, width = gates.shape
    size = (width or 0) // count
    return build.emit_many("split", [((batch, size), "fp32")] * count, x=gates, split_sizes=[size] * count, axis=1)


@lowering("simpleRecurrent")
def simple_recurrent(layer: Layer) -> Sequence[Blob]:
    """y = f(W x + R y + b). Inputs: the sequence, y; outputs: the sequence, the last y."""
    build, params = layer.build, layer.params
    whole = bool(params.sequenceOutput)
    sequence = _sequence(layer, most_inputs=2, whole=whole, reverse=bool(params.reverseInput))
    hidden = sequence.hidden
    weight = load_weights(params.weightMatrix, (hidden, integers([params.inputVectorSize])[0]))
    recursion = load_weights(params.recursionMatrix, (hidden, hidden))
    bias = _biases(params.hasBiasVector, [params.biasVector], hidden)
    state = sequence.state(1)
    function = _saturating(params.activation)
    if function in ("sigmoid", "tanh"):
        steps = sequence.steps if whole else 1
        y, last = build.emit_many(
            "rnn",
            [((steps, sequence.batch, hidden), "fp32"), ((sequence.batch, hidden), "fp32")],
            x=sequence.x,
            initial_h=state,
            weight_ih=weight,
            weight_hh=recursion,
            bias=bias,
            output_sequence=whole,
            activation=function,
        )
        return sequence.outputs(y, last)

    def cell(x: Blob, states: tuple[Blob, ...]) -> tuple[Blob, tuple[Blob, ...]]:
        y = _gate(build, _binary(build, "add", x, _recurrence(build, states[0], recursion)), params.activation)
        return y, (y,)

    outputs, states = _unrolled(build, sequence.x, weight, bias, cell, (state,))
    return sequence.outputs(_together(build, outputs, whole=whole), *states)


@lowering("gru")
def gru(layer: Layer) -> Sequence[Blob]:
    """The reset gate acts on the state before its matrix does. Inputs and outputs as of simpleRecurrent."""
    build, params = layer.build, layer.params
    whole = bool(params.sequenceOutput)
    sequence = _sequence(layer, most_inputs=2, whole=whole, reverse=bool(params.reverseInput))
    hidden, size = sequence.hidden, integers([params.inputVectorSize])[0]
    if len(params.activations) != 2:
        raise ModelError(f"it has {len(params.activations)} activations; expected 2")
    names = ("update", "reset", "output")
    inputs = [getattr(params, f"{name}GateWeightMatrix") for name in names]
    recursions = [load_weights(getattr(params, f"{name}GateRecursionMatrix"), (hidden, hidden)) for name in names]
    weight = _stack(inputs, (hidden, size))
    bias = _biases(params.hasBiasVectors, [getattr(params, f"{name}GateBiasVector") for name in names], hidden)
    state = sequence.state(1)
    inner, outer = params.activations
    functions = [_saturating(inner), _saturating(outer)]
    if functions == ["sigmoid", "tanh"]:

        def ordered(array: np.ndarray) -> np.ndarray:
            """Reset, output, update: MIL's order."""
            update, reset, output = np.split(array, 3)
            return np.concatenate([reset, output, update])

        steps = sequence.steps if whole else 1
        y, last = build.emit_many(
            "gru",
            [((steps, sequence.batch, hidden), "fp32"), ((sequence.batch, hidden), "fp32")],
            x=sequence.x,
            initial_h=state,
            weight_ih=ordered(weight),
            weight_hh=ordered(np.concatenate(recursions)),
            bias=ordered(bias),
            output_sequence=whole,
        )
        return sequence.outputs(y, last)
    update_reset = np.concatenate(recursions[:2])

    def cell(x: Blob, states: tuple[Blob, ...]) -> tuple[Blob, tuple[Blob, ...]]:
        previous = states[0]
        x_update, x_reset, x_output = _gates(build, x, 3)
        h_update, h_reset = _gates(build, _recurrence(build, previous, update_reset), 2)
        update = _gate(build, _binary(build, "add", x_update, h_update), inner)
        reset = _gate(build, _binary(build, "add", x_reset, h_reset), inner)
        memory = _recurrence(build, _binary(build, "mul", previous, reset), recursions[2])
        output = _gate(build, _binary(build, "add", x_output, memory), outer)
        # (1 - z) * o + z * y is o + z * (y - o).
        moved = _binary(build, "mul", update, _binary(build, "sub", previous, output))
        y = _binary(build, "add", output, moved)
        return y, (y,)

    outputs, states = _unrolled(build, sequence.x, weight, bias, cell, (state,))
    return sequence.outputs(_together(build, outputs, whole=whole), *states)


_LSTM_GATES = ("input", "forget", "output", "block")  # MIL's order; the file calls the last one "block input"


@dataclass(frozen=True)
class _Lstm:
    """One direction of an LSTM: gates in MIL's order."""

    weight: np.ndarray  # [4 * hidden, C]
    recursion: np.ndarray  # [4 * hidden, hidden]
    bias: np.ndarray  # [4 * hidden]
    peepholes: np.ndarray | None  # [3 * hidden]: input, forget, output
    functions: Sequence[Message]  # of the gates, of the block input, of the cell
    coupled: bool
    limit: float

    @staticmethod
    def read(weights: Message, functions: Sequence[Message], params: Message, size: int, hidden: int) -> _Lstm:
        if len(functions) != 3:
            raise ModelError(f"it has {len(functions)} activations; expected 3")
        names = [f"{gate}Input" if gate == "block" else f"{gate}Gate" for gate in _LSTM_GATES]
        peepholes = None
        if params.hasPeepholeVectors:
            peepholes = _stack([getattr(weights, f"{name}PeepholeVector") for name in names[:3]], (hidden,))
        bias = _biases(params.hasBiasVectors, [getattr(weights, f"{name}BiasVector") for name in names], hidden)
        if params.forgetBias:
            bias = bias + np.repeat(np.array([0, 1, 0, 0], np.float32), hidden)
        return _Lstm(
            _stack([getattr(weights, f"{name}WeightMatrix") for name in names], (hidden, size)),
            _stack([getattr(weights, f"{name}RecursionMatrix") for name in names], (hidden, hidden)),
            bias,
            peepholes,
            functions,
            bool(params.coupledInputAndForgetGate),
            params.cellClipThreshold or _CELL_CLIP,
        )

    def mil_functions(self) -> list[str] | None:
        names = [_saturating(params) for params in self.functions]
        return None if self.coupled or None in names else [name or "" for name in names]

    def cell(self, build: Builder) -> Cell:
        gate, block, out = self.functions

        def look(cell: Blob, place: int) -> Blob:
            peephole = np.split(self.peepholes, 3)[place] if self.peepholes is not None else 0.0
            return _binary(build, "mul", cell, peephole)

        def seeing(x: Blob, cell: Blob, place: int) -> Blob:
            return x if self.peepholes is None else _binary(build, "add", x, look(cell, place))

        def step(x: Blob, states: tuple[Blob, ...]) -> tuple[Blob, tuple[Blob, ...]]:
            previous, cell = states
            gates = _binary(build, "add", x, _recurrence(build, previous, self.recursion))
            i, f, o, z = _gates(build, gates, 4)
            i = _gate(build, seeing(i, cell, 0), gate)
            z = _gate(build, z, block)
            f = build.emit("sub", i.shape, x=1.0, y=i) if self.coupled else _gate(build, seeing(f, cell, 1), gate)
            cell = _binary(build, "add", _binary(build, "mul", cell, f), _binary(build, "mul", i, z))
            cell = _clipped(build, cell, self.limit)
            o = _gate(build, seeing(o, cell, 2), gate)
            y = _binary(build, "mul", _activated(build, cell, out), o)
            return y, (y, cell)

        return step


@lowering("uniDirectionalLSTM")
def unidirectional_lstm(layer: Layer) -> Sequence[Blob]:
    """Inputs: the sequence, y, c; outputs: the sequence, the last y, the last c."""
    build, params = layer.build, layer.params
    whole = bool(params.params.sequenceOutput)
    sequence = _sequence(layer, most_inputs=3, whole=whole, reverse=bool(params.reverseInput))
    hidden, size = sequence.hidden, integers([params.inputVectorSize])[0]
    lstm = _Lstm.read(params.weightParams, params.activations, params.params, size, hidden)
    states = sequence.state(1), sequence.state(2)
    functions = lstm.mil_functions()
    if functions is not None:
        steps = sequence.steps if whole else 1
        state = ((sequence.batch, hidden), "fp32")
        results = build.emit_many(
            "lstm",
            [((steps, sequence.batch, hidden), "fp32"), state, state],
            x=sequence.x,
            initial_h=states[0],
            initial_c=states[1],
            weight_ih=lstm.weight,
            weight_hh=lstm.recursion,
            bias=lstm.bias,
            peephole=lstm.peepholes,
            output_sequence=whole,
            recurrent_activation=functions[0],
            cell_activation=functions[1],
            activation=functions[2],
            clip=lstm.limit,
        )
        return sequence.outputs(*results)
    outputs, last = _unrolled(build, sequence.x, lstm.weight, lstm.bias, lstm.cell(build), states)
    return sequence.outputs(_together(build, outputs, whole=whole), *last)


@lowering("biDirectionalLSTM")
def bidirectional_lstm(layer: Layer) -> Sequence[Blob]:
    """Inputs: the sequence, y, c, y and c of the backward half; outputs likewise, with both halves' y side by side."""
    build, params = layer.build, layer.params
    whole = bool(params.params.sequenceOutput)
    sequence = _sequence(layer, most_inputs=5, whole=whole, reverse=False)
    hidden, size, batch = sequence.hidden, integers([params.inputVectorSize])[0], sequence.batch
    if len(params.weightParams) != 2:
        raise ModelError(f"it has weights for {len(params.weightParams)} directions; expected 2")
    backward_functions = params.activationsBackwardLSTM or params.activationsForwardLSTM
    forward, backward = (
        _Lstm.read(weights, functions, params.params, size, hidden)
        for weights, functions in zip(
            params.weightParams, (params.activationsForwardLSTM, backward_functions), strict=True
        )
    )
    states = [sequence.state(place) for place in (1, 2, 3, 4)]
    functions = forward.mil_functions()
    if functions is not None and functions == backward.mil_functions():
        steps = sequence.steps if whole else 1
        both = ((batch, 2 * hidden), "fp32")
        y, last_y, last_c = build.emit_many(
            "lstm",
            [((steps, batch, 2 * hidden), "fp32"), both, both],
            x=sequence.x,
            initial_h=build.emit("concat", both[0], values=[states[0], states[2]], axis=1),
            initial_c=build.emit("concat", both[0], values=[states[1], states[3]], axis=1),
            weight_ih=forward.weight,
            weight_hh=forward.recursion,
            bias=forward.bias,
            peephole=forward.peepholes,
            weight_ih_back=backward.weight,
            weight_hh_back=backward.recursion,
            bias_back=backward.bias,
            peephole_back=backward.peepholes,
            direction="bidirectional",
            output_sequence=whole,
            recurrent_activation=functions[0],
            cell_activation=functions[1],
            activation=functions[2],
            clip=forward.limit,
        )
        (forward_y, backward_y), (forward_c, backward_c) = _gates(build, last_y, 2), _gates(build, last_c, 2)
        return sequence.outputs(y, forward_y, forward_c, backward_y, backward_c)
    mirrored = sequence.x
    if mirrored.shape[0] != 1:
        mirrored = build.emit("reverse", mirrored.shape, x=mirrored, axes=[0])
    ahead, last_ahead = _unrolled(
        build, sequence.x, forward.weight, forward.bias, forward.cell(build), (states[0], states[1])
    )
    behind, last_behind = _unrolled(
        build, mirrored, backward.weight, backward.bias, backward.cell(build), (states[2], states[3])
    )
    pairs = zip(ahead, behind[::-1], strict=True) if whole else [(ahead[-1], behind[-1])]
    joined = [build.emit("concat", (batch, 2 * hidden), values=list(pair), axis=1) for pair in pairs]
    return sequence.outputs(_together(build, joined, whole=whole), *last_ahead, *last_behind)
