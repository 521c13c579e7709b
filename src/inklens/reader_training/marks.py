"""Marks cut out of rendered pages, labelled: what the namer learns from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from inklens.data import Dataset, Split
from inklens.models.contract import LocatorContract
from inklens.models.shipped import shipped_path
from inklens.reader_training.page_store import PageStore, StoredPage
from inklens.reader_training.pages import Pages
from inklens.reading.find import Found, Locate, decode, settle
from inklens.reading.prepare import SIZE, prepare_mark
from inklens.reading.reader import load_locator
from inklens.reading.views import View
from inklens.rendering.truth import overlaps

NONE = "none"
NAMES = [*"0123456789", NONE]

_CHUNK = 200  # pages for one request to a process
_QUARTER = 4  # pages of 320 × 240 that the locator looks at together, as one of 640 × 480
_PEAK = 0.05  # the namer also learns to reject what the locator would hardly propose
_SAME, _OTHER = 0.5, 0.3  # overlap with a digit's box from which a find is that digit, and below which it is none
_IGNORED = 0.3  # the share of a box that ignored ink may cover
_FALSE, _NEGATIVES = 6, 4  # of a page: the surest false finds, and marks that are no digit
_SHAKE = 0.035  # of the long side: how far a true box's sides are moved, as the locator's are off

Labelled = tuple[np.ndarray, np.ndarray]


def load_marks(
    pages: Pages,
    *,
    locator: Path | None = None,
    progress: Callable[[int, int], object] | None = None,
    processes: int = 2,
) -> Dataset:
    """Marks of rendered pages as a locator (the shipped one) finds them, and true ones, prepared and labelled.

    Labels 0 to 9 are digits, 10 is none: signs, letters, lines, parts of digits, empty paper, and whatever else the
    locator takes for a digit. The split `test` is that of the validation pages too. Raises ModelError where no locator
    is shipped, DataError where pages are missing.
    """
    total = len(pages.train) + len(pages.validation)
    done = 0
    splits = []
    for store in (pages.train, pages.validation):
        parts = []
        for part, count in _cut_all(store, locator or shipped_path("locator"), processes):
            parts.append(part)
            done += count
            if progress:
                progress(done, total)
        splits.append(Split(np.concatenate([one for one, _ in parts]), np.concatenate([two for _, two in parts])))
    return Dataset("marks", NAMES, splits[0], splits[1], splits[1])


def _cut_all(store: PageStore, locator: Path, processes: int) -> Iterator[tuple[Labelled, int]]:
    chunks = [range(start, min(start + _CHUNK, len(store))) for start in range(0, len(store), _CHUNK)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for chunk, part in zip(chunks, pool.map(partial(_cut_chunk, store, locator), chunks), strict=True):
            yield part, len(chunk)


_load = cache(partial(load_locator, threads=1))  # once a process


def _cut_chunk(store: PageStore, locator: Path, numbers: range) -> Labelled:
    locate, contract = _load(locator)
    images: list[np.ndarray] = []
    labels: list[int] = []
    for start in range(0, len(numbers), _QUARTER):
        group = numbers[start : start + _QUARTER]
        pages = [store[number] for number in group]
        for number, page, found in zip(group, pages, find_together(pages, locate, contract), strict=True):
            for box, label in choose_marks(page, found, np.random.default_rng([store.seed, number])):
                images.append(prepare_mark(page.page, box))
                labels.append(label)
    return np.array(images, np.uint8).reshape(-1, SIZE, SIZE), np.array(labels, np.int64)


def find_together(pages: list[StoredPage], locate: Locate, contract: LocatorContract) -> list[list[Found]]:
    """What the locator finds on up to four pages of 320 × 240, shown as the quarters of one picture."""
    height, width = pages[0].page.shape
    picture = np.full((2 * height, 2 * width), 128, np.uint8)
    for place, page in enumerate(pages):
        top, left = place // 2 * height, place % 2 * width
        picture[top : top + height, left : left + width] = page.page
    view = View(0, 0, 0, 2 * width, 2 * height, 2 * width, 2 * height)
    found: list[list[Found]] = [[] for _ in pages]
    for mark in settle(decode(locate(picture), view, _PEAK, (2 * width, 2 * height)), contract.overlap):
        x0, y0, x1, y1 = mark.box
        column, row = (x0 + x1) // 2 // width, (y0 + y1) // 2 // height
        if 2 * row + column < len(found):
            left, top = column * width, row * height
            found[2 * row + column].append(
                Found((x0 - left, y0 - top, x1 - left, y1 - top), mark.sure, mark.names, mark.scale)
            )
    return found


def choose_marks(
    page: StoredPage, found: Iterable[Found], rng: np.random.Generator
) -> Iterator[tuple[tuple[int, int, int, int], int]]:
    """Boxes of a page with their labels: each digit, as it is or as it was found, and a choice of what is none.

    Every second digit that was found comes with the locator's box. What is none: the surest false finds, signs and
    letters, parts of digits, and a place anywhere.
    """
    boxes, ignore = page.boxes.astype(np.int64), page.ignore.astype(np.int64)
    chosen = [shake(box, rng) for box in boxes]
    others: list[tuple[int, int, int, int]] = []
    for mark in found:
        shared = iou(np.array(mark.box), boxes)
        best = int(shared.argmax()) if len(shared) else -1
        if best >= 0 and shared[best] >= _SAME:
            chosen[best] = mark.box if rng.random() < 0.5 else chosen[best]
        elif len(others) < _FALSE:
            others.append(mark.box)
    yield from zip(chosen, page.labels.tolist(), strict=True)
    others += [shake(box, rng) for box in rng.permutation(page.negatives)[:_NEGATIVES]]
    others += [_part(boxes, rng) for _ in boxes[:1]] + [_anywhere(page.page.shape, rng)]
    for other in others:
        box = np.array(other)
        if _is_seen(other, page.page.shape) and not _hits(box, ignore, _IGNORED) and (iou(box, boxes) < _OTHER).all():
            yield other, len(NAMES) - 1


def _is_seen(box: tuple[int, int, int, int], shape: tuple[int, ...]) -> bool:
    """Whether a box is no speck, no line across the page, and not outside it."""
    x0, y0, x1, y1 = box
    height, width = shape
    large = max(x1 - x0, y1 - y0) >= 6 and x1 - x0 <= 0.9 * width
    return large and x0 < width - 2 and y0 < height - 2 and x1 > 2 and y1 > 2


def shake(box: np.ndarray, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """A box with its sides off as a locator's are, rather too wide than too tight."""
    size = max(box[2] - box[0], box[3] - box[1])
    off = rng.normal(0, _SHAKE, 4) + rng.uniform(-0.02, 0.06) * np.array([-1, -1, 1, 1])
    x0, y0, x1, y1 = np.rint(box + np.clip(off, -0.16, 0.16) * size).astype(int).tolist()
    return x0, y0, max(x1, x0 + 2), max(y1, y0 + 2)


