"""Order: sorted places, the largest or smallest elements, and boxes that survive their neighbours."""

from __future__ import annotations

import numpy as np

from inklens.coreml.ops.registry import Array, Emitter, Value, axis_of, op


def _order(x: Array, axis: int, ascending: bool) -> Array:
    """Places of the elements in order; equal elements keep theirs."""
    return np.argsort(x if ascending else -x, axis=axis, kind="stable")


@op("argsort")
def argsort(x: Array, *, axis: int = -1, ascending: bool = False) -> Array:
    return _order(x, axis, ascending)


@argsort.onnx
def _(emit: Emitter, x: Value, *, axis: int, ascending: bool) -> Value:
    axis = axis_of(axis, x.rank)
    return _emit_top(emit, x, emit.dimension(x, axis), axis, ascending)[1]


@op("topk")
def topk(
    x: Array,
    *,
    k: int = 1,
    axis: int = -1,
    ascending: bool = False,
    sort: bool = True,
    return_indices: bool = True,
    output_indices_dtype: str = "int32",
) -> tuple[Array, ...]:
    order = _order(x, axis, ascending)
    chosen = np.take(order, range(x.shape[axis] if k == -1 else k), axis=axis)
    values = np.take_along_axis(x, chosen, axis)
    return (values, chosen) if return_indices else (values,)


@topk.onnx
def _(
    emit: Emitter,
    x: Value,
    *,
    k: int,
    axis: int,
    ascending: bool,
    sort: bool,
    return_indices: bool,
    output_indices_dtype: str,
) -> tuple[Value, ...]:
    axis = axis_of(axis, x.rank)
    count = emit.dimension(x, axis) if k == -1 else emit.value([k])
    values, places = _emit_top(emit, x, count, axis, ascending)
    return (values, places) if return_indices else (values,)


def _emit_top(emit: Emitter, x: Value, count: Value, axis: int, ascending: bool) -> tuple[Value, Value]:
    values, places = emit.several(2, "TopK", x, count, axis=axis, largest=int(not ascending), sorted=1)
    return values, Value(places.name, np.dtype(np.int64))


@op("non_maximum_suppression")
def non_maximum_suppression(
    boxes: Array,
    scores: Array,
    *,
    iou_threshold: float,
    max_boxes: int,
    score_threshold: float | None = None,
    per_class_suppression: bool = False,
) -> tuple[Array, ...]:
    """iOS 15 has boxes [n, B, 4], scores [n, B, K] and a score threshold; iOS 17 the axes turned and no threshold.

    Where no box passes the threshold, the one with the best score is returned all the same.
    """
    turned = score_threshold is None
    if turned:
        boxes, scores = boxes.swapaxes(1, 2), scores.swapaxes(1, 2)
    chosen_boxes = np.zeros((len(boxes), max_boxes, 4), np.float32)
    chosen_scores = np.zeros((len(boxes), max_boxes, scores.shape[2]), np.float32)
    places = np.full((len(boxes), max_boxes), -1, np.int32)
    counts = np.zeros(len(boxes), np.int32)
    for image in range(len(boxes)):
        best = scores[image].max(axis=1)
        classes = scores[image].argmax(axis=1) if per_class_suppression else np.zeros(len(best), np.int64)
        kept: list[int] = []
        for place in np.argsort(-best, kind="stable").tolist():
            rivals = [other for other in kept if classes[other] == classes[place]]
            passes = turned or best[place] > score_threshold
            if passes and len(kept) < max_boxes:
                overlap = _overlap(boxes[image, place], boxes[image, rivals])
                kept += [place] if not (overlap > np.float32(iou_threshold)).any() else []
        kept = kept or [int(best.argmax())]
        count = counts[image] = len(kept)
        places[image, :count] = kept
        chosen_boxes[image, :count] = boxes[image, kept]
        chosen_scores[image, :count] = scores[image, kept]
    if turned:
        return chosen_boxes.swapaxes(1, 2), chosen_scores.swapaxes(1, 2), places
    return chosen_boxes, chosen_scores, places, counts


