"""Reading order: which digits stand on a line, in which order lines are read, and which digits are one number.

Whole numbers below 2^53 only (`//` rounds down), every tie settled by place, so that Swift and JavaScript answer the
same. The page is turned level by the slope that its digits agree on; where two parts of it do not line up across a gap
it falls into columns; in each column every digit, from left to right, goes on with the line that it is level with;
gaps wider than usual on this page part the numbers of a line.

The figures beside the constants are from 2,300 rendered pages of training digits, 800 of them turned by up to 20
degrees. `python -m benchmarks.order` measures pages of validation digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

Boxes = np.ndarray | Sequence[Sequence[int]]

_UNIT = 256  # slopes are counted in 1/256; half of that is a tenth of a height off after 50 heights
_OFF = 4  # marks beside one another across a gutter that are off by more than 1/4 of a height are not in one row
_OFF_ROWS = (
    4  # a gutter parts columns if more than 1 in 4 are off: 53 % of the lines of sums in columns are found (11 %
)
# if nothing ever parts), 97 % of exercise grids' and 79 % of loose tables' (100 and 85 %)
_USUAL = (
    50  # % of the height: narrower gaps tell how close a writer sets the digits of a number; 40 and 60 are no better
)
_WIDEST = 70  # % of the height: wider gaps always part numbers; 60 costs 1 % of the strings of rows, 80 of matrices
_LIFT = 30  # % of the height: a digit raised or lowered by more is a number of its own: 4 % more strings of sums
_ROW = 7  # or more digits at even steps with wide gaps are written one by one: 91 % of the strings of grids are found
# (56 % without), and 1 % of those of rows of numbers lost
_STEPS = 2  # times the narrowest step is the widest in such a row ...
_WIDER = 10  # ... but for 1 step in 10, for digits that were not found: with 4 % of them lost, 87 % of grids' strings
# are found, with no wider step 78 %
_APART = 25  # % of the height: the usual gap in such a row is at least so wide


class Placed(NamedTuple):
    """A mark on the levelled page: its middle, twice, along and across the lines, and its size, in 1/256 pixel."""

    along: int
    across: int
    wide: int
    high: int
    number: int


Line = list[Placed]


def find_strings(boxes: Boxes) -> list[list[list[int]]]:
    """The lines of a page in reading order, each as its strings of digits from left to right.

    boxes: int [n, 4] of x0, y0, x1, y1 in pixels, the last two exclusive, none empty, in any order. A string is digits
    written as one number. Every index of `boxes` stands in one string. Digits above one another are never on one line:
    a fraction is read as two. A page may be tilted by 20 degrees.
    """
    if len(boxes) == 0:
        return []
    lines = order_lines([(int(x0), int(y0), int(x1), int(y1)) for x0, y0, x1, y1 in boxes])
    limit = find_limit(lines)
    return [[[mark.number for mark in string] for string in split_line(line, limit)] for line in lines]


def join_strings(strings: Sequence[Sequence[int]], labels: Sequence[str]) -> str:
    """The text of a line: its strings with a space between. labels: those of all marks, by their indices."""
    return " ".join("".join(labels[index] for index in string) for string in strings)


def order_lines(boxes: Sequence[tuple[int, int, int, int]]) -> list[Line]:
    """Lines of marks in reading order: column by column, in each from top to bottom, in a line from left to right."""
    slope = refine_slope(boxes, find_slope(boxes))
    lines: list[Line] = []
    for column in split_columns(level(boxes, slope)):
        lines += sorted(follow_lines(column), key=lambda line: (line[0].across + line[-1].across, line[0]))  # its ends
    return lines


def find_slope(boxes: Sequence[tuple[int, int, int, int]]) -> int:
    """The slope of a page's lines, in 1/256, positive where they fall to the right.

    Every mark votes for the way to the nearest mark on its right that is at most half as far up or down; there is one
    vote for level lines, and of the two middle votes the flatter one counts. The median error is 0.009, on pages turned
    by up to 20 degrees 0.017; votes weighted by their length err more.
    """
    middles = sorted((x0 + x1, y0 + y1) for x0, y0, x1, y1 in boxes)
    votes = [0]
    for place, (x, y) in enumerate(middles):
        nearest: tuple[int, int, int] | None = None
        for right, low in middles[place + 1 :]:
            dx, dy = right - x, low - y
            if nearest and dx * dx > nearest[0]:
                break
            if dx > 0 and 2 * abs(dy) <= dx:
                way = (dx * dx + dy * dy, dy, dx)
                nearest = min(nearest or way, way)
        if nearest:
            _, dy, dx = nearest
            votes.append((2 * _UNIT * dy + dx) // (2 * dx))
    votes.sort()
    return min(votes[(len(votes) - 1) // 2], votes[len(votes) // 2], key=abs)


def refine_slope(boxes: Sequence[tuple[int, int, int, int]], slope: int) -> int:
    """A slope made exact by the ends of the lines that it gives: the median error becomes 0.003.

    A height of level writing is added, for pages of few digits.
    """
    run, rise = (2 * median([y1 - y0 for _, y0, _, y1 in boxes])) ** 2, 0
    for line in follow_lines(level(boxes, slope)):
        first, last = boxes[line[0].number], boxes[line[-1].number]
        dx, dy = last[0] + last[2] - first[0] - first[2], last[1] + last[3] - first[1] - first[3]
        run, rise = run + dx * dx, rise + dx * dy
    return (2 * _UNIT * rise + run) // (2 * run)


def level(boxes: Sequence[tuple[int, int, int, int]], slope: int) -> Line:
    """The marks of a page turned so that its lines are level, from left to right."""
    return sorted(
        Placed(
            _UNIT * (x0 + x1) + slope * (y0 + y1),
            _UNIT * (y0 + y1) - slope * (x0 + x1),
            _UNIT * (x1 - x0),
            _UNIT * (y1 - y0),
            number,
        )
        for number, (x0, y0, x1, y1) in enumerate(boxes)
    )


def split_columns(marks: Line) -> list[Line]:
    """Part marks where rows do not line up across a gutter, a gap from top to bottom as wide as digits are high."""
    gutter = 2 * median([mark.high for mark in marks])
    strips: list[Line] = []
    end = 0
    for mark in sorted(marks, key=lambda mark: (mark.along - mark.wide, mark)):
        if not strips or mark.along - mark.wide - end > gutter:
            strips.append([])
            end = mark.along + mark.wide
        strips[-1].append(mark)
        end = max(end, mark.along + mark.wide)
    columns: list[Line] = []
    for place, strip in enumerate(strips):
        if place and line_up(strips[place - 1], strip):
            columns[-1] += strip
        else:
            columns.append(list(strip))
    return [sorted(column) for column in columns]


def line_up(left: Line, right: Line) -> bool:
    """Whether marks on two sides of a gutter are rows: few are beside what is nearest across it, yet not level."""
    rows = off = 0
    for here, there in ((left, right), (right, left)):
        for mark in here:
            other = min(there, key=lambda other: (abs(other.across - mark.across), other))
            away, high = abs(other.across - mark.across), mark.high + other.high
            rows += away < high  # less than a height off; nothing stands beside the others
            off += high < _OFF * away < _OFF * high
    return _OFF_ROWS * off <= rows


def follow_lines(marks: Line) -> list[Line]:
    """Join marks, given from left to right, to lines: each goes on with the line that it is most level with.

    Level means that the lower one's middle is within the higher one's height: with a tenth more room tables gain 3 % of
    their lines and sums with raised digits lose 1 % of their strings.
    """
    lines: list[Line] = []
    references: list[Placed] = []  # the last mark of each line that is neither raised nor lowered
    for mark in marks:
        best, least = -1, 0
        for place, line in enumerate(lines):
            away = abs(mark.across - references[place].across)
            if away > max(mark.high, references[place].high) or (best >= 0 and away >= least):
                continue
            if overlap(line[-1], mark) <= min(line[-1].wide, mark.wide):  # half of the narrower one, else it is stacked
                best, least = place, away
        if best < 0:
            lines.append([mark])
            references.append(mark)
        else:
            lines[best].append(mark)
            if 4 * mark.high >= 3 * references[best].high:  # raised and lowered digits are 0.45 to 0.65 as high
                references[best] = mark
    return lines


def overlap(one: Placed, two: Placed) -> int:
    """Twice the length along the line that two marks have in common, in 1/256 pixel; negative: the gap between them."""
    return min(one.along + one.wide, two.along + two.wide) - max(one.along - one.wide, two.along - two.wide)


def find_gap(one: Placed, two: Placed) -> int:
    """The gap between neighbours on a line, in % of their heights; negative where they overlap."""
    return -100 * overlap(one, two) // (one.high + two.high)


def find_limit(lines: Sequence[Line]) -> int:
    """The gap, in % of the height, from which two digits of this page are two numbers.

    Half as much again as the usual gap within numbers, and a fifth of the height more: 95 % of gaps are judged rightly
    on rendered pages without grids and forms, by the best limit for all pages 93 %.
    """
    gaps = [find_gap(one, two) for line in lines for one, two in pairwise(line)]
    usual = [gap for gap in gaps if gap < _USUAL]
    return min(_WIDEST, 20 + 3 * median(usual) // 2) if usual else _WIDEST


def split_line(line: Line, limit: int) -> list[Line]:
    """The strings of a line: neighbours with a gap below `limit` % of the height on one level are one number."""
    if is_row(line):
        return [[mark] for mark in line]
    strings = [[line[0]]]
    for one, two in pairwise(line):
        lifted = 100 * abs(two.across - one.across) > 2 * _LIFT * max(one.high, two.high)
        if lifted or find_gap(one, two) >= limit:
            strings.append([two])
        else:
            strings[-1].append(two)
    return strings


def is_row(line: Line) -> bool:
    """Whether a line is single digits at even steps, as on exercise sheets: nobody spaces long numbers like that."""
    if len(line) < _ROW:
        return False
    pairs = list(pairwise(line))
    steps = sorted(two.along - one.along for one, two in pairs)
    widest = steps[len(steps) - 1 - len(steps) // _WIDER]
    return widest <= _STEPS * steps[0] and median([find_gap(one, two) for one, two in pairs]) >= _APART


def median(values: Sequence[int]) -> int:
    """The middle value, the upper one of two."""
    return sorted(values)[len(values) // 2]
