"""Lower Core ML's NeuralNetwork format (specification 1 to 8) to the operations of the intermediate representation.

`lower_neural_network(model, input_shapes)` takes a decoded `Model` message that holds a neuralNetwork, a
neuralNetworkClassifier or a neuralNetworkRegressor. The format declares no shapes between the input and the output, so
a graph holds for the shapes it was lowered for; `input_shapes(model)` gives those that the file declares.

How inputs enter the graph, always as fp32:

- an image as [1, C, H, W], or [1, 1, C, H, W] where `imageInputShapeMapping` is rank 5 (all files before specification
  4), with values from 0 to 255 and its channels in the declared order; its preprocessing is part of the graph;
- an array in its own shape, or where `arrayInputShapeMapping` is rank 5 as [Seq, B, C, H, W]: `rank5_shape`.

Outputs are the raw tensors: of a classifier first its probabilities (`labelProbabilityLayerName`, or the last layer's
output), then the other declared outputs that a layer computes. Everything that depends on the batch alone stays in the
leading axes, so [N, 1, C, H, W] and [N, C, H, W] are computed as N images wherever the layers allow it.

Source: NeuralNetwork.proto of Core ML's specification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from inklens.coreml.ir import Graph
from inklens.coreml.neural_network import (  # importing a family registers its layers
    activation,
    constants,
    convolution,
    elementwise,
    image,
    indexing,
    joining,
    linear,
    normalization,
    pooling,
    recurrent,
    reduction,
    shaping,
)
from inklens.coreml.neural_network.builder import Blob, Builder, ValueNeeded, constant
from inklens.coreml.neural_network.inputs import KINDS, declared_outputs, input_shapes, network_of, rank5_shape
from inklens.coreml.neural_network.layer import LOWERINGS, Layer
from inklens.coreml.neural_network.preprocessing import prepared
from inklens.coreml.protobuf import Message
from inklens.errors import ModelError

FAMILIES = (
    activation, constants, convolution, elementwise, image, indexing, joining, linear, normalization, pooling,
    recurrent, reduction, shaping,
)  # fmt: skip


def lower_neural_network(
    model: Message,
    shapes: Mapping[str, Sequence[int | None]],
    values: Mapping[str, np.ndarray] | None = None,
) -> Graph:
    """The graph of `model` for inputs of `shapes`, as they enter it (see above).

    `values` fixes inputs that decide the shapes of others (a number of boxes, a target shape); the graph does not have
    them as inputs then. ValueNeeded, a ModelError, names the inputs that must be fixed. Raises ModelError that names
    every layer that is not supported, or the first one that does not fit its input.
    """
    check_supported(model)
    network = network_of(model)
    build = Builder()
    blobs: dict[str, Blob] = {}
    fixed = dict(values or {})
    for feature in model.description.input:
        name = feature.name
        if name in fixed:
            blobs[name] = constant(np.asarray(fixed[name], np.float32))
        elif name in shapes:
            blobs[name] = build.input(name, tuple(shapes[name]))
    images = {
        feature.name: feature.type.imageType
        for feature in model.description.input
        if feature.type.which("Type") == "imageType" and feature.name in blobs
    }
    with np.errstate(all="ignore"):
        blobs = prepared(build, blobs, images, network.preprocessing)
        for number, layer in enumerate(network.layers):
            _lower_layer(build, blobs, layer, number)
    return build.graph(declared_outputs(model, blobs), blobs)


def lower_for(model: Message, inputs: Mapping[str, np.ndarray]) -> tuple[Graph, frozenset[str]]:
    """The graph for these inputs, as they enter it, and the names of those that had to be fixed to their values."""
    fixed: frozenset[str] = frozenset()
    shapes = {name: array.shape for name, array in inputs.items()}
    while True:
        try:
            return lower_neural_network(model, shapes, {name: inputs[name] for name in fixed}), fixed
        except ValueNeeded as problem:
            if not problem.inputs - fixed or not problem.inputs <= set(inputs):
                raise
            fixed |= problem.inputs


def check_supported(model: Message) -> None:
    """Raise one ModelError for all layers of `model` that no lowering exists for."""
    missing = []
    for number, layer in enumerate(network_of(model).layers):
        kind = layer.which("layer")
        if kind in LOWERINGS or kind == "copy":
            continue
        if kind == "custom":
            kind = f"custom {layer.custom.className}".strip()
        elif kind is None:
            numbers = [field for field in layer.unknown_fields() if field >= 100]
            kind = f"a layer of a newer specification ({numbers[0]})" if numbers else "a layer without a kind"
        missing.append(f"{kind} (at layer {_place(layer, number)})")
    if missing:
        what = "1 layer is" if len(missing) == 1 else f"{len(missing)} layers are"
        supported = ", ".join(sorted([*LOWERINGS, "copy"], key=str.lower))
        raise ModelError(f"{what} not supported: {', '.join(missing)}. Supported: {supported}.")


def _place(layer: Message, number: int) -> str:
    return layer.name or f"number {number + 1}"


def _lower_layer(build: Builder, blobs: dict[str, Blob], layer: Message, number: int) -> None:
    """Add the layer's outputs to `blobs`."""
    kind = layer.which("layer") or ""
    build.place = _place(layer, number)
    where = f"layer {build.place} ({kind})"
    if absent := [name for name in layer.input if name not in blobs]:
        raise ModelError(f"{where} reads {', '.join(map(repr, absent))}, which no input or earlier layer gives")
    overwritten = [name for name in layer.output if name in blobs]
    if overwritten and kind != "copy":
        raise ModelError(f"{where} gives {', '.join(map(repr, overwritten))}, which exists already")
    inputs = tuple(blobs[name] for name in layer.input)
    entry = Layer(build.place, kind, getattr(layer, kind), inputs, len(layer.output), build)
    try:
        lowered = entry.input if kind == "copy" else LOWERINGS[kind](entry)
        results = [lowered] if isinstance(lowered, Blob) else list(lowered)
        results = [build.cast(result, "fp32") for result in results]
    except ValueNeeded as problem:
        raise ValueNeeded(f"{where}: {problem}", problem.inputs) from None
    except ModelError as problem:
        raise ModelError(f"{where}: {problem}") from None
    except (ValueError, TypeError, IndexError, ArithmeticError, AttributeError, MemoryError) as problem:
        shapes = ", ".join(str(blob.shape) for blob in inputs)
        raise ModelError(f"{where} cannot be computed for inputs of shapes {shapes}: {problem}") from problem
    if len(results) != len(layer.output):
        raise ModelError(f"{where} names {len(layer.output)} outputs; it has {len(results)}")
    blobs.update(zip(layer.output, results, strict=True))


__all__ = [
    "KINDS", "ValueNeeded", "check_supported", "input_shapes", "lower_for", "lower_neural_network", "rank5_shape",
]  # fmt: skip
