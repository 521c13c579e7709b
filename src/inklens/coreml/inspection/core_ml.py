"""The page of a Core ML file: its messages and the metadata of its blobs are read, nothing is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from inklens.coreml.blobs import BY_NAME, BlobFiles
from inklens.coreml.description import RELEASES, read_description
from inklens.coreml.features import Label, class_labels
from inklens.coreml.inspection.page import Inspection, Storage
from inklens.coreml.package import find_model, read_spec
from inklens.coreml.program import DTYPES
from inklens.coreml.protobuf import Message, decode
from inklens.coreml.schema import message_type

TYPES = {
    "mlProgram": "ML Program",
    "neuralNetwork": "Neural Network",
    "neuralNetworkClassifier": "Neural Network Classifier",
    "neuralNetworkRegressor": "Neural Network Regressor",
    "pipeline": "Pipeline",
    "pipelineClassifier": "Pipeline Classifier",
    "pipelineRegressor": "Pipeline Regressor",
    "nonMaximumSuppression": "Non-Maximum Suppression",
}
_MIL_NAMES = {"fp16": "float16", "fp32": "float32", "fp64": "float64", "bf16": "bfloat16"}


def inspect_core_ml(path: Path) -> Inspection:
    """The page of the `.mlmodel` or `.mlpackage` at `path`."""
    files = find_model(path)
    model = decode(read_spec(files), "Model", what=str(path))
    kind = model.which("Type")
    description = read_description(model)
    census = _Census(BlobFiles(files.folder))
    census.model(model)
    total = files.spec.stat().st_size
    if path.is_dir():
        total = sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    version = model.specificationVersion
    return Inspection(
        path=str(path),
        format="coreml",
        type=_type_text(model),
        specification=version,
        requires=RELEASES.get(version, "releases that are not known here")
        + (" or newer" if version in RELEASES else ""),
        inputs=description.inputs,
        outputs=description.outputs,
        labels=_labels(model),
        metadata=description.metadata,
        operations=dict(sorted(census.operations.items())),
        precision=census.precision(),
        weights=census.storage(),
        bytes=total,
        parts=tuple(_type_text(part) for part in _parts(model)) if kind in ("pipeline", *_WRAPPED) else (),
        functions=tuple(one.name for one in model.description.functions),
    )


_WRAPPED = ("pipelineClassifier", "pipelineRegressor")


def _parts(model: Message) -> Sequence[Message]:
    """The models of a pipeline; none for other models."""
    kind = model.which("Type")
    if kind == "pipeline":
        return list(model.pipeline.models)
    return list(getattr(model, kind).pipeline.models) if kind in _WRAPPED else []


def _type_text(model: Message) -> str:
    kind = model.which("Type")
    if kind is None:
        numbers = [str(number) for number in model.unknown_fields()]
        return f"unknown ({', '.join(numbers)})" if numbers else "none"
    text = TYPES.get(kind, kind)
    if kind == "mlProgram" and model.description.predictedFeatureName:
        text += " Classifier"
    return f"{text}, updatable" if model.isUpdatable else text


def _labels(model: Message) -> tuple[Label, ...]:
    kind = model.which("Type")
    for part in reversed(_parts(model)):
        if found := _labels(part):
            return found
    if kind == "mlProgram":
        return _program_labels(model.mlProgram)
    if kind is None or "ClassLabels" not in message_type(getattr(model, kind).type_name).oneofs:
        return ()
    return class_labels(getattr(model, kind))


def _program_labels(program: Message) -> tuple[Label, ...]:
    """The labels bound to a program's `classify` operation."""
    for operation in _operations(program):
        if operation.type != "classify" or "classes" not in operation.inputs:
            continue
        for binding in operation.inputs["classes"].arguments:
            values = binding.value.immediateValue
            tensors = [one.immediateValue.tensor for one in values.list.values] or [values.tensor]
            labels: list[Label] = []
            for tensor in tensors:
                labels += [str(text) for text in tensor.strings.values]
                labels += [int(number) for number in tensor.longInts.values]
                labels += [int(number) for number in tensor.ints.values]
            return tuple(labels)
    return ()


def _operations(program: Message) -> Iterator[Message]:
    """Every operation of every function, nested blocks included."""
    blocks = [block for function in program.functions.values() for block in function.block_specializations.values()]
    while blocks:
        for operation in blocks.pop().operations:
            yield operation
            blocks += operation.blocks


