"""What is written on: papers and boards, their ruling, and what time has done to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inklens.rendering.inks import DARK_INKS, HELD_OUT_INKS, LIGHT_INKS, Colour, smooth_noise
from inklens.rendering.opencv import cv2

_BOARD_INKS = ("marker", "dry-marker", "felt")


@dataclass(frozen=True)
class Paper:
    """A kind of paper or board: its colours, its fine and its coarse unevenness in grey levels, what writes on it."""

    name: str
    colours: tuple[Colour, ...]
    grain: tuple[float, float]
    clouds: tuple[float, float]
    inks: tuple[str, ...]
    share: float
    ruled: bool
    smear: float


_COLOURS: dict[str, tuple[Colour, ...]] = {
    "white": ((253, 253, 252), (246, 246, 246), (255, 255, 255)),
    "plain": ((222, 218, 210), (198, 192, 186), (180, 170, 162), (206, 208, 212), (232, 230, 224)),
    "cream": ((240, 228, 196), (226, 212, 178), (246, 236, 210)),
    "tinted": ((250, 232, 110), (250, 180, 190), (170, 220, 240), (190, 230, 160), (245, 200, 130), (200, 190, 230)),
    "recycled": ((190, 184, 172), (168, 164, 154)),
    "kraft": ((190, 150, 104), (170, 132, 90), (206, 170, 126)),
    "whiteboard": ((236, 240, 242), (220, 226, 230), (208, 210, 206)),
    "greenboard": ((52, 94, 66), (40, 76, 58), (66, 120, 66), (34, 66, 52)),
    "blackboard": ((44, 46, 48), (62, 64, 66), (30, 32, 36)),
    "black": ((26, 26, 28), (40, 36, 44), (30, 34, 60)),
    "cardboard": ((186, 148, 106), (160, 122, 84), (204, 172, 134)),
    "newsprint": ((206, 202, 190), (190, 186, 176), (218, 210, 192)),
    "napkin": ((250, 250, 248), (238, 236, 232), (244, 226, 214)),
}
_WRITING_INKS = (*DARK_INKS, *HELD_OUT_INKS)


def _paper(
    name: str,
    share: float,
    grain: tuple[float, float],
    clouds: tuple[float, float],
    inks: tuple[str, ...] = _WRITING_INKS,
) -> Paper:
    board = name.endswith("board")
    return Paper(name, _COLOURS[name], grain, clouds, inks, share, ruled=not board, smear=7.0 if board else 0.0)


PAPERS: dict[str, Paper] = {
    paper.name: paper
    for paper in (
        _paper("white", 0.22, (0.2, 1.5), (0, 1.5)),
        _paper("plain", 0.32, (0.8, 3), (1, 5)),
        _paper("cream", 0.1, (0.8, 3), (1, 4)),
        _paper("tinted", 0.08, (0.5, 2), (1, 4)),
        _paper("recycled", 0.05, (3, 8), (2, 6)),
        _paper("kraft", 0.04, (3, 8), (2, 7), (*_WRITING_INKS, "light-pen")),
        _paper("whiteboard", 0.06, (0.2, 1), (1, 6), _BOARD_INKS),
        _paper("greenboard", 0.07, (1, 4), (3, 9), LIGHT_INKS),
        _paper("blackboard", 0.05, (1, 4), (3, 9), LIGHT_INKS),
        _paper("black", 0.03, (0.5, 3), (1, 4), LIGHT_INKS),
        _paper("cardboard", 0.04, (2, 6), (2, 6)),
        _paper("newsprint", 0.04, (2, 6), (1, 5)),
        _paper("napkin", 0.04, (0.5, 2), (1, 4)),
    )
}

RULINGS: dict[str, float] = {
    "ruled": 0.3,
    "squared": 0.3,
    "dotted": 0.08,
    "ledger": 0.08,
    "lineature": 0.06,
    "staves": 0.06,
}
"""Printed rulings and how often each is found among ruled pages."""
RULED_SHARE = 0.34

WEAR: dict[str, float] = {
    "wrinkles": 0.12,
    "folds": 0.1,
    "stains": 0.12,
    "bleed": 0.1,
    "specks": 0.25,
    "edges": 0.14,
    "smudges": 0.12,
    "holes": 0.03,
}
"""What wear a page shows, and how often at full dirt."""


def lay_paper(rng: np.random.Generator, paper: Paper, height: int, width: int, dirt: float) -> np.ndarray:
    """An empty page, float32 [height, width, 3] of 0 to 255 red, green, blue; unevenness grows with `dirt`."""
    colour = np.array(paper.colours[int(rng.integers(len(paper.colours)))]) + rng.normal(0, 5, 3)
    tone = np.zeros((height, width), np.float32)
    grain, clouds = rng.uniform(*paper.grain) * dirt, rng.uniform(*paper.clouds) * dirt
    if grain > 0:
        fine = rng.standard_normal((height, width), dtype=np.float32)
        tone += grain * (1.6 * cv2.GaussianBlur(fine, (0, 0), 0.8))
    if clouds > 0:
        tone += clouds * smooth_noise(rng, (height, width), rng.uniform(20, 70))
    if paper.smear and dirt > 0:
        tone += paper.smear * dirt * rng.random() * _streaks(rng, height, width)
    if paper.name in _TEXTURES:
        tone += (0.4 + 0.6 * dirt) * _TEXTURES[paper.name](rng, height, width)
    return np.clip(colour + tone[..., None], 0, 255).astype(np.float32)


def _streaks(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """What a sponge leaves on a board: noise drawn out along bows."""
    coarse = rng.standard_normal((max(4, height // 5), max(4, width // 60)), dtype=np.float32)
    noise = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    x = np.tile(np.arange(width, dtype=np.float32), (height, 1))
    y = np.arange(height, dtype=np.float32)[:, None] + rng.uniform(-0.4, 0.4) * (x - width / 2) ** 2 / width
    return cv2.remap(noise, x, y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def _flute(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """The waves of corrugated cardboard as they show through its face, in grey levels."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.08)
    waves = np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / rng.uniform(6, 16))
    strength = rng.uniform(2, 6) + 1.5 * smooth_noise(rng, (height, width), 40)
    return np.asarray(strength * waves, np.float32)


