"""A page as the locator looks at it: whole, from further away, and closer in overlapping parts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from inklens.reading.prepare import median
from inklens.reading.resize import resize

LONG, SHORT = 640, 480  # sides of the locator's picture, in pixels
_LARGEST = 4  # times that a page is enlarged at most
_OVERLAP = 96  # pixels that neighbouring parts have in common
_SMALL = 72  # pixels: a closer look is for marks up to this size, which some part shows whole
_LARGE = 72  # pixels: the look from further away is for marks from this size
_CLOSEST = 2  # levels; at the second, 640 pixels of the page are 2,300 or less of a photo


@dataclass(frozen=True)
class View:
    """A rectangle of the page (`x`, `y`, `width`, `height` in its pixels) shown in the top left of the locator's
    picture, `shown_width` × `shown_height` pixels large. `level` 0 shows the whole page as large as it fits, -1 half as
    large, 1, 2, … about twice as large each."""

    level: int
    x: int
    y: int
    width: int
    height: int
    shown_width: int
    shown_height: int

    def owns(self, box: tuple[float, float, float, float], size: float, page: tuple[int, int]) -> bool:
        """Whether a mark seen here, with its box and longer side in pixels of the picture, is for this view to tell.

        Other views see it better that is too large or too small for this level, or that the edge of a part of the page
        may have cut off.
        """
        if self.level < 0:
            return size >= _LARGE
        if self.level == 0:
            return True
        x0, y0, x1, y1 = box
        width, height = page
        return (
            size <= _SMALL
            and (self.x == 0 or x0 >= 1)
            and (self.y == 0 or y0 >= 1)
            and (self.x + self.width == width or x1 <= self.shown_width - 1)
            and (self.y + self.height == height or y1 <= self.shown_height - 1)
        )

    def to_page(self, box: tuple[float, float, float, float], page: tuple[int, int]) -> tuple[int, int, int, int]:
        """A box of the picture in whole pixels of the page, cut off at its edges; halves are rounded up."""
        x0, y0, x1, y1 = (
            math.floor(start + value * length / shown + 0.5)
            for value, start, length, shown in zip(
                box,
                (self.x, self.y) * 2,
                (self.width, self.height) * 2,
                (self.shown_width, self.shown_height) * 2,
                strict=True,
            )
        )
        return max(0, x0), max(0, y0), min(page[0], x1), min(page[1], y1)

    @property
    def scale(self) -> float:
        """Pixels of the picture for one of the page."""
        return self.shown_width / self.width


def fit_page(width: int, height: int) -> View:
    """The whole page as large as it fits into 640 × 480 pixels, or 480 × 640 if it is higher than wide."""
    wide, high = picture_size(width, height)
    if width * high >= height * wide:
        shown = wide, max(1, (2 * height * wide + width) // (2 * width))
    else:
        shown = max(1, (2 * width * high + height) // (2 * height)), high
    if shown[0] > _LARGEST * width:
        shown = _LARGEST * width, _LARGEST * height
    return View(0, 0, 0, width, height, *shown)


def views(width: int, height: int, *, closer: bool = True) -> list[View]:
    """How a page of that size is looked at: whole; with `closer` from further away too, and closer if it has pixels."""
    whole = fit_page(width, height)
    if not closer:
        return [whole]
    further = replace(
        whole, level=-1, shown_width=max(1, whole.shown_width // 2), shown_height=max(1, whole.shown_height // 2)
    )
    return [whole, further, *(part for level in range(1, _CLOSEST + 1) for part in _parts(width, height, level))]


def _parts(width: int, height: int, level: int) -> list[View]:
    """The page in parts that overlap, about 2^level along its longer side; none where pixels would only be enlarged."""
    whole, count = fit_page(width, height), 2**level
    wide, high = picture_size(width, height)
    # as large as `count` pictures side by side, less their overlaps, make it
    joined = count * wide - (count - 1) * _OVERLAP
    virtual_width, virtual_height = whole.shown_width * joined // wide, whole.shown_height * joined // wide
    if 4 * width < 3 * virtual_width:
        return []
    part_width = min(width, -(-wide * width // virtual_width))
    part_height = min(height, -(-high * height // virtual_height))
    shown = fit_page(part_width, part_height)
    return [
        View(level, x, y, part_width, part_height, shown.shown_width, shown.shown_height)
        for y in _starts(height, part_height, virtual_height, high)
        for x in _starts(width, part_width, virtual_width, wide)
    ]


def _starts(length: int, part: int, virtual: int, shown: int) -> list[int]:
    """Where parts of a side begin, evenly from end to end."""
    if part == length:
        return [0]
    last = max(1, -(-(virtual - _OVERLAP) // (shown - _OVERLAP)) - 1)
    return [number * (length - part) // last for number in range(last + 1)]


def picture_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the locator's picture for a page of that shape."""
    return (LONG, SHORT) if width >= height else (SHORT, LONG)


def look(page: np.ndarray, view: View) -> np.ndarray:
    """The locator's picture of a view, uint8: the page's pixels resized, the rest its border's median."""
    wide, high = picture_size(*page.shape[::-1])
    shown = resize(
        page[view.y : view.y + view.height, view.x : view.x + view.width], view.shown_width, view.shown_height
    ).astype(np.uint8)
    if shown.shape == (high, wide):
        return shown
    picture = np.full((high, wide), border_level(shown), np.uint8)
    picture[: view.shown_height, : view.shown_width] = shown
    return picture


def border_level(picture: np.ndarray) -> int:
    """The lower median of a picture's outermost pixels, corners twice."""
    return median(np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]))
