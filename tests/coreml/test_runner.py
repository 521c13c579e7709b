from __future__ import annotations

import numpy as np
import pytest

from inklens.coreml.ir import Graph, Node, Ref, Tensor
from inklens.coreml.runner import ENGINES, Engine, GraphRunner, Options
from inklens.errors import ModelError


@pytest.mark.parametrize("engine", ENGINES)
def test_an_operation_that_fails_on_its_inputs_is_named_with_its_place(engine: Engine) -> None:
    twice = Node("add", "block/twice", {"x": Ref("x"), "y": Ref("x")}, (Tensor("two", "fp32", (None, 3)),))
    axes = np.array([0])
    squeeze = Node("squeeze", "block/thin", {"x": Ref("two"), "axes": axes}, (Tensor("thin", "fp32", (3,)),))
    runner = GraphRunner(Graph((Tensor("x", "fp32", (None, 3)),), (twice, squeeze), ("thin",)), Options(engine))
    np.testing.assert_array_equal(runner({"x": np.ones((1, 3))})["thin"], [2, 2, 2])
    with pytest.raises(ModelError, match=r"[Ss]queeze \(at block/thin\)[:\w ]*( input_shape| cannot select an axis)"):
        runner({"x": np.ones((2, 3))})
