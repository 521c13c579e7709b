"""Resizing in whole numbers, so that Python, Swift and JavaScript get the same pixels to the last bit."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

_BLOCK = 16  # new rows that are summed by one matrix product: with more, most of the matrix is zeros
_WORK = 1 << 18  # multiplications of one product: OpenBLAS does more by several threads, which wait for busy cores


def resize(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize to `width` × `height`, each new pixel the mean of the old ones under a window round its place.

    pixels: uint8 [h, w], or other integers from 0 to 65535. Returns int64 [height, width]. The window is as large as a
    new pixel, but at least as large as an old one: an area average downwards, bilinear interpolation upwards. Means are
    rounded once, halves up; beyond the edge the edge's pixels go on. Exact where the larger of the old and the new
    height times the larger of both widths stays below 2^35.
    """
    if pixels.shape == (height, width):
        return pixels.astype(np.int64)
    down, across = _weights(pixels.shape[0], height), _weights(pixels.shape[1], width)
    # every sum is a whole number that its type holds: matrix products, which are fast, are exact in any order
    rows = down.whole(pixels, np.float32 if pixels.dtype == np.uint8 and 255 * down.unit < 2**24 else np.float64)
    total = across.whole(rows.T, np.float64).T.astype(np.int64)
    unit = down.unit * across.unit
    return (2 * total + unit) // (2 * unit)


class _Weights:
    """For every new pixel the share of each old one, in whole numbers that sum to `unit`."""

    def __init__(self, old: int, new: int) -> None:
        half = max(old, new)
        self.unit = 2 * half
        middle = (2 * np.arange(new) + 1) * old  # of each window, in 1/(2 new) of an old pixel
        first = (middle - half) // (2 * new)
        last = (middle + half - 1) // (2 * new)
        places = first[:, None] + np.arange(int((last - first).max()) + 1)
        left = np.maximum(2 * new * places, (middle - half)[:, None])
        right = np.minimum(2 * new * (places + 1), (middle + half)[:, None])
        shares = np.maximum(right - left, 0).astype(np.float64)
        places = np.clip(places, 0, old - 1)
        self.new = new
        self.blocks: list[tuple[slice, slice, np.ndarray]] = []  # new pixels, the old ones that they see, the shares
        for start in range(0, new, _BLOCK):
            block = slice(start, min(start + _BLOCK, new))
            seen = slice(int(places[block].min()), int(places[block].max()) + 1)
            matrix = np.zeros((block.stop - start, seen.stop - seen.start))
            np.add.at(matrix, (np.arange(len(matrix))[:, None], places[block] - seen.start), shares[block])
            self.blocks.append((block, seen, matrix))

    def whole(self, rows: np.ndarray, dtype: type[np.floating]) -> np.ndarray:
        """The weighted sums of `rows` [old, k] as `dtype` [new, k], which holds all of them exactly."""
        total = np.empty((self.new, rows.shape[1]), dtype)
        for block, seen, matrix in self.blocks:
            shares, step = matrix.astype(dtype), max(16, _WORK // matrix.size)
            for start in range(0, rows.shape[1], step):
                part = slice(start, start + step)
                np.matmul(shares, rows[seen, part].astype(dtype), out=total[block, part])
        return total


@lru_cache(maxsize=256)
def _weights(old: int, new: int) -> _Weights:
    return _Weights(old, new)
