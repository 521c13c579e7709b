"""From a sheet to a picture: paper, wear, ink, light and camera, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from inklens.rendering import camera, inks, layout, light, negatives, papers
from inklens.rendering.camera import Damage, View
from inklens.rendering.drawing import Patch, draw_strokes
from inklens.rendering.generators import Chooser
from inklens.rendering.inks import Ink
from inklens.rendering.opencv import cv2
from inklens.rendering.papers import Paper
from inklens.rendering.sheet import Mark, Sheet

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # BT.601, as in a phone's 420f and in JPEG

_FAINT_SHARE = 0.12  # of pens: those that are running dry or were hardly pressed


@dataclass
class Drawn:
    """A mark as it lies in the picture, its box, and how much of its ink fell on ink that was there before."""

    mark: Mark
    patch: Patch
    box: tuple[int, int, int, int]
    covered: float


@dataclass
class Writing:
    """All marks of a page as drawn, in order, and for each pot where its pen went, uint8 [height, width]."""

    drawn: list[Drawn] = field(default_factory=list)
    pots: dict[int, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Shot:
    """A picture uint8 [height, width, 1 or 3], and what it took to tell whether its ink can be read.

    `contrast` float32 [height, width]: how far ink stands out from its paper, in grey levels, before the lens.
    """

    picture: np.ndarray
    contrast: np.ndarray
    damage: Damage


def draw_marks(sheet: Sheet, view: View, shape: tuple[int, int]) -> Writing:
    """Draw every mark of the sheet as the camera sees it on a picture of `shape` (height, width)."""
    writing = Writing()
    everything = np.zeros(shape, np.uint8)
    for mark in sheet.marks:
        strokes = mark.strokes()
        middle = strokes[0][len(strokes[0]) // 2]
        radius = mark.pen * view.scale(float(middle[0]), float(middle[1]))
        placed = tuple(view.place(stroke) for stroke in strokes)
        patch = draw_strokes(placed, tuple(pen * radius for pen in mark.glyph.pens), shape, filled=mark.glyph.filled)
        box = patch.box() if patch is not None else None
        if patch is None or box is None:
            continue
        under = everything[patch.window]
        ink = patch.ink > 127
        covered = cv2.countNonZero((ink & (under > 127)).astype(np.uint8)) / max(1, int(ink.sum()))
        writing.drawn.append(Drawn(mark, patch, box, covered))
        pot = writing.pots.setdefault(mark.pot, np.zeros(shape, np.uint8))
        np.maximum(pot[patch.window], patch.ink, out=pot[patch.window])
        np.maximum(under, patch.ink, out=under)
    return writing


def lay_page(chooser: Chooser, paper: Paper, sheet: Sheet, view: View, size: float, dirt: float) -> np.ndarray:
    """The page before anything is written on it, float32 [height, width, 3]: paper, ruling and wear.

    `size` is the height of the digits that the ruling is for.
    """
    rng = chooser.rng
    page = papers.lay_paper(rng, paper, sheet.height, sheet.width, dirt)
    if chooser.allowed("ruling") and (
        chooser.restricted("ruling") or (paper.ruled and rng.random() < papers.RULED_SHARE)
    ):
        kind = chooser.pick("ruling", papers.RULINGS)
        for rule in papers.draw_ruling(rng, kind, sheet.width, sheet.height, size):
            _draw_rule(page, rule, view)
    wear = chooser.used.get("wear", [])
    if "bleed" in wear:
        _bleed(rng, page, sheet, dirt)
    for kind in ("wrinkles", "folds"):
        if kind in wear:
            papers.crumple(rng, page, dirt, folds=kind == "folds")
    if "stains" in wear:
        papers.stain(rng, page, dirt)
    if "smudges" in wear:
        papers.smudge(rng, page, dirt)
    if "holes" in wear:
        papers.punch(rng, page)
    if "specks" in wear:
        papers.speck(rng, page, dirt)
    if "edges" in wear:
        pad = 0.03 * min(sheet.width, sheet.height)
        right, bottom = sheet.width + pad, sheet.height + pad
        papers.lay_on_desk(
            rng, page, view.place(np.array([[-pad, -pad], [right, -pad], [right, bottom], [-pad, bottom]]))
        )
    return page


def lay_writing(
    rng: np.random.Generator, page: np.ndarray, writing: Writing, ink: Ink, dirt: float, channels: np.ndarray
) -> np.ndarray:
    """The empty page, float32 [height, width, 3], with its ink on it, times `channels` float32 [3, n], evenly lit."""
    page = page @ channels
    for number, covered in sorted(writing.pots.items()):
        kind = ink if number == 0 else _other_ink(rng, ink)
        pot = inks.fill_pot(kind, rng, rng.uniform(0.35, 0.9) if rng.random() < _FAINT_SHARE else 1.0)
        opacity = inks.opacity_map(pot, covered, rng, 0.25 + 0.75 * dirt)
        inks.lay_ink(page, opacity, np.array(pot.colour, np.float32) @ channels)
    return page


def photograph(chooser: Chooser, page: np.ndarray, writing: Writing, ink: Ink, dirt: float, *, colour: bool) -> Shot:
    """Lay the ink on the empty page, light it and take its picture, in grey or in colour."""
    rng = chooser.rng
    height, width = page.shape[:2]
    bare = page @ LUMA
    channels = np.eye(3, dtype=np.float32) if colour else LUMA[:, None]
    page = lay_writing(rng, page, writing, ink, dirt, channels)
    contrast = np.abs((page @ LUMA if colour else page[..., 0]) - bare)
    things = [
        negatives.draw_occluder(rng, kind, width, height)
        for kind in ("fingers", "things")
        if kind in chooser.used.get("negative", [])
    ]
    lights = chooser.several("light", light.LIGHTS, dirt)
    if lights:
        field_ = light.cast_light(rng, lights, height, width, dirt)
        page *= field_ @ channels if not colour else field_
        contrast *= field_ @ LUMA
    if "glare" in lights:
        contrast *= light.add_glare(rng, page, dirt)
    for thing in things:
        contrast *= 1 - thing.draw(page, channels)
    picture, damage = camera.take(rng, page, chooser.used.get("camera", []), dirt)
    return Shot(picture, contrast, damage)


def _draw_rule(page: np.ndarray, rule: papers.Rule, view: View) -> None:
    strokes = tuple(view.place(line) for line in rule.lines)
    pens = tuple(np.full(len(stroke), rule.pen, np.float32) for stroke in strokes)
    patch = draw_strokes(strokes, pens, page.shape[:2])
    if patch is not None:
        opacity = patch.ink.astype(np.float32) * (rule.opacity / 255)
        inks.lay_ink(page[patch.window], opacity, np.array(rule.colour))


def _bleed(rng: np.random.Generator, page: np.ndarray, sheet: Sheet, dirt: float) -> None:
    """Let the writing on the back show through: mirrored, pale and soft."""
    back = Sheet(rng, sheet.width, sheet.height, sheet.hand, sheet.bank, sheet.families, most=40)
    layout.lay_rows(back, float(rng.uniform(0.06, 0.2)) * sheet.height)
    ink = np.zeros((sheet.height, sheet.width), np.uint8)
    for drawn in draw_marks(back, View(np.eye(3)), ink.shape).drawn:
        np.maximum(ink[drawn.patch.window], drawn.patch.ink, out=ink[drawn.patch.window])
    soft = cv2.GaussianBlur(ink[:, ::-1].astype(np.float32), (0, 0), rng.uniform(0.7, 2))
    inks.lay_ink(page, soft * (rng.uniform(0.03, 0.13) * dirt / 255), np.array([70.0, 70, 90]))


def _other_ink(rng: np.random.Generator, first: Ink) -> Ink:
    """Another pen that shows on what the first shows on."""
    names = inks.LIGHT_INKS if first.name in inks.LIGHT_INKS else inks.DARK_INKS
    return inks.INKS[names[int(rng.integers(len(names)))]]