def _overlap(box: Array, others: Array) -> Array:
    """Intersection over union of a box [4] with others [n, 4], each centre x, centre y, width, height."""
    low = np.maximum(box[:2] - box[2:] / 2, others[:, :2] - others[:, 2:] / 2)
    high = np.minimum(box[:2] + box[2:] / 2, others[:, :2] + others[:, 2:] / 2)
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    union = np.prod(box[2:]) + np.prod(others[:, 2:], axis=1) - shared
    return np.where(shared > 0, shared / np.where(union > 0, union, 1), 0)


@non_maximum_suppression.onnx
def _(
    emit: Emitter,
    boxes: Value,
    scores: Value,
    *,
    iou_threshold: float,
    max_boxes: int,
    score_threshold: float | None,
    per_class_suppression: bool,
) -> tuple[Value, ...]:
    turned = score_threshold is None
    if turned:
        boxes, scores = emit.transpose(boxes, (0, 2, 1)), emit.transpose(scores, (0, 2, 1))
    best = emit("ReduceMax", scores, [2], keepdims=0)  # [n, B]
    lowest = float(np.finfo(np.float32).min)
    rows = emit("Unsqueeze", best, [1])  # [n, 1, B]
    if per_class_suppression:
        # A row for each class; a box takes part in that of its best class alone.
        classes = emit("Unsqueeze", emit("ArgMax", scores, axis=2, keepdims=0), [1])
        numbers = np.arange(scores.shape[2] if scores.shape else None).reshape(1, -1, 1)
        rows = emit("Where", emit("Equal", classes, numbers), rows, np.float32(lowest), dtype=np.float32)
    threshold = np.float32(lowest if score_threshold is None else score_threshold)
    found = emit(
        "NonMaxSuppression",
        boxes,
        rows,
        np.array([max_boxes]),
        np.array([iou_threshold], np.float32),
        threshold.reshape(1),
        center_point_box=1,
    )  # [found, 3]: image, class, box
    pairs = emit("Gather", found, np.array([0, 2]), axis=1)
    nothing = emit("ConstantOfShape", emit("Shape", best), dtype=np.float32, value=np.zeros(1, np.float32))
    ones = emit("ConstantOfShape", emit("Shape", pairs, start=0, end=1), dtype=np.float32, value=np.ones(1, np.float32))
    kept = emit("ScatterND", nothing, pairs, ones)  # [n, B], 1 where a box survives
    some = emit("Greater", emit("ReduceMax", kept, [1]), np.float32(0))  # [n, 1]
    ranked = emit("Where", emit("Greater", kept, np.float32(0)), best, np.float32(lowest), dtype=np.float32)
    ranked = emit("Where", some, ranked, best, dtype=np.float32)
    room = emit("Pad", ranked, [0, 0, 0, max_boxes], np.float32(lowest))
    values, places = _emit_top(emit, room, emit.value([max_boxes]), 1, False)
    first = np.arange(max_boxes).reshape(1, -1) == 0
    # ONNX Runtime selects no booleans: the best box alone is valid where none survives.
    valid = emit("And", emit("Greater", values, np.float32(lowest)), emit("Or", some, first))
    safe = emit("Where", valid, places, np.int64(0), dtype=np.int64)
    mask = emit("Unsqueeze", emit.cast(valid, np.float32), [2])
    index = emit("Unsqueeze", safe, [2])
    chosen_boxes = emit("Mul", emit("GatherND", boxes, index, batch_dims=1), mask)
    chosen_scores = emit("Mul", emit("GatherND", scores, index, batch_dims=1), mask)
    chosen = emit("Where", valid, places, np.int64(-1), dtype=np.int64)
    if turned:
        return (
            emit("Transpose", chosen_boxes, perm=[0, 2, 1]),
            emit("Transpose", chosen_scores, perm=[0, 2, 1]),
            chosen,
        )
    counts = emit("ReduceSum", emit.cast(valid, np.int32), [1], keepdims=0)
    return chosen_boxes, chosen_scores, chosen, counts
