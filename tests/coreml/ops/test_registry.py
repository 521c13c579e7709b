from __future__ import annotations

import numpy as np
import pytest
from coremltools.converters.mil.mil.ops.registry import SSAOpRegistry

from inklens.coreml.ir import Graph, Node, Ref, Tensor
from inklens.coreml.onnx_builder import Emitter, Value
from inklens.coreml.ops import OPS, check
from inklens.coreml.ops.registry import Array, op
from inklens.errors import ModelError

# Operations of MIL that are refused: state, lists, control flow, and what a file never holds as an operation.
REFUSED = {
    "read_state", "coreml_update_state", "cond", "while_loop",
    "make_list", "list_gather", "list_length", "list_read", "list_scatter", "list_write",
    "const", "_const_symbolic", "classify", "conv_quantized",
}  # fmt: skip
OURS = {"asinh", "acosh"}  # of the NeuralNetwork format, which MIL does not have


def specified() -> dict[str, set[str]]:
    """Every operation of MIL with the parameters that any of its versions has."""
    return {
        name: {key for version in versions.values() for key in version.input_spec.input_types}
        for name, versions in SSAOpRegistry.core_ops.items()
        if not name.startswith("constexpr_")
    }


def test_every_operation_of_mil_is_computed_or_refused_on_purpose() -> None:
    assert set(specified()) - set(OPS) == REFUSED - {"coreml_update_state"}
    assert set(OPS) - set(specified()) == OURS


@pytest.mark.parametrize("name", sorted(set(OPS) - OURS))
def test_parameters_carry_the_specifications_names(name: str) -> None:
    assert set(OPS[name].tensors + OPS[name].constants) == specified()[name]


@pytest.mark.parametrize("name", sorted(OPS))
def test_every_operation_has_a_translation(name: str) -> None:
    assert OPS[name].translate is not None


def test_a_second_registration_is_refused() -> None:
    with pytest.raises(ValueError, match="the operation relu is registered already"):

        @op("relu")
        def relu(x: Array) -> Array:
            return x


def test_a_translation_with_other_parameters_is_refused() -> None:
    with pytest.raises(
        TypeError, match=r"softmax: the translation takes \('x', 'axes'\), the reference \('x', 'axis'\)"
    ):

        @OPS["softmax"].onnx
        def translate(emit: Emitter, x: Value, *, axes: int) -> Value:
            return emit("Softmax", x, axis=axes)


def test_a_second_translation_is_refused() -> None:
    with pytest.raises(ValueError, match="relu has a translation already"):

        @OPS["relu"].onnx
        def translate(emit: Emitter, x: Value) -> Value:
            return emit("Relu", x)


def graph(*nodes: Node) -> Graph:
    return Graph((Tensor("x", "fp32", (1, 2)),), nodes, (nodes[-1].outputs[0].name,))


def node(kind: str, name: str, **arguments: object) -> Node:
    return Node(kind, name, {"x": Ref("x"), **arguments}, (Tensor(f"{name}_out", "fp32", (1, 2)),))  # type: ignore[dict-item]


def test_everything_that_is_not_supported_is_named_at_once_with_its_place() -> None:
    message = r"^2 operations are not supported: fft \(at first\), custom \(at third\)\. Supported: abs, acos, "
    with pytest.raises(ModelError, match=message):
        check(graph(node("fft", "first"), node("relu", "second"), node("custom", "third")))


def test_unknown_and_missing_parameters_are_named_at_once() -> None:
    with pytest.raises(ModelError) as problem:
        check(graph(node("softmax", "first", axes=np.array(1)), node("clip", "second", alpha=np.array(0.0))))
    assert str(problem.value) == (
        "softmax (at first) has no parameter axes (it takes x, axis); clip (at second) lacks its parameter beta"
    )
