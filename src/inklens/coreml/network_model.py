"""Neural networks and ML Programs behind a model's description: from features to tensors, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inklens.coreml.description import ArrayType, Description, Feature, ImageType
from inklens.coreml.features import (
    Label,
    array_output,
    array_to_image,
    class_labels,
    classify,
    default_array,
    image_to_array,
    pixels_to_array,
    scalar_output,
    to_array,
)
from inklens.coreml.ir import Graph, Ref
from inklens.coreml.program import lower_program, split_classify
from inklens.coreml.protobuf import Message
from inklens.coreml.runner import Arrays, Network, Options
from inklens.errors import ModelError

NETWORKS = ("neuralNetwork", "neuralNetworkClassifier", "neuralNetworkRegressor")


class NetworkModel:
    """One network. `scores` is the tensor that a classifier's label and probabilities are made of, or None."""

    def __init__(
        self,
        model: Message,
        description: Description,
        options: Options,
        *,
        model_folder: Path | None = None,
        weights_folder: Path | None = None,
        function: str | None = None,
    ) -> None:
        self.description = description
        self.kind: str = model.which("Type") or ""
        self._message = model
        self.scores: str | None = None
        self.labels: tuple[Label, ...] = ()
        made_of: dict[str, str] = {}  # names that the program gives what its classify operation makes
        if self.kind == "mlProgram":
            graph = lower_program(model, weights_folder, function, model_folder=model_folder)
            graph, node = split_classify(graph)
            if node is not None:
                probabilities, classes = node.arguments["probabilities"], node.arguments.get("classes")
                assert isinstance(probabilities, Ref)
                self.scores, self.labels = probabilities.name, _labels(classes)
                made_of = dict.fromkeys((tensor.name for tensor in node.outputs), self.scores)
            self.network = Network(lambda _: (graph, frozenset()), fixed=True, options=options)
            self.operations = Counter(one.op for one in graph.nodes) + Counter({"classify": int(node is not None)})
            self._check_interface(graph, made_of)
            self.network.runner({})
        else:
            network = getattr(model, self.kind)
            self.operations = Counter(layer.which("layer") or "unknown" for layer in network.layers)
            if self.kind == "neuralNetworkClassifier":
                self.labels = class_labels(network)
            self.network = Network(self._lower, fixed=False, options=options)
            self._prepare()

    def _check_interface(self, graph: Graph, made_of: Mapping[str, str]) -> None:
        given = {feature.name for feature in self.description.inputs}
        for tensor in graph.inputs:
            if tensor.name not in given:
                raise ModelError(f"the program takes {tensor.name!r}, which the model's description does not have")
        for feature in self.description.outputs:
            if feature.name not in graph.outputs and feature.name not in made_of and not self._is_label(feature):
                raise ModelError(f"the model's description has the output {feature.name!r}, which nothing computes")
            if feature.name in made_of and not self._is_label(feature):
                raise ModelError(f"the output {feature.name!r} is a classifier's, but is not described as one")

    def _is_label(self, feature: Feature) -> bool:
        """Whether a classifier makes this output of its scores."""
        if not self.labels:
            return False
        names = (self.description.predicted_feature, self.description.predicted_probabilities)
        return feature.name in names or str(feature.type).startswith(("dictionary", "string"))

    def _lower(self, inputs: Arrays) -> tuple[Graph, frozenset[str]]:
        from inklens.coreml.neural_network import lower_for

        graph, fixed = lower_for(self._message, inputs)
        if self.kind == "neuralNetworkClassifier":
            self.scores = graph.outputs[0]
        return graph, fixed

    def _prepare(self) -> None:
        """Lower for the declared shapes, so that what cannot run is refused when the file is read.

        Where shapes or values are known only with the first prediction (no shape declared, a sequence and a batch in
        front of it, inputs that decide shapes), the layers' kinds alone are checked.
        """
        from inklens.coreml.neural_network import ValueNeeded, check_supported, lower_neural_network

        check_supported(self._message)
        by_rank5 = not getattr(self._message, self.kind).arrayInputShapeMapping
        inputs = {}
        open_shapes = flexible = False
        for feature in self.description.inputs:
            kind = feature.type
            if isinstance(kind, ImageType):
                inputs[feature.name] = np.broadcast_to(np.float32(0), (kind.channels, kind.height, kind.width))
            elif isinstance(kind, ArrayType):
                open_shapes = open_shapes or by_rank5 or not kind.shape
                flexible = flexible or bool(kind.ranges or kind.shapes)
                inputs[feature.name] = np.broadcast_to(np.float32(0), kind.shape)
            else:
                raise ModelError(f"the network's input {feature.name!r} is a {kind}; it takes images and arrays")
        if open_shapes:
            return
        ready = {name: self._enter(self.description.input(name), value) for name, value in inputs.items()}
        if any(isinstance(feature.type, ArrayType) for feature in self.description.inputs):
            try:
                lower_neural_network(self._message, {name: value.shape for name, value in ready.items()})
            except ValueNeeded:
                return
            except ModelError:
                if flexible:  # the default shape may be no more than the least of a range, and fit no layer
                    return
                raise
        self.network.runner(ready)

    # From features to tensors.

    def encode(self, features: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The network's inputs, one item, as they enter it."""
        arrays = {}
        for feature in self.description.inputs:
            arrays[feature.name] = self._enter(feature, self._value(feature, features))
        return arrays

    def _value(self, feature: Feature, features: Mapping[str, Any]) -> np.ndarray:
        if isinstance(feature.type, ImageType):
            if feature.name not in features:  # an optional image has no default
                return np.zeros((feature.type.channels, feature.type.height, feature.type.width), np.float32)
            return image_to_array(feature, features[feature.name])
        if not isinstance(feature.type, ArrayType):
            raise ModelError(f"the network's input {feature.name!r} is a {feature.type}; it takes images and arrays")
        if feature.name not in features:
            return default_array(feature)
        array = to_array(feature, features[feature.name])
        if not feature.type.accepts(array.shape) and not self._any_rank(feature.type, array):
            raise ModelError(
                f"the input {feature.name!r} takes an {feature.type}, not one of shape {list(array.shape)}"
            )
        return array

    def _any_rank(self, kind: ArrayType, array: np.ndarray) -> bool:
        """Networks of five dimensions take [C] or [C, H, W] with a sequence and a batch in front, too."""
        if self.kind not in NETWORKS or getattr(self._message, self.kind).arrayInputShapeMapping != 0:
            return False
        fits = {1: (3, 5), 3: (4, 5)}.get(len(kind.shape), ())
        inner = [size for size in array.shape[2 if array.ndim != 4 else 1 :] if size != 1]
        return array.ndim in fits and inner == [size for size in kind.shape if size != 1]

    def _enter(self, feature: Feature, value: np.ndarray) -> np.ndarray:
        """An image [C, H, W] or an array in the shape in which the network takes it."""
        if self.kind == "mlProgram":
            return value
        from inklens.coreml.neural_network import rank5_shape

        network = getattr(self._message, self.kind)
        if isinstance(feature.type, ImageType):
            return value[None] if network.imageInputShapeMapping else value[None, None]
        assert isinstance(feature.type, ArrayType)
        if network.arrayInputShapeMapping:
            return value
        return value.reshape(rank5_shape(value.shape, len(feature.type.shape)))

    # From tensors to features.

    def decode(self, arrays: Arrays) -> dict[str, Any]:
        """What a caller gets, of one item's outputs."""
        result: dict[str, Any] = {}
        label, probabilities = None, None
        if self.labels and self.scores is not None:
            label, probabilities = classify(self.labels, arrays[self.scores])
        for feature in self.description.outputs:
            if self._is_label(feature):
                is_dictionary = str(feature.type).startswith("dictionary")
                result[feature.name] = probabilities if is_dictionary else label
            elif feature.name not in arrays:
                raise ModelError(f"the network does not compute the output {feature.name!r}")
            elif isinstance(feature.type, ImageType):
                result[feature.name] = array_to_image(feature, arrays[feature.name])
            elif isinstance(feature.type, ArrayType):
                result[feature.name] = array_output(feature, arrays[feature.name])
            elif str(feature.type) in ("int64", "double"):
                result[feature.name] = scalar_output(feature, arrays[feature.name])
            else:
                raise ModelError(f"the network computes an array for the output {feature.name!r}, a {feature.type}")
        return result

    # What a model does.

    def predict(self, features: Mapping[str, Any]) -> dict[str, Any]:
        return self.decode(self.network.run(self.encode(features)))

    def predict_batch(self, many: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        items = [self.encode(features) for features in many]
        alike = all(
            item.keys() == items[0].keys() and all(value.shape == items[0][name].shape for name, value in item.items())
            for item in items
        )
        if len(items) < 2 or not alike:
            return [self.decode(self.network.run(item)) for item in items]
        outputs = self.network.run_batch({name: np.stack([item[name] for item in items]) for name in items[0]})
        return [self.decode({name: value[index] for name, value in outputs.items()}) for index in range(len(items))]

    def scores_of(self, images: np.ndarray) -> np.ndarray:
        """The scores of a stack of inputs for the only input, float32 [n, classes]; see `Model.probabilities`."""
        if len(self.description.inputs) != 1:
            names = ", ".join(feature.name for feature in self.description.inputs)
            raise ModelError(f"the model takes {len(self.description.inputs)} inputs ({names}), not one image")
        feature = self.description.inputs[0]
        stack = _stack(feature, images)
        if not len(stack):
            return np.empty((0, len(self.labels)), np.float32)
        entered = np.stack([self._enter(feature, stack[0])])
        many = stack.reshape(len(stack), *entered.shape[1:])
        outputs = self.network.run_batch({feature.name: many})
        name = self.scores
        if name is None:
            arrays = [one.name for one in self.description.outputs if isinstance(one.type, ArrayType)]
            if len(arrays) != 1:
                raise ModelError("the model is no classifier, and has not one array output to take for its scores")
            name = arrays[0]
        scores = outputs[name].reshape(len(stack), -1).astype(np.float32, copy=False)
        if self.labels and scores.shape[1] != len(self.labels):
            raise ModelError(f"the model computes {scores.shape[1]} probabilities for {len(self.labels)} class labels")
        return scores

    def graph(self) -> Graph:
        """The graph for inputs of the declared shapes."""
        zeros = {
            feature.name: np.zeros((feature.type.channels, feature.type.height, feature.type.width), np.float32)
            if isinstance(feature.type, ImageType)
            else default_array(feature)
            for feature in self.description.inputs
        }
        ready = {name: self._enter(self.description.input(name), value) for name, value in zeros.items()}
        return self.network.runner(ready).graph


def _labels(classes: Any) -> tuple[Label, ...]:
    """The labels that MIL's `classify` names: texts, or int64 numbers."""
    if isinstance(classes, tuple) and all(isinstance(label, str) for label in classes):
        return classes
    if isinstance(classes, np.ndarray) and classes.dtype.kind in "iu":
        return tuple(int(label) for label in classes.reshape(-1))
    raise ModelError("the program's classify operation has no class labels")


def _stack(feature: Feature, images: np.ndarray) -> np.ndarray:
    """A stack of pictures or arrays as float32, [n, channels, height, width] or [n, *shape]."""
    kind = feature.type
    shape = tuple(images.shape[1:])
    if isinstance(kind, ImageType):
        colour = () if kind.channels == 1 else (3,)
        if len(shape) != 2 + len(colour) or shape[2:] != colour or not kind.accepts(shape[1], shape[0]):
            raise ModelError(f"the input {feature.name!r} takes an {kind}, not pictures of shape {list(shape)}")
        return pixels_to_array(kind, images)
    if not isinstance(kind, ArrayType) or not kind.accepts(shape):
        raise ModelError(f"the input {feature.name!r} takes an {kind}, not arrays of shape {list(shape)}")
    return images.astype(kind.dtype)
