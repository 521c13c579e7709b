"""Lowering ML Programs: constants of every kind, functions, and what does not hang together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inklens.coreml.ir import Graph, Node, Ref, Tensor
from inklens.coreml.program import DTYPES, lower_program, split_classify
from inklens.coreml.protobuf import decode
from inklens.coreml.runner import ENGINES, GraphRunner, Options
from inklens.errors import ModelError
from tests.coreml import files

TYPES = {name: code for code, name in DTYPES.items()}


class Builder:
    """A program put together message by message."""

    def __init__(self) -> None:
        self.model = files.coremltools().proto.Model_pb2.Model(specificationVersion=9)
        self.function = self.model.mlProgram.functions["main"]
        self.function.opset = "CoreML8"
        self.block = self.function.block_specializations["CoreML8"]
        self.set_type(self.function.inputs.add(name="x").type, "fp32", (2,))

    @staticmethod
    def set_type(message: Any, dtype: str, shape: tuple[int | None, ...]) -> Any:
        message.tensorType.dataType = TYPES[dtype]
        message.tensorType.rank = len(shape)
        for size in shape:
            dimension = message.tensorType.dimensions.add()
            if size is None:
                dimension.unknown.variadic = False
            else:
                dimension.constant.size = size
        return message

    def value(self, dtype: str, shape: tuple[int, ...], kind: str, values: Any) -> Any:
        value = type(self.function.attributes["unused"])()
        self.set_type(value.type, dtype, shape)
        holder = getattr(value.immediateValue.tensor, kind)
        if kind == "bytes":
            holder.values = values
        else:
            holder.SetInParent()
            holder.values.extend(values)
        return value

    def operation(self, kind: str, output: str, dtype: str = "fp32", shape: tuple[int | None, ...] = (2,)) -> Any:
        operation = self.block.operations.add(type=kind)
        self.set_type(operation.outputs.add(name=output).type, dtype, shape)
        return operation

    def lower(self, *outputs: str, weights: Path | None = None, function: str | None = None) -> Graph:
        del self.block.outputs[:]
        self.block.outputs.extend(outputs)
        return lower_program(decode(self.model.SerializeToString(), "Model"), weights, function)


IMMEDIATE = [
    ("fp32", (2,), "floats", [0.5, -1.5], np.array([0.5, -1.5], np.float32)),
    ("fp32", (), "floats", [0.5], np.array(0.5, np.float32)),
    ("fp64", (1,), "doubles", [0.1], np.array([0.1])),
    ("fp16", (2,), "bytes", np.array([0.5, -2], np.float16).tobytes(), np.array([0.5, -2], np.float16)),
    ("bf16", (1,), "bytes", b"\x80\x3f", np.array([1.0], np.float32)),
    ("int32", (2, 1), "ints", [7, -7], np.array([[7], [-7]], np.int32)),
    ("int16", (1,), "ints", [-300], np.array([-300], np.int16)),
    ("uint16", (1,), "ints", [65535], np.array([65535], np.uint16)),
    ("int64", (1,), "longInts", [1 << 40], np.array([1 << 40])),
    ("uint64", (1,), "longInts", [1 << 40], np.array([1 << 40], np.uint64)),
    ("uint32", (1,), "bytes", b"\xff\xff\xff\xff", np.array([2**32 - 1], np.uint32)),
    ("int8", (3,), "bytes", b"\xff\x00\x7f", np.array([-1, 0, 127], np.int8)),
    ("uint8", (2,), "bytes", b"\xff\x01", np.array([255, 1], np.uint8)),
    ("int4", (3,), "bytes", b"\x8f\x07", np.array([-1, -8, 7], np.int8)),
    ("uint4", (2,), "bytes", b"\x8f", np.array([15, 8], np.uint8)),
    ("uint1", (3,), "bytes", b"\x05", np.array([1, 0, 1], np.uint8)),
    ("bool", (2,), "bools", [True, False], np.array([True, False])),
    ("bool", (), "bools", [True], np.array(True)),
    ("fp32", (0, 3), "floats", [], np.empty((0, 3), np.float32)),
]


@pytest.mark.parametrize(("dtype", "shape", "kind", "values", "expected"), IMMEDIATE)
@pytest.mark.parametrize("place", ["const", "attribute", "binding"])
def test_values_in_the_program_become_arguments(
    dtype: str, shape: Any, kind: str, values: Any, expected: np.ndarray, place: str
) -> None:
    build = Builder()
    value = build.value(dtype, shape, kind, values)
    if place == "const":
        build.operation("const", "c", dtype, shape).attributes["val"].CopyFrom(value)
    user = build.operation("add", "y")
    user.inputs["x"].arguments.add(name="x")
    if place == "attribute":
        user.attributes["y"].CopyFrom(value)
    elif place == "binding":
        user.inputs["y"].arguments.add(value=value)
    else:
        user.inputs["y"].arguments.add(name="c")
    (node,) = build.lower("y").nodes
    assert node.arguments["x"] == Ref("x")
    found = node.arguments["y"]
    assert isinstance(found, np.ndarray)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(found, expected)


def test_texts_and_lists_become_str_and_tuples() -> None:
    build = Builder()
    node = build.operation("clip", "y")
    node.inputs["x"].arguments.add(name="x")
    node.attributes["one"].CopyFrom(build.value("str", (), "strings", ["same"]))
    node.attributes["two"].CopyFrom(build.value("str", (2,), "strings", ["a", "b"]))
    texts = node.attributes["three"]
    build.set_type(texts.type.listType.type, "str", ())
    for text in ("c", "d"):
        texts.immediateValue.list.values.add().CopyFrom(build.value("str", (), "strings", [text]))
    numbers = node.attributes["four"]
    build.set_type(numbers.type.listType.type, "int64", ())
    for number in (1, 2):
        numbers.immediateValue.list.values.add().CopyFrom(build.value("int64", (), "longInts", [number]))
    arguments = build.lower("y").nodes[0].arguments
    assert arguments["one"] == "same"
    assert arguments["two"] == ("a", "b")
    assert arguments["three"] == ("c", "d")
    np.testing.assert_array_equal(arguments["four"], [1, 2])  # type: ignore[arg-type]


def test_a_list_of_tensors_is_a_tuple_even_of_one() -> None:
    build = Builder()
    node = build.operation("concat", "y")
    node.inputs["values"].arguments.add(name="x")
    node.inputs["axis"].arguments.add(value=build.value("int32", (), "ints", [0]))
    assert build.lower("y").nodes[0].arguments["values"] == (Ref("x"),)


def test_a_constant_that_is_returned_becomes_an_identity() -> None:
    build = Builder()
    build.operation("const", "c").attributes["val"].CopyFrom(build.value("fp32", (2,), "floats", [1, 2]))
    graph = build.lower("c")
    assert graph.nodes[0].op == "identity"
    assert graph.nodes[0].outputs == (Tensor("c", "fp32", (2,)),)


def test_unknown_dimensions_are_none() -> None:
    build = Builder()
    del build.function.inputs[:]
    build.set_type(build.function.inputs.add(name="x").type, "fp16", (None, 3))
    build.operation("relu", "y", "fp16", (None, 3)).inputs["x"].arguments.add(name="x")
    graph = build.lower("y")
    assert graph.inputs == (Tensor("x", "fp16", (None, 3)),)
    assert graph.nodes[0].outputs == (Tensor("y", "fp16", (None, 3)),)


@pytest.mark.parametrize(
    ("shape", "axes", "result", "gone"),
    [
        ((1, 3, 1), [0, 1], (3, 1), [0]),
        ((1, 3, 1), None, (3,), [0, 2]),
        ((None, 3, 1), [0, -1], (None, 3), [2]),
        ((None, 3, 1), [0, -1], (3,), [0, 2]),
        ((None, 3, 1), None, (None, 3), [2]),
        ((None, 3), [0], (None, 3), []),
    ],
)
def test_of_the_axes_to_squeeze_those_go_that_the_result_lacks(
    shape: tuple[int | None, ...], axes: list[int] | None, result: tuple[int | None, ...], gone: list[int]
) -> None:
    build = Builder()
    del build.function.inputs[:]
    build.set_type(build.function.inputs.add(name="x").type, "fp32", shape)
    operation = build.operation("squeeze", "y", "fp32", result)
    operation.inputs["x"].arguments.add(name="x")
    if axes is not None:
        value = build.value("int32", (len(axes),), "ints", axes)
        operation.inputs["axes"].arguments.add().value.CopyFrom(value)
    graph = build.lower("y")
    np.testing.assert_array_equal(graph.nodes[0].arguments["axes"], gone)
    x = np.arange(3, dtype=np.float32).reshape([size or 1 for size in shape])
    for engine in ENGINES:
        y = GraphRunner(graph, Options(engine))({"x": x})["y"]
        np.testing.assert_array_equal(y, x.reshape([size or 1 for size in result]))


def test_the_block_of_the_functions_opset_is_taken() -> None:
    build = Builder()
    build.operation("relu", "y").inputs["x"].arguments.add(name="x")
    other = build.function.block_specializations["CoreML7"]
    other.outputs.append("x")
    assert [node.op for node in build.lower("y").nodes] == ["relu"]
    build.function.opset = "CoreML99"
    with pytest.raises(ModelError, match=r"is for opset 'CoreML99', but has blocks for CoreML7, CoreML8"):
        build.lower("y")
    with pytest.raises(ModelError, match=r"the program has no function 'other'; it has main"):
        build.lower("y", function="other")


@pytest.mark.parametrize(
    ("dtype", "shape", "kind", "values", "problem"),
    [
        ("fp32", (3,), "floats", [1, 2], "has 2 values; its shape [3] needs 3"),
        ("fp16", (3,), "bytes", b"abcd", "has 4 bytes; its type needs 6 bytes for fp16 [3]"),
        ("fp32", (1,), "strings", ["a"], "is declared as fp32 and given as strings"),
        ("str", (1,), "floats", [1], "is declared as str and given as floats"),
        ("str", (1, 1), "strings", ["a"], "is a table of texts"),
        ("int64", (1,), "bytes", bytes(8), "of type int64 is given as bytes"),
    ],
)
def test_a_value_that_is_not_of_its_type_is_refused(
    dtype: str, shape: Any, kind: str, values: Any, problem: str
) -> None:
    build = Builder()
    build.operation("const", "c", dtype, shape).attributes["val"].CopyFrom(build.value(dtype, shape, kind, values))
    with pytest.raises(ModelError) as caught:
        build.lower("c")
    assert problem in str(caught.value)


def test_states_lists_and_unknown_operations_are_refused_together() -> None:
    build = Builder()
    build.function.inputs.add(name="memory").type.stateType.SetInParent()
    build.operation("read_state", "s").inputs["input"].arguments.add(name="memory")
    build.operation("list_gather", "l").inputs["ls"].arguments.add(name="x")
    build.operation("warp_drive", "w").inputs["x"].arguments.add(name="x")
    with pytest.raises(ModelError) as caught:
        build.lower("s")
    assert str(caught.value).startswith(
        "4 operations are not supported: state (at memory), read_state (state) (at s), "
        "list_gather (lists) (at l), warp_drive (at w). Supported: abs"
    )


def test_classify_gives_way_to_its_probabilities() -> None:
    probabilities, label = Tensor("p", "fp32", (1, 2)), Tensor("label", "str", ())
    softmax = Node("softmax", "softmax", {"x": Ref("x")}, (probabilities,))
    classify = Node(
        "classify", "classify", {"probabilities": Ref("p"), "classes": ("a", "b")}, (label, Tensor("probs", "dict", ()))
    )
    graph, found = split_classify(Graph((Tensor("x", "fp32", (1, 2)),), (softmax, classify), ("label", "probs")))
    assert found is classify
    assert (graph.nodes, graph.outputs) == ((softmax,), ("p",))
    with pytest.raises(ModelError, match="has 2 classify operations; one is expected"):
        split_classify(Graph((), (classify, classify), ("label",)))
