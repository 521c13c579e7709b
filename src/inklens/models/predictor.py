"""Models as functions: from images to probabilities, whether a trained run, Core ML or ONNX."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from inklens.errors import ModelError
from inklens.models.contract import CONTRACT_KEY, ClassifierContract, parse_contract
from inklens.models.shipped import SHIPPED, shipped_path

if TYPE_CHECKING:
    from inklens.training.run import Run

Precision = Literal["float32", "declared"]
Scale = Literal["0-1", "0-255", "-1-1"]
Ink = Literal["bright", "dark"]
Storage = Literal["float32", "float16", "compressed"]

CORE_ML_SUFFIXES = (".mlpackage", ".mlmodel")
BATCH = 1000  # images at once: their activations stay small, and the call's own cost vanishes
SIZE = 28
WEIGHTS_KEY = "inklens.weights"  # in a file's metadata: how `inklens export` stored its weights
ONNX_DTYPES = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32, "tensor(float16)": np.float16}
ONNX_INT8, ONNX_FLOAT16 = 3, 10  # of TensorProto.DataType
ONNX_MODEL_GRAPH, ONNX_GRAPH_OUTPUT = 7, 12  # field numbers of onnx.proto


@dataclass(frozen=True)
class Predictor:
    """A function from images, uint8 [n, 28, 28] with ink bright on 0, to probabilities, float32 [n, classes].

    name: what messages call the model. labels: one for each class, in order. storage: how the file keeps its weights.
    takes_fractions: whether float32 images are taken too (values are handed on as they are); an ONNX file with a
    uint8 input does not. bytes: the size of the file or of a package's files, None for a run. contract: what a file
    of ours says of itself. predict_declared: where the file declares float16 results, the function that rounds to
    them. trace: from one image, uint8 [28, 28], to the values of all operations by name, where the model shows them.
    """

    name: str
    labels: tuple[str, ...]
    predict: Callable[[np.ndarray], np.ndarray]
    storage: Storage = "float32"
    takes_fractions: bool = True
    bytes: int | None = None
    contract: ClassifierContract | None = None
    predict_declared: Callable[[np.ndarray], np.ndarray] | None = None
    trace: Callable[[np.ndarray], Mapping[str, np.ndarray]] | None = None

    def __repr__(self) -> str:
        return f"<Predictor {self.name}: {len(self.labels)} classes>"

    def declared(self) -> Predictor:
        """The same model with each result rounded as the file declares it; itself where it declares no float16."""
        return self if self.predict_declared is None else replace(self, predict=self.predict_declared)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Raises ModelError for images of another shape or dtype, or if the model fails on them."""
        images = np.asarray(images)
        if images.ndim != 3 or images.shape[1:] != (SIZE, SIZE):
            raise ModelError(f"{self.name} takes images [n, {SIZE}, {SIZE}], not {list(images.shape)}")
        if images.dtype != np.uint8 and not (self.takes_fractions and images.dtype == np.float32):
            raise ModelError(f"{self.name} takes images of dtype uint8, pixels 0–255, not {images.dtype}")
        parts = [self.predict(images[start : start + BATCH]) for start in range(0, len(images), BATCH)]
        if not parts:
            return np.zeros((0, len(self.labels)), np.float32)
        return np.concatenate(parts).astype(np.float32, copy=False)


def load_predictor(
    path: str | Path,
    *,
    precision: Precision = "float32",
    scale: Scale | None = None,
    ink: Ink | None = None,
    threads: int = 0,
) -> Predictor:
    """The predictor of a run folder, `.keras`, `.mlpackage`, `.mlmodel` or `.onnx` file, or the shipped `namer`.

    precision: for Core ML, `declared` rounds each result that the file declares float16, as a device that computes in
    float16 does; `float32` computes all in float32. scale, ink: what a `.keras` file was trained on; other files say
    so themselves. threads: of ONNX Runtime, 0 for as many as it likes. Raises ModelError, RunError or MissingExtra.
    """
    path = Path(path)
    if str(path) in SHIPPED and not path.exists():
        path = shipped_path(str(path))
    if not path.exists():
        raise ModelError(f"there is no model at {path}")
    if path.suffix in CORE_ML_SUFFIXES:
        return _core_ml(path, precision, threads)
    if path.suffix == ".onnx":
        return _onnx(path, threads)
    if path.is_dir() or path.suffix == ".keras":
        from inklens.models.keras_model import load_source

        source = load_source(path, scale=scale, ink=ink)
        return Predictor(source.name, source.labels, source.predict, trace=source.trace)
    raise ModelError(
        f"{path} is no model that inklens knows; expected a run folder or a .keras, .mlpackage, .mlmodel or .onnx file"
    )


