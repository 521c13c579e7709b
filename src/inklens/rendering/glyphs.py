"""A character as a pen drew it, and how a hand varies it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Glyph:
    """Strokes in heights of a digit: float32 [n, 2] each, x right from 0, y down, baseline 0, a digit's top -1.

    `pens` float32 [n] each say how wide the pen is at a point, 1 as a rule. With `filled` the strokes are closed
    outlines whose inside is ink (even-odd), and the pens mean nothing.
    """

    strokes: tuple[np.ndarray, ...]
    pens: tuple[np.ndarray, ...]
    filled: bool = False

    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the points, the pen's width not counted."""
        points = np.concatenate(self.strokes)
        left, top = points.min(axis=0)
        right, bottom = points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    def moved(self, change: Callable[[np.ndarray], np.ndarray]) -> Glyph:
        """The glyph with every point array [n, 2] replaced by `change` of it."""
        return Glyph(tuple(change(stroke) for stroke in self.strokes), self.pens, self.filled)

    def at_origin(self) -> Glyph:
        """The glyph moved sideways so that its left is 0."""
        left = self.bounds()[0]
        return self.moved(lambda points: points - np.array([left, 0], np.float32))


def bend(glyph: Glyph, rng: np.random.Generator, strength: float) -> Glyph:
    """Bend a glyph smoothly by about `strength` heights: three waves of random direction, length and phase.

    The displacement is a field over the glyph's plane, so strokes that meet still meet (the elastic distortion of
    Simard et al. 2003, with waves in place of smoothed noise).
    """
    frequency = rng.uniform(1.5, 6.0, (3, 1)) * _directions(rng, 3)
    shift = rng.normal(0, strength * 0.6, (3, 2)).astype(np.float32)
    phase = rng.uniform(0, 2 * np.pi, 3)

    def change(points: np.ndarray) -> np.ndarray:
        waves = np.sin(points @ frequency.T + phase)
        return (points + waves @ shift).astype(np.float32)

    return glyph.moved(change)


def shear(glyph: Glyph, slant: float, aspect: float, turn: float = 0.0) -> Glyph:
    """Lean a glyph right by `slant` (tangent), stretch its width by `aspect` and turn it by `turn` radians."""
    cos, sin = np.cos(turn), np.sin(turn)
    matrix = np.array([[cos, -sin], [sin, cos]]) @ np.array([[aspect, -slant], [0, 1]])
    return glyph.moved(lambda points: points @ matrix.T.astype(np.float32))


def press(glyph: Glyph, rng: np.random.Generator, noise: float, taper: float) -> Glyph:
    """Vary the pen along each stroke by about `noise`, and thin its ends by up to `taper` (both shares of the pen)."""
    pens = []
    for stroke, pen in zip(glyph.strokes, glyph.pens, strict=True):
        place = np.linspace(0, 1, len(stroke), dtype=np.float32)
        wave = np.sin(place * rng.uniform(3, 14) + rng.uniform(0, 6.3)) + np.sin(place * rng.uniform(9, 30))
        ends = 1 - taper * np.maximum(np.maximum(0, 1 - 8 * place) * rng.random(), np.maximum(0, 8 * place - 7))
        pens.append(np.clip(pen * (1 + 0.6 * noise * wave) * ends, 0.2, 2.5).astype(np.float32))
    return Glyph(glyph.strokes, tuple(pens), glyph.filled)


def slit(glyph: Glyph, angle: float, contrast: float) -> Glyph:
    """Draw with a broad nib held at `angle` radians: strokes along the nib thin down to 1 - `contrast`."""
    pens = []
    for stroke, pen in zip(glyph.strokes, glyph.pens, strict=True):
        steps = np.gradient(stroke, axis=0) if len(stroke) > 1 else np.ones((1, 2), np.float32)
        across = np.abs(np.sin(np.arctan2(steps[:, 1], steps[:, 0]) - angle))
        pens.append((pen * (1 - contrast + contrast * across)).astype(np.float32))
    return Glyph(glyph.strokes, tuple(pens), glyph.filled)


