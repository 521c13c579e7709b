"""The shipped reader beside what others build, on rendered pages and on photos: `python -m benchmarks.reading [DIR]`.

    DIR        a folder of photos with labels.json (see `inklens evaluate --reading`); their figures are marked as those
               of development, for they were looked at
    --pages N  rendered pages of each condition for the shipped reader [12], with 100 plain and 300 worn blank pages
    --few N    rendered pages of each condition for the comparison [12]
    --names A  the recipes that stand in the namer's place [tutorial fast accurate]
    --speed    measure the speed alone, as it wants an idle machine; all else in results/reading.json stays

Readers: the shipped one; the same with another network in the namer's place, trained on MNIST alone; A and B of
`classic_reader.py`. Networks are trained by `inklens train` where runs/bench-reading/ lacks them. Speed is that of one
core, all steps from the grey picture to lines of text. Writes results/reading.json.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.classic_reader import find_components, train_b
from benchmarks.reading_table import RESULTS
from benchmarks.recipes import HERE, conditions
from inklens.data import load_dataset
from inklens.data.pictures import read_picture
from inklens.exporting import export
from inklens.models.contract import ClassifierContract
from inklens.models.predictor import load_predictor
from inklens.reader_evaluation.labels import check_inside, load_labels
from inklens.reader_evaluation.measure import name_given
from inklens.reader_evaluation.report import score_json
from inklens.reader_evaluation.score import PageScore, Score, Truth, score_page
from inklens.reader_evaluation.suites import SEED, evaluate_rendered, list_suites, truth_of
from inklens.reader_training.marks import NAMES, NONE
from inklens.reading.find import Found, find_marks
from inklens.reading.judge import Mark
from inklens.reading.pictures import to_page
from inklens.reading.read import arrange, classify_marks, name_marks, read_page
from inklens.reading.reader import Reader, load_reader
from inklens.rendering.render import RenderOptions, render_pages
from inklens.training.recipes import get_recipe
from inklens.training.run import METRICS, RECIPE, read_json, write_json
from inklens.training.train import train

RUNS = HERE.parent / "runs" / "bench-reading"
NAMES_TOO = ("tutorial", "fast", "accurate")
COMPARED = ("dirt", "unseen paper", "unseen ink", "unseen light", "unseen negative")  # kinds of suites
PLAIN, WORN = 100, 300  # blank pages
CLEAN = 200  # pages that the calibration of what is read is measured on: few marks would seem worse than they are
FRAME_DIGITS, PHOTO_DIGITS = 12, 200
TARGETS = {"frame_seconds": 0.025, "photo_seconds": 1.5}
LABEL = "development, looked at"

Page = tuple[str, np.ndarray, Truth]


@dataclass(frozen=True)
class Contestant:
    """A way to read: a finder, and a reader whose classifier names. `alone`: the classifier decides by itself."""

    name: str
    reader: Reader
    find: Callable[[np.ndarray], list[Found]]
    alone: bool = False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--pages", type=int, default=12)
    parser.add_argument("--few", type=int, default=12)
    parser.add_argument("--names", nargs="*", default=NAMES_TOO)
    parser.add_argument("--speed", action="store_true")
    options = parser.parse_args()
    speed = measure_speed()
    say(f"speed: {speed}")
    if options.speed:
        write_json(RESULTS, {**read_json(RESULTS), "speed": speed})
        return
    contestants = list(enter(options.names))
    figures: dict[str, Any] = {one.name: {} for one in contestants}
    for name, score in compare(rendered(options.few), contestants).items():
        figures[name]["rendered"] = score_json(score)
    if options.folder is not None:
        scores = compare(photos(options.folder), contestants)
        for name, score in scores.items():
            largest = max(score.pages, key=lambda page: len(page.right))
            rest = Score(tuple(page for page in score.pages if page is not largest))
            figures[name] |= {"photos": score_json(score), "photos_without_largest": score_json(rest)}
    for name, entry in figures.items():
        say(
            f"{name}: "
            + ", ".join(f"{on} F1 {score['f1']:.3f} exact {score['exact']:.2f}" for on, score in entry.items())
        )
    suites = list_suites(options.pages, plain=PLAIN, unseen=WORN)
    report = evaluate_rendered(contestants[0].reader, suites, progress=count)
    say(str(report))
    clean = [replace(suite, pages=CLEAN) for suite in list_suites(1) if (suite.kind, suite.name) == ("dirt", "0 clean")]
    read = evaluate_rendered(contestants[0].reader, clean, seed=SEED + 1, progress=count).total
    result = {
        "readers": figures,
        "compared": {"kinds": COMPARED, "pages": options.few, "seed": SEED},
        "photos": LABEL,
        "shipped": {**report.to_json(), "clean": {"pages": CLEAN, "marks": read.marks, "ece": round(read.ece, 6)}},
        "speed": speed,
        "targets": TARGETS,
        "inklens": metadata.version("inklens"),
        **conditions(),
    }
    write_json(RESULTS, result)


def enter(names: Sequence[str]) -> Iterator[Contestant]:
    """The shipped reader first, then the others; networks that are missing are trained."""
    shipped = load_reader()
    find = partial(find_marks, locate=shipped.locate, contract=shipped.locator)
    yield Contestant("shipped", shipped, find)
    for name in names:
        yield Contestant(name, load_reader(trained(name)), find)
    if names:
        yield Contestant("A", load_reader(trained(names[-1])), find_components)
    contract = ClassifierContract(labels=tuple(NAMES), none=NONE, threshold=0.5)
    b = load_predictor(train_b(RUNS / "classic-b").path)
    yield Contestant("B", replace(shipped, classify=b, classifier=contract), find_components, alone=True)


def trained(name: str) -> Path:
    """An MNIST recipe's network as a file with its contract, trained if it is not there yet."""
    folder, file = RUNS / name, RUNS / f"{name}.onnx"
    if not (folder / METRICS).exists():
        train(get_recipe(name), load_dataset(), folder, resume=(folder / RECIPE).exists())
    if not file.exists():
        export(folder, file)
    return file


