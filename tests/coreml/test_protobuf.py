"""Our protobuf decoder against the protobuf package, by hand-made bytes and by random messages of every kind."""

import contextlib
import math
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inklens.coreml import protobuf
from inklens.coreml.protobuf import Message, decode
from inklens.coreml.schema import enum_names, message_type
from inklens.errors import ModelError

TOOLS = Path(__file__).parents[2] / "tools"


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def tagged(number: int, wire: int, payload: bytes) -> bytes:
    return varint(number << 3 | wire) + payload


def delimited(number: int, payload: bytes) -> bytes:
    return tagged(number, 2, varint(len(payload)) + payload)


def assert_same(ours: Message, theirs: Any) -> None:
    """Every field of the protobuf package's message equals ours, present or by default."""
    for field in theirs.DESCRIPTOR.fields:
        mine, other = getattr(ours, field.name), getattr(theirs, field.name)
        place = f"{theirs.DESCRIPTOR.name}.{field.name}"
        repeated = message_type(ours.type_name).names[field.name].repeated
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            assert set(mine) == set(other), place
            for key, value in other.items():
                if hasattr(value, "DESCRIPTOR"):
                    assert_same(mine[key], value)
                else:
                    assert mine[key] == value, place
        elif field.message_type is not None and repeated:
            assert len(mine) == len(other), place
            for one, two in zip(mine, other, strict=True):
                assert_same(one, two)
        elif field.message_type is not None:
            assert ours.has(field.name) == theirs.HasField(field.name), place
            if ours.has(field.name):
                assert_same(mine, other)
        elif repeated:
            assert [*mine] == [*other] or np.array_equal(mine, np.array(other, mine.dtype), equal_nan=True), place
        else:
            assert mine == other or (math.isnan(mine) and math.isnan(other)), place
    for oneof in theirs.DESCRIPTOR.oneofs:
        assert ours.which(oneof.name) == theirs.WhichOneof(oneof.name)


def test_defaults_are_those_of_proto3() -> None:
    model = decode(b"", "Model")
    assert (model.specificationVersion, model.isUpdatable, model.which("Type")) == (0, False, None)
    assert model.description.metadata.author == ""
    assert model.description.input == []
    assert model.description.metadata.userDefined == {}
    assert not model.has("description")
    layer = decode(b"", "ConvolutionLayerParams")
    assert layer.kernelSize.dtype == np.uint64
    assert len(layer.kernelSize) == 0
    assert bytes(decode(b"", "WeightParams").rawValue) == b""


def test_numbers_keep_their_sign_and_width() -> None:
    assert decode(tagged(1, 0, varint(-3)), "Model").specificationVersion == -3
    assert decode(tagged(1, 0, varint(-(2**63))), "ArgMaxLayerParams").axis == -(2**63)
    assert decode(tagged(1, 0, varint(2**64 - 1)), "ConvolutionLayerParams").outputChannels == 2**64 - 1
    assert decode(tagged(1, 5, struct.pack("<f", 0.5)), "ActivationELU").alpha == 0.5


def test_packed_and_single_numbers_are_one_list_in_the_order_of_the_bytes() -> None:
    data = tagged(1, 0, b"\x05") + delimited(1, b"\x06\x07") + tagged(1, 0, b"\x08")
    assert decode(data, "ArrayFeatureType").shape.tolist() == [5, 6, 7, 8]


def test_long_packed_numbers_are_read_at_every_width() -> None:
    values = [0, 1, -1, 2**31, -(2**31), 2**62, -(2**63), 127, 128, 16383, 16384] * 20
    data = delimited(1, b"".join(varint(value) for value in values))
    assert decode(data, "ArrayFeatureType").shape.tolist() == values


def test_packed_floats_are_a_view_into_the_file() -> None:
    data = delimited(1, np.arange(100, dtype="<f4").tobytes())
    values = decode(data, "WeightParams").floatValue
    assert values.tolist() == list(range(100))
    assert not values.flags.owndata


def test_the_last_member_of_a_oneof_wins_and_messages_merge() -> None:
    relu, linear = delimited(10, b""), delimited(5, tagged(1, 5, struct.pack("<f", 2.0)))
    more = delimited(5, tagged(2, 5, struct.pack("<f", 3.0)))
    assert decode(linear + relu, "ActivationParams").which("NonlinearityType") == "ReLU"
    merged = decode(relu + linear + more, "ActivationParams")
    assert merged.which("NonlinearityType") == "linear"
    assert (merged.linear.alpha, merged.linear.beta) == (2.0, 3.0)


def test_a_field_of_a_newer_specification_is_skipped_and_can_be_named() -> None:
    data = delimited(1, b"name") + delimited(9000, b"\x08\x01") + tagged(9001, 3, b"\x08\x01" + varint(9001 << 3 | 4))
    layer = decode(data, "NeuralNetworkLayer")
    assert layer.name == "name"
    assert layer.which("layer") is None
    assert layer.unknown_fields() == (9000, 9001)


def test_a_field_of_the_wrong_wire_type_is_skipped() -> None:
    assert decode(delimited(1, b"\x03"), "Model").specificationVersion == 0


