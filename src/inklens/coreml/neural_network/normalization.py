"""Normalisation: batchnorm, mvn, l2normalize, lrn, softmax, layerNormalization."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inklens.coreml.neural_network.builder import Blob, Builder, integers
from inklens.coreml.neural_network.layer import Layer, axis_of, lowering
from inklens.coreml.neural_network.weights import load_weights
from inklens.errors import ModelError


@lowering("batchnorm")
def batchnorm(layer: Layer) -> Blob:
    """With stored statistics; with those of each image (`instanceNormalization`), or of the whole batch."""
    build, params, x = layer.build, layer.params, layer.input
    source = build.collapse(x)
    channels = integers([params.channels])[0]
    if source.shape[1] not in (channels, None):
        raise ModelError(f"its input has shape {x.shape}; its weights expect {channels} channels")
    gamma, beta = (load_weights(weights, (channels,)) for weights in (params.gamma, params.beta))
    epsilon = params.epsilon or 1e-5
    if not params.computeMeanVar:
        mean, variance = (load_weights(weights, (channels,)) for weights in (params.mean, params.variance))
        result = build.emit(
            "batch_norm", source.shape, x=source, mean=mean, variance=variance, gamma=gamma, beta=beta, epsilon=epsilon
        )
    elif params.instanceNormalization:
        result = build.emit("instance_norm", source.shape, x=source, gamma=gamma, beta=beta, epsilon=epsilon)
    else:
        centred = _centred(build, source, [0, 2, 3])
        scaled = build.emit("real_div", source.shape, x=centred, y=_deviation(build, centred, [0, 2, 3], epsilon))
        scaled = build.emit("mul", source.shape, x=scaled, y=gamma.reshape(-1, 1, 1))
        result = build.emit("add", source.shape, x=scaled, y=beta.reshape(-1, 1, 1))
    return build.expand(result, x.shape[:-3])


def _reduced(x: Blob, axes: Sequence[int]) -> list[int | None]:
    return [1 if axis in axes else size for axis, size in enumerate(x.shape)]


def _centred(build: Builder, x: Blob, axes: list[int]) -> Blob:
    mean = build.emit("reduce_mean", _reduced(x, axes), x=x, axes=axes, keep_dims=True)
    return build.emit("sub", x.shape, x=x, y=mean)


def _deviation(build: Builder, centred: Blob, axes: list[int], epsilon: float) -> Blob:
    """sqrt(variance + epsilon) of what is centred already."""
    squares = build.emit("square", centred.shape, x=centred)
    variance = build.emit("reduce_mean", _reduced(centred, axes), x=squares, axes=axes, keep_dims=True)
    shifted = build.emit("add", variance.shape, x=variance, y=epsilon)
    return build.emit("sqrt", variance.shape, x=shifted)


@lowering("mvn")
def mvn(layer: Layer) -> Blob:
    build, params, x = layer.build, layer.params, layer.input
    source = build.collapse(x)
    axes = [1, 2, 3] if params.acrossChannels else [2, 3]
    result = _centred(build, source, axes)
    if params.normalizeVariance:
        deviation = _deviation(build, result, axes, params.epsilon or 1e-6)
        result = build.emit("real_div", source.shape, x=result, y=deviation)
    return build.expand(result, x.shape[:-3])


@lowering("l2normalize")
def l2_normalize(layer: Layer) -> Blob:
    """Each [C, H, W] divided by sqrt(sum of squares + epsilon)."""
    build, x = layer.build, layer.input
    source = build.collapse(x)
    result = build.emit("l2_norm", source.shape, x=source, epsilon=layer.params.epsilon or 1e-6)
    return build.expand(result, x.shape[:-3])


@lowering("lrn")
def lrn(layer: Layer) -> Blob:
    """x / (k + alpha / localSize * sum of squares over localSize channels) ** beta."""
    build, params, x = layer.build, layer.params, layer.input
    source = build.collapse(x)
    size = integers([params.localSize])[0]
    if size < 1:
        raise ModelError(f"its local size is {size}; expected at least 1")
    result = build.emit(
        "local_response_norm",
        source.shape,
        x=source,
        size=size,
        alpha=params.alpha,
        beta=params.beta,
        k=params.k or 1.0,
    )
    return build.expand(result, x.shape[:-3])


@lowering("softmax")
def softmax(layer: Layer) -> Blob:
    """Over the channels, axis -3."""
    build, x = layer.build, layer.input
    source = build.collapse(x)
    return build.expand(build.emit("softmax", source.shape, x=source, axis=1), x.shape[:-3])


@lowering("softmaxND")
def softmax_nd(layer: Layer) -> Blob:
    x = layer.input
    return layer.build.emit("softmax", x.shape, x=x, axis=axis_of(layer.params.axis, x.rank))


@lowering("layerNormalization")
def layer_normalization(layer: Layer) -> Blob:
    """Over the last axes, whose sizes are `normalizedShape`."""
    params, x = layer.params, layer.input
    shape = integers(params.normalizedShape)
    if not shape or list(x.shape[-len(shape) :]) != shape:
        raise ModelError(f"its input has shape {x.shape}, which does not end in the normalised shape {shape}")
    gamma = load_weights(params.gamma, shape) if params.has("gamma") else np.ones(shape, np.float32)
    beta = load_weights(params.beta, shape) if params.has("beta") else np.zeros(shape, np.float32)
    axes = list(range(x.rank - len(shape), x.rank))
    return layer.build.emit("layer_norm", x.shape, x=x, axes=axes, gamma=gamma, beta=beta, epsilon=params.eps or 1e-5)
