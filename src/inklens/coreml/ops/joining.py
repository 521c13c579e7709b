"""Tensors put together and taken apart along an axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inklens.coreml.ops.registry import Array, Emitter, Value, axis_of, op
from inklens.errors import ModelError


@op("concat")
def concat(values: tuple[Array, ...], *, axis: int, interleave: bool = False) -> Array:
    values = tuple(np.atleast_1d(value) for value in values)
    if not interleave:
        return np.concatenate(values, axis=axis)
    axis = axis_of(axis, values[0].ndim)
    shape = list(values[0].shape)
    shape[axis] *= len(values)
    return np.stack(values, axis=axis + 1).reshape(shape)


@concat.onnx
def _(emit: Emitter, values: tuple[Value, ...], *, axis: int, interleave: bool) -> Value:
    values = tuple(emit.reshape(value, (1,)) if value.shape == () else value for value in emit.alike(*values))
    if not interleave:
        return emit("Concat", *values, axis=axis)
    shape = list(values[0].shape or ())
    axis = axis_of(axis, len(shape))
    if shape.count(None) > 1:
        raise ModelError("interleaving needs tensors of known size")
    columns = [emit("Unsqueeze", value, [axis + 1]) for value in values]
    shape[axis] = None if shape[axis] is None else shape[axis] * len(values)  # type: ignore[operator]
    return emit.reshape(emit("Concat", *columns, axis=axis + 1), shape)


@op("stack")
def stack(values: tuple[Array, ...], *, axis: int) -> Array:
    return np.stack(values, axis=axis)


@stack.onnx
def _(emit: Emitter, values: tuple[Value, ...], *, axis: int) -> Value:
    return emit("Concat", *(emit("Unsqueeze", value, [axis]) for value in emit.alike(*values)), axis=axis)


@op("split")
def split(
    x: Array, *, axis: int, num_splits: int | None = None, split_sizes: Sequence[int] | None = None
) -> tuple[Array, ...]:
    if split_sizes is None:
        return tuple(np.split(x, num_splits or 1, axis=axis))
    return tuple(np.split(x, np.cumsum(split_sizes)[:-1], axis=axis))


@split.onnx
def _(
    emit: Emitter, x: Value, *, axis: int, num_splits: int | None, split_sizes: Sequence[int] | None
) -> tuple[Value, ...]:
    if split_sizes is None and num_splits is None:
        raise ModelError("it says neither num_splits nor split_sizes")
    if split_sizes is not None:
        return emit.several(len(split_sizes), "Split", x, list(split_sizes), axis=axis)
    return emit.several(num_splits or 1, "Split", x, axis=axis, num_outputs=num_splits)