def test_enumerations_have_names() -> None:
    assert enum_names("ImageFeatureType.ColorSpace")[10] == "GRAYSCALE"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\x08", "the data end within a number at byte 1 of 1"),
        (b"\x08" + b"\xff" * 11, "a number does not end at byte 1 of 12"),
        (b"\x12\x05ab", "a field claims 5 bytes where 2 are left at byte 1 of 4"),
        (b"\x12\xff\xff\xff\xff\x07", "a field claims 2,147,483,647 bytes where 0 are left at byte 1 of 6"),
        (b"\x00\x00", "a field has the impossible number 0 at byte 0 of 2"),
        (b"\x0f", "a field has the impossible wire type 7 at byte 1 of 1"),
        (b"\xfb\xff\x03\x08", "the data end within a number at byte 4 of 4"),
    ],
)
def test_damaged_bytes_are_refused_with_their_offset(data: bytes, problem: str) -> None:
    with pytest.raises(ModelError) as caught:
        decode(data, "Model", what="m.mlmodel")
    assert str(caught.value) == f"m.mlmodel is damaged: {problem}"


def test_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(ModelError, match="a text is not UTF-8 at byte 3 of 4"):
        decode(delimited(1, b"a\xff"), "NeuralNetworkLayer")


def test_endless_nesting_is_refused() -> None:
    data = b""
    for _ in range(200):
        data = delimited(5, data)  # ListType.type is a ValueType, whose listType is a ListType
        data = delimited(1, data)
    with pytest.raises(ModelError, match="nested more than 100 deep"):
        decode(data, "MILSpec.ListType")


def test_more_values_than_memory_should_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protobuf, "MAX_VALUES", 1000)
    assert len(decode(delimited(1, b"") * 1000, "NeuralNetwork").layers) == 1000
    with pytest.raises(ModelError, match="more than 1,000 values"):
        decode(delimited(1, b"") * 1001, "NeuralNetwork")


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_model_error(data: bytes) -> None:
    with contextlib.suppress(ModelError):
        decode(data, "Model")


def random_message(message: Any, rng: np.random.Generator, depth: int) -> None:
    """Fill a message of the protobuf package with random fields."""
    from google.protobuf.descriptor import FieldDescriptor as Kind

    integers = {
        Kind.TYPE_INT32: (-(2**31), 2**31), Kind.TYPE_INT64: (-(2**63), 2**63 - 1), Kind.TYPE_UINT32: (0, 2**32),
        Kind.TYPE_UINT64: (0, 2**63 - 1), Kind.TYPE_BOOL: (0, 2), Kind.TYPE_ENUM: (0, 5),
    }  # fmt: skip

    def scalar(field: Any) -> Any:
        if field.type in integers:
            small = int(rng.integers(0, 2)) if field.type in (Kind.TYPE_BOOL, Kind.TYPE_ENUM) else None
            return int(rng.integers(*integers[field.type])) if small is None else small
        if field.type == Kind.TYPE_STRING:
            return "é" * int(rng.integers(0, 5))
        return rng.bytes(5) if field.type == Kind.TYPE_BYTES else float(np.float32(rng.normal()))

    for field in message.DESCRIPTOR.fields:
        if rng.random() < 0.4:
            continue
        count = int(rng.integers(0, 4 if rng.random() < 0.9 else 100))
        repeated = message_type(message.DESCRIPTOR.full_name.removeprefix("CoreML.Specification.")).names[field.name]
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            key, value = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
            for _ in range(count if depth < 4 else 0):
                if value.message_type is not None:
                    random_message(getattr(message, field.name)[scalar(key)], rng, depth + 3)
                else:
                    getattr(message, field.name)[scalar(key)] = scalar(value)
        elif field.message_type is not None:
            if depth >= 4:
                continue
            if repeated.repeated:
                for _ in range(min(count, 2)):
                    random_message(getattr(message, field.name).add(), rng, depth + 2)
            else:
                inner = getattr(message, field.name)
                inner.SetInParent()
                random_message(inner, rng, depth + 1)
        elif repeated.repeated:
            getattr(message, field.name).extend([scalar(field) for _ in range(count)])
        else:
            setattr(message, field.name, scalar(field))


@pytest.mark.parametrize(
    "name", ["Model", "NeuralNetwork", "NeuralNetworkLayer", "MILSpec.Operation", "MILSpec.Value", "FeatureType"]
)
def test_random_messages_decode_as_the_protobuf_package_decodes_them(name: str) -> None:
    model = pytest.importorskip("coremltools").proto.Model_pb2
    from google.protobuf import message_factory

    pool = model.Model.DESCRIPTOR.file.pool
    kind = message_factory.GetMessageClass(pool.FindMessageTypeByName(f"CoreML.Specification.{name}"))
    rng = np.random.default_rng(0)
    for _ in range(12):
        theirs = kind()
        random_message(theirs, rng, 0)
        data = theirs.SerializeToString()
        again = kind.FromString(data)
        assert_same(decode(data, name), again)
        half = data[: len(data) // 2] + data[len(data) // 3 :]  # mostly not a message; both must think so
        try:
            broken = kind.FromString(half)
        except Exception:
            with pytest.raises(ModelError):
                decode(half, name)
        else:
            assert_same(decode(half, name), broken)


def test_the_table_is_what_coremltools_describes() -> None:
    pytest.importorskip("coremltools")
    done = subprocess.run([sys.executable, TOOLS / "write_schema.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
