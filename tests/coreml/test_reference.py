from __future__ import annotations

import numpy as np
import pytest

from inklens.coreml.ir import Graph, Node, Ref, Tensor
from inklens.coreml.reference import evaluate
from inklens.errors import ModelError
from tests.coreml.engines import numbers

HALF = Graph(
    (Tensor("x", "fp32", (2,)),),
    (Node("mul", "half", {"x": Ref("x"), "y": np.float32(0.5)}, (Tensor("y", "fp32", (2,)),)),),
    ("y",),
)


def test_a_graph_is_computed_by_name() -> None:
    result = evaluate(HALF, {"x": np.array([2, 3])})
    assert list(result) == ["y"]
    assert result["y"].dtype == np.float32
    np.testing.assert_array_equal(result["y"], [1, 1.5])


def test_a_missing_input_is_named() -> None:
    with pytest.raises(ModelError, match=r"^the input x is missing; given: y, z$"):
        evaluate(HALF, {"z": np.zeros(2), "y": np.zeros(2)})


def test_values_that_do_not_fit_an_operation_are_an_error_with_its_place() -> None:
    broken = Node("matmul", "product", {"x": Ref("x"), "y": numbers(3, 3)}, (Tensor("y", "fp32", (2,)),))
    with pytest.raises(ModelError, match=r"^matmul \(at product\) cannot be computed: "):
        evaluate(Graph(HALF.inputs, (broken,), ("y",)), {"x": np.zeros(2)})


def test_what_no_later_operation_reads_is_freed_but_outputs_stay() -> None:
    nodes = (
        Node("relu", "one", {"x": Ref("x")}, (Tensor("a", "fp32", (2,)),)),
        Node("add", "two", {"x": Ref("a"), "y": Ref("a")}, (Tensor("b", "fp32", (2,)),)),
    )
    result = evaluate(Graph(HALF.inputs, nodes, ("a", "b")), {"x": np.array([-1, 2])})
    np.testing.assert_array_equal(result["a"], [0, 2])
    np.testing.assert_array_equal(result["b"], [0, 4])
