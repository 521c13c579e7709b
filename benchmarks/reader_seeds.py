"""The shipped reader's recipe with other seeds: `python -m benchmarks.reader_seeds [DIR]`.

    DIR        a folder of photos with labels.json, as in benchmarks.reading
    --few N    rendered pages of each condition [12]

`python -m inklens.reader_training.make --seed N` trains them into runs/reader-N; the shipped one is seed 1, chosen
before any was measured. The same rendered pages and photos for all. Writes results/reader_seeds.json with means and
spread.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.reading import LABEL, PLAIN, WORN, Contestant, compare, count, photos, rendered, say
from benchmarks.recipes import HERE, conditions, spread
from inklens.models.shipped import shipped_path
from inklens.reader_evaluation.report import score_json
from inklens.reader_evaluation.suites import SEED, evaluate_rendered, list_suites
from inklens.reading.find import find_marks
from inklens.reading.reader import load_reader
from inklens.training.run import write_json

RESULTS = HERE / "results" / "reader_seeds.json"
RUNS = HERE.parent / "runs"
FIGURES = ("f1", "exact", "macro_f1", "f1_without_others", "named")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--few", type=int, default=12)
    options = parser.parse_args()
    folders = {"1": shipped_path("locator").parent}
    folders |= {path.name.removeprefix("reader-"): path for path in sorted(RUNS.glob("reader-*"))}
    contestants = [enter(seed, folder) for seed, folder in folders.items()]
    figures: dict[str, Any] = {seed: {} for seed in folders}
    for seed, score in compare(rendered(options.few), contestants).items():
        figures[seed]["rendered"] = score_json(score)
    if options.folder is not None:
        for seed, score in compare(photos(options.folder), contestants).items():
            figures[seed]["photos"] = score_json(score)
    blank = [suite for suite in list_suites(1, plain=PLAIN, unseen=WORN) if suite.kind == "blank"]
    for contestant in contestants:
        groups = evaluate_rendered(contestant.reader, blank, progress=count).groups
        false = {group.name: group.score.false_per_blank for group in groups if group.kind == "blank"}
        figures[contestant.name]["false_per_blank"] = {name: round(value, 4) for name, value in false.items()}
    result = {"seeds": figures, "spread": spreads(figures), "photos": LABEL, "few": options.few, "seed": SEED}
    say(str(result["spread"]))
    write_json(RESULTS, {**result, **conditions()})


def enter(seed: str, folder: Path) -> Contestant:
    """A seed's reader, with its own locator and namer."""
    reader = load_reader(folder=folder)
    return Contestant(seed, reader, partial(find_marks, locate=reader.locate, contract=reader.locator))


def spreads(figures: dict[str, Any]) -> dict[str, Any]:
    """Mean and standard deviation over the seeds of each figure."""
    told: dict[str, Any] = {}
    for pages in ("rendered", "photos"):
        scores = [entry[pages] for entry in figures.values() if pages in entry]
        if scores:
            columns = {name: [score[name] for score in scores] for name in FIGURES}
            told[pages] = {
                name: [round(statistics.mean(column), 4), round(spread(column), 4)] for name, column in columns.items()
            }
    return told


def seeds_table(figures: dict[str, Any]) -> str:
    """A row for each seed, and the spread."""
    rows = [
        "| seed | rendered F1 | exact | photos F1 | exact | macro F1 | names | marks a blank page: plain, worn |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]

    def row(name: str, rendered: dict[str, Any], seen: dict[str, Any], blank: str, form: Callable[[Any], str]) -> None:
        cells = [rendered["f1"], rendered["exact"], *(seen.get(one) for one in ("f1", "exact", "macro_f1", "named"))]
        told = " | ".join("–" if cell is None else form(cell) for cell in cells)
        rows.append(f"| {name} | {told} | {blank} |")

    for seed, entry in figures["seeds"].items():
        blank = ", ".join(f"{value:.3f}" for value in entry["false_per_blank"].values())
        shipped = " (shipped)" if seed == "1" else ""
        row(f"{seed}{shipped}", entry["rendered"], entry.get("photos", {}), blank, lambda share: f"{100 * share:.1f}")
    spreads = figures["spread"]
    row(
        "mean ± standard deviation",
        spreads["rendered"],
        spreads.get("photos", {}),
        "",
        lambda pair: f"{100 * pair[0]:.1f} ± {100 * pair[1]:.1f}",
    )
    return "\n".join([*rows, "", f"Photos by strangers: {figures['photos']}."])


if __name__ == "__main__":
    main()
