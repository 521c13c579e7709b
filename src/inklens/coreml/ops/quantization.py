"""Affine quantisation of activations: q = clip(round(x / scale) + zero_point) and back."""

from __future__ import annotations

import numpy as np

from inklens.coreml.ops.registry import Array, Emitter, Value, axis_of, op
from inklens.errors import ModelError

_RANGES = {"int8": (-128, 127), "uint8": (0, 255)}


def _along(values: Array, axis: int | None, rank: int) -> Array:
    """Numbers for the whole tensor or for each index of `axis`, shaped to broadcast."""
    if values.ndim == 0 or axis is None:
        return values
    return values.reshape([-1 if item == axis_of(axis, rank) else 1 for item in range(rank)])


def _emit_along(emit: Emitter, values: Value, axis: int | None, rank: int) -> Value:
    values = emit.cast(values, np.float32)
    if values.rank == 0 or axis is None:
        return values
    return emit.reshape(values, [-1 if item == axis_of(axis, rank) else 1 for item in range(rank)])


def _range(dtype: str) -> tuple[int, int]:
    if dtype not in _RANGES:
        raise ModelError(f"its output_dtype is {dtype!r}; expected int8 or uint8")
    return _RANGES[dtype]


@op("quantize")
def quantize(
    input: Array, scale: Array, zero_point: Array | None = None, *, output_dtype: str, axis: int | None = None
) -> Array:
    low, high = _range(output_dtype)
    steps = np.rint(input / _along(scale, axis, input.ndim))
    return np.clip(steps + (0 if zero_point is None else _along(zero_point, axis, input.ndim)), low, high)


@quantize.onnx
def _(
    emit: Emitter, input: Value, scale: Value, zero_point: Value | None, *, output_dtype: str, axis: int | None
) -> Value:
    low, high = _range(output_dtype)
    steps = emit("Round", emit("Div", input, _emit_along(emit, scale, axis, input.rank)))
    if zero_point is not None:
        steps = emit("Add", steps, _emit_along(emit, zero_point, axis, input.rank))
    return emit("Clip", steps, float(low), float(high))


@op("dequantize")
def dequantize(input: Array, scale: Array, zero_point: Array | None = None, *, axis: int | None = None) -> Array:
    steps = input.astype(np.float32)
    steps = steps if zero_point is None else steps - _along(zero_point, axis, input.ndim)
    return (steps * _along(scale, axis, input.ndim)).astype(np.float32)


@dequantize.onnx
def _(emit: Emitter, input: Value, scale: Value, zero_point: Value | None, *, axis: int | None) -> Value:
    steps = emit.cast(input, np.float32)
    if zero_point is not None:
        steps = emit("Sub", steps, _emit_along(emit, zero_point, axis, input.rank))
    return emit("Mul", steps, _emit_along(emit, scale, axis, input.rank))
