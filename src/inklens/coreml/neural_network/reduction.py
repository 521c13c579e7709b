"""Reductions, argMax, cumSum, and the layers that keep a part of each matrix."""

from __future__ import annotations

from collections.abc import Sequence

from inklens.coreml.neural_network.builder import Blob, Builder, integers
from inklens.coreml.neural_network.layer import Layer, axes_of, axis_of, lowering
from inklens.errors import ModelError

_OPS = {
    "reduceSum": "reduce_sum", "reduceProd": "reduce_prod", "reduceMean": "reduce_mean", "reduceMax": "reduce_max",
    "reduceMin": "reduce_min", "reduceL1": "reduce_l1_norm", "reduceL2": "reduce_l2_norm",
    "reduceSumSquare": "reduce_sum_square", "reduceLogSum": "reduce_log_sum", "reduceLogSumExp": "reduce_log_sum_exp",
}  # fmt: skip
# The old layer's modes and axes, in the order of its enumerations.
_MODES = (
    "reduce_sum", "reduce_mean", "reduce_prod", "sum of logarithms", "reduce_sum_square", "reduce_l1_norm",
    "reduce_l2_norm", "reduce_max", "reduce_min", "reduce_argmax",
)  # fmt: skip
_AXES = ([-3, -2, -1], [-2, -1], [-3], [-2], [-1])


@lowering("reduce")
def reduce(layer: Layer) -> Blob:
    """Over C, H and W in five combinations; the axes stay as 1."""
    build, params, x = layer.build, layer.params, layer.input
    if not 0 <= params.mode < len(_MODES) or not 0 <= params.axis < len(_AXES):
        raise ModelError(
            f"it reduces by mode {params.mode} over axes {params.axis}, which the specification does not have"
        )
    mode, axes = _MODES[params.mode], _AXES[params.axis]
    whole = x.rank > 4
    source = build.collapse(x) if whole else x
    if mode == "sum of logarithms":
        source = build.emit("log", source.shape, x=source, epsilon=params.epsilon or 1e-6)
        mode = "reduce_sum"
    if mode == "reduce_argmax":
        if len(axes) > 1:
            raise ModelError("the position of the maximum is asked for over more than one axis")
        result = _position(build, mode, source, axis_of(axes[0], source.rank), keep=True)
    else:
        result = _reduced(build, mode, source, axes_of(axes, source.rank), keep=True)
    return build.expand(result, x.shape[:-3]) if whole else result


@lowering(*_OPS)
def reduce_nd(layer: Layer) -> Blob:
    """At least one dimension is left: reducing all of them gives shape [1]."""
    params, x = layer.params, layer.input
    axes = list(range(x.rank)) if params.reduceAll or not len(params.axes) else axes_of(integers(params.axes), x.rank)
    return _reduced(layer.build, _OPS[layer.kind], x, axes, keep=bool(params.keepDims))


def _reduced(build: Builder, op: str, x: Blob, axes: Sequence[int], *, keep: bool) -> Blob:
    kept = keep or len(axes) == x.rank
    shape = [1 if axis in axes else size for axis, size in enumerate(x.shape) if kept or axis not in axes]
    result = build.emit(op, shape, x=x, axes=list(axes), keep_dims=kept)
    return result if keep or not kept else build.reshape(result, (1,))


@lowering("argMax", "argMin")
def arg_extreme(layer: Layer) -> Blob:
    params, x = layer.params, layer.input
    op = "reduce_argmax" if layer.kind == "argMax" else "reduce_argmin"
    keep = not params.removeDim or x.rank == 1
    return _position(layer.build, op, x, axis_of(params.axis, x.rank), keep=keep)


def _position(build: Builder, op: str, x: Blob, axis: int, *, keep: bool) -> Blob:
    shape = [1 if place == axis else size for place, size in enumerate(x.shape) if keep or place != axis]
    return build.emit(op, shape, "int32", x=x, axis=axis, keep_dims=keep)


@lowering("cumSum")
def cumulative_sum(layer: Layer) -> Blob:
    """The axis may come as a second input."""
    build, params = layer.build, layer.params
    x, *given = layer.take(1, 2)
    axis = build.whole_numbers(given[0], "its axis")[0] if given else params.axis
    return build.emit(
        "cumsum",
        x.shape,
        x=x,
        axis=axis_of(axis, x.rank),
        exclusive=bool(params.excludeFinalSum),
        reverse=bool(params.reverse),
    )


@lowering("matrixBandPart")
def matrix_band_part(layer: Layer) -> Blob:
    lower, upper = integers([layer.params.numLower, layer.params.numUpper])
    return _band(layer, lower, upper)


@lowering("upperTriangular")
def upper_triangular(layer: Layer) -> Blob:
    """Zero below diagonal `k`."""
    k = integers([layer.params.k])[0]
    if k <= 0:
        return _band(layer, -k, -1)
    return _without(layer, _band(layer, -1, k - 1))


@lowering("lowerTriangular")
def lower_triangular(layer: Layer) -> Blob:
    """Zero above diagonal `k`."""
    k = integers([layer.params.k])[0]
    if k >= 0:
        return _band(layer, -1, k)
    return _without(layer, _band(layer, -k - 1, -1))


def _band(layer: Layer, lower: int, upper: int) -> Blob:
    """What lies at most `lower` below and `upper` above the diagonal; a negative number is no limit."""
    x = layer.input
    if x.rank < 2:
        raise ModelError(f"its input has shape {x.shape}; expected matrices")
    return layer.build.emit("band_part", x.shape, x=x, lower=lower, upper=upper)


def _without(layer: Layer, part: Blob) -> Blob:
    """The input with the elements of `part` made zero; what is kept stays exact."""
    return layer.build.emit("sub", part.shape, x=layer.input, y=part)
