"""Activation functions, element by element; softmax along an axis."""

from __future__ import annotations

import math

import numpy as np

from inklens.coreml.ops.elementwise import clip
from inklens.coreml.ops.registry import OPS, Array, Emitter, Value, op
from inklens.errors import ModelError

SQRT_2 = math.sqrt(2)


def stable_sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)) without overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


@op("relu")
def relu(x: Array) -> Array:
    return np.maximum(x, 0)


@relu.onnx
def _(emit: Emitter, x: Value) -> Value:
    return emit("Relu", x)


@op("relu6")
def relu6(x: Array) -> Array:
    return clip(x, alpha=0, beta=6)


@relu6.onnx
def _(emit: Emitter, x: Value) -> Value:
    return emit("Clip", x, 0, 6)


@op("leaky_relu")
def leaky_relu(x: Array, *, alpha: float) -> Array:
    return np.where(x >= 0, x, np.float32(alpha) * x)


@leaky_relu.onnx
def _(emit: Emitter, x: Value, *, alpha: float) -> Value:
    return emit("LeakyRelu", x, alpha=float(alpha))


@op("clamped_relu")
def clamped_relu(x: Array, *, alpha: float, beta: float) -> Array:
    return np.minimum(np.where(x >= 0, x, np.float32(alpha) * x), np.float32(beta))


@clamped_relu.onnx
def _(emit: Emitter, x: Value, *, alpha: float, beta: float) -> Value:
    return emit("Min", emit("LeakyRelu", x, alpha=float(alpha)), beta)


@op("thresholded_relu")
def thresholded_relu(x: Array, *, alpha: float) -> Array:
    return np.where(x >= np.float32(alpha), x, 0)


@thresholded_relu.onnx
def _(emit: Emitter, x: Value, *, alpha: float) -> Value:
    # ONNX's ThresholdedRelu drops x == alpha, Core ML keeps it.
    return emit("Where", emit("GreaterOrEqual", x, alpha), x, np.float32(0), dtype=x.dtype)


def per_channel(values: Array, rank: int) -> Array:
    """A vector with one number for each channel, shaped to broadcast along axis 1."""
    return values.reshape(1, -1, *[1] * (rank - 2)) if values.ndim == 1 else values


def emit_per_channel(emit: Emitter, values: Value, rank: int) -> Value:
    """The same in ONNX."""
    if values.constant is not None:
        return emit.constant(per_channel(values.constant, rank), values.name)
    return emit.reshape(values, (1, -1, *[1] * (rank - 2)))


@op("prelu")
def prelu(x: Array, alpha: Array) -> Array:
    return np.where(x >= 0, x, per_channel(alpha, x.ndim) * x)


@prelu.onnx
def _(emit: Emitter, x: Value, alpha: Value) -> Value:
    return emit("PRelu", x, emit_per_channel(emit, alpha, x.rank))


@op("elu")
def elu(x: Array, *, alpha: float) -> Array:
    return np.where(x > 0, x, np.float32(alpha) * np.expm1(np.minimum(x, 0)))


@elu.onnx
def _(emit: Emitter, x: Value, *, alpha: float) -> Value:
    return emit("Elu", x, alpha=float(alpha))


@op("gelu")
def gelu(x: Array, *, mode: str = "EXACT") -> Array:
    if mode == "TANH_APPROXIMATION":
        return 0.5 * x * (1 + np.tanh(np.float32(math.sqrt(2 / math.pi)) * (x + 0.044715 * x**3)))
    if mode == "SIGMOID_APPROXIMATION":
        return x * stable_sigmoid(1.702 * x)
    _require(mode, "EXACT")
    return 0.5 * x * (1 + OPS["erf"](x / np.float32(SQRT_2)))


