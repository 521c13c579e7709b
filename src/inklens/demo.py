"""The main job from end to end: MNIST in, Core ML and ONNX files out, each proven equal, in one folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from inklens.apps.web_site import write_site
from inklens.apps.xcode_project import write_app
from inklens.data import load_dataset
from inklens.errors import OutputError, ParityError, RecipeError
from inklens.evaluation.evaluate import evaluate_model
from inklens.evaluation.html import save_html
from inklens.exporting import export
from inklens.look import NetworkTable, first_images, look
from inklens.models.predict import open_picture_model
from inklens.terminal import draw_picture
from inklens.training.recipes import DIGIT_RECIPES, Recipe, get_recipe
from inklens.training.train import train
from inklens.writing import write_whole

if TYPE_CHECKING:
    from inklens.models.parity import ParityReport
    from inklens.training.train import Progress

FILES = ("digits.mlpackage", "digits.mlmodel", "digits.onnx")
# Smaller files, and how their weights are stored.
SMALL_FILES = {
    "small/digits-float16.mlpackage": "float16",
    "small/digits-8bit.mlpackage": "8bit",
    "small/digits-6bit.mlpackage": "6bit",
    "small/digits-4bit.mlpackage": "4bit",
    "small/digits-float16.mlmodel": "float16",
    "small/digits-float16.onnx": "float16",
    "small/digits-8bit.onnx": "8bit",
}
EXAMPLE = 12  # the training image that the tutorial predicts: a 3


@dataclass(frozen=True)
class Step:
    """One of the ten steps, done: what it found, as text of one or more lines."""

    number: int
    title: str
    text: str
    seconds: float

    def __str__(self) -> str:
        body = "\n".join(f"       {line}" for line in self.text.splitlines())
        return f"{self.number:2d}/10  {self.title} ({self.seconds:.1f} s)\n{body}\n"


def demo(recipe: str, out: Path, *, progress: Callable[[Progress], object] | None = None) -> Iterator[Step]:
    """Do the ten steps on the embedded MNIST and yield each when it is done.

    out: a new or empty folder; it ends with `run/ digits.mlpackage digits.mlmodel digits.onnx small/ look/
    report.html app/ site/`. progress: called with each step of the training. Raises OutputError if `out` holds
    anything, RecipeError for an unknown recipe or one that learns from rendered pages, ParityError if a full-size file
    answers differently from the run.
    """
    steps = TenSteps(out, get_recipe(recipe), progress)
    jobs = (
        ("Load MNIST", steps.load),
        ("Look at it", steps.look),
        ("Scale the pixels, inside the network", steps.scale),
        ("Write the labels one-hot", steps.one_hot),
        ("Build the network", steps.build),
        ("Train", steps.train),
        ("Evaluate", steps.evaluate),
        ("Convert, and prove that the files answer the same", steps.convert),
        ("Predict with the Core ML file, no Mac needed", steps.predict),
        ("Use it", steps.use),
    )
    for number, (title, job) in enumerate(jobs, start=1):
        started = time.perf_counter()
        text = job()
        yield Step(number, title, text, time.perf_counter() - started)


class TenSteps:
    """The steps of one demo in order; each returns what it found as text."""

    def __init__(self, out: Path, recipe: Recipe, progress: Callable[[Progress], object] | None) -> None:
        if recipe.pages:
            raise RecipeError(
                f"the ten steps learn from MNIST, and {recipe.name} from pages that inklens renders; choose one of "
                f"{', '.join(DIGIT_RECIPES)}, or `inklens train {recipe.name}`."
            )
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise OutputError(f"{out} is not an empty folder; choose another with --out, or empty it first.")
        self.out, self.recipe, self.progress = out, recipe, progress

    def load(self) -> str:
        self.data = load_dataset("mnist")
        parts = (self.data.train, self.data.validation, self.data.test)
        learn, hold, test = (f"{len(part):,}" for part in parts)
        return f"{learn} images to learn from, {hold} to choose and calibrate by, {test} to report on; all embedded"

    def look(self) -> str:
        self.first = first_images(self.data, EXAMPLE + 1)
        files = look(self.recipe, self.data, self.out / "look")
        labels = ", ".join(self.data.names[label] for label in self.first.labels[:6])
        return f"the first six are {labels}; pictures in {files[0].parent}/"

    def scale(self) -> str:
        image = self.first.images[0]
        height, width = image.shape
        return (
            f"an image is {height} × {width} × 1 (channels last), {image.min()} for paper to {image.max()} for ink;\n"
            "the network itself multiplies by 1/255, so what ships takes the pixels that it learnt"
        )

    def one_hot(self) -> str:
        label = self.first.labels[0]
        row = np.eye(len(self.data.names), dtype=int)[label]
        return f"{self.data.names[label]} becomes {' '.join(map(str, row))}"

    def build(self) -> str:
        table = NetworkTable(self.recipe, classes=len(self.data.names))
        return f"recipe {self.recipe.name}: {table.note}; layers in {self.out / 'look' / 'network.txt'}"

    def train(self) -> str:
        started = time.perf_counter()
        self.run = train(self.recipe, self.data, self.out / "run", progress=self.progress)
        seconds = time.perf_counter() - started
        last = self.run.history[-1]
        epochs = f"{len(self.run.history)} epoch{'s' if len(self.run.history) > 1 else ''}"
        return (
            f"{epochs} in {seconds:.1f} s; validation accuracy {last['validation_accuracy']:.2%}; {self.out / 'run'}/"
        )

    def evaluate(self) -> str:
        report = evaluate_model(self.out / "run", self.data)
        save_html(report, self.out / "report.html")
        mistakes = f"{report.mistakes} of {report.n:,} wrong, calibration error {report.ece:.2%}"
        scores = f"Test loss: {report.loss:.4f}\nTest accuracy: {report.accuracy:.4f}"
        return f"{scores}\n{mistakes}; see {self.out / 'report.html'}"

    def convert(self) -> str:
        kept: dict[str, str | None] = dict.fromkeys(FILES) | SMALL_FILES
        rows: list[tuple[str, ...]] = [("file", "bytes", "accuracy", "same class", "difference", "ms/image")]
        remarks = []
        for name, weights in kept.items():
            try:
                report = export(self.run, self.out / name, weights=weights, dataset=self.data)
            except ParityError as error:
                if weights is None:
                    raise
                rows.append((name, "refused"))
                remarks.append(str(error))
                continue
            rows.append(describe_file(name, report))
            if weights == "float16":
                remarks += describe_ties(name, report)
        caveat = "equal under reference semantics; the Neural Engine is not measured"
        return "\n".join([align(rows), *remarks, caveat])

    def predict(self) -> str:
        picture = self.out / "look" / "example.png"
        image = Image.fromarray(self.first.images[EXAMPLE])
        write_whole(picture, lambda part: image.save(part, "PNG"))
        prediction = open_picture_model(self.out / FILES[0]).predict(picture)
        label, probabilities = prediction.outputs["classLabel"], prediction.outputs["classLabel_probs"]
        assert isinstance(probabilities, dict)
        seen = draw_picture(prediction.seen, colour=False).plain.strip("\n")
        return f"{seen}\nclassLabel: {label} ({probabilities[label]:.4f}); it is a {self.first.labels[EXAMPLE]}"

    def use(self) -> str:
        write_app(self.out / FILES[0], self.out / "app")
        write_site(self.out / FILES[0], self.out / "site")
        rows = [(f"{self.out / name}", use) for name, use in USES.items()]
        return align(rows)


USES = {
    "report.html": "how good it is, with its worst mistakes",
    "digits.mlpackage": "for Xcode: iOS 15 and later",
    "digits.mlmodel": "for Xcode: iOS 13 and later",
    "digits.onnx": "for everything else",
    "app/": "an Xcode project that reads with it: open, run, write",
    "site/": "a static site that reads with it: `inklens serve` shows its like",
    "small/": "the same with smaller weights",
    "run/": "the trained run, for `inklens evaluate`, `export` and `verify`",
    "look/": "the pictures",
}


def describe_file(name: str, report: ParityReport) -> tuple[str, ...]:
    """A row of the table of formats: of the worst precision where a file was run in two."""
    equal = min(comparison.equal for comparison in report.comparisons)
    return (
        name,
        f"{report.bytes:,}",
        f"{report.accuracy:.2%}",
        f"{equal:,}/{report.n:,}",
        f"{report.max_difference:.0e}",
        f"{report.ms_single:.2f}",
    )


def describe_ties(name: str, report: ParityReport) -> list[str]:
    """A line for each image that a file names differently from the run, in either precision."""
    return [
        f"{name}, {comparison.precision}: image {tie.image} (a {tie.truth}) is {tie.a} ({tie.probability_a:.3f}) "
        f"to the run, {tie.b} ({tie.probability_b:.3f}) to the file"
        for comparison in report.comparisons
        for tie in comparison.different
    ]


def align(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows of cells as columns: names to the left, figures to the right; a row may end early with words."""
    columns = len(rows[0])
    widths = [max(len(row[column]) for row in rows if len(row) == columns) for column in range(columns)]
    widths[0] = max(len(row[0]) for row in rows)
    lines = []
    for name, *cells in rows:
        if columns > 2 and len(cells) == columns - 1:
            cells = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        lines.append("  ".join([name.ljust(widths[0]), *cells]))
    return "\n".join(lines)
