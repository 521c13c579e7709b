"""Writing ONNX nodes: what the translation of an operation is given to speak ONNX with.

Inside a translated graph every value has a *carrier* type, wide enough for all that Core ML declares and known to every
ONNX Runtime kernel: float32 for floating point, int32 for integers up to 32 bits, int64 for larger ones, and bool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inklens.coreml import onnx_proto
from inklens.coreml.ir import Node, Tensor
from inklens.errors import ModelError

Shape = tuple[int | None, ...]

CARRIERS: dict[str, type[np.generic]] = {
    **dict.fromkeys(("fp16", "fp32", "fp64", "bf16"), np.float32),
    **dict.fromkeys(("int4", "int8", "int16", "int32", "uint1", "uint2", "uint3"), np.int32),
    **dict.fromkeys(("uint4", "uint6", "uint8", "uint16"), np.int32),
    **dict.fromkeys(("int64", "uint32", "uint64"), np.int64),
    "bool": np.bool_,
}

# ONNX operators whose results have another type than their first input.
_BOOLEAN = ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "And", "Or", "Xor", "IsNaN", "IsInf")
_LONG = ("Shape", "Size", "ArgMax", "ArgMin", "NonZero", "NonMaxSuppression")
_WINDOWED = ("Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool")
_DUPLICATE_LIMIT = 4096  # bytes below which equal constants share one initializer; larger ones share by identity
_LEAST_WEIGHT = 64  # elements from which storing a weight smaller saves more bytes than the node that widens it takes


def carrier(dtype: str) -> np.dtype:
    """The NumPy dtype that holds values of MIL's `dtype`; a ModelError for text and unknown types."""
    try:
        return np.dtype(CARRIERS[dtype])
    except KeyError:
        raise ModelError(
            f"values of type {dtype} cannot be computed with; expected one of {', '.join(CARRIERS)}"
        ) from None


def carried(array: np.ndarray) -> np.ndarray:
    """`array` in its carrier type: floats as float32, small integers as int32, the rest as int64."""
    if array.dtype.kind == "f":
        return array.astype(np.float32, copy=False)
    if array.dtype.kind in "iu":
        return array.astype(np.int32 if array.dtype.itemsize < 4 or array.dtype == np.int32 else np.int64, copy=False)
    return array


def _is_default(op_type: str, key: str, value: Any) -> bool:
    """Whether ONNX takes an attribute of a windowed operator to be so when it is left out."""
    if key == "kernel_shape":
        return op_type in ("Conv", "ConvTranspose")  # their weight has it
    if key not in ("strides", "dilations", "pads", "group"):
        return False
    return all(item == (0 if key == "pads" else 1) for item in (value if isinstance(value, (list, tuple)) else [value]))


@dataclass(frozen=True, eq=False)
class Value:
    """Something a node can read: a tensor of the graph, or a constant that becomes an initializer when it is used."""

    name: str
    dtype: np.dtype
    shape: Shape | None = None  # None where the translation did not keep track
    constant: np.ndarray | None = None

    @property
    def rank(self) -> int:
        """Number of dimensions; an error where it is unknown."""
        if self.shape is None:
            raise ModelError(f"the number of dimensions of {self.name} is not known")
        return len(self.shape)


Operand = Value | np.ndarray | np.generic | float | Sequence[int] | None


