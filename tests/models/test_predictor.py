"""Predictors: any model as a function from images to probabilities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inklens.coreml.ir import Graph, Node, Ref, Tensor
from inklens.coreml.onnx import to_onnx
from inklens.errors import ContractError, ModelError
from inklens.models.contract import CONTRACT_KEY, ClassifierContract, LocatorContract
from inklens.models.predictor import Predictor, load_predictor

WEIGHT = np.random.default_rng(0).normal(0, 1e-3, (3, 784)).astype(np.float32)


def scores(images: np.ndarray) -> np.ndarray:
    """What the network of `write` answers."""
    found = np.exp(images.reshape(len(images), 784).astype(np.float64) @ WEIGHT.T)
    return (found / found.sum(axis=1, keepdims=True)).astype(np.float32)


def write(path: Path, shape: tuple[int | None, ...], **options) -> Path:
    """A softmax regression over the pixels as an ONNX file with an input of that shape."""
    batch = shape[0]
    nodes = [
        Node(
            "reshape",
            "flat",
            {"x": Ref("image"), "shape": np.asarray((batch or -1, 784), np.int32)},
            (Tensor("flat", "fp32", (batch, 784)),),
        ),
        Node("linear", "scores", {"x": Ref("flat"), "weight": WEIGHT}, (Tensor("scores", "fp32", (batch, 3)),)),
        Node(
            "softmax", "answer", {"x": Ref("scores"), "axis": np.asarray(-1)}, (Tensor("answer", "fp32", (batch, 3)),)
        ),
    ]
    graph = Graph((Tensor("image", "fp32", shape),), tuple(nodes), ("answer",))
    path.write_bytes(to_onnx(graph, **options))
    return path


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (5, 28, 28), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(None, 28, 28), (None, 1, 28, 28), (None, 28, 28, 1), (None, 784), (1, 1, 28, 28)])
def test_foreign_onnx_is_fed_in_the_shape_that_it_takes(tmp_path, images, shape):
    predictor = load_predictor(write(tmp_path / "net.onnx", shape))
    np.testing.assert_allclose(predictor(images), scores(images), atol=1e-6)
    assert (predictor.name, predictor.labels, predictor.storage) == ("net.onnx", ("0", "1", "2"), "float32")
    assert predictor.bytes == (tmp_path / "net.onnx").stat().st_size


def test_labels_and_contract_come_from_the_file(tmp_path):
    contract = ClassifierContract(labels=("a", "b", "c"), threshold=0.5)
    metadata = {CONTRACT_KEY: contract.to_json()}
    predictor = load_predictor(write(tmp_path / "net.onnx", (None, 28, 28), metadata=metadata))
    assert (predictor.labels, predictor.contract) == (("a", "b", "c"), contract)


def test_unknown_contract_is_refused(tmp_path):
    metadata = {CONTRACT_KEY: '{"contract": 9}'}
    with pytest.raises(ContractError, match="contract of version 9; this inklens knows version 1"):
        load_predictor(write(tmp_path / "net.onnx", (None, 28, 28), metadata=metadata))


def test_locator_is_no_classifier(tmp_path):
    text = LocatorContract(channels=("centre",), peak=0.4, overlap=0.5).to_json()
    with pytest.raises(ModelError, match=r"net.onnx is a locator; expected a classifier"):
        load_predictor(write(tmp_path / "net.onnx", (None, 28, 28), metadata={CONTRACT_KEY: text}))


def test_bytes_are_not_taken_scaled(tmp_path, images):
    predictor = load_predictor(write(tmp_path / "net.onnx", (None, 28, 28), dtypes={"image": "uint8"}))
    with pytest.raises(ModelError, match="takes images of dtype uint8, pixels 0–255, not float32"):
        predictor((images / 255).astype(np.float32))


def test_trace_shows_every_value_of_an_onnx_file(tmp_path, images):
    predictor = load_predictor(write(tmp_path / "net.onnx", (None, 28, 28)))
    values = predictor.trace(images[0])
    assert list(values) == ["flat", "scores", "answer"]
    np.testing.assert_allclose(values["scores"], images[:1].reshape(1, 784).astype(np.float32) @ WEIGHT.T, rtol=1e-3)


@pytest.mark.parametrize("storage", ["float16", "compressed"])
def test_storage_is_told_by_the_initializers(tmp_path, storage):
    path = write(tmp_path / "net.onnx", (None, 784), weights={"float16": "float16", "compressed": "int8"}[storage])
    assert load_predictor(path).storage == storage


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 27, 28), np.uint8), r"takes images \[n, 28, 28\], not \[2, 27, 28\]"),
        (np.zeros((28, 28), np.uint8), r"takes images \[n, 28, 28\], not \[28, 28\]"),
        (np.zeros((2, 28, 28), np.int64), "takes images of dtype uint8, pixels 0–255, not int64"),
    ],
)
def test_other_images_are_refused(images, message):
    with pytest.raises(ModelError, match=message):
        Predictor("net", ("0",), lambda images: images)(images)


def test_no_images_give_no_answers():
    answers = Predictor("net", ("0", "1"), lambda images: images)(np.zeros((0, 28, 28), np.uint8))
    assert answers.shape == (0, 2)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.onnx", None, "there is no model at"),
        ("empty.onnx", b"", "is no ONNX file that ONNX Runtime reads"),
        ("text.onnx", b"not a model", "is no ONNX file that ONNX Runtime reads"),
        ("model.tflite", b"x", "is no model that inklens knows; expected a run folder or a .keras"),
        ("broken.mlmodel", b"\xff\xff", "model"),
    ],
)
def test_what_is_no_model_is_refused_in_words(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=message):
        load_predictor(tmp_path / name)


def test_onnx_for_other_pictures_is_refused(tmp_path):
    graph = Graph(
        (Tensor("image", "fp32", (None, 3, 32, 32)),),
        (Node("reduce_mean", "mean", {"x": Ref("image"), "axes": np.asarray([2, 3]), "keep_dims": np.asarray(False)},
              (Tensor("mean", "fp32", (None, 3)),)),),
        ("mean",),
    )  # fmt: skip
    (tmp_path / "net.onnx").write_bytes(to_onnx(graph))
    with pytest.raises(ModelError, match=r"takes \['image_0', 3, 32, 32\]; expected one grey image of 28 × 28"):
        load_predictor(tmp_path / "net.onnx")
