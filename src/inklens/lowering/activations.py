"""Activations: as functions (`activation="relu"`), as layers, and as Keras operations on tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from inklens.lowering.graph import HANDLERS, Lowering, Unsupported, Value, array, floats, handler_name, handles

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017, arXiv 1706.02515


def _relu(
    net: Lowering, x: Value, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Value:
    shape, order = x.keras_shape, x.order
    if threshold == 0 and negative_slope == 0:
        if max_value is None:
            return net.emit("relu", shape, order, x=x)
        if max_value == 6:
            return net.emit("relu6", shape, order, x=x)
        return net.emit("clip", shape, order, x=x, alpha=floats(0), beta=floats(max_value))
    if threshold == 0 and max_value is None:
        return net.emit("leaky_relu", shape, order, x=x, alpha=floats(negative_slope))
    y = x
    if threshold != 0:
        above = net.emit("greater", shape, order, suffix="above", dtype="bool", x=x, y=floats(threshold))
        y = net.emit("select", shape, order, cond=above, a=x, b=floats(0))
    else:
        y = net.emit("relu", shape, order, x=x)
    if max_value is not None:
        y = net.emit("clip", shape, order, x=y, alpha=floats(0), beta=floats(max_value))
    if negative_slope != 0:
        below = net.emit("sub", shape, order, suffix="below", x=floats(threshold), y=x)
        below = net.emit("relu", shape, order, suffix="below", x=below)
        below = net.emit("mul", shape, order, suffix="below", x=below, y=floats(negative_slope))
        y = net.emit("sub", shape, order, x=y, y=below)
    return y


def _plain(op: str, **constants: Any) -> Callable[..., Value]:
    def emit(net: Lowering, x: Value) -> Value:
        return net.emit(op, x.keras_shape, x.order, x=x, **constants)

    return emit


def _softmax(net: Lowering, x: Value, axis: int = -1) -> Value:
    return net.emit("softmax", x.keras_shape, x.order, x=x, axis=np.asarray(x.axis(axis), np.int32))


def _elu(net: Lowering, x: Value, alpha: float = 1.0) -> Value:
    return net.emit("elu", x.keras_shape, x.order, x=x, alpha=floats(alpha))


def _selu(net: Lowering, x: Value) -> Value:
    y = _elu(net, x, SELU_ALPHA)
    return net.emit("mul", x.keras_shape, x.order, x=y, y=floats(SELU_SCALE))


def _gelu(net: Lowering, x: Value, approximate: bool = False) -> Value:
    return net.emit("gelu", x.keras_shape, x.order, x=x, mode="TANH_APPROXIMATION" if approximate else "EXACT")


def _hard_silu(net: Lowering, x: Value) -> Value:
    gate = _hard_sigmoid(net, x)
    return net.emit("mul", x.keras_shape, x.order, x=x, y=gate)


def _mish(net: Lowering, x: Value) -> Value:
    y = net.emit("softplus", x.keras_shape, x.order, x=x)
    y = net.emit("tanh", x.keras_shape, x.order, x=y)
    return net.emit("mul", x.keras_shape, x.order, x=x, y=y)


_hard_sigmoid = _plain("sigmoid_hard", alpha=floats(1 / 6), beta=floats(0.5))

ACTIVATIONS: dict[str, Callable[..., Value]] = {
    "linear": lambda net, x: x,  # noqa: ARG005
    "relu": _relu,
    "relu6": _plain("relu6"),
    "leaky_relu": lambda net, x, negative_slope=0.2: _relu(net, x, negative_slope),
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "silu": _plain("silu"),
    "sigmoid": _plain("sigmoid"),
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": _hard_silu,
    "tanh": _plain("tanh"),
    "softplus": _plain("softplus"),
    "softsign": _plain("softsign"),
    "exponential": _plain("exp"),
    "mish": _mish,
    "softmax": _softmax,
}


def activate(net: Lowering, activation: Any, x: Value) -> Value:
    """Applies what a layer has as `activation`: a function of `keras.activations`, or a layer such as LeakyReLU."""
    if activation is None:
        return x
    name = getattr(activation, "__name__", None)
    if name is not None and activation.__module__.startswith("keras.") and name in ACTIVATIONS:
        return ACTIVATIONS[name](net, x)
    if hasattr(activation, "call") and handler_name(activation) in HANDLERS:
        return HANDLERS[handler_name(activation)](net, activation, [x], {})
    raise Unsupported(f"activation {name or type(activation).__name__}")


@handles("Activation")
def activation_layer(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    return activate(net, layer.activation, inputs[0])


@handles("ReLU")
def relu_layer(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    return _relu(net, inputs[0], layer.negative_slope, layer.max_value, layer.threshold)


@handles("LeakyReLU")
def leaky_relu_layer(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    return _relu(net, inputs[0], layer.negative_slope)


@handles("ELU")
def elu_layer(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    return _elu(net, inputs[0], layer.alpha)


@handles("Softmax")
def softmax_layer(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    if not isinstance(layer.axis, int):
        raise Unsupported(f"axis={layer.axis}: only one axis")
    return _softmax(net, inputs[0], layer.axis)


@handles("PReLU")
def prelu(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    [x] = inputs
    alpha = array(layer.alpha)[None].transpose(x.order)  # [1, ...], 1 along shared axes
    if len(x.order) == 4 and alpha.shape[2:] == (1, 1) and x.shape[1] == alpha.shape[1]:
        return net.emit("prelu", x.keras_shape, x.order, x=x, alpha=alpha.ravel())
    negative = net.emit("minimum", x.keras_shape, x.order, suffix="below", x=x, y=floats(0))
    negative = net.emit("mul", x.keras_shape, x.order, suffix="below", x=negative, y=alpha)
    positive = net.emit("relu", x.keras_shape, x.order, suffix="above", x=x)
    return net.emit("add", x.keras_shape, x.order, x=positive, y=negative)


def _activation_op(name: str, *parameters: str) -> Callable[..., Value]:
    def operation(net: Lowering, op: Any, inputs: Sequence[Value], _: Mapping) -> Value:
        return ACTIVATIONS[name](net, inputs[0], *(getattr(op, parameter) for parameter in parameters))

    return operation


for _name, _function, *_parameters in (
    ("Relu", "relu"),
    ("Relu6", "relu6"),
    ("LeakyRelu", "leaky_relu", "negative_slope"),
    ("Elu", "elu", "alpha"),
    ("Selu", "selu"),
    ("Gelu", "gelu", "approximate"),
    ("Silu", "silu"),
    ("Sigmoid", "sigmoid"),
    ("HardSigmoid", "hard_sigmoid"),
    ("HardSilu", "hard_silu"),
    ("Tanh", "tanh"),
    ("Softplus", "softplus"),
    ("Softsign", "softsign"),
    ("Softmax", "softmax", "axis"),
):
    handles(f"ops.{_name}")(_activation_op(_function, *_parameters))
