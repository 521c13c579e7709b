"""Sheets of rendered pages to look at: every digit's box and label, what is ignored, what is no digit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from inklens.rendering.render import RenderedPage, RenderOptions, render_pages
from inklens.writing import write_whole

_DIGIT, _IGNORE, _NEGATIVE = (0, 150, 70), (240, 150, 0), (200, 60, 200)
_GAP = 6


def draw_sheet(pages: Sequence[RenderedPage], *, columns: int = 4, truth: bool = True) -> Image.Image:
    """The pages in rows of `columns` as one picture; with `truth`, digits framed and named in green, what is ignored
    in orange, what is no digit in violet. Pages may differ in size: each gets the largest's place.
    """
    wide = max(page.page.shape[1] for page in pages)
    high = max(page.page.shape[0] for page in pages)
    rows = -(-len(pages) // columns)
    sheet = Image.new("RGB", (columns * (wide + _GAP) + _GAP, rows * (high + _GAP) + _GAP), "white")
    for index, page in enumerate(pages):
        place = _GAP + (index % columns) * (wide + _GAP), _GAP + (index // columns) * (high + _GAP)
        sheet.paste(draw_page(page) if truth else _picture(page), place)
    return sheet


def draw_page(page: RenderedPage) -> Image.Image:
    """One page with its boxes and labels."""
    picture = _picture(page)
    draw = ImageDraw.Draw(picture)
    for boxes, colour in ((page.negatives, _NEGATIVE), (page.ignore, _IGNORE)):
        for x0, y0, x1, y1 in boxes.tolist():
            draw.rectangle((x0 - 1, y0 - 1, x1, y1), outline=colour)
    font = ImageFont.load_default(size=10)
    for (x0, y0, x1, y1), label in zip(page.boxes.tolist(), page.labels.tolist(), strict=True):
        draw.rectangle((x0 - 1, y0 - 1, x1, y1), outline=_DIGIT)
        draw.text((x0 - 1, max(0, y0 - 12)), str(label), fill=_DIGIT, font=font, stroke_width=1, stroke_fill="white")
    return picture


def look_pages(out: Path, seed: int, *, count: int = 20) -> list[Path]:
    """Draw rendered pages into the folder `out` and return the files in order.

    `pages-clean.png`, `pages-half.png` and `pages-dirty.png`: `count` pages each in colour with boxes and labels, at
    dirt 0, 0.5 and 1; `pages-plain.png`: the dirty ones as a network sees them. The same seed gives the same bytes.
    Needs the train extra and the fonts of `fonts.txt`; raises DataError where a font is missing, OutputError where
    `out` cannot be written.
    """
    files = []
    for name, dirt in (("clean", 0.0), ("half", 0.5), ("dirty", 1.0)):
        pages = list(render_pages(count, RenderOptions(dirt=dirt, colour=True), seed=seed))
        files.append(_save(draw_sheet(pages), out / f"pages-{name}.png"))
    grey = list(render_pages(count, RenderOptions(dirt=1.0), seed=seed))
    files.append(_save(draw_sheet(grey, truth=False), out / "pages-plain.png"))
    return files


def _picture(page: RenderedPage) -> Image.Image:
    return Image.fromarray(page.page if page.colour is None else np.ascontiguousarray(page.colour)).convert("RGB")


def _save(picture: Image.Image, path: Path) -> Path:
    write_whole(path, lambda part: picture.save(part, format="PNG"))
    return path