def compare(pages: Iterable[Page], contestants: Sequence[Contestant]) -> dict[str, Score]:
    """The scores of all contestants on the same pages; contestants with the same finder share what it found."""
    scores: dict[str, list[PageScore]] = {one.name: [] for one in contestants}
    for name, page, truth in pages:
        found: dict[int, list[Found]] = {}
        for one in contestants:
            if id(one.find) not in found:
                found[id(one.find)] = one.find(page)
            marks = name_all(page, found[id(one.find)], one)
            reading = arrange(marks, page.shape[1], page.shape[0])
            given = name_given(page, truth.boxes, one.reader)
            scores[one.name].append(score_page(name, truth, reading, given))
    return {name: Score(tuple(several)) for name, several in scores.items()}


def name_all(page: np.ndarray, found: Sequence[Found], one: Contestant) -> list[Mark]:
    """Every found place with a label or none."""
    if not found or not one.alone:
        return name_marks(page, found, one.reader)
    answers = classify_marks(page, [place.box for place in found], one.reader)
    marks = []
    for place, answer in zip(found, answers.astype(np.float64), strict=True):
        best = int(answer[:-1].argmax())
        sure = float(answer[best])
        label = NAMES[best] if sure >= one.reader.classifier.threshold else None
        marks.append(Mark(place.box, label, sure, (), answer))
    return marks


def rendered(pages: int) -> Iterator[Page]:
    """Rendered pages of the compared kinds of suites."""
    schedule = [suite.options for suite in list_suites(pages) if suite.kind in COMPARED for _ in range(suite.pages)]
    for number, page in enumerate(render_pages(len(schedule), partial(_at, schedule), seed=SEED, processes=2)):
        count(number + 1, len(schedule))
        yield str(number), page.page, truth_of(page)


def _at(schedule: list[RenderOptions], number: int) -> RenderOptions:
    return schedule[number]


def photos(folder: Path) -> Iterator[Page]:
    """The photos of a folder with what `labels.json` says of them."""
    nothing = np.zeros((0, 4), np.int64)
    for photo in load_labels(folder, tuple(NAMES[:-1])):
        page = to_page(read_picture(photo.path))
        check_inside(photo, *page.shape[::-1])
        yield photo.path.name, page, Truth(photo.boxes, photo.labels, photo.others, nothing)


def measure_speed(repeats: int = 15) -> dict[str, Any]:
    """Seconds of one core for a camera frame and for a photo of twelve megapixels, by the clock and by the core."""
    frame, digits = frame_page()
    photo, many = photo_page()
    with one_core():
        reader = load_reader(threads=1)
        values: dict[str, Any] = {"frame_digits": digits, "photo_digits": many, "repeats": repeats}
        for name, page, closer, times in (
            ("frame", frame, False, repeats),
            ("photo", photo, True, max(3, repeats // 3)),
        ):
            clock, core = timed(partial(read_page, page, reader, closer=closer), times)
            values |= {f"{name}_seconds": clock, f"{name}_core_seconds": core, f"{name}_size": list(page.shape[::-1])}
    return values


def timed(action: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median seconds of the clock and of the processor, after one run to warm up."""
    action()
    clocks, cores = [], []
    for _ in range(repeats):
        clock, core = time.perf_counter(), time.process_time()
        action()
        clocks.append(time.perf_counter() - clock)
        cores.append(time.process_time() - core)
    return round(statistics.median(clocks), 4), round(statistics.median(cores), 4)


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process on one core; where the system cannot, one thread has to do."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def frame_page() -> tuple[np.ndarray, int]:
    """The first rendered frame of 640 × 480 with just twelve digits on it."""
    options = RenderOptions(width=640, height=480, heights=(40.0, 70.0), dirt=0.5, digits="validation", blank=0.0)
    for page in render_pages(None, replace(options, only=frozenset({"rows", "expression"})), seed=SEED):
        if len(page.labels) == FRAME_DIGITS:
            return page.page, FRAME_DIGITS
    raise AssertionError("the stream of pages has no end")


def photo_page() -> tuple[np.ndarray, int]:
    """A picture of 4000 × 3000 of four rendered ones, with about two hundred digits."""
    options = RenderOptions(width=2000, height=1500, heights=(90.0, 110.0), dirt=0.5, digits="validation", blank=0.0)
    quarters, digits = [], 0
    for page in render_pages(None, replace(options, only=frozenset({"rows"})), seed=SEED):
        missing = (PHOTO_DIGITS - digits) / (4 - len(quarters))
        if 0.7 * missing <= len(page.labels) <= 1.3 * missing:
            quarters.append(page.page)
            digits += len(page.labels)
        if len(quarters) == 4:
            break
    return np.concatenate([np.concatenate(quarters[:2], axis=1), np.concatenate(quarters[2:], axis=1)]), digits


def count(done: int, total: int) -> None:
    if done % 50 == 0 or done == total:
        say(f"{done} of {total} pages")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
