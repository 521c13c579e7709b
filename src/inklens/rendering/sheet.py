"""A sheet being written on: marks with their place, role, line and string, before any camera sees it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from inklens.rendering.digits import DigitBank
from inklens.rendering.glyphs import Glyph
from inklens.rendering.hands import LOOKALIKES, Hand
from inklens.rendering.strokes import load_skeletons

DIGIT, IGNORE, NEGATIVE = "digit", "ignore", "negative"

# the negative family that each section of the stroke file belongs to
FAMILIES = {
    "letters": "letters",
    "operators": "operators",
    "slashes": "slashes",
    "brackets": "brackets",
    "symbols": "symbols",
}


@dataclass(frozen=True)
class Mark:
    """A glyph on the sheet: `size` pixels for a digit's height, its origin at (`x`, `y`), turned by `angle` radians.

    `role` digit, ignore or negative; `label` 0 to 9 or -1; `family` the generator that made it; `pot` and `pen` which
    ink and what radius in pixels; `line` and `string` numbers of what it belongs to, -1 for neither. `struck`: it is
    drawn over what was there, which then cannot be read.
    """

    glyph: Glyph
    size: float
    x: float
    y: float
    angle: float = 0.0
    role: str = NEGATIVE
    label: int = -1
    family: str = ""
    pot: int = 0
    pen: float = 1.0
    line: int = -1
    string: int = -1
    struck: bool = False

    def strokes(self) -> tuple[np.ndarray, ...]:
        """The glyph's strokes in pixels of the sheet."""
        cos, sin = np.cos(self.angle) * self.size, np.sin(self.angle) * self.size
        turn = np.array([[cos, sin], [-sin, cos]], np.float32)
        origin = np.array([self.x, self.y], np.float32)
        return tuple(stroke @ turn + origin for stroke in self.glyph.strokes)

    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the points on the sheet."""
        points = np.concatenate(self.strokes())
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)


@dataclass
class Sheet:
    """Where the layouts and negatives write: a page of `width` by `height` pixels, its writer, and the marks so far.

    `families`: the negative families that may be used. `most`: how many marks the page may hold.
    """

    rng: np.random.Generator
    width: int
    height: int
    hand: Hand
    bank: DigitBank | None
    families: frozenset[str]
    most: int = 110
    pot: int = 0
    marks: list[Mark] = field(default_factory=list)
    _lines: int = 0
    _strings: int = 0

    def new_line(self) -> int:
        """A number for the line that is begun."""
        self._lines += 1
        return self._lines

    def new_string(self) -> int:
        """A number for the string of digits that is begun."""
        self._strings += 1
        return self._strings

    @property
    def full(self) -> bool:
        """Whether the page holds as many marks as it may."""
        return len(self.marks) >= self.most

    def role(self, character: str) -> tuple[str, str] | None:
        """Role and family of a character that is no digit; None if it cannot or may not be written."""
        ways = load_skeletons().get(character)
        if ways is None or FAMILIES[ways[0].section] not in self.families:
            return None
        return (IGNORE if character in LOOKALIKES else NEGATIVE), FAMILIES[ways[0].section]

    def write(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        *,
        angle: float = 0.0,
        limit: float | None = None,
        line: int | None = None,
        gap: float | None = None,
    ) -> float:
        """Write `text` from (x, y) on a baseline turned by `angle`; returns how far it came along that baseline.

        Digits that follow one another are a string. The text ends before `limit` pixels along the baseline.
        """
        rng, hand = self.rng, self.hand
        line = self.new_line() if line is None else line
        string = -1
        along, lift = 0.0, 0.0
        limit = 3.0 * self.width if limit is None else limit
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        for character in text:
            is_digit = character.isdecimal()
            known = (DIGIT, "") if is_digit else self.role(character)
            if known is None or self.full:
                along += size * rng.uniform(0.25, 0.6)
                string = -1
                continue
            glyph, source = hand.write(character, self.bank, rng)
            scale = size * float(np.exp(rng.normal(0, 0.05)))
            width = glyph.bounds()[2] * scale
            if along + width > limit:
                break
            string = (string if string >= 0 else self.new_string()) if is_digit else -1
            lift = 0.7 * lift + float(rng.normal(0, hand.drift)) * size
            self.marks.append(
                Mark(
                    glyph,
                    scale,
                    x + cos * along - sin * lift,
                    y + sin * along + cos * lift,
                    angle,
                    known[0],
                    int(character) if is_digit else -1,
                    source or known[1],
                    self.pot,
                    hand.pen * size,
                    line,
                    string,
                )
            )
            space = hand.spacing if gap is None else gap
            along += width + size * (space * float(np.exp(rng.normal(0, 0.25))) - 0.03)
        return along

    def draw(
        self, strokes: list[np.ndarray], family: str, pen: float, *, role: str = NEGATIVE, struck: bool = False
    ) -> None:
        """Draw strokes, [n, 2] pixels of the sheet each, with a pen of radius `pen` pixels."""
        points = tuple(np.asarray(stroke, np.float32) for stroke in strokes)
        glyph = Glyph(points, tuple(np.ones(len(stroke), np.float32) for stroke in points))
        self.marks.append(Mark(glyph, 1.0, 0.0, 0.0, 0.0, role, -1, family, self.pot, pen, struck=struck))

    def measure(self, text: str) -> float:
        """About how many heights of a digit `text` takes."""
        return sum(0.5 if character == " " else 0.55 + self.hand.spacing for character in text)

    def room(self, x: float, y: float, width: float, height: float) -> bool:
        """Whether the rectangle from (x, y) down and right is free of marks."""
        for mark in self.marks:
            left, top, right, bottom = mark.box()
            if left < x + width and right > x and top < y + height and bottom > y:
                return False
        return True
