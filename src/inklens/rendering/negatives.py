"""What stands on pages and is no digit: signs, letters, print, doodles, crossings-out, lines, fingers, things.

Most are drawn with the same pen as the digits. Without them a reader's F1 on photos fell by 0.07, more than without
anything else that the renderer does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from inklens.rendering import tokens
from inklens.rendering.fonts import load_faces
from inklens.rendering.hands import LOOKALIKES
from inklens.rendering.layout import frame_marks
from inklens.rendering.sheet import DIGIT, FAMILIES, IGNORE, NEGATIVE, Mark, Sheet
from inklens.rendering.strokes import load_held_out_skeletons

Negative = Callable[[Sheet, float], None]


def _write_somewhere(sheet: Sheet, text: str, size: float) -> None:
    """Write a text where there is room for it, if a few tries find such a place."""
    rng = sheet.rng
    size = min(size, 0.8 * sheet.height)
    for _ in range(4):
        x, y = rng.uniform(-0.2 * size, sheet.width - 0.4 * size), rng.uniform(0.7 * size, sheet.height + 0.2 * size)
        if sheet.room(x, y - size, sheet.measure(text) * size, 1.2 * size):
            sheet.write(text, x, y, size, angle=rng.normal(0, 0.06))
            return


def _signs(family: str) -> Negative:
    from inklens.rendering.strokes import load_skeletons

    def add(sheet: Sheet, size: float) -> None:
        rng = sheet.rng
        members = [c for c, ways in load_skeletons().items() if FAMILIES.get(ways[0].section) == family]
        for _ in range(int(rng.integers(1, 5))):
            text = "".join(members[int(rng.integers(len(members)))] for _ in range(1 if rng.random() < 0.8 else 2))
            _write_somewhere(sheet, text, size * float(np.exp(rng.normal(0, 0.3))))

    add.__doc__ = f"Single {family} where there is room."
    return add


def _letters(sheet: Sheet, size: float) -> None:
    """A word or a few letters by the same hand."""
    for _ in range(int(sheet.rng.integers(1, 4))):
        _write_somewhere(sheet, tokens.words(sheet.rng), size * float(np.exp(sheet.rng.normal(-0.1, 0.3))))


def _print(sheet: Sheet, size: float) -> None:
    """A line of print, or letters of a font made to look written, some of them as large as the digits."""
    rng = sheet.rng
    faces = load_faces()
    style = "hand" if rng.random() < 0.65 else "type"
    chosen = [face for face in faces if face.font.style == style]
    face = chosen[int(rng.integers(len(chosen)))]
    size = float(np.clip(size * rng.uniform(0.5, 1.1), 6, 0.5 * sheet.height))
    for _ in range(int(rng.integers(1, 4))):
        text = (
            tokens.words(rng) if rng.random() < 0.6 else tokens.marks(rng) if rng.random() < 0.6 else tokens.note(rng)
        )
        x, y = rng.uniform(-size, sheet.width * 0.8), rng.uniform(size, sheet.height)
        if not sheet.room(x, y - size, 0.7 * size * len(text), 1.3 * size):
            continue
        angle, line = rng.normal(0, 0.03), sheet.new_line()
        for character in text:
            if sheet.full or x > sheet.width:
                break
            found = face.glyph(character)
            if found is None:
                x += 0.4 * size
                continue
            glyph, advance = found
            role = IGNORE if character in LOOKALIKES else NEGATIVE
            sheet.marks.append(Mark(glyph, size, x, y, angle, role, -1, "print", sheet.pot, 1.0, line))
            x += advance * size


def _doodles(sheet: Sheet, size: float) -> None:
    """A wave, a zigzag, a spiral, loops, hatching, a burst or a long bow."""
    rng = sheet.rng
    extent = size * rng.uniform(0.6, 3.0)
    extent = min(extent, 0.6 * sheet.width)
    origin = np.array([rng.uniform(0, sheet.width - 0.3 * extent), rng.uniform(0.1, 0.95) * sheet.height])
    t = np.linspace(0, 1, 90)
    kind = int(rng.integers(8))
    turns, swing = rng.uniform(2, 7), extent * rng.uniform(0.08, 0.4)
    strokes: list[np.ndarray]
    if kind == 0:
        strokes = [np.stack([t * extent, swing * np.sin(2 * np.pi * turns * t)], axis=1)]
    elif kind == 1:
        corners = np.arange(2 * int(turns) + 2)
        strokes = [np.stack([corners / corners[-1] * extent, swing * (corners % 2 - 0.5)], axis=1)]
    elif kind == 2:
        radius, angle = extent * 0.4 * t, 2 * np.pi * rng.uniform(2.2, 5) * t
        strokes = [np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)]
    elif kind == 3:
        angle = 2 * np.pi * turns * t
        strokes = [np.stack([t * extent + 0.6 * swing * np.cos(angle), swing * np.sin(angle)], axis=1)]
    elif kind == 4:
        count = int(rng.integers(4, 12))
        slope = rng.uniform(0.2, 1.2)
        starts = np.arange(count)[:, None] / count * np.array([[extent, 0]])
        strokes = [
            np.stack([start, start + np.array([slope, -1.5]) * swing]) + rng.normal(0, 1, (2, 2)) for start in starts
        ]
    elif kind == 5:
        angles = np.arange(int(rng.integers(5, 10))) * 2 * np.pi / rng.uniform(5, 9)
        rays = np.stack([np.cos(angles), np.sin(angles)], axis=1) * swing
        strokes = [np.stack([0.2 * ray, ray * rng.uniform(0.7, 1.1)]) for ray in rays]
    elif kind == 6:
        walk = np.cumsum(np.cumsum(rng.normal(0, 1, (90, 2)), axis=0), axis=0)
        strokes = [walk / (np.abs(walk).max() + 1e-6) * extent * 0.6]
    else:
        strokes = [np.stack([t * extent, swing * 2 * (t - t**2) * rng.choice([-1, 1])], axis=1)]
    sheet.draw([stroke + origin for stroke in strokes], "doodles", sheet.hand.pen * size * rng.uniform(0.7, 1.2))


def _crossings(sheet: Sheet, size: float) -> None:
    """Something crossed out: lines, a cross or a scribble over digits that then cannot be read, or over nothing."""
    rng = sheet.rng
    digits = [mark for mark in sheet.marks if mark.role == DIGIT]
    pen = sheet.hand.pen * size * rng.uniform(0.8, 1.3)
    if digits and rng.random() < 0.75:
        first = digits[int(rng.integers(len(digits)))]
        boxes = [mark.box() for mark in digits if mark.string == first.string] if rng.random() < 0.5 else [first.box()]
        left, top = np.min(boxes, axis=0)[:2]
        right, bottom = np.max(boxes, axis=0)[2:]
    else:
        left, top = rng.uniform(0, sheet.width), rng.uniform(0, sheet.height)
        right, bottom = left + size * rng.uniform(0.4, 2), top + size * rng.uniform(0.5, 1.1)
        if not sheet.room(left, top, right - left, bottom - top):
            return
    pad = 0.12 * (bottom - top)
    left, top, right, bottom = left - pad, top - pad, right + pad, bottom + pad
    kind = rng.random()
    if kind < 0.35:
        count = int(rng.integers(6, 16))
        x = np.linspace(left, right, count) + rng.normal(0, pad, count)
        y = np.where(np.arange(count) % 2, top, bottom) + rng.normal(0, 2 * pad, count)
        strokes = [np.stack([x, y], axis=1)]
    elif kind < 0.6:
        strokes = [np.array([[left, bottom], [right, top]]), np.array([[left, top], [right, bottom]])]
    elif kind < 0.8:
        t = np.linspace(0, 1, 80)
        angle = 2 * np.pi * rng.uniform(4, 9) * t
        middle = np.array([(left + right) / 2, (top + bottom) / 2])
        half = np.array([(right - left) / 2, (bottom - top) / 2])
        wander = 0.75 + 0.25 * np.sin(7.3 * t + rng.uniform(0, 6))[:, None]
        strokes = [middle + half * wander * np.stack([np.cos(angle), np.sin(angle + 0.4)], axis=1)]
    else:
        heights = rng.uniform(0.3, 0.7, int(rng.integers(2, 4)))
        strokes = [np.array([[left, top + h * (bottom - top)], [right, top + h * (bottom - top)]]) for h in heights]
    sheet.draw([stroke + rng.normal(0, 0.02 * size, stroke.shape) for stroke in strokes], "crossings", pen, struck=True)


def _lines(sheet: Sheet, size: float) -> None:
    """A line under a number, a frame or an oval round it, a line across the page or an arrow."""
    rng = sheet.rng
    pen = sheet.hand.pen * size * rng.uniform(0.6, 1.2)
    digits = [index for index, mark in enumerate(sheet.marks) if mark.role == DIGIT]
    kind = rng.random()
    if digits and kind < 0.55:
        chosen = sheet.marks[digits[int(rng.integers(len(digits)))]]
        members = [mark for mark in sheet.marks if mark.line == chosen.line and mark.string == chosen.string]
        if kind < 0.25:
            boxes = np.array([mark.box() for mark in members])
            (left, _), (right, bottom) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
            for index in range(1 + (rng.random() < 0.3)):
                y = bottom + size * (rng.uniform(0.04, 0.25) + 0.15 * index)
                ends = np.array([[left - 0.2 * size, y], [(left + right) / 2, y], [right + 0.2 * size, y]])
                sheet.draw([ends + rng.normal(0, 0.03 * size, ends.shape)], "lines", pen)
        else:
            aside = replace(sheet, marks=members)
            frame_marks(aside, 0, pen, round_=kind > 0.42)
            sheet.marks.append(aside.marks[-1])
        return
    start = np.array([rng.uniform(0, sheet.width), rng.uniform(0, sheet.height)])
    if kind < 0.85:
        across = rng.random() < 0.6
        length = (sheet.width if across else sheet.height) * rng.uniform(0.3, 1.1)
        end = start + (np.array([length, rng.normal(0, 0.03) * length]) if across else np.array([0, length]))
        sheet.draw([np.linspace(start, end, 12) + rng.normal(0, 0.3 * pen, (12, 2))], "lines", pen)
        return
    angle, length = rng.uniform(0, 2 * np.pi), size * rng.uniform(1, 4)
    end = start + length * np.array([np.cos(angle), np.sin(angle)])
    barbs = [end - 0.3 * size * np.array([np.cos(angle + side), np.sin(angle + side)]) for side in (0.5, -0.5)]
    sheet.draw([np.stack([start, (start + end) / 2 + rng.normal(0, 0.05 * length, 2), end])], "lines", pen)
    sheet.draw([np.stack([barbs[0], end, barbs[1]])], "lines", pen)


def _cursive(sheet: Sheet, size: float) -> None:
    """A line of joined-up writing or a signature that nobody can read: loops, humps and strokes in one go."""
    rng = sheet.rng
    count = int(rng.integers(5, 16))
    height, step = size * rng.uniform(0.3, 0.6), size * rng.uniform(0.18, 0.35)
    t = np.linspace(0, 2 * np.pi * count, 14 * count)
    letter = (t / (2 * np.pi)).astype(int)
    tall = np.where(rng.random(count + 1) < 0.25, rng.uniform(1.6, 2.4, count + 1), rng.uniform(0.6, 1.1, count + 1))[
        letter
    ]
    loop = rng.uniform(-0.4, 1.2, count + 1)[letter]
    x = t / (2 * np.pi) * step + 0.5 * step * loop * np.sin(t)
    y = -0.5 * height * tall * (1 - np.cos(t))
    width = float(x.max())
    left = rng.uniform(-0.2 * width, max(sheet.width - 0.4 * width, -0.1 * width))
    base = rng.uniform(min(size, 0.9 * sheet.height), sheet.height)
    if sheet.room(left, base - height, width, height):
        slant = np.stack([x - 0.3 * y + left, y + base + rng.normal(0, 0.03) * x], axis=1)
        kernel = np.ones(5) / 5
        smooth = np.stack([np.convolve(np.pad(column, 2, "edge"), kernel, "valid") for column in slant.T], axis=1)
        sheet.draw([smooth], "cursive", sheet.hand.pen * size * rng.uniform(0.7, 1.0))


def _find_room(sheet: Sheet, width: float, height: float) -> tuple[float, float] | None:
    """Left and bottom of a free place, if a few tries find one; it may reach beyond the sheet's edges a little."""
    for _ in range(8):
        x = sheet.rng.uniform(-0.1 * height, max(0.0, sheet.width - 0.9 * width))
        y = sheet.rng.uniform(height, max(1.01 * height, sheet.height))
        if sheet.room(x, y - height, width, 1.2 * height):
            return x, y
    return None


