"""Exporting: what is written, what it says of itself, and when nothing is written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from PIL import Image

from inklens import coreml
from inklens.backend import keras
from inklens.errors import ExportError, ModelError, OutputError, ParityError, RunError
from inklens.exporting import classifier, export
from inklens.models.contract import ClassifierContract, parse_contract
from inklens.models.predictor import load_predictor
from tests.exporting.conftest import TEST, body, solved

FORMATS = (".mlpackage", ".mlmodel", ".onnx")


def content(path: Path) -> dict[str, bytes]:
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def metadata(path: Path) -> dict[str, str]:
    if path.suffix == ".onnx":
        meta = onnxruntime.InferenceSession(path).get_modelmeta()
        return {"description": meta.description, **meta.custom_metadata_map}
    return dict(coreml.load(path).metadata)


@pytest.fixture(scope="module")
def shipped(run, digits, tmp_path_factory):
    """The run in every format, with its report."""
    out = tmp_path_factory.mktemp("shipped")
    about = {"author": "Ada", "licence": "MIT", "version": "1.2", "description": "Digits."}
    return {
        suffix: (out / f"digits{suffix}", export(run, out / f"digits{suffix}", dataset=digits, **about))
        for suffix in FORMATS
    }


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_answers_as_the_run(shipped, suffix):
    path, report = shipped[suffix]
    assert report.ok
    assert (report.a, report.b, report.n, report.agreement) == ("quick", path.name, TEST, 1.0)
    assert report.max_difference < 1e-5
    assert report.accuracy > 0.9
    assert report.bytes == sum(len(data) for data in content(path).values())
    assert sorted(item.name for item in path.parent.iterdir()) == sorted(f"digits{one}" for one in FORMATS)


@pytest.mark.parametrize("suffix", FORMATS)
def test_file_says_what_it_is(shipped, suffix):
    path, report = shipped[suffix]
    about = metadata(path)
    contract = parse_contract(about["inklens.contract"])
    assert contract == ClassifierContract(
        labels=tuple("0123456789"),
        threshold=contract.threshold,
        recipe="fast",
        seed=7,
        accuracy=report.accuracy,
        n=TEST,
    )
    assert 0.1 < contract.threshold < 0.9
    assert (about["author"], about["license"]) == ("Ada", "MIT")
    assert about["description" if suffix == ".onnx" else "shortDescription"] == "Digits."
    assert about["version" if suffix == ".onnx" else "versionString"] == "1.2"
    assert not any("date" in key for key in about)


def test_no_licence_or_author_is_made_up(run, digits, folder):
    export(run, folder / "plain.mlmodel", dataset=digits)
    about = metadata(folder / "plain.mlmodel")
    assert not about.get("author")
    assert not about.get("license")
    assert about["shortDescription"] == "Names a handwritten symbol, one of 10."


@pytest.mark.parametrize("suffix", FORMATS[:2])
def test_core_ml_interface_is_an_image_and_a_label_with_probabilities(shipped, digits, suffix):
    model = coreml.load(shipped[suffix][0])
    assert [(one.name, str(one.type)) for one in model.description.inputs] == [("image", "image (greyscale, 28 × 28)")]
    assert {one.name for one in model.description.outputs} == {"classLabel", "classLabel_probs"}
    answer = model.predict({"image": Image.fromarray(digits.test.images[0])})
    assert answer["classLabel"] == "7"
    assert set(answer["classLabel_probs"]) == set("0123456789")
    assert "bright ink on black" in model.description.inputs[0].note


def test_onnx_takes_bytes_of_any_number_of_images(shipped, digits):
    path, _ = shipped[".onnx"]
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path)
    [image], [output] = session.get_inputs(), session.get_outputs()
    assert (image.name, image.type, image.shape) == ("image", "tensor(uint8)", ["n", 28, 28])
    assert (output.name, output.type, output.shape) == ("probabilities", "tensor(float)", ["n", 10])
    assert session.run(None, {"image": digits.test.images[:5]})[0].argmax(axis=1).tolist() == [7, 2, 1, 0, 4]


def test_specification_is_as_old_as_it_can_be(shipped, run, digits, folder):
    assert coreml.load(shipped[".mlmodel"][0]).specification == 4  # iOS 13
    assert coreml.load(shipped[".mlpackage"][0]).specification == 6  # iOS 15
    export(run, folder / "small.mlpackage", weights="8bit", allow_loss=5, dataset=digits)
    assert coreml.load(folder / "small.mlpackage").specification == 7  # iOS 16


def test_coremltools_reads_the_package(shipped, tmp_path):
    import coremltools

    copy = shutil.copytree(shipped[".mlpackage"][0], tmp_path / "copy.mlpackage")  # its reader rewrites the manifest
    spec = coremltools.models.MLModel(str(copy), skip_model_load=True).get_spec()
    assert spec.description.predictedFeatureName == "classLabel"
    assert spec.description.predictedProbabilitiesName == "classLabel_probs"


@pytest.mark.parametrize(("suffix", "weights"), [(".mlpackage", None), (".mlmodel", "float16"), (".onnx", "8bit")])
def test_exporting_twice_gives_the_same_bytes(run, digits, folder, suffix, weights):
    for name in "ab":
        export(run, folder / f"{name}{suffix}", weights=weights, allow_loss=5, dataset=digits)
    assert content(folder / f"a{suffix}") == content(folder / f"b{suffix}")


def test_another_process_gives_the_same_bytes(run, shipped, folder):
    about = {"author": "Ada", "licence": "MIT", "version": "1.2", "description": "Digits."}
    script = (
        "import json, sys; from dataclasses import replace; from inklens.data import Split, load_dataset;"
        "from inklens.exporting import export; d = load_dataset('mnist'); n, v = 2000, 500;"
        "d = replace(d, test=Split(d.test.images[:n], d.test.labels[:n]),"
        "            validation=Split(d.validation.images[:v], d.validation.labels[:v]));"
        "export(sys.argv[1], sys.argv[2], dataset=d, **json.loads(sys.argv[3]))"
    )
    again = folder / "digits.mlpackage"
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    arguments = [sys.executable, "-c", script, str(run.path), str(again), json.dumps(about)]
    subprocess.run(arguments, check=True, env=environment)
    assert content(again) == content(shipped[".mlpackage"][0])


@pytest.mark.parametrize(
    ("suffix", "weights", "share"),
    [
        (".mlpackage", "float16", 0.6),
        (".mlmodel", "float16", 0.6),
        (".onnx", "float16", 0.6),
        (".mlpackage", "8bit", 0.4),
    ],
)
def test_smaller_weights_make_smaller_files(shipped, run, digits, folder, suffix, weights, share):
    whole = shipped[suffix][1].bytes
    report = export(run, folder / f"small{suffix}", weights=weights, allow_loss=5, dataset=digits)
    assert report.ok
    assert report.bytes < share * whole + 6000  # the network's structure takes some kilobytes


def test_float16_package_is_run_in_both_precisions(run, digits, folder):
    report = export(run, folder / "half.mlpackage", weights="float16", dataset=digits)
    assert [(one.precision, one.allowed) for one in report.comparisons] == [("float32", 2e-3), ("declared", 1e-2)]
    assert 0 < report.comparisons[0].max_difference < report.comparisons[1].max_difference


def test_file_that_names_too_many_otherwise_is_refused_with_the_figures(run, digits, folder):
    path = folder / "four.mlpackage"
    with pytest.raises(ParityError) as error:
        export(run, path, weights="4bit", dataset=digits)
    text = str(error.value)
    assert "images as quick does, expected at least 1,999; accuracy" in text
    assert "Nothing was written; allow a loss of" in text
    assert list(folder.iterdir()) == []
    report = export(run, path, weights="4bit", allow_loss=20, dataset=digits)
    assert report.ok
    assert parse_contract(metadata(path)["inklens.contract"]).accuracy == report.accuracy
    assert report.accuracy < report.comparisons[0].accuracy_a


@pytest.fixture
def broken(monkeypatch):
    """The next files have one wrong weight in their convolution."""
    write = classifier.onnx_bytes

    def spoil(graph, **options):
        nodes = [
            replace(node, arguments={**node.arguments, "weight": node.arguments["weight"] * np.float32(1.5)})
            if node.op == "conv"
            else node
            for node in graph.nodes
        ]
        return write(replace(graph, nodes=tuple(nodes)), **options)

    monkeypatch.setattr(classifier, "onnx_bytes", spoil)


@pytest.mark.usefixtures("broken")
def test_file_that_disagrees_is_not_kept_and_says_where(run, digits, folder):
    with pytest.raises(ParityError) as error:
        export(run, folder / "digits.onnx", dataset=digits)
    assert str(error.value).startswith("digits.onnx differs from quick: largest difference ")
    assert "(allowed 0.0001), image " in str(error.value)
    assert "first at conv." in str(error.value)
    assert list(folder.iterdir()) == []


def test_previous_file_survives_a_failed_export(run, digits, folder, request):
    export(run, folder / "digits.onnx", dataset=digits)
    before = content(folder)
    request.getfixturevalue("broken")
    with pytest.raises(ParityError):
        export(run, folder / "digits.onnx", dataset=digits)
    assert content(folder) == before


def test_package_is_replaced_whole(run, digits, folder):
    path = folder / "digits.mlpackage"
    export(run, path, dataset=digits)
    before = content(path)
    (path / "Data" / "stray.txt").write_text("left over")
    export(run, path, dataset=digits)
    assert content(path) == before
    assert [item.name for item in folder.iterdir()] == ["digits.mlpackage"]


def test_old_package_comes_back_if_the_new_one_cannot_be_moved(run, digits, folder, monkeypatch):
    path = folder / "digits.mlpackage"
    export(run, path, dataset=digits)
    before = content(path)
    rename = Path.rename

    def fail(self, target):
        if ".part" in self.name:
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OutputError, match="cannot be written: Permission denied"):
        export(run, path, dataset=digits)
    assert content(path) == before
    assert [item.name for item in folder.iterdir()] == ["digits.mlpackage"]


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("digits.tflite", {}, ExportError, "expected a name that ends in one of .mlpackage, .mlmodel, .onnx"),
        ("digits", {}, ExportError, "digits does not say its format"),
        (
            "a.onnx",
            {"weights": "4bit"},
            ExportError,
            ".onnx stores weights as float32, float16, 8bit, not 4bit; .mlpackage stores 4bit",
        ),
        ("a.mlmodel", {"weights": "8bit"}, ExportError, "not 8bit; .mlpackage and .onnx store 8bit"),
        ("a.onnx", {"weights": "2bit"}, ExportError, "not 2bit"),
        ("a.onnx", {"labels": ["a", "b"]}, ExportError, "2 labels were given (a, b), but there are 10 classes"),
        ("a.onnx", {"labels": list("aacdefghij")}, ExportError, "labels must differ and say something: a given twice"),
        ("a.onnx", {"scale": "0-1"}, ExportError, "scale and ink are for .keras files"),
        ("folder.onnx", {}, OutputError, "folder.onnx is a folder; expected the name of a file to write"),
        ("folder.mlpackage", {}, OutputError, "folder.mlpackage exists and is no .mlpackage; it is not replaced"),
        ("file.txt/a.onnx", {}, OutputError, "file.txt is not a folder"),
    ],
)
def test_what_cannot_be_written_is_refused_in_words(run, digits, tmp_path, name, options, error, message):
    (tmp_path / "folder.onnx").mkdir()
    (tmp_path / "folder.mlpackage").mkdir()
    (tmp_path / "file.txt").write_text("text")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(error) as caught:
        export(run, tmp_path / name, dataset=digits, **options)
    assert message in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_missing_run_is_refused(tmp_path, digits):
    with pytest.raises(RunError, match="no run at"):
        export(tmp_path / "nowhere", tmp_path / "a.onnx", dataset=digits)


def test_own_labels_replace_the_runs(run, digits, folder):
    export(run, folder / "a.mlpackage", labels=list("abcdefghij"), dataset=digits)
    assert coreml.load(folder / "a.mlpackage").labels == tuple("abcdefghij")


# A `.keras` file of somebody's own.


def test_pixels_of_a_keras_file_are_asked_for(digits, tmp_path, model):
    model.save(tmp_path / "own.keras")
    with pytest.raises(ExportError) as error:
        export(tmp_path / "own.keras", tmp_path / "a.onnx", scale="0-1", dataset=digits)
    assert "give scale as one of 0-255, 0-1, -1-1" in str(error.value)
    assert "given: scale 0-1, ink nothing" in str(error.value)


@pytest.mark.parametrize(
    ("scaling", "ink", "scale"), [(True, "bright", "0-255"), (False, "bright", "0-1"), (False, "dark", "0-1")]
)
def test_keras_file_is_fed_as_it_was_trained(digits, tmp_path, scaling, ink, scale):
    model = solved(body(), digits, scaling=scaling, ink=1 if ink == "bright" else -1)
    model.save(tmp_path / "own.keras")
    report = export(tmp_path / "own.keras", tmp_path / "own.mlpackage", scale=scale, ink=ink, dataset=digits)
    assert report.ok
    assert report.accuracy > 0.9
    assert report.warnings == ()
    assert load_predictor(tmp_path / "own.mlpackage").contract.recipe is None


def test_wrong_scale_of_a_keras_file_is_shouted(digits, tmp_path):
    solved(body(), digits, scaling=False).save(tmp_path / "own.keras")
    report = export(tmp_path / "own.keras", tmp_path / "own.mlpackage", scale="0-1", ink="dark", dataset=digits)
    [warning] = report.warnings
    assert warning.endswith("when fed inverted: its input scale or polarity is wrong")
    assert f"WARNING: {warning}" in str(report)


def test_network_that_ends_in_scores_gets_its_softmax(digits, tmp_path):
    solved(body(), digits, activation="linear").save(tmp_path / "own.keras")
    report = export(tmp_path / "own.keras", tmp_path / "own.onnx", scale="0-255", ink="bright", dataset=digits)
    assert report.notes == ("own.keras ends in scores; a softmax was added",)
    answers = load_predictor(tmp_path / "own.onnx")(digits.test.images[:10])
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-6)


def test_network_that_ends_in_sigmoids_is_refused(digits, tmp_path):
    solved(body(), digits, activation="sigmoid").save(tmp_path / "own.keras")
    with pytest.raises(ExportError, match="ends in sigmoid, whose values are no distribution over the classes"):
        export(tmp_path / "own.keras", tmp_path / "own.onnx", scale="0-255", ink="bright", dataset=digits)


def test_unsupported_layers_stop_the_export(digits, tmp_path):
    kl = keras().layers
    solved([kl.UnitNormalization(name="unit"), *body()], digits).save(tmp_path / "own.keras")
    with pytest.raises(ExportError, match="1 layer is not supported: UnitNormalization at layer unit"):
        export(tmp_path / "own.keras", tmp_path / "own.onnx", scale="0-255", ink="bright", dataset=digits)
    assert [item.name for item in tmp_path.iterdir()] == ["own.keras"]


def test_damaged_keras_file_is_refused(digits, tmp_path):
    (tmp_path / "own.keras").write_bytes(b"no zip")
    with pytest.raises(ModelError, match="cannot be read by Keras"):
        export(tmp_path / "own.keras", tmp_path / "a.onnx", scale="0-1", ink="dark", dataset=digits)
