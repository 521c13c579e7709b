"""A picture with its marks drawn over it: a box and a label for each."""

from __future__ import annotations

from collections.abc import Iterable

from PIL import Image, ImageDraw, ImageFont

from inklens.reading.judge import Mark

SURE = 0.9  # confidence below which a digit is shown as doubtful
_SURE_COLOUR, _DOUBT_COLOUR, _REJECTED_COLOUR = (0, 140, 60), (225, 110, 0), (140, 140, 140)


def draw_marks(picture: Image.Image, marks: Iterable[Mark]) -> Image.Image:
    """The picture with a box and its label over each mark: green, orange where it is doubtful, grey without a label.

    Later marks lie over earlier ones.
    """
    drawn = picture.convert("RGB")
    canvas = ImageDraw.Draw(drawn)
    width = max(1, round(max(picture.size) / 500))
    for mark in marks:
        x0, y0, x1, y1 = mark.box
        box = x0 - width, y0 - width, x1 + width - 1, y1 + width - 1
        if mark.label is None:
            canvas.rectangle(box, outline=_REJECTED_COLOUR, width=width)
        else:
            sure = mark.confidence >= SURE
            colour = _SURE_COLOUR if sure else _DOUBT_COLOUR
            canvas.rectangle(box, outline=colour, width=width)
            _write(canvas, mark.label if sure else f"{mark.label}?", box, colour, drawn.height)
    return drawn


def _write(
    canvas: ImageDraw.ImageDraw, text: str, box: tuple[int, int, int, int], colour: tuple[int, int, int], height: int
) -> None:
    """Write above the box, else below it, else, where a digit fills the picture, in it."""
    x0, y0, _, y1 = box
    size = max(11, round(0.5 * (y1 - y0)))
    line = 1.15 * size
    place = (max(0, x0), y0 - line if y0 >= line else y1 if y1 + line <= height else max(0, y0))
    font, stroke = ImageFont.load_default(size=size), max(1, size // 10)
    canvas.text(place, text, fill=colour, font=font, stroke_width=stroke, stroke_fill="white")
