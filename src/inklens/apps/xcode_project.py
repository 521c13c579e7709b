"""Write a complete Xcode project that reads with a model, on any system."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np

from inklens.apps.project import APP, CORE, MODELS, SETTINGS, TESTS, check_project, find_models
from inklens.apps.samples import sample_digits, sample_pages
from inklens.apps.settings import Settings, read_settings
from inklens.apps.template import template_files
from inklens.coreml.package import find_model
from inklens.errors import ModelError, OutputError
from inklens.exporting.target import remove, written_beside
from inklens.models.predictor import CORE_ML_SUFFIXES, load_predictor
from inklens.models.shipped import shipped_path
from inklens.reading.prepare import prepare_mark
from inklens.reading.read import read_page
from inklens.reading.reader import Reader, classifier_contract, load_locator

MARK = ".inklens"  # a file that says that inklens wrote the folder; nothing else is updated
_MARK_TEXT = "`inklens app` wrote this project. `inklens app MODEL FOLDER --update` replaces its models and settings.\n"
_GOLDEN = ("frames", "resize", "prepare", "widen", "views", "look", "find", "judge", "beside", "order", "steady")
GOLDEN_BYTES = 200_000  # at most, in an app


@dataclass(frozen=True)
class Project:
    """A project that was written: where, how many files and bytes, and what its tests expect of the models."""

    folder: Path
    name: str
    files: int
    bytes: int
    digits: str
    updated: bool

    def __str__(self) -> str:
        done = "updated" if self.updated else "written"
        return (
            f"{self.folder / 'Inklens.xcodeproj'}: {self.name}, {done}; {self.files} files, {self.bytes:,} bytes\n"
            f"the sample digits are {self.digits} to these models\n"
            "open it in Xcode 16 or later and press Run; README.md says how to put it on a phone"
        )


def write_app(
    model: str | Path,
    out: str | Path,
    *,
    locator: str | Path | None = None,
    name: str | None = None,
    bundle_id: str | None = None,
    team: str | None = None,
    update: bool = False,
) -> Project:
    """Write the project into `out`, a new or empty folder, and check it; the same input gives the same bytes.

    model: what names marks: `namer` for the shipped one, a Core ML file under the classifier contract, or a run, which
    is exported. locator: a Core ML file, the shipped one where left out. name, bundle_id, team: as in `Settings`; what
    is left out is the default, or with `update` stays. update: replace the models, the settings and what the tests
    expect of the models in a folder that this function wrote, and nothing else. Raises ModelError for models that the
    app cannot read with, OutputError for names and folders that cannot be used; nothing is left half-written.
    """
    with _as_core_ml(model) as classifier:
        sources = {"Locator": Path(locator or shipped_path("locator")), "Classifier": classifier}
        return _write(sources, Path(out), {"name": name, "bundle_id": bundle_id, "team": team}, update)


def _write(sources: dict[str, Path], out: Path, given: dict[str, str | None], update: bool) -> Project:
    folder = out if out.name else out.resolve()  # "." has no name to write beside
    chosen = {key: value for key, value in given.items() if value is not None}
    if update:
        if not (folder / MARK).is_file():
            raise OutputError(f"{folder} was not written by `inklens app`, so there is nothing to update in it")
        settings = replace(read_settings(folder / SETTINGS), **chosen)
    else:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OutputError(
                f"{folder} is not an empty folder; choose another, or --update one that `inklens app` wrote"
            )
        settings = Settings(**chosen)
    reader = load_app_reader(sources["Classifier"], sources["Locator"])
    samples = sample_answers(reader)
    if update:
        _update_project(folder, sources, settings, samples)
    else:
        with written_beside(folder) as part:
            _write_project(part, sources, settings, samples)
            check_project(part, models=True)
            if folder.is_dir():
                folder.rmdir()  # it is empty; a folder cannot be renamed to one that is there everywhere
    files = [path for path in folder.rglob("*") if path.is_file()]
    digits = " ".join(mark["label"] for mark in json.loads(samples)["marks"])
    return Project(folder, settings.name, len(files), sum(path.stat().st_size for path in files), digits, update)


@contextlib.contextmanager
def _as_core_ml(model: str | Path) -> Iterator[Path]:
    """The Core ML file of a model: its own, the shipped one, or a run's, exported for as long as it is needed."""
    path = shipped_path("namer") if str(model) == "namer" else Path(model)
    if path.suffix == ".onnx":
        raise ModelError(f"{path} is ONNX; Xcode takes Core ML. `inklens export RUN FILE.mlpackage` writes that.")
    if not path.is_dir() or path.suffix in CORE_ML_SUFFIXES:
        yield path
        return
    from inklens.exporting import export

    with tempfile.TemporaryDirectory() as folder:
        exported = Path(folder) / "classifier.mlpackage"
        export(path, exported)
        yield exported