def as_predictor(
    model: Predictor | Run | str | Path, *, scale: Scale | None = None, ink: Ink | None = None, threads: int = 0
) -> Predictor:
    """A predictor as it is; a run, a run folder or a model file as `load_predictor` opens it."""
    if isinstance(model, Predictor):
        return model
    path = model if isinstance(model, str | Path) else model.path
    return load_predictor(path, scale=scale, ink=ink, threads=threads)


def file_bytes(path: Path) -> int:
    """The size of a file, or of all files of a folder."""
    return sum(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())


def read_contract(metadata: Mapping[str, str], name: str) -> ClassifierContract | None:
    """The classifier's contract among a file's metadata, or None. Raises ContractError for a broken or unknown one."""
    if CONTRACT_KEY not in metadata:
        return None
    contract = parse_contract(metadata[CONTRACT_KEY])
    if not isinstance(contract, ClassifierContract):
        raise ModelError(f"{name} is a {contract.kind}; expected a classifier")
    return contract


def _core_ml(path: Path, precision: Precision, threads: int) -> Predictor:
    from inklens import coreml
    from inklens.coreml.reference import evaluate

    model = coreml.load(path, threads=threads)
    graph = model.graph()
    half = any(output.dtype == "fp16" for node in graph.nodes for output in node.outputs)
    rounded = coreml.load(path, precision="declared", threads=threads) if half else None

    def ask(model: coreml.Model) -> Callable[[np.ndarray], np.ndarray]:
        [image] = model.description.inputs
        return lambda images: model.probabilities(_fitted(images, image.type, path.name))

    def trace(image: np.ndarray) -> Mapping[str, np.ndarray]:
        names = tuple(output.name for node in graph.nodes for output in node.outputs)
        return evaluate(replace(graph, outputs=names), {graph.inputs[0].name: image[None, None]})

    if len(model.description.inputs) != 1:
        names = ", ".join(feature.name for feature in model.description.inputs)
        raise ModelError(f"{path.name} has {len(model.description.inputs)} inputs ({names}); expected one image")
    classes = ask(model)(np.zeros((1, SIZE, SIZE), np.uint8)).shape[1]
    predictor = Predictor(
        path.name,
        tuple(str(label) for label in model.labels) or tuple(str(index) for index in range(classes)),
        ask(model),
        storage=_storage(model.metadata, "float16" if half else "float32"),
        bytes=file_bytes(path),
        contract=read_contract(model.metadata, path.name),
        predict_declared=None if rounded is None else ask(rounded),
        trace=trace,
    )
    return predictor.declared() if precision == "declared" else predictor


def _storage(metadata: Mapping[str, str], otherwise: Storage) -> Storage:
    """How a file keeps its weights: as it says, else as its types tell."""
    said = metadata.get(WEIGHTS_KEY)
    if said is None:
        return otherwise
    return "compressed" if said.endswith("bit") else "float16" if said == "float16" else "float32"


def _fitted(images: np.ndarray, kind: Any, name: str) -> np.ndarray:
    """The images in the form that a Core ML input takes: stretched as Vision's `scaleFill` does, grey as colour."""
    from PIL import Image

    from inklens.coreml.description import ArrayType, ImageType

    if isinstance(kind, ArrayType):
        if math.prod(kind.shape) not in (SIZE * SIZE, 0):
            raise ModelError(f"{name} takes an {kind}; expected one grey image of {SIZE} × {SIZE}")
        return images.reshape(len(images), *(kind.shape or (1, SIZE, SIZE)))
    if not isinstance(kind, ImageType):
        raise ModelError(f"{name} takes a {kind}; expected an image")
    if (kind.width, kind.height) != (SIZE, SIZE):
        size = kind.width, kind.height
        pictures = (Image.fromarray(image).resize(size, Image.Resampling.BILINEAR) for image in images)
        images = np.stack([np.asarray(picture, images.dtype) for picture in pictures])
    return images if kind.channels == 1 else np.repeat(images[..., None], 3, axis=3)


