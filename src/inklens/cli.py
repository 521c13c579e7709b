"""The command line: parse, call one public function, print its result."""

from __future__ import annotations

import csv
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from inklens.errors import InklensError
from inklens.terminal import draw_bar, draw_picture, progress_bar, training_bar

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

INTERRUPTED = 130  # what shells say of a program ended by Ctrl-C


class Commands(TyperGroup):
    """Turns what inklens raises on purpose into one line and exit code 1; bugs keep their traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except InklensError as error:
            err.print(f"inklens: {error}", markup=False)
            raise typer.Exit(1) from error
        except KeyboardInterrupt:
            err.print("inklens: stopped by Ctrl-C; nothing was left half-written.", markup=False)
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Teach a small network to read handwriting, ship it as Core ML and ONNX, and prove that the shipped bytes "
    "answer the same.",
)


class Weights(StrEnum):
    """How the weights of an exported file are stored."""

    float16 = "float16"
    eight = "8bit"
    six = "6bit"
    four = "4bit"


class Turning(StrEnum):
    """Whether a page may be turned to be read."""

    auto = "auto"
    keep = "keep"


RecipeName = Annotated[str, typer.Argument(metavar="[RECIPE]", help="Name of a recipe; `inklens recipes` lists them.")]
Data = Annotated[str, typer.Option(metavar="D", help="`mnist`, or a folder with MNIST's four idx files.")]
Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON instead.")]
ModelPath = Annotated[Path, typer.Argument(metavar="MODEL", help="A run folder or a model file.")]


def version(show: bool) -> None:
    """Print the version and stop."""
    if show:
        from inklens import __version__

        out.print(f"inklens {__version__}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    recipe: Annotated[str, typer.Option(help="Name of the recipe to train.")] = "fast",
    to: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new or empty folder for everything.")] = Path(
        "demo"
    ),
) -> None:
    """All ten steps, from MNIST to Core ML files proven equal, with pictures.

    Example: `inklens demo --recipe tutorial --out ten-steps`
    """
    from inklens.demo import demo as run

    with training_bar(err) as bar:
        for step in run(recipe, to, progress=bar):
            out.print(str(step), markup=False)


@app.command()
def look(
    recipe: Annotated[
        str | None,
        typer.Argument(metavar="[RECIPE]", help="Name of a recipe; `inklens recipes` lists them [default: fast]."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="D", help="`mnist`, or a folder with MNIST's four idx files [default: mnist]."),
    ] = None,
    pages: Annotated[
        bool,
        typer.Option(
            "--pages",
            help="Draw the pages that the reader learns from instead, with boxes; needs the train extra and the "
            "renderer's fonts, and takes a minute.",
        ),
    ] = False,
    to: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the pictures.")] = Path("look"),
) -> None:
    """Draw the data and a recipe's network: digits, pixel values, one-hot, class counts, layers; or rendered pages.

    Examples: `inklens look tutorial --out pictures`, `inklens look --pages`
    """
    if pages and (recipe is not None or data is not None):
        raise typer.BadParameter("--pages draws pages that inklens renders; leave RECIPE and --data out")
    if pages:
        from inklens.rendering.preview import look_pages

        drawn = look_pages(to, seed=1)
    else:
        from inklens.data import load_dataset
        from inklens.look import look as draw
        from inklens.training.recipes import get_recipe

        drawn = draw(get_recipe(recipe or "fast"), load_dataset("mnist" if data is None else data), to)
    for path in drawn:
        out.print(str(path), markup=False)


@app.command()
def recipes(as_json: Json = False) -> None:
    """List every recipe with its evidence.

    Example: `inklens recipes`
    """
    from inklens.training.recipes import RECIPES, describe_recipes

    if as_json:
        out.print(json.dumps({name: recipe.to_json() for name, recipe in RECIPES.items()}), markup=False)
    else:
        out.print(describe_recipes(), markup=False)


@app.command()
def train(
    recipe: RecipeName = "fast",
    data: Annotated[
        str | None,
        typer.Option(
            metavar="D",
            help="`mnist`, or a folder with MNIST's four idx files; not for locator and namer [default: mnist].",
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--out", metavar="RUN", help="Folder of the run [default: runs/RECIPE].")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs, where not the recipe's own number.")] = None,
    seed: Annotated[int, typer.Option(help="Decides every random choice.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run in that folder.")] = False,
) -> None:
    """Train a network by a recipe into a run folder.

    Example: `inklens train accurate --out runs/accurate --seed 3`
    """
    from inklens import face
    from inklens.training.recipes import DIGIT_RECIPES

    chosen = face.choose_recipe(recipe, epochs)
    if chosen.pages and data is not None:
        raise typer.BadParameter(
            f"--data {data} was given, but {recipe} learns from pages that inklens renders; leave --data out, or name "
            f"a recipe that learns from images: {', '.join(DIGIT_RECIPES)}"
        )
    with progress_bar(err, "prepare") as bar:
        material = face.load_material(chosen, data, progress=bar)
    with training_bar(err) as training:
        result = face.train(chosen, material, to, seed=seed, resume=resume, progress=training)
    out.print(str(result), markup=False)


@app.command()
def evaluate(
    subject: Annotated[
        Path | None,
        typer.Argument(
            metavar="MODEL | --reading [DIR]",
            help="A run folder, a model file or `namer`; with --reading a folder of photos with labels.json, which "
            "docs/reading.md describes, or nothing for rendered pages.",
        ),
    ] = None,
    reading: Annotated[
        bool, typer.Option("--reading", help="Measure the whole reader: on photos, or on rendered pages by condition.")
    ] = False,
    model: Annotated[
        Path | None, typer.Option(metavar="M", help="With --reading: the classifier that names [default: the namer].")
    ] = None,
    corruptions: Annotated[
        bool, typer.Option("--corruptions", help="Spoil the test images in 15 ways, and tell the accuracy of each.")
    ] = False,
    data: Annotated[
        str | None,
        typer.Option(metavar="D", help="`mnist`, or a folder with MNIST's four idx files [default: mnist]."),
    ] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write a page with pictures too.")] = None,
    as_json: Json = False,
) -> None:
    """Measure a run or any model file on the test images, or the whole reader on photos.

    Examples: `inklens evaluate runs/fast --report report.html`, `inklens evaluate runs/fast --corruptions`,
    `inklens evaluate --reading photos`
    """
    result: Any
    save: Any
    if corruptions and (reading or report is not None):
        raise typer.BadParameter("--corruptions takes a MODEL and writes no page; --json gives its figures")
    if reading and data is not None:
        raise typer.BadParameter("--data is for a MODEL; with --reading name a folder of photos, or nothing")
    if reading:
        from inklens.reader_evaluation.evaluate import evaluate_reading
        from inklens.reader_evaluation.html import save_html as save
        from inklens.reading.reader import load_reader

        with progress_bar(err, "read") as bar:
            result = evaluate_reading(subject, load_reader(model), progress=bar)
    elif subject is None or model is not None:
        raise typer.BadParameter("expected a MODEL, or --reading; --model belongs to --reading")
    else:
        from inklens import face
        from inklens.evaluation.html import save_html as save

        measure: Any = face.evaluate_corrupted if corruptions else face.evaluate
        with progress_bar(err, "evaluate") as bar:
            result = measure(subject, "mnist" if data is None else data, progress=bar)
    if report is not None:
        save(result, report)
    _print_result(result, as_json)


@app.command()
def export(
    model: ModelPath,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="FILE.mlpackage, FILE.mlmodel or FILE.onnx.")],
    author: Annotated[str | None, typer.Option(metavar="A", help="Author, for the metadata.")] = None,
    licence: Annotated[str | None, typer.Option(metavar="L", help="Licence, for the metadata.")] = None,
    description: Annotated[str | None, typer.Option(metavar="T", help="What the model does, for the metadata.")] = None,
    model_version: Annotated[str | None, typer.Option(metavar="V", help="Version, for the metadata.")] = None,
    labels: Annotated[
        str | None, typer.Option(metavar="a,b,…", help="Class labels, in the order of the outputs.")
    ] = None,
    weights: Annotated[Weights | None, typer.Option(help="Store the weights in fewer bits.")] = None,
    allow_loss: Annotated[
        float | None,
        typer.Option(metavar="POINTS", help="Percentage points of accuracy that smaller weights may cost."),
    ] = None,
    scale: Annotated[
        str | None, typer.Option(help="For a .keras file: the input range it was trained on, `0-1`, `0-255` or `-1-1`.")
    ] = None,
    ink: Annotated[str | None, typer.Option(help="For a .keras file: whether ink is `bright` or `dark`.")] = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="D", help="`mnist`, or a folder with MNIST's four idx files [default: mnist]."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a run as Core ML or ONNX, and prove on the test images that the file answers the same.

    Example: `inklens export runs/fast digits.mlpackage --author "Ada" --licence MIT`
    """
    from inklens import face

    with progress_bar(err, "prove") as bar:
        result = face.export(
            model,
            file,
            author=author,
            licence=licence,
            description=description,
            version=model_version,
            labels=None if labels is None else [label.strip() for label in labels.split(",")],
            weights=None if weights is None else weights.value,
            allow_loss=allow_loss,
            scale=scale,
            ink=ink,
            data=data,
            progress=bar,
        )
    _print_result(result, as_json)


