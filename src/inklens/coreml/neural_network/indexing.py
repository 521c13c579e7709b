"""Layers that read or write at positions: gather, scatter, topK, argSort, oneHot and what finds positions."""

from __future__ import annotations

from collections.abc import Sequence

from inklens.coreml.neural_network.builder import Blob, Builder, integers, size_of
from inklens.coreml.neural_network.layer import Layer, axis_of, lowering
from inklens.errors import ModelError

_MODES = ("update", "add", "sub", "mul", "div", "max", "min")


def _whole(build: Builder, blob: Blob) -> Blob:
    return build.cast(blob, "int32")


def _mode(number: int) -> str:
    if not 0 <= number < len(_MODES):
        raise ModelError(f"there is no way {number} to scatter; there are {', '.join(_MODES)}")
    return _MODES[number]


@lowering("gather")
def gather(layer: Layer) -> Blob:
    build = layer.build
    x, indices = layer.take(2)
    axis = axis_of(layer.params.axis, x.rank)
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    return build.emit("gather", shape, x=x, indices=_whole(build, indices), axis=axis)


@lowering("gatherND")
def gather_nd(layer: Layer) -> Blob:
    build = layer.build
    x, indices = layer.take(2)
    depth = indices.shape[-1]
    if depth is None or depth > x.rank:
        raise ModelError(f"indices of shape {indices.shape} cannot point into a tensor of shape {x.shape}")
    points = _whole(build, indices)
    if points.rank > 1:
        return build.emit("gather_nd", (*indices.shape[:-1], *x.shape[depth:]), x=x, indices=points)
    one = build.emit("gather_nd", (1, *x.shape[depth:]), x=x, indices=build.expand_dims(points, [0]))
    return build.squeeze(one, [0]) if one.rank > 1 else one


@lowering("gatherAlongAxis")
def gather_along_axis(layer: Layer) -> Blob:
    build = layer.build
    x, indices = layer.take(2)
    axis = axis_of(layer.params.axis, x.rank)
    return build.emit("gather_along_axis", indices.shape, x=x, indices=_whole(build, indices), axis=axis)


@lowering("scatter")
def scatter(layer: Layer) -> Blob:
    """Indices of any rank stand in the place of one axis; MIL takes them as a list."""
    build, params = layer.build, layer.params
    data, indices, updates = layer.take(3)
    axis = axis_of(params.axis, data.rank)
    count = size_of(indices.shape)
    return build.emit(
        "scatter",
        data.shape,
        data=data,
        indices=build.reshape(_whole(build, indices), (count,)),
        updates=build.reshape(updates, (*data.shape[:axis], count, *data.shape[axis + 1 :])),
        axis=axis,
        mode=_mode(params.mode),
    )


@lowering("scatterND")
def scatter_nd(layer: Layer) -> Blob:
    build = layer.build
    data, indices, updates = layer.take(3)
    whole = _whole(build, indices)
    return build.emit(
        "scatter_nd", data.shape, data=data, indices=whole, updates=updates, mode=_mode(layer.params.mode)
    )


@lowering("scatterAlongAxis")
def scatter_along_axis(layer: Layer) -> Blob:
    build, params = layer.build, layer.params
    data, indices, updates = layer.take(3)
    return build.emit(
        "scatter_along_axis",
        data.shape,
        data=data,
        indices=_whole(build, indices),
        updates=updates,
        axis=axis_of(params.axis, data.rank),
        mode=_mode(params.mode),
    )


@lowering("topK")
def top_k(layer: Layer) -> Sequence[Blob]:
    """Values and positions; K may come as a second input."""
    build, params = layer.build, layer.params
    x, *given = layer.take(1, 2)
    k = build.whole_numbers(given[0], "K")[0] if given else integers([params.K])[0]
    axis = axis_of(params.axis, x.rank)
    if k < 1 or (x.shape[axis] is not None and k > (x.shape[axis] or 0)):
        raise ModelError(f"{k} values cannot be taken from an axis of {x.shape[axis]}")
    shape = [k if place == axis else size for place, size in enumerate(x.shape)]
    results = [(shape, "fp32"), (shape, "int32")]
    return build.emit_many("topk", results, x=x, k=k, axis=axis, ascending=bool(params.useBottomK))


@lowering("argSort")
def arg_sort(layer: Layer) -> Blob:
    params, x = layer.params, layer.input
    axis = axis_of(params.axis, x.rank)
    return layer.build.emit("argsort", x.shape, "int32", x=x, axis=axis, ascending=not params.descending)


@lowering("oneHot")
def one_hot(layer: Layer) -> Blob:
    """A new axis, in which one position holds `onValue`; indices outside it give `offValue` everywhere."""
    build, params = layer.build, layer.params
    x, *given = layer.take(1, 2)
    size = build.whole_numbers(given[0], "its vector size")[0] if given else integers([params.oneHotVectorSize])[0]
    if size < 1:
        raise ModelError(f"its vector size is {size}; expected at least 1")
    axis = axis_of(params.axis, x.rank + 1)
    return build.emit(
        "one_hot",
        (*x.shape[:axis], size, *x.shape[axis:]),
        indices=_whole(build, x),
        one_hot_vector_size=size,
        axis=axis,
        on_value=params.onValue,
        off_value=params.offValue,
    )


@lowering("whereNonZero")
def where_non_zero(layer: Layer) -> Blob:
    x = layer.input
    return layer.build.emit("non_zero", (None, x.rank), "int32", x=x)


@lowering("NonMaximumSuppression")
def non_maximum_suppression(layer: Layer) -> Sequence[Blob]:
    """Boxes [B, N, 4] and scores [B, N, C]; thresholds and the number of boxes may come as inputs."""
    build, params = layer.build, layer.params
    boxes, scores, *given = layer.take(2, 5)
    if boxes.rank != 3 or scores.rank != 3:
        raise ModelError(
            f"it has boxes of shape {boxes.shape} and scores of shape {scores.shape}; expected [B, N, 4] and [B, N, C]"
        )
    numbers = [params.iouThreshold, params.scoreThreshold, float(integers([params.maxBoxes])[0])]
    for place, blob in enumerate(given):
        values = build.numbers(blob, ("its IoU threshold", "its score threshold", "its number of boxes")[place])
        if len(values) != 1:
            raise ModelError(f"its input {place + 3} has {len(values)} values; expected 1")
        numbers[place] = float(values[0])
    batch, _, classes = scores.shape
    most = int(numbers[2])
    if most < 1:
        raise ModelError(f"it gives at most {most} boxes; expected at least 1")
    results = [
        ((batch, most, 4), "fp32"),
        ((batch, most, classes), "fp32"),
        ((batch, most), "int32"),
        ((batch,), "int32"),
    ]
    return build.emit_many(
        "non_maximum_suppression",
        results,
        boxes=boxes,
        scores=scores,
        iou_threshold=numbers[0],
        score_threshold=numbers[1],
        max_boxes=most,
        per_class_suppression=bool(params.perClassSuppression),
    )
