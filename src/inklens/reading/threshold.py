"""Choosing from which probability a mark counts as a digit, on rendered pages that nothing was trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from inklens.reading.calibrate import match_page, validation_pages
from inklens.reading.find import find_marks
from inklens.reading.read import name_marks
from inklens.reading.reader import Reader

PAGES = 400
SEED = 11
_NEAR = 0.002  # of F1
_STEPS = np.arange(0.2, 0.9, 0.01)


def choose_threshold(reader: Reader, *, progress: Callable[[int, int], object] | None = None) -> float:
    """The probability of any digit, 0.2 to 0.89, that gives the best F1 on rendered validation pages of 640 × 480.

    Of the thresholds within two thousandths of the best F1 the highest: a false digit is worse than one left out. Needs
    the train extra and the renderer's fonts.
    """
    everything = replace(reader, classifier=replace(reader.classifier, threshold=0.0))
    some: list[float] = []
    right: list[bool] = []
    digits = 0
    for number, page in enumerate(validation_pages(PAGES, SEED)):
        marks = name_marks(page.page, find_marks(page.page, reader.locate, reader.locator), everything)
        boxes = np.array([mark.box for mark in marks]).reshape(-1, 4)
        confidences = np.array([mark.confidence for mark in marks])
        digits += len(page.boxes)
        for mark, digit in zip(marks, match_page(boxes, confidences, page).tolist(), strict=True):
            if digit > -2:
                some.append(1 - float(mark.probabilities[-1]))
                right.append(digit >= 0 and mark.label == str(page.labels[digit]))
        if progress:
            progress(number + 1, PAGES)
    accepted = np.array(some)[:, None] >= _STEPS
    hits = (accepted & np.array(right)[:, None]).sum(axis=0)
    f1 = 2 * hits / (accepted.sum(axis=0) + digits)
    return round(float(_STEPS[f1 >= f1.max() - _NEAR].max()), 2)
