"""Core ML files from a graph of the intermediate representation.

The graph's operations bear MIL's names, so they are written one to one through coremltools' builder, as an ML Program
(`.mlpackage`, iOS 15; iOS 16 where weights are compressed) or as a NeuralNetwork (`.mlmodel`, iOS 13). The graph's one
input becomes a grey image, 0–255. With labels the file is a classifier with the outputs `classLabel` and
`classLabel_probs` in both formats.

Equal graphs give equal bytes: coremltools' random package ids and dates are replaced.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import shutil
import uuid
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from inklens.coreml.ir import Argument, Graph, Ref
from inklens.errors import MissingExtra
from inklens.lowering.graph import rename

IMAGE = "image"
PROBABILITIES = "classLabel_probs"
SPEC_FOLDER = "com.apple.CoreML"
PACKAGE_IDS = uuid.UUID("6f1c1d8c-5b0f-5f0e-9a55-0d5f4a1e0c11")  # our own namespace for ids that follow from the bytes


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What a file says of itself, beside the network. What is None or empty is left out."""

    description: str
    input_description: str
    output_descriptions: Mapping[str, str] = field(default_factory=dict)
    author: str | None = None
    licence: str | None = None
    version: str | None = None
    user_defined: Mapping[str, str] = field(default_factory=dict)


def write_mlpackage(
    graph: Graph,
    path: Path,
    *,
    labels: Sequence[str] | None,
    metadata: Metadata,
    compressed: bool = False,
    sizes: Sequence[tuple[int, int]] = (),
) -> None:
    """Writes a new ML Program package at `path`, which must not exist. `compressed`: the graph has constexpr nodes.

    sizes: widths and heights of the image that a fully convolutional network takes, the first by default; else only
    the graph's own.
    """
    ct = coremltools()
    with _quiet():
        model = _convert(
            graph,
            labels,
            sizes,
            convert_to="mlprogram",
            minimum_deployment_target=ct.target.iOS16 if compressed else ct.target.iOS15,
            compute_precision=ct.precision.FLOAT32,  # the graph says itself what is float16
        )
        spec = model.get_spec()
    for function in spec.mlProgram.functions.values():
        for block in function.block_specializations.values():
            _share_constants(block)
    _describe(spec, metadata)
    data = path / "Data" / SPEC_FOLDER
    (data / "weights").mkdir(parents=True)
    content = spec.SerializeToString(deterministic=True)
    (data / "model.mlmodel").write_bytes(content)
    shutil.copyfile(Path(model.weights_dir) / "weight.bin", data / "weights" / "weight.bin")
    (path / "Manifest.json").write_text(_manifest(content), encoding="utf-8")


def write_mlmodel(
    graph: Graph, path: Path, *, labels: Sequence[str] | None, metadata: Metadata, half: bool = False
) -> None:
    """Writes a NeuralNetwork file. `half`: convolution and dense weights are stored as float16."""
    if labels is not None:
        graph = rename(graph, {graph.outputs[0]: PROBABILITIES})
    with _quiet():
        spec = _convert(graph, labels, (), convert_to="neuralnetwork").get_spec()
    if half:
        _halve_weights(spec)
    _describe(spec, metadata)
    path.write_bytes(spec.SerializeToString(deterministic=True))


def coremltools() -> ModuleType:
    """The coremltools module, without its talk of missing Mac libraries. Raises MissingExtra where it is not."""
    try:
        with _quiet():
            import coremltools
            import coremltools.converters.mil  # the builder, which the package does not import by itself
    except ImportError as error:
        raise MissingExtra("exporting needs the train extra: pip install 'inklens[train]'") from error
    return coremltools


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps coremltools' warnings and progress bars off the terminal."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def _convert(graph: Graph, labels: Sequence[str] | None, sizes: Sequence[tuple[int, int]], **options: Any) -> Any:
    ct = coremltools()
    [image] = graph.inputs
    shapes = [(*image.shape[:2], height, width) for width, height in sizes]
    return ct.convert(
        _program(graph, bool(shapes), options.get("minimum_deployment_target", ct.target.iOS15)),
        source="milinternal",
        inputs=[
            ct.ImageType(
                name=image.name,
                shape=ct.EnumeratedShapes(shapes, default=shapes[0]) if shapes else image.shape,
                color_layout=ct.colorlayout.GRAYSCALE,
            )
        ],
        classifier_config=None if labels is None else ct.ClassifierConfig(list(labels)),
        pass_pipeline=ct.PassPipeline.EMPTY,  # the graph has been folded already
        skip_model_load=True,
        **options,
    )


