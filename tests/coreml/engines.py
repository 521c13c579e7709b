"""Run one operation, or a graph, through both engines, which must agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime

from inklens.coreml.ir import Graph, Node, Ref, Tensor
from inklens.coreml.onnx import to_onnx
from inklens.coreml.ops import OPS
from inklens.coreml.reference import evaluate

DTYPES = {"f": "fp32", "i": "int32", "b": "bool"}


@dataclass(frozen=True)
class Input:
    """An argument that is given when the model runs; other arrays are constants of the model."""

    array: np.ndarray


def run_onnx(data: bytes, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The outputs of an ONNX file that the onnx package's checker accepts."""
    onnx.checker.check_model(onnx.load_from_string(data))
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, settings, providers=["CPUExecutionProvider"])
    wanted = {item.name for item in session.get_inputs()}
    return session.run(None, {name: array for name, array in inputs.items() if name in wanted})


def graph_of(op: str, arguments: dict[str, Any], *, unknown: bool = False) -> tuple[Graph, dict[str, np.ndarray]]:
    """A graph of one node and what to feed it. With `unknown` no dimension is declared, only their number."""
    inputs: dict[str, np.ndarray] = {}

    def argument(key: str, value: Any) -> Any:
        if isinstance(value, Input):
            inputs[key] = value.array
            return Ref(key)
        if isinstance(value, tuple) and any(isinstance(part, (Input, np.ndarray)) for part in value):
            return tuple(argument(f"{key}_{index}", part) for index, part in enumerate(value))
        return value if isinstance(value, (str, np.ndarray)) else np.asarray(value)

    given = {key: argument(key, value) for key, value in arguments.items() if value is not None}
    plain = {key: _resolved(value, inputs) for key, value in given.items()}
    tensors, constants = OPS[op].bind(plain)
    from inklens.coreml.ops import plain as to_plain

    with np.errstate(all="ignore"):
        results = OPS[op](*tensors, **{key: to_plain(value) for key, value in constants.items()})
    results = results if isinstance(results, tuple) else (results,)

    def tensor(name: str, array: np.ndarray) -> Tensor:
        shape = (None,) * np.ndim(array) if unknown else np.shape(array)
        return Tensor(name, DTYPES[np.asarray(array).dtype.kind], shape)

    outputs = tuple(tensor(f"out{index}", array) for index, array in enumerate(results))
    node = Node(op, "node", given, outputs)
    names = tuple(item.name for item in outputs)
    return Graph(tuple(tensor(name, array) for name, array in inputs.items()), (node,), names), inputs


def _resolved(value: Any, inputs: dict[str, np.ndarray]) -> Any:
    if isinstance(value, Ref):
        return inputs[value.name]
    if isinstance(value, tuple):
        return tuple(_resolved(part, inputs) for part in value)
    return value


def both(op: str, *, unknown: bool = False, atol: float = 1e-5, rtol: float = 1e-4, **arguments: Any) -> Any:
    """The result of one operation, after both engines have given the same; a tuple where it has several results."""
    graph, inputs = graph_of(op, arguments, unknown=unknown)
    first = evaluate(graph, inputs)
    second = dict(zip(graph.outputs, run_onnx(to_onnx(graph), inputs), strict=True))
    for name, array in first.items():
        assert second[name].shape == array.shape
        assert second[name].dtype == array.dtype
        np.testing.assert_allclose(second[name], array, atol=atol, rtol=rtol)
    results = tuple(first.values())
    return results[0] if len(results) == 1 else results


def numbers(*shape: int, seed: int = 0, low: float = -3, high: float = 3) -> np.ndarray:
    """Random float32 numbers."""
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)
