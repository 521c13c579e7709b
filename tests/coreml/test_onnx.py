from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest

from inklens.coreml.ir import Graph, Node, Ref, Tensor
from inklens.coreml.onnx import to_onnx
from inklens.coreml.reference import evaluate
from inklens.errors import ModelError
from tests.coreml.engines import numbers, run_onnx


def tensor(name: str, *shape: int | None, dtype: str = "fp32") -> Tensor:
    return Tensor(name, dtype, shape)


def digit_network(dtype: str = "fp32") -> Graph:
    """A small classifier of pictures [n, 1, 28, 28]."""
    filters, weight = numbers(8, 1, 3, 3), numbers(10, 8 * 14 * 14, seed=1, low=-0.05, high=0.05)
    return Graph(
        (tensor("x", None, 1, 28, 28),),
        (
            Node(
                "mul", "scale", {"x": Ref("x"), "y": np.float32(1 / 255)}, (tensor("s", None, 1, 28, 28, dtype=dtype),)
            ),
            Node(
                "conv", "conv1", {"x": Ref("s"), "weight": filters, "bias": numbers(8), "pad_type": "same"},
                (tensor("c", None, 8, 28, 28, dtype=dtype),),
            ),
            Node(
                "max_pool", "pool", {"x": Ref("c"), "kernel_sizes": np.array([2, 2]), "strides": np.array([2, 2])},
                (tensor("p", None, 8, 14, 14, dtype=dtype),),
            ),
            Node(
                "reshape", "flat", {"x": Ref("p"), "shape": np.array([-1, 1568])},
                (tensor("f", None, 1568, dtype=dtype),),
            ),
            Node(
                "linear", "dense", {"x": Ref("f"), "weight": weight, "bias": numbers(10)},
                (tensor("l", None, 10, dtype=dtype),),
            ),
            Node("softmax", "soft", {"x": Ref("l")}, (tensor("y", None, 10),)),
        ),
        ("y",),
    )  # fmt: skip


PIXELS = np.random.default_rng(0).integers(0, 256, (5, 1, 28, 28)).astype(np.float32)


def test_a_network_is_a_valid_onnx_file_that_answers_like_the_reference() -> None:
    data = to_onnx(digit_network())
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    expected = evaluate(digit_network(), {"x": PIXELS})["y"]
    np.testing.assert_allclose(run_onnx(data, {"x": PIXELS})[0], expected, atol=1e-6)


def test_equal_graphs_give_equal_bytes() -> None:
    assert to_onnx(digit_network()) == to_onnx(digit_network())


def test_names_types_dimensions_and_metadata_are_the_callers() -> None:
    data = to_onnx(
        digit_network(), name="digits", names={"x": "image", "y": "probabilities"}, dtypes={"x": "uint8"},
        dims={"x": ("n", 1, 28, 28), "y": ("n", 10)}, metadata={"inklens.contract": "{}"},
    )  # fmt: skip
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    image, probabilities = session.get_inputs()[0], session.get_outputs()[0]
    assert (image.name, image.type, image.shape) == ("image", "tensor(uint8)", ["n", 1, 28, 28])
    assert (probabilities.name, probabilities.type, probabilities.shape) == (
        "probabilities",
        "tensor(float)",
        ["n", 10],
    )
    assert session.get_modelmeta().custom_metadata_map == {"inklens.contract": "{}"}
    assert session.get_modelmeta().graph_name == "digits"
    result = session.run(None, {"image": PIXELS.astype(np.uint8)})[0]
    np.testing.assert_allclose(result, run_onnx(to_onnx(digit_network()), {"x": PIXELS})[0], atol=1e-6)


