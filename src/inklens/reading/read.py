"""Reading a page: the digits on it, where they are, how sure that is, and what they say line by line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

import numpy as np
from PIL import Image

from inklens.data.pictures import Picture, data_address, to_picture
from inklens.errors import ImageError
from inklens.metrics.proportions import counted
from inklens.reading.drawing import draw_marks
from inklens.reading.find import Found, find_marks
from inklens.reading.judge import Mark, judge_page, odds
from inklens.reading.order import find_strings, join_strings
from inklens.reading.prepare import prepare_mark
from inklens.reading.reader import Reader

Orientation = Literal["auto", "keep"]

_SCREEN = (1000, 1000)  # pixels of the largest picture in a notebook


@dataclass(frozen=True)
class Line:
    """A line of a page: its text, and the indices of its marks from left to right."""

    text: str
    marks: tuple[int, ...]


@dataclass(frozen=True)
class Reading:
    """What a page says: accepted marks in reading order, its lines, and what was found but rejected.

    width, height: of the page in pixels; rotation: by how many degrees, counted clockwise, the page had to be turned
    to be read (0, 90, 180, 270). Boxes are pixels of the page as it was given. picture: what was read, as it was
    given: a file's name, not its pixels, so that readings of many photos stay small.

    >>> import inklens
    >>> reading = inklens.read("page.png")
    >>> reading
    <Reading of 640 × 480: 10 digits in 2 lines>
    >>> reading.text.splitlines()
    ['31415', '92653']
    >>> reading.to_json()["lines"][0]
    {'text': '31415', 'marks': [0, 1, 2, 3, 4]}
    """

    width: int
    height: int
    marks: tuple[Mark, ...]
    lines: tuple[Line, ...]
    rejected: tuple[Mark, ...] = ()
    rotation: int = 0
    picture: Picture | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        found = f"{counted(len(self.marks), 'digit')} in {counted(len(self.lines), 'line')}"
        return f"<Reading of {self.width} × {self.height}: {found}>"

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        """What a notebook shows: the picture with what was read drawn over it, and the text."""
        try:
            drawn = self.draw()
        except ImageError:  # a page without a picture, or a file that is gone since
            return f"<pre>{escape(self.text)}</pre>"
        drawn.thumbnail(_SCREEN)
        address = data_address(drawn, "JPEG")
        return f'<div><img src="{address}" alt="" style="max-width:100%"><pre>{escape(self.text)}</pre></div>'

    def draw(self, *, everything: bool = False) -> Image.Image:
        """The picture with a box and its label over each mark, doubtful ones orange; `everything` adds rejected ones.

        Raises ImageError where there is no picture, or it cannot be read any more.
        """
        if self.picture is None:
            raise ImageError("this reading knows no picture to draw on; `inklens.read` gives one that does.")
        return draw_marks(to_picture(self.picture), (*(self.rejected if everything else ()), *self.marks))

    @property
    def text(self) -> str:
        """The lines' texts, one below the other."""
        return "\n".join(line.text for line in self.lines)

    def to_json(self, *, everything: bool = False) -> dict[str, Any]:
        """Plain values; `everything` adds the rejected marks, whose label is null."""
        marks = self.marks + (self.rejected if everything else ())
        return {
            "width": self.width,
            "height": self.height,
            "rotation": self.rotation,
            "marks": [mark.to_json() for mark in marks],
            "lines": [{"text": line.text, "marks": list(line.marks)} for line in self.lines],
        }


def read_page(page: np.ndarray, reader: Reader, *, closer: bool = True, orientation: Orientation = "keep") -> Reading:
    """Read the digits on a page.

    page: uint8 [height, width], 0 black to 255 white, any polarity. closer: look at it at several sizes, as photos and
    scans need; a camera frame is looked at once. orientation: `auto` turns a page that does not read well, and reads
    much better sideways or upside down. Raises ImageError for an array of another kind.
    """
    if page.ndim != 2 or page.dtype != np.uint8 or 0 in page.shape:
        raise ImageError(f"a page is uint8 [height, width], not {page.dtype} {list(page.shape)}")
    reading = _read_upright(page, reader, closer)
    if orientation == "auto" and not _reads_well(reading):
        turned = [
            (turns, _read_upright(np.ascontiguousarray(np.rot90(page, -turns)), reader, closer)) for turns in (1, 2, 3)
        ]
        turns, best = max(turned, key=lambda pair: _weight(pair[1]))
        if _weight(best) > max(_CLEARLY * _weight(reading), _ENOUGH):
            return _turn_back(best, turns, page.shape)
    return reading