@app.command()
def verify(
    model_a: Annotated[Path, typer.Argument(metavar="MODEL_A", help="A run folder or a model file: the source.")],
    model_b: Annotated[Path, typer.Argument(metavar="MODEL_B", help="The model that should answer the same.")],
    data: Data = "mnist",
    as_json: Json = False,
) -> None:
    """Compare the answers of two models on all test images; exit code 1 where they differ too much.

    Example: `inklens verify runs/fast digits.mlpackage`
    """
    from inklens import face

    with progress_bar(err, "compare") as bar:
        result = face.verify(model_a, model_b, data, progress=bar)
    _print_result(result, as_json)
    if not result.ok:
        raise typer.Exit(1)


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .mlmodel, .mlpackage or .onnx file.")],
    as_json: Json = False,
) -> None:
    """Show what a Core ML or ONNX file says of itself: inputs, outputs, labels, operations, weights.

    Example: `inklens inspect digits.mlpackage`
    """
    from inklens.coreml import inspect as read

    _print_result(read(file), as_json)


@app.command()
def predict(
    model: ModelPath,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE…", help="Picture files of one digit each.")],
    as_json: Json = False,
) -> None:
    """Ask a model about picture files: class and probabilities, as coremltools prints them on a Mac.

    Example: `inklens predict digits.mlpackage three.png`
    """
    from inklens.models.predict import open_picture_model

    opened = open_picture_model(model)
    failed = False
    for image in images:
        try:
            prediction = opened.predict(image)
        except InklensError as error:  # the other pictures go on
            err.print(f"inklens: {error}", markup=False)
            failed = True
            continue
        if prediction.warning:
            err.print(f"inklens: {image}: {prediction.warning}", markup=False)
        if as_json:
            _print_json(prediction.to_json())
        else:
            _show(prediction)
    if failed:
        raise typer.Exit(1)


