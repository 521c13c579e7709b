"""Ink on pixels: strokes of any width at fractions of a pixel, smooth at their edges and exactly nothing beyond."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inklens.rendering.opencv import cv2

_SHIFT = 4  # OpenCV's coordinates in sixteenths
_THINNEST = 0.33  # px; a thinner pen fades instead
_SEEN = 16  # of 255


@dataclass(frozen=True)
class Patch:
    """Ink in a window of the page: `ink` uint8 [h, w], 0 none to 255 full, its top left pixel at (`x`, `y`).

    `shown`: the share of the ink that lies on the page, 0 to 1.
    """

    ink: np.ndarray
    x: int
    y: int
    shown: float

    def box(self) -> tuple[int, int, int, int] | None:
        """The pixels with a quarter of the strongest ink or more, as x0, y0, x1, y1 (the last two exclusive).

        None where the ink is too pale to be seen.
        """
        level = max(_SEEN, int(self.ink.max()) // 4)
        columns = np.flatnonzero(self.ink.max(axis=0) >= level)
        rows = np.flatnonzero(self.ink.max(axis=1) >= level)
        if not len(columns) or not len(rows):
            return None
        left, right, top, bottom = (int(v) for v in (columns[0], columns[-1], rows[0], rows[-1]))
        return self.x + left, self.y + top, self.x + right + 1, self.y + bottom + 1

    @property
    def window(self) -> tuple[slice, slice]:
        """Where the patch lies in an array [height, width] of the page."""
        return slice(self.y, self.y + self.ink.shape[0]), slice(self.x, self.x + self.ink.shape[1])


def draw_strokes(
    strokes: tuple[np.ndarray, ...], radii: tuple[np.ndarray, ...], shape: tuple[int, int], *, filled: bool = False
) -> Patch | None:
    """Draw strokes, float32 [n, 2] pixels each (the centre of the first pixel is 0.5, 0.5), with pens of `radii`.

    Only ink on the page of `shape` (height, width) comes back; None where there is none. `filled` as in Glyph.
    """
    points = np.concatenate(strokes)
    thickness = np.concatenate(radii)
    reach = 1.5 if filled else float(thickness.max()) + 1.5
    low, high = np.floor(points.min(axis=0) - reach), np.ceil(points.max(axis=0) + reach)
    height, width = shape
    if high[0] <= 0 or high[1] <= 0 or low[0] >= width or low[1] >= height:
        return None
    low, high = np.maximum(low, [-width, -height]), np.minimum(high, [2 * width, 2 * height])
    size = (high - low).astype(int)
    fine = _fineness(2 * float(np.median(thickness)) if not filled else 3, int(size[0]) * int(size[1]))
    canvas = np.zeros((size[1] * fine, size[0] * fine), np.uint8)
    if filled:
        cv2.fillPoly(canvas, [_fixed(stroke - low, fine) for stroke in strokes], 255, cv2.LINE_8, _SHIFT)
    else:
        for stroke, radius in zip(strokes, radii, strict=True):
            _draw_stroke(canvas, _fixed(stroke - low, fine), np.maximum(radius, _THINNEST) * fine)
    ink = cv2.resize(canvas, (int(size[0]), int(size[1])), interpolation=cv2.INTER_AREA) if fine > 1 else canvas
    faint = float(np.median(thickness)) / _THINNEST
    if not filled and faint < 1:
        ink = cv2.convertScaleAbs(ink, alpha=faint)
    return _cut(ink, int(low[0]), int(low[1]), shape)


def _fineness(pen: float, area: int) -> int:
    """How many times finer than the page to draw: steps of a pen's width stay under a tenth."""
    fine = 8 if pen < 3.5 else 4 if pen < 10 else 2
    while fine > 1 and area * fine * fine > 1_500_000:
        fine //= 2
    return fine


def _fixed(points: np.ndarray, fine: int) -> np.ndarray:
    # OpenCV draws pixel centres at whole numbers
    return np.rint((points * fine - 0.5) * (1 << _SHIFT)).astype(np.int32).reshape(-1, 1, 2)


def _draw_stroke(canvas: np.ndarray, points: np.ndarray, radii: np.ndarray) -> None:
    """Draw runs of the same width as one line each; runs share their ends, which are round."""
    # OpenCV's lines of thickness 2k - 1 and 2k are both 2k + 1 pixels wide
    widths = np.maximum(1, 2 * np.rint(radii - 0.5)).astype(int)
    if len(points) == 1:
        points, widths = np.repeat(points, 2, axis=0), np.repeat(widths, 2)
    changes = np.flatnonzero(np.diff(widths[:-1])) + 1
    starts, stops = [0, *changes.tolist()], [*changes.tolist(), len(widths) - 1]
    for start, stop in zip(starts, stops, strict=True):
        cv2.polylines(canvas, [points[start : stop + 1]], False, 255, int(widths[start]), cv2.LINE_8, _SHIFT)


def _cut(ink: np.ndarray, x: int, y: int, shape: tuple[int, int]) -> Patch | None:
    top, left = max(0, -y), max(0, -x)
    inside = ink[top : max(top, shape[0] - y), left : max(left, shape[1] - x)]
    if inside.size == 0:
        return None
    if inside.shape == ink.shape:
        return Patch(ink, x, y, 1.0)
    everything = int(ink.sum(dtype=np.int64))
    if everything == 0:
        return None
    return Patch(np.ascontiguousarray(inside), x + left, y + top, int(inside.sum(dtype=np.int64)) / everything)
