"""Elements taken from, and put into, places that are computed when the model runs.

Up to iOS 16 an index below zero counts from the end. Since iOS 17 it is out of range, and the parameter
`validate_indices` says what that means: an error if it is true; else the specification leaves it open, but for memory
being safe. Then nothing is written there, and what is read is as before iOS 17.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from inklens.coreml.ops.registry import Array, Emitter, Value, axis_of, op
from inklens.errors import ModelError


def _outside(indices: Array, sizes: Sequence[int] | Array) -> Array:
    """Where an index is not one of 0 … size - 1, bool as `indices`; `sizes` goes along its last axis."""
    return (indices < 0) | (indices >= np.asarray(sizes))


def _require_inside(indices: Array, sizes: Sequence[int] | Array) -> None:
    if _outside(indices, sizes).any():
        last = " and ".join(str(size - 1) for size in np.asarray(sizes).tolist())
        raise IndexError(
            f"its indices go from {indices.min()} to {indices.max()}; expected 0 to {last}, as validate_indices says"
        )


def _emit_sizes(emit: Emitter, x: Value, axes: range) -> Value:
    """The sizes of `x` along neighbouring axes, int64 [axes]: a constant where they are known."""
    known = [None] if x.shape is None else [x.shape[axis] for axis in axes]
    if None not in known:
        return emit.value(known)  # type: ignore[arg-type]
    return emit("Shape", x, shape=(len(axes),), start=axes.start, end=axes.stop)


def _emit_inside(emit: Emitter, indices: Value, sizes: Value) -> Value:
    """`indices`, of which one below zero becomes one that ONNX Runtime refuses, as it does those above."""
    if indices.constant is not None and sizes.constant is not None:
        _require_inside(indices.constant, sizes.constant)
        return indices
    return emit("Where", emit("Less", indices, np.int64(0)), sizes, indices, dtype=np.int64, shape=indices.shape)


def _depth(indices: Value) -> int:
    """The length of index vectors."""
    depth = None if indices.shape is None else indices.shape[-1]
    if depth is None:
        raise ModelError("the length of its index vectors is not known")
    return depth


@op("gather")
def gather(
    x: Array, indices: Array, *, axis: int = 0, batch_dims: int = 0, validate_indices: bool | None = None
) -> Array:
    axis = axis_of(axis, x.ndim)
    if validate_indices:
        _require_inside(indices, [x.shape[axis]])
    if batch_dims == 0:
        return np.take(x, indices, axis=axis)
    batch = x.shape[:batch_dims]
    rows = [np.take(x[place], indices[place], axis=axis - batch_dims) for place in np.ndindex(*batch)]
    return np.stack(rows).reshape(*batch, *rows[0].shape)


@gather.onnx
def _(emit: Emitter, x: Value, indices: Value, *, axis: int, batch_dims: int, validate_indices: bool | None) -> Value:
    axis = axis_of(axis, x.rank)
    indices = emit.longs(indices)
    if validate_indices:
        indices = _emit_inside(emit, indices, _emit_sizes(emit, x, range(axis, axis + 1)))
    if batch_dims == 0:
        return emit("Gather", x, indices, axis=axis)
    # GatherND takes from the axis after the batch: bring ours there, and the new axes back.
    between = range(batch_dims, axis)
    perm = [*range(batch_dims), axis, *between, *range(axis + 1, x.rank)]
    taken = emit("GatherND", emit.transpose(x, perm), emit("Unsqueeze", indices, [-1]), batch_dims=batch_dims)
    new = range(batch_dims, indices.rank)
    moved = range(indices.rank, indices.rank + len(between))
    rest = range(indices.rank + len(between), x.rank - 1 + len(new))
    return emit.transpose(taken, (*range(batch_dims), *moved, *new, *rest))


@op("gather_along_axis")
def gather_along_axis(x: Array, indices: Array, *, axis: int = 0, validate_indices: bool | None = None) -> Array:
    axis = axis_of(axis, x.ndim)
    if validate_indices:
        _require_inside(indices, [x.shape[axis]])
    return np.take_along_axis(x, indices, axis)


@gather_along_axis.onnx
def _(emit: Emitter, x: Value, indices: Value, *, axis: int, validate_indices: bool | None) -> Value:
    axis = axis_of(axis, x.rank)
    indices = emit.longs(indices)
    if validate_indices:
        indices = _emit_inside(emit, indices, _emit_sizes(emit, x, range(axis, axis + 1)))
    return emit("GatherElements", x, indices, axis=axis)


@op("gather_nd")
def gather_nd(x: Array, indices: Array, *, batch_dims: int = 0, validate_indices: bool | None = None) -> Array:
    if validate_indices:
        _require_inside(indices, x.shape[batch_dims : batch_dims + indices.shape[-1]])
    batch = x.shape[:batch_dims]
    rows = [x[place][tuple(np.moveaxis(indices[place], -1, 0))] for place in np.ndindex(*batch)]
    return np.stack(rows).reshape(*batch, *rows[0].shape)


@gather_nd.onnx
def _(emit: Emitter, x: Value, indices: Value, *, batch_dims: int, validate_indices: bool | None) -> Value:
    indices = emit.longs(indices)
    if validate_indices:
        indices = _emit_inside(emit, indices, _emit_sizes(emit, x, range(batch_dims, batch_dims + _depth(indices))))
    return emit("GatherND", x, indices, batch_dims=batch_dims)


# How a mode puts an update into NumPy data, ONNX's reduction, and the ONNX operator that first turns the update round.
_MODES: dict[str, tuple[Callable[..., Any] | None, str, str | None]] = {
    "update": (None, "none", None),
    "add": (np.add.at, "add", None),
    "sub": (np.subtract.at, "add", "Neg"),
    "mul": (np.multiply.at, "mul", None),
    "div": (np.divide.at, "mul", "Reciprocal"),
    "max": (np.maximum.at, "max", None),
    "min": (np.minimum.at, "min", None),
}


def _mode(mode: str) -> tuple[Callable[..., Any] | None, str, str | None]:
    if mode not in _MODES:
        raise ModelError(f"its mode is {mode!r}; expected one of {', '.join(_MODES)}")
    return _MODES[mode]


def _written(indices: Array, sizes: Sequence[int] | Array, validate_indices: bool | None) -> Array | None:
    """Where an index is one that scattering writes to, bool as `indices`; None if that is everywhere.

    Raises IndexError for one outside if the file asks for that; if it asks not to look, nothing is written there.
    """
    if validate_indices:
        _require_inside(indices, sizes)
    return ~_outside(indices, sizes) if validate_indices is False else None


def _put(data: Array, places: tuple[Any, ...], updates: Array, mode: str) -> Array:
    put, _, _ = _mode(mode)
    result = data.astype(np.float32) if mode == "div" else data.copy()
    if put is None:
        result[places] = updates
    else:
        put(result, places, updates)
    return result


def _emit_put(
    emit: Emitter,
    operator: str,
    data: Value,
    indices: Value,
    updates: Value,
    mode: str,
    spare: int | None,
    **attributes: Any,
) -> Value:
    """Write a scattering operator; along the axis `spare` an index may be the size, and what goes there is lost."""
    _, reduction, turn = _mode(mode)
    data, updates = emit.alike(data, updates)
    if mode == "div":
        data, updates = emit.cast(data, np.float32), emit.cast(updates, np.float32)
    updates = emit(turn, updates) if turn else updates
    if spare is None:
        return emit(operator, data, indices, updates, reduction=reduction, **attributes)
    padded = emit("Pad", data, [0] * data.rank + [int(axis == spare) for axis in range(data.rank)])
    written = emit(operator, padded, indices, updates, reduction=reduction, **attributes)
    return emit("Slice", written, [0], [-1], [spare])


def _emit_places(
    emit: Emitter, data: Value, indices: Value, axes: range, validate_indices: bool | None
) -> tuple[Value, int | None]:
    """Indices along `axes` as the scattering operators of ONNX want them, and the axis that needs a spare row."""
    if validate_indices is None:
        return indices, None
    sizes = _emit_sizes(emit, data, axes)
    if validate_indices:
        return _emit_inside(emit, indices, sizes), None
    if (
        indices.constant is not None
        and sizes.constant is not None
        and not _outside(indices.constant, sizes.constant).any()
    ):
        return indices, None
    outside = emit("Or", emit("Less", indices, np.int64(0)), emit("GreaterOrEqual", indices, sizes))
    if len(axes) > 1:  # of a vector, one is enough
        outside = emit.cast(emit("ReduceMax", emit.cast(outside, np.int32), [-1], keepdims=1), np.bool_)
        sizes = emit("Mul", sizes, [1] + [0] * (len(axes) - 1))
    return emit("Where", outside, sizes, indices, dtype=np.int64, shape=indices.shape), axes.start


@op("scatter")
def scatter(
    data: Array,
    indices: Array,
    updates: Array,
    *,
    axis: int = 0,
    mode: str = "add",
    validate_indices: bool | None = None,
) -> Array:
    """Indices of any rank stand in the place of `axis` in the shape of `updates`."""
    axis = axis_of(axis, data.ndim)
    indices = indices.reshape(-1)
    updates = updates.reshape(*data.shape[:axis], len(indices), *data.shape[axis + 1 :])
    if (inside := _written(indices, [data.shape[axis]], validate_indices)) is not None:
        indices, updates = indices[inside], np.compress(inside, updates, axis)
    return _put(data, (*[slice(None)] * axis, indices), updates, mode)


@scatter.onnx
def _(
    emit: Emitter,
    data: Value,
    indices: Value,
    updates: Value,
    *,
    axis: int,
    mode: str,
    validate_indices: bool | None,
) -> Value:
    axis = axis_of(axis, data.rank)
    indices = emit.longs(indices)
    if indices.rank != 1:
        before, after = (_emit_sizes(emit, data, part) for part in (range(axis), range(axis + 1, data.rank)))
        updates = emit("Reshape", updates, emit("Concat", before, np.array([-1]), after, axis=0))
    indices, spare = _emit_places(emit, data, indices, range(axis, axis + 1), validate_indices)
    column = emit("Reshape", indices, [-1 if item == axis else 1 for item in range(data.rank)])
    places = emit("Expand", column, emit.shape(updates))
    return _emit_put(emit, "ScatterElements", data, places, updates, mode, spare, axis=axis)


@op("scatter_along_axis")
def scatter_along_axis(
    data: Array,
    indices: Array,
    updates: Array,
    *,
    axis: int = 0,
    mode: str = "add",
    validate_indices: bool | None = None,
) -> Array:
    axis = axis_of(axis, data.ndim)
    places = list(np.indices(indices.shape, sparse=True))
    places[axis] = indices
    if (inside := _written(indices, [data.shape[axis]], validate_indices)) is not None:
        places, updates = [np.broadcast_to(one, indices.shape)[inside] for one in places], updates[inside]
    return _put(data, tuple(places), updates, mode)


@scatter_along_axis.onnx
def _(
    emit: Emitter,
    data: Value,
    indices: Value,
    updates: Value,
    *,
    axis: int,
    mode: str,
    validate_indices: bool | None,
) -> Value:
    axis = axis_of(axis, data.rank)
    places, spare = _emit_places(emit, data, emit.longs(indices), range(axis, axis + 1), validate_indices)
    return _emit_put(emit, "ScatterElements", data, places, updates, mode, spare, axis=axis)


@op("scatter_nd")
def scatter_nd(
    data: Array, indices: Array, updates: Array, *, mode: str = "add", validate_indices: bool | None = None
) -> Array:
    sizes = data.shape[: indices.shape[-1]]
    if (inside := _written(indices, sizes, validate_indices)) is not None:
        whole = inside.all(axis=-1)
        indices, updates = indices[whole], updates[whole]
    return _put(data, tuple(np.moveaxis(indices, -1, 0)), updates, mode)


@scatter_nd.onnx
def _(emit: Emitter, data: Value, indices: Value, updates: Value, *, mode: str, validate_indices: bool | None) -> Value:
    axes = range(0 if validate_indices is None else _depth(indices))
    places, spare = _emit_places(emit, data, emit.longs(indices), axes, validate_indices)
    return _emit_put(emit, "ScatterND", data, places, updates, mode, spare)
