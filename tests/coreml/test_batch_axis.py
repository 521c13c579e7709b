"""Batch axes: what is proven gives for many items what each gives alone, and what mixes items is left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inklens.coreml.batch_axis import batched
from inklens.coreml.ir import Graph, Node, Ref, Tensor
from inklens.coreml.runner import GraphRunner, Options


def weights(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def one(value: int) -> np.ndarray:
    return np.array(value, np.int32)


def chain(shape: tuple[int, ...], *steps: tuple[str, dict[str, Any], tuple[int, ...]]) -> Graph:
    """Operations one after the other; the value before goes in as `x`, or twice as `values`."""
    name = "input"
    nodes = []
    for number, (op, arguments, result) in enumerate(steps):
        given: dict[str, Any] = dict(arguments)
        if "values" in arguments:
            given["values"] = (Ref(name), Ref(name))
        else:
            given["x"] = Ref(name)
        name = f"v{number}"
        nodes.append(Node(op, f"{op}{number}", given, (Tensor(name, "fp32", result),)))
    return Graph((Tensor("input", "fp32", shape),), tuple(nodes), (name,))


TRUE, FALSE = np.array(True), np.array(False)
PROVEN = {
    "convolution": chain((1, 2, 6, 6), ("conv", {"weight": weights(3, 2, 3, 3), "pad_type": "same"}, (1, 3, 6, 6))),
    "flatten": chain(
        (1, 2, 3, 4), ("reshape", {"shape": ints(1, 24)}, (1, 24)), ("softmax", {"axis": one(-1)}, (1, 24))
    ),
    "reshape with an inferred size": chain((1, 2, 3, 4), ("reshape", {"shape": ints(1, -1)}, (1, 24))),
    "rank five and back": chain(
        (1, 1, 2, 3, 4),
        ("reshape", {"shape": ints(1, 2, 3, 4)}, (1, 2, 3, 4)),
        ("relu", {}, (1, 2, 3, 4)),
        ("reshape", {"shape": ints(1, 1, 2, 3, 4)}, (1, 1, 2, 3, 4)),
    ),
    "transpose there and back": chain(
        (1, 2, 3),
        ("transpose", {"perm": ints(1, 2, 0)}, (2, 3, 1)),
        ("mul", {"y": weights(2, 3, 1)}, (2, 3, 1)),
        ("transpose", {"perm": ints(2, 0, 1)}, (1, 2, 3)),
    ),
    "broadcast with constants": chain(
        (1, 2, 3), ("add", {"y": weights(3)}, (1, 2, 3)), ("mul", {"y": weights(1, 2, 1)}, (1, 2, 3))
    ),
    "dense layer": chain((1, 4), ("linear", {"weight": weights(5, 4), "bias": weights(5)}, (1, 5))),
    "matrix from the right": chain((1, 4), ("matmul", {"y": weights(4, 5)}, (1, 5))),
    "reduction": chain((1, 2, 3), ("reduce_mean", {"axes": ints(-1), "keep_dims": FALSE}, (1, 2))),
    "expanded and squeezed": chain(
        (1, 4), ("expand_dims", {"axes": ints(0, 3)}, (1, 1, 4, 1)), ("squeeze", {"axes": ints(0, 3)}, (1, 4))
    ),
    "slices": chain(
        (1, 4, 6),
        ("slice_by_index", {"begin": ints(0, 1, 0), "end": ints(1, 3, 6), "stride": ints(1, 1, 2)}, (1, 2, 3)),
        ("slice_by_size", {"begin": ints(0, 1, 0), "size": ints(1, 1, 2)}, (1, 1, 2)),
    ),
    "padding": chain((1, 2, 3), ("pad", {"pad": ints(1, 1, 0, 2), "mode": "constant"}, (1, 4, 5))),
    "gathering": chain((1, 4, 2), ("gather", {"indices": ints(2, 0), "axis": one(1)}, (1, 2, 2))),
    "joined with itself": chain((1, 2, 3), ("concat", {"values": (), "axis": one(1)}, (1, 4, 3))),
    "stacked": chain((1, 2), ("stack", {"values": (), "axis": one(1)}, (1, 2, 2))),
    "tiled": chain((1, 2, 3), ("tile", {"reps": ints(1, 2, 1)}, (1, 4, 3))),
    "normalized": chain((1, 2, 3), ("layer_norm", {"axes": ints(-1), "epsilon": np.float32(1e-5)}, (1, 2, 3))),
}  # fmt: skip
MIXING = {
    "softmax over the items": chain((1, 4), ("softmax", {"axis": one(0)}, (1, 4))),
    "mean over the items": chain((1, 4), ("reduce_mean", {"axes": ints(0), "keep_dims": TRUE}, (1, 4))),
    "reduction of everything": chain((1, 4), ("reduce_mean", {"keep_dims": TRUE}, (1, 1))),
    "joined along the items": chain((1, 4), ("concat", {"values": (), "axis": one(0)}, (2, 4))),
    "the items' axis squeezed away": chain((1, 4), ("squeeze", {"axes": ints(0)}, (4,))),
    "an axis padded": chain((1, 4), ("pad", {"pad": ints(1, 0, 0, 0), "mode": "constant"}, (2, 4))),
    "a constant with items": chain((1, 4), ("add", {"y": weights(3, 4)}, (3, 4))),
    "an input that is not one item": chain((2, 4), ("relu", {}, (2, 4))),
    "the items' axis moved for good": chain((1, 4), ("transpose", {"perm": ints(1, 0)}, (4, 1))),
    "tiled items": chain((1, 4), ("tile", {"reps": ints(2, 1)}, (2, 4))),
    "an operation without a rule": chain((1, 4), ("shape", {}, (2,))),
}


@pytest.mark.parametrize("case", PROVEN)
def test_proven_graphs_give_for_many_what_each_gives_alone(case: str) -> None:
    graph = PROVEN[case]
    many = batched(graph)
    assert many is not None
    items = weights(5, *graph.inputs[0].shape[1:], seed=9)  # type: ignore[arg-type]
    for engine in ("onnxruntime", "reference"):
        together = GraphRunner(many, Options(engine))({"input": items})  # type: ignore[arg-type]
        alone = GraphRunner(graph, Options(engine))  # type: ignore[arg-type]
        for index in range(5):
            expected = alone({"input": items[index : index + 1]})
            np.testing.assert_allclose(
                together[many.outputs[0]][index : index + 1], expected[graph.outputs[0]], atol=1e-6
            )


@pytest.mark.parametrize("case", MIXING)
def test_graphs_that_mix_items_are_left_as_they_are(case: str) -> None:
    assert batched(MIXING[case]) is None
