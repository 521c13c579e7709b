"""Operations that move elements without changing them: shapes, axes, order of axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from inklens.coreml.ops.registry import Array, Emitter, Value, axes_of, op
from inklens.errors import ModelError


@op("shape")
def shape(x: Array) -> Array:
    return np.array(x.shape, np.int32)


@shape.onnx
def _(emit: Emitter, x: Value) -> Value:
    return emit.shape(x)


@op("reshape")
def reshape(x: Array, shape: Array) -> Array:
    return x.reshape(_kept(shape, x.shape))


def _kept(shape: Array, sizes: Sequence[int | None]) -> list[int | None]:
    """The target with its zeros replaced by the sizes that they keep, counted from the last axis, or by 1."""
    target = [int(size) for size in np.atleast_1d(shape)]
    kept = [1] * max(0, len(target) - len(sizes)) + list(sizes[max(0, len(sizes) - len(target)) :])
    return [old if size == 0 else size for size, old in zip(target, kept, strict=True)]


@reshape.onnx
def _(emit: Emitter, x: Value, shape: Value) -> Value:
    if shape.constant is None:
        return emit("Reshape", x, emit.longs(shape))
    sizes = _kept(shape.constant, x.shape or ())
    unknown = [axis for axis, size in enumerate(sizes) if size is None]
    if unknown and (-1 in sizes or len(unknown) > 1):
        if len(sizes) != x.rank:
            raise ModelError(f"its shape {shape.constant.tolist()} keeps sizes that are not known")
        return emit("Reshape", x, shape.constant.astype(np.int64))  # ONNX keeps the size where it reads 0
    return emit.reshape(x, sizes)


@op("reshape_like")
def reshape_like(
    x: Array,
    ref_tensors: tuple[Array, ...],
    *,
    begins: Sequence[int],
    ends: Sequence[int],
    end_masks: Sequence[bool],
) -> Array:
    sizes = [
        ref.shape[begin : None if masked else end]
        for ref, begin, end, masked in zip(ref_tensors, begins, ends, end_masks, strict=True)
    ]
    return x.reshape([size for part in sizes for size in part])


@reshape_like.onnx
def _(
    emit: Emitter,
    x: Value,
    ref_tensors: tuple[Value, ...],
    *,
    begins: Sequence[int],
    ends: Sequence[int],
    end_masks: Sequence[bool],
) -> Value:
    parts = [
        emit("Shape", ref, start=begin, end=None if masked else end)
        for ref, begin, end, masked in zip(ref_tensors, begins, ends, end_masks, strict=True)
    ]
    return emit("Reshape", x, emit("Concat", *parts, axis=0))


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
    return np.squeeze(x) if axes is None else np.squeeze(x, axes_of(axes, x.ndim))


@squeeze.onnx
def _(emit: Emitter, x: Value, *, axes: Sequence[int] | None) -> Value:
    sizes = x.shape or ()
    chosen = [axis for axis in axes_of(axes, x.rank) if axes is not None or sizes[axis] == 1]
    if long := [axis for axis in chosen if sizes[axis] not in (1, None)]:
        raise ModelError(f"axis {long[0]} has the size {sizes[long[0]]}; only axes of size 1 can go")
    return emit("Squeeze", x, chosen) if chosen else x


@op("flatten2d")
def flatten2d(x: Array, *, axis: int = 1) -> Array:
    axis = axis + x.ndim if axis < 0 else axis
    return x.reshape(math.prod(x.shape[:axis]), -1)


@flatten2d.onnx
def _(emit: Emitter, x: Value, *, axis: int) -> Value:
    return emit("Flatten", x, axis=axis)
