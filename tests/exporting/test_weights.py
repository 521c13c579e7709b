"""Smaller weights: palettes, 8-bit codes, float16."""

from __future__ import annotations

import numpy as np
import pytest

from inklens.coreml.ir import Graph, Node, Ref, Tensor
from inklens.errors import ExportError
from inklens.exporting.weights import compress, exact_in_float16, in_float16, least_squares_palette

IMAGE = Tensor("image", "fp32", (1, 4))


def dense(weight: np.ndarray) -> Graph:
    output = Tensor("answer", "fp32", (1, len(weight)))
    node = Node(
        "linear", "answer", {"x": Ref("image"), "weight": weight, "bias": np.zeros(len(weight), "f4")}, (output,)
    )
    return Graph((IMAGE,), (node,), ("answer",))


def test_palette_of_separate_groups_is_their_means():
    values = np.array([0.0, 0.2, 5.0, 5.2, 9.0, 9.4])
    np.testing.assert_allclose(least_squares_palette(values, 3), [0.1, 5.1, 9.2])


def test_palette_has_little_error_on_a_bell_curve():
    values = np.random.default_rng(0).normal(size=20_000)
    palette = least_squares_palette(values, 16)
    error = ((values - palette[np.abs(values[:, None] - palette).argmin(axis=1)]) ** 2).mean()
    assert error < 0.0097  # 0.009497 is the least that 16 levels can have on a normal distribution (Max 1960)


def test_eight_bits_keep_each_row_within_half_a_step():
    weight = np.random.default_rng(0).normal(size=(4, 64)).astype(np.float32) * np.float32([[1], [10], [0.1], [0]])
    node = compress(dense(weight), 8).nodes[0]
    assert (node.op, node.name, node.outputs[0]) == (
        "constexpr_affine_dequantize",
        "answer_weight",
        Tensor("answer_weight", "fp32", (4, 64)),
    )
    codes, scale = node.arguments["quantized_data"], node.arguments["scale"]
    assert codes.dtype == np.int8
    assert (np.abs(codes * scale[:, None] - weight) <= scale[:, None] / 2 + 1e-7).all()


@pytest.mark.parametrize("bits", [6, 4])
def test_palette_codes_are_packed_from_the_lowest_bit(bits):
    weight = np.random.default_rng(0).normal(size=(8, 16)).astype(np.float16)
    node = compress(dense(weight), bits).nodes[0]
    table, packed = node.arguments["lut"], node.arguments["indices"]
    assert (node.op, table.dtype, len(table), len(packed)) == (
        "constexpr_lut_to_dense",
        np.float16,
        1 << bits,
        128 * bits // 8,
    )
    stream = int.from_bytes(packed.tobytes(), "little")
    codes = [(stream >> (bits * index)) & ((1 << bits) - 1) for index in range(128)]
    nearest = np.abs(weight.ravel()[:, None].astype(float) - table.astype(float)).min(axis=1)
    np.testing.assert_allclose(np.abs(table[codes].astype(float) - weight.ravel().astype(float)), nearest)


def test_small_weights_stay_as_they_are():
    graph = dense(np.ones((2, 4), np.float32))
    assert compress(graph, 4) == graph


def test_float16_graph_takes_and_gives_float32():
    half = in_float16(dense(np.ones((2, 4), np.float32)))
    assert [(node.op, node.name, node.outputs[0].dtype) for node in half.nodes] == [
        ("cast", "image_float16", "fp16"),
        ("linear", "answer_float16", "fp16"),
        ("cast", "answer", "fp32"),
    ]
    assert half.nodes[1].arguments["weight"].dtype == np.float16


def test_constant_beyond_float16_is_refused_with_its_layer():
    with pytest.raises(ExportError, match="layer answer has a constant of 7e\\+04; float16 ends at 65504"):
        in_float16(dense(np.full((2, 4), 70000, np.float32)))


def test_float16_is_seen_to_hold_weights_exactly():
    assert exact_in_float16(dense(np.float32([[0.5, 0.25], [1.5, 65504]])))
    assert not exact_in_float16(dense(np.float32([[0.1, 0.25]])))
    assert not exact_in_float16(dense(np.float32([[70000, 0.25]])))
