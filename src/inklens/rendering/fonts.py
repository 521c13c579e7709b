"""Printed and font-made letters, from a fixed list of Debian packages (`fonts.txt`): for training only, never shipped.

A font that is missing or has other bytes stops the rendering: pages must be the same wherever they are rendered.
Leave the generator `print` out to render without any font.
"""

from __future__ import annotations

import hashlib
import logging
import math
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from inklens.errors import DataError
from inklens.rendering.glyphs import Glyph

_CURVE = 5  # points of a curve between two of a font's own


@dataclass(frozen=True)
class FontFile:
    """A font as a Debian package installs it. `style` is `hand` or `type`: made to look written, or printed."""

    package: str
    version: str
    licence: str
    style: str
    path: Path
    sha256: str


@cache
def listed_fonts() -> tuple[FontFile, ...]:
    """The fonts that rendering takes its printed letters from."""
    text = resources.files("inklens.rendering").joinpath("fonts.txt").read_text("utf-8")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(
        FontFile(package, version, licence, style, Path(path), digest)
        for package, version, licence, style, path, digest in rows
    )


def check_fonts(fonts: tuple[FontFile, ...] | None = None) -> None:
    """Raise DataError that names every package of which a font is missing or different."""
    problems: dict[str, str] = {}
    for font in listed_fonts() if fonts is None else fonts:
        try:
            found = hashlib.sha256(font.path.read_bytes()).hexdigest()
        except OSError:
            problems.setdefault(font.package, f"{font.package} ({font.path} is missing)")
            continue
        if found != font.sha256:
            problems.setdefault(
                font.package, f"{font.package} (expected version {font.version}; {font.path} has SHA-256 {found})"
            )
    if problems:
        raise DataError(
            f"fonts for rendering are missing or different: {'; '.join(problems.values())}. Install them with "
            f"apt-get install {' '.join(problems)}, or leave the generator `print` out."
        )


@cache
def load_faces() -> tuple[Face, ...]:
    """Every listed font, checked and opened; errors as in `check_fonts`."""
    check_fonts()
    return tuple(Face(font) for font in listed_fonts())


class Face:
    """An open font whose characters come as glyphs with outlines."""

    def __init__(self, font: FontFile) -> None:
        from fontTools.ttLib import TTFont

        logging.getLogger("fontTools").setLevel(logging.ERROR)  # it warns of dates and names that nobody reads
        self.font = font
        self._file: Any = TTFont(str(font.path), lazy=True)
        self._names: dict[int, str] = self._file.getBestCmap() or {}
        self._set: Any = self._file.getGlyphSet()
        self._glyphs: dict[str, tuple[Glyph, float] | None] = {}
        top = self._outline("H") or self._outline("0")
        self._height = max(1.0, max(float(ring[:, 1].max()) for ring in top[0])) if top else 1000.0

    def glyph(self, character: str) -> tuple[Glyph, float] | None:
        """The character's outline, a capital being 1 high, and its advance; None if the font has no such character."""
        if character not in self._glyphs:
            found = self._outline(character)
            self._glyphs[character] = None
            if found and found[0]:
                rings = tuple((ring * [1, -1] / self._height).astype(np.float32) for ring in found[0])
                pens = tuple(np.ones(len(ring), np.float32) for ring in rings)
                self._glyphs[character] = Glyph(rings, pens, filled=True), found[1] / self._height
        return self._glyphs[character]

    def _outline(self, character: str) -> tuple[list[np.ndarray], float] | None:
        from fontTools.pens.recordingPen import DecomposingRecordingPen

        name = self._names.get(ord(character))
        if name is None:
            return None
        pen = DecomposingRecordingPen(self._set)
        self._set[name].draw(pen)
        return _flatten(pen.value), float(self._set[name].width)


def _flatten(commands: list[tuple[str, tuple[Any, ...]]]) -> list[np.ndarray]:
    """Outlines of lines and Bézier curves as closed rings [n, 2]."""
    rings: list[np.ndarray] = []
    ring: list[np.ndarray] = []
    for name, arguments in commands:
        points = [np.array(point, float) for point in arguments if point is not None]
        if name == "moveTo":
            ring = [points[0]]
        elif name == "lineTo":
            ring.append(points[0])
        elif name == "curveTo":
            ring.extend(_bezier([ring[-1], *points]))
        elif name == "qCurveTo":
            if arguments[-1] is None:  # a TrueType outline without any point on it
                ring = [(points[-1] + points[0]) / 2]
                points.append(ring[0])
            for index, control in enumerate(points[:-1]):
                last = index == len(points) - 2
                end = points[-1] if last else (control + points[index + 1]) / 2
                ring.extend(_bezier([ring[-1], control, end]))
        if name in ("closePath", "endPath") or arguments[-1:] == (None,):
            if len(ring) > 2:
                rings.append(np.array(ring))
            ring = []
    return rings


def _bezier(points: list[np.ndarray]) -> np.ndarray:
    """Points [n, 2] of a Bézier curve of two or three spans after its first, in Bernstein's form."""
    t = np.linspace(0, 1, _CURVE + 1)[1:, None]
    degree = len(points) - 1
    return sum(
        (
            math.comb(degree, place) * t**place * (1 - t) ** (degree - place) * point
            for place, point in enumerate(points)
        ),
        np.zeros((_CURVE, 2)),
    )
