"""Run folders that are missing, foreign or damaged say so."""

import json
import shutil

import pytest

from inklens.errors import RunError
from inklens.training.run import Run
from inklens.training.train import train
from tests.training.small import RECIPE, small_dataset


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return train(RECIPE, small_dataset(), tmp_path_factory.mktemp("original") / "run")


@pytest.fixture
def folder(original, tmp_path):
    return shutil.copytree(original.path, tmp_path / "run")


def test_a_run_describes_itself_in_a_line(original):
    metrics = original.metrics
    assert str(original) == (
        f"{original.path}: small, seed 1, 2 epochs in {metrics['seconds']:.1f} s; validation accuracy "
        f"{metrics['validation_accuracy']:.2%}, loss {metrics['validation_loss']:.4f}, calibration error "
        f"{metrics['validation_ece']:.4f}"
    )


def test_the_environment_names_machine_and_versions(original):
    assert set(original.environment) == {"machine", "threads", "python", "inklens", "keras", "torch", "numpy"}


def test_a_missing_folder_is_told_from_a_foreign_one(tmp_path):
    with pytest.raises(RunError, match=r"no run at .*nothing; `inklens train --out .*nothing` makes one"):
        Run.load(tmp_path / "nothing")
    with pytest.raises(RunError, match=r"is not a run: it has no recipe\.json"):
        Run.load(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"is not a run: it has no recipe\.json"):
        Run.load(tmp_path / "file")


@pytest.mark.parametrize("name", ["recipe.json", "metrics.json", "environment.json"])
@pytest.mark.parametrize("text", ["", "{", "[]", "\xff"])
def test_damaged_json_is_named(folder, name, text):
    (folder / name).write_text(text, encoding="latin-1")
    with pytest.raises(RunError, match=f"{name.replace('.', '[.]')} is damaged"):
        Run.load(folder)


def test_a_recipe_without_its_fields_is_damaged(folder):
    path = folder / "recipe.json"
    values = json.loads(path.read_text())
    del values["seed"]
    path.write_text(json.dumps(values))
    with pytest.raises(RunError, match=r"recipe\.json is damaged \(KeyError\('seed'\)\)"):
        Run.load(folder)


def test_a_run_of_another_format_is_refused(folder):
    path = folder / "recipe.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(RunError, match="is a run of format 2; this inklens reads format 1"):
        Run.load(folder)


def test_a_damaged_history_is_named(folder):
    (folder / "history.csv").write_text("epoch,loss\n1,many\n")
    with pytest.raises(RunError, match=r"history\.csv is damaged"):
        Run.load(folder)


def test_missing_files_are_named(folder):
    (folder / "environment.json").unlink()
    with pytest.raises(RunError, match=r"has no environment\.json; train it again"):
        Run.load(folder)
    (folder / "model.keras").unlink()
    with pytest.raises(RunError, match=r"has no model\.keras; train it again"):
        Run.load(folder)


def test_a_damaged_model_is_named_when_it_is_read(folder):
    path = folder / "model.keras"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(RunError, match=r"model\.keras is damaged .*; train the run again"):
        Run.load(folder).model()
