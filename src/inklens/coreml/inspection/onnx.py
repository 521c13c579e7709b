"""The page of an ONNX file, read by our own small decoder; nothing is run."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from inklens.coreml.description import Feature, TensorType
from inklens.coreml.features import Label
from inklens.coreml.inspection.page import Inspection, Storage
from inklens.coreml.package import read_regular
from inklens.coreml.protobuf import MAX_BYTES, Message, decode
from inklens.errors import ModelError

# ONNX's element types that models use.
ELEMENTS = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16", 21: "uint4", 22: "int4",
}  # fmt: skip
FLOATS = ("float32", "float16", "float64", "bfloat16")
LIST_FIELDS = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data")


def inspect_onnx(path: Path) -> Inspection:
    """The page of the ONNX file at `path`."""
    if not path.exists():
        raise ModelError(f"there is no model at {path}")
    data = read_regular(path, MAX_BYTES)
    model = decode(data, "onnx.ModelProto", what=str(path))
    if not model.has("graph"):
        raise ModelError(f"{path} is no ONNX model: it has no graph")
    graph = model.graph
    initializers = {tensor.name for tensor in graph.initializer}
    inputs = tuple(_feature(one) for one in graph.input if one.name not in initializers)
    outputs = tuple(_feature(one) for one in graph.output)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    if note := model.doc_string or graph.doc_string:
        metadata.setdefault("description", note)
    floats = [one.type.dtype for one in (*outputs, *inputs) if isinstance(one.type, TensorType)]
    return Inspection(
        path=str(path),
        format="onnx",
        type=f"ONNX, written by {model.producer_name}" if model.producer_name else "ONNX",
        specification=max((int(one.version) for one in model.opset_import if one.domain in ("", "ai.onnx")), default=0),
        requires=f"IR version {model.ir_version}",
        inputs=inputs,
        outputs=outputs,
        labels=_labels(metadata),
        metadata=metadata,
        operations=dict(sorted(Counter(node.op_type for node in graph.node).items())),
        precision=next((dtype for dtype in floats if dtype in FLOATS), "float32"),
        weights=_weights(graph),
        bytes=len(data),
    )


def _weights(graph: Message) -> dict[str, Storage]:
    """Initializers and constants by type, the largest first."""
    found: dict[str, Storage] = {}
    tensors = list(graph.initializer)
    tensors += [one.t for node in graph.node if node.op_type == "Constant" for one in node.attribute if one.has("t")]
    for tensor in tensors:
        name = ELEMENTS.get(tensor.data_type, f"type {tensor.data_type}")
        values = math.prod(int(size) for size in tensor.dims)
        stored = len(tensor.raw_data) or sum(getattr(tensor, one).nbytes for one in LIST_FIELDS)
        before = found.get(name, Storage(0, 0))
        found[name] = Storage(before.values + values, before.bytes + stored)
    return dict(sorted(found.items(), key=lambda one: (-one[1].bytes, one[0])))


def _feature(value: Message) -> Feature:
    tensor = value.type.tensor_type
    shape: list[int | str] = []
    for dimension in tensor.shape.dim:
        known = dimension.which("value") == "dim_value"
        shape.append(int(dimension.dim_value) if known else dimension.dim_param or "?")
    return Feature(value.name, TensorType(ELEMENTS.get(tensor.elem_type, "unknown"), tuple(shape)))


def _labels(metadata: Mapping[str, str]) -> tuple[Label, ...]:
    """The labels that inklens writes into ONNX files as a JSON list."""
    try:
        labels = json.loads(metadata.get("labels", "[]"))
    except (ValueError, RecursionError):
        return ()
    return tuple(one for one in labels if isinstance(one, (str, int))) if isinstance(labels, list) else ()