@app.command()
def read(
    images: Annotated[
        list[str],
        typer.Argument(metavar="IMAGE…", help="Picture files, folders of them, or patterns like `'in/**/*.jpg'`."),
    ],
    model: Annotated[
        Path | None, typer.Option(metavar="M", help="What names the marks: a run or a model file [default: the namer].")
    ] = None,
    draw: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write what was read drawn over each picture, as DIR/NAME.png.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON for each picture instead.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a table with a row for each mark instead.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Tell what was looked at but rejected, too.")] = False,
    orientation: Annotated[
        Turning, typer.Option(help="`auto` notices pages that lie on their side; `keep` reads them as they lie.")
    ] = Turning.auto,
) -> None:
    """Read the handwritten digits on photos and scans: what they are, where, and how sure that is.

    A picture that cannot be read is told of, the others go on, and the exit code is 1.

    Example: `inklens read page.jpg scans/ --draw read`
    """
    from inklens.reading.pictures import COLUMNS, csv_rows, describe, find_pictures, read_files, to_json, unread_pages
    from inklens.reading.reader import load_reader

    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv exclude each other")
    paths = find_pictures(images)
    table = csv.writer(sys.stdout, lineterminator="\n")
    if as_csv:
        table.writerow(COLUMNS)
    failed = False
    with progress_bar(err, "read") as bar:
        results = read_files(paths, load_reader(model), orientation=orientation.value, draw=draw, everything=everything)
        for number, (path, reading) in enumerate(results):
            bar(number + 1, len(paths))
            if isinstance(reading, InklensError):  # the other pictures go on
                err.print(f"inklens: {reading}", markup=False)
                failed = True
                continue
            if pages := unread_pages(path):
                err.print(f"inklens: {path} has {pages + 1} pages; only the first is read.", markup=False)
            if as_json:
                _print_json(to_json(path, reading, everything=everything))
            elif as_csv:
                table.writerows(csv_rows(path, reading, everything=everything))
            else:
                out.print(describe(path, reading, everything=everything), markup=False)
    if failed:
        raise typer.Exit(1)


