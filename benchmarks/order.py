"""How often reading order is right, from true boxes: `python -m benchmarks.order [--pages 1000] [--photos DIR]`.

Rendered pages of MNIST's validation digits, half of 320 × 240 and half of 640 × 480 pixels, as the renderer turns them
and a second time with their boxes turned by up to 20 degrees. Prints a table of the layouts and writes
results/order.json. `--photos` prints what the pictures of a folder say by the boxes of its labels.json.

strings     of digits written as one number: how many the pages have, and the share found exactly, no digit more or less
lines       how many, and the share found exactly from the first digit to the last
order       how many lines follow another one, and the share of them that begin on a later line than that one

Raised and lowered digits are left out of lines: the renderer counts each as a line, we read them on the line that they
stand on. Lines of scattered digits and of fractions are not counted: which digits they have is not defined. In a matrix
they are, so that a row with a fraction in it, whose upper half we read with the row, counts as wrong. Forms are one
number a row of boxes to the renderer; without the boxes they look like rows of single digits.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.recipes import HERE, conditions
from inklens.reading.order import find_strings, join_strings
from inklens.rendering.render import RenderedPage, RenderOptions, render_pages
from inklens.training.run import write_json

RESULTS = HERE / "results" / "order.json"
SEED, TILT = 41, 20.0
SIZES = (
    RenderOptions(digits="validation"),
    RenderOptions(width=640, height=480, heights=(14.0, 300.0), digits="validation"),
)
UNDEFINED = ("scatter", "fractions")
Strings = list[list[list[int]]]


@dataclass
class Tally:
    """What was counted on the pages of a layout."""

    pages: int = 0
    strings: int = 0
    strings_exact: int = 0
    lines: int = 0
    lines_exact: int = 0
    followers: int = 0
    followers_right: int = 0
    seconds: list[float] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def to_json(self) -> dict[str, Any]:
        return {
            "pages": self.pages,
            "strings": self.strings,
            "strings_exact": share(self.strings_exact, self.strings),
            "lines": self.lines,
            "lines_exact": share(self.lines_exact, self.lines),
            "followers": self.followers,
            "order_right": share(self.followers_right, self.followers),
            "milliseconds_median": round(1000 * statistics.median(self.seconds), 2),
            "milliseconds_highest": round(1000 * max(self.seconds), 2),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--photos", type=Path, help="a folder of pictures with labels.json; nothing is measured")
    arguments = parser.parse_args()
    if arguments.photos:
        print_photos(arguments.photos)
        return
    pages = [page for page in render(arguments.pages) if len(page.boxes)]
    rng = np.random.default_rng(SEED)
    turned = [turn(page.boxes, rng.uniform(-TILT, TILT)) for page in pages]
    results = {
        "as_rendered": count(pages, [page.boxes for page in pages]),
        "turned_by_up_to_20_degrees": count(pages, turned),
    }
    for name, layouts in results.items():
        print(f"\n{name.replace('_', ' ')}\n{table(layouts)}")
    write_json(RESULTS, {"seed": SEED, "rendered": arguments.pages, **results, **conditions()})


def render(pages: int) -> Iterable[RenderedPage]:
    yield from render_pages(pages, lambda number: SIZES[number % len(SIZES)], seed=SEED)


def count(pages: Sequence[RenderedPage], boxes: Sequence[np.ndarray]) -> dict[str, dict[str, Any]]:
    """The tallies by layout, and of all pages."""
    layouts: dict[str, Tally] = {}
    for page, placed in zip(pages, boxes, strict=True):
        started = time.process_time()
        found = find_strings(placed)
        seconds = time.process_time() - started
        [layout] = page.generators["layout"]
        layouts.setdefault(layout, Tally()).add(compare(page, layout, found, seconds))
    whole = Tally()
    for tally in layouts.values():
        whole.add(tally)
    return {name: tally.to_json() for name, tally in [*sorted(layouts.items()), ("all", whole)]}


def compare(page: RenderedPage, layout: str, found: Strings, seconds: float) -> Tally:
    """What was found on one page beside its truth."""
    strings = {tuple(string) for line in found for string in line}
    tally = Tally(1, len(page.strings), sum(string in strings for string in page.strings), seconds=[seconds])
    if layout not in UNDEFINED:
        scripts = find_scripts(page) if layout == "expression" else set()
        lines = [[index for string in line for index in string if index not in scripts] for line in found]
        place = {index: number for number, line in enumerate(lines) for index in line}
        true = [line for line in page.lines if line[0] not in scripts]
        tally.lines = len(true)
        tally.lines_exact = sum(list(line) in lines for line in true)
        tally.followers = max(0, len(true) - 1)
        tally.followers_right = sum(place[one[0]] < place[two[0]] for one, two in pairwise(true))
    return tally


def find_scripts(page: RenderedPage) -> set[int]:
    """Raised and lowered digits of a page of sums: lines of one digit that is under 3/4 as high as most."""
    heights = page.boxes[:, 3] - page.boxes[:, 1]
    return {line[0] for line in page.lines if len(line) == 1 and heights[line[0]] < 0.75 * np.median(heights)}


def turn(boxes: np.ndarray, degrees: float) -> np.ndarray:
    """Boxes on a page turned round its upper left corner, as wide as turned ovals are, about."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    middles, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    places = middles @ np.array([[cos, sin], [-sin, cos]])
    halves = np.hypot(sides * cos, sides[:, ::-1] * sin) / 2
    return np.rint(np.concatenate([places - halves, places + halves], axis=1)).astype(np.int64)


def share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def table(layouts: dict[str, dict[str, Any]]) -> str:
    """A row a layout."""
    rows = [
        f"{'layout':12} {'pages':>5} {'strings':>8} {'exact':>7} {'lines':>6} {'exact':>7} {'order':>6} {'right':>7}"
    ]
    for name, entry in layouts.items():
        shares = ["-" if value is None else f"{value:.1%}" for value in (entry["strings_exact"], entry["lines_exact"])]
        right = "-" if entry["order_right"] is None else f"{entry['order_right']:.1%}"
        rows.append(
            f"{name:12} {entry['pages']:5} {entry['strings']:8} {shares[0]:>7} {entry['lines']:6} {shares[1]:>7} "
            f"{entry['followers']:6} {right:>7}"
        )
    whole = layouts["all"]
    rows.append(f"{whole['milliseconds_median']} ms a page, at most {whole['milliseconds_highest']} ms of CPU time")
    return "\n".join(rows)


def print_photos(folder: Path) -> None:
    """What the pictures of a folder say, by their true boxes and labels."""
    for entry in json.loads((folder / "labels.json").read_text(encoding="utf-8")):
        labels = [str(digit["label"]) for digit in entry["digits"]]
        print(entry["file"])
        for line in find_strings([digit["box"] for digit in entry["digits"]]):
            print(f"    {join_strings(line, labels)}")


if __name__ == "__main__":
    main()
