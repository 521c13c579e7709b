"""Choosing from which probability a mark counts as a digit, on rendered pages that nothing was trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from inklens.reading.find import find_marks
from inklens.reading.marks import iou
from inklens.reading.read import name_marks
from inklens.reading.reader import Reader
from inklens.reading.render import RenderOptions, render_pages

PAGES = 400
SEED = 11
_SAME = 0.4  # intersection over union from which a mark is the digit in that place
_STEPS = np.arange(0.2, 0.9, 0.01)


def choose_threshold(reader: Reader, *, progress: Callable[[int, int], object] | None = None) -> float:
    """The probability of any digit, 0.2 to 0.89, that gives the best F1 on rendered validation pages of 640 × 480.

    Of the thresholds within a thousandth of the best F1 the middle one. Needs the train extra and the renderer's fonts.
    """
    everything = replace(reader, classifier=replace(reader.classifier, threshold=0.0))
    options = RenderOptions(width=640, height=480, heights=(14, 300), digits="validation")
    some: list[float] = []
    right: list[bool] = []
    digits = 0
    for number, page in enumerate(render_pages(PAGES, options, seed=SEED)):
        marks = name_marks(page.page, find_marks(page.page, reader.locate, reader.locator), everything)
        left = np.ones(len(page.boxes), bool)
        digits += len(page.boxes)
        for mark in sorted(marks, key=lambda mark: -mark.confidence):
            box = np.array(mark.box)
            if (iou(box, page.ignore) > _SAME).any():
                continue
            shared = iou(box, page.boxes) * left
            best = int(shared.argmax()) if len(shared) else -1
            same = best >= 0 and shared[best] >= _SAME
            if same:
                left[best] = False
            some.append(1 - float(mark.probabilities[-1]))
            right.append(bool(same and mark.label == str(page.labels[best])))
        if progress:
            progress(number + 1, PAGES)
    accepted = np.array(some)[:, None] >= _STEPS
    hits = (accepted & np.array(right)[:, None]).sum(axis=0)
    f1 = 2 * hits / (accepted.sum(axis=0) + digits)
    near = _STEPS[f1 >= f1.max() - 0.001]
    return round(float(near[len(near) // 2]), 2)