@app.command("app")
def write_app_command(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="`namer`, a run folder, or a Core ML file.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder for the project.")],
    name: Annotated[
        str | None, typer.Option(metavar="N", help="What stands under the icon [default: Inklens].")
    ] = None,
    bundle_id: Annotated[
        str | None, typer.Option(metavar="B", help="Bundle identifier, such as org.example.reader.")
    ] = None,
    team: Annotated[
        str | None, typer.Option(metavar="T", help="Team of an Apple account; without it Xcode asks.")
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Replace models and settings of a project that inklens wrote.")
    ] = False,
) -> None:
    """Write a complete Xcode project that reads digits with the camera.

    Example: `inklens app namer reader --name "Ada reads"`
    """
    from inklens.apps.xcode_project import write_app

    project = write_app(model, folder, name=name, bundle_id=bundle_id, team=team, update=update)
    out.print(str(project), markup=False)


@app.command("web")
def write_site_command(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="`namer`, a run folder, or a Core ML file.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder for the site.")],
) -> None:
    """Write a static site that reads digits by camera, drawing and photo in any browser; nothing leaves the device.

    Example: `inklens web namer site`
    """
    from inklens.apps.web_site import write_site

    out.print(str(write_site(model, folder)), markup=False)


@app.command()
def serve(
    model: Annotated[
        str, typer.Argument(metavar="[MODEL]", help="`namer`, a run folder, or a Core ML file.")
    ] = "namer",
    port: Annotated[int, typer.Option(metavar="P", help="Port on 127.0.0.1; 0 takes any that is free.")] = 8000,
) -> None:
    """Show that site on this computer, until Ctrl-C.

    Example: `inklens serve`
    """
    from inklens.apps.web_site import serve_site

    serve_site(model, port=port, ready=lambda message: out.print(message, markup=False))
    out.print("stopped", markup=False)


def _show(prediction: Any) -> None:
    out.print(prediction.image, style="bold", markup=False)
    out.print(draw_picture(prediction.seen, colour=out.color_system is not None))
    for name, value in prediction.to_json().items():
        if name == "image":
            continue
        if not isinstance(value, dict):
            out.print(f"{name}: {value}", markup=False)
            continue
        table = Table(title=name, title_justify="left", box=None, show_header=False)
        for label, probability in sorted(value.items(), key=lambda item: -item[1]):
            table.add_row(label, f"{probability:.6f}", draw_bar(probability))
        out.print(table)


def _print_result(result: Any, as_json: bool) -> None:
    if as_json:
        _print_json(result.to_json())
    else:
        out.print(str(result), markup=False)


def _print_json(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def main() -> None:
    """Entry point of the `inklens` script."""
    app()


if __name__ == "__main__":
    main()
