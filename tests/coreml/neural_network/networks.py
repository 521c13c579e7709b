"""Build NeuralNetwork files with coremltools and run their lowering through both engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import onnxruntime
from coremltools.models import datatypes
from coremltools.models.neural_network import NeuralNetworkBuilder

from inklens.coreml.ir import Graph
from inklens.coreml.neural_network import lower_for, rank5_shape
from inklens.coreml.neural_network.inputs import network_of
from inklens.coreml.onnx import to_onnx
from inklens.coreml.onnx_builder import carrier
from inklens.coreml.protobuf import Message, decode
from inklens.coreml.reference import evaluate


def builder(
    inputs: Mapping[str, Sequence[int]], outputs: Sequence[str], *, rank5: bool = False
) -> NeuralNetworkBuilder:
    """A builder of a network with array inputs; its outputs declare no shape."""
    return NeuralNetworkBuilder(
        [(name, datatypes.Array(*shape)) for name, shape in inputs.items()],
        [(name, None) for name in outputs],
        disable_rank5_shape_mapping=not rank5,
    )


def message(spec: Any) -> Message:
    """A coremltools specification as our decoder reads it."""
    return decode(spec.SerializeToString(), "Model")


def entered(model: Message, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays as they enter the graph: float32, of five dimensions in the old mapping."""
    network = network_of(model)
    arrays = {}
    for feature in model.description.input:
        if feature.name not in inputs:
            continue
        array = np.asarray(inputs[feature.name], np.float32)
        if feature.type.which("Type") == "multiArrayType" and not network.arrayInputShapeMapping:
            array = array.reshape(rank5_shape(array.shape, len(feature.type.multiArrayType.shape)))
        arrays[feature.name] = array
    return arrays


def lowered(spec: Any, inputs: Mapping[str, np.ndarray]) -> Graph:
    model = message(spec)
    return lower_for(model, entered(model, inputs))[0]


def run(spec: Any, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The raw outputs of a network, on which NumPy and ONNX Runtime agree.

    Every tensor of the graph is held against the shape and type that the lowering declared for it.
    """
    model = message(spec)
    arrays = entered(model, inputs)
    graph, _ = lower_for(model, arrays)
    tensors = {tensor.name: tensor for node in graph.nodes for tensor in node.outputs}
    values = evaluate(replace(graph, outputs=tuple(tensors)), arrays)
    for name, tensor in tensors.items():
        shape = values[name].shape
        fits = len(shape) == len(tensor.shape) and all(d in (None, s) for d, s in zip(tensor.shape, shape, strict=True))
        assert fits, f"{name} is declared {tensor.shape} and computed as {shape}"
        assert values[name].dtype == carrier(tensor.dtype)
    results = {name: values[name] for name in graph.outputs}
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    session = onnxruntime.InferenceSession(to_onnx(graph), options, providers=["CPUExecutionProvider"])
    names = list(graph.outputs)
    for name, value in zip(
        names, session.run(names, {one.name: arrays[one.name] for one in graph.inputs}), strict=True
    ):
        np.testing.assert_allclose(value, results[name], rtol=1e-4, atol=1e-4)
    return results


def run_layer(
    add: Callable[[NeuralNetworkBuilder], object],
    *inputs: np.ndarray,
    rank5: bool = False,
    outputs: Sequence[str] = ("output",),
) -> np.ndarray | list[np.ndarray]:
    """One layer that reads x0, x1 … and writes `outputs`; its result, or a list of several."""
    arrays = {f"x{place}": array for place, array in enumerate(inputs)}
    network = builder({name: array.shape for name, array in arrays.items()}, outputs, rank5=rank5)
    add(network)
    results = run(network.spec, arrays)
    return results["output"] if tuple(outputs) == ("output",) else [results[name] for name in outputs]


def check(expected: Any, result: Any, tolerance: float = 2e-5) -> None:
    """Equal shapes, and values within `tolerance` (relative above 1)."""
    expected = np.asarray(expected)
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, rtol=tolerance, atol=tolerance)
