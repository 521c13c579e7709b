"""The few protobuf messages of an ONNX file, written by hand so that no protobuf package is needed at run time.

Field numbers are those of onnx.proto (IR version 8). Every function returns the bytes of one message; equal arguments
give equal bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

IR_VERSION = 8
OPSET = 18  # the first in which every Reduce takes its axes as an input; read by ONNX Runtime since 1.14

# TensorProto.DataType of the dtypes that we write.
DATA_TYPES = {
    np.dtype(np.float32): 1,
    np.dtype(np.uint8): 2,
    np.dtype(np.int8): 3,
    np.dtype(np.uint16): 4,
    np.dtype(np.int16): 5,
    np.dtype(np.int32): 6,
    np.dtype(np.int64): 7,
    np.dtype(np.bool_): 9,
    np.dtype(np.float16): 10,
    np.dtype(np.float64): 11,
}
FLOAT, INT, STRING, TENSOR, FLOATS, INTS, STRINGS = 1, 2, 3, 4, 6, 7, 8  # AttributeProto.AttributeType

Attribute = int | float | str | np.ndarray | Sequence[int] | Sequence[float] | Sequence[str]


def varint(value: int) -> bytes:
    """A protobuf varint; negative numbers take ten bytes, as int64 fields do."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def integer(field: int, value: int) -> bytes:
    """An int32, int64 or enum field."""
    return varint(field << 3) + varint(value)


def real(field: int, value: float) -> bytes:
    """A float field."""
    return varint(field << 3 | 5) + struct.pack("<f", value)


def text(field: int, value: str | bytes) -> bytes:
    """A string, bytes or message field."""
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(data)) + data


def tensor(name: str, array: np.ndarray) -> bytes:
    """TensorProto with raw little-endian data."""
    data = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    dims = b"".join(integer(1, size) for size in array.shape)
    return dims + integer(2, DATA_TYPES[array.dtype]) + text(8, name) + text(9, data)


def attribute(name: str, value: Attribute) -> bytes:
    """AttributeProto; the kind follows from the Python type, an empty sequence is one of integers."""
    head = text(1, name)
    if isinstance(value, np.ndarray):
        return head + text(5, tensor("", value)) + integer(20, TENSOR)
    if isinstance(value, str):
        return head + text(4, value) + integer(20, STRING)
    if isinstance(value, float):
        return head + real(2, value) + integer(20, FLOAT)
    if isinstance(value, int):
        return head + integer(3, value) + integer(20, INT)
    if all(isinstance(item, int) for item in value):
        return head + b"".join(integer(8, int(item)) for item in value) + integer(20, INTS)
    if all(isinstance(item, str) for item in value):
        return head + b"".join(text(9, str(item)) for item in value) + integer(20, STRINGS)
    return head + b"".join(real(7, float(item)) for item in value) + integer(20, FLOATS)


def node(
    op_type: str, name: str, inputs: Iterable[str], outputs: Iterable[str], attributes: Mapping[str, Attribute]
) -> bytes:
    """NodeProto; an empty input name is an optional input left out, an empty name of its own is not written."""
    return (
        b"".join(text(1, item) for item in inputs)
        + b"".join(text(2, item) for item in outputs)
        + (text(3, name) if name else b"")
        + text(4, op_type)
        + b"".join(text(5, attribute(key, value)) for key, value in sorted(attributes.items()))
    )


def value_info(name: str, dtype: np.dtype, shape: Sequence[int | str] | None) -> bytes:
    """ValueInfoProto of a tensor; a dimension is a size or a symbolic name, a shape of None has an unknown rank."""
    tensor_type = integer(1, DATA_TYPES[dtype])
    if shape is not None:
        sizes = (text(2, size) if isinstance(size, str) else integer(1, size) for size in shape)
        tensor_type += text(2, b"".join(text(1, size) for size in sizes))
    return text(1, name) + text(2, text(1, tensor_type))


def graph(
    name: str, nodes: Iterable[bytes], initializers: Iterable[bytes], inputs: Iterable[bytes], outputs: Iterable[bytes]
) -> bytes:
    """GraphProto."""
    return (
        b"".join(text(1, item) for item in nodes)
        + text(2, name)
        + b"".join(text(5, item) for item in initializers)
        + b"".join(text(11, item) for item in inputs)
        + b"".join(text(12, item) for item in outputs)
    )


def model(graph: bytes, metadata: Mapping[str, str]) -> bytes:
    """ModelProto, the whole file; metadata are written in the order given."""
    return (
        integer(1, IR_VERSION)
        + text(2, "inklens")
        + text(7, graph)
        + text(8, text(1, "") + integer(2, OPSET))
        + b"".join(text(14, text(1, key) + text(2, value)) for key, value in metadata.items())
    )