def _held_out_signs(family: str, longest: int) -> Negative:
    def add(sheet: Sheet, size: float) -> None:
        rng = sheet.rng
        members = [ways[0] for ways in load_held_out_skeletons().values() if ways[0].section == family]
        for _ in range(int(rng.integers(1, 5))):
            here = min(size * float(np.exp(rng.normal(0, 0.3))), 0.6 * sheet.height)
            chosen = [members[int(rng.integers(len(members)))] for _ in range(int(rng.integers(1, longest + 1)))]
            place = _find_room(sheet, here * len(chosen), here)
            if place is None:
                continue
            x, y = place
            angle, line = rng.normal(0, 0.06), sheet.new_line()
            for way in chosen:
                glyph = sheet.hand.vary(way.write(rng, wobble=sheet.hand.wobble), rng)
                pen = sheet.hand.pen * here
                sheet.marks.append(Mark(glyph, here, x, y, angle, NEGATIVE, -1, family, sheet.pot, pen, line))
                x += here * (glyph.bounds()[2] + sheet.hand.spacing)

    add.__doc__ = f"Signs of the family {family}, up to {longest} together, where there is room."
    return add


def _structures(sheet: Sheet, size: float) -> None:
    """Chemistry: a ring of six with double bonds, and a zigzag chain at one of its corners."""
    rng = sheet.rng
    for _ in range(int(rng.integers(1, 4))):
        radius = min(size * rng.uniform(0.4, 0.8), 0.2 * sheet.height)
        place = _find_room(sheet, 2.4 * radius, 2.4 * radius)
        if place is None:
            continue
        middle = np.array(place) + np.array([1.2, -1.2]) * radius
        angles = rng.choice([0, np.pi / 6]) + np.arange(7) * np.pi / 3
        corners = middle + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        strokes = [np.linspace(one, two, 6) for one, two in pairwise(corners)]
        if rng.random() < 0.7:
            strokes += [middle + 0.75 * (stroke - middle) for stroke in strokes[::2]]
        chain = [corners[0]]
        for index in range(int(rng.integers(0, 4))):
            turn = angles[0] + (1 if index % 2 else -1) * np.pi / 6
            chain.append(chain[-1] + radius * np.array([np.cos(turn), np.sin(turn)]))
        if len(chain) > 1:
            strokes.append(np.array(chain))
        rough = [stroke + rng.normal(0, 0.015 * radius, stroke.shape) for stroke in strokes]
        sheet.draw(rough, "structures", sheet.hand.pen * size * rng.uniform(0.7, 1.1))


