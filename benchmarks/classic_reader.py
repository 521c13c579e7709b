"""How readers of digits are usually built: a local threshold, connected components, a network for what they cut out.

The finder has no network: it sets each pixel against its surroundings, joins the ink, and keeps what has a digit's
size. Its marks are cut out and normalised as MNIST's digits are. Reader A names them by a network trained on MNIST,
which cannot say "none" but by being unsure; reader B by one trained on the finder's own marks of rendered pages, with a
class for what is no digit.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from inklens.data import Dataset, Split
from inklens.reader_training.marks import NAMES, choose_marks
from inklens.reader_training.pages import load_pages
from inklens.reading.find import Found
from inklens.reading.maps import DIGITS
from inklens.reading.prepare import prepare_mark
from inklens.training.recipes import RECIPES, Recipe
from inklens.training.run import METRICS, Run
from inklens.training.train import train

LONG = 1280  # pixels; larger pictures are made smaller first
WINDOW = 1 / 4  # of the longer side: the surroundings of a pixel
LEAST_CONTRAST = 12  # grey levels
LOWEST, HIGHEST = 8, 0.95  # pixels; share of the page
WIDEST = 2.5  # times the height
PAGES = 3000  # rendered training pages that reader B's network learns from
RECIPE_B: Recipe = replace(RECIPES["namer"], name="classic-b", epochs=3, pages=0)
_NAMES = np.full(len(DIGITS), 0.1, np.float32)


def find_components(page: np.ndarray) -> list[Found]:
    """Every connected piece of ink of a digit's size on a page, uint8 [height, width], of either polarity."""
    height, width = page.shape
    scale = min(1.0, LONG / max(height, width))
    small = cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else page
    window = 2 * int(max(small.shape) * WINDOW / 2) + 1
    around = cv2.GaussianBlur(small, (window, window), 0).astype(np.float32)
    difference = cv2.GaussianBlur(small, (3, 3), 0).astype(np.float32) - around
    dark, bright = np.maximum(-difference, 0), np.maximum(difference, 0)
    ink = dark if float((dark**2).sum()) >= float((bright**2).sum()) else bright
    levels = np.clip(ink, 0, 255).astype(np.uint8)
    otsu, _ = (
        cv2.threshold(levels[levels > 4].reshape(-1, 1), 0, 255, cv2.THRESH_OTSU) if (levels > 4).any() else (0, 0)
    )
    mask = (levels > max(LEAST_CONTRAST, 0.5 * otsu)).astype(np.uint8)
    count, _, pieces, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    found = []
    for left, top, wide, high, area in pieces[1:count].tolist():
        if LOWEST <= high <= HIGHEST * len(small) and wide <= WIDEST * high and area >= 0.04 * wide * high:
            x0, y0, x1, y1 = (round(side / scale) for side in (left, top, left + wide, top + high))
            found.append(Found((x0, y0, min(x1, width), min(y1, height)), 1.0, _NAMES, 1.0))
    return found


def cut_marks(pages: int = PAGES) -> Dataset:
    """Marks of rendered pages as the finder finds them, and true ones beside them; the last class is none."""
    lessons = load_pages(pages)
    lessons.render()
    splits = []
    for store in (lessons.train, lessons.validation):
        images: list[np.ndarray] = []
        labels: list[int] = []
        for number in range(len(store)):
            page = store[number]
            rng = np.random.default_rng([store.seed, number])
            for box, label in choose_marks(page, find_components(page.page), rng):
                images.append(prepare_mark(page.page, box))
                labels.append(label)
        splits.append(Split(np.stack(images), np.array(labels, np.int64)))
    return Dataset("components", NAMES, splits[0], splits[1], splits[1])


def train_b(folder: Path) -> Run:
    """The finished run of reader B's network in `folder`, trained now, continued, or found."""
    if (folder / METRICS).exists():
        return Run.load(folder)
    return train(RECIPE_B, cut_marks(), folder, resume=folder.exists())
