"""Making the locator's probabilities honest, on rendered pages that nothing was trained on.

The focal loss leaves a locator too cautious: it says 0.7 where it is right in 19 of 20 places. A slope and a shift of
its centres' logits (Platt 1999), and a temperature of its digits', are fitted here and folded into the last
convolution at export, so that every client gets honest numbers without knowing of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from inklens.exporting.calibration import Calibration
from inklens.reader_evaluation.score import OVERLAP, intersection_over_union, match_boxes
from inklens.reading.find import propose_marks
from inklens.reading.judge import odds
from inklens.reading.reader import Reader
from inklens.rendering.render import RenderedPage, RenderOptions, render_pages

PAGES = 300
SEED = 12  # other pages than those that the threshold is chosen on
_LEAST = 0.01  # of the centres that are looked at
_TEMPERATURES = np.exp(np.linspace(np.log(0.3), np.log(3), 70))


def validation_pages(count: int, seed: int, *, blank: bool = False) -> Iterator[RenderedPage]:
    """Rendered pages of 640 × 480 to calibrate and choose by: digits that no network has seen, 14 to 300 px high; on
    `blank` ones none."""
    options = RenderOptions(width=640, height=480, heights=(14, 300), digits="validation")
    return render_pages(count, replace(options, blank=1.0) if blank else options, seed=seed)


def match_page(boxes: np.ndarray, confidences: np.ndarray, page: RenderedPage) -> np.ndarray:
    """Which digit of the page each of `boxes` [n, 4] is: its index, -1 for none, -2 for ink that is to be ignored."""
    truth = match_boxes(boxes, confidences, page.boxes)
    ignored = (intersection_over_union(boxes, page.ignore) > OVERLAP).any(axis=1)
    return np.where((truth < 0) & ignored, -2, truth)


def calibrate_locator(reader: Reader, *, progress: Callable[[int, int], object] | None = None) -> Calibration:
    """What the locator's own numbers lack, fitted on rendered validation pages. Needs the renderer's fonts."""
    contract = replace(reader.locator, peak=_LEAST)
    logits: list[float] = []
    hits: list[bool] = []
    names: list[np.ndarray] = []
    labels: list[int] = []
    for number, page in enumerate(validation_pages(PAGES, SEED)):
        found = propose_marks(page.page, reader.locate, contract)
        boxes = np.array([mark.box for mark in found]).reshape(-1, 4)
        truth = match_page(boxes, np.array([mark.sure for mark in found]), page)
        for mark, digit in zip(found, truth.tolist(), strict=True):
            if digit == -2:
                continue
            logits.append(math.log(odds(mark.sure)))
            hits.append(digit >= 0)
            if digit >= 0:
                names.append(np.log(np.maximum(mark.names.astype(np.float64), 1e-12)))
                labels.append(int(page.labels[digit]))
        if progress:
            progress(number + 1, PAGES)
    slope, shift = fit_platt(np.array(logits), np.array(hits))
    return Calibration(slope, shift, fit_names(np.array(names), np.array(labels)))


def fit_platt(logits: np.ndarray, hits: np.ndarray) -> tuple[float, float]:
    """Slope and shift of the logits [n] that make the likelihood of `hits` bool [n] the largest, by Newton's steps."""
    x = np.stack([logits, np.ones_like(logits)], axis=1)
    weights = np.array([1.0, 0.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-(x @ weights)))
        gradient = x.T @ (hits - p)
        curvature = (x * (p * (1 - p))[:, None]).T @ x + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        weights += step
        if np.abs(step).max() < 1e-9:
            break
    return round(float(weights[0]), 4), round(float(weights[1]), 4)


def fit_names(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature that makes the likelihood of `labels` int [n] under logits [n, 10] the largest."""

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        top = scaled.max(axis=1, keepdims=True)
        return float(
            (np.log(np.exp(scaled - top).sum(axis=1)) + top[:, 0] - scaled[np.arange(len(labels)), labels]).mean()
        )

    return round(float(min(_TEMPERATURES, key=loss)), 4)
