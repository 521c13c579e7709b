"""Pooling in two and three dimensions."""

from __future__ import annotations

from collections.abc import Sequence

from inklens.coreml.neural_network.builder import Blob, Builder, integers, known
from inklens.coreml.neural_network.convolution import custom_padding, triple
from inklens.coreml.neural_network.layer import Layer, lowering
from inklens.coreml.neural_network.windows import Padding, border, flat, output_size, pair, same_padding
from inklens.errors import ModelError

_KINDS = ("max_pool", "avg_pool", "l2_pool")


@lowering("pooling")
def pooling(layer: Layer) -> Blob:
    build, params, x = layer.build, layer.params, layer.input
    if not 0 <= params.type < len(_KINDS):
        raise ModelError(f"there is no kind of pooling {params.type}; there are {', '.join(_KINDS)}")
    kind = _KINDS[params.type]
    source = build.collapse(x)
    if params.globalPooling:
        return build.expand(_global(build, kind, source), x.shape[:-3])
    kernel = pair(params.kernelSize, (3, 3), "kernel size")
    strides = pair(params.stride, (1, 1), "stride")
    exclude = bool(params.avgPoolExcludePadding)
    which = params.which("PoolingPaddingType")
    if which == "includeLastPixel":
        result = _complete(build, kind, source, kernel, strides, params.includeLastPixel.paddingAmounts, exclude)
    else:
        if which == "same":
            lower = params.same.asymmetryMode == 1
            padding = same_padding(source.shape[2:], kernel, strides, top_left_heavy=lower)
        else:
            padding = border(params.valid.paddingAmounts)
        result = _pooled(build, kind, source, kernel, strides, padding, exclude)
    return build.expand(result, x.shape[:-3])


def _global(build: Builder, kind: str, x: Blob) -> Blob:
    op = {"max_pool": "reduce_max", "avg_pool": "reduce_mean", "l2_pool": "reduce_l2_norm"}[kind]
    axes = list(range(2, x.rank))
    return build.emit(op, (*x.shape[:2], *[1] * len(axes)), x=x, axes=axes, keep_dims=True)


def _pooled(
    build: Builder,
    kind: str,
    x: Blob,
    kernel: Sequence[int],
    strides: Sequence[int],
    padding: Padding,
    exclude_padding: bool,
) -> Blob:
    spatial = [
        output_size(size, window, stride, amounts)
        for size, window, stride, amounts in zip(x.shape[2:], kernel, strides, padding, strict=True)
    ]
    return build.emit(
        kind,
        (*x.shape[:2], *spatial),
        x=x,
        kernel_sizes=list(kernel),
        strides=list(strides),
        pad_type="custom",
        pad=flat(padding),
        exclude_padding_from_average=exclude_padding if kind == "avg_pool" else None,
    )


def _complete(
    build: Builder,
    kind: str,
    x: Blob,
    kernel: Sequence[int],
    strides: Sequence[int],
    amounts: Sequence[int],
    exclude_padding: bool,
) -> Blob:
    """Caffe's pooling, whose last window may hang over the padded input, but never begins behind the input itself.

    What hangs over never counts in an average; the padding does unless it is excluded.
    """
    pads = integers(amounts) or [0, 0]
    if len(pads) != 2:
        raise ModelError(f"its padding is {pads}; expected two numbers, for height and width")
    if not known(x.shape[2:]):
        raise ModelError("its input's size is not known before the model runs, which its padding depends on")
    overhang = []
    for size, window, stride, pad in zip(x.shape[2:], kernel, strides, pads, strict=True):
        count = -((window - 2 * pad - (size or 0)) // stride) + 1
        if any(pads) and (count - 1) * stride >= (size or 0) + pad:
            count -= 1
        overhang.append(max((count - 1) * stride + window - (size or 0) - 2 * pad, 0))
    if kind == "avg_pool" and not exclude_padding and any(pads) and any(overhang):
        zeros = [(pad, pad) for pad in pads]
        shape = [(size or 0) + 2 * pad for size, pad in zip(x.shape[2:], pads, strict=True)]
        x = build.emit("pad", (*x.shape[:2], *shape), x=x, pad=flat(zeros), mode="constant", constant_val=0.0)
        pads = [0, 0]
    padding = [(pad, pad + more) for pad, more in zip(pads, overhang, strict=True)]
    return _pooled(build, kind, x, kernel, strides, padding, exclude_padding or not any(pads))


@lowering("pooling3d")
def pooling_3d(layer: Layer) -> Blob:
    """Input and output [batch, channels, depth, height, width]."""
    build, params, x = layer.build, layer.params, layer.input
    kernel, strides = triple(params, "kernel"), triple(params, "stride")
    _check_rank(x)
    padding = custom_padding(params)
    if params.paddingType == 2:  # SAME
        padding = same_padding(x.shape[2:], kernel, strides)
    return _pooled(build, _kind_3d(params.type), x, kernel, strides, padding, bool(params.countExcludePadding))


@lowering("globalPooling3d")
def global_pooling_3d(layer: Layer) -> Blob:
    _check_rank(layer.input)
    return _global(layer.build, _kind_3d(layer.params.type), layer.input)


def _check_rank(x: Blob) -> None:
    if x.rank != 5:
        raise ModelError(f"its input has shape {x.shape}; expected [batch, channels, depth, height, width]")


def _kind_3d(kind: int) -> str:
    if kind not in (0, 1):
        raise ModelError(f"there is no kind of pooling {kind}; there are max_pool, avg_pool")
    return _KINDS[kind]
