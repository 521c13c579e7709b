"""Finding marks: where on a page is a digit, by the locator's maps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from inklens.models.contract import LocatorContract
from inklens.reading.maps import STRIDE, UNIT
from inklens.reading.prepare import widen
from inklens.reading.views import View, look, views

Locate = Callable[[np.ndarray], np.ndarray]
"""From a picture uint8 [480, 640] or [640, 480] to maps float32 [15, height / 4, width / 4]; see `network.CHANNELS`."""

_INSIDE = 0.75  # the share of a box that lies in a surer one, from which it is a part of that digit


@dataclass(frozen=True)
class Found:
    """A place where the locator sees a digit.

    box: x0, y0, x1, y1 in pixels of the page, the last two exclusive. sure: 0 to 1. names: float32 [10], its
    probabilities of the digits 0 to 9. scale: pixels of the locator's picture for one of the page, where it was seen.
    """

    box: tuple[int, int, int, int]
    sure: float
    names: np.ndarray
    scale: float


def find_marks(page: np.ndarray, locate: Locate, contract: LocatorContract, *, closer: bool = True) -> list[Found]:
    """Every place of a page that looks like a digit, the surest first, with all of its ink in its box.

    page: uint8 [height, width], 0 black to 255 white. closer: look at it from further away and, where its pixels
    allow, closer too, as photos need; a camera frame is looked at once.
    """
    return [replace(mark, box=widen(page, mark.box)) for mark in propose_marks(page, locate, contract, closer=closer)]


def propose_marks(page: np.ndarray, locate: Locate, contract: LocatorContract, *, closer: bool = True) -> list[Found]:
    """As `find_marks`, with the boxes as the locator gives them."""
    height, width = page.shape
    found = [
        mark
        for view in views(width, height, closer=closer)
        for mark in decode(locate(look(page, view)), view, contract.peak, (width, height))
    ]
    return settle(found, contract.overlap)


def decode(maps: np.ndarray, view: View, peak: float, page: tuple[int, int]) -> list[Found]:
    """The peaks of maps float32 [15, h, w] as marks of a page of that width and height, in the maps' row order.

    A cell is a peak if its centre reaches `peak` (0 to 1) and none of its eight neighbours is higher, or as high and
    earlier in row order. No centre is as sure as 1.
    """
    centre = maps[0]
    with np.errstate(divide="ignore"):  # the logits of 0 and 1 are infinite, as they are in Swift and JavaScript
        least = np.log(np.float64(peak) / (1 - peak))
    places = np.argwhere(is_peak(centre) & (centre >= least))
    found = []
    for row, column in places.tolist():
        values = maps[:, row, column].astype(np.float64)
        x, y = (column + 0.5 + values[1]) * STRIDE, (row + 0.5 + values[2]) * STRIDE
        wide, high = np.exp(np.clip(values[3:5], -4, 4)) * (UNIT / 2)
        box = (x - wide, y - high, x + wide, y + high)
        if not view.owns(box, max(2 * wide, 2 * high), page):
            continue
        names = np.exp(values[5:] - values[5:].max())
        placed = view.to_page(box, page)
        if placed[2] > placed[0] and placed[3] > placed[1]:
            sure = 1 / (1 + np.exp(-values[0]))
            found.append(Found(placed, float(sure), (names / names.sum()).astype(np.float32), view.scale))
    return found


def is_peak(values: np.ndarray) -> np.ndarray:
    """Which cells of a map [h, w] are higher than their earlier neighbours and not lower than their later ones."""
    height, width = values.shape
    around = np.full((height + 2, width + 2), -np.inf, values.dtype)
    around[1:-1, 1:-1] = values
    peak = np.ones(values.shape, bool)
    for down in range(3):
        for right in range(3):
            if (down, right) != (1, 1):
                other = around[down : down + height, right : right + width]
                peak &= values > other if (down, right) < (1, 1) else values >= other
    return peak


def settle(found: Iterable[Found], overlap: float) -> list[Found]:
    """Keep the surest of marks that are the same digit: that have `overlap` of their joint area in common, or of which
    one lies in the other. Returns them surest first; of equally sure ones the first stays."""
    kept: list[Found] = []
    for mark in sorted(found, key=lambda mark: -mark.sure):
        if not any(is_same(mark.box, other.box, overlap) for other in kept):
            kept.append(mark)
    return kept


def is_same(one: tuple[int, int, int, int], two: tuple[int, int, int, int], overlap: float) -> bool:
    """Whether two boxes are of one digit."""
    wide, high = min(one[2], two[2]) - max(one[0], two[0]), min(one[3], two[3]) - max(one[1], two[1])
    if wide <= 0 or high <= 0:
        return False
    common, first, second = wide * high, area(one), area(two)
    return common >= overlap * (first + second - common) or common >= _INSIDE * min(first, second)


def area(box: tuple[int, int, int, int]) -> int:
    """The area of a box in pixels."""
    return (box[2] - box[0]) * (box[3] - box[1])
