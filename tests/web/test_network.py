"""The page's networks answer as ONNX Runtime does on the same weights."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from inklens.apps.web_network import SUPPORTED, Storage, pack_network, quantise, stored_graph
from inklens.coreml.ir import Graph, Node
from inklens.coreml.onnx import to_onnx
from inklens.errors import ExportError
from inklens.lowering.fold import fold
from inklens.lowering.graph import lower
from inklens.models.contract import ClassifierContract, Contract, LocatorContract
from inklens.reader_training.locator_network import build_locator
from inklens.reading.maps import CHANNELS
from inklens.training.networks import NETWORKS, build_network
from tests.web.needs import needs

RUNNER = Path(__file__).parent / "run_network.mjs"
KINDS = ("plain", "fused")  # of the kernels' instructions: for browsers without Relaxed SIMD, and with it
LOCATOR = LocatorContract(channels=CHANNELS, peak=0.15, overlap=0.45)


def digits(classes: int) -> ClassifierContract:
    return ClassifierContract(labels=tuple(str(label) for label in range(classes)), threshold=0.5)


def shaken(model: Any, rng: np.random.Generator) -> Any:
    """Weights large enough that answers differ, and biases that are not 0."""
    for layer in model.layers:
        if layer.weights:
            kernel, *rest = layer.get_weights()
            layer.set_weights([kernel * 1.3, *(rng.normal(0, 0.1, value.shape) for value in rest)])
    return model


def on_the_page(
    kind: str, graph: Graph, contract: Contract, weights: Storage, images: np.ndarray, folder: Path, *, batch: int
) -> np.ndarray:
    """What the page's kernels answer under Node: float32 [n, values], as height, width, channels."""
    needs("node", "nodejs")
    network, pixels, answers = folder / "network.bin", folder / "images.bin", folder / "answers.bin"
    network.write_bytes(pack_network(graph, contract, weights=weights))
    images.tofile(pixels)
    height, width = images.shape[1:]
    arguments = [kind, network, pixels, width, height, batch, answers]
    ran = subprocess.run(
        [shutil.which("node") or "node", RUNNER, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return np.fromfile(answers, np.float32).reshape(len(images), -1)


def in_onnx_runtime(graph: Graph, weights: Storage, images: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(to_onnx(stored_graph(graph, weights)))
    name = session.get_inputs()[0].name
    answers = [session.run(None, {name: image[None, None].astype(np.float32)})[0] for image in images]
    return np.concatenate([np.moveaxis(answer, 1, -1).reshape(1, -1) for answer in answers])


@pytest.mark.parametrize("weights", ["int8", "float16"])
@pytest.mark.parametrize("name", NETWORKS)
def test_classifiers_answer_as_onnx_runtime_on_1000_images(name: str, weights: Storage, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    graph = fold(lower(shaken(build_network(name, classes=11, rng=rng, fused=True), rng)))
    images = np.where(rng.random((1000, 28, 28)) < 0.2, rng.integers(0, 256, (1000, 28, 28)), 0).astype(np.uint8)
    expected = in_onnx_runtime(graph, weights, images)
    for kind in KINDS:
        answers = on_the_page(kind, graph, digits(11), weights, images, tmp_path, batch=12)
        np.testing.assert_allclose(answers, expected, rtol=0, atol=1e-4, err_msg=kind)


@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 640)])
def test_the_locator_answers_as_onnx_runtime_on_whole_pages(width: int, height: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    model = shaken(build_locator(rng, width=width, height=height, fused=True), rng)
    graph = fold(lower(model, output_name="maps"))
    pages = rng.integers(0, 256, (3, height, width), np.uint8)
    expected = in_onnx_runtime(graph, "int8", pages)
    for kind in KINDS:
        answers = on_the_page(kind, graph, LOCATOR, "int8", pages, tmp_path, batch=1)
        np.testing.assert_allclose(answers, expected, rtol=0, atol=1e-4, err_msg=kind)


def layered(keras_layers: Any) -> Iterator[tuple[str, list[Any]]]:
    """Plain networks of users, with shapes that fill no block: odd sizes, odd channels, strides, sums."""
    make = keras_layers
    yield "odd", [make.Conv2D(5, 3, strides=2, padding="same", activation="relu"), make.MaxPooling2D(3, padding="same")]
    yield "wide", [make.Conv2D(7, 5, activation="relu"), make.Conv2D(9, 3, padding="same"), make.ReLU()]
    yield "one", [make.Conv2D(1, 3, padding="same", activation="relu"), make.Conv2D(6, (1, 3), padding="same")]
    yield "flat", []
    yield "up", [make.Conv2D(4, 3, strides=2, padding="same"), make.UpSampling2D(2), make.ReLU()]


@pytest.mark.parametrize("name", ["odd", "wide", "one", "flat", "up"])
def test_plain_networks_of_any_shape_answer_as_onnx_runtime(name: str, tmp_path: Path) -> None:
    from inklens.backend import keras

    layers = keras().layers
    middle = dict(layered(layers))[name]
    head = [layers.Flatten(), layers.Dense(13, activation="relu"), layers.Dense(3, activation="softmax")]
    rng = np.random.default_rng(9)
    model = keras().Sequential([keras().Input((28, 28, 1)), layers.Rescaling(1 / 255), *middle, *head])
    graph = fold(lower(shaken(model, rng)))
    images = rng.integers(0, 256, (30, 28, 28), np.uint8)
    expected = in_onnx_runtime(graph, "float16", images)
    for kind in KINDS:
        answers = on_the_page(kind, graph, digits(3), "float16", images, tmp_path, batch=7)
        np.testing.assert_allclose(answers, expected, rtol=0, atol=1e-4, err_msg=kind)


def test_8_bit_weights_are_half_a_step_off_at_most() -> None:
    weight = np.random.default_rng(1).normal(0, 1, (6, 5, 3, 3)).astype(np.float32)
    weight[2] = 0
    values, scales = quantise(weight)
    restored = values * scales[:, None, None, None]
    assert np.all(np.abs(restored - weight) <= scales[:, None, None, None] * 0.5001)
    assert np.abs(values).max(axis=(1, 2, 3)).tolist() == [127, 127, 0, 127, 127, 127]


def test_operations_that_the_page_cannot_run_are_named() -> None:
    from inklens.backend import keras

    layers = keras().layers
    body = [layers.Conv2D(4, 3, activation="gelu"), layers.GlobalAveragePooling2D()]
    model = keras().Sequential([keras().Input((28, 28, 1)), *body, layers.Dense(2, activation="softmax")])
    with pytest.raises(ExportError) as problem:
        pack_network(fold(lower(model)), digits(2), weights="int8")
    assert str(problem.value) == (
        f"the page cannot run 2 operations of this network: gelu, reduce_mean. It runs {', '.join(SUPPORTED)}."
    )


def test_equal_graphs_give_equal_bytes() -> None:
    graph = fold(lower(build_network("tiny", classes=10, rng=np.random.default_rng(1), fused=True)))
    one, two = (pack_network(graph, digits(10), weights="int8") for _ in range(2))
    assert one == two


def test_a_convolution_in_groups_is_refused_by_name() -> None:
    graph = fold(lower(build_network("tiny", classes=10, rng=np.random.default_rng(1), fused=True)))

    def grouped(node: Node) -> Node:
        return replace(node, arguments={**node.arguments, "groups": np.int32(2)}) if node.name == "conv2" else node

    broken = replace(graph, nodes=tuple(grouped(node) for node in graph.nodes))
    with pytest.raises(ExportError, match=r"the page cannot run conv \(at conv2\): it works in groups\."):
        pack_network(broken, digits(10), weights="int8")
