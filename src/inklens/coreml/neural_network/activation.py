"""Activation layers, and the activations inside recurrent layers."""

from __future__ import annotations

import numpy as np

from inklens.coreml.neural_network.builder import Blob, Builder
from inklens.coreml.neural_network.layer import Layer, lowering
from inklens.coreml.neural_network.weights import load_weights, stored_count
from inklens.coreml.protobuf import Message
from inklens.errors import ModelError

_PLAIN = {"ReLU": "relu", "tanh": "tanh", "sigmoid": "sigmoid", "softsign": "softsign", "softplus": "softplus"}
_ALPHA = {"leakyReLU": "leaky_relu", "thresholdedReLU": "thresholded_relu", "ELU": "elu"}
_ALPHA_BETA = {"linear": "linear_activation", "scaledTanh": "scaled_tanh", "sigmoidHard": "sigmoid_hard"}
_GELU_MODES = ("EXACT", "TANH_APPROXIMATION", "SIGMOID_APPROXIMATION")


@lowering("activation")
def activation(layer: Layer) -> Blob:
    return activate(layer.build, layer.input, layer.params)


def activate(build: Builder, x: Blob, params: Message) -> Blob:
    """The activation that an `ActivationParams` message describes, of `x`."""
    kind = params.which("NonlinearityType")
    if kind is None:
        raise ModelError("the activation says not which function it is, or one that is not known")
    details = getattr(params, kind)
    if kind in _PLAIN:
        return build.pointwise(_PLAIN[kind], x)
    if kind in _ALPHA:
        return build.pointwise(_ALPHA[kind], x, alpha=details.alpha)
    if kind in _ALPHA_BETA:
        return build.pointwise(_ALPHA_BETA[kind], x, alpha=details.alpha, beta=details.beta)
    if kind == "PReLU":
        if stored_count(details.alpha) == 1:
            return build.pointwise("leaky_relu", x, alpha=float(load_weights(details.alpha, (1,))[0]))
        return _by_channel(build, "prelu", x, alpha=details.alpha)
    return _by_channel(build, "softplus_parametric", x, alpha=details.alpha, beta=details.beta)


def _by_channel(build: Builder, op: str, x: Blob, **weights: Message) -> Blob:
    """An operation with one parameter for each channel (axis -3), stored once for each or once for all."""
    source = build.collapse(x)
    channels = source.shape[1]
    if channels is None:
        raise ModelError("the number of channels is not known before the model runs")
    vectors = {
        name: np.broadcast_to(load_weights(params, (min(channels, stored_count(params)),)), (channels,)).copy()
        for name, params in weights.items()
    }
    return build.expand(build.emit(op, source.shape, x=source, **vectors), x.shape[:-3])


@lowering("gelu")
def gelu(layer: Layer) -> Blob:
    mode = layer.params.mode
    if not 0 <= mode < len(_GELU_MODES):
        raise ModelError(f"GELU has no mode {mode}; there are {', '.join(_GELU_MODES)}")
    return layer.build.pointwise("gelu", layer.input, mode=_GELU_MODES[mode])


@lowering("clampedReLU")
def clamped_relu(layer: Layer) -> Blob:
    return layer.build.pointwise("clamped_relu", layer.input, alpha=layer.params.alpha, beta=layer.params.beta)
