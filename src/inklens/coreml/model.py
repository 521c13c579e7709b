"""Load a Core ML model from a file, and predict with it on any operating system."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, overload

import numpy as np

from inklens.coreml.description import ArrayType, Description, read_description
from inklens.coreml.features import Label, default_array
from inklens.coreml.ir import Graph
from inklens.coreml.network_model import NETWORKS, NetworkModel
from inklens.coreml.package import find_model, read_spec
from inklens.coreml.pipeline import PipelineModel
from inklens.coreml.protobuf import Message, decode
from inklens.coreml.runner import Engine, Options, Precision
from inklens.coreml.simple_models import STEPS, GlueModel
from inklens.coreml.suppression import SuppressionModel
from inklens.errors import ModelError

PIPELINES = ("pipeline", "pipelineClassifier", "pipelineRegressor")
NEWEST_SPECIFICATION = 10
KINDS = ("mlProgram", *NETWORKS, *PIPELINES, "nonMaximumSuppression", *STEPS)


class Body(Protocol):
    """What computes a model's outputs: a network, a pipeline, a suppression of boxes, or a small step."""

    @property
    def kind(self) -> str: ...
    @property
    def labels(self) -> tuple[Label, ...]: ...
    @property
    def operations(self) -> Mapping[str, int]: ...
    def predict(self, features: Mapping[str, Any]) -> dict[str, Any]: ...
    def predict_batch(self, many: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]: ...


