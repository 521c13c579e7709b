"""What an app shows where it has nothing to read: an icon, sample pages and sample digits, from our own strokes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from inklens.rendering.strokes import load_skeletons

WIDTH, HEIGHT = 640, 480  # of a sample page, in pixels: a camera frame's
_FINE = 4  # times finer than the picture to draw: edges come out smooth
_BLUE = (28, 78, 160)
_WAYS = {"1": 2}  # with a flag: a lone stroke may be anything


@dataclass(frozen=True)
class Written:
    """A digit at a place: `x`, `y` of its top left in pixels, its `height`, and by how much to go on in our ways to
    write it."""

    character: str
    x: float
    y: float
    height: float
    way: int = 0


def sample_pages() -> list[np.ndarray]:
    """Three pages uint8 [480, 640]: two numbers in lines, all ten digits apart, and chalk on a dark board."""
    lines = [*_line("31415", 60, 70, 120, 104), *_line("92653", 70, 270, 120, 102, way=1)]
    apart = [Written(str(digit), 60 + 112 * (digit % 5), 60 + 200 * (digit // 5), 110) for digit in range(10)]
    board = _line("2026", 130, 150, 160, 100)
    return [
        draw_page(lines, paper=214, ink=58, pen=9, shade=34),
        draw_page(apart, paper=228, ink=40, pen=8, shade=20),
        draw_page(board, paper=52, ink=216, pen=12, shade=16),
    ]


def sample_digits() -> list[tuple[np.ndarray, tuple[int, int, int, int]]]:
    """The ten digits in order, each a page uint8 [120, 100] with the digit's box."""
    found = []
    for digit in range(10):
        page = draw_page([Written(str(digit), 28, 24, 72)], width=100, height=120, paper=220, ink=40, pen=7, shade=18)
        rows, columns = np.nonzero(page < 130)
        found.append(
            (page, (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)),
        )
    return found


def draw_page(
    digits: Iterable[Written], *, paper: int, ink: int, pen: float, shade: int, width: int = WIDTH, height: int = HEIGHT
) -> np.ndarray:
    """A page uint8 [height, width] with digits written by a round pen of `pen` pixels.

    paper, ink: greys, 0 black to 255 white. shade: by how much the paper gets darker from top left to bottom right.
    """
    across, down = np.arange(width)[None, :], np.arange(height)[:, None]
    ground = paper - shade * (across * height + down * width) // (2 * width * height)
    covered = np.asarray(_draw_strokes(digits, width, height, pen), np.int64)
    return (ground + (ink - ground) * covered // 255).astype(np.uint8)


def draw_icon(side: int = 1024) -> Image.Image:
    """The app's icon: a handwritten 7 in the corners of a finder, white on blue, without transparency."""
    icon = Image.new("RGB", (side, side), _BLUE)
    digit = _draw_strokes([Written("7", 0.345 * side, 0.24 * side, 0.52 * side)], side, side, 0.07 * side)
    icon.paste((255, 255, 255), mask=digit)
    corners = Image.new("L", (2 * side, 2 * side))
    draw, near, far, long = ImageDraw.Draw(corners), 0.24 * side, 1.76 * side, 0.26 * side
    for x, right in ((near, 1), (far, -1)):
        for y, down in ((near, 1), (far, -1)):
            points = [(x + right * long, y), (x, y), (x, y + down * long)]
            draw.line(points, fill=150, width=side // 14, joint="curve")
    icon.paste((255, 255, 255), mask=corners.resize((side, side), Image.Resampling.LANCZOS))
    return icon


def _line(text: str, x: float, y: float, height: float, step: float, way: int = 0) -> list[Written]:
    return [Written(character, x + step * place, y, height, way) for place, character in enumerate(text)]


def _draw_strokes(digits: Iterable[Written], width: int, height: int, pen: float) -> Image.Image:
    """How much of each pixel the pen covers, 0 to 255."""
    fine = _FINE if width <= WIDTH else 2
    canvas = Image.new("L", (width * fine, height * fine))
    draw = ImageDraw.Draw(canvas)
    radius = pen * fine / 2
    for digit in digits:
        ways = load_skeletons()[digit.character]
        skeleton = ways[(_WAYS.get(digit.character, 0) + digit.way) % len(ways)]
        for curve in skeleton.curves:
            stroke = np.asarray(curve @ skeleton.controls, np.float64) * digit.height
            points = [((digit.x + x) * fine, (digit.y + digit.height + y) * fine) for x, y in stroke.tolist()]
            draw.line(points, fill=255, width=round(2 * radius))
            for x, y in points:
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return canvas.resize((width, height), Image.Resampling.BOX)
