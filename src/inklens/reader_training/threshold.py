"""Choosing how probable a mark must be to count as a digit, on rendered pages that no network was trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import chain

import numpy as np

from inklens.reader_training.calibrate import match_page, validation_pages
from inklens.reading.find import find_marks
from inklens.reading.judge import judge
from inklens.reading.read import classify_marks
from inklens.reading.reader import Reader

PAGES = 400  # with digits, and without
SEED = 11
_BETA = 0.5  # of the F-measure: precision counts twice as much as recall, for a false digit is worse than a missing one
_NEAR = 0.001  # of the F-measure
_STEPS = np.arange(20, 99) / 100


def choose_threshold(reader: Reader, *, progress: Callable[[int, int], object] | None = None) -> float:
    """The threshold of `judge`, 0.2 to 0.98, for the best F0.5 on rendered validation pages of 640 × 480.

    As many pages have no digits as have some, for that is what a camera sees. F0.5 is flat where it is highest, so this
    is the middle of the thresholds within a thousandth of the best. Needs the train extra and the renderer's fonts.
    """
    everything = replace(reader.classifier, threshold=0.0)
    sure: list[float] = []
    right: list[bool] = []
    digits = 0
    pages = chain(validation_pages(PAGES, SEED), validation_pages(PAGES, SEED, blank=True))
    for number, page in enumerate(pages):
        found = find_marks(page.page, reader.locate, reader.locator)
        answers = classify_marks(page.page, [one.box for one in found], reader)
        marks = [judge(one, answer, everything) for one, answer in zip(found, answers, strict=True)]
        boxes = np.array([mark.box for mark in marks]).reshape(-1, 4)
        truth = match_page(boxes, np.array([mark.confidence for mark in marks]), page)
        digits += len(page.boxes)
        for mark, digit in zip(marks, truth.tolist(), strict=True):
            if digit > -2:
                sure.append(mark.confidence)
                right.append(digit >= 0 and mark.label == str(page.labels[digit]))
        if progress:
            progress(number + 1, 2 * PAGES)
    return best_threshold(np.array(sure), np.array(right), digits)


def best_threshold(sure: np.ndarray, right: np.ndarray, digits: int) -> float:
    """The threshold by marks' confidences, float64 [n], whether they are right, bool [n], and the number of digits."""
    accepted = sure[:, None] >= _STEPS
    hits = (accepted & right[:, None]).sum(axis=0)
    measure = (1 + _BETA**2) * hits / (accepted.sum(axis=0) + _BETA**2 * digits)
    return round(float(np.median(_STEPS[measure >= measure.max() - _NEAR])), 2)
