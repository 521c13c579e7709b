"""What the writing is done with: how wide, which colour, how opaque, and how the paper's grain shows in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inklens.rendering.opencv import cv2

Colour = tuple[float, float, float]  # red, green, blue, 0 to 255

_DARK: tuple[Colour, ...] = ((22, 22, 26), (38, 38, 44), (60, 60, 66))
_BLUE: tuple[Colour, ...] = ((26, 36, 120), (20, 50, 160), (50, 70, 150), (12, 18, 84))
_RED: tuple[Colour, ...] = ((196, 40, 40), (220, 30, 50), (160, 36, 44), (214, 70, 40))
_GREEN: tuple[Colour, ...] = ((24, 110, 60), (30, 140, 90))
_OTHER: tuple[Colour, ...] = ((110, 40, 130), (220, 110, 30), (110, 70, 40), (200, 60, 140), (20, 120, 160))
_LIGHT: tuple[Colour, ...] = ((244, 244, 240), (236, 232, 214), (240, 220, 120), (240, 180, 190), (180, 214, 240))


@dataclass(frozen=True)
class Ink:
    """A kind of pen: its radius in heights of a digit, its colours, and how it covers.

    `cover` the range of opacity; `grain` how much of the paper's roughness shows, 0 to 1; `uneven` how much the
    opacity wanders along the page; `rough` how ragged the edge is; `hollow`: only the stroke's two edges are inked.
    """

    name: str
    pens: tuple[float, float]
    colours: tuple[Colour, ...]
    cover: tuple[float, float] = (0.85, 1.0)
    grain: float = 0.0
    uneven: float = 0.1
    rough: float = 0.0
    hollow: bool = False


INKS: dict[str, Ink] = {
    ink.name: ink
    for ink in (
        Ink("ballpoint", (0.012, 0.03), (*_BLUE, *_BLUE, *_DARK, *_RED), (0.65, 0.95), 0.25, 0.25),
        Ink("fineliner", (0.014, 0.04), (*_DARK, *_BLUE, *_RED, *_GREEN, *_OTHER), (0.9, 1.0), 0.05, 0.05),
        Ink("fountain", (0.015, 0.045), (*_BLUE, *_DARK), (0.7, 0.98), 0.05, 0.3),
        Ink("pencil", (0.012, 0.045), ((70, 70, 74), (90, 90, 94), (50, 50, 54)), (0.4, 0.85), 0.6, 0.3, 0.2),
        Ink("coloured-pencil", (0.02, 0.05), (*_RED, *_BLUE, *_GREEN, *_OTHER), (0.45, 0.85), 0.65, 0.3, 0.3),
        Ink("felt", (0.03, 0.06), (*_DARK, *_BLUE, *_RED, *_GREEN, *_OTHER), (0.85, 1.0), 0.08, 0.15, 0.1),
        Ink("marker", (0.045, 0.085), (*_DARK, *_BLUE, *_RED, *_GREEN, *_OTHER), (0.85, 1.0), 0.03, 0.12),
        Ink("dry-marker", (0.04, 0.075), (*_DARK, *_BLUE, *_RED, *_GREEN), (0.55, 0.95), 0.4, 0.5, 0.3),
        Ink("crayon", (0.045, 0.085), (*_RED, *_BLUE, *_GREEN, *_OTHER, *_DARK), (0.6, 0.95), 0.75, 0.3, 0.6),
        Ink("chalk", (0.025, 0.07), _LIGHT, (0.45, 0.95), 0.6, 0.4, 0.5),
        Ink("light-pen", (0.015, 0.05), _LIGHT, (0.75, 1.0), 0.1, 0.2),
        Ink("brush", (0.07, 0.12), (*_DARK, *_BLUE), (0.75, 1.0), 0.0, 0.7),
        Ink("twin-liner", (0.05, 0.08), (*_DARK, *_BLUE, *_RED), (0.8, 1.0), 0.1, 0.1, hollow=True),
        Ink("faint-ballpoint", (0.011, 0.02), (*_BLUE, *_DARK), (0.28, 0.5), 0.45, 0.5),
    )
}

LIGHT_INKS = ("chalk", "light-pen")
HELD_OUT_INKS = ("brush", "twin-liner", "faint-ballpoint")  # dark ones too; see `generators.HELD_OUT`
DARK_INKS = tuple(name for name in INKS if name not in (*LIGHT_INKS, *HELD_OUT_INKS))


@dataclass(frozen=True)
class Pot:
    """One ink as it is on one page: a colour and an opacity out of the kind's."""

    ink: Ink
    colour: Colour
    opacity: float


def fill_pot(ink: Ink, rng: np.random.Generator, faint: float = 1.0) -> Pot:
    """Choose a colour and an opacity; `faint` below 1 waters the ink down."""
    colour = np.clip(np.array(ink.colours[int(rng.integers(len(ink.colours)))]) + rng.normal(0, 10, 3), 0, 255)
    red, green, blue = (float(part) for part in colour)
    return Pot(ink, (red, green, blue), float(rng.uniform(*ink.cover)) * faint)


def opacity_map(pot: Pot, ink: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """How much of the paper the ink hides, float32 [height, width], 0 to 1.

    `ink` uint8 [height, width] is where the pen went. `strength` 0 to 1 is how much the paper's grain and an uneven
    flow show. Where no pen went the result is exactly 0.
    """
    opacity = ink.astype(np.float32) * (pot.opacity / 255)
    if pot.ink.hollow:
        opacity *= _edges(ink)
    if strength <= 0:
        return opacity
    height, width = ink.shape
    if pot.ink.uneven:
        flow = smooth_noise(rng, (height, width), 14)
        opacity *= np.clip(1 + pot.ink.uneven * strength * flow, 0.25, 1.3)
    if pot.ink.grain:
        grain = cv2.GaussianBlur(rng.standard_normal((height, width), dtype=np.float32), (0, 0), 0.7) * 2.4
        if pot.ink.rough:
            # a rough stick touches the grain's hills only: its edge, where the pressure is low, breaks up first
            edge = opacity * (1 + pot.ink.rough * strength * grain)
            opacity = np.where(opacity > 0, edge, 0)
        opacity *= 1 - pot.ink.grain * strength * np.clip(0.5 + 0.5 * grain, 0, 1) * 0.8
    return np.clip(opacity, 0, 1)


def _edges(ink: np.ndarray) -> np.ndarray:
    """How much a pen of two nibs inks where it went, float32 [height, width]: all at its edges, nothing in between."""
    depth = cv2.distanceTransform((ink > 127).astype(np.uint8), cv2.DIST_L2, 3)
    inside = depth[depth > 0]
    middle = 0.55 * float(np.percentile(inside, 90)) if inside.size else 0.0
    return np.clip(1.5 + middle - depth, 0, 1) if middle > 1 else np.ones_like(depth)


def lay_ink(page: np.ndarray, opacity: np.ndarray, colour: np.ndarray) -> None:
    """Cover `page` float32 [height, width, channels] in place with a colour [channels] by opacity [height, width]."""
    page += opacity[..., None] * (colour.astype(np.float32) - page)


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], scale: float) -> np.ndarray:
    """Noise of about unit strength that changes over `scale` pixels, float32 of `shape`."""
    rows, columns = (max(2, int(side / scale) + 2) for side in shape)
    coarse = rng.standard_normal((rows, columns), dtype=np.float32)
    return cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
