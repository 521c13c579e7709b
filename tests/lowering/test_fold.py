"""Folding: fewer operations, the same numbers."""

from __future__ import annotations

import numpy as np

from inklens.coreml.ir import Graph, Node, Ref, Tensor
from inklens.coreml.reference import evaluate
from inklens.lowering.fold import fold

RNG = np.random.default_rng(0)
IMAGE = Tensor("image", "fp32", (1, 2, 3, 3))


def floats(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def node(op: str, name: str, out: tuple[int, ...], /, **arguments) -> Node:
    return Node(op, name, arguments, (Tensor(name, "fp32", out),))


def conv(name: str, source: str) -> Node:
    return node("conv", name, (1, 2, 3, 3), x=Ref(source), weight=floats(2, 2, 1, 1), bias=floats(2))


def scale(name: str, source: str) -> Node:
    about = {key: floats(2) for key in ("mean", "gamma", "beta")}
    return node(
        "batch_norm",
        name,
        (1, 2, 3, 3),
        x=Ref(source),
        **about,
        variance=np.float32([1, 2]),
        epsilon=np.asarray(1e-3, np.float32),
    )


def assert_same(before: Graph, after: Graph) -> None:
    image = floats(1, 2, 3, 3)
    expected, found = evaluate(before, {"image": image}), evaluate(after, {"image": image})
    for name in before.outputs:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-5)


def steps(graph: Graph) -> list[tuple[str, str]]:
    return [(one.op, one.name) for one in graph.nodes]


def test_batch_norm_and_scales_go_into_the_convolution():
    add = node("add", "shift", (1, 2, 3, 3), x=Ref("norm"), y=floats(2, 1, 1))
    mul = node("mul", "double", (1, 2, 3, 3), x=np.asarray(2, np.float32), y=Ref("shift"))
    graph = Graph((IMAGE,), (conv("conv", "image"), scale("norm", "conv"), add, mul), ("double",))
    folded = fold(graph)
    assert steps(folded) == [("conv", "double")]
    assert_same(graph, folded)


def test_batch_norm_stays_where_somebody_else_reads_the_convolution():
    both = node("add", "both", (1, 2, 3, 3), x=Ref("norm"), y=Ref("conv"))
    graph = Graph((IMAGE,), (conv("conv", "image"), scale("norm", "conv"), both), ("both",))
    assert steps(fold(graph)) == [("conv", "conv"), ("batch_norm", "norm"), ("add", "both")]


def test_constant_minus_convolution_is_not_taken_for_a_shift():
    turned = node("sub", "turned", (1, 2, 3, 3), x=floats(2, 1, 1), y=Ref("conv"))
    graph = Graph((IMAGE,), (conv("conv", "image"), turned), ("turned",))
    folded = fold(graph)
    assert steps(folded) == [("conv", "conv"), ("sub", "turned")]
    assert_same(graph, folded)


def test_scale_with_a_number_for_each_pixel_stays():
    mul = node("mul", "mask", (1, 2, 3, 3), x=Ref("conv"), y=floats(1, 1, 3, 3))
    graph = Graph((IMAGE,), (conv("conv", "image"), mul), ("mask",))
    assert steps(fold(graph)) == [("conv", "conv"), ("mul", "mask")]


def test_move_before_a_dense_layer_goes_into_its_columns():
    moved = node("transpose", "moved", (1, 3, 3, 2), x=Ref("image"), perm=np.int32([0, 2, 3, 1]))
    flat = node("reshape", "flat", (1, 18), x=Ref("moved"), shape=np.int32([1, 18]))
    dense = node("linear", "dense", (1, 4), x=Ref("flat"), weight=floats(4, 18), bias=floats(4))
    graph = Graph((IMAGE,), (moved, flat, dense), ("dense",))
    folded = fold(graph)
    assert steps(folded) == [("reshape", "flat"), ("linear", "dense")]
    assert_same(graph, folded)


def test_moves_that_cancel_vanish():
    there = node("transpose", "there", (1, 3, 3, 2), x=Ref("image"), perm=np.int32([0, 2, 3, 1]))
    back = node("transpose", "back", (1, 2, 3, 3), x=Ref("there"), perm=np.int32([0, 3, 1, 2]))
    relu = node("relu", "relu", (1, 2, 3, 3), x=Ref("back"))
    graph = Graph((IMAGE,), (there, back, relu), ("relu",))
    folded = fold(graph)
    assert steps(folded) == [("relu", "relu")]
    assert_same(graph, folded)


def test_moving_an_axis_of_one_is_a_reshape_and_reshapes_join():
    first = node("reshape", "first", (1, 18, 1, 1), x=Ref("image"), shape=np.int32([1, 18, 1, 1]))
    moved = node("transpose", "moved", (1, 1, 1, 18), x=Ref("first"), perm=np.int32([0, 2, 3, 1]))
    graph = Graph((IMAGE,), (first, moved), ("moved",))
    folded = fold(graph)
    assert steps(folded) == [("reshape", "moved")]
    assert_same(graph, folded)
