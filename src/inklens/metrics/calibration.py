"""Does a confidence of 0.9 mean nine right out of ten? Measured by binning, mended by one temperature.

Source: Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017 (arXiv 1706.04599).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 15  # the number that the calibration literature reports with
COLDEST, HOTTEST = 0.05, 20.0  # a validation set without a mistake would ask for temperature 0


@dataclass(frozen=True)
class Reliability:
    """Predictions sorted into equal-width bins of confidence, (0, 1/m], (1/m, 2/m], …, ((m-1)/m, 1].

    `edges` float64 [m + 1]; `counts` int64 [m]; `confidence` and `accuracy` float64 [m], means of each bin and NaN
    where a bin is empty.
    """

    edges: np.ndarray
    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error, 0 to 1: |accuracy - confidence| of the bins, weighted by their counts."""
        used = self.counts > 0
        gaps = np.abs(self.accuracy[used] - self.confidence[used])
        return float((self.counts[used] * gaps).sum() / self.counts.sum())


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities [n, classes] of logits float [n, classes], in the dtype of the logits."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean negative log-likelihood, in nats, of `labels` int [n] under logits float [n, classes]."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]))


def reliability(probabilities: np.ndarray, labels: np.ndarray, *, bins: int = BINS) -> Reliability:
    """Sort predictions by the probability of their likeliest class and compare it with how often they are right.

    probabilities: float [n, classes], rows that sum to 1; labels: int [n]; n ≥ 1.
    """
    return compare_confidence(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels, bins=bins)


def compare_confidence(confidence: np.ndarray, right: np.ndarray, *, bins: int = BINS) -> Reliability:
    """Sort answers by their confidence, float [n] of 0 to 1, and compare it with how often they are `right`, bool [n];
    n ≥ 1."""
    confidence = np.minimum(confidence.astype(np.float64), 1.0)  # float32 sums may pass 1 by an ulp
    edges = np.linspace(0.0, 1.0, bins + 1)
    index = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(index, minlength=bins)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(index, weights=values, minlength=bins) / counts for values in (confidence, right)]
    return Reliability(edges, counts, *means)


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, *, bins: int = BINS) -> float:
    """The expected calibration error, 0 (best) to 1, over `bins` equal-width bins of the top probability.

    probabilities: float [n, classes], rows that sum to 1; labels: int [n]; n ≥ 1.
    """
    return reliability(probabilities, labels, bins=bins).error


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature T for which softmax(logits / T) has the least cross-entropy on `labels`, 0.05 to 20.

    logits: float [n, classes], before the softmax; log-probabilities serve as well, for they differ from logits by
    a constant of the row. labels: int [n]. T > 1 softens an overconfident network; no T changes its answers.
    """
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    shifted = np.maximum(shifted, -1e4)  # log(0) would make 0 * inf below
    chosen = shifted[np.arange(len(labels)), labels].mean()

    def slope(sharpness: float) -> float:
        """Derivative of the mean cross-entropy by 1/T: it rises with 1/T, for the cross-entropy is convex in it."""
        weights = np.exp(shifted * sharpness)
        return float(((weights * shifted).sum(axis=1) / weights.sum(axis=1)).mean() - chosen)

    low, high = 1 / HOTTEST, 1 / COLDEST
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return 2 / (low + high)


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities softened (T > 1) or sharpened (T < 1): softmax(log(probabilities) / T), float64 [n, classes].

    `apply_temperature(p, 1 / T)` undoes a temperature T that is already folded into the probabilities p.
    """
    with np.errstate(divide="ignore"):
        logits = np.log(probabilities.astype(np.float64)) / temperature
    return softmax(logits)
