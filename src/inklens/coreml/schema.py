"""Which fields the messages of model files have: the tables `schema.txt` (Core ML) and `schema_onnx.txt`, parsed once.

Names are those of the `.proto` files without their package: `Model`, `NeuralNetworkLayer`, `MILSpec.Program`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

# How a scalar travels: protobuf's wire types.
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
WIRE_TYPES = {
    "int32": VARINT, "int64": VARINT, "uint32": VARINT, "uint64": VARINT, "bool": VARINT, "enum": VARINT,
    "double": FIXED64, "float": FIXED32, "string": BYTES, "bytes": BYTES, "message": BYTES, "map": BYTES,
}  # fmt: skip


class Field:
    """One field. `type` is a scalar's name, "enum", "message" or "map"; `of` names the message or enumeration."""

    __slots__ = ("name", "number", "numeric", "of", "oneof", "repeated", "type", "wire_type")

    def __init__(
        self, number: int, name: str, kind: str, repeated: bool = False, of: str = "", oneof: str = ""
    ) -> None:
        self.number = number
        self.name = name
        self.type = kind
        self.repeated = repeated
        self.of = of
        self.oneof = oneof
        self.wire_type = WIRE_TYPES[kind]
        self.numeric = self.wire_type != BYTES


class MessageType:
    """One message: its fields by name and by the tags under which they travel, and the names of its oneofs."""

    __slots__ = ("name", "names", "oneofs", "tags")

    def __init__(self, name: str, fields: Sequence[Field]) -> None:
        self.name = name
        self.names = {one.name: one for one in fields}
        self.oneofs = frozenset(one.oneof for one in fields if one.oneof)
        self.tags = {one.number << 3 | one.wire_type: one for one in fields}
        # Repeated numbers may come one by one or packed.
        self.tags |= {one.number << 3 | BYTES: one for one in fields if one.repeated and one.numeric}


@cache
def _blocks() -> dict[str, list[str]]:
    """The lines of each message and enumeration, not parsed yet: a model uses few of the 300 messages."""
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
            return MessageType(name, [_field(f"1 key {words[3]}", ""), _field(f"2 value {words[4]}", "")])
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
    return MessageType(name, [_field(line, name) for line in lines])


@cache
def enum_names(name: str) -> Mapping[int, str]:
    """The names of enumeration `name` by value: `enum_names("ImageFeatureType.ColorSpace")[10] == "GRAYSCALE"`."""
    return {int(number): value for number, value in (line.split() for line in _blocks()[f"enum {name}"])}
