from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.coreml.engines import Input, both, numbers

BOXES = np.array(
    [[[0, 0, 2, 2], [0.1, 0, 2, 2], [5, 5, 2, 2], [5.1, 5, 2, 2], [9, 9, 1, 1]]], np.float32
)  # centre x, centre y, width, height: two pairs that overlap, and one alone
SCORES = np.array([[[0.9, 0.1], [0.8, 0.2], [0.2, 0.7], [0.75, 0.1], [0.1, 0.3]]], np.float32)


def suppress(boxes: np.ndarray, scores: np.ndarray, **arguments: Any) -> Any:
    return both("non_maximum_suppression", boxes=Input(boxes), scores=Input(scores), **arguments)


@pytest.mark.parametrize("unknown", [False, True])
def test_of_overlapping_boxes_the_best_survives(unknown: bool) -> None:
    if unknown:
        pytest.skip("the number of classes has to be known")
    boxes, scores, places, counts = suppress(BOXES, SCORES, iou_threshold=0.5, score_threshold=0.25, max_boxes=5)
    np.testing.assert_array_equal(places, [[0, 3, 4, -1, -1]])
    np.testing.assert_array_equal(counts, [3])
    np.testing.assert_array_equal(boxes[0, :3], BOXES[0, [0, 3, 4]])
    np.testing.assert_array_equal(scores[0], [*SCORES[0, [0, 3, 4]], [0, 0], [0, 0]])


def test_boxes_of_different_classes_do_not_suppress_each_other_where_that_is_asked_for() -> None:
    arguments = {"iou_threshold": 0.5, "score_threshold": 0.25, "max_boxes": 3, "per_class_suppression": True}
    _, _, places, counts = suppress(BOXES, SCORES, **arguments)
    np.testing.assert_array_equal(places, [[0, 3, 2]])
    np.testing.assert_array_equal(counts, [3])


def test_every_image_of_a_batch_has_its_own_boxes() -> None:
    boxes, scores = np.concatenate([BOXES, BOXES[:, ::-1]]), np.concatenate([SCORES, SCORES[:, ::-1]])
    _, _, places, counts = suppress(boxes, scores, iou_threshold=0.5, score_threshold=0.25, max_boxes=4)
    np.testing.assert_array_equal(places, [[0, 3, 4, -1], [4, 1, 0, -1]])
    np.testing.assert_array_equal(counts, [3, 3])


def test_the_best_box_is_returned_though_none_passes_the_threshold() -> None:
    _, _, places, counts = suppress(BOXES, SCORES, iou_threshold=0.5, score_threshold=0.99, max_boxes=2)
    np.testing.assert_array_equal(places, [[0, -1]])
    np.testing.assert_array_equal(counts, [1])


def test_since_ios_17_boxes_stand_in_columns_and_nothing_is_counted() -> None:
    boxes, scores, places = suppress(BOXES.swapaxes(1, 2), SCORES.swapaxes(1, 2), iou_threshold=0.5, max_boxes=2)
    np.testing.assert_array_equal(places, [[0, 3]])
    np.testing.assert_array_equal(boxes, BOXES[:, [0, 3]].swapaxes(1, 2))
    np.testing.assert_array_equal(scores, SCORES[:, [0, 3]].swapaxes(1, 2))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("per_class", [False, True])
def test_both_engines_suppress_alike(seed: int, per_class: bool) -> None:
    boxes = np.concatenate([numbers(2, 30, 2, seed=seed), numbers(2, 30, 2, seed=seed + 9, low=0.5, high=2)], axis=2)
    scores = numbers(2, 30, 4, seed=seed + 50, low=0, high=1)
    suppress(boxes, scores, iou_threshold=0.3, score_threshold=0.4, max_boxes=12, per_class_suppression=per_class)


def test_topk_of_minus_one_sorts_everything() -> None:
    values, places = both("topk", x=Input(np.array([[3, 1, 2]], np.float32)), k=-1, ascending=True)
    np.testing.assert_array_equal(values, [[1, 2, 3]])
    np.testing.assert_array_equal(places, [[1, 2, 0]])


def test_equal_elements_keep_their_order() -> None:
    places = both("argsort", x=Input(np.array([1, 3, 1, 3], np.float32)))
    np.testing.assert_array_equal(places, [1, 3, 0, 2])