def load_app_reader(classifier: Path, locator: Path) -> Reader:
    """Both networks with the contracts that the app reads them by. Raises ModelError for any other model."""
    for path in (classifier, locator):
        if path.suffix not in CORE_ML_SUFFIXES:
            raise ModelError(f"{path} is no Core ML model; expected a .mlpackage or .mlmodel")
    find_model(classifier)
    locate, locator_contract = load_locator(locator)
    classify = load_predictor(classifier)
    if classify.contract is None:
        raise ModelError(
            f"{classifier} does not say what it reads: its metadata have no model contract. "
            "`inklens export` writes one into every model."
        )
    return Reader(locate, locator_contract, classify, classifier_contract(classify))


def sample_answers(reader: Reader) -> str:
    """What the project's tests expect: the reference's answers on the sample digits and pages, as JSON."""
    marks = np.stack([prepare_mark(page, box) for page, box in sample_digits()])
    answers = reader.classify(marks)
    found = [
        {
            "pixels": mark.ravel().tolist(),
            "label": reader.classifier.labels[int(answer.argmax())],
            "confidence": round(float(answer.max()), 4),
        }
        for mark, answer in zip(marks, answers, strict=True)
    ]
    pages = [
        {"name": f"sample-{number}", "text": read_page(page, reader).text}
        for number, page in enumerate(sample_pages(), 1)
    ]
    return json.dumps({"marks": found, "pages": pages}, ensure_ascii=False, separators=(",", ":")) + "\n"


def _write_project(part: Path, sources: dict[str, Path], settings: Settings, samples: str) -> None:
    texts = {MARK: _MARK_TEXT, SETTINGS: settings.to_text(), f"{TESTS}/Samples.json": samples}
    golden = resources.files("inklens.reading.golden")
    for relative, path in template_files():
        if relative not in texts:
            place = part / relative
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
    for kind in _GOLDEN:
        texts[f"{CORE}/Golden/{kind}.json"] = golden.joinpath(f"{kind}.json").read_text("utf-8")
    for relative, text in texts.items():
        _write_text(part / relative, text)
    _copy_models(sources, part / APP / "Models")


def _update_project(folder: Path, sources: dict[str, Path], settings: Settings, samples: str) -> None:
    """Replace models, settings and answers together: all of them, or where one fails none."""
    ours = {f"{name}{suffix}" for name in MODELS for suffix in CORE_ML_SUFFIXES}
    foreign = sorted({path.name for path in (folder / APP / "Models").glob("[!.]*")} - ours)
    if foreign:
        raise OutputError(f"{folder / APP / 'Models'} holds {', '.join(foreign)} of your own; move it out of there")
    twice = [path for path in find_models(folder) if path.stem in MODELS and path.parent != Path(APP, "Models")]
    if twice:
        raise OutputError(
            f"{folder} has {', '.join(map(str, twice))}, which Xcode would compile beside ours; rename it"
        )
    pieces = (Path(APP, "Models"), Path(SETTINGS), Path(TESTS, "Samples.json"))
    part = folder / f".update.{os.getpid()}.part"
    try:
        _copy_models(sources, part / "new" / pieces[0])
        _write_text(part / "new" / SETTINGS, settings.to_text())
        _write_text(part / "new" / TESTS / "Samples.json", samples)
        _swap(part / "new", folder, part / "old", pieces)
    except OSError as error:
        raise OutputError(f"{folder} cannot be updated: {error.strerror or error}; it is as it was") from None
    finally:
        remove(part)


def _swap(new: Path, folder: Path, old: Path, pieces: Sequence[Path]) -> None:
    """Move each piece of a folder to `old` and its successor into its place; if that fails, all come back."""
    done: list[Path] = []
    try:
        for piece in pieces:
            (old / piece).parent.mkdir(parents=True, exist_ok=True)
            if (folder / piece).exists():
                (folder / piece).rename(old / piece)
            done.append(piece)
            (folder / piece).parent.mkdir(parents=True, exist_ok=True)
            (new / piece).rename(folder / piece)
    except OSError:
        for piece in done:
            remove(folder / piece)
            if (old / piece).exists():
                (old / piece).rename(folder / piece)
        raise


def _copy_models(sources: dict[str, Path], models: Path) -> None:
    """Raises OutputError unless each copy has the bytes of its source."""
    models.mkdir(parents=True)
    for name in MODELS:
        source, place = sources[name], models / f"{name}{sources[name].suffix}"
        if source.is_dir():
            shutil.copytree(source, place, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(source, place)
        if _contents(place) != _contents(source):
            raise OutputError(f"{source} changed while it was copied; run the command again")


def _write_text(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8", newline="\n")


def _contents(path: Path) -> dict[str, bytes]:
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in files}
