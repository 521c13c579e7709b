"""The reference evaluation of a graph in NumPy: slower than ONNX Runtime, and its independent judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from inklens.coreml.ir import Argument, Graph, Node, Ref
from inklens.coreml.onnx import Precision
from inklens.coreml.onnx_builder import carried, carrier
from inklens.coreml.ops import OPS, check, plain
from inklens.errors import ModelError


def evaluate(
    graph: Graph, inputs: Mapping[str, np.ndarray], *, precision: Precision = "float32"
) -> dict[str, np.ndarray]:
    """The outputs of `graph` for `inputs`, by name, as float32, int32, int64 or bool arrays.

    With `precision="declared"` the result of every operation that is declared float16 is rounded to float16. Raises
    ModelError if an operation is not supported, an input is missing, or a value does not fit an operation.
    """
    check(graph)
    values: dict[str, np.ndarray] = {}
    for item in graph.inputs:
        if item.name not in inputs:
            raise ModelError(f"the input {item.name} is missing; given: {', '.join(sorted(inputs)) or 'none'}")
        values[item.name] = _declared(inputs[item.name], item.dtype, precision)
    last_use = {
        name: index
        for index, node in enumerate(graph.nodes)
        for item in node.arguments.values()
        for name in _refs(item)
    }
    for index, node in enumerate(graph.nodes):
        results = _run(node, values)
        for item, result in zip(node.outputs, results, strict=False):
            values[item.name] = _declared(result, item.dtype, precision)
        for name in {name for item in node.arguments.values() for name in _refs(item)}:
            if last_use[name] == index and name not in graph.outputs:
                del values[name]
    return {name: values[name] for name in graph.outputs}


def _run(node: Node, values: Mapping[str, np.ndarray]) -> tuple[np.ndarray, ...]:
    op = OPS[node.op]
    tensors, constants = op.bind({key: _argument(item, values) for key, item in node.arguments.items()})
    try:
        with np.errstate(all="ignore"):
            result = op(*tensors, **{key: plain(item) for key, item in constants.items()})
    except (ValueError, IndexError, TypeError, ZeroDivisionError, OverflowError, MemoryError) as error:
        raise ModelError(f"{node.op} (at {node.name}) cannot be computed: {error}") from error
    return result if isinstance(result, tuple) else (result,)


def _argument(item: Argument, values: Mapping[str, np.ndarray]) -> Any:
    if isinstance(item, Ref):
        return values[item.name]
    if isinstance(item, (np.ndarray, np.generic)):
        return carried(np.asarray(item))
    if isinstance(item, tuple) and not all(isinstance(part, str) for part in item):
        return tuple(_argument(part, values) for part in item)
    return item


def _refs(item: Argument) -> tuple[str, ...]:
    parts = item if isinstance(item, tuple) else (item,)
    return tuple(part.name for part in parts if isinstance(part, Ref))


def _declared(value: Any, dtype: str, precision: Precision) -> np.ndarray:
    array = np.asarray(value)
    if precision == "declared" and dtype == "fp16":
        with np.errstate(over="ignore"):
            array = array.astype(np.float16)
    return array.astype(carrier(dtype), copy=False)