@gelu.onnx
def _(emit: Emitter, x: Value, *, mode: str) -> Value:
    if mode == "TANH_APPROXIMATION":
        cube = emit("Mul", emit("Mul", x, x), x)
        inner = emit("Mul", emit("Add", x, emit("Mul", cube, 0.044715)), math.sqrt(2 / math.pi))
        return emit("Mul", emit("Mul", x, 0.5), emit("Add", emit("Tanh", inner), 1))
    if mode == "SIGMOID_APPROXIMATION":
        return emit("Mul", x, emit("Sigmoid", emit("Mul", x, 1.702)))
    _require(mode, "EXACT")
    # The pattern that ONNX Runtime fuses into one kernel.
    return emit("Mul", emit("Mul", x, emit("Add", emit("Erf", emit("Div", x, SQRT_2)), 1)), 0.5)


def _require(mode: str, *modes: str) -> None:
    if mode not in modes:
        known = ", ".join((*modes, "TANH_APPROXIMATION", "SIGMOID_APPROXIMATION"))
        raise ModelError(f"its mode is {mode!r}; expected {known}")


@op("silu")
def silu(x: Array) -> Array:
    return x * stable_sigmoid(x)


@silu.onnx
def _(emit: Emitter, x: Value) -> Value:
    return emit("Mul", x, emit("Sigmoid", x))


@op("sigmoid")
def sigmoid(x: Array) -> Array:
    return stable_sigmoid(x)


@sigmoid.onnx
def _(emit: Emitter, x: Value) -> Value:
    return emit("Sigmoid", x)


@op("sigmoid_hard")
def sigmoid_hard(x: Array, *, alpha: float, beta: float) -> Array:
    return np.clip(np.float32(alpha) * x + np.float32(beta), 0, 1)


@sigmoid_hard.onnx
def _(emit: Emitter, x: Value, *, alpha: float, beta: float) -> Value:
    return emit("HardSigmoid", x, alpha=float(alpha), beta=float(beta))


@op("tanh")
def tanh(x: Array) -> Array:
    return np.tanh(x)


@tanh.onnx
def _(emit: Emitter, x: Value) -> Value:
    return emit("Tanh", x)


@op("scaled_tanh")
def scaled_tanh(x: Array, *, alpha: float, beta: float) -> Array:
    return np.float32(alpha) * np.tanh(np.float32(beta) * x)


@scaled_tanh.onnx
def _(emit: Emitter, x: Value, *, alpha: float, beta: float) -> Value:
    return emit("Mul", emit("Tanh", emit("Mul", x, beta)), alpha)


@op("linear_activation")
def linear_activation(x: Array, *, alpha: float, beta: float) -> Array:
    return np.float32(alpha) * x + np.float32(beta)


@linear_activation.onnx
def _(emit: Emitter, x: Value, *, alpha: float, beta: float) -> Value:
    return emit("Add", emit("Mul", x, alpha), beta)


@op("softplus")
def softplus(x: Array) -> Array:
    return np.logaddexp(x, np.float32(0))


@softplus.onnx
def _(emit: Emitter, x: Value) -> Value:
    return emit("Softplus", x)


@op("softplus_parametric")
def softplus_parametric(x: Array, alpha: Array, beta: Array) -> Array:
    return per_channel(alpha, x.ndim) * np.logaddexp(x * per_channel(beta, x.ndim), np.float32(0))


@softplus_parametric.onnx
def _(emit: Emitter, x: Value, alpha: Value, beta: Value) -> Value:
    inner = emit("Mul", x, emit_per_channel(emit, beta, x.rank))
    return emit("Mul", emit("Softplus", inner), emit_per_channel(emit, alpha, x.rank))


@op("softsign")
def softsign(x: Array) -> Array:
    return x / (1 + np.abs(x))


@softsign.onnx
def _(emit: Emitter, x: Value) -> Value:
    return emit("Softsign", x)


@op("softmax")
def softmax(x: Array, *, axis: int = -1) -> Array:
    shifted = x - x.max(axis=axis, keepdims=True)  # exp overflows float32 above 88
    weights = np.exp(shifted)
    return weights / weights.sum(axis=axis, keepdims=True)


@softmax.onnx
def _(emit: Emitter, x: Value, *, axis: int) -> Value:
    return emit("Softmax", x, axis=axis)
