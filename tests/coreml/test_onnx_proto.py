from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import numpy_helper

from inklens.coreml import onnx_proto


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_integers_are_read_back_by_protobuf(value: int) -> None:
    attribute = onnx.AttributeProto.FromString(onnx_proto.attribute("a", value))
    assert (attribute.name, attribute.type, attribute.i) == ("a", onnx.AttributeProto.INT, value)


@given(st.floats(width=32, allow_nan=False))
def test_floats_are_read_back_by_protobuf(value: float) -> None:
    attribute = onnx.AttributeProto.FromString(onnx_proto.attribute("a", value))
    assert (attribute.type, attribute.f) == (onnx.AttributeProto.FLOAT, value)


@pytest.mark.parametrize(
    ("value", "kind", "field"),
    [
        ("LÄNGE", onnx.AttributeProto.STRING, "s"),
        ([1, -2, 300], onnx.AttributeProto.INTS, "ints"),
        ((), onnx.AttributeProto.INTS, "ints"),
        ([0.5, -2.0], onnx.AttributeProto.FLOATS, "floats"),
        (["Tanh", "Relu"], onnx.AttributeProto.STRINGS, "strings"),
    ],
)
def test_attributes_of_every_kind_are_read_back(value: object, kind: int, field: str) -> None:
    attribute = onnx.AttributeProto.FromString(onnx_proto.attribute("name", value))  # type: ignore[arg-type]
    expected = onnx.helper.make_attribute("name", value) if value != () else None
    assert attribute.type == kind
    assert getattr(attribute, field) == (getattr(expected, field) if expected else [])


@pytest.mark.parametrize("dtype", sorted(onnx_proto.DATA_TYPES, key=str))
@pytest.mark.parametrize("shape", [(), (3,), (0, 2), (2, 3, 2)])
def test_tensors_of_every_type_are_read_back(dtype: np.dtype, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    back = numpy_helper.to_array(onnx.TensorProto.FromString(onnx_proto.tensor("t", array)))
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, array)


def test_an_array_that_is_not_contiguous_is_written_in_its_own_order() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3).T
    back = numpy_helper.to_array(onnx.TensorProto.FromString(onnx_proto.tensor("t", array)))
    np.testing.assert_array_equal(back, array)


def test_a_model_holds_what_it_was_given() -> None:
    node = onnx_proto.node("Relu", "act", ["x"], ["y"], {})
    value = [onnx_proto.value_info(name, np.dtype(np.float32), ("n", 4)) for name in ("x", "y")]
    data = onnx_proto.model(onnx_proto.graph("net", [node], [], value[:1], value[1:]), {"author": "Ada", "b": ""})
    model = onnx.load_from_string(data)
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, model.opset_import[0].version, model.graph.name) == (8, 18, "net")
    assert [(item.key, item.value) for item in model.metadata_props] == [("author", "Ada"), ("b", "")]
    shape = model.graph.input[0].type.tensor_type.shape
    assert (shape.dim[0].dim_param, shape.dim[1].dim_value) == ("n", 4)
