"""Translation of a graph to ONNX: the bytes of a file that ONNX Runtime (1.20 or newer) and browsers run.

float16 graphs compute in float32, their weights widened: the reference semantics of a Core ML model. With
`precision="declared"` the result of every operation that is declared float16 is rounded to float16.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from inklens.coreml import onnx_proto
from inklens.coreml.ir import Argument, Graph, Node, Ref, Tensor
from inklens.coreml.onnx_builder import Emitter, Value, carried, carrier, declared
from inklens.coreml.ops import OPS, check, plain
from inklens.errors import ModelError

Precision = Literal["float32", "declared"]
Storage = Literal["float32", "float16", "int8"]

FOLD_LIMIT = 1 << 16  # elements up to which the result of an operation on constants is computed here
# What translations raise on arguments that are not what the operation takes, as in damaged files.
UNFIT = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)
SIZE_LIMIT = (1 << 31) - 1  # protobuf's limit for one file


def to_onnx(
    graph: Graph,
    *,
    precision: Precision = "float32",
    weights: Storage = "float32",
    name: str = "inklens",
    names: Mapping[str, str] | None = None,
    dtypes: Mapping[str, str] | None = None,
    dims: Mapping[str, tuple[str | int, ...]] | None = None,
    metadata: Mapping[str, str] | None = None,
    places: bool = False,
) -> bytes:
    """The ONNX file of `graph`; equal graphs give equal bytes.

    Inputs and outputs are float32, int32 or bool tensors under the graph's names, unless `names` (ours to theirs) and
    `dtypes` (our name to a NumPy dtype such as "uint8") say otherwise. `dims` names the dimensions of an input or
    output ("n", 28, 28, 1); unknown ones are called `<name>_<axis>`. `weights` stores constants of two or more
    dimensions as float16 (with a Cast) or int8 (one scale for each index of the first axis, with a
    DequantizeLinear). `metadata` become the file's metadata_props. With `places` the nodes have names, which begin
    with the operation's place in the model's file, for messages; else they have none, which makes the file smaller.

    Raises ModelError, naming every place, if the graph holds what cannot be translated.
    """
    check(graph)
    names, dtypes, dims = names or {}, dtypes or {}, dims or {}
    reserved = {item.name for item in graph.inputs} | {item.name for node in graph.nodes for item in node.outputs}
    emit = Emitter(sorted(reserved | set(names.values())), weights)
    values: dict[str, Value] = {}
    inputs, outputs, problems = [], [], []

    for item in graph.inputs:
        theirs = names.get(item.name, item.name)
        dtype = np.dtype(dtypes.get(item.name, carrier(item.dtype)))
        inputs.append(onnx_proto.value_info(theirs, dtype, _dims(item, theirs, dims)))
        values[item.name] = emit.cast(Value(theirs, dtype, item.shape), carrier(item.dtype))
        if precision == "declared" and item.dtype == "fp16":
            values[item.name] = _round(emit, values[item.name])

    for node in graph.nodes:
        emit.node = node
        try:
            results = _translate(emit, node, values)
            if len(results) < len(node.outputs):
                raise ModelError(f"it has {len(node.outputs)} outputs; expected {len(results)}")
        except (ModelError, *UNFIT) as error:
            problems.append(f"{node.op} (at {node.name}): {error}")
            results = tuple(declared(item) for item in node.outputs)
        for item, result in zip(node.outputs, results, strict=False):
            result = emit.cast(result, carrier(item.dtype))
            if precision == "declared" and item.dtype == "fp16":
                result = _round(emit, result)
            result = _settle(result, item, emit)
            values[item.name] = result
    if problems:
        raise ModelError(_count(len(problems), "operation") + " cannot be translated: " + "; ".join(problems))

    emit.node = None
    tensors = {item.name: item for item in [*graph.inputs, *(item for node in graph.nodes for item in node.outputs)]}
    for key in graph.outputs:
        theirs = names.get(key, key)
        value = emit.cast(values[key], dtypes.get(key, values[key].dtype))
        if value.name != theirs or value.constant is not None or key in {item.name for item in graph.inputs}:
            theirs = theirs if theirs not in {names.get(i.name, i.name) for i in graph.inputs} else emit.unique(theirs)
            value = emit.rename(value, theirs)
        outputs.append(onnx_proto.value_info(theirs, value.dtype, _dims(tensors[key], theirs, dims)))
    return _encode(emit, name, inputs, outputs, metadata or {}, places)


def _translate(emit: Emitter, node: Node, values: Mapping[str, Value]) -> tuple[Value, ...]:
    op = OPS[node.op]
    arguments = {key: _argument(emit, node, key, item, values) for key, item in node.arguments.items()}
    tensors, constants = op.bind(arguments)
    constants = {key: plain(_known(key, value)) for key, value in constants.items()}
    folded = _fold(op, tensors, constants, node)
    if folded is None:
        assert op.translate is not None
        result = op.translate(emit, *tensors, **constants)
        return result if isinstance(result, tuple) else (result,)
    return tuple(emit.constant(carried(np.asarray(item)), node.outputs[i].name) for i, item in enumerate(folded))


def _known(key: str, value: Any) -> Any:
    """The array of a constant parameter, or of each of its parts."""
    if isinstance(value, tuple):
        return tuple(_known(key, part) for part in value)
    if not isinstance(value, Value):
        return value
    if value.constant is None:
        raise ModelError(f"its parameter {key} must be a constant, but is the value {value.name}")
    return value.constant


def _argument(emit: Emitter, node: Node, key: str, item: Argument, values: Mapping[str, Value]) -> Any:
    if isinstance(item, Ref):
        return values[item.name]
    if isinstance(item, (np.ndarray, np.generic)):
        return emit.constant(carried(np.asarray(item)), f"{node.name}/{key}")
    if isinstance(item, tuple) and not all(isinstance(part, str) for part in item):
        return tuple(_argument(emit, node, key, part, values) for part in item)
    return item


def _fold(op: Any, tensors: list[Any], constants: dict[str, Any], node: Node) -> tuple[Any, ...] | None:
    """The results of an operation on constants, if they are small: shapes computed in a model become constants."""
    if node.op == "shape":
        shape = tensors[0].shape
        return None if shape is None or None in shape else (np.array(shape, np.int32),)
    flat = [part for item in tensors for part in (item if isinstance(item, tuple) else (item,))]
    known = all(not isinstance(part, Value) or part.constant is not None for part in flat)
    sizes = [math.prod(-1 if size is None else size for size in item.shape) for item in node.outputs]
    if not op.pure or not known or any(size < 0 or size > FOLD_LIMIT for size in sizes):
        return None
    arrays = [tuple(map(_constant, item)) if isinstance(item, tuple) else _constant(item) for item in tensors]
    with np.errstate(all="ignore"):
        result = op(*arrays, **constants)
    return result if isinstance(result, tuple) else (result,)


def _constant(item: Any) -> Any:
    return item.constant if isinstance(item, Value) else item


def _round(emit: Emitter, value: Value) -> Value:
    return emit.cast(emit.cast(value, np.float16), np.float32)


def _settle(result: Value, item: Tensor, emit: Emitter) -> Value:
    """The result under its declared name and shape; what merely passes through keeps its own name."""
    if result.constant is not None:
        return result
    fresh = emit.nodes and result.name in emit.nodes[-1][3] and emit.node is not None
    if fresh and result.name != item.name:
        result = emit.rename(result, item.name)
    shape = (
        item.shape
        if result.shape is None or len(result.shape) != len(item.shape)
        else tuple(ours if ours is not None else theirs for ours, theirs in zip(item.shape, result.shape, strict=True))
    )
    return Value(result.name, result.dtype, shape)


def _dims(item: Tensor, theirs: str, dims: Mapping[str, tuple[str | int, ...]]) -> tuple[str | int, ...]:
    unnamed = tuple(f"{theirs}_{axis}" if size is None else size for axis, size in enumerate(item.shape))
    return dims.get(item.name, unnamed)


def _encode(
    emit: Emitter, name: str, inputs: list[bytes], outputs: list[bytes], metadata: Mapping[str, str], places: bool
) -> bytes:
    total = sum(array.nbytes for array in emit.initializers.values())
    if total > SIZE_LIMIT:
        raise ModelError(f"the constants take {total:,} bytes; an ONNX file holds at most {SIZE_LIMIT:,}")
    nodes = [
        onnx_proto.node(op_type, place if places else "", read, written, attributes)
        for op_type, place, read, written, attributes in emit.nodes
    ]
    constants = [onnx_proto.tensor(key, array) for key, array in emit.initializers.items()]
    return onnx_proto.model(onnx_proto.graph(name, nodes, constants, inputs, outputs), metadata)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
