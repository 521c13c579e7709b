"""Elements taken from, and put into, places that are computed when the model runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from inklens.coreml.ops.registry import Array, Emitter, Value, axis_of, op
from inklens.errors import ModelError


@op("gather")
def gather(x: Array, indices: Array, *, axis: int = 0, batch_dims: int = 0, validate_indices: bool = False) -> Array:
    axis = axis_of(axis, x.ndim)
    if batch_dims == 0:
        return np.take(x, indices, axis=axis)
    batch = x.shape[:batch_dims]
    rows = [np.take(x[place], indices[place], axis=axis - batch_dims) for place in np.ndindex(*batch)]
    return np.stack(rows).reshape(*batch, *rows[0].shape)


@gather.onnx
def _(emit: Emitter, x: Value, indices: Value, *, axis: int, batch_dims: int, validate_indices: bool) -> Value:
    axis = axis_of(axis, x.rank)
    indices = emit.longs(indices)
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
def gather_along_axis(x: Array, indices: Array, *, axis: int = 0, validate_indices: bool = False) -> Array:
    return np.take_along_axis(x, indices, axis)


@gather_along_axis.onnx
def _(emit: Emitter, x: Value, indices: Value, *, axis: int, validate_indices: bool) -> Value:
    return emit("GatherElements", x, emit.longs(indices), axis=axis)


@op("gather_nd")
def gather_nd(x: Array, indices: Array, *, batch_dims: int = 0, validate_indices: bool = False) -> Array:
    batch = x.shape[:batch_dims]
    rows = [x[place][tuple(np.moveaxis(indices[place], -1, 0))] for place in np.ndindex(*batch)]
    return np.stack(rows).reshape(*batch, *rows[0].shape)


@gather_nd.onnx
def _(emit: Emitter, x: Value, indices: Value, *, batch_dims: int, validate_indices: bool) -> Value:
    return emit("GatherND", x, emit.longs(indices), batch_dims=batch_dims)


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


def _put(data: Array, places: tuple[Any, ...], updates: Array, mode: str) -> Array:
    put, _, _ = _mode(mode)
    result = data.astype(np.float32) if mode == "div" else data.copy()
    if put is None:
        result[places] = updates
    else:
        put(result, places, updates)
    return result


def _emit_put(
    emit: Emitter, operator: str, data: Value, indices: Value, updates: Value, mode: str, **attributes: Any
) -> Value:
    _, reduction, turn = _mode(mode)
    data, updates = emit.alike(data, updates)
    if mode == "div":
        data, updates = emit.cast(data, np.float32), emit.cast(updates, np.float32)
    updates = emit(turn, updates) if turn else updates
    return emit(operator, data, indices, updates, reduction=reduction, **attributes)


@op("scatter")
def scatter(
    data: Array, indices: Array, updates: Array, *, axis: int = 0, mode: str = "add", validate_indices: bool = False
) -> Array:
    return _put(data, (*[slice(None)] * axis_of(axis, data.ndim), indices), updates, mode)


@scatter.onnx
def _(
    emit: Emitter, data: Value, indices: Value, updates: Value, *, axis: int, mode: str, validate_indices: bool
) -> Value:
    axis = axis_of(axis, data.rank)
    column = emit("Reshape", emit.longs(indices), [-1 if item == axis else 1 for item in range(data.rank)])
    return _emit_put(
        emit, "ScatterElements", data, emit("Expand", column, emit.shape(updates)), updates, mode, axis=axis
    )


@op("scatter_along_axis")
def scatter_along_axis(
    data: Array, indices: Array, updates: Array, *, axis: int = 0, mode: str = "add", validate_indices: bool = False
) -> Array:
    places = list(np.indices(indices.shape, sparse=True))
    places[axis] = indices
    return _put(data, tuple(places), updates, mode)


@scatter_along_axis.onnx
def _(
    emit: Emitter, data: Value, indices: Value, updates: Value, *, axis: int, mode: str, validate_indices: bool
) -> Value:
    return _emit_put(emit, "ScatterElements", data, emit.longs(indices), updates, mode, axis=axis)


@op("scatter_nd")
def scatter_nd(
    data: Array, indices: Array, updates: Array, *, mode: str = "add", validate_indices: bool = False
) -> Array:
    return _put(data, tuple(np.moveaxis(indices, -1, 0)), updates, mode)


@scatter_nd.onnx
def _(emit: Emitter, data: Value, indices: Value, updates: Value, *, mode: str, validate_indices: bool) -> Value:
    return _emit_put(emit, "ScatterND", data, emit.longs(indices), updates, mode)
