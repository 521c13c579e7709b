"""Convolution and transposed convolution in one, two and three dimensions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from inklens.coreml.ops.activation import emit_per_channel, per_channel
from inklens.coreml.ops.registry import Array, Emitter, Value, op
from inklens.coreml.ops.windows import emit_same_padding, onnx_pads, paddings, spans
from inklens.errors import ModelError

CHUNK = 1 << 20  # elements of unrolled windows at once: 4 MB, which caches hold


@op("conv")
def conv(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    strides: Sequence[int] | None = None,
    pad_type: str = "valid",
    pad: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    groups: int = 1,
) -> Array:
    kernel = weight.shape[2:]
    strides, dilations = strides or (1,) * len(kernel), dilations or (1,) * len(kernel)
    covered = spans(kernel, dilations)
    pairs = paddings(pad_type, pad, x.shape[2:], covered, strides) or []
    padded = np.pad(x, [(0, 0), (0, 0), *pairs])
    windows = sliding_window_view(padded, covered, tuple(range(2, x.ndim)))  # type: ignore[call-overload]
    steps = tuple(slice(None, None, step) for step in (*strides, *dilations))
    windows = windows[(slice(None), slice(None), *steps)]  # [n, C, *out, *kernel]
    result = _convolve(windows, weight, groups)
    return result if bias is None else result + per_channel(bias, x.ndim)


def _convolve(windows: Array, weight: Array, groups: int) -> Array:
    """Windows [n, C, *out, *kernel] times weights [O, C / groups, *kernel], as [n, O, *out]."""
    rank = weight.ndim - 2
    n, channels = windows.shape[:2]
    out = windows.shape[2 : 2 + rank]
    if groups == channels and weight.shape[1] == 1 and weight.shape[0] == channels:  # depthwise: no matrix to build
        total = np.zeros((n, channels, *out), np.float32)
        for offset in itertools.product(*map(range, weight.shape[2:])):
            at: tuple[Any, ...] = (..., *offset)
            total += windows[at] * per_channel(weight[:, 0][at], rank + 2)
        return total
    inside, outside = channels // groups, weight.shape[0] // groups
    step = max(1, CHUNK // max(1, windows[:1].size))
    order = (0, 1, *range(2 + rank, 2 + 2 * rank), *range(2, 2 + rank))  # rows of the input stay together: fast to copy
    result = np.empty((n, weight.shape[0], *out), np.float32)
    for start, group in itertools.product(range(0, n, step), range(groups)):
        part = windows[start : start + step, group * inside : (group + 1) * inside]
        rows = slice(group * outside, (group + 1) * outside)
        unrolled = part.transpose(order).reshape(len(part), inside * math.prod(weight.shape[2:]), math.prod(out))
        product = weight[rows].reshape(outside, -1) @ unrolled
        result[start : start + step, rows] = product.reshape(len(part), outside, *out)
    return result


@conv.onnx
def _(
    emit: Emitter,
    x: Value,
    weight: Value,
    bias: Value | None,
    *,
    strides: Sequence[int] | None,
    pad_type: str,
    pad: Sequence[int] | None,
    dilations: Sequence[int] | None,
    groups: int,
) -> Value:
    kernel = _kernel(weight)
    strides, dilations = strides or (1,) * len(kernel), dilations or (1,) * len(kernel)
    covered = spans(kernel, dilations)
    pairs = paddings(pad_type, pad, (x.shape or ())[2:], covered, strides)
    if pairs is None:
        x, pairs = emit_same_padding(emit, x, pad_type, covered, strides), [(0, 0)] * len(kernel)
    return emit(
        "Conv",
        x,
        weight,
        bias,
        kernel_shape=list(kernel),
        strides=list(strides),
        dilations=list(dilations),
        group=groups,
        pads=onnx_pads(pairs),
    )


def _kernel(weight: Value) -> tuple[int, ...]:
    kernel = tuple(size for size in (weight.shape or ())[2:] if size is not None)
    if len(kernel) != weight.rank - 2 or not kernel:
        raise ModelError(f"the size of its kernel is not known: its weight has the shape {weight.shape}")
    return kernel


def _crops(
    pad_type: str,
    pad: Sequence[int] | None,
    output_shape: Sequence[int] | None,
    sizes: Sequence[int | None],
    covered: Sequence[int],
    strides: Sequence[int],
) -> list[tuple[int, int]]:
    """Elements that a transposed convolution drops before and after each axis; a negative number adds zeros."""
    if pad_type not in ("valid", "custom", "same"):
        raise ModelError(f"its pad_type is {pad_type!r}; expected valid, custom or same")
    pairs = list(zip(pad[::2], pad[1::2], strict=True)) if pad_type == "custom" and pad else [(0, 0)] * len(covered)
    crops = []
    for axis, (span, stride) in enumerate(zip(covered, strides, strict=True)):
        size = sizes[axis]
        if pad_type == "same" and output_shape is None:
            excess = span - stride  # the output is size * stride whatever the size
            crops.append((excess // 2, excess - excess // 2) if excess > 0 else (0, excess))
        elif output_shape is None:
            crops.append(pairs[axis])
        elif size is None:
            raise ModelError("its output_shape needs an input of known size")
        else:
            excess = (size - 1) * stride + span - output_shape[2 + axis]
            before = excess // 2 if pad_type == "same" and excess > 0 else pairs[axis][0]
            crops.append((before, excess - before))
    return crops


@op("conv_transpose")
def conv_transpose(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    pad: Sequence[int] | None = None,
    output_shape: Sequence[int] | None = None,
    pad_type: str = "valid",
    strides: Sequence[int] | None = None,
    dilations: Sequence[int] | None = None,
    groups: int = 1,
) -> Array:
    kernel = weight.shape[2:]
    strides, dilations = strides or (1,) * len(kernel), dilations or (1,) * len(kernel)
    covered = spans(kernel, dilations)
    crops = _crops(pad_type, pad, output_shape, x.shape[2:], covered, strides)
    full = [(size - 1) * step + span for size, step, span in zip(x.shape[2:], strides, covered, strict=True)]
    inside, outside = x.shape[1] // groups, weight.shape[1]
    total = np.zeros((x.shape[0], outside * groups, *full), np.float32)
    for group, offset in itertools.product(range(groups), itertools.product(*map(range, kernel))):
        part = x[:, group * inside : (group + 1) * inside]
        at: tuple[Any, ...] = (..., *offset)
        matrix = weight[group * inside : (group + 1) * inside][at]
        product = np.moveaxis(np.tensordot(part, matrix, ([1], [0])), -1, 1)
        places = [
            slice(start * dilation, start * dilation + (size - 1) * step + 1, step)
            for start, dilation, size, step in zip(offset, dilations, x.shape[2:], strides, strict=True)
        ]
        total[(slice(None), slice(group * outside, (group + 1) * outside), *places)] += product
    total = np.pad(total, [(0, 0), (0, 0), *((max(0, -a), max(0, -b)) for a, b in crops)])
    kept = [slice(max(0, a), size - max(0, b)) for size, (a, b) in zip(total.shape[2:], crops, strict=True)]
    total = total[(slice(None), slice(None), *kept)]
    return total if bias is None else total + per_channel(bias, x.ndim)


@conv_transpose.onnx
def _(
    emit: Emitter,
    x: Value,
    weight: Value,
    bias: Value | None,
    *,
    pad: Sequence[int] | None,
    output_shape: Sequence[int] | None,
    pad_type: str,
    strides: Sequence[int] | None,
    dilations: Sequence[int] | None,
    groups: int,
) -> Value:
    kernel = _kernel(weight)
    strides, dilations = strides or (1,) * len(kernel), dilations or (1,) * len(kernel)
    crops = _crops(pad_type, pad, output_shape, (x.shape or ())[2:], spans(kernel, dilations), strides)
    extra = [max(0, -after) for _, after in crops]
    within = all(more < step for more, step in zip(extra, strides, strict=True)) and all(a >= 0 for a, _ in crops)
    settings: dict[str, Any] = {"kernel_shape": list(kernel), "strides": list(strides), "dilations": list(dilations)}
    settings["group"] = groups
    pads = onnx_pads([(max(0, before), max(0, after)) for before, after in crops])
    if within:
        more = extra if any(extra) else None
        return emit("ConvTranspose", x, weight, bias, **settings, pads=pads, output_padding=more)
    # More zeros than ONNX adds by itself: they come before the bias.
    total = emit("ConvTranspose", x, weight, **settings, pads=pads)
    zeros = [(0, 0), (0, 0), *((max(0, -a), max(0, -b)) for a, b in crops)]
    total = emit("Pad", total, onnx_pads(zeros), 0.0)
    return total if bias is None else emit("Add", total, emit_per_channel(emit, bias, x.rank))
