"""Golden vectors: small inputs with the answers that Python gives, which Swift and JavaScript must give too.

Frames are not stored: every language makes them from a seed by the same whole numbers (`make_frame`), so that a few
hundred bytes test hundreds of them. Nothing in them comes from anybody's handwriting.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from inklens.models.contract import ClassifierContract, LocatorContract
from inklens.reading.find import Found, decode, settle
from inklens.reading.golden.orders import order_vectors
from inklens.reading.golden.traces import steady_vectors
from inklens.reading.maps import CHANNELS, DIGITS
from inklens.reading.prepare import prepare_mark, widen
from inklens.reading.resize import resize
from inklens.reading.views import fit_page, look, views

PAGES = (
    (640, 480), (480, 640), (320, 240), (1600, 580), (1600, 1600), (200, 160), (395, 564), (4000, 3000), (28, 28),
    (1, 900), (960, 588), (3024, 4032),
)  # fmt: skip


class Numbers:
    """Whole numbers 0 to 65535 from a seed: the upper half of a linear congruential generator of 32 bits.

    The constants are those of Knuth and Lewis, as in Press et al., "Numerical Recipes", chapter 7.
    """

    def __init__(self, seed: int) -> None:
        self._state = seed % (1 << 32)

    def next(self) -> int:
        """The next number."""
        self._state = (self._state * 1664525 + 1013904223) % (1 << 32)
        return self._state >> 16

    def below(self, limit: int) -> int:
        """The next number modulo `limit`."""
        return self.next() % limit


def make_frame(seed: int, width: int, height: int) -> np.ndarray:
    """A frame uint8 [height, width] with one to four strokes on unevenly lit paper, dark or bright, with noise."""
    numbers = Numbers(seed)
    bright = numbers.below(3) == 0
    base = 20 + numbers.below(60) if bright else 120 + numbers.below(100)
    across, down = numbers.below(36), numbers.below(36)
    strength, noise = 50 + numbers.below(100), 1 + numbers.below(8)
    ink = np.zeros((height, width), bool)
    rows, columns = np.mgrid[:height, :width]
    for _ in range(1 + numbers.below(4)):
        radius = 2 + numbers.below(max(2, min(width, height) // 12))  # in half pixels
        points = [(numbers.below(width), numbers.below(height)) for _ in range(2 + numbers.below(4))]
        for (x0, y0), (x1, y1) in pairwise(points):
            for step in range(33):
                x, y = (x0 * (32 - step) + x1 * step) // 32, (y0 * (32 - step) + y1 * step) // 32
                ink |= 4 * ((columns - x) ** 2 + (rows - y) ** 2) <= radius * radius
    frame = base + across * columns // width + down * rows // height
    frame = np.where(ink, frame + strength if bright else frame - strength, frame)
    grain = np.array([numbers.below(noise) for _ in range(width * height)]).reshape(height, width)
    return np.clip(frame + grain, 0, 255).astype(np.uint8)


def checksum(pixels: np.ndarray) -> int:
    """CRC-32 (as in zlib and PNG) of pixels uint8 in row order."""
    return zlib.crc32(np.ascontiguousarray(pixels, np.uint8).tobytes())


def frame_vectors(count: int = 40) -> Iterator[dict[str, Any]]:
    """Frames by seed and size, with their checksums."""
    numbers = Numbers(101)
    for seed in range(count):
        width, height = 8 + numbers.below(153), 8 + numbers.below(113)
        yield {"seed": seed, "width": width, "height": height, "crc": checksum(make_frame(seed, width, height))}


def resize_vectors(count: int = 40) -> Iterator[dict[str, Any]]:
    """Frames resized to other sizes, up and down."""
    numbers = Numbers(102)
    for seed in range(count):
        width, height = 1 + numbers.below(120), 1 + numbers.below(90)
        new = 1 + numbers.below(100), 1 + numbers.below(100)
        answer = resize(make_frame(seed, width, height), *new)
        yield {"seed": seed, "width": width, "height": height, "to": list(new), "crc": checksum(answer)}


def prepare_vectors(count: int = 240) -> Iterator[dict[str, Any]]:
    """Marks cut from frames, some of them partly or wholly outside; the first sixteen with all their pixels."""
    numbers = Numbers(103)
    for seed in range(count):
        width, height = 12 + numbers.below(149), 12 + numbers.below(109)
        x, y = numbers.below(width) - 6, numbers.below(height) - 6
        box = (x, y, x + 1 + numbers.below(width), y + 1 + numbers.below(height))
        mark = prepare_mark(make_frame(seed, width, height), box)
        vector = {"seed": seed, "width": width, "height": height, "box": list(box), "crc": checksum(mark)}
        yield {**vector, "pixels": mark.ravel().tolist()} if seed < 16 else vector


def widen_vectors(count: int = 80) -> Iterator[dict[str, Any]]:
    """Boxes on frames, and the same with the strokes that they cut off."""
    numbers = Numbers(107)
    for seed in range(count):
        width, height = 24 + numbers.below(137), 24 + numbers.below(97)
        x, y = numbers.below(width - 12), numbers.below(height - 12)
        box = (x, y, x + 4 + numbers.below(width - x - 4), y + 4 + numbers.below(height - y - 4))
        wider = widen(make_frame(seed, width, height), box)
        yield {"seed": seed, "width": width, "height": height, "box": list(box), "wider": list(wider)}


def view_vectors() -> Iterator[dict[str, Any]]:
    """How pages of some sizes are looked at, and a small page's pictures."""
    for width, height in PAGES:
        shown = [list(vars(view).values()) for view in views(width, height)]
        yield {"width": width, "height": height, "views": shown}