NEGATIVES: dict[str, tuple[Negative | None, float]] = {
    "operators": (_signs("operators"), 0.22),
    "slashes": (_signs("slashes"), 0.16),
    "brackets": (_signs("brackets"), 0.16),
    "letters": (_letters, 0.25),
    "symbols": (_signs("symbols"), 0.12),
    "print": (_print, 0.16),
    "doodles": (_doodles, 0.18),
    "crossings": (_crossings, 0.08),
    "lines": (_lines, 0.14),
    "cursive": (_cursive, 0.07),
    "fingers": (None, 0.05),
    "things": (None, 0.04),
    "cyrillic": (_held_out_signs("cyrillic", 6), 0.2),
    "kana": (_held_out_signs("kana", 5), 0.2),
    "music": (_held_out_signs("music", 3), 0.2),
    "circuits": (_held_out_signs("circuits", 2), 0.2),
    "structures": (_structures, 0.2),
}
"""Every negative family by name: what adds it to a sheet (fingers and things lie upon it), and how often."""


@dataclass(frozen=True)
class Occluder:
    """A finger, or a pen or the like, lying on the picture: a rounded bar from `tip` to `end`, `radius` px wide."""

    tip: np.ndarray
    end: np.ndarray
    radius: float
    colour: np.ndarray
    shine: float

    def draw(self, page: np.ndarray, channels: np.ndarray) -> np.ndarray:
        """Draw it in place on `page` float32 [height, width, n]; returns what it hides, float32 [height, width].

        `channels` [3, n] turns red, green and blue into the page's channels.
        """
        height, width = page.shape[:2]
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        axis = self.end - self.tip
        length = float(np.linalg.norm(axis)) + 1e-6
        axis = axis / length
        along = np.clip((x - self.tip[0]) * axis[0] + (y - self.tip[1]) * axis[1], 0, length)
        across = (x - self.tip[0]) * -axis[1] + (y - self.tip[1]) * axis[0]
        distance = np.hypot(x - self.tip[0] - along * axis[0], y - self.tip[1] - along * axis[1])
        cover = np.clip(self.radius - distance + 0.5, 0, 1)
        shadow = np.clip(1.35 - distance / (1.35 * self.radius), 0, 1) * 0.35
        page *= (1 - shadow * (1 - cover))[..., None]
        bulge = np.clip(1 - (across / self.radius) ** 2, 0, 1) ** 0.5
        shade = 0.62 + 0.38 * bulge + self.shine * np.clip(1 - np.abs(across / self.radius + 0.35) * 5, 0, 1)
        page += cover[..., None] * (self.colour @ channels * shade[..., None] - page)
        return cover


def draw_occluder(rng: np.random.Generator, kind: str, width: int, height: int) -> Occluder:
    """A finger that reaches in from the page's rim, or a thing lying across a corner of it."""
    angle = rng.uniform(0, 2 * np.pi)
    rim = np.array([width / 2, height / 2]) * (1 + 1.25 * np.array([np.cos(angle), np.sin(angle)]))
    inward = np.array([width, height]) * rng.uniform(0.25, 0.75, 2) - rim
    reach = rng.uniform(0.2, 0.6)
    if kind == "fingers":
        skin = np.array([[236, 188, 160], [198, 140, 110], [150, 98, 72], [98, 62, 46]])[int(rng.integers(4))]
        radius = height * rng.uniform(0.05, 0.13)
        return Occluder(rim + inward * reach, rim, radius, skin + rng.normal(0, 8, 3), 0.05)
    colour = rng.choice([rng.uniform(20, 70, 3), rng.uniform(30, 230, 3), np.array([225.0, 190, 60])])
    return Occluder(rim + inward * rng.uniform(0.2, 0.9), rim, height * rng.uniform(0.012, 0.035), colour, 0.5)
