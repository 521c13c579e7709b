"""The verbs of `import inklens`: each takes what is at hand, with the defaults of the command of its name.

A model is a `Run`, the name of its folder, a model file, the shipped `namer`, or what `load_model` made of one. Data is
a `Dataset`, "mnist", or a folder of idx files. A picture is a file's name, a Pillow image, or an array uint8
[height, width] or [height, width, 3].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from inklens.data import Dataset
from inklens.errors import DataError, ExportError

if TYPE_CHECKING:
    from inklens.data.pictures import Picture
    from inklens.evaluation.report import Report
    from inklens.evaluation.robustness import Robustness
    from inklens.exporting.locator import LocatorReport
    from inklens.models.parity import ParityReport
    from inklens.models.predict import Prediction
    from inklens.models.predictor import Ink, Predictor, Scale
    from inklens.reading.read import Orientation, Reading
    from inklens.training.recipes import Recipe
    from inklens.training.run import Run
    from inklens.training.train import Lessons, Progress

Model: TypeAlias = "Predictor | Run | str | Path"
Data: TypeAlias = "Dataset | str | Path"
Counter: TypeAlias = "Callable[[int, int], None]"  # told how much is done, and of how much


def train(
    recipe: str | Recipe = "fast",
    data: Data | Lessons | None = None,
    out: str | Path | None = None,
    *,
    epochs: int | None = None,
    seed: int = 1,
    resume: bool = False,
    progress: Callable[[Progress], object] | None = None,
) -> Run:
    """Train a network by a recipe, and leave the run in the folder `out`, by default runs/RECIPE.

    recipe: a name of `inklens recipes`, or a `Recipe`. data: by default MNIST, or for the reader's own networks the
    pages that inklens renders. epochs: where not the recipe's own number. resume: go on with a run that was stopped.
    progress: called with each step. Raises RecipeError, DataError, OutputError, RunError or MissingExtra.

    >>> import inklens
    >>> run = inklens.train("fast")
    >>> run
    <Run runs/fast: fast, seed 1, validation accuracy 9...%>
    """
    from inklens.training.train import train

    chosen = choose_recipe(recipe, epochs)
    material = load_material(chosen, data) if data is None or isinstance(data, (str, Path)) else data
    return train(chosen, material, out or Path("runs") / chosen.name, seed=seed, progress=progress, resume=resume)


def choose_recipe(recipe: str | Recipe, epochs: int | None = None) -> Recipe:
    """The recipe of that name, or that recipe, with another number of epochs if one is given. Raises RecipeError."""
    from inklens.training.recipes import get_recipe

    chosen = get_recipe(recipe) if isinstance(recipe, str) else recipe
    return chosen if epochs is None else replace(chosen, epochs=epochs)


def load_material(
    recipe: Recipe, data: str | Path | None = None, *, progress: Counter | None = None
) -> Lessons | Dataset:
    """What a recipe learns from: the named data, by default MNIST, or pages, which a recipe for pages alone takes.

    Raises DataError where such a recipe is given data, and as `load_lessons`.
    """
    from inklens.reader_training.lessons import load_lessons
    from inklens.training.recipes import DIGIT_RECIPES

    if recipe.pages and data is not None:
        raise DataError(
            f"the data {data} was given, but {recipe.name} learns from pages that inklens renders; leave the data out, "
            f"or name a recipe that learns from images: {', '.join(DIGIT_RECIPES)}."
        )
    return load_lessons(recipe, "mnist" if data is None else data, progress=progress)


def evaluate(model: Model, data: Data = "mnist", *, progress: Counter | None = None) -> Report:
    """Read all test images, and report accuracy, calibration and the worst mistakes.

    print() shows the whole report, a notebook shows it with pictures. progress: called with how many images are read,
    and of how many. Raises ModelError, RunError or DataError.

    >>> import inklens
    >>> report = inklens.evaluate("runs/fast")
    >>> report
    <Report of runs/fast on mnist, test: 9... % of ... images>
    >>> report.accuracy > 0.97
    True
    """
    from inklens.evaluation.evaluate import evaluate_model

    return evaluate_model(model, _dataset(data), progress=progress)


def evaluate_corrupted(model: Model, data: Data = "mnist", *, progress: Counter | None = None) -> Robustness:
    """Read the test images spoilt in 15 ways, and report the accuracy of each. Errors as in `evaluate`."""
    from inklens.evaluation.robustness import evaluate_model_corruptions

    return evaluate_model_corruptions(model, _dataset(data), progress=progress)


def export(
    model: Run | str | Path,
    file: str | Path,
    *,
    author: str | None = None,
    licence: str | None = None,
    description: str | None = None,
    version: str | None = None,
    labels: Sequence[str] | None = None,
    weights: str | None = None,
    allow_loss: float | None = None,
    scale: str | None = None,
    ink: str | None = None,
    data: Data | None = None,
    progress: Counter | None = None,
) -> ParityReport | LocatorReport:
    """Write a run, or a `.keras` file, as .mlpackage, .mlmodel or .onnx, proven to answer as it does.

    The file stands only if its bytes, read back, answer all test images of `data` (MNIST by default) as the run does.
    author, licence, description, version: for its metadata. labels: of the classes, in order. weights: `float16`,
    `8bit`, `6bit` or `4bit`; allow_loss: percentage points of accuracy that these may cost. scale, ink: what a
    `.keras` file was trained on, `0-1`, `0-255` or `-1-1` and `bright` or `dark`. A run of the locator is proven on
    rendered pages, and takes none of labels, allow_loss, scale, ink and data. Raises ExportError, ParityError,
    OutputError, RunError or MissingExtra.

    >>> import inklens
    >>> report = inklens.export("runs/fast", "digits.mlpackage", author="Ada", licence="MIT")
    >>> report.ok, report.agreement
    (True, 1.0)
    """
    from inklens import exporting

    about = {"author": author, "licence": licence, "description": description, "version": version}
    if exporting.is_locator(model):
        unfit = {"labels": labels, "allow_loss": allow_loss, "scale": scale, "ink": ink, "data": data}
        if given := [name for name, value in unfit.items() if value is not None]:
            raise ExportError(
                f"{model} is a run of the locator, which takes no {' and no '.join(given)}; leave it out."
            )
        return exporting.export_locator(model, file, weights=weights, **about)
    return exporting.export(
        model,
        file,
        **about,
        labels=labels,
        weights=weights,
        allow_loss=allow_loss,
        scale=scale,
        ink=ink,
        dataset=_dataset("mnist" if data is None else data),
        progress=progress,
    )


def verify(a: Model, b: Model, data: Data = "mnist", *, progress: Counter | None = None) -> ParityReport:
    """Compare the answers of two models on all test images: `b` should be equal to `a`, and `ok` says whether it is.

    Raises ModelError, RunError or DataError.

    >>> import inklens
    >>> inklens.verify("runs/fast", "digits.mlpackage").ok
    True
    """
    from inklens.models.parity import verify

    return verify(a, b, _dataset(data).test, progress=progress)


def load_model(model: Model, *, scale: Scale | None = None, ink: Ink | None = None) -> Predictor:
    """A classifier of 28 × 28 pixels as a function: images uint8 [n, 28, 28], ink bright on 0, to probabilities.

    scale, ink: for a `.keras` file, what it was trained on. Other Core ML models are opened by `inklens.coreml.load`.
    Raises ModelError, RunError or MissingExtra.

    >>> import inklens
    >>> model = inklens.load_model("digits.mlpackage")
    >>> test = inklens.load_dataset().test
    >>> model(test.images[:3]).argmax(axis=1).tolist()
    [7, 2, 1]
    """
    from inklens.models.predictor import as_predictor

    return as_predictor(model, scale=scale, ink=ink)


def predict(model: Model, picture: Picture) -> Prediction:
    """Ask a model for the class of one picture, which is stretched to the model's input as an app does.

    Core ML models of anybody are taken too, if they take one picture. `outputs` holds the answers under the model's own
    names; `warning` says what speaks against trusting them. Raises ModelError, RunError or ImageError.

    >>> import inklens
    >>> prediction = inklens.predict("digits.mlpackage", "three.png")
    >>> prediction.outputs["classLabel"]
    '3'
    """
    from inklens.models.predict import open_picture_model

    return open_picture_model(model).predict(picture)


def read(picture: Picture, *, model: Model | None = None, orientation: Orientation = "auto") -> Reading:
    """The handwritten digits on a photo or scan: what they are, where, and how sure that is.

    model: what names the marks, by default the shipped namer. orientation: `auto` notices pages that lie on their side,
    `keep` reads them as they lie. print() shows the text, a notebook the picture with what was read; `draw()` gives
    that as a Pillow image. Raises ImageError, ModelError or RunError.

    >>> import inklens
    >>> reading = inklens.read("page.png")
    >>> print(reading)
    31415
    92653
    >>> reading.marks[0].label, reading.marks[0].box
    ('3', (...))
    >>> reading.draw().save("drawn.png")
    """
    from inklens.reading.pictures import read_image
    from inklens.reading.reader import load_reader, shipped_reader

    reader = shipped_reader() if model is None else load_reader(model)
    return read_image(picture, reader, orientation=orientation)


def _dataset(data: Data) -> Dataset:
    from inklens.data import load_dataset

    return data if isinstance(data, Dataset) else load_dataset(data)
