"""Convolution and deconvolution in two and three dimensions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inklens.coreml.neural_network.builder import Blob, Builder, integers
from inklens.coreml.neural_network.layer import Layer, lowering
from inklens.coreml.neural_network.weights import load_weights
from inklens.coreml.neural_network.windows import Padding, border, flat, output_size, pair, same_padding
from inklens.coreml.protobuf import Message
from inklens.errors import ModelError


@lowering("convolution")
def convolution(layer: Layer) -> Blob:
    """Axes before the channels are batch. Weights are [C_out, C_in / groups, H, W], of a deconvolution
    [C_in, C_out / groups, H, W]; a second input may give those of a convolution."""
    build, params = layer.build, layer.params
    x, *dynamic = layer.take(1, 2)
    source = build.collapse(x)
    kernel = pair(params.kernelSize, (3, 3), "kernel size")
    strides = pair(params.stride, (1, 1), "stride")
    outputs, inputs = integers([params.outputChannels, params.kernelChannels])
    groups = integers([params.nGroups])[0] or 1
    bias = load_weights(params.bias, (outputs,)) if params.hasBias else None
    dilations = pair(params.dilationFactor, (1, 1), "dilation")
    windows = [(size - 1) * dilation + 1 for size, dilation in zip(kernel, dilations, strict=True)]
    if params.isDeconvolution:
        _check_channels(source, inputs, outputs, groups)
        weight = load_weights(params.weights, (inputs, outputs // groups, *kernel), channel_axis=1)
        sizes = pair(params.outputShape, (1, 1), "output shape") if len(params.outputShape) else None
        crop = _deconvolution_border(params, source.shape[2:], windows, strides, sizes)
        result = _transposed(build, source, weight, bias, strides, dilations, crop, groups)
        return build.expand(result, x.shape[:-3])
    _check_channels(source, inputs * groups, outputs, groups)
    if dynamic:
        weights: Blob | np.ndarray = dynamic[0]
        if weights.shape != (outputs, inputs, *kernel):
            raise ModelError(f"its weights come in shape {weights.shape}; expected {(outputs, inputs, *kernel)}")
    else:
        weights = load_weights(params.weights, (outputs, inputs, *kernel))
    padding = _padding(params, "ConvolutionPaddingType", source.shape[2:], windows, strides)
    result = _convolved(build, source, weights, bias, strides, dilations, padding, groups)
    return build.expand(result, x.shape[:-3])


def _check_channels(x: Blob, inputs: int, outputs: int, groups: int) -> None:
    if x.shape[1] not in (inputs, None):
        raise ModelError(f"its input has shape {x.shape}; its weights expect {inputs} channels")
    if groups < 1 or inputs % groups or outputs % groups:
        raise ModelError(f"{groups} groups do not divide {inputs} input and {outputs} output channels")


def _padding(
    params: Message, oneof: str, sizes: Sequence[int | None], windows: Sequence[int], strides: Sequence[int]
) -> Padding:
    """The explicit padding of a `valid` or `same` message; a layer that names neither is valid without any."""
    if params.which(oneof) == "same":
        return same_padding(sizes, windows, strides, top_left_heavy=params.same.asymmetryMode == 1)
    return border(params.valid.paddingAmounts)


def _convolved(
    build: Builder,
    x: Blob,
    weight: Blob | np.ndarray,
    bias: np.ndarray | None,
    strides: list[int],
    dilations: list[int],
    padding: Padding,
    groups: int,
) -> Blob:
    windows = [(size - 1) * dilation + 1 for size, dilation in zip(weight.shape[2:], dilations, strict=True)]
    spatial = [
        output_size(size, window, stride, amounts)
        for size, window, stride, amounts in zip(x.shape[2:], windows, strides, padding, strict=True)
    ]
    return build.emit(
        "conv",
        (x.shape[0], weight.shape[0], *spatial),
        x=x,
        weight=weight,
        bias=bias,
        strides=strides,
        dilations=dilations,
        pad_type="custom",
        pad=flat(padding),
        groups=groups,
    )


def _deconvolution_border(
    params: Message,
    sizes: Sequence[int | None],
    windows: Sequence[int],
    strides: Sequence[int],
    wanted: Sequence[int] | None,
) -> Padding:
    """How much of the full result is cut away at each edge; negative where it grows by zeros."""
    same = params.which("ConvolutionPaddingType") == "same"
    if wanted is None and not same:
        return border(params.valid.paddingAmounts)
    lower = same and params.same.asymmetryMode == 1
    return _crop_to(sizes, windows, strides, wanted, top_left_heavy=lower)


def _crop_to(
    sizes: Sequence[int | None],
    windows: Sequence[int],
    strides: Sequence[int],
    wanted: Sequence[int] | None,
    *,
    top_left_heavy: bool = False,
) -> Padding:
    """The border that leaves the `wanted` sizes, size * stride if None; an odd one is cut at the end."""
    crop = []
    for axis, (size, window, stride) in enumerate(zip(sizes, windows, strides, strict=True)):
        if wanted is None:
            total = window - stride
        elif size is None:
            raise ModelError("its input's size is not known before the model runs, which its output shape depends on")
        else:
            total = (size - 1) * stride + window - wanted[axis]
        small = max(total, 0) // 2
        crop.append((total - small, small) if top_left_heavy and total > 0 else (small, total - small))
    return crop


def _transposed(
    build: Builder,
    x: Blob,
    weight: np.ndarray,
    bias: np.ndarray | None,
    strides: list[int],
    dilations: list[int],
    crop: Padding,
    groups: int,
) -> Blob:
    """Deconvolution with `crop` cut from its full result; zeros are added before the bias where `crop` is negative."""
    outputs = weight.shape[1] * groups
    windows = [(size - 1) * dilation + 1 for size, dilation in zip(weight.shape[2:], dilations, strict=True)]
    cut = [(max(start, 0), max(end, 0)) for start, end in crop]
    grow = [(max(-start, 0), max(-end, 0)) for start, end in crop]
    grows = any(map(any, grow))
    spatial = [
        None if size is None else (size - 1) * stride + window - sum(amounts)
        for size, window, stride, amounts in zip(x.shape[2:], windows, strides, cut, strict=True)
    ]
    if any(size is not None and size < 1 for size in spatial):
        raise ModelError(f"its padding {cut} is larger than its result")
    result = build.emit(
        "conv_transpose",
        (x.shape[0], outputs, *spatial),
        x=x,
        weight=weight,
        bias=None if grows else bias,
        strides=strides,
        dilations=dilations,
        pad_type="custom",
        pad=flat(cut),
        groups=groups,
    )
    if not grows:
        return result
    shape = [None if size is None else size + sum(more) for size, more in zip(spatial, grow, strict=True)]
    result = build.emit("pad", (*result.shape[:2], *shape), x=result, pad=flat(grow), mode="constant", constant_val=0.0)
    if bias is None:
        return result
    return build.emit("add", result.shape, x=result, y=bias.reshape(-1, *[1] * len(spatial)))


@lowering("convolution3d")
def convolution_3d(layer: Layer) -> Blob:
    """Input and output [batch, channels, depth, height, width]."""
    build, params, x = layer.build, layer.params, layer.input
    if x.rank != 5:
        raise ModelError(f"its input has shape {x.shape}; expected [batch, channels, depth, height, width]")
    kernel, strides = triple(params, "kernel"), triple(params, "stride")
    outputs, inputs = integers([params.outputChannels, params.inputChannels])
    groups = integers([params.nGroups])[0] or 1
    _check_channels(x, inputs, outputs, groups)
    bias = load_weights(params.bias, (outputs,)) if params.hasBias else None
    custom = custom_padding(params)
    dilations = triple(params, "dilation")
    windows = [(size - 1) * dilation + 1 for size, dilation in zip(kernel, dilations, strict=True)]
    if params.isDeconvolution:
        weight = load_weights(params.weights, (inputs, outputs // groups, *kernel), channel_axis=1)
        sizes = integers(params.outputShape)
        if sizes and len(sizes) != 3:
            raise ModelError(f"its output shape is {sizes}; expected depth, height and width")
        crop = custom
        if sizes:
            crop = _crop_to(x.shape[2:], windows, strides, sizes)
        elif params.paddingType == _SAME:
            crop = _crop_to(x.shape[2:], windows, strides, None)
        return _transposed(build, x, weight, bias, strides, dilations, crop, groups)
    weight = load_weights(params.weights, (outputs, inputs // groups, *kernel))
    padding = same_padding(x.shape[2:], windows, strides) if params.paddingType == _SAME else custom
    return _convolved(build, x, weight, bias, strides, dilations, padding, groups)


_CUSTOM, _SAME = 0, 2  # of the enumerations PaddingType of both three-dimensional layers


def triple(params: Message, what: str) -> list[int]:
    """[depth, height, width] of a three-dimensional layer's fields `{what}Depth` and so on; 0 means 1."""
    numbers = integers(getattr(params, f"{what}{axis}") or 1 for axis in ("Depth", "Height", "Width"))
    if min(numbers) < 1:
        raise ModelError(f"its {what} is {numbers}; expected positive numbers")
    return numbers


def custom_padding(params: Message) -> Padding:
    """The declared padding of a three-dimensional layer, none unless its type is CUSTOM."""
    if params.paddingType != _CUSTOM:
        return [(0, 0)] * 3
    edges = (("Front", "Back"), ("Top", "Bottom"), ("Left", "Right"))
    found = [integers(getattr(params, f"customPadding{edge}") for edge in both) for both in edges]
    if any(amount < 0 for both in found for amount in both):
        raise ModelError(f"its padding is {found}; expected no negative numbers")
    return [(start, end) for start, end in found]
