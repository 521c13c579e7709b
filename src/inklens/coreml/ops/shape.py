"""Operations that move elements without changing them: shapes, axes, order of axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from inklens.coreml.ops.registry import Array, Emitter, Value, axes_of, op


@op("shape")
def shape(x: Array) -> Array:
    return np.array(x.shape, np.int32)


@shape.onnx
def _(emit: Emitter, x: Value) -> Value:
    return emit.shape(x)


@op("reshape")
def reshape(x: Array, shape: Array) -> Array:
    sizes = [int(size) for size in np.atleast_1d(shape)]
    if len(sizes) == x.ndim:  # a zero keeps the size of its axis
        sizes = [x.shape[axis] if size == 0 else size for axis, size in enumerate(sizes)]
    return x.reshape(sizes)


@reshape.onnx
def _(emit: Emitter, x: Value, shape: Value) -> Value:
    if shape.constant is None:
        return emit("Reshape", x, emit.longs(shape))
    sizes = [int(size) for size in np.atleast_1d(shape.constant)]
    if len(sizes) == x.rank and 0 in sizes and x.shape is not None:
        kept = [x.shape[axis] if size == 0 else size for axis, size in enumerate(sizes)]
        if None in kept:
            return emit("Reshape", x, sizes)  # ONNX copies the unknown size where it reads 0
        sizes = [size for size in kept if size is not None]
    return emit.reshape(x, sizes)


@op("transpose")
def transpose(x: Array, *, perm: Sequence[int]) -> Array:
    return x.transpose(perm)


@transpose.onnx
def _(emit: Emitter, x: Value, *, perm: Sequence[int]) -> Value:
    return emit.transpose(x, axes_of(perm, x.rank))


@op("expand_dims")
def expand_dims(x: Array, *, axes: Sequence[int]) -> Array:
    return np.expand_dims(x, tuple(axes))


@expand_dims.onnx
def _(emit: Emitter, x: Value, *, axes: Sequence[int]) -> Value:
    return emit("Unsqueeze", x, list(axes))


@op("squeeze")
def squeeze(x: Array, *, axes: Sequence[int] | None = None) -> Array:
    return np.squeeze(x, tuple(axis for axis in axes_of(axes, x.ndim) if x.shape[axis] == 1))


@squeeze.onnx
def _(emit: Emitter, x: Value, *, axes: Sequence[int] | None) -> Value:
    sizes = x.shape or ()
    # An axis named by the file goes unless it is known to be longer than 1; without names only those known to be 1.
    chosen = [axis for axis in axes_of(axes, x.rank) if sizes[axis] == 1 or (axes is not None and sizes[axis] is None)]
    return emit("Squeeze", x, chosen) if chosen else x


@op("flatten2d")
def flatten2d(x: Array, *, axis: int = 1) -> Array:
    axis = axis + x.ndim if axis < 0 else axis
    return x.reshape(math.prod(x.shape[:axis]), -1)


@flatten2d.onnx
def _(emit: Emitter, x: Value, *, axis: int) -> Value:
    return emit("Flatten", x, axis=axis)
