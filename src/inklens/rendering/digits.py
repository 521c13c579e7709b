"""MNIST's digits as pen strokes, to be written again at any size with any pen.

Only the training images are ever used here, parted as `load_dataset` parts them, so that rendered validation pages
can be made of digits that no network was trained on. The test images
are not used.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from inklens.data import load_dataset
from inklens.errors import OutputError
from inklens.rendering.glyphs import Glyph
from inklens.rendering.opencv import cv2
from inklens.rendering.tracing import ENLARGED, enlarge, trace
from inklens.writing import write_whole

Part = Literal["train", "validation"]
_UNIT = 20 * ENLARGED  # MNIST fits each digit into a square of 20 px: the height of a digit
_FINE = 128  # strokes are kept in 1/128 of an enlarged pixel, the same in memory as on disk
_VERSION = "1"  # of the tracing; a change makes the file of traced digits anew


@dataclass
class DigitBank:
    """The digits of one part of MNIST's training images, traced when first written or all at once by `trace_all`.

    `images` uint8 [n, 28, 28], `places[d]` the indices of digit d.
    """

    images: np.ndarray
    places: tuple[np.ndarray, ...]
    cache_path: Path

    def __post_init__(self) -> None:
        self._traced: dict[int, tuple[np.ndarray, np.ndarray, bool]] = {}
        self._stored: dict[str, np.ndarray] | None = None

    def write(self, digit: int, rng: np.random.Generator) -> tuple[Glyph, bool]:
        """A random `digit` as strokes, and whether they are faithful to the image (else see `outline`)."""
        return self.strokes(int(rng.choice(self.places[digit])))

    def strokes(self, index: int) -> tuple[Glyph, bool]:
        """Image `index` as strokes whose pens say how much wider than the digit's mean its ink is there."""
        points, ends, faithful = self._lookup(index)
        parts = np.split(points.astype(np.float32) / _FINE, ends[:-1])
        bottom = max(float((part[:, 1] + part[:, 2]).max()) for part in parts)
        left = min(float(part[:, 0].min()) for part in parts)
        mean = float(np.concatenate(parts)[:, 2].mean())
        strokes = tuple((part[:, :2] - np.array([left, bottom], np.float32)) / _UNIT for part in parts)
        return Glyph(strokes, tuple(part[:, 2] / mean for part in parts)), faithful

    def outline(self, index: int) -> Glyph:
        """Image `index` as the outline of its ink, with the width that its writer's pen had."""
        large = cv2.resize(self.images[index], None, fx=6, fy=6, interpolation=cv2.INTER_CUBIC)
        ink = (cv2.GaussianBlur(large, (0, 0), 2.2) > 110).astype(np.uint8)
        contours, _ = cv2.findContours(ink, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        rings = [_round_ring(contour[:, 0].astype(np.float32)) for contour in contours if len(contour) > 24]
        if not rings:
            return self.strokes(index)[0]
        points = np.concatenate(rings)
        origin = np.array([points[:, 0].min(), points[:, 1].max()], np.float32)
        outlines = tuple((ring - origin) / (2 * _UNIT) for ring in rings)
        return Glyph(outlines, tuple(np.ones(len(ring), np.float32) for ring in outlines), filled=True)

    def trace_all(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Trace every digit (about two minutes on one core) and keep the strokes in the user's cache folder.

        Done before; nothing happens again. A cache folder that cannot be written costs the same time in the next
        process. `progress` gets the digits traced and their number.
        """
        if self._load():
            return
        for index in range(len(self.images)):
            self._lookup(index)
            if progress and index % 500 == 499:
                progress(index + 1, len(self.images))
        traced = [self._traced[index] for index in range(len(self.images))]
        arrays = {
            "points": np.concatenate([points for points, _, _ in traced]),
            "point_ends": np.cumsum([len(points) for points, _, _ in traced]),
            "strokes": np.concatenate([ends for _, ends, _ in traced]),
            "stroke_ends": np.cumsum([len(ends) for _, ends, _ in traced]),
            "faithful": np.array([faithful for _, _, faithful in traced]),
        }
        try:
            write_whole(self.cache_path, lambda part: _save(part, arrays))
        except OutputError:
            return

    def _lookup(self, index: int) -> tuple[np.ndarray, np.ndarray, bool]:
        if index in self._traced:
            return self._traced[index]
        if self._load() and self._stored:
            stored = self._stored
            points = stored["points"][_before(stored["point_ends"], index) : stored["point_ends"][index]]
            ends = stored["strokes"][_before(stored["stroke_ends"], index) : stored["stroke_ends"][index]]
            return points, ends, bool(stored["faithful"][index])
        found = trace(enlarge(self.images[index]))
        strokes = found.strokes or (np.array([[42, 42, 2]], np.float32),)
        points = np.round(np.concatenate(strokes) * _FINE).astype(np.int16)
        self._traced[index] = points, np.cumsum([len(stroke) for stroke in strokes]), found.faithful
        return self._traced[index]

    def _load(self) -> bool:
        if self._stored is None:
            try:
                with np.load(self.cache_path) as file:
                    self._stored = {name: file[name] for name in file.files}
            except (OSError, ValueError):
                self._stored = {}
        return bool(self._stored)


@cache
def load_digits(part: Part = "train") -> DigitBank:
    """The 55,000 training digits, or the 5,000 set aside for validation. Raises DataError if MNIST is damaged."""
    dataset = load_dataset("mnist")
    split = dataset.train if part == "train" else dataset.validation
    digest = hashlib.sha256(split.images.tobytes() + _VERSION.encode()).hexdigest()[:12]
    places = tuple(np.flatnonzero(split.labels == digit) for digit in range(10))
    return DigitBank(split.images, places, cache_folder() / f"strokes-{part}-{digest}.npz")


def cache_folder() -> Path:
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "inklens"


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def _before(ends: np.ndarray, index: int) -> int:
    return int(ends[index - 1]) if index else 0


def _round_ring(ring: np.ndarray) -> np.ndarray:
    """A closed outline without the steps of its pixels, a third of its points."""
    kernel = np.exp(-0.5 * (np.arange(-9, 10) / 3.2) ** 2)
    padded = np.concatenate([ring[-9:], ring, ring[:9]])
    smooth = np.stack([np.convolve(column, kernel / kernel.sum(), "valid") for column in padded.T], axis=1)
    return smooth[::3].astype(np.float32)