_WELL = 0.6  # of the most that a page's marks could say: it is not tried in other ways, which take time
_CERTAIN = 6.0  # log odds, of 399 in 400, which is as much as one mark may say
_ENOUGH = 4.0  # log odds: a page without digits is not turned for one doubtful mark, of less than 98 %
_DOUBTED = 0.2  # probability of any digit from which a rejected mark tells against the way up
_CLEARLY = 1.25  # times as much confident reading: a page that is upright reads better than turned


def _weight(reading: Reading) -> float:
    """How much a page says: the log odds of its marks, of which those of a page the wrong way up are lower."""
    return sum(max(0.0, min(math.log(odds(mark.confidence)), _CERTAIN)) for mark in reading.marks)


def _reads_well(reading: Reading) -> bool:
    doubted = sum(mark.probabilities[-1] < 1 - _DOUBTED for mark in reading.rejected)
    return len(reading.marks) > 0 and _weight(reading) >= _WELL * _CERTAIN * (len(reading.marks) + doubted)


def _read_upright(page: np.ndarray, reader: Reader, closer: bool) -> Reading:
    found = find_marks(page, reader.locate, reader.locator, closer=closer)
    marks = name_marks(page, found, reader)
    height, width = page.shape
    return arrange(marks, width, height)


def arrange(marks: Sequence[Mark], width: int, height: int) -> Reading:
    """A reading of marks in any order: the accepted ones in reading order, with their lines."""
    accepted = [mark for mark in marks if mark.label is not None]
    lines = find_strings([mark.box for mark in accepted])
    labels = [mark.label or "" for mark in accepted]
    orders = [[index for string in line for index in string] for line in lines]
    place = {index: number for number, index in enumerate(index for order in orders for index in order)}
    return Reading(
        width,
        height,
        tuple(accepted[index] for index in place),
        tuple(
            Line(join_strings(line, labels), tuple(place[index] for index in order))
            for line, order in zip(lines, orders, strict=True)
        ),
        tuple(mark for mark in marks if mark.label is None),
    )


def name_marks(page: np.ndarray, found: Sequence[Found], reader: Reader) -> list[Mark]:
    """Ask the classifier about every place that the locator found."""
    answers = classify_marks(page, [mark.box for mark in found], reader)
    return judge_page(found, list(answers), reader.classifier)


def classify_marks(page: np.ndarray, boxes: Sequence[Sequence[int]], reader: Reader) -> np.ndarray:
    """The classifier's answers, float32 [n, classes], to the marks of a page in n boxes of x0, y0, x1, y1."""
    if not boxes:
        return np.zeros((0, len(reader.classifier.labels)), np.float32)
    return reader.classify(np.stack([prepare_mark(page, (x0, y0, x1, y1)) for x0, y0, x1, y1 in boxes]))


def _turn_back(reading: Reading, turns: int, shape: tuple[int, ...]) -> Reading:
    """The reading of a page that was turned clockwise by so many quarters, with boxes on the page of `shape`."""
    height, width = shape
    back = {
        1: lambda x0, y0, x1, y1: (y0, height - x1, y1, height - x0),
        2: lambda x0, y0, x1, y1: (width - x1, height - y1, width - x0, height - y0),
        3: lambda x0, y0, x1, y1: (width - y1, x0, width - y0, x1),
    }[turns]

    def turn(mark: Mark) -> Mark:
        return Mark(back(*mark.box), mark.label, mark.confidence, mark.alternatives, mark.probabilities)

    return Reading(
        width,
        height,
        tuple(turn(mark) for mark in reading.marks),
        reading.lines,
        tuple(turn(mark) for mark in reading.rejected),
        90 * turns,
    )
