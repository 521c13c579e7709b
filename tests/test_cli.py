"""The command line: one line and exit code 1 for bad input, 2 for wrong usage, and JSON that scripts can rely on."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from inklens.cli import app
from inklens.data import load_dataset

COMMANDS = (
    "demo",
    "look",
    "recipes",
    "train",
    "evaluate",
    "export",
    "verify",
    "inspect",
    "predict",
    "read",
    "app",
    "web",
    "serve",
)


def call(*arguments: object) -> tuple[int, str, str]:
    """Run a command; returns exit code, what it printed and what it complained of."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception  # a bug keeps its traceback
    return result.exit_code, result.stdout, result.stderr


def complaint(*arguments: object) -> str:
    """The one line that a refused command prints."""
    code, _, errors = call(*arguments)
    assert code == 1, errors
    lines = errors.strip().splitlines()
    assert len(lines) == 1, errors
    assert lines[0].startswith("inklens: ")
    return lines[0]


@pytest.fixture(scope="module")
def shipped(run_folder: Path, digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the run exported as digits.mlpackage, .mlmodel and .onnx. Read it, never write to it."""
    folder = tmp_path_factory.mktemp("shipped")
    for name in ("digits.mlpackage", "digits.mlmodel", "digits.onnx"):
        code, _, errors = call("export", run_folder, folder / name, "--data", digits)
        assert code == 0, errors
    return folder


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """Training image 12 of MNIST, the one that the origin tutorial predicts, as a PNG."""
    data = load_dataset("mnist")
    places = np.concatenate([data.train.places, data.validation.places])
    images = np.concatenate([data.train.images, data.validation.images])
    Image.fromarray(images[int(np.flatnonzero(places == 12)[0])]).save(tmp_path / "three.png")
    return tmp_path / "three.png"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    code, text, _ = call(command, "--help")
    assert code == 0
    assert re.search(rf"Examples?:\s+inklens {command}", re.sub(r"[│`\s]+", " ", text))


def test_commands_are_the_documented_ones():
    documented = set(
        re.findall(r"^\| `inklens (\w+)", Path(__file__).parents[1].joinpath("README.md").read_text(), re.M)
    )
    assert (
        {command.name or command.callback.__name__ for command in app.registered_commands}
        == set(COMMANDS)
        == documented
    )


def test_version_is_the_package_s_own():
    code, text, _ = call("--version")
    assert (code, text) == (0, "inklens 0.1.0\n")


def test_wrong_usage_ends_with_two():
    for arguments in (
        ("nonsense",),
        ("train", "--nonsense"),
        ("export", "only-one"),
        ("train", "fast", "--epochs", "x"),
    ):
        assert call(*arguments)[0] == 2


def test_frameworks_stay_out_until_a_command_needs_them():
    heavy = ("torch", "keras", "coremltools", "matplotlib", "jinja2")
    program = f"import sys, inklens.cli, inklens.coreml; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_recipes_are_listed_in_words_and_as_json():
    _, text, _ = call("recipes")
    _, line, _ = call("recipes", "--json")
    names = list(json.loads(line))
    assert names == ["tutorial", "fast", "accurate", "robust", "tiny", "locator", "namer"]
    assert [name for name in names if name in text] == names


def test_evaluate_prints_the_promised_json_and_writes_the_page(run_folder, digits, tmp_path):
    page = tmp_path / "report.html"
    code, line, _ = call("evaluate", run_folder, "--data", digits, "--json", "--report", page)
    assert (code, line.count("\n")) == (0, 1)
    result = json.loads(line)
    assert {"model", "data", "split", "n", "accuracy", "loss", "ece", "confusion"} <= set(result)
    assert (result["split"], result["n"], np.sum(result["confusion"])) == ("test", 400, 400)
    assert result["accuracy"] == np.trace(result["confusion"]) / 400
    assert page.read_text().lower().startswith("<!doctype html>")


def test_every_model_file_gives_the_accuracy_of_its_run(run_folder, shipped, digits):
    models = (run_folder, *(shipped / f"digits.{suffix}" for suffix in ("mlpackage", "mlmodel", "onnx")))
    results = [json.loads(call("evaluate", model, "--data", digits, "--json")[1]) for model in models]
    assert len({result["accuracy"] for result in results}) == 1


def test_verify_prints_the_promised_json(run_folder, shipped, digits):
    code, line, _ = call("verify", run_folder, shipped / "digits.mlmodel", "--data", digits, "--json")
    result = json.loads(line)
    assert (code, result["n"], result["agreement"], result["ok"]) == (0, 400, 1.0, True)
    assert 0 <= result["mean_difference"] <= result["max_difference"] <= 1e-4


def test_verify_of_different_networks_ends_with_one(shipped, digits, tmp_path):
    assert call("train", "fast", "--data", digits, "--seed", 2, "--out", tmp_path / "other")[0] == 0
    code, line, _ = call("verify", tmp_path / "other", shipped / "digits.onnx", "--data", digits, "--json")
    assert (code, json.loads(line)["ok"]) == (1, False)


@pytest.mark.parametrize("name", ["digits.mlpackage", "digits.mlmodel", "digits.onnx"])
def test_predict_answers_as_coremltools_does_on_a_mac(shipped, three, name):
    code, line, errors = call("predict", shipped / name, three, "--json")
    result = json.loads(line)
    assert (code, errors) == (0, "")
    assert result["image"] == str(three)
    assert result["classLabel"] == "3"  # the answer that the origin tutorial shows
    assert list(result["classLabel_probs"]) == list("0123456789")
    assert sum(result["classLabel_probs"].values()) == pytest.approx(1, abs=1e-5)


def test_predict_shows_what_the_model_saw(shipped, three):
    code, text, _ = call("predict", shipped / "digits.mlpackage", three)
    assert code == 0
    assert "classLabel: 3" in text
    assert sum("█" in line for line in text.splitlines()) >= 6


def test_predict_goes_on_after_a_picture_that_it_cannot_read(shipped, three, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    code, text, errors = call("predict", shipped / "digits.onnx", tmp_path / "text.png", three, "--json")
    assert (code, json.loads(text)["classLabel"]) == (1, "3")
    assert (
        errors
        == f"inklens: {tmp_path / 'text.png'} is no picture that can be read; expected a file such as PNG or JPEG.\n"
    )


@pytest.mark.parametrize(("size", "grey", "reason"), [((28, 28), 230, "mostly bright"), ((640, 480), 0, "much larger")])
def test_predict_warns_of_a_picture_far_from_the_contract(shipped, tmp_path, size, grey, reason):
    Image.new("L", size, grey).save(tmp_path / "page.png")
    code, _, errors = call("predict", shipped / "digits.onnx", tmp_path / "page.png", "--json")
    assert code == 0
    assert errors.count("\n") == 1
    assert reason in errors
    assert "`inklens read`" in errors


def test_inspect_tells_inputs_and_labels_of_every_format(shipped):
    for name in ("digits.mlpackage", "digits.mlmodel", "digits.onnx"):
        code, line, _ = call("inspect", shipped / name, "--json")
        assert code == 0
        result = json.loads(line)
        assert [feature["name"] for feature in result["inputs"]] == ["image"]
        assert "inklens.contract" in result["metadata"]
        assert call("inspect", shipped / name)[0] == 0


def test_look_writes_its_pictures(digits, tmp_path):
    code, text, _ = call("look", "tiny", "--data", digits, "--out", tmp_path / "look")
    assert code == 0
    written = [Path(line) for line in text.splitlines()]
    assert all(path.exists() for path in written)
    assert {"digits.png", "pixels.png", "one-hot.png", "classes.png", "network.png"} <= {path.name for path in written}


MISSING_MODEL = [
    ("evaluate", "{}"),
    ("export", "{}", "out.onnx"),
    ("verify", "{}", "{}"),
    ("inspect", "{}"),
    ("predict", "{}", "three.png"),
]


@pytest.mark.parametrize("arguments", MISSING_MODEL, ids=lambda arguments: arguments[0])
@pytest.mark.parametrize("name", ["nothing.mlpackage", "nothing.mlmodel", "nothing.onnx"])
def test_missing_model_is_named(arguments, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert name in complaint(*(part.format(name) for part in arguments))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", MISSING_MODEL, ids=lambda arguments: arguments[0])
@pytest.mark.parametrize("kind", ["empty", "text", "truncated", "folder"])
@pytest.mark.parametrize("suffix", ["mlmodel", "onnx"])
def test_damaged_model_is_refused_in_one_line(arguments, kind, suffix, shipped, three, monkeypatch):
    monkeypatch.chdir(three.parent)
    model = Path(f"damaged.{suffix}")
    whole = (shipped / f"digits.{suffix}").read_bytes()
    if kind == "folder":
        model.mkdir()
    else:
        model.write_bytes(
            {"empty": b"", "text": b"this is no model\n" * 50, "truncated": whole[: len(whole) // 2]}[kind]
        )
    assert model.name in complaint(*(part.format(model) for part in arguments))
    assert {path.name for path in Path().iterdir()} == {"three.png", model.name}


@pytest.mark.parametrize(
    "lost", ["Manifest.json", "Data/com.apple.CoreML/model.mlmodel", "Data/com.apple.CoreML/weights"]
)
def test_package_with_a_part_missing_is_refused_in_one_line(lost, shipped, tmp_path):
    package = tmp_path / "digits.mlpackage"
    shutil.copytree(shipped / "digits.mlpackage", package)
    part = package / lost
    shutil.rmtree(part) if part.is_dir() else part.unlink()
    for command in ("inspect", "evaluate"):
        assert "digits.mlpackage" in complaint(command, package)


def test_wrong_recipe_names_those_that_there_are(tmp_path):
    for arguments in (
        ("train", "slow", "--out", tmp_path / "run"),
        ("look", "slow", "--out", tmp_path / "look"),
        ("demo", "--recipe", "slow", "--out", tmp_path / "demo"),
    ):
        assert "no recipe is called 'slow'; there are tutorial, fast, accurate, robust, tiny" in complaint(*arguments)
    assert list(tmp_path.iterdir()) == []


def test_missing_data_is_named_and_nothing_is_written(run_folder, tmp_path):
    nowhere = tmp_path / "nowhere"
    for arguments in (
        ("train", "fast", "--out", tmp_path / "run"),
        ("look", "--out", tmp_path / "look"),
        ("evaluate", run_folder),
        ("export", run_folder, tmp_path / "digits.onnx"),
        ("verify", run_folder, run_folder),
    ):
        assert f"no data at {nowhere}" in complaint(*arguments, "--data", nowhere)
    assert list(tmp_path.iterdir()) == []


def test_target_that_cannot_be_written_is_named(run_folder, digits, tmp_path):
    (tmp_path / "file").write_text("in the way")
    blocked = tmp_path / "file" / "inside"
    for arguments in (
        ("train", "fast", "--data", digits, "--out", blocked),
        ("look", "--data", digits, "--out", blocked),
        ("demo", "--out", blocked),
        ("evaluate", run_folder, "--data", digits, "--report", blocked / "report.html"),
        ("export", run_folder, blocked / "digits.onnx", "--data", digits),
        ("export", run_folder, blocked / "digits.mlpackage", "--data", digits),
    ):
        assert str(tmp_path / "file") in complaint(*arguments)
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize("recipe", ["locator", "namer"])
def test_data_is_refused_for_recipes_that_learn_from_rendered_pages(recipe, digits, tmp_path):
    code, printed, errors = call("train", recipe, "--data", digits, "--out", tmp_path / "run")
    assert (code, printed) == (2, "")
    words = " ".join(errors.replace("│", " ").split())
    assert f"was given, but {recipe} learns from pages that inklens renders; leave --data out, or" in words
    assert "name a recipe that learns from images: tutorial, fast, accurate, robust, tiny" in words
    assert not (tmp_path / "run").exists()


def test_ten_steps_are_refused_for_recipes_that_learn_from_rendered_pages(tmp_path):
    for recipe in ("locator", "namer"):
        assert complaint("demo", "--recipe", recipe, "--out", tmp_path / "demo") == (
            f"inklens: the ten steps learn from MNIST, and {recipe} from pages that inklens renders; choose one of "
            f"tutorial, fast, accurate, robust, tiny, or `inklens train {recipe}`."
        )
    assert list(tmp_path.iterdir()) == []


def test_pages_of_a_scan_that_are_not_read_are_told(tmp_path):
    page = Image.new("L", (80, 60), 240)
    page.save(tmp_path / "scan.tif", save_all=True, append_images=[page])
    code, printed, errors = call("read", tmp_path / "scan.tif")
    assert (code, printed) == (0, f"{tmp_path / 'scan.tif'} (80 × 60): no digits\n")
    assert errors == f"inklens: {tmp_path / 'scan.tif'} has 2 pages; only the first is read.\n"


def test_options_that_would_be_ignored_are_wrong_usage(digits, tmp_path):
    for arguments, words in (
        (("look", "--pages", "fast"), "--pages draws pages that inklens renders; leave RECIPE and --data out"),
        (("look", "--pages", "--data", digits), "--pages draws pages that inklens renders; leave RECIPE and"),
        (("evaluate", "--reading", tmp_path, "--data", digits), "--data is for a MODEL; with --reading name a folder"),
    ):
        code, printed, errors = call(*arguments)
        assert (code, printed) == (2, "")
        assert words in " ".join(errors.replace("│", " ").split())


def test_shipped_networks_are_measured_by_their_names(digits):
    code, printed, errors = call("evaluate", "namer", "--data", digits, "--json")
    assert (code, errors) == (0, "")
    assert json.loads(printed)["model"] == "namer"
    assert complaint("evaluate", "locator", "--data", digits).endswith("is a locator; expected a classifier")


def test_folder_with_content_is_never_trained_or_shown_into(digits, tmp_path):
    (tmp_path / "precious.txt").write_text("mine")
    for arguments in (("train", "fast", "--data", digits, "--out", tmp_path), ("demo", "--out", tmp_path)):
        assert str(tmp_path) in complaint(*arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_export_never_replaces_a_folder_or_file_of_another_kind(run_folder, digits, tmp_path):
    for name in ("digits.onnx", "digits.mlmodel", "digits.mlpackage"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "precious.txt").write_text("mine")
        assert name in complaint("export", run_folder, tmp_path / name, "--data", digits)
        assert (tmp_path / name / "precious.txt").read_text() == "mine"


def test_export_to_an_unknown_format_names_the_formats(run_folder, tmp_path):
    message = complaint("export", run_folder, tmp_path / "digits.tflite")
    assert all(suffix in message for suffix in (".mlpackage", ".mlmodel", ".onnx"))


def test_ctrl_c_says_how_to_go_on_and_resuming_ends_the_run(digits, tmp_path, monkeypatch):
    from inklens.training import trainer

    whole = trainer.Learner.learn_epoch
    calls = []

    def interrupted(self, progress=None):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(self, progress)

    monkeypatch.setattr(trainer.Learner, "learn_epoch", interrupted)
    arguments = ("train", "tiny", "--data", digits, "--epochs", 2, "--out", tmp_path / "run")
    message = complaint(*arguments)
    assert "stopped after 1 of 2 epochs" in message
    assert "--resume" in message
    monkeypatch.setattr(trainer.Learner, "learn_epoch", whole)
    assert "stopped after 1 of 2 epochs" in complaint("evaluate", tmp_path / "run", "--data", digits)
    assert call(*arguments, "--resume")[0] == 0
    assert call("evaluate", tmp_path / "run", "--data", digits)[0] == 0


def test_ctrl_c_elsewhere_leaves_nothing_and_ends_with_130(run_folder, digits, tmp_path, monkeypatch):
    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("inklens.exporting.classifier.verify", interrupted)
    code, _, errors = call("export", run_folder, tmp_path / "digits.mlpackage", "--data", digits)
    assert (code, errors) == (130, "inklens: stopped by Ctrl-C; nothing was left half-written.\n")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def block_pages(tmp_path, monkeypatch):
    """A folder with two pages and a text named as a picture, and a reader that knows such pages."""
    from tests.reading.readers import block_page, block_reader

    monkeypatch.setattr("inklens.reading.reader.load_reader", lambda _model: block_reader())
    folder = tmp_path / "pages"
    folder.mkdir()
    Image.fromarray(block_page((5, 40, 40), (7, 66, 42))).save(folder / "a.png")
    Image.fromarray(block_page((3, 60, 140))).save(folder / "c.png")
    (folder / "b.png").write_text("no picture")
    return folder


def test_read_prints_a_line_of_json_a_picture_and_goes_on_after_one_it_cannot_read(block_pages):
    code, text, errors = call("read", block_pages, "--json")
    assert code == 1
    assert (
        errors
        == f"inklens: {block_pages / 'b.png'} is no picture that can be read; expected a file such as PNG or JPEG.\n"
    )
    first, second = (json.loads(line) for line in text.splitlines())
    assert list(first) == ["image", "width", "height", "rotation", "marks", "lines"]
    assert (first["image"], first["width"], first["height"], first["rotation"]) == (
        str(block_pages / "a.png"),
        320,
        240,
        0,
    )
    assert [list(mark) for mark in first["marks"]] == [["label", "confidence", "box", "alternatives"]] * 2
    assert [mark["label"] for mark in first["marks"]] == ["5", "7"]
    assert first["lines"] == [{"text": "57", "marks": [0, 1]}]
    assert second["lines"] == [{"text": "3", "marks": [0]}]


def test_read_prints_rows_for_a_table(block_pages):
    code, text, _ = call("read", block_pages / "[ac].png", "--csv")
    head, *rows = text.splitlines()
    assert code == 0
    assert head == "image,line,place,label,confidence,x0,y0,x1,y1,alternative,probability"
    assert [row.split(",")[:4] for row in rows] == [
        [str(block_pages / "a.png"), "0", "0", "5"],
        [str(block_pages / "a.png"), "0", "1", "7"],
        [str(block_pages / "c.png"), "0", "0", "3"],
    ]


def test_read_tells_people_and_draws(block_pages, tmp_path):
    code, text, _ = call("read", block_pages / "a.png", "--draw", tmp_path / "drawn")
    assert code == 0
    assert text.splitlines()[:2] == [f"{block_pages / 'a.png'} (320 × 240): 2 digits", "    57"]
    assert [path.name for path in (tmp_path / "drawn").iterdir()] == ["a.png"]


def test_read_refuses_wrong_usage_and_nothing_to_read(block_pages, tmp_path):
    assert call("read", block_pages, "--json", "--csv")[0] == 2
    assert call("read")[0] == 2
    (tmp_path / "empty").mkdir()
    assert "holds no picture" in complaint("read", tmp_path / "empty")
    assert "no file matches" in complaint("read", tmp_path / "*.tiff")
    assert "does not exist" in complaint("read", tmp_path / "missing.png")