class _Census:
    """Counts the operations of a model and the ways in which its weights are stored."""

    def __init__(self, blobs: BlobFiles) -> None:
        self.operations: Counter[str] = Counter()
        self._values: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._computed: Counter[str] = Counter()
        self._blobs = blobs
        self._seen: set[tuple[str, int]] = set()

    def precision(self) -> str:
        """The types of the operations' results, the most frequent first."""
        return ", ".join(kind for kind, _ in self._computed.most_common())

    def storage(self) -> dict[str, Storage]:
        """The ways of storage, the largest first."""
        order = sorted(self._bytes, key=lambda kind: (-self._bytes[kind], kind))
        return {kind: Storage(self._values[kind], self._bytes[kind]) for kind in order}

    def add(self, kind: str, values: int, size: int) -> None:
        self._values[kind] += values
        self._bytes[kind] += size

    def model(self, model: Message) -> None:
        kind = model.which("Type")
        for part in _parts(model):
            self.model(part)
        if kind == "mlProgram":
            for operation in _operations(model.mlProgram):
                self.operation(operation)
        elif kind is not None and kind.startswith("neuralNetwork"):
            self._computed["float32 (float16 on GPU and Neural Engine)"] += 1
            for layer in getattr(model, kind).layers:
                self.operations[layer.which("layer") or "unknown"] += 1
                self.weights(layer)
        elif kind is not None and not _parts(model):
            self.operations[kind] += 1

    def operation(self, operation: Message) -> None:
        if operation.type == "const":
            self.constant(operation.attributes.get("val"))
            return
        arguments = {name: value for name, value in operation.attributes.items() if name != "name"}
        for name, argument in operation.inputs.items():
            for binding in argument.arguments:
                if binding.has("value"):
                    arguments[name] = binding.value
        if operation.type.startswith("constexpr_"):
            self.compressed(operation, arguments)
            return
        self.operations[operation.type] += 1
        for output in operation.outputs:
            dtype = DTYPES.get(output.type.tensorType.dataType, "")
            if dtype in _MIL_NAMES:
                self._computed[_MIL_NAMES[dtype]] += 1
        for value in arguments.values():
            self.constant(value)

    def constant(self, value: Message | None) -> None:
        if value is None or not value.has("blobFileValue"):
            return
        count, size, dtype = self.blob(value)
        if size:
            self.add(_MIL_NAMES.get(dtype, dtype), count, size)

    def blob(self, value: Message) -> tuple[int, int, str]:
        """Number of values, bytes and type of a blob; zeros where it was counted before."""
        name, offset = value.blobFileValue.fileName, value.blobFileValue.offset
        if (name, offset) in self._seen:
            return 0, 0, ""
        self._seen.add((name, offset))
        return self._blobs.file(name).measure(offset)

    def compressed(self, operation: Message, arguments: Mapping[str, Message]) -> None:
        """A compressed constant counts the values that it unfolds to, and all bytes that it keeps."""
        size = sum(self.size(value) for value in arguments.values())
        values = 1
        for output in operation.outputs[-1:]:
            for dimension in output.type.tensorType.dimensions:
                values *= dimension.constant.size
        self.add(_compression(operation.type, arguments), values, size)

    def size(self, value: Message) -> int:
        if value.has("blobFileValue"):
            return self.blob(value)[1]
        tensor = value.immediateValue.tensor
        kind = tensor.which("value")
        if kind is None or kind == "strings":
            return 0
        values = getattr(tensor, kind).values
        return len(values) if kind == "bytes" else int(values.nbytes)

    def weights(self, message: Message) -> None:
        """Every WeightParams inside a layer."""
        for value in message.fields().values():
            if not isinstance(value, Message):
                for one in value if isinstance(value, list) else ():
                    if isinstance(one, Message):
                        self.weights(one)
                continue
            if value.type_name != "WeightParams":
                self.weights(value)
            elif len(value.floatValue):
                self.add("float32", len(value.floatValue), value.floatValue.nbytes)
            elif len(value.float16Value):
                self.add("float16", len(value.float16Value) // 2, len(value.float16Value))
            elif len(value.rawValue):
                bits = value.quantization.numberOfBits or 8
                how = "palettized" if value.quantization.has("lookupTableQuantization") else "linear"
                self.add(f"{bits}-bit {how}", len(value.rawValue) * 8 // bits, len(value.rawValue))
            elif len(value.int8RawValue):
                self.add("8-bit linear", len(value.int8RawValue), len(value.int8RawValue))


def _compression(kind: str, arguments: Mapping[str, Message]) -> str:
    """What a compressed constant is called: "6-bit palettized", "8-bit linear", "sparse", "sparse 4-bit palettized"."""

    def dimensions(name: str) -> list[int]:
        if name not in arguments:
            return []
        return [int(one.constant.size) for one in arguments[name].type.tensorType.dimensions]

    def bits(*names: str) -> int:
        for name in names:
            if name in arguments:
                dtype = DTYPES.get(arguments[name].type.tensorType.dataType, "")
                return BY_NAME[dtype].bits if dtype in BY_NAME else 8
        return 8

    if kind == "constexpr_lut_to_dense" and "shape" in arguments:
        entries = (dimensions("lut") or [1])[0]
        return f"{max(entries - 1, 1).bit_length()}-bit palettized"
    if kind == "constexpr_lut_to_dense":
        return f"{bits('indices')}-bit palettized"
    if kind == "constexpr_lut_to_sparse":
        return f"sparse {bits('indices_nonzero_data')}-bit palettized"
    if kind == "constexpr_sparse_blockwise_shift_scale":
        return f"sparse {bits('nonzero_data')}-bit linear"
    if kind in ("constexpr_affine_dequantize", "constexpr_blockwise_shift_scale"):
        return f"{bits('quantized_data', 'data')}-bit linear"
    if kind == "constexpr_sparse_to_dense":
        return "sparse"
    return kind.removeprefix("constexpr_")
