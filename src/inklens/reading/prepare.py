"""One mark cut out of a page and redrawn as classifiers of MNIST know digits."""

from __future__ import annotations

import numpy as np

from inklens.reading.resize import resize

SIZE = 28  # pixels of a side
LONG = 20  # pixels of the mark's long side, as in MNIST
_LEAST_CONTRAST = 8  # grey levels of the paper's distance that full ink has at least: fainter marks stay grey


def prepare_mark(page: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """Cut one mark out of a page: paper 0, ink towards 255, long side 20 px, its centre of mass in the middle.

    page: uint8 [height, width], 0 black to 255 white, ink darker or brighter than the paper. box: x0, y0, x1, y1 in
    pixels, the last two exclusive; parts outside the page are left out. Returns uint8 [28, 28], ink bright on 0; all
    zeros for a box without area on the page. Whole numbers throughout: every step is exact.
    """
    height, width = page.shape
    x0, y0, x1, y1 = max(0, box[0]), max(0, box[1]), min(width, box[2]), min(height, box[3])
    if x1 <= x0 or y1 <= y0:
        return np.zeros((SIZE, SIZE), np.uint8)
    ink = take_ink(page, (x0, y0, x1, y1))
    wide, high = x1 - x0, y1 - y0
    longest = max(wide, high)
    wide, high = (
        max(1, (2 * wide * LONG + longest) // (2 * longest)),
        max(1, (2 * high * LONG + longest) // (2 * longest)),
    )
    return centre(stretch(resize(ink, wide, high)))


def widen(page: np.ndarray, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """A box with the strokes that it cuts off: a side moves out as far as ink goes on, if that ends within an eighth.

    page: uint8 [height, width]; box: x0, y0, x1, y1 in pixels, within the page and not empty. Ink is what has half of
    the box's full ink. A locator's box is now and then a few pixels too small, and the arch and the foot of a 2 in thin
    strokes are no more than that. Ink that goes on further is another mark's, or a line of the paper.
    """
    x0, y0, x1, y1 = box
    height, width = page.shape
    reach = max(2, max(x1 - x0, y1 - y0) // 8)
    left, top = max(0, x0 - reach), max(0, y0 - reach)
    region = page[top : min(height, y1 + reach), left : min(width, x1 + reach)]
    rows, columns = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
    paper = median(region)
    squares = np.bincount(region.ravel(), minlength=256) * (np.arange(256) - paper) ** 2
    if squares[:paper].sum() >= squares[paper:].sum():  # dark ink
        region, paper = 255 - region, 255 - paper
    full = max(_LEAST_CONTRAST, rank_from_top(region[rows, columns], (x1 - x0) * (y1 - y0) // 16) - paper)
    inked = region >= paper + (full + 1) // 2
    across, down = inked[rows].max(axis=0), inked[:, columns].max(axis=1)  # each column and row beside the box
    return (
        x0 - leading(across[: x0 - left][::-1]),
        y0 - leading(down[: y0 - top][::-1]),
        x1 + leading(across[x1 - left :]),
        y1 + leading(down[y1 - top :]),
    )


def leading(inked: np.ndarray) -> int:
    """How many of bool [n] are true before the first that is not; none if all are."""
    return 0 if inked.all() else int(inked.argmin())


def take_ink(page: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """How far each pixel of a box is from its paper on the side of the ink, uint8 [y1 - y0, x1 - x0], paper 0."""
    x0, y0, x1, y1 = box
    difference = page[y0:y1, x0:x1].astype(np.int64) - paper_level(page, box)
    dark, bright = np.maximum(-difference, 0), np.maximum(difference, 0)
    return (dark if (dark * dark).sum() >= (bright * bright).sum() else bright).astype(np.int64)


def paper_level(page: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """The paper's grey in every pixel of a box, int64 [y1 - y0, x1 - x0]: a plane through what surrounds the box.

    The middle level is the median of the box and a margin of an eighth; the slope is that between the medians of
    opposite margins, where both lie nearer to the middle level than a third of the ink.
    """
    x0, y0, x1, y1 = box
    height, width = page.shape
    margin = max(2, (max(x1 - x0, y1 - y0) + 7) // 8)
    left, top, right, bottom = (
        max(0, x0 - margin),
        max(0, y0 - margin),
        min(width, x1 + margin),
        min(height, y1 + margin),
    )
    region = page[top:bottom, left:right]
    middle = median(region)
    contrast = rank_from_top(np.abs(region.astype(np.int64) - middle), region.size // 16)

    def slope(before: np.ndarray, after: np.ndarray) -> int:
        if before.size == 0 or after.size == 0:
            return 0
        one, two = median(before) - middle, median(after) - middle
        return two - one if 3 * max(abs(one), abs(two)) <= contrast else 0

    across = slope(region[:, : x0 - left], region[:, x1 - left :])
    down = slope(region[: y0 - top], region[y1 - top :])
    # the margins' middles are one box and one margin apart; twice the distance from the box's middle, so all is whole
    x = 2 * np.arange(x1 - x0) + 1 - (x1 - x0)
    y = 2 * np.arange(y1 - y0) + 1 - (y1 - y0)
    return middle + (across * x // (2 * (x1 - x0 + margin)))[None, :] + (down * y // (2 * (y1 - y0 + margin)))[:, None]


def stretch(ink: np.ndarray) -> np.ndarray:
    """Stretch ink to 255 without making it black and white: int64 [h, w] to uint8 [h, w].

    Full ink is what a sixteenth of the pixels reaches; an eighth of that is still paper.
    """
    full = max(_LEAST_CONTRAST, rank_from_top(ink, ink.size // 16))
    paper = full // 8
    return np.clip((ink - paper) * 255 // (full - paper), 0, 255).astype(np.uint8)


def centre(mark: np.ndarray) -> np.ndarray:
    """Put a mark uint8 [h, w], sides at most 20, on uint8 [28, 28] so that its centre of mass is in the middle."""
    picture = np.zeros((SIZE, SIZE), np.uint8)
    high, wide = mark.shape
    mass = int(mark.sum(dtype=np.int64))
    left, top = (SIZE - wide) // 2, (SIZE - high) // 2
    if mass:
        weights = mark.astype(np.int64)
        left = place(int((weights.sum(axis=0) * (2 * np.arange(wide) + 1)).sum()), mass, wide)
        top = place(int((weights.sum(axis=1) * (2 * np.arange(high) + 1)).sum()), mass, high)
    picture[top : top + high, left : left + wide] = mark
    return picture


def place(moment: int, mass: int, length: int) -> int:
    """Where a side of `length` begins so that its centre of mass comes to 14.5, where MNIST has it, or nearly.

    The centre lies `moment` / (2 `mass`) pixels from the side's beginning.
    """
    return min(max(((SIZE + 1) * mass - moment + mass) // (2 * mass), 0), SIZE - length)


def median(values: np.ndarray) -> int:
    """The lower median of integers."""
    return int(np.partition(values, (values.size - 1) // 2, axis=None)[(values.size - 1) // 2])


def rank_from_top(values: np.ndarray, rank: int) -> int:
    """The value that `rank` others of integers are at least as large as."""
    place = values.size - 1 - min(rank, values.size - 1)
    return int(np.partition(values, place, axis=None)[place])
