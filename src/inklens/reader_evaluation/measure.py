"""One page, read and compared with what is true of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inklens.reader_evaluation.score import PageScore, Truth, score_page
from inklens.reading.read import classify_marks, read_page
from inklens.reading.reader import Reader


def measure(name: str, page: np.ndarray, truth: Truth, reader: Reader) -> PageScore:
    """Read a page, uint8 [height, width], and compare with its truth."""
    return score_page(name, truth, read_page(page, reader), name_given(page, truth.boxes, reader))


def name_given(page: np.ndarray, boxes: np.ndarray, reader: Reader) -> Sequence[str]:
    """The likeliest label of each of `boxes` int [n, 4], none left aside, by the classifier alone."""
    answers = classify_marks(page, boxes.tolist(), reader)
    return [reader.labels[place] for place in answers[:, reader.classifier.symbols].argmax(axis=1).tolist()]
