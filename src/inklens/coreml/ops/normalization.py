"""Normalisation over a batch's statistics, an instance, a layer, neighbouring channels, or a vector's length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inklens.coreml.ops.activation import emit_per_channel, per_channel
from inklens.coreml.ops.registry import Array, Emitter, Value, axes_of, op


@op("batch_norm")
def batch_norm(
    x: Array,
    mean: Array,
    variance: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    *,
    epsilon: float = 1e-5,
) -> Array:
    scale = 1 / np.sqrt(variance + np.float32(epsilon)) * (1 if gamma is None else gamma)
    shift = (0 if beta is None else beta) - mean * scale
    return x * per_channel(scale, x.ndim) + per_channel(shift, x.ndim)


@batch_norm.onnx
def _(
    emit: Emitter,
    x: Value,
    mean: Value,
    variance: Value,
    gamma: Value | None,
    beta: Value | None,
    *,
    epsilon: float,
) -> Value:
    ones, zeros = _ones_and_zeros(mean)
    gamma, beta = gamma or emit.constant(ones), beta or emit.constant(zeros)
    return emit("BatchNormalization", x, gamma, beta, mean, variance, epsilon=float(epsilon))


def _ones_and_zeros(like: Value) -> tuple[Array, Array]:
    size = like.shape[0] if like.shape else 1
    return np.ones(size or 1, np.float32), np.zeros(size or 1, np.float32)


@op("instance_norm")
def instance_norm(x: Array, gamma: Array | None = None, beta: Array | None = None, *, epsilon: float = 1e-5) -> Array:
    normal = _standardize(x, tuple(range(2, x.ndim)), epsilon)
    normal = normal if gamma is None else normal * per_channel(gamma, x.ndim)
    return normal if beta is None else normal + per_channel(beta, x.ndim)


@instance_norm.onnx
def _(emit: Emitter, x: Value, gamma: Value | None, beta: Value | None, *, epsilon: float) -> Value:
    normal = _emit_standardize(emit, x, tuple(range(2, x.rank)), epsilon)
    normal = normal if gamma is None else emit("Mul", normal, emit_per_channel(emit, gamma, x.rank))
    return normal if beta is None else emit("Add", normal, emit_per_channel(emit, beta, x.rank))


@op("layer_norm")
def layer_norm(
    x: Array,
    gamma: Array | None = None,
    beta: Array | None = None,
    *,
    axes: Sequence[int] | None = None,
    epsilon: float = 1e-5,
) -> Array:
    axes = axes_of(axes, x.ndim)
    normal = _standardize(x, axes, epsilon)
    shape = [size if axis in axes else 1 for axis, size in enumerate(x.shape)]
    normal = normal if gamma is None else normal * gamma.reshape(shape)
    return normal if beta is None else normal + beta.reshape(shape)


@layer_norm.onnx
def _(
    emit: Emitter,
    x: Value,
    gamma: Value | None,
    beta: Value | None,
    *,
    axes: Sequence[int] | None,
    epsilon: float,
) -> Value:
    axes = axes_of(axes, x.rank)
    if gamma is not None and axes == tuple(range(axes[0], x.rank)):
        return emit("LayerNormalization", x, gamma, beta, axis=axes[0], epsilon=float(epsilon))
    normal = _emit_standardize(emit, x, axes, epsilon)
    for operator, values in (("Mul", gamma), ("Add", beta)):
        if values is not None:
            sizes = iter(values.shape or ())
            shape = [next(sizes) if axis in axes else 1 for axis in range(x.rank)]
            normal = emit(operator, normal, emit.reshape(values, shape))
    return normal


def _standardize(x: Array, axes: tuple[int, ...], epsilon: float) -> Array:
    centred = x - x.mean(axis=axes, keepdims=True)
    return centred / np.sqrt(np.square(centred).mean(axis=axes, keepdims=True) + np.float32(epsilon))


def _emit_standardize(emit: Emitter, x: Value, axes: tuple[int, ...], epsilon: float) -> Value:
    centred = emit("Sub", x, emit("ReduceMean", x, list(axes)))
    variance = emit("ReduceMean", emit("Mul", centred, centred), list(axes))
    return emit("Div", centred, emit("Sqrt", emit("Add", variance, epsilon)))


@op("l2_norm")
def l2_norm(x: Array, *, epsilon: float = 1e-6) -> Array:
    return x / np.sqrt(np.square(x).sum(axis=(-3, -2, -1), keepdims=True) + np.float32(epsilon))


@l2_norm.onnx
def _(emit: Emitter, x: Value, *, epsilon: float) -> Value:
    total = emit("ReduceSumSquare", x, [-3, -2, -1])
    return emit("Div", x, emit("Sqrt", emit("Add", total, epsilon)))


@op("local_response_norm")
def local_response_norm(x: Array, *, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Array:
    before, after = (size - 1) // 2, size // 2
    squares = np.pad(np.square(x), [(0, 0), (before, after), *[(0, 0)] * (x.ndim - 2)])
    total = sum(squares[:, offset : offset + x.shape[1]] for offset in range(size))
    return x / (np.float32(k) + np.float32(alpha / size) * total) ** np.float32(beta)


@local_response_norm.onnx
def _(emit: Emitter, x: Value, *, size: int, alpha: float, beta: float, k: float) -> Value:
    if x.rank == 4 and size % 2:
        return emit("LRN", x, size=size, alpha=float(alpha), beta=float(beta), bias=float(k))
    # ONNX Runtime's LRN takes rank 4 and odd sizes only: average the squares over channels as over rows of an image.
    image = emit("Unsqueeze", emit("Reshape", emit("Mul", x, x), [0, 0, -1]), [1])
    pads = [(size - 1) // 2, 0, size // 2, 0]
    mean = emit("AveragePool", image, kernel_shape=[size, 1], pads=pads, count_include_pad=1)
    mean = emit("Reshape", mean, emit.shape(x))
    return emit("Div", x, emit("Pow", emit("Add", emit("Mul", mean, alpha), k), beta))