def break_strokes(glyph: Glyph, rng: np.random.Generator, gaps: int) -> Glyph:
    """Lift the pen `gaps` times for a twelfth of a stroke or less, as on rough paper or with a drying pen."""
    strokes, pens = list(glyph.strokes), list(glyph.pens)
    for _ in range(gaps):
        chosen = int(rng.integers(len(strokes)))
        stroke, pen = strokes[chosen], pens[chosen]
        if len(stroke) < 14:
            continue
        start = int(rng.integers(4, len(stroke) - 8))
        stop = start + int(rng.integers(2, max(3, len(stroke) // 12 + 1)))
        strokes[chosen : chosen + 1] = [stroke[:start], stroke[stop:]]
        pens[chosen : chosen + 1] = [pen[:start], pen[stop:]]
    return Glyph(tuple(strokes), tuple(pens), glyph.filled)


def retrace(glyph: Glyph, rng: np.random.Generator, distance: float) -> Glyph:
    """Write the glyph twice, the second time off by about `distance` heights."""
    again = bend(glyph, rng, distance)
    offset = rng.normal(0, distance * 0.5, 2).astype(np.float32)
    again = again.moved(lambda points: points + offset)
    return Glyph(glyph.strokes + again.strokes, glyph.pens + again.pens, glyph.filled)


def add_flag(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    """Give a 1 the upstroke that many hands begin it with; MNIST hardly has any."""
    points = np.concatenate(glyph.strokes)
    top = points[points[:, 1].argmin()]
    if rng.random() < 0.6:
        length, fall = rng.uniform(0.16, 0.45), rng.uniform(0.35, 1.1)
    else:  # down towards the line, as a roof
        length, fall = rng.uniform(0.45, 0.9), rng.uniform(0.75, 1.25)
    tip = top + np.array([-np.cos(fall), np.sin(fall)], np.float32) * length
    middle = (top + tip) / 2 + rng.normal(0, 0.04, 2) * length
    return _add_stroke(glyph, _arc(tip, middle, top))


def add_foot(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    """Give a 1 the serif that it stands on."""
    points = np.concatenate(glyph.strokes)
    foot = points[points[:, 1].argmax()]
    half = np.array([rng.uniform(0.14, 0.28), rng.normal(0, 0.015)], np.float32)
    return _add_stroke(glyph, _arc(foot - half, foot, foot + half * rng.uniform(0.8, 1.2)))


def add_bar(glyph: Glyph, rng: np.random.Generator) -> Glyph:
    """Cross the stem of a 7, as half of Europe does; MNIST hardly has any."""
    points = np.concatenate(glyph.strokes)
    height = points[:, 1].min() * rng.uniform(0.4, 0.56)
    stem = points[np.abs(points[:, 1] - height).argmin()]
    half = np.array([rng.uniform(0.14, 0.27), -rng.uniform(-0.03, 0.09)], np.float32)
    return _add_stroke(glyph, _arc(stem - half, stem + rng.normal(0, 0.015, 2), stem + half * rng.uniform(0.7, 1.1)))


def _add_stroke(glyph: Glyph, stroke: np.ndarray) -> Glyph:
    pen = np.full(len(stroke), np.concatenate(glyph.pens).mean(), np.float32)
    return Glyph((*glyph.strokes, stroke), (*glyph.pens, pen), glyph.filled)


def _arc(start: np.ndarray, middle: np.ndarray, end: np.ndarray) -> np.ndarray:
    """A parabola float32 [9, 2] through three points."""
    t = np.linspace(0, 1, 9)[:, None]
    bow = 2 * middle - (start + end) / 2
    return ((1 - t) ** 2 * start + 2 * t * (1 - t) * bow + t**2 * end).astype(np.float32)


def _directions(rng: np.random.Generator, count: int) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi, count)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)