class Emitter:
    """Collects ONNX nodes and initializers. Call it to write a node: `y = emit("Add", x, 1.0)`."""

    def __init__(self, reserved: Sequence[str] = (), weights: str = "float32") -> None:
        """`reserved` names are kept for the caller; `weights` says how weights are stored: float32, float16 or int8."""
        self.nodes: list[tuple[str, str, list[str], list[str], dict[str, onnx_proto.Attribute]]] = []
        self.initializers: dict[str, np.ndarray] = {}
        self.node: Node | None = None  # the operation being translated
        self._weights = weights
        self._taken = set(reserved)
        self._constants: dict[Any, str] = {}
        self._kept: list[np.ndarray] = []  # keeps ids of shared constants from being reused

    def __call__(
        self, op_type: str, *inputs: Operand, dtype: Any = None, shape: Shape | None = None, **attributes: Any
    ) -> Value:
        """Write one node and return its result.

        An input may be an array, a list of integers (int64) or a number (of the first input's type); None leaves it
        out, as an attribute of None is left out. The result has the type of the first input unless `dtype` says
        otherwise; its shape is unknown unless `shape` is given.
        """
        result = self.several(1, op_type, *inputs, dtype=dtype, **attributes)[0]
        return Value(result.name, result.dtype, shape)

    def several(
        self, outputs: int, op_type: str, *inputs: Operand, dtype: Any = None, **attributes: Any
    ) -> tuple[Value, ...]:
        """Write one node with a number of results of one type."""
        first = next((item.dtype for item in inputs if isinstance(item, Value)), np.dtype(np.float32))
        names = ["" if item is None else self.name(self.value(item, first)) for item in inputs]
        while names and not names[-1]:
            names.pop()
        if dtype is None:
            dtype = np.bool_ if op_type in _BOOLEAN else np.int64 if op_type in _LONG else first
        results = tuple(Value(self.unique(f"{self._place()}/{op_type}"), np.dtype(dtype)) for _ in range(outputs))
        kept = {
            key: value
            for key, value in attributes.items()
            if value is not None and not (op_type in _WINDOWED and _is_default(op_type, key, value))
        }
        self.nodes.append((op_type, results[0].name, names, [result.name for result in results], kept))
        return results

    def value(self, item: Operand, dtype: np.dtype | None = None) -> Value:
        """`item` as a Value: a number takes `dtype`, a list is int64, an array keeps its type."""
        if isinstance(item, Value):
            return item
        if isinstance(item, (np.ndarray, np.generic)):
            array = np.asarray(item)
        elif isinstance(item, (list, tuple)):
            array = np.array(item, np.int64)
        else:
            array = np.array(item, dtype)
        return Value("", array.dtype, array.shape, array)

    def constant(self, array: np.ndarray, name: str = "") -> Value:
        """A constant; `name` is a hint for the initializer that it becomes when a node uses it."""
        return Value(name, array.dtype, array.shape, array)

    def name(self, value: Value) -> str:
        """The name under which nodes read `value`; makes the initializer of a constant on first use."""
        if value.constant is None:
            return value.name
        array = value.constant
        small = array.nbytes <= _DUPLICATE_LIMIT
        key = (array.dtype.str, array.shape, array.tobytes()) if small else id(array)
        if key not in self._constants:
            self._kept.append(array)
            self._constants[key] = self._store(self.unique(value.name or f"{self._place()}/constant"), array)
        return self._constants[key]

    def unique(self, name: str) -> str:
        """`name`, or `name_1`, `name_2` … if it is taken already."""
        candidate, count = name, 0
        while candidate in self._taken:
            count += 1
            candidate = f"{name}_{count}"
        self._taken.add(candidate)
        return candidate

    def rename(self, value: Value, name: str) -> Value:
        """`value` under the name that the caller wants; the node that made it is renamed if nothing has read it yet."""
        if self.nodes and value.constant is None and value.name in self.nodes[-1][3]:
            outputs = self.nodes[-1][3]
            outputs[outputs.index(value.name)] = name
        else:
            self.nodes.append(("Identity", name, [self.name(value)], [name], {}))
        return Value(name, value.dtype, value.shape)

    def _place(self) -> str:
        return self.node.name if self.node else "graph"

    def _store(self, name: str, array: np.ndarray) -> str:
        is_weight = array.dtype == np.float32 and array.ndim > 1 and array.size >= _LEAST_WEIGHT
        if not is_weight or self._weights == "float32":
            self.initializers[name] = array
            return name
        if self._weights == "float16":
            stored = self.unique(f"{name}/float16")
            self.initializers[stored] = array.astype(np.float16)
            self.nodes.append(("Cast", name, [stored], [name], {"to": onnx_proto.DATA_TYPES[array.dtype]}))
            return name
        stored, scales = self.unique(f"{name}/int8"), self.unique(f"{name}/scale")
        scale = np.maximum(np.abs(array.reshape(len(array), -1)).max(axis=1) / 127, np.finfo(np.float32).tiny)
        columns = scale.reshape(-1, *[1] * (array.ndim - 1))
        self.initializers[stored] = np.rint(array / columns).clip(-127, 127).astype(np.int8)
        self.initializers[scales] = scale.astype(np.float32)
        self.nodes.append(("DequantizeLinear", name, [stored, scales], [name], {"axis": 0}))
        return name

    # What most translations need, once.

    def cast(self, x: Value, dtype: Any) -> Value:
        """`x` in another type, as ONNX casts: towards zero from float to integer, non-zero to true."""
        dtype = np.dtype(dtype)
        if x.dtype == dtype:
            return x
        if x.constant is not None:
            return Value(x.name and f"{x.name}/{dtype}", dtype, x.shape, x.constant.astype(dtype))
        return self("Cast", x, dtype=dtype, shape=x.shape, to=onnx_proto.DATA_TYPES[dtype])

    def alike(self, *values: Value) -> tuple[Value, ...]:
        """`values` in one common type: that of the tensors among them if they agree, else the widest."""
        dtypes = {value.dtype for value in values if value.constant is None} or {value.dtype for value in values}
        common = (
            dtypes.pop()
            if len(dtypes) == 1
            else np.dtype(np.float32 if any(d.kind == "f" for d in dtypes) else np.int64)
        )
        return tuple(self.cast(value, common) for value in values)

    def longs(self, x: Value) -> Value:
        """`x` as int64, the type of ONNX's shapes and positions."""
        return self.cast(x, np.int64)

    def shape(self, x: Value) -> Value:
        """The shape of `x`, int64 [rank]: a constant where every dimension is known."""
        if x.shape is not None and None not in x.shape:
            return self.value(list(x.shape))  # type: ignore[arg-type]
        return self("Shape", x, shape=None if x.shape is None else (len(x.shape),))

    def dimension(self, x: Value, axis: int) -> Value:
        """The size of `x` along `axis`, int64 [1]."""
        size = None if x.shape is None else x.shape[axis]
        if size is not None:
            return self.value([size])
        end = None if axis == -1 else axis + 1
        return self("Shape", x, shape=(1,), start=axis, end=end)

    def reshape(self, x: Value, dims: Sequence[int | None]) -> Value:
        """`x` reshaped; one dimension may be None or -1 and follows from the others."""
        sizes = [-1 if size is None else size for size in dims]
        return self("Reshape", x, sizes, shape=tuple(None if size == -1 else size for size in sizes), allowzero=1)

    def transpose(self, x: Value, perm: Sequence[int]) -> Value:
        """`x` with its axes in the order `perm`, all non-negative."""
        shape = None if x.shape is None else tuple(x.shape[axis] for axis in perm)
        return self("Transpose", x, shape=shape, perm=list(perm))


def declared(tensor: Tensor) -> Value:
    """The Value of a tensor that the graph declares."""
    return Value(tensor.name, carrier(tensor.dtype), tensor.shape)