def _onnx(path: Path, threads: int) -> Predictor:
    session = onnx_session(path, path, threads=threads)
    inputs, outputs = session.get_inputs(), session.get_outputs()
    metadata = dict(session.get_modelmeta().custom_metadata_map)
    contract = read_contract(metadata, path.name)
    required = [
        item for item in inputs if item.name not in {extra.name for extra in session.get_overridable_initializers()}
    ]
    if len(required) != 1:
        raise ModelError(
            f"{path.name} has {len(required)} inputs ({', '.join(item.name for item in required)}); expected one image"
        )
    [image] = required
    output = next((item for item in outputs if item.name == "probabilities"), None)
    output = output or next((item for item in outputs if item.type == "tensor(float)"), None)
    if output is None:
        kinds = ", ".join(f"{item.name} {item.type}" for item in outputs)
        raise ModelError(f"{path.name} has no output of float probabilities, only {kinds}")
    shape, batch = _onnx_shape(path.name, image)
    dtype = ONNX_DTYPES.get(image.type)
    if dtype is None:
        raise ModelError(f"{path.name} takes {image.type}; expected uint8 or float pixels")

    def run(images: np.ndarray) -> np.ndarray:
        (answer,) = session.run([output.name], {image.name: images.reshape(-1, *shape).astype(dtype)})
        return np.asarray(answer, np.float32).reshape(len(images), -1)

    def predict(images: np.ndarray) -> np.ndarray:
        step = batch or len(images)
        if len(images) % step:
            raise ModelError(f"{path.name} takes {step} images at once, not {len(images)}")
        try:
            return np.concatenate([run(images[start : start + step]) for start in range(0, len(images), step)])
        except Exception as error:  # ONNX Runtime has no public root of its exceptions
            raise ModelError(f"{path.name} cannot be run: {_first_line(error)}") from error

    if contract is not None:
        labels = contract.labels
    elif "labels" in metadata:
        labels = tuple(json.loads(metadata["labels"]))
    else:
        classes = predict(np.zeros((batch or 1, SIZE, SIZE), np.uint8)).shape[1]
        labels = tuple(str(index) for index in range(classes))
    return Predictor(
        path.name,
        labels,
        predict,
        storage=_storage(metadata, _onnx_storage(path)),
        takes_fractions=dtype is not np.uint8,
        bytes=file_bytes(path),
        contract=contract,
        trace=_onnx_trace(path),
    )


def onnx_session(model: bytes | Path, path: Path, *, threads: int = 0) -> Any:
    """An ONNX Runtime session of a file or its bytes; `path` names it in messages. threads: 0 for as many as it likes.

    Raises ModelError if ONNX Runtime cannot read it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only
    options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(
            model if isinstance(model, bytes) else str(model), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime has no public root of its exceptions
        raise ModelError(f"{path} is no ONNX file that ONNX Runtime reads: {_first_line(error)}") from error


def _onnx_shape(name: str, image: Any) -> tuple[tuple[int, ...], int | None]:
    """The shape of one image as the file wants it, and the number of images at once where that is fixed."""
    first, *rest = image.shape or [None]
    shape = tuple(size for size in rest if isinstance(size, int))
    if len(shape) != len(rest) or int(np.prod(shape)) != SIZE * SIZE or not {SIZE, SIZE * SIZE} & set(shape):
        raise ModelError(f"{name} takes {image.shape}; expected one grey image of {SIZE} × {SIZE}, such as [n, 28, 28]")
    return shape, first if isinstance(first, int) else None


def _onnx_storage(path: Path) -> Storage:
    from inklens.coreml.protobuf import decode

    kinds = {tensor.data_type for tensor in decode(path.read_bytes(), "onnx.ModelProto").graph.initializer}
    return "compressed" if ONNX_INT8 in kinds else "float16" if ONNX_FLOAT16 in kinds else "float32"


def _onnx_trace(path: Path) -> Callable[[np.ndarray], Mapping[str, np.ndarray]]:
    """Every value of an ONNX graph for one image: the file's bytes with all results as outputs."""
    from inklens.coreml.onnx_proto import text
    from inklens.coreml.protobuf import decode

    data = path.read_bytes()
    graph = decode(data, "onnx.ModelProto").graph
    shown = {output.name for output in graph.output}
    names = [name for node in graph.node for name in node.output if name and name not in shown]
    # Protobuf merges a message that comes twice: these outputs join those of the file.
    outputs = b"".join(text(ONNX_GRAPH_OUTPUT, text(1, name)) for name in names)

    def trace(image: np.ndarray) -> Mapping[str, np.ndarray]:
        session = onnx_session(data + text(ONNX_MODEL_GRAPH, outputs), path)
        wanted = session.get_inputs()[0]
        shape, _ = _onnx_shape(path.name, wanted)
        answers = session.run(None, {wanted.name: image.reshape(1, *shape).astype(ONNX_DTYPES[wanted.type])})
        found = dict(zip((output.name for output in session.get_outputs()), answers, strict=True))
        return {name: found[name] for node in graph.node for name in node.output if name in found}

    return trace


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
