import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inklens.apps.project import check_project
from inklens.apps.settings import Settings, read_settings
from inklens.apps.template import template_files
from inklens.apps.xcode_project import GOLDEN_BYTES, write_app
from inklens.cli import app
from inklens.errors import ModelError, OutputError


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def written(classifier: Path, locator: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated project. Read it, never write to it."""
    folder = tmp_path_factory.mktemp("written") / "app"
    write_app(classifier, folder, locator=locator, name="Ada's 数字", bundle_id="org.example.reader")
    return folder


@pytest.fixture
def project(written: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(written, tmp_path / "app"))


def test_two_runs_write_the_same_bytes(written: Path, classifier: Path, locator: Path, tmp_path: Path) -> None:
    write_app(classifier, tmp_path / "again", locator=locator, name="Ada's 数字", bundle_id="org.example.reader")
    assert contents(tmp_path / "again") == contents(written)


def test_the_project_is_the_template_with_models_answers_and_settings(
    written: Path, classifier: Path, locator: Path
) -> None:
    files = contents(written)
    for name, package in (("Classifier", classifier), ("Locator", locator)):
        copies = {place for place in files if place.endswith("Manifest.json") and f"/{name}.mlpackage/" in place}
        assert copies == {f"Inklens/Models/{name}.mlpackage/Manifest.json"}
        assert contents(written / "Inklens" / "Models" / f"{name}.mlpackage") == contents(package)
    added = {name for name in files if not name.startswith(("Inklens/Models/", "DigitCore/Golden/"))}
    template = dict(template_files())
    assert added == {*template, ".inklens", "InklensTests/Samples.json"}
    same = {name for name in template if template[name].read_bytes() == files[name]}
    assert template.keys() - same == {"Settings.xcconfig"}
    assert read_settings(written / "Settings.xcconfig") == Settings("Ada's 数字", "org.example.reader")


def test_the_golden_vectors_of_every_step_travel_along_and_stay_small(written: Path) -> None:
    golden = contents(written / "DigitCore" / "Golden")
    used = set(re.findall(r'golden\("(\w+)"\)', "".join(path.read_text() for path in written.rglob("*Tests.swift"))))
    assert set(golden) == {f"{name}.json" for name in used - {"traces", "orders"}}  # a megabyte, tested here
    assert sum(map(len, golden.values())) <= GOLDEN_BYTES


def test_no_absolute_path_and_no_placeholder_is_left(written: Path, classifier: Path) -> None:
    for name, data in contents(written).items():
        assert str(classifier.parent).encode() not in data, name
        assert re.search(rb"(?:^|[^:\w/.])/(?:home|Users|work|root|tmp)/", data) is None, name
        if name.endswith(".swift"):
            assert not re.search(rb"\{\{|\bTODO\b|__[A-Z]+__", data), name


def test_the_tests_expect_what_the_reference_answers(written: Path, classifier: Path) -> None:
    import numpy as np

    from inklens.models.predictor import load_predictor

    samples = json.loads((written / "InklensTests" / "Samples.json").read_text("utf-8"))
    images = np.array([mark["pixels"] for mark in samples["marks"]], np.uint8).reshape(-1, 28, 28)
    classify = load_predictor(classifier)
    answers = classify(images)
    assert len(images) == 10
    assert [mark["label"] for mark in samples["marks"]] == [classify.labels[best] for best in answers.argmax(axis=1)]
    # a network of a few seconds may take one of our digits for another, hardly more
    assert sum(mark["label"] == str(digit) for digit, mark in enumerate(samples["marks"])) >= 8
    assert [page["name"] for page in samples["pages"]] == ["sample-1", "sample-2", "sample-3"]


def test_the_shipped_reader_reads_the_sample_pages_and_digits(tmp_path: Path) -> None:
    write_app("namer", tmp_path / "app")
    samples = json.loads((tmp_path / "app" / "InklensTests" / "Samples.json").read_text("utf-8"))
    assert "".join(mark["label"] for mark in samples["marks"]) == "0123456789"
    assert [page["text"] for page in samples["pages"]] == ["31415\n92653", "01234\n56789", "2026"]


def test_a_folder_with_anything_in_it_is_refused_and_left_alone(
    classifier: Path, locator: Path, tmp_path: Path
) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(OutputError, match="is not an empty folder; choose another, or --update one that"):
        write_app(classifier, tmp_path, locator=locator)
    assert contents(tmp_path) == {"letter.txt": b"mine"}


def test_an_empty_folder_is_filled(classifier: Path, locator: Path, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    write_app(classifier, tmp_path / "app", locator=locator)
    assert (tmp_path / "app" / "Inklens.xcodeproj" / "project.pbxproj").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["app"]


def test_a_hostile_name_writes_nothing(classifier: Path, locator: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot hold"):
        write_app(classifier, tmp_path / "app", locator=locator, name="$(HOME)")
    assert list(tmp_path.iterdir()) == []


def test_update_replaces_models_and_settings_and_nothing_else(
    project: Path, classifier: Path, locator: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(classifier, tmp_path / "other.mlpackage"))
    (other / "note.txt").write_text("another export")
    (project / "Inklens" / "Mine.swift").write_text("// mine\n")
    before = contents(project)
    write_app(other, project, locator=locator, team="ABCDE12345", update=True)
    after = contents(project)
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed == {"Inklens/Models/Classifier.mlpackage/note.txt", "Settings.xcconfig"}
    assert read_settings(project / "Settings.xcconfig") == Settings("Ada's 数字", "org.example.reader", "ABCDE12345")


def test_a_model_of_the_older_format_makes_a_project_and_updates_one(
    project: Path, run_folder: Path, digits: Path, locator: Path, tmp_path: Path
) -> None:
    from inklens.data import load_dataset
    from inklens.exporting import export

    older = tmp_path / "digits.mlmodel"
    export(run_folder, older, dataset=load_dataset(digits))
    write_app(older, tmp_path / "new", locator=locator)
    write_app(older, project, locator=locator, update=True)
    for folder in (tmp_path / "new", project):
        check_project(folder, models=True)
        models = sorted(path.name for path in (folder / "Inklens" / "Models").iterdir())
        assert models == ["Classifier.mlmodel", "Locator.mlpackage"]
        assert (folder / "Inklens" / "Models" / "Classifier.mlmodel").read_bytes() == older.read_bytes()


@pytest.mark.parametrize("piece", ["Models", "Settings.xcconfig", "Samples.json"])
def test_an_update_that_fails_leaves_the_project_byte_for_byte(
    piece: str, project: Path, classifier: Path, locator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Path(shutil.copytree(classifier, tmp_path / "other.mlpackage"))
    (other / "note.txt").write_text("another export")
    before, rename = contents(project), Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name == piece and "new" in self.parts:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError, match="cannot be updated: No space left on device; it is as it was"):
        write_app(other, project, locator=locator, team="ABCDE12345", update=True)
    assert contents(project) == before


def test_update_loses_no_file_that_somebody_put_beside_the_models(
    project: Path, classifier: Path, locator: Path
) -> None:
    (project / "Inklens" / "Models" / "Letters.mlmodel").write_bytes(b"mine")
    before = contents(project)
    with pytest.raises(OutputError, match=r"Models holds Letters.mlmodel of your own; move it out of there"):
        write_app(classifier, project, locator=locator, update=True)
    assert contents(project) == before


def test_update_takes_a_project_whose_team_was_chosen_in_xcode(project: Path, classifier: Path, locator: Path) -> None:
    path = project / "Inklens.xcodeproj" / "project.pbxproj"
    text = path.read_text("utf-8").replace("CODE_SIGN_STYLE", "DEVELOPMENT_TEAM = ABCDE12345;\n\t\t\t\tCODE_SIGN_STYLE")
    path.write_text(text, encoding="utf-8")
    write_app(classifier, project, locator=locator, update=True)
    assert path.read_text("utf-8") == text


def test_update_elsewhere_is_refused(classifier: Path, locator: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(OutputError, match="was not written by `inklens app`, so there is nothing to update in it"):
        write_app(classifier, tmp_path, locator=locator, update=True)
    assert contents(tmp_path) == {"letter.txt": b"mine"}


def test_an_onnx_file_is_refused_in_words(locator: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is ONNX; Xcode takes Core ML. `inklens export RUN FILE.mlpackage` writes"):
        write_app(tmp_path / "digits.onnx", tmp_path / "app", locator=locator)


def test_a_locator_is_no_classifier_and_the_other_way_round(classifier: Path, locator: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is a locator; expected a classifier"):
        write_app(locator, tmp_path / "app", locator=locator)
    with pytest.raises(ModelError, match="is no locator"):
        write_app(classifier, tmp_path / "app", locator=classifier)
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_refuses_onnx_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["app", "digits.onnx", str(tmp_path / "app")])
    assert result.exit_code == 1
    assert "is ONNX; Xcode takes Core ML" in result.output