class Model:
    """A Core ML model that predicts as coremltools' `MLModel` does on a Mac.

    description: inputs and outputs; metadata: author, license, shortDescription, versionString and the model's own
    keys; labels: the classes in the order of the probabilities, or (); operations: how often each is used; kind: the
    member of the specification's `Type`, e.g. mlProgram; specification: its version.
    """

    def __init__(self, description: Description, body: Body, specification: int) -> None:
        self.description = description
        self.specification = specification
        self._body = body

    @property
    def kind(self) -> str:
        return self._body.kind

    @property
    def metadata(self) -> Mapping[str, str]:
        return self.description.metadata

    @property
    def labels(self) -> tuple[Label, ...]:
        return self._body.labels

    @property
    def operations(self) -> Mapping[str, int]:
        return dict(sorted(self._body.operations.items()))

    @overload
    def predict(self, features: Mapping[str, Any]) -> dict[str, Any]: ...
    @overload
    def predict(self, features: list[Mapping[str, Any]]) -> list[dict[str, Any]]: ...
    def predict(self, features: Mapping[str, Any] | list[Mapping[str, Any]]) -> dict[str, Any] | list[dict[str, Any]]:
        """The outputs for one set of inputs, by name; a list of sets gives a list, as `predict_batch` does.

        An image input takes a Pillow image of exactly the declared size and mode (L, RGB, or F for float16); an array
        input takes an array or what NumPy makes one of. Returns what coremltools returns on a Mac: arrays in the
        declared type, images as Pillow images (L, RGBA or F), a classifier's label as str or int, its probabilities
        as a dictionary. Raises ModelError for inputs that do not fit.
        """
        if isinstance(features, list):
            return self.predict_batch(features)
        return self._body.predict(self._complete(features))

    def predict_batch(self, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The outputs for many sets of inputs, run together where the network allows it."""
        return self._body.predict_batch([self._complete(features) for features in items])

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """The scores of a whole stack at once, float32 [n, classes], in the order of `labels`.

        images: for an image input uint8 [n, height, width], or [n, height, width, 3] (red first) for colour; for an
        array input [n, *shape]. Nothing is scaled or inverted: values go in as they are.
        """
        if not isinstance(self._body, NetworkModel):
            raise ModelError(f"a model of kind {self.kind} gives no probabilities for a stack of images; use predict")
        images = np.asarray(images)
        if images.dtype.kind not in "biuf":
            raise ModelError(f"images are numbers, not {images.dtype}")
        return self._body.scores_of(images)

    def graph(self) -> Graph:
        """The network as the intermediate representation, for inputs of the declared shapes.

        Pipelines and other models that are not one network raise ModelError.
        """
        if not isinstance(self._body, NetworkModel):
            raise ModelError(f"a model of kind {self.kind} is not one network, so it has no graph")
        return self._body.graph()

    def to_onnx(self, path: str | Path) -> Path:
        """Write the network as an ONNX file, beside `path` and then renamed; returns the path.

        Image inputs become float32 [1, channels, height, width] with values 0–255, a classifier's label goes away and
        its probabilities are an array. Pipelines and other models that are not one network raise ModelError.
        """
        from inklens.coreml.onnx import to_onnx
        from inklens.writing import write_whole

        if not isinstance(self._body, NetworkModel):
            raise ModelError(f"a model of kind {self.kind} is not one network, so it has no ONNX file")
        names = {}
        if self._body.scores is not None and self.description.predicted_probabilities:
            names[self._body.scores] = self.description.predicted_probabilities
        metadata = dict(self.metadata)
        if self.labels:
            metadata["labels"] = json.dumps(self.labels, ensure_ascii=False)
        data = to_onnx(self._body.graph(), names=names, metadata=metadata)
        path = Path(path)
        write_whole(path, lambda part: part.write_bytes(data))
        return path

    def _complete(self, features: Mapping[str, Any]) -> dict[str, Any]:
        """The features with defaults filled in; unknown and missing ones are refused."""
        if not isinstance(features, Mapping):
            raise ModelError(f"predict takes a dictionary of inputs by name, not {type(features).__name__}")
        inputs = self.description.inputs
        unknown = [repr(name) for name in features if all(name != feature.name for feature in inputs)]
        if unknown:
            known = ", ".join(repr(feature.name) for feature in inputs) or "none"
            raise ModelError(f"the model has no input {', '.join(unknown)}; it takes {known}")
        missing = [f"{one.name!r}, an {one.type}" for one in inputs if one.name not in features and not one.optional]
        if missing:
            raise ModelError(f"the model needs the input {'; and '.join(missing)}")
        complete = {name: value for name, value in features.items() if value is not None}
        for feature in inputs:
            kind = feature.type
            if feature.name not in complete and isinstance(kind, ArrayType) and kind.default is not None:
                complete[feature.name] = default_array(feature)
        return complete

    def __repr__(self) -> str:
        return f"<Core ML model: {self.kind}, specification {self.specification}>"


def load(
    path: str | Path,
    *,
    engine: Engine = "onnxruntime",
    precision: Precision = "float32",
    function: str | None = None,
    threads: int = 0,
) -> Model:
    """Read a `.mlmodel` file or a `.mlpackage` folder.

    engine: "onnxruntime", or "reference" for the slower evaluation in NumPy that judges it. precision: "declared"
    rounds the result of every operation that is declared float16 to float16, as typed execution does; "float32"
    computes in float32 throughout. function: one of a multifunction program's functions; its default if None.
    threads: for ONNX Runtime, 0 for as many as it likes.

    Raises ModelError for what is no model, is damaged, or has operations that are not supported, all of them named.
    """
    files = find_model(path)
    options = Options(engine, precision, threads)
    return from_spec(
        read_spec(files), model_folder=files.folder, options=options, function=function, what=str(files.path)
    )


def from_spec(
    data: bytes,
    *,
    model_folder: Path | None = None,
    weights_folder: Path | None = None,
    options: Options | None = None,
    function: str | None = None,
    what: str = "the model",
) -> Model:
    """A model from its serialized specification; the folders are where its `weight.bin` is looked for."""
    message = decode(data, "Model", what=what)
    return build(message, model_folder, weights_folder, options or Options(), function)


def build(
    model: Message,
    model_folder: Path | None,
    weights_folder: Path | None,
    options: Options,
    function: str | None = None,
) -> Model:
    """A model from its decoded message."""
    kind = model.which("Type")
    if kind not in KINDS:
        found = kind or next((f"type {number}" for number in model.unknown_fields()), "no type")
        raise ModelError(f"models of kind {found} are not supported. Supported: {', '.join(KINDS)}")
    if not 1 <= model.specificationVersion <= NEWEST_SPECIFICATION:
        raise ModelError(
            f"the model has specification version {model.specificationVersion}; 1 to {NEWEST_SPECIFICATION} are known"
        )
    description = read_description(model, function)
    if not description.outputs:
        raise ModelError("the model describes no output")
    body: Body
    if kind in PIPELINES:
        pipeline = model.pipeline if kind == "pipeline" else getattr(model, kind).pipeline
        stages = [
            _stage(one, number, model_folder, weights_folder, options) for number, one in enumerate(pipeline.models)
        ]
        body = PipelineModel(kind, description, stages)
    elif kind == "nonMaximumSuppression":
        body = SuppressionModel(model, description)
    elif kind in STEPS:
        body = GlueModel(model, description)
    else:
        body = NetworkModel(
            model,
            description,
            options,
            model_folder=model_folder,
            weights_folder=weights_folder,
            function=function,
        )
    return Model(description, body, model.specificationVersion)


def _stage(
    model: Message, number: int, model_folder: Path | None, weights_folder: Path | None, options: Options
) -> Model:
    try:
        return build(model, model_folder, weights_folder, options)
    except ModelError as problem:
        raise ModelError(f"model {number + 1} of the pipeline: {problem}") from None
