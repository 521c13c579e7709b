"""Which fields the messages of model files have: the tables `schema.txt` (Core ML) and `schema_onnx.txt`, parsed once.

Names are those of the `.proto` files without their package: `Model`, `NeuralNetworkLayer`, `MILSpec.Program`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

# How a scalar travels: protobuf's wire types.
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
WIRE_TYPES = {
    "int32": VARINT, "int64": VARINT, "uint32": VARINT, "uint64": VARINT, "bool": VARINT, "enum": VARINT,
    "double": FIXED64, "float": FIXED32, "string": BYTES, "bytes": BYTES, "message": BYTES, "map": BYTES,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `type` is a scalar's name, "enum", "message" or "map"; `of` names the message or enumeration."""

    number: int
    name: str
    type: str
    repeated: bool = False
    of: str = ""
    oneof: str = ""

    @property
    def wire_type(self) -> int:
        return WIRE_TYPES[self.type]

    @property
    def numeric(self) -> bool:
        return self.wire_type != BYTES


@dataclass(frozen=True, slots=True)
class MessageType:
    """One message: its fields by number and by name, and the names of each oneof's members."""

    name: str
    numbers: Mapping[int, Field]
    names: Mapping[str, Field]
    oneofs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@cache
def _blocks() -> dict[str, list[str]]:
    """The lines of each message and enumeration, not parsed yet: a model uses few of the 300."""
    blocks: dict[str, list[str]] = {}
    folder = Path(__file__).parent
    for file in ("schema.txt", "schema_onnx.txt"):
        lines: list[str] = []
        for line in (folder / file).read_text(encoding="utf-8").splitlines():
            if line.startswith(" "):
                lines.append(line)
            elif not line.startswith("#"):
                lines = blocks[line] = []
    return blocks


def _field(line: str, owner: str) -> Field:
    words = line.split()
    oneof = ""
    if words[-2] == "in":
        oneof = words[-1]
        words = words[:-2]
    number, name, kind = int(words[0]), words[1], words[2]
    if kind == "map":
        return Field(number, name, "map", of=f"{owner}.{name}")
    repeated = kind == "repeated"
    if repeated:
        kind = words[3]
    if kind.startswith("enum:"):
        return Field(number, name, "enum", repeated, kind.removeprefix("enum:"), oneof)
    if kind in WIRE_TYPES:
        return Field(number, name, kind, repeated, "", oneof)
    return Field(number, name, "message", repeated, kind, oneof)


def _map_entry(name: str) -> MessageType | None:
    """The message `{1: key, 2: value}` in which each pair of a map travels."""
    owner, _, map_name = name.rpartition(".")
    for line in _blocks().get(owner, ()):
        words = line.split()
        if words[1] == map_name and words[2] == "map":
            fields = (_field(f"1 key {words[3]}", ""), _field(f"2 value {words[4]}", ""))
            return MessageType(name, {one.number: one for one in fields}, {one.name: one for one in fields})
    return None


@cache
def message_type(name: str) -> MessageType:
    """The fields of message `name`. Raises KeyError when the tables do not have it."""
    lines = _blocks().get(name)
    if lines is None:
        entry = _map_entry(name)
        if entry is None:
            raise KeyError(f"no message is called {name!r} in schema.txt")
        return entry
    fields = [_field(line, name) for line in lines]
    oneofs: dict[str, list[str]] = {}
    for one in fields:
        if one.oneof:
            oneofs.setdefault(one.oneof, []).append(one.name)
    return MessageType(
        name,
        {one.number: one for one in fields},
        {one.name: one for one in fields},
        {key: tuple(members) for key, members in oneofs.items()},
    )


@cache
def enum_names(name: str) -> Mapping[int, str]:
    """The names of enumeration `name` by value: `enum_names("ImageFeatureType.ColorSpace")[10] == "GRAYSCALE"`."""
    return {int(number): value for number, value in (line.split() for line in _blocks()[f"enum {name}"])}
