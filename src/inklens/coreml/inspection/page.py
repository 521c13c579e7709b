"""The page of a model: what its file says of itself, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inklens.coreml.description import ArrayType, Feature, ImageType, OtherType, TensorType
from inklens.coreml.features import Label

SHOWN_LABELS = 20
SHOWN_TEXT = 100  # characters of a metadata value on the printed page; JSON has all of it


@dataclass(frozen=True)
class Storage:
    """How many values of a network are stored in one way, in how many bytes."""

    values: int
    bytes: int


@dataclass(frozen=True)
class Inspection:
    """A model's page. `str()` prints it, `to_json()` is one JSON object.

    type: as Xcode names it; specification and requires: Core ML's version and the first releases that run it, or
    ONNX's opset; precision: the types that the operations compute in; weights: by kind of storage, e.g. float16,
    "6-bit palettized"; bytes: of everything the model consists of.
    """

    path: str
    format: str
    type: str
    specification: int
    requires: str
    inputs: tuple[Feature, ...]
    outputs: tuple[Feature, ...]
    labels: tuple[Label, ...]
    metadata: Mapping[str, str]
    operations: Mapping[str, int]
    precision: str
    weights: Mapping[str, Storage]
    bytes: int
    parts: tuple[str, ...] = field(default=())
    functions: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain JSON values."""
        return {
            "path": self.path,
            "format": self.format,
            "type": self.type,
            "specification": self.specification,
            "requires": self.requires,
            "inputs": [_feature_json(feature) for feature in self.inputs],
            "outputs": [_feature_json(feature) for feature in self.outputs],
            "labels": list(self.labels),
            "metadata": dict(self.metadata),
            "contract": _contract(self.metadata),
            "operations": dict(self.operations),
            "precision": self.precision,
            "weights": {kind: {"values": one.values, "bytes": one.bytes} for kind, one in self.weights.items()},
            "bytes": self.bytes,
            "parts": list(self.parts),
            "functions": list(self.functions),
        }

    def __repr__(self) -> str:
        return f"<Inspection of {self.path}: {self.type}, {_bytes(self.bytes)}>"

    def __str__(self) -> str:
        rows: list[tuple[str, Sequence[str]]] = [("Type", [self.type])]
        if self.parts:
            rows.append(("Parts", self.parts))
        if self.functions:
            rows.append(("Functions", self.functions))
        rows.append(
            ("Specification" if self.format == "coreml" else "Opset", [f"{self.specification} ({self.requires})"])
        )
        rows.append(("Size", [_bytes(self.bytes)]))
        rows.append(("Inputs", [_feature_text(feature) for feature in self.inputs] or ["none"]))
        rows.append(("Outputs", [_feature_text(feature) for feature in self.outputs] or ["none"]))
        if self.labels:
            rows.append((f"Labels ({len(self.labels)})", [_shortened_labels(self.labels)]))
        if self.metadata:
            rows.append(("Metadata", [f"{key}: {_shortened(value)}" for key, value in self.metadata.items()]))
        if self.operations:
            counts = [f"{name} × {count}" for name, count in self.operations.items()]
            rows.append((f"Operations ({sum(self.operations.values())})", _wrapped(counts)))
        if self.precision:
            rows.append(("Computes in", [self.precision]))
        if self.weights:
            stored = [f"{kind}: {one.values:,} values, {_bytes(one.bytes)}" for kind, one in self.weights.items()]
            rows.append(("Weights", stored))
        width = max(len(title) for title, _ in rows) + 2
        lines = [self.path]
        for title, texts in rows:
            lines += [f"{title if index == 0 else '':<{width}}{text}" for index, text in enumerate(texts)]
        return "\n".join(lines)


def _feature_text(feature: Feature) -> str:
    optional = ", optional" if feature.optional else ""
    return f"{feature.name}: {feature.type}{optional}" + (f" — {_shortened(feature.note)}" if feature.note else "")


def _feature_json(feature: Feature) -> dict[str, Any]:
    kind = feature.type
    page: dict[str, Any] = {"name": feature.name}
    if isinstance(kind, ImageType):
        page |= {"type": "image", "colour": kind.colour, "width": kind.width, "height": kind.height}
        if kind.sizes:
            page["sizes"] = [list(size) for size in kind.sizes]
        if kind.ranges:
            page["ranges"] = {"width": list(kind.ranges[0]), "height": list(kind.ranges[1])}
    elif isinstance(kind, ArrayType):
        page |= {"type": "array", "dtype": kind.dtype, "shape": list(kind.shape)}
        if kind.shapes:
            page["shapes"] = [list(shape) for shape in kind.shapes]
        if kind.ranges:
            page["ranges"] = [list(sizes) for sizes in kind.ranges]
        if kind.default is not None:
            page["default"] = kind.default
    elif isinstance(kind, TensorType):
        page |= {"type": "tensor", "dtype": kind.dtype, "shape": list(kind.shape)}
    else:
        assert isinstance(kind, OtherType)
        page |= {"type": kind.kind} | ({"keys": kind.key} if kind.key else {})
    return page | {"optional": feature.optional, "description": feature.note}


def _contract(metadata: Mapping[str, str]) -> Any:
    """The model contract as JSON, or None where the model has none that can be read."""
    try:
        return json.loads(metadata.get("inklens.contract", "null"))
    except (ValueError, RecursionError):
        return None


def _bytes(size: int) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size} bytes"


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_TEXT else f"{line[:SHOWN_TEXT]}…"


def _shortened_labels(labels: Sequence[Label]) -> str:
    shown = ", ".join(str(label) for label in labels[:SHOWN_LABELS])
    return shown if len(labels) <= SHOWN_LABELS else f"{shown}, …"


def _wrapped(words: Sequence[str], width: int = 80) -> list[str]:
    """Words joined by commas, in lines of about `width` characters."""
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += f"{', ' if lines[-1] else ''}{word}"
    return lines
