"""The public face: light to import, the same by every way to say it, short on a screen, and its examples run."""

from __future__ import annotations

import ast
import doctest
import inspect
import pydoc
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import inklens
from inklens.apps.samples import sample_pages
from inklens.data import load_dataset
from inklens.errors import DataError, ExportError, ImageError
from tests.test_docs import blocks, use_few_images

ROOT = Path(__file__).parents[1]
NAMES = list(inklens._HOMES)
MAKE = ("train", "export")  # what the examples of the others look at


def test_importing_inklens_loads_nothing_else() -> None:
    code = "import sys; import inklens; print(*(name for name in sys.modules if name.startswith(('inklens', 'numpy'))))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["inklens"]


def test_no_name_brings_a_framework_with_it() -> None:
    code = f"import sys, inklens; [getattr(inklens, name) for name in {NAMES}]; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"torch", "keras", "coremltools", "matplotlib", "onnxruntime"} & set(done.stdout.split()) == set()


def test_every_name_is_offered_described_and_documented() -> None:
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    assert set(NAMES) <= set(dir(inklens))
    assert [name for name in NAMES if name not in str(inklens.__doc__)] == []
    assert [name for name in NAMES if f"`{name}" not in page] == []


def test_a_name_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(AttributeError, match=r"^module 'inklens' has no attribute 'raed'; it offers load_dataset, "):
        inklens.raed  # noqa: B018


