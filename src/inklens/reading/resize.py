"""Resizing in whole numbers, so that Python, Swift and JavaScript get the same pixels to the last bit."""

from __future__ import annotations

from functools import lru_cache

import numpy as np


def resize(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize to `width` × `height`, each new pixel the mean of the old ones under a window round its place.

    pixels: uint8 [h, w] (or any integers below 2^16). Returns int64 [height, width]. The window is as large as a new
    pixel, but at least as large as an old one: an area average downwards, bilinear interpolation upwards. Means are
    rounded once, halves up; beyond the edge the edge's pixels go on.
    """
    if pixels.shape == (height, width):
        return pixels.astype(np.int64)
    down, across = _weights(pixels.shape[0], height), _weights(pixels.shape[1], width)
    # float64 holds every whole number up to 2^53: the products are exact, and BLAS is fast
    total = across.whole(down.whole(pixels.astype(np.float64)).T).T
    unit = down.unit * across.unit
    return (2 * total.astype(np.int64) + unit) // (2 * unit)


class _Weights:
    """For every new pixel the share of each old one, in whole numbers that sum to `unit`."""

    def __init__(self, old: int, new: int) -> None:
        half = max(old, new)
        self.unit = 2 * half
        middle = (2 * np.arange(new) + 1) * old  # of each window, in 1/(2 new) of an old pixel
        first = (middle - half) // (2 * new)
        last = (middle + half - 1) // (2 * new)
        self.places = first[:, None] + np.arange(int((last - first).max()) + 1)
        left = np.maximum(2 * new * self.places, (middle - half)[:, None])
        right = np.minimum(2 * new * (self.places + 1), (middle + half)[:, None])
        self.shares = np.maximum(right - left, 0).astype(np.float64)
        self.places = np.clip(self.places, 0, old - 1)

    def whole(self, rows: np.ndarray) -> np.ndarray:
        """The weighted sums of `rows` float64 [old, k] as float64 [new, k]."""
        total = rows[self.places[:, 0]] * self.shares[:, :1]
        for tap in range(1, self.places.shape[1]):
            total += rows[self.places[:, tap]] * self.shares[:, tap : tap + 1]
        return total


@lru_cache(maxsize=512)
def _weights(old: int, new: int) -> _Weights:
    return _Weights(old, new)