def look_vectors(count: int = 6) -> Iterator[dict[str, Any]]:
    """The locator's pictures of frames."""
    numbers = Numbers(104)
    for seed in range(count):
        width, height = 40 + numbers.below(120), 40 + numbers.below(80)
        picture = look(make_frame(seed, width, height), fit_page(width, height))
        yield {
            "seed": seed, "width": width, "height": height,
            "picture": [picture.shape[1], picture.shape[0]], "crc": checksum(picture),
        }  # fmt: skip


def find_vectors(count: int = 12) -> Iterator[dict[str, Any]]:
    """Maps made of numbers, and the marks that they decode to, before and after duplicates are settled; the last two
    with the peaks 0 and 1, which all centres reach and none.

    Value n of the maps, in the order channel, row, column, is (next - 32768) / 8192 for the centre and the digits and
    (next - 32768) / 32768 for place and size. They are those of a view of a page of 200 × 150 pixels.
    """
    peaks = {**dict.fromkeys(range(count), 0.2), 100: 0.0, 102: 1.0}
    for seed, peak in peaks.items():
        contract = LocatorContract(channels=CHANNELS, peak=peak, overlap=0.45)
        numbers = Numbers(2000 + seed)
        rows, columns = 4 + numbers.below(6), 4 + numbers.below(8)
        values = np.array([numbers.next() - 32768 for _ in range(len(CHANNELS) * rows * columns)], np.float64)
        maps = values.reshape(len(CHANNELS), rows, columns) / 8192
        maps[1:5] /= 4
        page = (200, 150)
        view = views(*page)[seed % 2]
        found = decode(maps.astype(np.float32), view, contract.peak, page)
        yield {
            "seed": 2000 + seed, "rows": rows, "columns": columns, "page": list(page), "view": seed % 2,
            "peak": contract.peak, "overlap": contract.overlap,
            "found": [_mark(mark) for mark in found],
            "settled": [list(mark.box) for mark in settle(found, contract.overlap)],
        }  # fmt: skip


def judge_vectors(count: int = 24) -> Iterator[dict[str, Any]]:
    """Opinions of both networks of one place, and what is made of them: with a none class, without, and of letters."""
    from inklens.reading.judge import judge

    contracts = (
        ClassifierContract(labels=(*DIGITS, "none"), none="none", threshold=0.5),
        ClassifierContract(labels=DIGITS, threshold=0.6),
        ClassifierContract(labels=("a", "b", "c"), threshold=0.4),
    )
    numbers = Numbers(105)
    for number in range(count):
        contract = contracts[number % 3]
        weights = np.array([numbers.below(100) ** 20 + 1 for _ in contract.labels], np.float64)
        names = np.array([numbers.below(100) ** 20 + 1 for _ in DIGITS], np.float64)
        sure = numbers.below(1000) / 1000
        answer = (weights / weights.sum()).astype(np.float32)
        found = Found((1, 2, 11, 22), sure, (names / names.sum()).astype(np.float32), 1.0)
        mark = judge(found, answer, contract)
        yield {
            "labels": list(contract.labels), "none": contract.none, "threshold": contract.threshold,
            "answer": [round(float(p), 9) for p in answer],
            "sure": sure, "names": [round(float(p), 9) for p in found.names],
            "label": mark.label, "confidence": round(mark.confidence, 6),
            "alternatives": [[label, round(p, 6)] for label, p in mark.alternatives],
        }  # fmt: skip


def beside_vectors(count: int = 20) -> Iterator[dict[str, Any]]:
    """Marks of a page, each taken for one digit by both networks, and which of them are read: some beside others."""
    from inklens.reading.judge import judge_page

    contract = ClassifierContract(labels=(*DIGITS, "none"), none="none", threshold=0.5)
    numbers = Numbers(106)
    for number in range(count):
        marks, part = [], 1 + 2 * (number % 2)  # whole, or of a third of the size
        for place in range(6):
            x, y = (30 * place + numbers.below(20)) // part, numbers.below(10) // part
            box = (x, y, x + (10 + numbers.below(10)) // part, y + (30 + numbers.below(12)) // part)
            marks.append((box, numbers.below(10), (150 + numbers.below(650)) / 1000, (150 + numbers.below(650)) / 1000))
        found = [Found(box, sure, np.eye(10, dtype=np.float32)[digit], 1.0) for box, digit, sure, _ in marks]
        answers = [np.append(np.eye(10)[digit] * share, 1 - share).astype(np.float32) for _, digit, _, share in marks]
        yield {
            "threshold": contract.threshold,
            "marks": [
                {"box": list(box), "digit": digit, "sure": sure, "share": share} for box, digit, sure, share in marks
            ],
            "labels": [mark.label for mark in judge_page(found, answers, contract)],
        }


def _mark(mark: Found) -> dict[str, Any]:
    return {
        "box": list(mark.box),
        "sure": round(mark.sure, 6),
        "names": [round(float(p), 6) for p in mark.names],
    }


VECTORS = {
    "frames": frame_vectors,
    "resize": resize_vectors,
    "prepare": prepare_vectors,
    "widen": widen_vectors,
    "views": view_vectors,
    "look": look_vectors,
    "find": find_vectors,
    "judge": judge_vectors,
    "beside": beside_vectors,
    "order": order_vectors,
    "steady": steady_vectors,
}
"""Every kind of vectors by the name of its file."""
