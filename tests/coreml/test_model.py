"""Loading and predicting: what coremltools gives on a Mac, from files of every age."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inklens import coreml
from inklens.errors import ModelError
from tests.coreml import files

ENGINES = ["onnxruntime", "reference"]


@pytest.fixture(scope="module")
def program_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return files.save(files.digit_program(), tmp_path_factory.mktemp("program"))


def scores(result: dict[str, Any], name: str) -> np.ndarray:
    return np.array(list(result[name].values()))


@pytest.mark.parametrize("engine", ENGINES)
def test_an_ml_program_classifies_a_picture_as_coremltools_returns_it(program_path: Path, engine: Any) -> None:
    model = coreml.load(program_path, engine=engine)
    image = files.picture()
    result = model.predict({"x": image})
    expected = files.expected_probabilities(np.asarray(image)[None] / 255)
    assert list(result) == ["classLabel", "classLabel_probs"]
    assert result["classLabel"] == files.DIGITS[int(expected.argmax())]
    assert list(result["classLabel_probs"]) == files.DIGITS
    assert all(type(value) is float for value in result["classLabel_probs"].values())
    np.testing.assert_allclose(scores(result, "classLabel_probs"), expected, atol=1e-5)


def test_a_model_tells_what_it_is(program_path: Path) -> None:
    model = coreml.load(program_path)
    assert (model.kind, model.specification, model.labels) == ("mlProgram", 6, tuple(files.DIGITS))
    assert str(model.description) == (
        "inputs:\n  x: image (greyscale, 28 × 28)\n"
        "outputs:\n  classLabel: string\n  classLabel_probs: dictionary (string keys)"
    )
    assert model.operations == {
        "classify": 1, "conv": 1, "linear": 1, "max_pool": 1, "mul": 1, "relu": 1, "reshape": 1, "softmax": 1,
    }  # fmt: skip
    assert model.metadata["com.github.apple.coremltools.source"] == "milinternal"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rank5", [True, False])
def test_a_neural_network_classifies_a_picture(rank5: bool, engine: Any, tmp_path: Path) -> None:
    model = coreml.load(files.save(files.digit_network(rank5=rank5), tmp_path), engine=engine)
    image = files.picture()
    result = model.predict({"image": image})
    expected = files.expected_probabilities(np.asarray(image)[None] / 255)
    assert result["classLabel"] == files.DIGITS[int(expected.argmax())]
    np.testing.assert_allclose(scores(result, "probabilities"), expected, atol=1e-5)


def test_whole_number_labels_stay_whole_numbers(tmp_path: Path) -> None:
    for model in (files.digit_network(list(range(10, 20))), files.digit_program(list(range(10, 20)))):
        loaded = coreml.load(files.save(model, tmp_path))
        result = loaded.predict({loaded.description.inputs[0].name: files.picture()})
        assert type(result["classLabel"]) is int
        probabilities = next(value for value in result.values() if isinstance(value, dict))
        assert list(probabilities) == list(range(10, 20))
        assert loaded.labels == tuple(range(10, 20))


@pytest.mark.parametrize("order", ["RGB", "BGR"])
@pytest.mark.parametrize("kind", ["program", "network"])
def test_colour_channels_arrive_in_the_declared_order(kind: str, order: str, tmp_path: Path) -> None:
    if kind == "program":
        path = files.save(files.digit_program(colour=order), tmp_path)
    else:
        preprocessing = {"image_scale": 1 / 255, "is_bgr": order == "BGR"}
        path = files.save(files.digit_network(colour=True, preprocessing=preprocessing), tmp_path)
    model = coreml.load(path)
    name = model.description.inputs[0].name
    image = files.picture(mode="RGB")
    pixels = np.moveaxis(np.asarray(image), 2, 0)[:: 1 if order == "RGB" else -1] / 255
    probabilities = next(value for value in model.predict({name: image}).values() if isinstance(value, dict))
    np.testing.assert_allclose(list(probabilities.values()), files.expected_probabilities(pixels), atol=1e-5)
    stack = np.asarray(image)[None].repeat(3, axis=0)
    np.testing.assert_allclose(model.probabilities(stack)[2], files.expected_probabilities(pixels), atol=1e-5)


@pytest.mark.parametrize("engine", ["onnxruntime", "reference"])
def test_float16_pictures_are_mode_f_and_unscaled(engine: Any, tmp_path: Path) -> None:
    path = files.save(files.digit_program(colour="GRAYSCALE_FLOAT16", target="iOS16"), tmp_path)
    model = coreml.load(path, engine=engine)
    image = Image.fromarray(np.random.default_rng(0).random((28, 28)).astype(np.float32))
    seen = np.asarray(image).astype(np.float16).astype(np.float64)
    result = model.predict({"x": image})
    np.testing.assert_allclose(scores(result, "classLabel_probs"), files.expected_probabilities(seen[None]), atol=1e-5)
    with pytest.raises(ModelError, match="takes an image of mode F"):
        model.predict({"x": files.picture()})


@pytest.mark.parametrize("named", [True, False])
def test_a_scaler_adds_the_bias_after_the_scale_even_when_it_names_no_input(named: bool, tmp_path: Path) -> None:
    """Files of 2017 leave the name of the preprocessed input empty."""
    spec = files.digit_network(preprocessing={"image_scale": 2 / 255, "gray_bias": -1.0})
    if not named:
        spec.neuralNetworkClassifier.preprocessing[0].featureName = ""
    model = coreml.load(files.save(spec, tmp_path))
    image = files.picture()
    expected = files.expected_probabilities(np.asarray(image)[None] / 127.5 - 1)
    np.testing.assert_allclose(scores(model.predict({"image": image}), "probabilities"), expected, atol=1e-5)


def test_a_mean_image_is_subtracted(tmp_path: Path) -> None:
    spec = files.digit_network()
    del spec.neuralNetworkClassifier.preprocessing[:]
    mean = np.arange(784, dtype=np.float32) % 200
    spec.neuralNetworkClassifier.preprocessing.add().meanImage.meanImage.extend(mean)
    model = coreml.load(files.save(spec, tmp_path))
    image = files.picture()
    expected = files.expected_probabilities(np.asarray(image)[None] - mean.reshape(1, 28, 28).astype(np.float64))
    np.testing.assert_allclose(scores(model.predict({"image": image}), "probabilities"), expected, atol=1e-4)


def test_scores_that_do_not_sum_to_one_are_returned_as_they_are(tmp_path: Path) -> None:
    model = coreml.load(files.save(files.digit_network(softmax=False), tmp_path))
    image = files.picture()
    expected = files.expected_scores(np.asarray(image)[None] / 255)
    result = model.predict({"image": image})
    np.testing.assert_allclose(scores(result, "probabilities"), expected, atol=1e-5)
    assert result["classLabel"] == files.DIGITS[int(expected.argmax())]


def test_the_last_layer_gives_the_probabilities_when_none_is_named(tmp_path: Path) -> None:
    spec = files.digit_network()
    spec.neuralNetworkClassifier.labelProbabilityLayerName = ""
    model = coreml.load(files.save(spec, tmp_path))
    image = files.picture()
    expected = files.expected_probabilities(np.asarray(image)[None] / 255)
    np.testing.assert_allclose(scores(model.predict({"image": image}), "probabilities"), expected, atol=1e-5)


def test_missing_metadata_and_empty_declared_shapes_are_no_problem(tmp_path: Path) -> None:
    spec = files.digit_network()
    spec.description.ClearField("metadata")
    spec.specificationVersion = 1
    assert coreml.load(files.save(spec, tmp_path)).metadata == {}
    builder_spec = array_network((4,))
    builder_spec.description.output[0].type.multiArrayType.ClearField("shape")
    model = coreml.load(files.save(builder_spec, tmp_path, "array"))
    result = model.predict({"data": np.array([1.0, -2.0, 3.0, -4.0])})
    assert result["out"].reshape(-1).tolist() == [1, 0, 3, 0]


def test_half_precision_and_quantized_weights_of_neural_networks_are_read(tmp_path: Path) -> None:
    ct = files.coremltools()
    from coremltools.models.neural_network import quantization_utils

    spec = files.digit_network()
    image = files.picture()
    expected = files.expected_probabilities(np.asarray(image)[None] / 255)
    full = ct.models.MLModel(spec, skip_model_load=True)
    for bits, mode, allowed in ((16, None, 1e-3), (8, "linear", 0.01), (8, "kmeans_lut", 0.02), (4, "linear_lut", 0.2)):
        if mode == "kmeans_lut":
            pytest.importorskip("sklearn")
        small = quantization_utils.quantize_weights(full, bits, *([mode] if mode else []))
        small = small.get_spec() if hasattr(small, "get_spec") else small
        model = coreml.load(files.save(small, tmp_path, f"{bits}{mode}"))
        got = scores(model.predict({"image": image}), "probabilities")
        assert 0 < np.abs(got - expected).max() < allowed


def test_a_package_may_hold_a_neural_network_under_any_name(tmp_path: Path) -> None:
    package = tmp_path / "old.mlpackage"
    (package / "Data" / "inner folder").mkdir(parents=True)
    (package / "Data" / "inner folder" / "net.bin").write_bytes(files.digit_network().SerializeToString())
    manifest = {
        "fileFormatVersion": "1.0.0",
        "itemInfoEntries": {"A-1": {"path": "inner folder/net.bin"}, "B-2": {"path": "weights"}},
        "rootModelIdentifier": "A-1",
    }
    (package / "Manifest.json").write_text(json.dumps(manifest))
    image = files.picture()
    expected = files.expected_probabilities(np.asarray(image)[None] / 255)
    result = coreml.load(package).predict({"image": image})
    np.testing.assert_allclose(scores(result, "probabilities"), expected, atol=1e-5)


def test_a_program_finds_its_weights_beside_the_model_whatever_the_folder(program_path: Path, tmp_path: Path) -> None:
    package = tmp_path / "renamed.mlpackage"
    shutil.copytree(program_path, package)
    (package / "Data" / "com.apple.CoreML").rename(package / "Data" / "elsewhere")
    (package / "Data" / "elsewhere" / "model.mlmodel").rename(package / "Data" / "elsewhere" / "spec")
    manifest = json.loads((package / "Manifest.json").read_text())
    for entry in manifest["itemInfoEntries"].values():
        entry["path"] = entry["path"].replace("com.apple.CoreML", "elsewhere").replace("model.mlmodel", "spec")
    (package / "Manifest.json").write_text(json.dumps(manifest))
    image = files.picture()
    assert coreml.load(package).predict({"x": image}) == coreml.load(program_path).predict({"x": image})


def array_network(shape: tuple[int, ...], **options: Any) -> Any:
    """A NeuralNetwork `out = relu(data)`."""
    files.coremltools()
    from coremltools.models import datatypes
    from coremltools.models.neural_network import NeuralNetworkBuilder

    builder = NeuralNetworkBuilder(
        [("data", datatypes.Array(*shape))],
        [("out", datatypes.Array(*shape))],
        disable_rank5_shape_mapping=options.get("exact", False),
    )
    builder.add_activation("relu", "RELU", "data", "out")
    return builder.spec


@pytest.mark.parametrize(("dtype", "code"), [("float64", 65600), ("float32", 65568), ("int32", 131104)])
def test_arrays_are_returned_in_their_declared_type_and_shape(dtype: str, code: int, tmp_path: Path) -> None:
    spec = array_network((2, 3, 4))
    spec.description.output[0].type.multiArrayType.dataType = code
    model = coreml.load(files.save(spec, tmp_path))
    values = np.arange(-12, 12).reshape(2, 3, 4).astype(np.float32)
    result = model.predict({"data": values})["out"]
    assert result.dtype == dtype
    assert result.shape == (2, 3, 4)
    np.testing.assert_array_equal(result, np.maximum(values, 0))
    nested = model.predict({"data": values.tolist()})["out"]
    np.testing.assert_array_equal(nested, result)


def test_rank_five_networks_take_a_sequence_and_a_batch_in_front(tmp_path: Path) -> None:
    model = coreml.load(files.save(array_network((4,)), tmp_path))
    for shape in ((4,), (3, 1, 4), (2, 1, 4, 1, 1)):
        values = files.weights(*shape)
        result = model.predict({"data": values})["out"]
        np.testing.assert_array_equal(result.reshape(shape), np.maximum(values, 0))
    with pytest.raises(ModelError, match=r"takes an array \(float.., 4\), not one of shape \[5\]"):
        model.predict({"data": np.zeros(5)})


@pytest.mark.parametrize("engine", ["onnxruntime", "reference"])
@pytest.mark.parametrize("colour", ["GRAYSCALE", "RGB", "BGR"])
def test_an_image_output_is_clamped_rounded_and_has_the_mode_of_a_mac(colour: str, engine: Any, tmp_path: Path) -> None:
    channels = 1 if colour == "GRAYSCALE" else 3
    spec = array_network((channels, 4, 6))
    image_type = spec.description.output[0].type.imageType
    image_type.colorSpace = image_type.ColorSpace.Value(colour)
    image_type.height, image_type.width = 4, 6
    model = coreml.load(files.save(spec, tmp_path), engine=engine)
    values = np.linspace(-50, 300, channels * 24).reshape(channels, 4, 6)
    image = model.predict({"data": values})["out"]
    expected = np.rint(np.clip(values, 0, 255)).astype(np.uint8)
    assert (image.mode, image.size) == ("L" if channels == 1 else "RGBA", (6, 4))
    pixels = np.asarray(image)
    if channels == 1:
        np.testing.assert_array_equal(pixels, expected[0])
    else:
        np.testing.assert_array_equal(np.moveaxis(pixels[..., :3], 2, 0), expected[:: -1 if colour == "BGR" else 1])
        assert (pixels[..., 3] == 255).all()


@pytest.mark.parametrize("engine", ["onnxruntime", "reference"])
@pytest.mark.parametrize("colour", ["RGB", "BGR", "GRAYSCALE", "GRAYSCALE_FLOAT16"])
def test_an_ml_program_returns_pictures(colour: str, engine: Any, tmp_path: Path) -> None:
    ct = files.coremltools()
    channels = 3 if colour in ("RGB", "BGR") else 1
    made = files.program(lambda mb, x: mb.mul(x=x, y=2.0, name="out"), [(1, channels, 4, 6)], "iOS16")
    layout = getattr(ct.colorlayout, colour)
    model = files.convert(
        made,
        inputs=[ct.ImageType(name="x", shape=(1, channels, 4, 6), color_layout=layout)],
        minimum_deployment_target=ct.target.iOS16,
        compute_precision=ct.precision.FLOAT16 if colour.endswith("16") else ct.precision.FLOAT32,
    )
    image_type = model._spec.description.output[0].type.imageType
    image_type.colorSpace = image_type.ColorSpace.Value(colour)
    image_type.width, image_type.height = 6, 4
    image = files.picture(size=(6, 4), mode={3: "RGB", 1: "F" if colour.endswith("16") else "L"}[channels])
    result = coreml.load(files.save(model, tmp_path), engine=engine).predict({"x": image})["out"]
    doubled = np.asarray(image).astype(np.float32) * 2
    if colour.endswith("16"):
        assert result.mode == "F"
        np.testing.assert_array_equal(np.asarray(result), doubled)
    else:
        assert result.mode == ("L" if channels == 1 else "RGBA")
        pixels = np.asarray(result) if channels == 1 else np.asarray(result)[..., :3]
        np.testing.assert_array_equal(pixels, np.minimum(doubled, 255))


def test_optional_inputs_take_their_defaults(tmp_path: Path) -> None:
    files.coremltools()
    from coremltools.models import datatypes
    from coremltools.models.neural_network import NeuralNetworkBuilder

    builder = NeuralNetworkBuilder(
        [("a", datatypes.Array(3)), ("b", datatypes.Array(3))], [("sum", datatypes.Array(3))]
    )
    builder.add_elementwise("add", ["a", "b"], "sum", "ADD")
    builder.spec.description.input[1].type.isOptional = True
    zeros = coreml.load(files.save(builder.spec, tmp_path, "zeros"))
    assert zeros.predict({"a": [1, 2, 3]})["sum"].tolist() == [1, 2, 3]
    builder.spec.description.input[1].type.multiArrayType.floatDefaultValue = 10
    tens = coreml.load(files.save(builder.spec, tmp_path, "tens"))
    assert tens.predict({"a": [1, 2, 3]})["sum"].tolist() == [11, 12, 13]
    assert tens.predict({"a": [1, 2, 3], "b": [0, 0, 1]})["sum"].tolist() == [1, 2, 4]
    assert "b: array (float64, 3), optional" in str(tens.description)


def test_a_regressor_returns_a_number(tmp_path: Path) -> None:
    files.coremltools()
    from coremltools.models import datatypes
    from coremltools.models.neural_network import NeuralNetworkBuilder

    builder = NeuralNetworkBuilder([("x", datatypes.Array(2))], [("price", datatypes.Double())], mode="regressor")
    builder.add_inner_product("dense", np.array([[2.0, 3.0]]), np.array([1.0]), 2, 1, True, "x", "price")
    builder.spec.description.predictedFeatureName = "price"
    assert coreml.load(files.save(builder.spec, tmp_path)).predict({"x": [1, 2]}) == {"price": 9.0}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("convert_to", ["mlprogram", "neuralnetwork"])
def test_flexible_pictures_and_arrays_are_run_at_each_size(convert_to: str, engine: Any, tmp_path: Path) -> None:
    ct = files.coremltools()
    from coremltools.converters.mil.mil import get_new_symbol

    def build(mb: Any, x: Any) -> Any:
        return mb.conv(x=x, weight=files.weights(2, 1, 3, 3), pad_type="same", name="out")

    made = files.program(build, [(1, 1, get_new_symbol(), get_new_symbol())])
    sizes = ct.EnumeratedShapes(shapes=[(1, 1, 8, 8), (1, 1, 12, 6)], default=(1, 1, 8, 8))
    ranges = ct.Shape((1, 1, ct.RangeDim(4, 16, default=8), ct.RangeDim(4, 16, default=8)))
    for number, shape in enumerate((sizes, ranges)):
        kind = ct.TensorType(name="x", shape=shape)
        path = files.save(files.convert(made, inputs=[kind], convert_to=convert_to), tmp_path, f"array{number}")
        model = coreml.load(path, engine=engine)
        for height, width in ((8, 8), (12, 6)):
            values = files.weights(1, 1, height, width, seed=5)
            padded = np.pad(values[0, 0], 1)
            windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
            expected = np.einsum("hwij,oij->ohw", windows, files.weights(2, 1, 3, 3)[:, 0])
            np.testing.assert_allclose(model.predict({"x": values})["out"][0], expected, atol=1e-5)
        with pytest.raises(ModelError, match=r"not one of shape \[1, 1, 40, 8\]"):
            model.predict({"x": np.zeros((1, 1, 40, 8))})
    image = ct.ImageType(name="x", shape=sizes, color_layout="G")
    model = coreml.load(files.save(files.convert(made, inputs=[image], convert_to=convert_to), tmp_path), engine=engine)
    assert model.predict({"x": files.picture(size=(6, 12))})["out"].shape == (1, 2, 12, 6)
    with pytest.raises(ModelError, match=r"takes an image \(greyscale, 8 × 8; also .*not one of 5 × 5"):
        model.predict({"x": files.picture(size=(5, 5))})


def test_a_program_of_several_functions_runs_the_one_asked_for(tmp_path: Path) -> None:
    ct = files.coremltools()

    for name, factor in (("twice", 2.0), ("thrice", 3.0)):
        made = files.program(lambda mb, x, factor=factor: mb.mul(x=x, y=factor, name="out"), [(1, 3)], "iOS18")
        model = files.convert(made, minimum_deployment_target=ct.target.iOS18)
        model.save(str(tmp_path / f"{name}.mlpackage"))
    joined = ct.utils.MultiFunctionDescriptor()
    joined.add_function(str(tmp_path / "twice.mlpackage"), "main", "twice")
    joined.add_function(str(tmp_path / "thrice.mlpackage"), "main", "thrice")
    joined.default_function_name = "twice"
    ct.utils.save_multifunction(joined, str(tmp_path / "both.mlpackage"))
    values = np.array([[1.0, 2.0, 3.0]])
    path = tmp_path / "both.mlpackage"
    assert coreml.load(path).predict({"x": values})["out"].tolist() == [[2, 4, 6]]
    assert coreml.load(path, function="thrice").predict({"x": values})["out"].tolist() == [[3, 6, 9]]
    with pytest.raises(ModelError, match="no function 'fourfold'; it has thrice, twice"):
        coreml.load(path, function="fourfold")


def test_float16_inputs_and_outputs_keep_their_type(tmp_path: Path) -> None:
    ct = files.coremltools()
    made = files.program(lambda mb, x: mb.mul(x=x, y=np.float16(3), name="out"), [(2,)], "iOS16", "fp16")
    model = coreml.load(files.save(files.convert(made, minimum_deployment_target=ct.target.iOS16), tmp_path))
    result = model.predict({"x": np.array([0.1, 100.0])})["out"]
    assert result.dtype == np.float16
    assert result.tolist() == [np.float16(np.float16(0.1).astype(np.float32) * 3), 300.0]


def test_declared_precision_rounds_every_float16_result(tmp_path: Path) -> None:
    ct = files.coremltools()
    made = files.program(lambda mb, x: mb.sub(x=mb.add(x=x, y=2048.0), y=2048.0, name="out"), [(1,)])
    path = files.save(files.convert(made, compute_precision=ct.precision.FLOAT16), tmp_path)
    for engine in ENGINES:
        assert coreml.load(path, engine=engine).predict({"x": [0.3]})["out"].tolist() == pytest.approx([0.3], abs=2e-4)
        assert coreml.load(path, engine=engine, precision="declared").predict({"x": [0.3]})["out"].tolist() == [0.0]


def test_many_pictures_give_what_each_gives_alone(program_path: Path, tmp_path: Path) -> None:
    pictures = [files.picture(seed) for seed in range(5)]
    for path in (program_path, files.save(files.digit_network(), tmp_path)):
        model = coreml.load(path)
        name = model.description.inputs[0].name
        alone = [model.predict({name: one}) for one in pictures]
        together = model.predict_batch([{name: one} for one in pictures])
        assert model.predict([{name: one} for one in pictures]) == together
        for one, other in zip(alone, together, strict=True):
            assert one["classLabel"] == other["classLabel"]
        stack = model.probabilities(np.stack([np.asarray(one) for one in pictures]))
        assert stack.dtype == np.float32
        expected = [list(next(v for v in one.values() if isinstance(v, dict)).values()) for one in alone]
        np.testing.assert_allclose(stack, expected, atol=1e-6)
        assert model.probabilities(np.zeros((0, 28, 28), np.uint8)).shape == (0, 10)


@pytest.mark.parametrize("engine", ["onnxruntime", "reference"])
def test_an_updatable_network_predicts(engine: Any, tmp_path: Path) -> None:
    files.coremltools()
    from coremltools.models import datatypes
    from coremltools.models.neural_network import AdamParams, NeuralNetworkBuilder

    builder = NeuralNetworkBuilder([("x", datatypes.Array(3))], [("scores", datatypes.Array(2))], mode="classifier")
    builder.add_inner_product("dense", files.weights(2, 3), np.zeros(2), 3, 2, True, "x", "logits")
    builder.add_softmax("softmax", "logits", "scores")
    builder.set_class_labels(["no", "yes"], "classLabel", "scores")
    builder.make_updatable(["dense"])
    builder.set_categorical_cross_entropy_loss("loss", "scores")
    builder.set_adam_optimizer(AdamParams())
    builder.set_epochs(2)
    model = coreml.load(files.save(builder.spec, tmp_path), engine=engine)
    logits = files.weights(2, 3) @ np.array([1.0, 2.0, 3.0])
    result = model.predict({"x": [1, 2, 3]})
    assert result["classLabel"] == ["no", "yes"][int(logits.argmax())]
    np.testing.assert_allclose(scores(result, "scores"), np.exp(logits) / np.exp(logits).sum(), atol=1e-6)


def test_to_onnx_writes_what_runs_alone(program_path: Path, tmp_path: Path) -> None:
    import onnxruntime

    model = coreml.load(program_path)
    path = model.to_onnx(tmp_path / "folder" / "digits.onnx")
    image = files.picture()
    session = onnxruntime.InferenceSession(path)
    (scores_alone,) = session.run(["classLabel_probs"], {"x": np.asarray(image, np.float32)[None, None]})
    np.testing.assert_allclose(scores_alone[0], scores(model.predict({"x": image}), "classLabel_probs"), atol=1e-6)
    assert json.loads(session.get_modelmeta().custom_metadata_map["labels"]) == files.DIGITS
    assert [one.name for one in (tmp_path / "folder").iterdir()] == ["digits.onnx"]


@pytest.mark.parametrize(
    ("features", "problem"),
    [
        ({}, "the model needs the input 'x', an image (greyscale, 28 × 28)"),
        ({"x": np.zeros((28, 28))}, "the input 'x' takes a Pillow image, not ndarray"),
        ({"x": files.picture(), "y": 1}, "the model has no input 'y'; it takes 'x'"),
        ({"x": files.picture(mode="RGB")}, "takes an image of mode L (GRAYSCALE), not RGB; convert it with image.conv"),
        ({"x": files.picture(size=(28, 29))}, "takes an image (greyscale, 28 × 28), not one of 28 × 29; resize it"),
        ([files.picture()], "predict takes a dictionary of inputs by name, not Image"),
    ],
)
def test_inputs_that_do_not_fit_are_refused_in_words(features: Any, problem: str, program_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        coreml.load(program_path).predict(features)
    assert problem in str(caught.value)


def test_unsupported_operations_are_all_named_at_once() -> None:
    model = files.digit_program()
    block = next(iter(model._spec.mlProgram.functions["main"].block_specializations.values()))
    for operation in block.operations:
        if operation.type in ("conv", "max_pool"):
            operation.type += "_from_the_future"
    with pytest.raises(ModelError) as caught:
        coreml.model.from_spec(model._spec.SerializeToString(), weights_folder=Path(model.weights_dir))
    assert str(caught.value).startswith(
        "2 operations are not supported: conv_from_the_future (at conv), max_pool_from_the_future (at max_pool_0). "
        "Supported: abs, "
    )


def test_state_and_control_flow_are_refused_by_name(tmp_path: Path) -> None:
    ct = files.coremltools()

    def build(mb: Any, x: Any) -> Any:
        return mb.cond(
            pred=mb.greater(x=mb.reduce_sum(x=x), y=0.0),
            _true_fn=lambda: mb.add(x=x, y=1.0),
            _false_fn=lambda: mb.sub(x=x, y=1.0),
            name="choose",
        )

    path = files.save(files.convert(files.program(build, [(3,)]), minimum_deployment_target=ct.target.iOS15), tmp_path)
    with pytest.raises(ModelError, match=r"1 operation is not supported: cond \(control flow\) \(at choose\)"):
        coreml.load(path)


def test_other_kinds_of_models_are_refused_by_name(tmp_path: Path) -> None:
    ct = files.coremltools()
    spec = ct.proto.Model_pb2.Model(specificationVersion=1)
    spec.treeEnsembleRegressor.SetInParent()
    (tmp_path / "tree.mlmodel").write_bytes(spec.SerializeToString())
    with pytest.raises(ModelError, match=r"of kind treeEnsembleRegressor are not supported\. Supported: mlProgram"):
        coreml.load(tmp_path / "tree.mlmodel")


def test_a_dead_end_of_a_path_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "compiled.mlmodelc").mkdir()
    (tmp_path / "model.mlmodel").write_bytes(b"PK\x03\x04rest")
    (tmp_path / "pointer.mlmodel").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    (tmp_path / "empty.mlmodel").write_bytes(b"")
    for name, problem in (
        ("missing.mlmodel", "there is no model at"),
        ("folder", "is a folder without Manifest.json"),
        ("compiled.mlmodelc", "is a compiled model; give the .mlmodel or .mlpackage"),
        ("model.mlmodel", "is a zip archive; unpack it"),
        ("pointer.mlmodel", "is a Git LFS pointer, not the model"),
        ("empty.mlmodel", "is empty"),
    ):
        with pytest.raises(ModelError, match=problem):
            coreml.load(tmp_path / name)


def test_importing_the_runtime_is_light() -> None:
    """No framework, no protobuf, no ONNX Runtime until something runs, and no more than NumPy and a few dozen modules.

    The seconds are measured by benchmarks/coreml_runtime.py: a time would fail here whenever the machine is busy.
    """
    code = (
        "import sys, numpy; before = set(sys.modules); import inklens.coreml;"
        "print(*sorted(name.partition('.')[0] for name in set(sys.modules) - before))"
    )
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not {"torch", "keras", "coremltools", "google", "onnx", "onnxruntime", "PIL"} & set(loaded)
    assert len(loaded) <= 60  # 49 today, 23 of them our own