def _show_print(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """The other side of a newspaper: columns of lines too faint to read, in grey levels, all of them dark."""
    pitch = rng.uniform(7, 13)
    rows, letters = int(height / pitch) + 2, int(width / (0.35 * pitch)) + 2
    words = (rng.random((rows, letters)) < 0.8) & (np.arange(letters) % int(rng.integers(40, 70)) > 3)
    print_ = np.zeros((2 * rows, letters), np.float32)
    print_[::2] = words * rng.uniform(0.4, 1, words.shape)
    size = (int(letters * 0.35 * pitch), int(rows * pitch))
    drawn = cv2.resize(print_, size, interpolation=cv2.INTER_NEAREST)[:height, :width]
    return np.asarray(-rng.uniform(4, 14) * cv2.GaussianBlur(drawn, (0, 0), rng.uniform(0.9, 1.8)), np.float32)


def _emboss(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """The dots pressed into a paper napkin, lit from one side, in grey levels."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    pitch, angle = rng.uniform(5, 11), rng.uniform(0, np.pi / 2)
    along = (x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / pitch)
    across = (y * np.cos(angle) - x * np.sin(angle)) * (2 * np.pi / pitch)
    return np.asarray(rng.uniform(2, 6) * np.sin(along) * np.clip(np.cos(across), 0, 1), np.float32)


_TEXTURES: dict[str, Callable[[np.random.Generator, int, int], np.ndarray]] = {
    "cardboard": _flute,
    "newsprint": _show_print,
    "napkin": _emboss,
}


@dataclass(frozen=True)
class Rule:
    """Lines of one colour and strength: `lines` [n, 2, 2] pixels of the sheet, a pen radius and an opacity."""

    lines: np.ndarray
    pen: float
    colour: Colour
    opacity: float
    dots: bool = False


def draw_ruling(rng: np.random.Generator, kind: str, width: int, height: int, size: float) -> list[Rule]:
    """The lines of a printed ruling that fits handwriting with digits `size` pixels high."""
    pitch = max(6.0, size * rng.uniform(0.5, 2.0))
    colour = [(120, 150, 200), (150, 150, 155), (170, 130, 170), (120, 180, 160), (90, 100, 120)][int(rng.integers(5))]
    opacity, pen = rng.uniform(0.15, 0.7), max(0.3, pitch * rng.uniform(0.006, 0.016))
    phase = rng.uniform(0, pitch)
    reach = max(width, height)
    rows = np.arange(phase - reach, height + reach, pitch)
    columns = np.arange(phase - reach, width + reach, pitch)
    across = np.array([[[-reach, y], [width + reach, y]] for y in rows])
    upright = np.array([[[x, -reach], [x, height + reach]] for x in columns])
    margin = np.array([[[rng.uniform(0.05, 0.2) * width] * 2, [-reach, height + reach]]]).transpose(0, 2, 1)
    red = Rule(margin, 1.3 * pen, (210, 90, 90), opacity)
    if kind == "ruled":
        rules = [Rule(across, pen, colour, opacity)]
        return [*rules, red] if rng.random() < 0.4 else rules
    if kind == "squared":
        return [Rule(np.concatenate([across, upright]), pen, colour, opacity * rng.uniform(0.5, 1))]
    if kind == "ledger":
        wide = upright[:: int(rng.integers(3, 6))]
        return [Rule(across, pen, colour, opacity), Rule(wide, pen, (200, 100, 100), opacity)]
    if kind == "lineature":  # the four lines that children write between
        third = rng.uniform(0.25, 0.33) * pitch
        offset = np.array([0, third])
        inner = np.concatenate([across + offset, across - offset])
        return [Rule(across[::2], pen, colour, opacity), Rule(inner[::2], pen, colour, 0.6 * opacity)]
    if kind == "staves":  # five lines together, for music
        offsets = pitch * rng.uniform(0.1, 0.16) * np.arange(5)
        staves = np.concatenate([across[::2] + np.array([0, offset]) for offset in offsets])
        return [Rule(staves, pen, (60, 60, 64), opacity)]
    dots = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 1, 2)
    inside = ((dots > -0.3 * reach) & (dots < 1.3 * reach)).all(axis=(1, 2))
    return [Rule(np.repeat(dots[inside][:2500], 2, axis=1), max(0.5, 2 * pen), colour, opacity, dots=True)]


def crumple(rng: np.random.Generator, page: np.ndarray, strength: float, *, folds: bool) -> None:
    """Shade `page` in place as creased paper is: facets that catch the light, or one or two straight folds."""
    height, width = page.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    shade = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, 3)) if folds else int(rng.integers(5, 14))):
        angle = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.03) if folds else rng.uniform(0, np.pi)
        offset = (x - rng.uniform(0, width)) * np.cos(angle) + (y - rng.uniform(0, height)) * np.sin(angle)
        if not folds:
            offset += 4 * np.sin((x * np.sin(angle) - y * np.cos(angle)) / rng.uniform(15, 60))
        fall = height * rng.uniform(0.05, 0.25)
        shade += rng.normal(0, 0.045) * np.tanh(offset / 1.5) * np.exp(-np.abs(offset) / fall)
        shade -= rng.uniform(0, 0.09) * np.exp(-np.abs(offset) / rng.uniform(0.5, 1.6)) * folds
    page *= (1 + strength * shade)[..., None]


def stain(rng: np.random.Generator, page: np.ndarray, strength: float) -> None:
    """Put coffee rings, blots and grease on `page` in place, always fainter than ink."""
    height, width = page.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    for _ in range(int(rng.integers(1, 4))):
        radius = height * rng.uniform(0.06, 0.5)
        dx, dy = x - rng.uniform(0, width), y - rng.uniform(0, height)
        angle = np.arctan2(dy, dx)
        distance = (
            np.hypot(dx, dy) / radius * (1 + 0.05 * np.sin(3 * angle + rng.uniform(0, 6)) + 0.03 * np.sin(7 * angle))
        )
        inside = np.clip((1 - distance) * rng.uniform(6, 30), 0, 1) * rng.uniform(0.2, 1)
        if rng.random() < 0.5:
            inside = np.exp(-(((distance - 1) * rng.uniform(8, 25)) ** 2)) + 0.15 * inside
        colour = np.array([[150, 105, 60], [120, 120, 115], [190, 170, 120], [110, 130, 170]])[int(rng.integers(4))]
        page += (strength * rng.uniform(0.05, 0.22) * inside)[..., None] * (colour - page)


def speck(rng: np.random.Generator, page: np.ndarray, strength: float) -> None:
    """Scatter dust, crumbs and hairs on `page` in place."""
    height, width = page.shape[:2]
    ink = np.zeros((height, width), np.uint8)
    for _ in range(int(rng.integers(2, 5 + int(30 * strength)))):
        place = (int(rng.integers(width * 16)), int(rng.integers(height * 16)))
        cv2.circle(ink, place, int(rng.uniform(4, 22)), int(rng.integers(60, 220)), -1, cv2.LINE_AA, 4)
    for _ in range(int(rng.integers(0, 3))):
        walk = np.cumsum(np.cumsum(rng.normal(0, 0.12, (25, 2)), axis=0), axis=0) + rng.uniform(0, 1, 2) * [
            width,
            height,
        ]
        cv2.polylines(ink, [np.rint(walk * 16).astype(np.int32).reshape(-1, 1, 2)], False, 90, 1, cv2.LINE_AA, 4)
    light = float(page.mean()) < 110
    page += (ink.astype(np.float32) / 255)[..., None] * ((200.0 if light else 60.0) - page)


def smudge(rng: np.random.Generator, page: np.ndarray, strength: float) -> None:
    """Wipe grey, as of a rubbed pencil or a thumb, over parts of `page` in place."""
    height, width = page.shape[:2]
    cover = np.clip(smooth_noise(rng, (height, width), height * rng.uniform(0.15, 0.5)) - 0.6, 0, 1)
    cover *= 0.5 + 0.5 * np.abs(_streaks(rng, height, width))
    light = float(page.mean()) < 110
    page += (strength * rng.uniform(0.1, 0.35) * cover)[..., None] * ((190.0 if light else 110.0) - page)


def lay_on_desk(rng: np.random.Generator, page: np.ndarray, corners: np.ndarray) -> None:
    """Put a desk round the sheet whose corners, float32 [4, 2] pixels, lie inside `page`; changes it in place."""
    height, width = page.shape[:2]
    sheet = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(sheet, np.rint(corners * 16).astype(np.int32).reshape(-1, 1, 2), 255, cv2.LINE_AA, 4)
    cover = sheet.astype(np.float32) / 255
    colour = np.array([[120, 84, 56], [70, 52, 42], [160, 130, 96], [50, 54, 60], [190, 186, 178], [96, 110, 120]])
    desk = np.broadcast_to(colour[int(rng.integers(6))] + rng.normal(0, 12, 3), page.shape).astype(np.float32)
    grain = smooth_noise(rng, (height, max(8, width // 12)), 3)
    grain = cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR)
    texture = grain if rng.random() < 0.5 else smooth_noise(rng, (height, width), 30)
    desk = np.asarray(desk + rng.uniform(2, 12) * texture[..., None], np.float32)
    shift = rng.uniform(-0.02, 0.02, 2) * width
    soft = cv2.GaussianBlur(cv2.resize(cover, (width // 4, height // 4)), (0, 0), max(0.8, 0.004 * width))
    soft = cv2.resize(soft, (width, height))
    move = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    shadow = cv2.warpAffine(soft, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    desk *= (1 - 0.4 * shadow)[..., None]
    page[:] = desk + cover[..., None] * (page - desk)


def punch(rng: np.random.Generator, page: np.ndarray) -> None:
    """Punch filing holes along one side of `page`, in place."""
    height, width = page.shape[:2]
    ink = np.zeros((height, width), np.uint8)
    x, radius = rng.uniform(0.02, 0.06) * width, height * rng.uniform(0.012, 0.03)
    x = x if rng.random() < 0.7 else width - x
    for y in np.arange(rng.uniform(0, 0.3), 1, rng.uniform(0.2, 0.5)) * height:
        cv2.circle(ink, (int(x * 16), int(y * 16)), int(radius * 16), 255, -1, cv2.LINE_AA, 4)
    page += (ink.astype(np.float32) / 255)[..., None] * (rng.uniform(30, 120) - page)
