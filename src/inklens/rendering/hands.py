"""A writer, who slants, presses, flags the 1 and crosses the 7 in one way, and never writes twice the same."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from inklens.rendering import glyphs
from inklens.rendering.digits import DigitBank
from inklens.rendering.glyphs import Glyph
from inklens.rendering.strokes import Skeleton, load_skeletons

SOURCES = ("mnist", "strokes", "flags", "bars")
"""Generators of digits: MNIST's, our own strokes, 1s with a flag or a foot, crossed 7s."""

# characters that many hands write like a digit: what stands there is neither a digit nor surely none
LOOKALIKES = frozenset("OoQDIl|iSsZzBbgqGyj!°%$&θβ∂口0123456789")

# of 1s and 7s: about what continental Europe writes; without them names fell from 95.2 to 91.8 % right
_FLAG_SHARE, _BAR_SHARE = 0.45, 0.30


@dataclass(frozen=True, kw_only=True)
class Hand:
    """One writer with one pen. `pen` is the pen's radius in heights of a digit; lengths are in those heights."""

    pen: float
    slant: float
    aspect: float
    bend: float
    wobble: float
    pressure: float
    taper: float
    nib: float  # contrast of a broad nib, 0 for a round pen
    broken: float  # share of glyphs with a gap
    retraced: float  # share of glyphs written twice
    as_written: float  # share of MNIST's digits with the ink's own width
    own_strokes: float  # share of digits by our own strokes
    flagged: float
    barred: float
    spacing: float
    drift: float
    ways: dict[str, int] = field(default_factory=dict)  # the variant of each character that this hand prefers

    def write(self, character: str, bank: DigitBank | None, rng: np.random.Generator) -> tuple[Glyph, str]:
        """Write a character that has a skeleton; returns the glyph with its left at 0, and the digit's source or ""."""
        source = ""
        if character.isdecimal():
            glyph, source = self._digit(int(character), bank, rng)
        else:
            glyph = self._own(character, load_skeletons()[character], rng)
        return self.vary(glyph, rng), source

    def vary(self, glyph: Glyph, rng: np.random.Generator) -> Glyph:
        """Lean, bend, press, break and retrace a glyph in this hand's manner; its left ends at 0."""
        glyph = glyphs.bend(glyph, rng, self.bend)
        slant, aspect = self.slant + rng.normal(0, 0.05), self.aspect * np.exp(rng.normal(0, 0.06))
        glyph = glyphs.shear(glyph, slant, aspect, rng.normal(0, 0.035))
        if not glyph.filled:
            glyph = glyphs.press(glyph, rng, self.pressure, self.taper)
            if self.nib:
                glyph = glyphs.slit(glyph, 0.7, self.nib)
            if rng.random() < self.broken:
                glyph = glyphs.break_strokes(glyph, rng, int(rng.integers(1, 3)))
            if rng.random() < self.retraced:
                glyph = glyphs.retrace(glyph, rng, rng.uniform(0.01, 0.035))
        return glyph.at_origin()

    def _digit(self, digit: int, bank: DigitBank | None, rng: np.random.Generator) -> tuple[Glyph, str]:
        added = (digit == 1 and rng.random() < self.flagged) or (digit == 7 and rng.random() < self.barred)
        source = ("flags" if digit == 1 else "bars") if added else "mnist"
        if bank is None or rng.random() < self.own_strokes:
            ways = [way for way in load_skeletons()[str(digit)] if (_added(way) == added) or digit not in (1, 7)]
            return self._own(str(digit), tuple(ways), rng), source if added else "strokes"
        index = int(rng.choice(bank.places[digit]))
        glyph, faithful = bank.strokes(index)
        if not added and rng.random() < self.as_written:
            return bank.outline(index), "mnist"
        while not faithful:
            index = int(rng.choice(bank.places[digit]))
            glyph, faithful = bank.strokes(index)
        if digit == 1 and added:
            glyph = glyphs.add_flag(glyph, rng) if rng.random() < 0.85 else glyph
            if rng.random() < 0.3 or len(glyph.strokes) == 1:
                glyph = glyphs.add_foot(glyph, rng)
        elif added:
            glyph = glyphs.add_bar(glyph, rng)
        return glyph, source

    def _own(self, character: str, ways: tuple[Skeleton, ...], rng: np.random.Generator) -> Glyph:
        weights = np.array([way.weight for way in ways])
        preferred = self.ways.get(character, 0) % len(ways)
        chosen = preferred if rng.random() < 0.75 else int(rng.choice(len(ways), p=weights / weights.sum()))
        return ways[chosen].write(rng, wobble=self.wobble)


def draw_hand(rng: np.random.Generator, pens: tuple[float, float], sources: frozenset[str]) -> Hand:
    """A random writer whose pen has a radius within `pens`, and who may use the `sources` of digits."""
    skeletons = load_skeletons()
    flagger, crosser = rng.random() < _FLAG_SHARE, rng.random() < _BAR_SHARE
    own = (
        1.0
        if "mnist" not in sources
        else 0.0
        if "strokes" not in sources
        else rng.choice([0.06, 0.3, 1.0], p=[0.7, 0.18, 0.12])
    )
    return Hand(
        pen=float(np.exp(rng.uniform(*np.log(pens)))),
        slant=float(rng.normal(0.04, 0.14)),
        aspect=float(np.exp(rng.normal(0, 0.13))),
        bend=float(rng.uniform(0.004, 0.03)),
        wobble=float(rng.uniform(0.006, 0.035)),
        pressure=float(rng.choice([0.01, 0.05, 0.16], p=[0.4, 0.4, 0.2])),
        taper=float(rng.uniform(0, 0.6)),
        nib=float(rng.uniform(0.3, 0.6)) if rng.random() < 0.08 else 0.0,
        broken=float(rng.choice([0.0, 0.04, 0.3], p=[0.7, 0.2, 0.1])),
        retraced=float(rng.choice([0.0, 0.03, 0.35], p=[0.75, 0.2, 0.05])),
        as_written=0.02 if pens[1] < 0.05 else 0.15,
        own_strokes=float(own),
        flagged=(0.92 if flagger else 0.03) if "flags" in sources else 0.0,
        barred=(0.92 if crosser else 0.03) if "bars" in sources else 0.0,
        spacing=float(np.exp(rng.normal(np.log(0.24), 0.55))),
        drift=float(rng.uniform(0, 0.06)),
        ways={
            character: int(rng.choice(len(ways), p=_shares(ways)))
            for character, ways in skeletons.items()
            if len(ways) > 1
        },
    )


def _added(way: Skeleton) -> bool:
    return way.variant.startswith(("flag", "serif", "crossed"))


def _shares(ways: tuple[Skeleton, ...]) -> np.ndarray:
    weights = np.array([way.weight for way in ways])
    return weights / weights.sum()
