"""Rounding by what the images make of it: what a layer answers changes less than with the nearest weights."""

from __future__ import annotations

import numpy as np
import pytest

from inklens.coreml.ir import Graph, Node, Ref, Tensor
from inklens.coreml.reference import evaluate
from inklens.exporting.rounding import round_weights
from inklens.exporting.weights import compress, in_float16

RNG = np.random.default_rng(0)
IMAGE = Tensor("image", "fp32", (1, 1, 8, 8))
SMOOTH = np.kron(RNG.integers(0, 256, (600, 4, 4)), np.ones((2, 2))).astype(np.uint8)
SEEN, UNSEEN = SMOOTH[:500], SMOOTH[500:]


def network() -> Graph:
    """A convolution with a stride and a border, and a dense layer; both see inputs that vary together."""
    conv = Node(
        "conv",
        "conv",
        {
            "x": Ref("image"),
            "weight": (RNG.normal(size=(8, 1, 3, 3)) / 255).astype(np.float32),
            "bias": np.full(8, 0.1, np.float32),
            "strides": np.int32([2, 1]),
            "pad_type": "custom",
            "pad": np.int32([1, 0, 1, 1]),
            "dilations": np.int32([1, 1]),
            "groups": np.asarray(1, np.int32),
        },
        (Tensor("conv", "fp32", (1, 8, 4, 8)),),
    )
    relu = Node("relu", "relu", {"x": Ref("conv")}, (Tensor("relu", "fp32", (1, 8, 4, 8)),))
    flat = Node("reshape", "flat", {"x": Ref("relu"), "shape": np.int32([1, 256])}, (Tensor("flat", "fp32", (1, 256)),))
    weight = RNG.normal(size=(5, 256)).astype(np.float32)
    dense = Node("linear", "dense", {"x": Ref("flat"), "weight": weight}, (Tensor("dense", "fp32", (1, 5)),))
    return Graph((IMAGE,), (conv, relu, flat, dense), ("dense",))


def answers(graph: Graph) -> np.ndarray:
    return np.concatenate(
        [evaluate(graph, {"image": image[None, None].astype(np.float32)})[graph.outputs[0]] for image in UNSEEN]
    )


@pytest.mark.parametrize("bits", [8, 6, 4])
def test_unseen_images_are_answered_better_than_with_nearest_weights(bits):
    graph = network()
    expected = answers(graph)

    def error(form: Graph) -> float:
        return float(np.sqrt(((answers(form) - expected) ** 2).mean()))

    assert error(round_weights(graph, SEEN, bits)) < 0.85 * error(expanded(compress(graph, bits)))


def expanded(graph: Graph) -> Graph:
    """A compressed graph with its weights as plain arrays again."""
    weights, nodes = {}, []
    for node in graph.nodes:
        about = node.arguments
        if node.op == "constexpr_affine_dequantize":
            codes = about["quantized_data"]
            weights[node.name] = codes * about["scale"].reshape(-1, *[1] * (codes.ndim - 1)).astype(np.float32)
        elif node.op == "constexpr_lut_to_dense":
            bits = int(np.log2(len(about["lut"])))
            ones = np.unpackbits(about["indices"], bitorder="little")[: bits * int(np.prod(about["shape"]))]
            codes = (ones.reshape(-1, bits) << np.arange(bits)).sum(axis=1)
            weights[node.name] = about["lut"][codes].reshape(about["shape"]).astype(np.float32)
        else:
            weight = about.get("weight")
            known = {**about, "weight": weights[weight.name]} if isinstance(weight, Ref) else about
            nodes.append(Node(node.op, node.name, known, node.outputs))
    return Graph(graph.inputs, tuple(nodes), graph.outputs)


@pytest.mark.parametrize("bits", [8, 6, 4])
def test_rounded_weights_are_stored_as_they_are(bits):
    rounded = round_weights(network(), SEEN, bits)
    again = expanded(compress(rounded, bits))
    for before, after in zip(rounded.nodes, again.nodes, strict=True):
        if "weight" in before.arguments:
            np.testing.assert_allclose(after.arguments["weight"], before.arguments["weight"], rtol=1e-6, atol=1e-9)
            assert bits == 8 or len(np.unique(before.arguments["weight"])) <= 1 << bits


def test_float16_rounding_ends_on_float16():
    rounded = round_weights(network(), SEEN, 16)
    half = in_float16(rounded)
    for before, after in zip(rounded.nodes, half.nodes[1:], strict=False):
        if "weight" in before.arguments:
            assert np.array_equal(before.arguments["weight"], after.arguments["weight"].astype(np.float32))


def test_rounding_is_the_same_every_time():
    graph = network()
    first, second = (round_weights(graph, SEEN, 4) for _ in range(2))
    for one, other in zip(first.nodes, second.nodes, strict=True):
        for key, value in one.arguments.items():
            if isinstance(value, np.ndarray):
                assert np.array_equal(value, other.arguments[key])