def test_unnamed_unknown_dimensions_are_called_after_their_tensor() -> None:
    session = onnxruntime.InferenceSession(to_onnx(digit_network()), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == ["x_0", 1, 28, 28]


@pytest.mark.parametrize(("weights", "share", "tolerance"), [("float16", 0.52, 1e-3), ("int8", 0.28, 2e-2)])
def test_weights_may_be_stored_small(weights: str, share: float, tolerance: float) -> None:
    full = to_onnx(digit_network())
    small = to_onnx(digit_network(), weights=weights)  # type: ignore[arg-type]
    assert len(small) < share * len(full)
    exact, rounded = (run_onnx(data, {"x": PIXELS})[0] for data in (full, small))
    assert 0 < np.abs(exact - rounded).max() < tolerance


def test_weights_that_are_whole_steps_already_are_stored_exactly_as_int8() -> None:
    weight = np.random.default_rng(0).integers(-127, 128, (16, 256)).astype(np.float32)
    weight[:, 0] = 127
    scale = numbers(16, 1, low=0.01, high=1)
    graph = Graph(
        (tensor("x", 1, 256),),
        (Node("linear", "dense", {"x": Ref("x"), "weight": weight * scale}, (tensor("y", 1, 16),)),),
        ("y",),
    )
    x = numbers(1, 256)
    exact, stored = (run_onnx(to_onnx(graph, weights=kind), {"x": x})[0] for kind in ("float32", "int8"))
    np.testing.assert_allclose(stored, exact, rtol=1e-5, atol=1e-4)


def test_one_array_used_twice_is_stored_once() -> None:
    weight = numbers(64, 64)
    nodes = (
        Node("linear", "one", {"x": Ref("x"), "weight": weight}, (tensor("a", 1, 64),)),
        Node("linear", "two", {"x": Ref("a"), "weight": weight}, (tensor("y", 1, 64),)),
    )
    model = onnx.load_from_string(to_onnx(Graph((tensor("x", 1, 64),), nodes, ("y",))))
    assert [item.name for item in model.graph.initializer] == ["one/weight"]


def test_float16_graphs_compute_in_float32_unless_the_declared_precision_is_asked_for() -> None:
    add = Node("add", "add", {"x": Ref("x"), "y": np.float16(2048)}, (tensor("a", 1, dtype="fp16"),))
    back = Node("sub", "sub", {"x": Ref("a"), "y": np.float16(2048)}, (tensor("y", 1, dtype="fp16"),))
    graph = Graph((tensor("x", 1, dtype="fp16"),), (add, back), ("y",))
    x = np.array([0.75], np.float32)
    for precision, expected in (("float32", 0.75), ("declared", 0.0)):  # float16 has steps of 2 above 2048
        assert run_onnx(to_onnx(graph, precision=precision), {"x": x})[0] == [expected]  # type: ignore[arg-type]
        assert evaluate(graph, {"x": x}, precision=precision)["y"] == [expected]  # type: ignore[arg-type]


def test_declared_float16_overflows_as_float16_does() -> None:
    square = Node("square", "square", {"x": Ref("x")}, (tensor("y", 1, dtype="fp16"),))
    graph = Graph((tensor("x", 1, dtype="fp16"),), (square,), ("y",))
    x = np.array([300], np.float32)
    assert np.isinf(run_onnx(to_onnx(graph, precision="declared"), {"x": x})[0])
    assert np.isinf(evaluate(graph, {"x": x}, precision="declared")["y"])
    assert run_onnx(to_onnx(graph), {"x": x})[0] == [90000]


def test_shapes_computed_from_known_shapes_become_constants() -> None:
    nodes = (
        Node("shape", "shape", {"x": Ref("x")}, (tensor("s", 2, dtype="int32"),)),
        Node("gather", "rows", {"x": Ref("s"), "indices": np.array([0])}, (tensor("r", 1, dtype="int32"),)),
        Node(
            "concat", "target", {"values": (Ref("r"), np.array([2, -1])), "axis": np.array(0)},
            (tensor("t", 3, dtype="int32"),),
        ),
        Node("reshape", "reshape", {"x": Ref("x"), "shape": Ref("t")}, (tensor("y", 3, 2, 2),)),
    )  # fmt: skip
    data = to_onnx(Graph((tensor("x", 3, 4),), nodes, ("y",)))
    assert [node.op_type for node in onnx.load_from_string(data).graph.node] == ["Reshape"]
    x = numbers(3, 4)
    np.testing.assert_array_equal(run_onnx(data, {"x": x})[0], x.reshape(3, 2, 2))


def test_a_constant_and_an_input_may_be_outputs() -> None:
    fill = Node("fill", "fill", {"shape": np.array([2]), "value": np.float32(3)}, (tensor("three", 2),))
    graph = Graph((tensor("x", 2),), (fill,), ("three",))
    np.testing.assert_array_equal(run_onnx(to_onnx(graph), {"x": numbers(2)})[0], [3, 3])
    passed = Node("identity", "same", {"x": Ref("x")}, (tensor("y", 2),))
    np.testing.assert_array_equal(
        run_onnx(to_onnx(replace(graph, nodes=(passed,), outputs=("y",))), {"x": numbers(2)})[0], numbers(2)
    )


def test_names_of_nodes_and_tensors_never_clash() -> None:
    nodes = (
        Node("silu", "y", {"x": Ref("x")}, (tensor("y/Sigmoid", 2),)),
        Node("silu", "y", {"x": Ref("y/Sigmoid")}, (tensor("y", 2),)),
    )
    x = numbers(2)
    graph = Graph((tensor("x", 2),), nodes, ("y",))
    np.testing.assert_allclose(run_onnx(to_onnx(graph), {"x": x})[0], evaluate(graph, {"x": x})["y"], atol=1e-6)


def test_every_operation_that_cannot_be_translated_is_named_at_once() -> None:
    nodes = (
        Node("pad", "one", {"x": Ref("x"), "pad": np.array([1, 1]), "mode": "wrap"}, (tensor("a", 4),)),
        Node("softmax", "two", {"x": Ref("a"), "axis": Ref("x")}, (tensor("y", 4),)),
    )
    with pytest.raises(ModelError) as problem:
        to_onnx(Graph((tensor("x", 2),), nodes, ("y",)))
    assert str(problem.value) == (
        "2 operations cannot be translated: pad (at one): its mode is 'wrap'; expected one of constant, reflect, "
        "replicate; softmax (at two): its parameter axis must be a constant, but is the value x"
    )