def _program(graph: Graph, flexible: bool, target: Any) -> Any:
    """The graph as a coremltools program, operation by operation; `flexible`: its image may have any size."""
    from coremltools.converters.mil import Builder as mb  # noqa: N813  the name that coremltools documents
    from coremltools.converters.mil.mil import get_new_symbol

    shape = graph.inputs[0].shape
    if flexible:
        shape = (*shape[:2], get_new_symbol(), get_new_symbol())

    @mb.program(input_specs=[mb.TensorSpec(shape=shape)], opset_version=target)
    def program(image: Any) -> Any:  # coremltools calls the model's input as the parameter is called
        values = {IMAGE: image}

        def plain(argument: Argument) -> Any:
            match argument:
                case Ref(name):
                    return values[name]
                case tuple():
                    return tuple(plain(item) for item in argument)
                case np.ndarray() if argument.ndim == 0:
                    return argument[()]
            return argument

        for node in graph.nodes:
            arguments = {key: plain(argument) for key, argument in node.arguments.items()}
            values[node.name] = getattr(mb, node.op)(**arguments, name=node.name)
        return tuple(values[name] for name in graph.outputs)

    return program


def _share_constants(block: Any) -> None:
    """Lets equal constants of a MIL block be one, as strides, pads and flags of all layers mostly are.

    Halves the model.mlmodel of a small network, of which constants are the largest part.
    """
    keys: dict[str, bytes] = {}
    for operation in block.operations:
        if operation.type == "const":
            keys[operation.outputs[0].name] = operation.attributes["val"].SerializeToString(deterministic=True)
    counts = Counter(keys.values())
    shared: dict[bytes, str] = {}
    names: dict[str, str] = {}
    for name, key in keys.items():
        if counts[key] > 1:
            names[name] = shared.setdefault(key, f"shared_{len(shared)}")
    seen: set[str] = set()
    kept = []
    for operation in block.operations:
        if operation.type == "const" and (new := names.get(operation.outputs[0].name)) is not None:
            if new in seen:
                continue
            seen.add(new)
            operation.outputs[0].name = new
            operation.attributes["name"].immediateValue.tensor.strings.values[0] = new
        for argument in operation.inputs.values():
            for binding in argument.arguments:
                if binding.name in names:  # a label list stands in the argument itself, and has no name
                    binding.name = names[binding.name]
        kept.append(type(operation).FromString(operation.SerializeToString()))
    del block.operations[:]
    block.operations.extend(kept)


def _halve_weights(spec: Any) -> None:
    network = getattr(spec, spec.WhichOneof("Type"))
    for layer in network.layers:
        kind = layer.WhichOneof("layer")
        if kind not in ("convolution", "innerProduct"):
            continue
        weights = getattr(layer, kind).weights
        values = np.asarray(weights.floatValue, np.float32)
        weights.ClearField("floatValue")
        weights.float16Value = values.astype("<f2").tobytes()


def _describe(spec: Any, metadata: Metadata) -> None:
    description = spec.description
    description.input[0].shortDescription = metadata.input_description
    for output in description.output:
        output.shortDescription = metadata.output_descriptions.get(output.name, "")
    about = description.metadata
    version = about.userDefined["com.github.apple.coremltools.version"]
    about.Clear()
    about.shortDescription = metadata.description
    about.author = metadata.author or ""
    about.license = metadata.licence or ""
    about.versionString = metadata.version or ""
    about.userDefined["com.github.apple.coremltools.version"] = version
    for key, value in metadata.user_defined.items():
        about.userDefined[key] = value


def _manifest(content: bytes) -> str:
    """A package's list of items. Their ids need only differ from each other; these follow from the model's bytes."""

    def item(name: str, path: str, description: str) -> dict[str, str]:
        return {"author": SPEC_FOLDER, "description": description, "name": name, "path": f"{SPEC_FOLDER}/{path}"}

    digest = uuid.uuid5(PACKAGE_IDS, content.hex())
    model, weights = (str(uuid.uuid5(digest, name)) for name in ("model", "weights"))
    entries = {
        model: item("model.mlmodel", "model.mlmodel", "CoreML Model Specification"),
        weights: item("weights", "weights", "CoreML Model Weights"),
    }
    manifest = {"fileFormatVersion": "1.0.0", "itemInfoEntries": entries, "rootModelIdentifier": model}
    return json.dumps(manifest, indent=4, sort_keys=True)