def test_type_checkers_see_the_names_where_they_come_from() -> None:
    package = ROOT / "src" / "inklens"
    stub = ast.parse((package / "__init__.pyi").read_text(encoding="utf-8"))
    told = {alias.name: node.module for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert told == inklens._HOMES
    assert (package / "py.typed").is_file()


def test_help_fits_a_screen() -> None:
    lines = pydoc.plain(pydoc.render_doc(inklens)).splitlines()
    assert len(lines) <= 56
    assert max(map(len, lines)) <= 120


def test_every_verb_has_the_defaults_of_its_command() -> None:
    from inklens.cli import app

    commands = {command.name or command.callback.__name__: command.callback for command in app.registered_commands}
    for verb, ours, theirs in (
        ("train", "recipe", "recipe"),
        ("train", "seed", "seed"),
        ("train", "epochs", "epochs"),
        ("verify", "data", "data"),
        ("export", "weights", "weights"),
        ("read", "orientation", "orientation"),
        ("read", "model", "model"),
    ):
        default = inspect.signature(getattr(inklens, verb)).parameters[ours].default
        assert default == inspect.signature(commands[verb]).parameters[theirs].default, (verb, ours)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pictures that the examples name."""
    folder = tmp_path_factory.mktemp("examples")
    Image.fromarray(sample_pages()[0]).save(folder / "page.png")
    test = load_dataset().test
    Image.fromarray(test.images[np.flatnonzero(test.labels == 3)[0]]).save(folder / "three.png")
    return folder


def test_the_example_of_every_name_runs_and_prints_what_it_says(
    place: Path, digits: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    finder, runner = doctest.DocTestFinder(recurse=False), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert NAMES[0] == "load_dataset"
    for name in (NAMES[0], *MAKE, *(name for name in NAMES[1:] if name not in MAKE)):
        if name == MAKE[0]:
            use_few_images(monkeypatch, replace(load_dataset(digits), name="mnist"), to_learn=False)
        [example] = finder.find(getattr(inklens, name), name, globs={})
        assert example.examples, f"{name} has no example"
        runner.run(example)
    assert runner.summarize(verbose=False).failed == 0, capsys.readouterr().out


def test_every_block_of_the_page_runs_and_prints_what_it_says(
    place: Path, tmp_path: Path, digits: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("page.png", "three.png"):
        (tmp_path / name).write_bytes((place / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    use_few_images(monkeypatch, load_dataset(digits))
    names: dict[str, object] = {}
    printed = []
    for language, code in blocks(ROOT / "docs" / "python.md"):
        assert language == "python"
        exec(code, names)
        printed.append(capsys.readouterr().out.splitlines())
    assert printed[0][1] == "True"
    assert printed[0][-2:] == ["31415", "92653"]
    assert printed[1] == ["90 ['31415', '92653']"]
    assert (tmp_path / "drawn.png").is_file()


def test_file_pillow_image_and_array_are_read_alike(place: Path) -> None:
    picture = Image.open(place / "page.png")
    readings = [
        inklens.read(one) for one in (str(place / "page.png"), place / "page.png", picture, np.asarray(picture))
    ]
    readings.append(inklens.read(np.asarray(picture.convert("RGB"))))
    assert [reading.text for reading in readings] == ["31415\n92653"] * 5
    assert {tuple(mark.box for mark in reading.marks) for reading in readings} == {
        tuple(mark.box for mark in readings[0].marks)
    }


def test_a_photo_on_its_side_is_turned_as_the_command_turns_it(place: Path) -> None:
    page = np.rot90(np.asarray(Image.open(place / "page.png")), 1)
    reading = inklens.read(np.ascontiguousarray(page))
    assert (reading.text, reading.rotation) == ("31415\n92653", 90)
    assert inklens.read(np.ascontiguousarray(page), orientation="keep").rotation == 0


@pytest.mark.parametrize("array", [np.zeros((4, 4)), np.zeros((4, 4, 2), np.uint8), np.zeros(4, np.uint8)])
def test_array_that_is_no_picture_is_refused(array: np.ndarray) -> None:
    with pytest.raises(ImageError, match=r"^the picture is .*; expected uint8 \[height, width\] or"):
        inklens.read(array)


def test_thing_that_is_no_picture_is_refused() -> None:
    with pytest.raises(ImageError, match=r"^int is no picture; expected a file, a Pillow image or a NumPy array"):
        inklens.read(7)


def test_recipe_for_pages_takes_no_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^the data mnist was given, but locator learns from pages"):
        inklens.train("locator", "mnist", tmp_path / "run")


def test_run_of_the_locator_takes_no_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inklens.exporting.is_locator", lambda _model: True)
    with pytest.raises(ExportError, match=r"^runs/locator is a run of the locator, which takes no labels and no ink"):
        inklens.export("runs/locator", tmp_path / "a.mlpackage", labels=["0"], ink="dark")


def test_run_predictor_and_folder_are_measured_alike(run_folder: Path, digits: Path) -> None:
    run = inklens.Run.load(run_folder)
    reports = [inklens.evaluate(one, digits) for one in (run, run_folder, str(run_folder))]
    reports.append(inklens.evaluate(inklens.load_model(run), load_dataset(digits)))
    assert {report.accuracy for report in reports} == {reports[0].accuracy}
    assert [report.model for report in reports] == [str(run_folder)] * 3 + [run_folder.name]
    assert [report.temperature for report in reports] == [run.temperature] * 3 + [None]
    assert inklens.verify(run, run_folder, digits).max_difference == 0


def test_run_says_itself_in_a_line(run_folder: Path) -> None:
    run = inklens.Run.load(run_folder)
    share = f"{run.metrics['validation_accuracy']:.2%}"
    assert repr(run) == f"<Run {run_folder}: fast, seed 1, validation accuracy {share}>"
    assert repr(inklens.load_model(run)) == f"<Predictor {run_folder.name}: 10 classes>"


def test_picture_is_asked_about_however_it_is_given(run_folder: Path, place: Path) -> None:
    picture = Image.open(place / "three.png")
    predictions = [
        inklens.predict(model, one)
        for model in (run_folder, inklens.load_model(run_folder))
        for one in (place / "three.png", picture, np.asarray(picture))
    ]
    assert {str(prediction.outputs) for prediction in predictions} == {str(predictions[0].outputs)}
    names = [str(place / "three.png"), "a picture of 28 × 28", "a picture of 28 × 28"]
    assert [prediction.image for prediction in predictions] == names * 2
    assert (
        repr(predictions[1])
        == f"<Prediction of a picture of 28 × 28: classLabel {predictions[0].outputs['classLabel']}>"
    )
