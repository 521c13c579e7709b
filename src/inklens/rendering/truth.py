"""What is true of a rendered page: which digits can be read and where, and what a loss should look away from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inklens.rendering.compose import LUMA, Drawn, Shot
from inklens.rendering.sheet import DIGIT, IGNORE, NEGATIVE

Box = tuple[int, int, int, int]

_SMALLEST = 8  # px, those that the pen only touches counted; nobody reads a lower digit
_SHOWN = 0.93  # the share of a digit's ink that must lie on the page
_COVERED = 0.35  # the share of its ink that may lie on other ink
_STRUCK = 0.2  # the share of its box that a crossing-out may touch
_BURIED = 0.6  # the share of its box, or of the other's, that it may have in common with another digit
_LEAST_CONTRAST = 9.0  # grey levels, or 1.2 standard deviations of the noise


@dataclass(frozen=True)
class RenderedPage:
    """A page and the truth about it; boxes are int32 [n, 4] of x0, y0, x1, y1 in pixels, the last two exclusive.

    `page` uint8 [height, width], 0 black to 255 white; `colour` uint8 [height, width, 3] red, green, blue where asked
    for. `boxes`, `labels` (int64 [n], 0 to 9) the digits that can be read; `lines` and `strings` their indices from
    left to right, strings being digits written as one number (a number of which a digit cannot be read is left out).
    `ignore` boxes of what is neither a digit nor surely none: cut off, illegible, crossed out, letters that look like
    digits. `negatives` boxes of marks that are no digits, and `families` the negative family of each. `generators`
    which generators made the page, by kind.
    """

    page: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    lines: tuple[tuple[int, ...], ...]
    strings: tuple[tuple[int, ...], ...]
    ignore: np.ndarray
    negatives: np.ndarray
    families: tuple[str, ...]
    generators: dict[str, tuple[str, ...]]
    colour: np.ndarray | None = None


def describe(shot: Shot, marks: list[Drawn], generators: dict[str, list[str]]) -> RenderedPage:
    """Put a picture and the truth about it together. A digit that cannot be read becomes a box to ignore."""
    unreadable = find_unreadable(shot, marks)
    digits = [drawn for drawn in marks if drawn.mark.role == DIGIT]
    readable = sorted(
        (drawn for drawn in digits if id(drawn) not in unreadable), key=lambda drawn: (drawn.mark.line, drawn.box[0])
    )
    broken = {drawn.mark.string for drawn in digits if id(drawn) in unreadable}
    others = [drawn for drawn in marks if drawn.mark.role == NEGATIVE]
    lines: dict[int, list[int]] = {}
    strings: dict[int, list[int]] = {}
    for index, drawn in enumerate(readable):
        lines.setdefault(drawn.mark.line, []).append(index)
        if drawn.mark.string not in broken:
            strings.setdefault(drawn.mark.string, []).append(index)
    coloured = shot.picture.shape[2] == 3
    grey = np.rint(shot.picture @ LUMA).astype(np.uint8) if coloured else shot.picture[..., 0]
    return RenderedPage(
        page=np.ascontiguousarray(grey),
        boxes=_boxes([drawn.box for drawn in readable]),
        labels=np.array([drawn.mark.label for drawn in readable], np.int64),
        lines=tuple(tuple(members) for members in lines.values()),
        strings=tuple(tuple(members) for members in strings.values()),
        ignore=_boxes([drawn.box for drawn in marks if drawn.mark.role == IGNORE or id(drawn) in unreadable]),
        negatives=_boxes([drawn.box for drawn in others]),
        families=tuple(drawn.mark.family for drawn in others),
        generators={kind: tuple(names) for kind, names in sorted(generators.items())},
        colour=shot.picture if coloured else None,
    )


def find_unreadable(shot: Shot, marks: list[Drawn]) -> set[int]:
    """The ids of the digits among `marks` that are cut off, covered, crossed out, too small, too faint or too soft."""
    digits = [drawn for drawn in marks if drawn.mark.role == DIGIT]
    boxes = _boxes([drawn.box for drawn in digits])
    struck = overlaps(boxes, _boxes([drawn.box for drawn in marks if drawn.mark.struck])).max(axis=1, initial=0)
    over = overlaps(boxes, boxes)
    np.fill_diagonal(over, 0)
    buried = np.maximum(over, over.T).max(axis=1, initial=0)
    return {
        id(drawn)
        for place, drawn in enumerate(digits)
        if drawn.patch.shown < _SHOWN
        or drawn.covered > _COVERED
        or struck[place] > _STRUCK
        or buried[place] > _BURIED
        or not is_legible(drawn, shot)
    }


def is_legible(drawn: Drawn, shot: Shot) -> bool:
    """Whether a digit is high, sharp and strong enough, and seen from end to end, to be read on the picture."""
    x0, y0, x1, y1 = drawn.box
    high = max(y1 - y0, x1 - x0)
    if high < _SMALLEST or shot.damage.blur > 0.14 * high:
        return False
    ink = drawn.patch.ink >= min(110, int(drawn.patch.ink.max()))
    strength = shot.contrast[drawn.patch.window][ink]
    pen = float(ink.sum()) / (2.2 * high)  # the stroke's width: its area by about its length
    kept = pen / float(np.hypot(pen, 1.6 * shot.damage.blur))
    seen = float((strength > 0.35 * float(np.percentile(strength, 90))).mean())
    return float(strength.mean()) * kept > max(_LEAST_CONTRAST, 1.2 * shot.damage.noise) and seen > 0.8


def overlaps(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The share of each of `boxes` [n, 4] that each of `others` [m, 4] covers, float64 [n, m] of 0 to 1."""
    one, two = boxes[:, None], others[None]
    sides = np.minimum(one[..., 2:], two[..., 2:]) - np.maximum(one[..., :2], two[..., :2])
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return np.maximum(sides, 0).prod(axis=2) / np.maximum(area, 1)[:, None]


def _boxes(boxes: list[Box]) -> np.ndarray:
    return np.array(boxes, np.int32).reshape(-1, 4)
