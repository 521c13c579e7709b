"""Non-maximum suppression as a model of its own: the last stage of object detectors.

Boxes are [centre x, centre y, width, height]. A box whose highest confidence is below the threshold is dropped; of two
boxes that overlap more than the IoU threshold (within one class when `perClass`) the more confident one stays.
Source: NonMaximumSuppression.proto of Core ML's specification.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inklens.coreml.description import ArrayType, Description, Feature
from inklens.coreml.features import class_labels, to_array
from inklens.coreml.protobuf import Message
from inklens.errors import ModelError

MAX_BOXES = 100_000  # detectors give up to some 25,000


class SuppressionModel:
    """Keeps the best of overlapping boxes."""

    def __init__(self, model: Message, description: Description) -> None:
        self.description = description
        self.kind = "nonMaximumSuppression"
        self.operations: Counter[str] = Counter({"nonMaximumSuppression": 1})
        self._settings = model.nonMaximumSuppression
        self.labels = class_labels(self._settings)
        for name in (self._settings.confidenceInputFeatureName, self._settings.coordinatesInputFeatureName):
            description.input(name)
        for name in (self._settings.confidenceOutputFeatureName, self._settings.coordinatesOutputFeatureName):
            description.output(name)

    def predict(self, features: Mapping[str, Any]) -> dict[str, Any]:
        settings = self._settings
        confidence = self._rows(settings.confidenceInputFeatureName, features)
        boxes = self._rows(settings.coordinatesInputFeatureName, features, width=4)
        if len(boxes) != len(confidence):
            raise ModelError(f"{len(confidence)} rows of confidences came with {len(boxes)} boxes")
        if len(boxes) > MAX_BOXES:
            raise ModelError(f"{len(boxes):,} boxes are too many to compare; at most {MAX_BOXES:,}")
        iou = self._threshold(settings.iouThresholdInputFeatureName, settings.iouThreshold, features)
        least = self._threshold(settings.confidenceThresholdInputFeatureName, settings.confidenceThreshold, features)
        kept = suppress(confidence, boxes, iou=iou, confidence_threshold=least, per_class=settings.pickTop.perClass)
        return {
            settings.confidenceOutputFeatureName: self._output(settings.confidenceOutputFeatureName, confidence[kept]),
            settings.coordinatesOutputFeatureName: self._output(settings.coordinatesOutputFeatureName, boxes[kept]),
        }

    def predict_batch(self, many: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [self.predict(features) for features in many]

    def _rows(self, name: str, features: Mapping[str, Any], width: int | None = None) -> np.ndarray:
        """An input as [boxes, columns]; leading dimensions of size 1 are dropped."""
        feature = self.description.input(name)
        rows = to_array(feature, features[name])
        while rows.ndim > 2 and rows.shape[0] == 1:
            rows = rows[0]
        if rows.ndim != 2 or (width is not None and rows.shape[1] != width):
            raise ModelError(f"the input {name!r} has the shape {list(rows.shape)}; one row a box is expected")
        return rows

    def _threshold(self, name: str, default: float, features: Mapping[str, Any]) -> float:
        value = features.get(name) if name else None
        return float(default if value is None else np.asarray(value).reshape(-1)[0])

    def _output(self, name: str, rows: np.ndarray) -> np.ndarray:
        feature: Feature = self.description.output(name)
        kind = feature.type
        if not isinstance(kind, ArrayType):
            raise ModelError(f"the output {name!r} is a {kind}; boxes and confidences are arrays")
        if len(kind.shape) == 2 and not kind.ranges and not kind.shapes and kind.shape[0] > 0:
            fixed = np.zeros(kind.shape, kind.dtype)  # a fixed number of boxes: the rest are zeros
            rows = rows[: kind.shape[0]]
            fixed[: len(rows)] = rows
            return fixed
        return rows.astype(kind.dtype)


def suppress(
    confidence: np.ndarray, boxes: np.ndarray, *, iou: float, confidence_threshold: float, per_class: bool
) -> np.ndarray:
    """The indices of the boxes that stay, the most confident first.

    confidence: [n, classes]; boxes: [n, 4], centre x, centre y, width, height.
    """
    if not confidence.size:
        return np.empty(0, np.int64)
    scores, classes = confidence.max(axis=1), confidence.argmax(axis=1)
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] >= confidence_threshold]
    centre, half = boxes[:, :2].astype(np.float64), np.maximum(boxes[:, 2:].astype(np.float64), 0) / 2
    low, high = centre - half, centre + half
    area = np.prod(high - low, axis=1)
    kept = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        sides = np.minimum(high[best], high[rest]) - np.maximum(low[best], low[rest])
        shared = np.prod(np.maximum(sides, 0), axis=1)
        union = area[best] + area[rest] - shared
        overlap = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
        similar = overlap > iou
        if per_class:
            similar &= classes[rest] == classes[best]
        order = rest[~similar]
    return np.array(kept, np.int64)
