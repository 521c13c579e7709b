"""Draws the pictures of docs/reading.md by the shipped reader: python tools/draw_reading.py [--out docs/images]

Every page is rendered, its digits by our own strokes; no photo and no picture of MNIST is in them. The same networks
give the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from inklens.reading.drawing import SURE, draw_marks
from inklens.reading.read import read_page
from inklens.reading.reader import Reader, load_reader
from inklens.rendering.generators import GENERATORS
from inklens.rendering.render import RenderedPage, RenderOptions, page_rng, render_page
from inklens.writing import write_whole

COLOURS = 64  # what photos of coloured ink need to stay smooth; a third of the bytes of true colour
GAP = 8
CAPTION = 22  # pixels
SEED = 41

Row = tuple[str, frozenset[str], float, tuple[float, float]]  # caption, generators, dirt, heights of a digit

READ: tuple[Row, ...] = (
    (
        "sums in ballpoint on squared paper",
        frozenset({"expression", "squared", "ballpoint", "operators"}),
        0.3,
        (60, 90),
    ),
    ("chalk on a board", frozenset({"rows", "greenboard", "chalk"}), 0.5, (44, 60)),
    ("pencil in a shadow", frozenset({"rows", "plain", "pencil", "shadow"}), 0.7, (44, 60)),
    ("a table whose lines are touched", frozenset({"table", "cream", "fineliner", "lines"}), 0.4, (40, 56)),
    ("one digit that fills the page", frozenset({"single", "tinted", "marker"}), 0.3, (250, 340)),
    ("letters beside numbers", frozenset({"notes", "white", "fountain", "letters"}), 0.3, (44, 60)),
)
NOT_READ: tuple[Row, ...] = (
    ("signs that it never met", frozenset({"kana", "scatter", "white", "felt"}), 0.2, (60, 90)),
    ("digits of 8 to 11 pixels", frozenset({"rows", "plain", "ballpoint"}), 0.5, (8, 11)),
    (
        "out of focus and in the dark",
        frozenset({"rows", "plain", "pencil", "blur", "exposure", "vignette"}),
        1.0,
        (20, 26),
    ),
)


def draw_docs(reader: Reader, out: Path) -> list[Path]:
    """Draw the sheets `reading-read.png`, `reading-not.png` and `reading-doubt.png` into a folder."""
    sheets = {
        "reading-read.png": [(row[0], draw_row(row, reader)) for row in READ],
        "reading-not.png": [(row[0], draw_row(row, reader)) for row in NOT_READ],
        "reading-doubt.png": draw_doubt(reader),
    }
    files = []
    for name, pictures in sheets.items():
        small = stand_together(pictures).quantize(COLOURS, dither=Image.Dither.NONE)
        write_whole(out / name, partial(small.save, format="PNG", optimize=True))
        files.append(out / name)
    return files


def render(row: Row, number: int = 0) -> RenderedPage:
    """A page in colour by the generators of a row and our own strokes."""
    _, only, dirt, heights = row
    others = frozenset(name for kind in ("negative", "ruling") for name in GENERATORS[kind]) - only
    options = RenderOptions(
        width=640,
        height=480,
        heights=heights,
        dirt=dirt,
        blank=0.0,
        colour=True,
        only=only | {"strokes", "flags", "bars"},
        without=others,
    )
    return render_page(page_rng(SEED, number), options)


def draw_row(row: Row, reader: Reader) -> Image.Image:
    """The first page of a row with at least one digit, as `inklens read --draw --all` draws it, small."""
    page = next(page for page in (render(row, number) for number in range(50)) if len(page.labels))
    assert page.colour is not None
    reading = read_page(page.page, reader)
    drawn = draw_marks(Image.fromarray(page.colour), (*reading.rejected, *reading.marks))
    return drawn.resize((260, 195), Image.Resampling.LANCZOS)


def draw_doubt(reader: Reader) -> list[tuple[str, Image.Image]]:
    """Six doubtful marks, enlarged, with what they may be."""
    row = ("", frozenset({"rows", "plain", "pencil", "motion"}), 1.0, (28.0, 44.0))
    doubtful: list[tuple[str, Image.Image]] = []
    for number in range(60):
        page = render(row, number)
        assert page.colour is not None
        for mark in read_page(page.page, reader).marks:
            if mark.confidence < SURE and mark.alternatives and len(doubtful) < 6:
                runner_up, chance = mark.alternatives[0]
                x0, y0, x1, y1 = mark.box
                picture = Image.fromarray(np.ascontiguousarray(page.colour)).crop((x0 - 10, y0 - 10, x1 + 10, y1 + 10))
                text = f"{mark.label} ({mark.confidence:.2f}), or {runner_up} ({chance:.2f})"
                doubtful.append((text, picture.resize((200, round(200 * picture.height / picture.width)))))
        if len(doubtful) == 6:
            break
    return doubtful


def stand_together(pictures: Sequence[tuple[str, Image.Image]], columns: int = 3) -> Image.Image:
    """Pictures in rows of three, each with its caption below."""
    wide = max(picture.width for _, picture in pictures)
    high = max(picture.height for _, picture in pictures) + CAPTION
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (min(columns, len(pictures)) * (wide + GAP) + GAP, rows * (high + GAP) + GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    for index, (caption, picture) in enumerate(pictures):
        left, top = GAP + index % columns * (wide + GAP), GAP + index // columns * (high + GAP)
        sheet.paste(picture, (left, top))
        pen.text((left, top + picture.height + 3), caption, fill="black", font=font)
    return sheet


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    draw_docs(load_reader(), parser.parse_args().out)
