"""Where the writing stands on a page: sums, rows, grids, tables, columns, matrices, forms, one lone digit, scatter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from inklens.rendering import tokens
from inklens.rendering.sheet import DIGIT, Sheet

Layout = Callable[[Sheet, float], None]


def lay_expression(sheet: Sheet, size: float) -> None:
    """One to three sums across the page, as large as fits."""
    rng = sheet.rng
    makers = (tokens.expression, tokens.expression, tokens.equation, tokens.number, tokens.date)
    texts = [makers[int(rng.integers(len(makers)))](rng) for _ in range(int(rng.choice([1, 1, 2, 3])))]
    widest = max(sheet.measure(text) for text in texts)
    size = min(size, 0.92 * sheet.width / widest, 0.8 * sheet.height / (1.6 * len(texts)))
    left = rng.uniform(0.02, max(0.03, 0.98 - widest * size / sheet.width)) * sheet.width
    pitch = size * rng.uniform(1.4, 2.6)
    y = rng.uniform(1.15 * size, max(1.2 * size, sheet.height - pitch * (len(texts) - 1) - 0.3 * size))
    for index, text in enumerate(texts):
        _write_scripts(sheet, text, left + rng.normal(0, 0.3) * size, y + index * pitch, size)


def lay_rows(sheet: Sheet, size: float) -> None:
    """Lines of numbers, tight or loose, some running off the page."""
    rng = sheet.rng
    pitch = size * rng.choice([rng.uniform(1.12, 1.4), rng.uniform(1.4, 2.8)])
    margin = rng.uniform(-0.3, 2) * size
    lean = rng.normal(0, 0.012) + (rng.normal(0, 0.12) if rng.random() < 0.08 else 0)
    plain = rng.random() < 0.45
    y = size * rng.uniform(0.8, 1.8)
    while y < sheet.height + 0.4 * size and not sheet.full:
        along = margin + rng.exponential(0.4) * size
        stop = sheet.width + (size if rng.random() < 0.25 else 0)
        line = sheet.new_line()
        while along < stop - 0.4 * size and not sheet.full:
            text = tokens.digits(rng, 1, 6) if plain else tokens.text(rng)
            step = sheet.write(text, along, y + np.tan(lean) * along, size, angle=lean, limit=stop - along, line=line)
            if step == 0:
                break
            along += step + size * rng.uniform(0.4, 1.6)
            if rng.random() < 0.25:
                break
        y += pitch * rng.uniform(0.92, 1.1)


def lay_grid(sheet: Sheet, size: float) -> None:
    """Single characters in rows and columns: an exercise sheet, often the same digit all along a row."""
    rng = sheet.rng
    wide, high = size * rng.uniform(1.0, 2.4), size * rng.uniform(1.2, 2.2)
    columns = int(np.clip((sheet.width - 0.5 * size) // wide, 1, 20))
    rows = int(np.clip((sheet.height - 0.3 * size) // high, 1, 14))
    columns, rows = int(rng.integers(max(1, columns // 2), columns + 1)), int(rng.integers(max(1, rows // 2), rows + 1))
    x = rng.uniform(0.2 * size, max(0.3 * size, sheet.width - columns * wide))
    y = rng.uniform(1.1 * size, max(1.2 * size, sheet.height - (rows - 1) * high - 0.2 * size))
    same, signs = rng.random() < 0.5, rng.random() < 0.4
    start = int(rng.integers(10))
    for row in range(rows):
        only = "+-×/()=÷<"[int(rng.integers(9))] if signs and rng.random() < 0.3 else ""
        line = sheet.new_line()
        for column in range(columns):
            if sheet.full:
                return
            text = only or str((start + row) % 10 if same else int(rng.integers(10)))
            jitter = rng.normal(0, 0.06, 2) * size
            sheet.write(text, x + column * wide + jitter[0], y + row * high + jitter[1], size, line=line)


def lay_single(sheet: Sheet, size: float) -> None:
    """One digit, or one short number, large on the page; other signs stand beside it now and then."""
    rng = sheet.rng
    size = max(size, sheet.height * rng.uniform(0.28, 0.92))
    text = tokens.digits(rng, 1, 1) if rng.random() < 0.7 else tokens.digits(rng, 2, 3)
    size = min(size, 0.9 * sheet.width / sheet.measure(text), 0.94 * sheet.height)
    room = sheet.width - sheet.measure(text) * size
    x = rng.uniform(0.03, 1) * max(room, 1)
    y = rng.uniform(1.02 * size, max(1.03 * size, sheet.height - 0.04 * size))
    sheet.write(text, x, y, size)


def lay_scatter(sheet: Sheet, size: float) -> None:
    """Characters and short numbers of mixed sizes anywhere, turned a little, none over another."""
    rng = sheet.rng
    for _ in range(int(rng.integers(3, 22))):
        here = size * float(np.exp(rng.normal(0, 0.4)))
        here = min(here, 0.9 * sheet.height)
        text = tokens.digits(rng, 1, 2) if rng.random() < 0.7 else tokens.marks(rng)[:3]
        x = rng.uniform(-0.3 * here, sheet.width - 0.3 * here)
        y = rng.uniform(0.7 * here, sheet.height + 0.3 * here)
        if sheet.room(x, y - here, (0.6 + sheet.hand.spacing) * here * len(text), here):
            sheet.write(text, x, y, here, angle=rng.normal(0, 0.12))


def lay_table(sheet: Sheet, size: float) -> None:
    """A table with drawn lines and a number or a word in each cell, which may touch the lines."""
    rng = sheet.rng
    wide, high = size * rng.uniform(1.3, 4.5), size * rng.uniform(1.15, 2.2)
    columns = int(np.clip(sheet.width * rng.uniform(0.5, 1) // wide, 1, 8))
    rows = int(np.clip(sheet.height * rng.uniform(0.5, 1) // high, 1, 9))
    x = rng.uniform(0, max(1, sheet.width - columns * wide))
    y = rng.uniform(0, max(1, sheet.height - rows * high))
    if "lines" in sheet.families:
        pen = sheet.hand.pen * size * rng.uniform(0.5, 1.2)
        outer, inner = rng.random() < 0.75, rng.random() < 0.8
        for row in range(rows + 1):
            if inner or (outer and row in (0, rows)) or row == 1:
                sheet.draw([_ruled(rng, x, y + row * high, x + columns * wide, y + row * high, pen)], "lines", pen)
        for column in range(columns + 1):
            if inner or (outer and column in (0, columns)):
                across = x + column * wide
                sheet.draw([_ruled(rng, across, y, across, y + rows * high, pen)], "lines", pen)
    long = max(1, int(wide / size / (0.55 + sheet.hand.spacing)))
    for row in range(rows):
        line = sheet.new_line()
        for column in range(columns):
            if sheet.full or rng.random() < 0.1:
                continue
            words = column == 0 and rng.random() < 0.3
            text = tokens.words(rng)[:long] if words else tokens.digits(rng, 1, min(long, 4))
            inset = rng.uniform(0.02, 0.5) * max(0.05, wide - sheet.measure(text) * size)
            base = y + (row + 1) * high - (high - size) * rng.uniform(0.05, 0.9)
            sheet.write(text, x + column * wide + inset, base, size, line=line)


def lay_columns(sheet: Sheet, size: float) -> None:
    """Columns of numbers, right-aligned, with a sign and a line under them: sums as taught at school."""
    rng = sheet.rng
    x = size * rng.uniform(0.5, 2)
    while x < sheet.width - 1.5 * size and not sheet.full:
        count, long = int(rng.integers(2, 6)), int(rng.integers(1, 5))
        gap = min(sheet.hand.spacing, 0.5)
        width = long * (0.55 + gap) * size
        y = size * rng.uniform(1.1, 2.0)
        pitch = size * rng.uniform(1.2, 1.6)
        for row in range(count + 1):
            text = tokens.digits(rng, 1, long)
            start = x + width - len(text) * (0.55 + gap) * size
            if row == count and "lines" in sheet.families:
                pen = sheet.hand.pen * size
                rule = _ruled(rng, x - 0.4 * size, y - 0.85 * pitch, x + width, y - 0.85 * pitch, pen)
                sheet.draw([rule], "lines", pen)
            if row == count - 1 and rng.random() < 0.7:
                sheet.write("+-×"[int(rng.integers(3))], x - 0.6 * size, y, size)
            if y < sheet.height + 0.2 * size:
                sheet.write(text, start, y, size, gap=gap)
            y += pitch
        x += width + size * rng.uniform(1.0, 3.0)


def lay_matrix(sheet: Sheet, size: float) -> None:
    """A matrix between tall brackets, entries signed, some of them fractions or framed, perhaps a bar between."""
    rng = sheet.rng
    rows, columns = int(rng.integers(2, 5)), int(rng.integers(1, 6))
    wide, high = size * rng.uniform(1.4, 2.6), size * rng.uniform(1.4, 2.0)
    scale = min(1.0, 0.9 * sheet.width / (columns * wide + size), 0.92 * sheet.height / (rows * high))
    size, wide, high = size * scale, wide * scale, high * scale
    x = rng.uniform(0.6 * size, max(0.7 * size, sheet.width - columns * wide - 0.5 * size))
    y = rng.uniform(0.1 * size, max(0.2 * size, sheet.height - rows * high))
    pen = sheet.hand.pen * size
    if "brackets" in sheet.families and rng.random() < 0.85:
        bottom, hook = y + rows * high, 0.3 * size * rng.uniform(0.4, 1)
        square = rng.random() < 0.6
        for edge, way in ((x - 0.35 * size, 1), (x + columns * wide, -1)):
            if square:
                points = [(edge + way * hook, y), (edge, y), (edge, bottom), (edge + way * hook, bottom)]
                stroke = _through(rng, points, pen)
            else:
                t = np.linspace(-1, 1, 24)
                stroke = np.stack([edge + way * hook * t**2 * 1.4, (y + bottom) / 2 + t * (bottom - y) / 2], axis=1)
            sheet.draw([stroke], "brackets", pen)
    bar = int(rng.integers(1, columns)) if columns > 1 and rng.random() < 0.4 else 0
    if bar and "lines" in sheet.families:
        across = x + bar * wide - 0.3 * size
        sheet.draw([_ruled(rng, across, y, across, y + rows * high, pen)], "lines", pen)
    for row in range(rows):
        line = sheet.new_line()
        for column in range(columns):
            text = ("-" if rng.random() < 0.2 else "") + tokens.digits(rng, 1, 1 + (rng.random() < 0.1))
            left, base = (
                x + column * wide + rng.normal(0.1, 0.08) * size,
                y + (row + 0.85) * high + rng.normal(0, 0.05) * size,
            )
            if rng.random() < 0.08:
                _write_fraction(sheet, left, base, size)
                continue
            before = len(sheet.marks)
            sheet.write(text, left, base, size, line=line)
            if rng.random() < 0.1 and len(sheet.marks) > before and "lines" in sheet.families:
                frame_marks(sheet, before, pen)


def lay_fractions(sheet: Sheet, size: float) -> None:
    """Fractions with bars, joined by signs."""
    rng = sheet.rng
    size = min(size, 0.36 * sheet.height)
    x, y = size * rng.uniform(0.3, 1.5), rng.uniform(1.4 * size, max(1.5 * size, sheet.height - 1.3 * size))
    while x < sheet.width - size and not sheet.full:
        if rng.random() < 0.7:
            x += _write_fraction(sheet, x, y + 0.2 * size, size)
        else:
            x += sheet.write(tokens.digits(rng, 1, 2), x, y + 0.45 * size, size)
        x += 0.3 * size
        x += sheet.write("+-=×·:"[int(rng.integers(6))], x, y + 0.45 * size, size) + 0.3 * size
        if rng.random() < 0.2:
            break


def lay_form(sheet: Sheet, size: float) -> None:
    """Rows of little boxes with a digit in each, or a line to write on, as on forms."""
    rng = sheet.rng
    cell = size * rng.uniform(1.1, 1.7)
    y = size * rng.uniform(0.4, 2)
    while y + 1.4 * size < sheet.height and not sheet.full:
        boxes = int(np.clip((sheet.width * rng.uniform(0.4, 0.95)) // cell, 1, 12))
        x = rng.uniform(0.1 * size, max(0.2 * size, sheet.width - boxes * cell))
        pen = max(0.5, sheet.hand.pen * size * rng.uniform(0.2, 0.5))
        style = rng.random()
        line = sheet.new_line()
        string = sheet.new_string()
        if "lines" in sheet.families:
            top, bottom = y, y + size * 1.35
            if style < 0.7:
                sheet.draw([_line(x, bottom, x + boxes * cell, bottom)], "lines", pen)
                if style < 0.45:
                    sheet.draw([_line(x, top, x + boxes * cell, top)], "lines", pen)
                for index in range(boxes + 1):
                    start = top if style < 0.45 else top + 0.6 * (bottom - top)
                    sheet.draw([_line(x + index * cell, start, x + index * cell, bottom)], "lines", pen)
            else:
                sheet.draw([_line(x, bottom, x + boxes * cell, bottom)], "lines", pen)
        for index in range(boxes):
            if rng.random() < 0.12:
                continue
            before = len(sheet.marks)
            text = tokens.digits(rng, 1, 1) if rng.random() < 0.92 else tokens.words(rng)[:1]
            sheet.write(
                text, x + (index + rng.uniform(0.05, 0.45)) * cell, y + size * rng.uniform(1.05, 1.3), size, line=line
            )
            for place in range(before, len(sheet.marks)):
                if sheet.marks[place].role == DIGIT:
                    sheet.marks[place] = replace(sheet.marks[place], string=string)
        y += size * rng.uniform(1.7, 3)


def lay_notes(sheet: Sheet, size: float) -> None:
    """Words with numbers among them, line by line."""
    rng = sheet.rng
    y = size * rng.uniform(1.0, 2.0)
    left = rng.uniform(0.1, 1.5) * size
    while y < sheet.height and not sheet.full:
        text = tokens.note(rng) if rng.random() < 0.75 else tokens.words(rng)
        sheet.write(text, left + rng.exponential(0.2) * size, y, size, limit=sheet.width + size)
        y += size * rng.uniform(1.4, 2.2)


def lay_margins(sheet: Sheet, size: float) -> None:
    """Numbered lines: a number, then a bracket or a point, then something else; numbers of a second size follow."""
    rng = sheet.rng
    y, count = size * rng.uniform(1.0, 2.0), int(rng.integers(1, 20))
    while y < sheet.height and not sheet.full:
        label = f"{count}{'.):'[int(rng.integers(3))]}"
        line = sheet.new_line()
        step = sheet.write(label, 0.3 * size, y, size, line=line)
        sheet.write(
            tokens.text(rng),
            0.3 * size + step + size * rng.uniform(0.5, 1.5),
            y,
            size * rng.uniform(0.7, 1.1),
            limit=sheet.width,
            line=line,
        )
        y += size * rng.uniform(1.3, 2.2)
        count += 1


LAYOUTS: dict[str, tuple[Layout, float, float]] = {
    "expression": (lay_expression, 0.22, 0.8),
    "rows": (lay_rows, 0.2, 0.5),
    "grid": (lay_grid, 0.1, 0.35),
    "single": (lay_single, 0.1, 1.0),
    "scatter": (lay_scatter, 0.1, 0.6),
    "table": (lay_table, 0.07, 0.35),
    "columns": (lay_columns, 0.07, 0.25),
    "matrix": (lay_matrix, 0.05, 0.3),
    "fractions": (lay_fractions, 0.03, 0.36),
    "form": (lay_form, 0.04, 0.4),
    "notes": (lay_notes, 0.05, 0.35),
    "margins": (lay_margins, 0.04, 0.35),
}
"""Every layout by name, with its share of the pages and the height its digits may have, in heights of the page."""


def frame_marks(sheet: Sheet, start: int, pen: float, *, round_: bool = False) -> None:
    """Draw a frame, or an oval, round the marks from number `start` on."""
    rng = sheet.rng
    boxes = np.array([mark.box() for mark in sheet.marks[start:]])
    left, top = boxes[:, :2].min(axis=0)
    right, bottom = boxes[:, 2:].max(axis=0)
    pad = (bottom - top) * rng.uniform(0.12, 0.4)
    if round_:
        t = np.linspace(0, 2 * np.pi + rng.uniform(-0.2, 0.6), 60) + rng.uniform(0, 6)
        radius = (
            np.array([(right - left) / 1.5 + pad, (bottom - top) / 1.5 + pad]) * (1 + 0.03 * np.sin(2 * t + 1))[:, None]
        )
        oval = np.array([(left + right) / 2, (top + bottom) / 2]) + radius * np.stack([np.cos(t), np.sin(t)], axis=1)
        sheet.draw([oval], "lines", pen)
        return
    left, top, right, bottom = left - pad, top - pad, right + pad, bottom + pad
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    sheet.draw(
        [_through(rng, [(x + rng.normal(0, pad / 5), y + rng.normal(0, pad / 5)) for x, y in corners], pen)],
        "lines",
        pen,
    )


def _write_scripts(sheet: Sheet, text: str, x: float, y: float, size: float) -> None:
    """Write a text, with a small raised or lowered number after some of its parts."""
    rng = sheet.rng
    line = sheet.new_line()
    if rng.random() < 0.8:
        sheet.write(text, x, y, size, line=line, limit=1.05 * sheet.width - x)
        return
    for part in text.split(" "):
        x += sheet.write(part, x, y, size, line=line, limit=1.05 * sheet.width - x)
        if rng.random() < 0.35:
            small = size * rng.uniform(0.45, 0.65)
            lift = rng.choice([-0.6, 0.25]) * size
            x += sheet.write(tokens.digits(rng, 1, 1), x, y + lift, small, limit=1.05 * sheet.width - x)
        x += size * rng.uniform(0.3, 0.6)


def _write_fraction(sheet: Sheet, x: float, y: float, size: float) -> float:
    """Write a number over a number with a bar at height y between; returns its width."""
    rng = sheet.rng
    small = size * rng.uniform(0.6, 0.95)
    bar = y - 0.1 * size
    over, under = tokens.digits(rng, 1, 2), tokens.digits(rng, 1, 2)
    one = sheet.write(over, x, bar - small * rng.uniform(0.1, 0.3), small)
    two = sheet.write(under, x, bar + small * rng.uniform(1.1, 1.3), small)
    width = max(one, two)
    if "operators" in sheet.families:
        pen = sheet.hand.pen * size
        sheet.draw(
            [_ruled(rng, x - 0.1 * size, bar, x + width, bar + rng.normal(0, 0.03) * size, pen)], "operators", pen
        )
    return width


def _line(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    t = np.linspace(0, 1, 7)[:, None]
    return np.array([[x0, y0]]) * (1 - t) + np.array([[x1, y1]]) * t


def _ruled(rng: np.random.Generator, x0: float, y0: float, x1: float, y1: float, pen: float) -> np.ndarray:
    """A line by hand: nearly straight, a little too long or short."""
    line = _line(x0, y0, x1, y1)
    length = max(abs(x1 - x0), abs(y1 - y0))
    bow = rng.normal(0, 0.006) * length
    wave = np.sin(np.linspace(0, np.pi, len(line)))[:, None] * bow
    ends = rng.normal(0, 0.6 * pen + 0.004 * length, (2, 2))
    t = np.linspace(0, 1, len(line))[:, None]
    return line + wave + ends[0] * (1 - t) + ends[1] * t


def _through(rng: np.random.Generator, corners: list[tuple[float, float]], pen: float) -> np.ndarray:
    return np.concatenate([_line(*a, *b) for a, b in pairwise(corners)]) + rng.normal(0, 0.15 * pen, 2)
