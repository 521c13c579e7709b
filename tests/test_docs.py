"""The documentation runs: every command and Python block of the ten steps, and every failure they tell of."""

import contextlib
import io
import os
import re
import runpy
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from inklens.data import Dataset, Split, load_dataset

os.environ.setdefault("KERAS_BACKEND", "torch")

ROOT = Path(__file__).parents[1]
ENGLISH = ROOT / "docs" / "ten-steps.md"
CHINESE = ROOT / "docs" / "ten-steps.zh-CN.md"
FIRST_ON_FEWER_IMAGES = "inklens train"  # from here on the page runs on fewer images, so that a test takes seconds


def blocks(page: Path) -> list[tuple[str, str]]:
    """The fenced blocks of a page: language and code."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def few(dataset: Dataset) -> Dataset:
    """The same dataset with a tenth or less of its images."""

    def first(split: Split, count: int) -> Split:
        places = None if split.places is None else split.places[:count]
        return Split(split.images[:count], split.labels[:count], places)

    train, validation, test = first(dataset.train, 2000), first(dataset.validation, 500), first(dataset.test, 500)
    return Dataset(dataset.name, dataset.names, train, validation, test)


def use_few_images(monkeypatch: pytest.MonkeyPatch, dataset: Dataset, *, to_learn: bool = True) -> None:
    """Let everything that loads MNIST by itself load `dataset`, so that a page runs in seconds.

    to_learn: training too; a network that learnt from so few reads badly, and its smaller files even worse.
    """
    import inklens.reader_training.lessons  # before the patch, or it would keep the few images for good

    training = [inklens.reader_training.lessons.__name__] if to_learn else []
    for module in (*training, "inklens", "inklens.exporting.classifier", "inklens.data"):
        monkeypatch.setattr(f"{module}.load_dataset", lambda _source="mnist": dataset)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test works in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)


def test_every_block_of_the_ten_steps_runs_and_prints_what_the_page_says(monkeypatch):
    whole = load_dataset("mnist")
    names: dict[str, object] = {}
    asked: list[tuple[str, Path]] = []
    # the whole demo has a test of its own; here its command is only parsed
    monkeypatch.setattr("inklens.demo.demo", lambda recipe, out, **_: asked.append((recipe, out)) or iter(()))
    for language, code in blocks(ENGLISH):
        if language == "sh":
            if code.startswith(FIRST_ON_FEWER_IMAGES):
                names["dataset"] = few(whole)
                use_few_images(monkeypatch, few(whole))
            for line in code.splitlines():
                run_command(line)
        elif language == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, f"{ENGLISH.name}: {code.splitlines()[0]}", "exec"), names)
            expected = re.findall(r"^print\(.*\)  # (.*)$", code, flags=re.MULTILINE)
            if expected:
                assert printed.getvalue().splitlines() == expected
        else:
            assert language == "swift"
    assert asked == [("tutorial", Path("demo"))]
    made = ["look/digits.png", "three.png", "runs/tutorial/metrics.json", "report.html", "pictures/confusion.png"]
    made += ["digits.mlpackage", "digits.mlmodel", "digits.onnx", "network.keras", "network.mlpackage"]
    assert [name for name in made if not Path(name).exists()] == []


def run_command(line: str) -> None:
    from inklens.cli import app

    program, *arguments = shlex.split(line)
    assert program == "inklens"
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, f"{line}\n{result.output}\n{result.exception!r}"


def test_the_forty_lines_of_plain_keras_run_and_stay_forty(monkeypatch, capfd):
    script = ROOT / "examples" / "ten_steps.py"
    monkeypatch.setattr(sys, "argv", [str(script), "--images", "1000", "--epochs", "1", "--out", "out"])
    use_few_images(monkeypatch, few(load_dataset("mnist")))
    runpy.run_path(str(script), run_name="__main__")
    printed = capfd.readouterr().out
    assert re.search(r"^test loss \d\.\d{4}, test accuracy [01]\.\d{4}$", printed, flags=re.MULTILINE)
    assert "digits.mlpackage against digits.keras: equal" in printed
    assert re.search(r"^{'classLabel': '\d', 'classLabel_probs': {'0': ", printed, flags=re.MULTILINE)
    lines = [line for line in script.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(lines) <= 40


def test_chinese_page_has_the_same_code_pictures_and_steps():
    assert blocks(CHINESE) == blocks(ENGLISH)
    pages = [page.read_text(encoding="utf-8") for page in (ENGLISH, CHINESE)]
    for pattern in (r"!\[[^]]+\]\(([^)]+)\)", r"^## (\d+)\.", r"(\d+\.\d+ %)"):
        english, chinese = (re.findall(pattern, page, flags=re.MULTILINE) for page in pages)
        assert chinese == english
    assert len(re.findall(r"^## ", pages[1], flags=re.MULTILINE)) == 10


def test_every_picture_of_the_pages_lies_there_and_is_small():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {name for page in pages for name in re.findall(r"images/([^)]+\.png)\)", page.read_text(encoding="utf-8"))}
    assert {path.name for path in (ROOT / "docs" / "images").glob("*.png")} == shown
    sizes = {name: (ROOT / "docs" / "images" / name).stat().st_size for name in shown}
    assert {name: size for name, size in sizes.items() if size > 120_000} == {}


# What the pages say of calls that fail today: the code, the exception, and words of its message.
FAILING_CALLS = [
    ("from keras import backend as K; K.set_image_dim_ordering('th')", AttributeError, "set_image_dim_ordering"),
    (
        "keras.Sequential([keras.Input((1, 28, 28)), layers.Conv2D(32, 3, padding='same'), layers.MaxPooling2D()])",
        ValueError,
        "Computed output size would be zero or negative",
    ),
    ("from keras.utils import np_utils", ImportError, "np_utils"),
    ("model.fit(images, np.zeros(4, int), verbose=0)", ValueError, "must have the same shape"),
    ("from keras.layers.core import Dense", ModuleNotFoundError, "keras.layers.core"),
    ("from keras.layers.convolutional import Conv2D", ModuleNotFoundError, "keras.layers.convolutional"),
    ("layers.Conv2D(32, 3, border_mode='same')", ValueError, "border_mode"),
    ("keras.optimizers.Adadelta(lr=1.0)", ValueError, "'lr'"),
    ("from keras.optimizers import adadelta", ImportError, "adadelta"),
    ("model.fit(images, answers, nb_epoch=1)", TypeError, "nb_epoch"),
    ("model.predict_classes(images)", AttributeError, "predict_classes"),
    ("model.save('digits')", ValueError, "Invalid filepath extension"),
    ("coremltools.converters.keras.convert(model)", AttributeError, "keras"),
    ("coremltools.convert(model)", ValueError, "Unable to determine the type of the model"),
    ("model.save('m.h5'); coremltools.convert('m.h5')", ValueError, "Unable to determine the type of the model"),
]


@pytest.fixture
def today() -> dict[str, object]:
    """The names that the calls use, made anew for each: a failed call may leave a model half changed."""
    import coremltools
    import keras
    from keras import layers

    model = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(10, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    images, answers = np.zeros((4, 28, 28, 1), np.float32), np.eye(10, dtype=np.float32)[:4]
    return {
        "coremltools": coremltools,
        "keras": keras,
        "layers": layers,
        "np": np,
        "model": model,
        "images": images,
        "answers": answers,
    }


@pytest.mark.parametrize(("code", "error", "words"), FAILING_CALLS, ids=[call[0][:40] for call in FAILING_CALLS])
def test_call_that_the_pages_call_broken_fails_as_they_say(today, code, error, words):
    with pytest.raises(error) as caught:
        exec(code, dict(today))
    assert words in str(caught.value)
    assert type(caught.value).__name__ in ENGLISH.read_text(encoding="utf-8")


def test_calls_that_the_pages_call_silent_do_something_else_today(today, caplog):
    keras, layers, model = (today[name] for name in ("keras", "layers", "model"))
    layer = layers.Convolution2D(32, 3, 3)
    assert (layer.kernel_size, layer.strides) == ((3, 3), (3, 3))
    assert float(keras.optimizers.get("adadelta").learning_rate) == pytest.approx(0.001)
    history = model.fit(today["images"], today["answers"], verbose=0).history
    assert sorted(history) == ["accuracy", "loss"]
    with caplog.at_level("WARNING"):
        model.save("m.h5")
    assert "considered legacy" in caplog.text


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac predicts")
def test_coremltools_predicts_on_a_mac_only(today):
    coremltools = today["coremltools"]
    from coremltools.models import datatypes
    from coremltools.models.neural_network import NeuralNetworkBuilder

    builder = NeuralNetworkBuilder([("x", datatypes.Array(1))], [("y", datatypes.Array(1))])
    builder.add_activation("relu", "RELU", "x", "y")
    coremltools.models.MLModel(builder.spec).save("relu.mlmodel")
    with pytest.raises(Exception, match="Model prediction is only supported on macOS"):
        coremltools.models.MLModel("relu.mlmodel").predict({"x": np.zeros(1)})