def iou(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Intersection over union of a box [4] with each of `boxes` [n, 4]."""
    common = overlaps(box[None], boxes)[0] * max(1, int((box[2] - box[0]) * (box[3] - box[1])))
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return np.asarray(common / np.maximum(1, areas + (box[2] - box[0]) * (box[3] - box[1]) - common))


def _hits(box: np.ndarray, boxes: np.ndarray, share: float) -> bool:
    """Whether one of `boxes` covers more than a share of `box`."""
    return bool((overlaps(box[None], boxes) > share).any())


def _part(boxes: np.ndarray, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """A box beside a digit, with a part of it in it."""
    x0, y0, x1, y1 = boxes[rng.integers(len(boxes))].tolist()
    right = int(rng.choice([-1, 0, 1]) * rng.uniform(0.6, 0.9) * (x1 - x0))
    down = int(rng.choice([-1, 1]) * rng.uniform(0.6, 0.9) * (y1 - y0)) if right == 0 else 0
    return x0 + right, y0 + down, x1 + right, y1 + down


def _anywhere(shape: tuple[int, ...], rng: np.random.Generator) -> tuple[int, int, int, int]:
    """A box of a digit's form anywhere on a page of that height and width."""
    height, width = shape
    high = int(np.exp(rng.uniform(np.log(12), np.log(120))))
    wide = max(4, int(high * rng.uniform(0.4, 1)))
    x, y = int(rng.uniform(0, max(1, width - wide))), int(rng.uniform(0, max(1, height - high)))
    return x, y, x + wide, y + high
