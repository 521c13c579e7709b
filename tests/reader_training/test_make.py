"""Making the reader: what is trained, continued or found, where the packages go, and in which order all happens."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from inklens.exporting.calibration import Calibration
from inklens.models.shipped import FOLDER, shipped_path
from inklens.reader_training import make
from inklens.training.recipes import RECIPES
from inklens.training.run import METRICS, MODEL, Run, read_json, write_history, write_json, write_start


def leave_run(folder: Path, name: str, seed: int, *, finished: bool = True, **metrics: float) -> Run | None:
    """The files of a run as training leaves them, without a network in them."""
    folder.mkdir(parents=True)
    write_start(folder, RECIPES[name], seed, {"name": "pages", "names": [], "fingerprint": ""})
    write_history(folder, [{"epoch": 1.0}])
    write_json(folder / "environment.json", {})
    if not finished:
        return None
    (folder / MODEL).write_bytes(b"")
    write_json(folder / METRICS, {"validation_accuracy": 0.9, "validation_loss": 0.1, "seconds": 1.0, **metrics})
    return Run.load(folder)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Stands for training and its data; tells what was asked of them."""
    calls: list[tuple[Any, ...]] = []

    def load_lessons(recipe: Any, *, progress: Any, locator: Path | None) -> str:  # noqa: ARG001 (the real signature)
        calls.append(("lessons", recipe.name, locator))
        return f"lessons of {recipe.name}"

    def train(recipe: Any, lessons: str, folder: Path, *, seed: int, progress: Any, resume: bool) -> Run | None:  # noqa: ARG001
        calls.append(("train", lessons, folder, seed, resume))
        return None if resume else leave_run(folder, recipe.name, seed)

    monkeypatch.setattr(make, "load_lessons", load_lessons)
    monkeypatch.setattr(make, "train", train)
    return calls


def test_a_finished_run_is_found_and_nothing_is_trained(asked: list[tuple[Any, ...]], tmp_path: Path) -> None:
    leave_run(tmp_path / "namer-3", "namer", 3)
    assert make.learn("namer", 3, tmp_path).path == tmp_path / "namer-3"
    assert asked == []


def test_a_run_that_is_not_there_is_trained_on_the_marks_of_its_locator(
    asked: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    locator = tmp_path / "locator.mlpackage"
    assert make.learn("namer", 2, tmp_path, locator).path == tmp_path / "namer-2"
    assert asked == [
        ("lessons", "namer", locator),
        ("train", "lessons of namer", tmp_path / "namer-2", 2, False),
    ]


def test_a_run_that_was_stopped_goes_on(asked: list[tuple[Any, ...]], tmp_path: Path) -> None:
    leave_run(tmp_path / "locator-1", "locator", 1, finished=False)
    make.learn("locator", 1, tmp_path)
    assert asked == [
        ("lessons", "locator", None),
        ("train", "lessons of locator", tmp_path / "locator-1", 1, True),
    ]


def test_only_the_shipped_seed_replaces_what_the_package_carries(tmp_path: Path) -> None:
    assert make.packages_folder(1, tmp_path) == FOLDER == shipped_path("locator").parent
    assert make.packages_folder(2, tmp_path) == tmp_path / "reader-2"


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, float]]]:
    """Stands for both exports, the calibration and the threshold; tells which run was exported with which metrics."""
    written: list[tuple[str, dict[str, float]]] = []

    def write(run: Run, path: Path, **options: str) -> str:
        assert options == {"licence": make.LICENCE, "version": str(run.seed), "weights": "float16"}
        chosen = {key: value for key, value in run.metrics.items() if key.startswith(("calibration", "threshold"))}
        written.append((path.name, chosen))
        return f"{path.name} agrees"

    monkeypatch.setattr(make, "export", write)
    monkeypatch.setattr(make, "export_locator", write)
    monkeypatch.setattr(make, "load_reader", lambda folder: SimpleNamespace(folder=folder))
    monkeypatch.setattr(make, "calibrate_locator", lambda reader, progress: Calibration(1.5, 0.25, 0.5))  # noqa: ARG005
    monkeypatch.setattr(make, "choose_threshold", lambda reader, progress: 0.61)  # noqa: ARG005
    return written


def test_networks_are_exported_again_with_what_was_fitted_on_their_files(
    exported: list[tuple[str, dict[str, float]]], tmp_path: Path
) -> None:
    for name in ("locator", "namer"):
        leave_run(tmp_path / f"{name}-2", name, 2)
    assert make.make_reader(2, tmp_path / "reader-2", tmp_path) == 0.61
    calibration = {"calibration_slope": 1.5, "calibration_shift": 0.25, "calibration_temperature": 0.5}
    assert exported == [
        ("locator.mlpackage", {}),
        ("namer.mlpackage", {}),
        ("locator.mlpackage", calibration),
        ("namer.mlpackage", {"threshold": 0.61}),
    ]
    assert read_json(tmp_path / "locator-2" / METRICS)["calibration_slope"] == 1.5
    assert read_json(tmp_path / "namer-2" / METRICS)["threshold"] == 0.61


def test_a_locator_that_is_calibrated_is_not_calibrated_again(
    exported: list[tuple[str, dict[str, float]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "calibrate_locator", None)
    calibration = Calibration(2.0, 0.0, 1.0).to_metrics()
    leave_run(tmp_path / "locator-2", "locator", 2, **calibration)
    leave_run(tmp_path / "namer-2", "namer", 2)
    make.make_reader(2, tmp_path / "reader-2", tmp_path)
    assert exported == [
        ("locator.mlpackage", calibration),
        ("namer.mlpackage", {}),
        ("namer.mlpackage", {"threshold": 0.61}),
    ]


def test_the_command_ends_with_the_threshold_as_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[int, Path]] = []
    monkeypatch.setattr(make, "make_reader", lambda seed, folder: asked.append((seed, folder)) or 0.5)
    make.main(["--seed", "4"])
    make.main([])
    assert asked == [(4, Path("runs/reader-4")), (1, FOLDER)]
    assert [json.loads(line)["threshold"] for line in capsys.readouterr().out.splitlines()] == [0.5, 0.5]
