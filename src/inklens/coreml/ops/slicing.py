"""Parts of a tensor: slices, windows, reversal; and a tensor with a part replaced."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inklens.coreml.ops.registry import Array, Emitter, Value, axes_of, axis_of, op

LAST = np.iinfo(np.int64).max  # beyond every end, in ONNX's Slice
FIRST = np.iinfo(np.int64).min  # before every beginning, for negative steps


def _slices(
    begin: Array,
    end: Array,
    stride: Sequence[int] | None,
    begin_mask: Sequence[bool] | None,
    end_mask: Sequence[bool] | None,
    squeeze_mask: Sequence[bool] | None,
) -> tuple[slice | int, ...]:
    result: list[slice | int] = []
    for axis, (first, last) in enumerate(zip(begin.tolist(), end.tolist(), strict=True)):
        if squeeze_mask and squeeze_mask[axis]:
            result.append(0 if begin_mask and begin_mask[axis] else first)
            continue
        start = None if begin_mask and begin_mask[axis] else first
        stop = None if end_mask and end_mask[axis] else last
        result.append(slice(start, stop, stride[axis] if stride else 1))
    return tuple(result)


def _emit_slice(
    emit: Emitter,
    x: Value,
    begin: Value,
    end: Value,
    stride: Sequence[int] | None,
    begin_mask: Sequence[bool] | None,
    end_mask: Sequence[bool] | None,
    squeeze_mask: Sequence[bool] | None,
) -> tuple[Value, list[int]]:
    """The slice with every axis kept, and the axes that `squeeze_mask` drops from it."""
    rank = x.rank
    dropped = [axis for axis in range(rank) if squeeze_mask and squeeze_mask[axis]]
    steps = np.array([1 if axis in dropped else (stride[axis] if stride else 1) for axis in range(rank)], np.int64)
    from_edge = np.array([bool(begin_mask and begin_mask[axis]) for axis in range(rank)])
    to_edge = np.array([bool(end_mask and end_mask[axis]) and axis not in dropped for axis in range(rank)])
    first = np.where(steps > 0, 0, LAST)
    last = np.where(steps > 0, LAST, FIRST)
    is_dropped = np.isin(np.arange(rank), dropped)
    if begin.constant is not None and end.constant is not None:
        starts = np.where(from_edge, first, begin.constant.astype(np.int64))
        after = np.where(starts == -1, LAST, starts + (starts != LAST))  # a dropped axis keeps one element
        ends = np.where(is_dropped, after, np.where(to_edge, last, end.constant.astype(np.int64)))
        return emit("Slice", x, starts, ends, np.arange(rank), steps), dropped
    dynamic_starts = emit("Where", from_edge, first, emit.longs(begin), dtype=np.int64)
    is_last = emit("Equal", dynamic_starts, np.int64(-1))
    dynamic_after = emit("Where", is_last, np.int64(LAST), emit("Add", dynamic_starts, np.int64(1)), dtype=np.int64)
    dynamic_ends = emit("Where", to_edge, last, emit.longs(end), dtype=np.int64)
    dynamic_ends = emit("Where", is_dropped, dynamic_after, dynamic_ends, dtype=np.int64)
    return emit("Slice", x, dynamic_starts, dynamic_ends, np.arange(rank), steps), dropped


@op("slice_by_index")
def slice_by_index(
    x: Array,
    begin: Array,
    end: Array,
    *,
    stride: Sequence[int] | None = None,
    begin_mask: Sequence[bool] | None = None,
    end_mask: Sequence[bool] | None = None,
    squeeze_mask: Sequence[bool] | None = None,
) -> Array:
    return x[_slices(begin, end, stride, begin_mask, end_mask, squeeze_mask)]


@slice_by_index.onnx
def _(
    emit: Emitter,
    x: Value,
    begin: Value,
    end: Value,
    *,
    stride: Sequence[int] | None,
    begin_mask: Sequence[bool] | None,
    end_mask: Sequence[bool] | None,
    squeeze_mask: Sequence[bool] | None,
) -> Value:
    part, dropped = _emit_slice(emit, x, begin, end, stride, begin_mask, end_mask, squeeze_mask)
    return emit("Squeeze", part, dropped) if dropped else part


@op("slice_by_size")
def slice_by_size(x: Array, begin: Array, size: Array) -> Array:
    slices = []
    for axis, (first, length) in enumerate(zip(begin.tolist(), size.tolist(), strict=True)):
        start = first + x.shape[axis] if first < 0 else first
        slices.append(slice(start, None if length == -1 else start + length))
    return x[tuple(slices)]


@slice_by_size.onnx
def _(emit: Emitter, x: Value, begin: Value, size: Value) -> Value:
    axes = np.arange(x.rank)
    if begin.constant is not None and size.constant is not None:
        starts, lengths = begin.constant.astype(np.int64), size.constant.astype(np.int64)
        ends = np.where((lengths == -1) | ((starts < 0) & (starts + lengths >= 0)), LAST, starts + lengths)
        return emit("Slice", x, starts, ends, axes)
    shape, first, length = emit.shape(x), emit.longs(begin), emit.longs(size)
    start = emit("Where", emit("Less", first, np.int64(0)), emit("Add", first, shape), first, dtype=np.int64)
    to_end = emit("Equal", length, np.int64(-1))
    end = emit("Where", to_end, shape, emit("Add", start, length), dtype=np.int64)
    return emit("Slice", x, start, end, axes)


@op("slice_update")
def slice_update(
    x: Array,
    update: Array,
    begin: Array,
    end: Array,
    *,
    stride: Sequence[int] | None = None,
    begin_mask: Sequence[bool] | None = None,
    end_mask: Sequence[bool] | None = None,
    squeeze_mask: Sequence[bool] | None = None,
) -> Array:
    result = x.copy()
    result[_slices(begin, end, stride, begin_mask, end_mask, squeeze_mask)] = update
    return result


@slice_update.onnx
def _(
    emit: Emitter,
    x: Value,
    update: Value,
    begin: Value,
    end: Value,
    *,
    stride: Sequence[int] | None,
    begin_mask: Sequence[bool] | None,
    end_mask: Sequence[bool] | None,
    squeeze_mask: Sequence[bool] | None,
) -> Value:
    # Slice the numbers of the elements as x would be sliced, and scatter the update there.
    flat = emit("Reshape", x, [-1])
    count = emit("Size", x)
    numbers = emit("Range", np.int64(0), count, np.int64(1), dtype=np.int64)
    places = emit("Reshape", numbers, emit.shape(x), shape=x.shape)
    part, _ = _emit_slice(emit, places, begin, end, stride, begin_mask, end_mask, squeeze_mask)
    written = emit("ScatterElements", flat, emit("Reshape", part, [-1]), emit("Reshape", update, [-1]), axis=0)
    return emit("Reshape", written, emit.shape(x))


@op("sliding_windows")
def sliding_windows(x: Array, *, axis: int, size: int, stride: int = 1) -> Array:
    axis = axis_of(axis, x.ndim)
    return np.take(x, _window_places(x.shape[axis], size, stride), axis=axis)


def _window_places(length: int, size: int, stride: int) -> Array:
    """Positions of each window's elements, int64 [windows, size]."""
    count = (length - size) // stride + 1
    return np.arange(count)[:, None] * stride + np.arange(size)


