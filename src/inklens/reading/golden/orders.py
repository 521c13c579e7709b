"""Golden pages for reading order: made-up sheets of digits as boxes, with what is read of them.

`texts` of a vector is what a person reads and stands here; `strings` is what `find_strings` answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from inklens.reading.order import find_strings

Place = tuple[int, int, int, int]  # x, y, width, height
Row = tuple[str, int, int] | tuple[str, int, int, int] | tuple[str, int, int, int, int]
"""Digits in a row: what they are, x and y of their upper left corner, how high they are and how far apart, in pixels;
20 and 4 where left out."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A page to read: its rows of digits, its lines as a person reads them, and how it lies.

    rise: pixels that it falls for one to the right. pinch: how much more for each 100 pixels further down. still: no
    digit is off its place or of another size than its row's.
    """

    name: str
    rows: tuple[Row, ...]
    texts: tuple[str, ...]
    rise: float = 0.0
    pinch: float = 0.0
    still: bool = False


SHEETS = (
    Sheet(
        name="two lines that fall by 18 degrees",
        rows=(("5712", 60, 40, 30), ("34", 180, 40, 30), ("6", 290, 40, 30), ("8", 65, 90, 30), ("190", 120, 90, 30)),
        texts=("5712 34 6", "8 190"),
        rise=0.32,
    ),
    Sheet(
        name="two lines that rise by 15 degrees",
        rows=(("2048", 20, 120, 24), ("16", 25, 160, 24), ("32", 85, 160, 24)),
        texts=("2048", "16 32"),
        rise=-0.27,
    ),
    Sheet(
        name="two sums side by side, whose rows do not line up",
        rows=(
            ("12", 40, 20), ("34", 40, 50), ("46", 40, 80), ("345", 160, 34), ("123", 160, 68), ("222", 160, 102),
        ),
        texts=("12", "34", "46", "345", "123", "222"),
    ),
    Sheet(
        name="raised digits: 5² + 3² = 34",
        rows=(("5", 20, 20, 40), ("2", 50, 14, 20), ("3", 110, 20, 40), ("2", 138, 14, 20), ("34", 200, 20, 40, 8)),
        texts=("5 2 3 2 34",),
    ),
    Sheet(
        name="two fractions and a whole number",
        rows=(("1", 22, 16, 24), ("2", 20, 52, 24), ("3", 80, 16, 24), ("14", 72, 52, 24), ("5", 140, 34, 24)),
        texts=("1 3", "2 14", "5"),
    ),
    Sheet(
        name="a sum in columns, aligned at the right",
        rows=(("47", 64, 20, 20, 5), ("385", 46, 52, 20, 5), ("432", 46, 84, 20, 5)),
        texts=("47", "385", "432"),
    ),
    Sheet(
        name="mixed sizes",
        rows=(("19", 30, 20, 90, 14), ("7", 170, 40, 26), ("7", 215, 40, 26), ("2024", 40, 132, 18, 3)),
        texts=("19 7 7", "2024"),
    ),
    Sheet(
        name="an exercise sheet, one digit not found",
        rows=(
            ("333333333333", 30, 20, 20, 12), ("4444", 30, 54, 20, 12), ("4444444", 150, 54, 20, 12),
            ("555555555555", 30, 88, 20, 12),
        ),
        texts=("3 3 3 3 3 3 3 3 3 3 3 3", "4 4 4 4 4 4 4 4 4 4 4", "5 5 5 5 5 5 5 5 5 5 5 5"),
    ),
    Sheet(
        name="a table with an empty cell",
        rows=(
            ("12", 30, 40), ("7", 130, 40), ("305", 215, 40), ("4", 32, 84), ("61", 215, 84), ("88", 34, 128),
            ("90", 126, 128), ("2", 215, 128),
        ),
        texts=("12 7 305", "4 61", "88 90 2"),
    ),
    Sheet(
        name="five lines that spread, photographed from the side",
        rows=(
            ("31", 130, 150, 26, 3), ("41", 182, 150, 26, 3), ("592", 230, 150, 26, 3), ("65", 130, 190, 26, 3),
            ("358", 188, 190, 26, 3), ("979", 130, 230, 26, 3), ("32", 204, 230, 26, 3), ("38", 258, 230, 26, 3),
            ("462", 130, 270, 26, 3), ("64", 204, 270, 26, 3), ("33", 130, 310, 26, 3), ("83", 184, 310, 26, 3),
            ("279", 238, 310, 26, 3),
        ),
        texts=("31 41 592", "65 358", "979 32 38", "462 64", "33 83 279"),
        rise=-0.2,
        pinch=0.1,
    ),
    Sheet(
        name="digits in the same place",
        rows=(("61", 10, 10, 30), ("6", 10, 10, 30), ("6", 11, 11, 28)),
        texts=("61", "6", "6"),
        still=True,
    ),
)  # fmt: skip


def order_vectors() -> Iterator[dict[str, Any]]:
    """Every sheet of SHEETS: its boxes in any order, the labels in theirs, and the lines, as indices and as texts."""
    for sheet in SHEETS:
        digits = [digit for row in sheet.rows for digit in _place(row)]
        marks = [(digit[0], _box(number, digit[1:], sheet)) for number, digit in enumerate(digits)]
        marks = [marks[number] for number in sorted(range(len(marks)), key=lambda number: (17 * number % 41, number))]
        boxes = [box for _, box in marks]
        yield {
            "name": sheet.name,
            "boxes": boxes,
            "labels": "".join(label for label, _ in marks),
            "texts": list(sheet.texts),
            "strings": find_strings(boxes),
        }


def _place(row: Row) -> Iterator[tuple[str, *Place]]:
    """The digits of a row with their place and size: x, y, width and height. A one is narrow."""
    digits, left, top, high, gap = (*row, 20, 4) if len(row) == 3 else (*row, 4) if len(row) == 4 else row
    for digit in digits:
        wide = high * (5 if digit == "1" else 12) // 20
        yield digit, left, top, wide, high
        left += wide + gap


def _box(number: int, place: Place, sheet: Sheet) -> list[int]:
    """The box of a page's digit as a hand sets it: a pixel off its row and of its size, and the page lies aslant."""
    left, top, wide, high = place
    off, larger = (0, 0) if sheet.still else (2 * number % 3 - 1, number // 2 % 3 - 1)
    top += off + round((left + wide / 2) * (sheet.rise + sheet.pinch * top / 100))
    return [left, top, left + wide + larger, top + high + larger]
