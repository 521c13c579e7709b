"""What the tests of reading share: a reader that knows its page, instead of networks."""

from __future__ import annotations

import numpy as np

from inklens.models.contract import ClassifierContract, LocatorContract
from inklens.models.predictor import Predictor
from inklens.reading.maps import CHANNELS, DIGITS
from inklens.reading.reader import Reader

LOCATOR = LocatorContract(channels=CHANNELS, peak=0.3, overlap=0.45)
NAMER = ClassifierContract(labels=(*DIGITS, "none"), none="none", threshold=0.3)


def locate_blocks(picture: np.ndarray) -> np.ndarray:
    """The maps of a locator that finds dark blocks on bright paper and names them by their grey: 7 is grey 70."""
    maps = np.zeros((15, picture.shape[0] // 4, picture.shape[1] // 4), np.float32)
    maps[0] = -9
    dark = picture < 120
    for x0, y0, x1, y1 in blocks(dark):
        if min(x1 - x0, y1 - y0) < 3:
            continue
        x, y = (x0 + x1) / 8, (y0 + y1) / 8
        row, column = int(y), int(x)
        maps[0, row, column] = 4
        maps[1:5, row, column] = x - column - 0.5, y - row - 0.5, np.log((x1 - x0) / 16), np.log((y1 - y0) / 16)
        grey = int(picture[int(4 * y), int(4 * x)])
        maps[5 + min(9, round(grey / 10)), row, column] = 20
    return maps


def blocks(dark: np.ndarray) -> list[tuple[int, int, int, int]]:
    """The boxes of rectangles of True that stand apart."""
    found, left = [], dark.copy()
    while left.any():
        y0, x0 = (int(value) for value in np.argwhere(left)[0])
        x1 = x0 + int(np.argmin(np.append(left[y0, x0:], False)))
        y1 = y0 + int(np.argmin(np.append(left[y0:, x0], False)))
        found.append((x0, y0, x1, y1))
        left[y0:y1, x0 - (x0 > 0) : x1 + 1] = False
    return found


def block_reader(doubt: float = 0.0) -> Reader:
    """A reader of dark blocks. Its classifier knows nothing: every digit alike, `doubt` for none."""
    probabilities = np.append(np.full(10, (1 - doubt) / 10), doubt).astype(np.float32)

    def predict(images: np.ndarray) -> np.ndarray:
        return np.repeat(probabilities[None], len(images), axis=0)

    return Reader(locate_blocks, LOCATOR, Predictor("blocks", NAMER.labels, predict, contract=NAMER), NAMER)


def block_page(*marks: tuple[int, int, int], size: tuple[int, int] = (320, 240), high: int = 30) -> np.ndarray:
    """A page of bright paper with blocks 20 pixels wide: (digit, x, y) each."""
    page = np.full((size[1], size[0]), 230, np.uint8)
    for digit, x, y in marks:
        page[y : y + high, x : x + 20] = 10 * digit
    return page
