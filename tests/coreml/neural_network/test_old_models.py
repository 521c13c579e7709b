"""Files as the converters of 2017 to 2019 wrote them, against the network that they were made from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its customary name
from coremltools.models import datatypes
from coremltools.models.neural_network import NeuralNetworkBuilder
from coremltools.models.neural_network.quantization_utils import quantize_weights
from PIL import Image

from inklens.coreml.model import from_spec
from inklens.coreml.neural_network import input_shapes, lower_neural_network
from inklens.coreml.reference import evaluate
from inklens.coreml.runner import Engine, Options
from inklens.errors import ModelError
from tests.coreml.neural_network.networks import message

RNG = np.random.default_rng(8)
ENGINES: list[Engine] = ["onnxruntime", "reference"]
DIGITS = [str(digit) for digit in range(10)]


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.tensor(array, dtype=torch.float32)


def as_image(spec: Any, name: str, height: int, width: int, colour: str) -> None:
    """Make an array input an image, as converters did before `ImageType` existed."""
    feature = next(one for one in spec.description.input if one.name == name)
    feature.type.Clear()
    feature.type.imageType.height, feature.type.imageType.width = height, width
    feature.type.imageType.colorSpace = {"GRAYSCALE": 10, "RGB": 20, "BGR": 30}[colour]


def keras_1_digits() -> tuple[Any, Any]:
    """Keras 1 with the TensorFlow ordering: grey image, scaler without a name, channels flattened last."""
    conv, dense = RNG.normal(size=(8, 1, 3, 3)).astype("f") / 3, RNG.normal(size=(10, 8 * 13 * 13)).astype("f") / 30
    bias, dense_bias = RNG.normal(size=8).astype("f"), RNG.normal(size=10).astype("f")
    net = NeuralNetworkBuilder(
        [("image", datatypes.Array(1, 28, 28))], [("output1", datatypes.Array(10))], mode="classifier"
    )
    net.add_convolution(
        "conv",
        1,
        8,
        3,
        3,
        1,
        1,
        "valid",
        1,
        conv.transpose(2, 3, 1, 0),
        bias,
        True,
        input_name="image",
        output_name="c",
    )
    net.add_activation("conv_relu", "RELU", "c", "r")
    net.add_pooling("pool", 2, 2, 2, 2, "MAX", "VALID", "r", "p")
    net.add_flatten("flatten", 1, "p", "f")
    net.add_inner_product("dense", dense, dense_bias, 8 * 13 * 13, 10, True, "f", "d")
    net.add_softmax("softmax", "d", "output1")
    net.set_class_labels(DIGITS)
    spec = net.spec
    as_image(spec, "image", 28, 28, "GRAYSCALE")
    scaler = spec.neuralNetworkClassifier.preprocessing.add().scaler  # featureName stays empty, as in old files
    scaler.channelScale, scaler.grayBias = 1 / 255, -0.25
    spec.specificationVersion = 1

    def source(pixels: np.ndarray) -> np.ndarray:
        x = tensor(pixels.reshape(-1, 1, 28, 28) / 255 - 0.25)
        x = F.max_pool2d(F.relu(F.conv2d(x, tensor(conv), tensor(bias))), 2)
        x = x.permute(0, 2, 3, 1).reshape(len(x), -1)
        return torch.softmax(F.linear(x, tensor(dense), tensor(dense_bias)), 1).numpy()

    return spec, source


@pytest.mark.parametrize("engine", ENGINES)
def test_a_keras_1_digit_classifier_answers_as_its_source(engine: Engine) -> None:
    spec, source = keras_1_digits()
    model = from_spec(spec.SerializeToString(), options=Options(engine))
    images = RNG.integers(0, 256, (3, 28, 28)).astype(np.uint8)
    expected = source(images)
    for pixels, row in zip(images, expected, strict=True):
        result = model.predict({"image": Image.fromarray(pixels)})
        assert result["classLabel"] == DIGITS[int(row.argmax())]
        probabilities = next(value for value in result.values() if isinstance(value, dict))
        np.testing.assert_allclose([probabilities[digit] for digit in DIGITS], row, atol=1e-5)
    np.testing.assert_allclose(model.probabilities(images), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("bits", "mode"), [(2, "linear"), (5, "linear"), (8, "linear_symmetric"), (4, "linear_lut"), (16, "linear")]
)
def test_a_quantised_classifier_answers_with_the_weights_that_its_codes_stand_for(bits: int, mode: str) -> None:
    from coremltools.models import MLModel
    from coremltools.models.neural_network.quantization_utils import _dequantize_nn_spec

    spec, _ = keras_1_digits()
    spec.specificationVersion = 3
    quantised = quantize_weights(MLModel(spec, skip_model_load=True), bits, mode)
    quantised = quantised if hasattr(quantised, "SerializeToString") else quantised.get_spec()
    plain = type(quantised).FromString(quantised.SerializeToString())
    if bits < 16:
        _dequantize_nn_spec(plain.neuralNetworkClassifier)
    image = RNG.integers(0, 256, (1, 1, 1, 28, 28)).astype(np.float32)
    results = []
    for one in (quantised, plain):
        model = message(one)
        graph = lower_neural_network(model, input_shapes(model))
        results.append(evaluate(graph, {"image": image})[graph.outputs[0]])
    assert results[0].std() > 1e-3
    np.testing.assert_allclose(results[0], results[1], atol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_caffe_network_subtracts_its_mean_and_pools_to_the_last_pixel(engine: Engine) -> None:
    weight, bias = RNG.normal(size=(6, 1, 5, 5)).astype("f") / 50, RNG.normal(size=6).astype("f")
    dense = RNG.normal(size=(4, 6 * 7 * 7)).astype("f") / 10
    mean = RNG.integers(90, 130, (3, 29, 29)).astype("f")
    net = NeuralNetworkBuilder(
        [("data", datatypes.Array(3, 29, 29))], [("prob", datatypes.Array(4))], mode="classifier"
    )
    net.add_convolution(
        "conv1",
        1,
        6,
        5,
        5,
        2,
        2,
        "valid",
        3,
        weight.transpose(2, 3, 1, 0),
        bias,
        True,
        input_name="data",
        output_name="conv1",
        padding_top=2,
        padding_bottom=2,
        padding_left=2,
        padding_right=2,
    )
    net.add_activation("relu1", "RELU", "conv1", "conv1_relu")
    net.add_lrn("norm1", "conv1_relu", "norm1", alpha=1e-2, beta=0.75, local_size=5, k=1.0)
    net.add_pooling("pool1", 3, 3, 2, 2, "MAX", "INCLUDE_LAST_PIXEL", "norm1", "pool1")
    net.add_flatten("flat", 0, "pool1", "flat")
    net.add_inner_product("fc", dense, None, 6 * 7 * 7, 4, False, "flat", "fc")
    net.add_softmax("prob", "fc", "prob")
    net.set_class_labels(["cat", "dog", "cow", "owl"])
    spec = net.spec
    as_image(spec, "data", 29, 29, "BGR")
    entry = spec.neuralNetworkClassifier.preprocessing.add()
    entry.featureName = "data"
    entry.meanImage.meanImage.extend(mean.ravel().tolist())
    spec.specificationVersion = 1
    pixels = RNG.integers(0, 256, (29, 29, 3)).astype(np.uint8)
    x = tensor(pixels[..., ::-1].transpose(2, 0, 1)[None] - mean)
    x = F.relu(F.conv2d(x, tensor(weight), tensor(bias), 2, 2, groups=3))
    x = F.max_pool2d(F.local_response_norm(x, 5, 1e-2, 0.75, 1.0), 3, 2, ceil_mode=True)
    expected = torch.softmax(F.linear(x.flatten(1), tensor(dense)), 1).numpy()[0]
    result = from_spec(spec.SerializeToString(), options=Options(engine)).predict({"data": Image.fromarray(pixels)})
    probabilities = next(value for value in result.values() if isinstance(value, dict))
    np.testing.assert_allclose([probabilities[name] for name in ("cat", "dog", "cow", "owl")], expected, atol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_turi_create_classifier_of_activities_gives_integer_labels_and_its_state(engine: Engine) -> None:
    """Windows of a sensor, one LSTM whose state goes in and out, labels that are numbers."""
    hidden, features = 6, 3
    lstm = torch.nn.LSTM(features, hidden)
    dense = torch.nn.Linear(hidden, 3)
    w, r = (getattr(lstm, f"weight_{part}_l0").detach().numpy() for part in ("ih", "hh"))
    b = (lstm.bias_ih_l0 + lstm.bias_hh_l0).detach().numpy()
    i, f, z, o = (slice(k * hidden, (k + 1) * hidden) for k in range(4))
    inputs = [
        ("features", datatypes.Array(features)),
        ("stateIn", datatypes.Array(hidden)),
        ("cellIn", datatypes.Array(hidden)),
    ]
    outputs = [
        ("probabilities", datatypes.Array(3)),
        ("stateOut", datatypes.Array(hidden)),
        ("cellOut", datatypes.Array(hidden)),
    ]
    net = NeuralNetworkBuilder(inputs, outputs, mode="classifier")
    order = (i, f, o, z)
    net.add_unilstm(
        "lstm",
        [r[s] for s in order],
        [w[s] for s in order],
        [b[s] for s in order],
        hidden,
        features,
        ["features", "stateIn", "cellIn"],
        ["h", "stateOut", "cellOut"],
    )
    net.add_inner_product(
        "dense", dense.weight.detach().numpy(), dense.bias.detach().numpy(), hidden, 3, True, "h", "d"
    )
    net.add_softmax("softmax", "d", "probabilities")
    net.set_class_labels([10, 20, 30], prediction_blob="probabilities")
    spec = net.spec
    for name in ("stateIn", "cellIn"):
        next(one for one in spec.description.input if one.name == name).type.isOptional = True
    model = from_spec(spec.SerializeToString(), options=Options(engine))
    assert model.labels == (10, 20, 30)
    window = RNG.normal(size=(7, features)).astype("f")
    state: dict[str, Any] = {}
    for row in window:
        result = model.predict({"features": row, **state})
        state = {"stateIn": result["stateOut"].reshape(hidden), "cellIn": result["cellOut"].reshape(hidden)}
    with torch.no_grad():
        steps, (_, cell) = lstm(tensor(window)[:, None])
        expected = torch.softmax(dense(steps[-1, 0]), 0).numpy()
    probabilities = next(value for value in result.values() if isinstance(value, dict))
    assert result["classLabel"] == [10, 20, 30][int(expected.argmax())]
    np.testing.assert_allclose([probabilities[label] for label in (10, 20, 30)], expected, atol=1e-5)
    np.testing.assert_allclose(result["cellOut"].reshape(-1), cell[0, 0].numpy(), atol=1e-5)


@pytest.mark.parametrize("colour", ["RGB", "BGR"])
def test_the_biases_of_a_scaler_follow_the_order_of_the_channels(colour: str) -> None:
    net = NeuralNetworkBuilder([("picture", datatypes.Array(3, 2, 2))], [("out", None)])
    net.add_activation("same", "LINEAR", "picture", "out", [1.0, 0.0])
    as_image(net.spec, "picture", 2, 2, colour)
    entry = net.spec.neuralNetwork.preprocessing.add()
    entry.featureName = "picture"
    entry.scaler.channelScale = 2.0
    entry.scaler.redBias, entry.scaler.greenBias, entry.scaler.blueBias = 1.0, 2.0, 3.0
    model = message(net.spec)
    assert input_shapes(model) == {"picture": (1, 1, 3, 2, 2)}
    x = RNG.normal(size=(1, 1, 3, 2, 2)).astype("f")
    result = evaluate(lower_neural_network(model, input_shapes(model)), {"picture": x})["out"]
    order = [1, 2, 3] if colour == "RGB" else [3, 2, 1]
    np.testing.assert_allclose(result, 2 * x + np.array(order).reshape(3, 1, 1), atol=1e-5)


def test_preprocessing_that_names_no_input_needs_a_single_image() -> None:
    net = NeuralNetworkBuilder([("one", datatypes.Array(1, 2, 2)), ("two", datatypes.Array(1, 2, 2))], [("out", None)])
    net.add_elementwise("sum", ["one", "two"], "out", "ADD")
    as_image(net.spec, "one", 2, 2, "GRAYSCALE")
    entry = net.spec.neuralNetwork.preprocessing.add()
    entry.scaler.channelScale, entry.scaler.grayBias = 0.5, 1.0
    model = message(net.spec)
    x = RNG.normal(size=(2, 1, 1, 1, 2, 2)).astype("f")
    result = evaluate(lower_neural_network(model, input_shapes(model)), {"one": x[0], "two": x[1]})["out"]
    np.testing.assert_allclose(result, x[0] / 2 + 1 + x[1], atol=1e-6)  # the array is left alone
    as_image(net.spec, "two", 2, 2, "GRAYSCALE")
    model = message(net.spec)
    with pytest.raises(ModelError, match="does not say for which of the inputs one, two it is"):
        lower_neural_network(model, input_shapes(model))


def test_a_mean_image_of_another_size_is_refused() -> None:
    net = NeuralNetworkBuilder([("picture", datatypes.Array(1, 4, 4))], [("out", None)])
    net.add_activation("same", "LINEAR", "picture", "out", [1.0, 0.0])
    as_image(net.spec, "picture", 4, 4, "GRAYSCALE")
    net.spec.neuralNetwork.preprocessing.add().meanImage.meanImage.extend([1.0] * 9)
    model = message(net.spec)
    with pytest.raises(ModelError, match="the mean image has 9 numbers"):
        lower_neural_network(model, input_shapes(model))
