"""Pooling in one, two and three dimensions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from inklens.coreml.ops.registry import Array, Emitter, Value, op
from inklens.coreml.ops.windows import emit_same_padding, onnx_pads, paddings
from inklens.errors import ModelError

LOWEST = float(np.finfo(np.float32).min)
PLACES = 64  # of a window, above which there are few windows


def _ceil_extra(
    sizes: Sequence[int], pairs: Sequence[tuple[int, int]], kernel: Sequence[int], strides: Sequence[int]
) -> list[int]:
    """Elements that `ceil_mode` adds at the end of each axis, so that a last partial window counts.

    As PyTorch does: a window that would start beyond the input and its padding before is dropped.
    """
    extra = []
    for size, (before, after), window, stride in zip(sizes, pairs, kernel, strides, strict=True):
        covered = size + before + after
        out = -(-(covered - window) // stride) + 1
        if (out - 1) * stride >= size + before:
            out -= 1
        extra.append(max(0, (out - 1) * stride + window - covered))
    return extra


def _windows(
    x: Array, pairs: Sequence[tuple[int, int]], kernel: Sequence[int], strides: Sequence[int], fill: float
) -> Array:
    """The windows [n, C, *out, *kernel] of `x` padded with `fill`."""
    padded = np.pad(x, [(0, 0), (0, 0), *pairs], constant_values=fill)
    views = sliding_window_view(padded, tuple(kernel), tuple(range(2, x.ndim)))  # type: ignore[call-overload]
    return views[(slice(None), slice(None), *(slice(None, None, step) for step in strides))]


def _geometry(
    x: Array,
    kernel_sizes: Sequence[int],
    strides: Sequence[int] | None,
    pad_type: str,
    pad: Sequence[int] | None,
    ceil_mode: bool,
) -> tuple[list[tuple[int, int]], list[int], Sequence[int]]:
    """Padding, what ceil_mode adds after it, and strides."""
    strides = strides or (1,) * len(kernel_sizes)
    pairs = paddings(pad_type, pad, x.shape[2:], kernel_sizes, strides) or []
    extra = _ceil_extra(x.shape[2:], pairs, kernel_sizes, strides) if ceil_mode else [0] * len(pairs)
    return pairs, extra, strides


def _kernel_axes(x: Array) -> tuple[int, ...]:
    return tuple(range(2 - x.ndim, 0))


@op("max_pool")
def max_pool(
    x: Array,
    *,
    kernel_sizes: Sequence[int],
    strides: Sequence[int] | None = None,
    pad_type: str = "valid",
    pad: Sequence[int] | None = None,
    ceil_mode: bool = False,
) -> Array:
    pairs, extra, strides = _geometry(x, kernel_sizes, strides, pad_type, pad, ceil_mode)
    wide = [(before, after + more) for (before, after), more in zip(pairs, extra, strict=True)]
    windows = _windows(x, wide, kernel_sizes, strides, -np.inf)
    if math.prod(kernel_sizes) > PLACES:
        return windows.max(axis=_kernel_axes(x))
    # One place of all windows at a time: five times as fast as reducing each small window.
    return reduce(np.maximum, (windows[(..., *place)] for place in np.ndindex(*kernel_sizes)))


@max_pool.onnx
def _(
    emit: Emitter,
    x: Value,
    *,
    kernel_sizes: Sequence[int],
    strides: Sequence[int] | None,
    pad_type: str,
    pad: Sequence[int] | None,
    ceil_mode: bool,
) -> Value:
    how, pairs, extra = _onnx_geometry(x, kernel_sizes, strides, pad_type, pad, ceil_mode)
    if pairs is None:
        x = emit_same_padding(emit, x, pad_type, kernel_sizes, how["strides"], LOWEST)
        return emit("MaxPool", x, **how)
    wide = [(before, after + more) for (before, after), more in zip(pairs, extra, strict=True)]
    if any(side >= size for pair, size in zip(wide, kernel_sizes, strict=True) for side in pair):
        # ONNX Runtime refuses padding as wide as the kernel.
        x = emit("Pad", x, onnx_pads([(0, 0), (0, 0), *wide]), LOWEST)
        return emit("MaxPool", x, **how)
    return emit("MaxPool", x, **how, pads=onnx_pads(wide))


@op("avg_pool")
def avg_pool(
    x: Array,
    *,
    kernel_sizes: Sequence[int],
    strides: Sequence[int] | None = None,
    pad_type: str = "valid",
    pad: Sequence[int] | None = None,
    exclude_padding_from_average: bool = False,
    ceil_mode: bool = False,
) -> Array:
    pairs, extra, strides = _geometry(x, kernel_sizes, strides, pad_type, pad, ceil_mode)
    wide = [(before, after + more) for (before, after), more in zip(pairs, extra, strict=True)]
    total = _windows(x, wide, kernel_sizes, strides, 0).sum(axis=_kernel_axes(x))
    return total / _divisors(x.shape[2:], pairs, extra, kernel_sizes, strides, exclude_padding_from_average)


def _divisors(
    sizes: Sequence[int],
    pairs: Sequence[tuple[int, int]],
    extra: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    exclude_padding: bool,
) -> Array:
    """How many elements the average of each window divides by, float32 [*out]; what ceil_mode added never counts."""
    divisors = np.ones((), np.float32)
    for size, (before, after), more, window, stride in zip(sizes, pairs, extra, kernel, strides, strict=True):
        edge = 0 if exclude_padding else 1
        line = np.concatenate([np.full(before, edge), np.ones(size), np.full(after, edge), np.zeros(more)])
        counts = sliding_window_view(line, window)[::stride].sum(axis=1).astype(np.float32)
        divisors = divisors[..., None] * counts
    return np.maximum(divisors, 1)


@avg_pool.onnx
def _(
    emit: Emitter,
    x: Value,
    *,
    kernel_sizes: Sequence[int],
    strides: Sequence[int] | None,
    pad_type: str,
    pad: Sequence[int] | None,
    exclude_padding_from_average: bool,
    ceil_mode: bool,
) -> Value:
    how, pairs, extra = _onnx_geometry(x, kernel_sizes, strides, pad_type, pad, ceil_mode)
    if pairs is None:
        mean = emit("AveragePool", emit_same_padding(emit, x, pad_type, kernel_sizes, how["strides"]), **how)
        if not exclude_padding_from_average:
            return mean
        ones = emit("ConstantOfShape", emit("Shape", x), dtype=np.float32, value=np.ones(1, np.float32))
        share = emit("AveragePool", emit_same_padding(emit, ones, pad_type, kernel_sizes, how["strides"]), **how)
        return emit("Div", mean, share)
    narrow = all(side < size for pair, size in zip(pairs, kernel_sizes, strict=True) for side in pair)
    if not any(extra) and narrow:
        include = int(not exclude_padding_from_average)
        return emit("AveragePool", x, **how, pads=onnx_pads(pairs), count_include_pad=include)
    # Average over whole windows of a padded input, then put the divisors right.
    wide = [(before, after + more) for (before, after), more in zip(pairs, extra, strict=True)]
    mean = emit("AveragePool", emit("Pad", x, onnx_pads([(0, 0), (0, 0), *wide]), 0.0), **how)
    sizes = [size for size in (x.shape or ())[2:] if size is not None]
    if len(sizes) != len(kernel_sizes):
        raise ModelError("padding as wide as its kernel needs an input of known size")
    divisors = _divisors(sizes, pairs, extra, kernel_sizes, how["strides"], exclude_padding_from_average)
    return emit("Mul", mean, (np.prod(kernel_sizes) / divisors).astype(np.float32))


@op("l2_pool")
def l2_pool(
    x: Array,
    *,
    kernel_sizes: Sequence[int],
    strides: Sequence[int] | None = None,
    pad_type: str = "valid",
    pad: Sequence[int] | None = None,
    ceil_mode: bool = False,
) -> Array:
    pairs, extra, strides = _geometry(x, kernel_sizes, strides, pad_type, pad, ceil_mode)
    wide = [(before, after + more) for (before, after), more in zip(pairs, extra, strict=True)]
    return np.sqrt(np.square(_windows(x, wide, kernel_sizes, strides, 0)).sum(axis=_kernel_axes(x)))


@l2_pool.onnx
def _(
    emit: Emitter,
    x: Value,
    *,
    kernel_sizes: Sequence[int],
    strides: Sequence[int] | None,
    pad_type: str,
    pad: Sequence[int] | None,
    ceil_mode: bool,
) -> Value:
    how, pairs, extra = _onnx_geometry(x, kernel_sizes, strides, pad_type, pad, ceil_mode)
    squares = emit("Mul", x, x)
    if pairs is None:
        squares = emit_same_padding(emit, squares, pad_type, kernel_sizes, how["strides"])
    else:
        wide = [(before, after + more) for (before, after), more in zip(pairs, extra, strict=True)]
        squares = emit("Pad", squares, onnx_pads([(0, 0), (0, 0), *wide]), 0.0)
    mean = emit("AveragePool", squares, **how)
    return emit("Sqrt", emit("Mul", mean, float(np.prod(kernel_sizes))))


def _onnx_geometry(
    x: Value,
    kernel_sizes: Sequence[int],
    strides: Sequence[int] | None,
    pad_type: str,
    pad: Sequence[int] | None,
    ceil_mode: bool,
) -> tuple[dict[str, Any], list[tuple[int, int]] | None, list[int]]:
    """ONNX attributes, explicit padding (None where it depends on the size) and what ceil_mode adds after it."""
    strides = strides or (1,) * len(kernel_sizes)
    sizes = (x.shape or ())[2:]
    how: dict[str, Any] = {"kernel_shape": list(kernel_sizes), "strides": list(strides)}
    pairs = paddings(pad_type, pad, sizes, kernel_sizes, strides)
    if pairs is None:
        return how, None, []
    if not ceil_mode:
        return how, pairs, [0] * len(pairs)
    known = [size for size in sizes if size is not None]
    if len(known) != len(kernel_sizes):
        raise ModelError("its ceil_mode needs an input of known size")
    return how, pairs, _ceil_extra(known, pairs, kernel_sizes, strides)
