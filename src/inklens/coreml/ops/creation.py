"""Tensors made from little: fills, ranges, one-hot vectors, tiles, bands; and where a tensor is not zero."""

from __future__ import annotations

import numpy as np

from inklens.coreml.ops.registry import Array, Emitter, Value, axis_of, op


def _typed(value: float) -> Array:
    """A number in its carrier type: bool, int32 or float32."""
    kind = np.bool_ if isinstance(value, bool) else np.int32 if isinstance(value, int) else np.float32
    return np.array(value, kind)


@op("fill")
def fill(shape: Array, *, value: float = 0.0) -> Array:
    return np.full(shape, _typed(value))


@fill.onnx
def _(emit: Emitter, shape: Value, *, value: float) -> Value:
    typed = _typed(value)
    return emit("ConstantOfShape", emit.longs(shape), dtype=typed.dtype, value=typed.reshape(1))


@op("fill_like")
def fill_like(ref_tensor: Array, *, value: float = 0.0) -> Array:
    return np.full(ref_tensor.shape, _typed(value))


@fill_like.onnx
def _(emit: Emitter, ref_tensor: Value, *, value: float) -> Value:
    typed = _typed(value)
    return emit("ConstantOfShape", emit.shape(ref_tensor), dtype=typed.dtype, value=typed.reshape(1))


@op("range_1d")
def range_1d(end: Array, start: Array, step: Array) -> Array:
    return np.arange(start.item(), end.item(), step.item())


@range_1d.onnx
def _(emit: Emitter, end: Value, start: Value, step: Value) -> Value:
    numbers = (emit("Reshape", item, []) if item.shape != () else item for item in emit.alike(start, end, step))
    return emit("Range", *numbers)


@op("one_hot")
def one_hot(
    indices: Array, one_hot_vector_size: Array, *, axis: int = -1, on_value: float = 1, off_value: float = 0
) -> Array:
    axis = axis_of(axis, indices.ndim + 1)
    ladder = np.arange(one_hot_vector_size.item()).reshape(-1, *[1] * (indices.ndim - axis))
    return np.where(np.expand_dims(indices, axis) == ladder, _typed(on_value), _typed(off_value))


@one_hot.onnx
def _(
    emit: Emitter, indices: Value, one_hot_vector_size: Value, *, axis: int, on_value: float, off_value: float
) -> Value:
    # By comparison: ONNX's OneHot counts negative indices from the end, MIL's gives no hot element for them.
    axis = axis_of(axis, indices.rank + 1)
    ladder = emit(
        "Range", np.int64(0), emit("Reshape", emit.longs(one_hot_vector_size), []), np.int64(1), dtype=np.int64
    )
    if axis < indices.rank:
        ladder = emit("Unsqueeze", ladder, list(range(1, indices.rank - axis + 1)))
    hot = emit("Equal", emit("Unsqueeze", emit.longs(indices), [axis]), ladder)
    on, off = emit.alike(emit.constant(_typed(on_value)), emit.constant(_typed(off_value)))
    return emit("Where", hot, on, off, dtype=on.dtype)


@op("tile")
def tile(x: Array, reps: Array) -> Array:
    return np.tile(x, reps.tolist())


@tile.onnx
def _(emit: Emitter, x: Value, reps: Value) -> Value:
    return emit("Tile", x, emit.longs(reps))


@op("band_part")
def band_part(x: Array, *, lower: int = -1, upper: int = -1) -> Array:
    below = x if upper < 0 else np.tril(x, upper)
    return below if lower < 0 else np.triu(below, -lower)


@band_part.onnx
def _(emit: Emitter, x: Value, *, lower: int, upper: int) -> Value:
    band = emit.longs(x) if x.dtype == np.int32 else x  # ONNX Runtime's Trilu has no int32
    if upper >= 0:
        band = emit("Trilu", band, np.int64(upper), upper=0)
    if lower >= 0:
        band = emit("Trilu", band, np.int64(-lower), upper=1)
    return band


@op("non_zero")
def non_zero(x: Array) -> Array:
    return np.argwhere(x)


@non_zero.onnx
def _(emit: Emitter, x: Value) -> Value:
    return emit("Transpose", emit("NonZero", x), perm=[1, 0])


@op("cumsum")
def cumsum(x: Array, *, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Array:
    ordered = np.flip(x, axis) if reverse else x
    total = np.cumsum(ordered, axis=axis, dtype=x.dtype)
    total = total - ordered if exclusive else total
    return np.flip(total, axis) if reverse else total


@cumsum.onnx
def _(emit: Emitter, x: Value, *, axis: int, exclusive: bool, reverse: bool) -> Value:
    return emit("CumSum", x, np.int64(axis), exclusive=int(exclusive), reverse=int(reverse))