@sliding_windows.onnx
def _(emit: Emitter, x: Value, *, axis: int, size: int, stride: int) -> Value:
    axis = axis_of(axis, x.rank)
    length = None if x.shape is None else x.shape[axis]
    if length is not None:
        return emit("Gather", x, _window_places(length, size, stride), axis=axis)
    end = emit("Sub", emit("Squeeze", emit.dimension(x, axis), [0]), np.int64(size - 1))
    starts = emit("Unsqueeze", emit("Range", np.int64(0), end, np.int64(stride), dtype=np.int64), [1])
    return emit("Gather", x, emit("Add", starts, np.arange(size)), axis=axis)


@op("reverse")
def reverse(x: Array, *, axes: Sequence[int] | None = None) -> Array:
    return np.flip(x, axes_of(axes, x.ndim))


@reverse.onnx
def _(emit: Emitter, x: Value, *, axes: Sequence[int] | None) -> Value:
    return emit_reversed(emit, x, axes_of(axes, x.rank))


def emit_reversed(emit: Emitter, x: Value, axes: Sequence[int]) -> Value:
    """`x` with the order along `axes` turned round."""
    if not axes:
        return x
    many = len(axes)
    return emit("Slice", x, [LAST] * many, [FIRST] * many, list(axes), [-1] * many, shape=x.shape)


@op("reverse_sequence")
def reverse_sequence(x: Array, lengths: Array, *, seq_axis: int = 0, batch_axis: int = 0) -> Array:
    front = np.moveaxis(x, (batch_axis, seq_axis), (0, 1))
    result = front.copy()
    for row, length in enumerate(lengths.tolist()):
        result[row, :length] = front[row, :length][::-1]
    return np.moveaxis(result, (0, 1), (batch_axis, seq_axis))


@reverse_sequence.onnx
def _(emit: Emitter, x: Value, lengths: Value, *, seq_axis: int, batch_axis: int) -> Value:
    # ONNX wants the two axes in front.
    batch, time = axis_of(batch_axis, x.rank), axis_of(seq_axis, x.rank)
    perm = [batch, time, *(axis for axis in range(x.rank) if axis not in (batch, time))]
    front = emit.transpose(x, perm)
    turned = emit("ReverseSequence", front, emit.longs(lengths), batch_axis=0, time_axis=1)
    return emit.transpose(turned, [perm.index(axis) for axis in range(x.rank)])
