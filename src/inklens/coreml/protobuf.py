"""Decode protobuf messages by the tables of `schema`, without the protobuf package.

`decode(data, "Model")` gives a `Message`, whose fields are attributes with proto3's defaults:

- scalars: int, float, bool, str; `bytes` fields are memoryviews into `data`; enumerations are ints;
- `repeated` numbers: a one-dimensional NumPy array (packed floats are views into `data`), so ask `if len(m.shape)`;
- `repeated` strings, bytes and messages: a list; maps: a dict; a message that is absent: an empty one.

`message.has("field")` tells whether a singular field was there, `message.which("oneof")` which member of a oneof is
set, and `message.unknown_fields()` the numbers of fields that the table does not know, as of a newer specification.

Every length is checked against its message's end, nesting is limited, and so is the number of values that do not come
packed: 2 bytes of a hostile file may stand for a whole Python object.
Source: the wire format of Protocol Buffers, https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from inklens.coreml.schema import BYTES, FIXED32, FIXED64, VARINT, Field, MessageType, message_type
from inklens.errors import ModelError

MAX_DEPTH = 100  # protobuf's own limit
MAX_VALUES = 8_000_000  # about 1 GB of Python objects; the largest public ML Programs have some 300,000
MAX_BYTES = (1 << 31) - 1  # protobuf's own limit

_DTYPES: dict[str, np.dtype[Any]] = {
    "double": np.dtype("<f8"),
    "float": np.dtype("<f4"),
    "int32": np.dtype("<i4"),
    "int64": np.dtype("<i8"),
    "uint32": np.dtype("<u4"),
    "uint64": np.dtype("<u8"),
    "bool": np.dtype("?"),
    "enum": np.dtype("<i4"),
}
_DEFAULTS: dict[str, Any] = {
    "double": 0.0, "float": 0.0, "int32": 0, "int64": 0, "uint32": 0, "uint64": 0, "bool": False, "enum": 0,
    "string": "", "bytes": memoryview(b""),
}  # fmt: skip
_EMPTY = {name: np.empty(0, dtype) for name, dtype in _DTYPES.items()}
for _array in _EMPTY.values():
    _array.flags.writeable = False
_START_GROUP, _END_GROUP = 3, 4


class Message:
    """A decoded message; see the module for what its attributes are."""

    __slots__ = ("_chosen", "_kind", "_unknown", "_values")

    def __init__(self, kind: MessageType) -> None:
        self._kind = kind
        self._values: dict[str, Any] = {}
        self._chosen: dict[str, str] = {}  # the member set of each oneof
        self._unknown: tuple[int, ...] = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            return self._default(name)

    def _default(self, name: str) -> Any:
        field = self._kind.names.get(name)
        if field is None:
            raise AttributeError(f"message {self._kind.name} has no field {name!r}")
        if field.repeated:
            return _EMPTY[field.type] if field.numeric else []
        if field.type == "message":
            return Message(message_type(field.of))
        return {} if field.type == "map" else _DEFAULTS[field.type]

    @property
    def type_name(self) -> str:
        """The message's name in the table, e.g. `MILSpec.Operation`."""
        return self._kind.name

    def has(self, name: str) -> bool:
        """Whether field `name` was in the bytes."""
        if name not in self._kind.names:
            raise AttributeError(f"message {self._kind.name} has no field {name!r}")
        return name in self._values

    def which(self, oneof: str) -> str | None:
        """The member of `oneof` that is set, or None."""
        if oneof not in self._kind.oneofs:
            raise AttributeError(f"message {self._kind.name} has no oneof {oneof!r}")
        return self._chosen.get(oneof)

    def unknown_fields(self) -> tuple[int, ...]:
        """The numbers of fields that the table does not have, in the order of the bytes."""
        return self._unknown

    def fields(self) -> dict[str, Any]:
        """The fields that were in the bytes, by name."""
        return dict(self._values)

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={value!r:.60}" for name, value in self._values.items())
        return f"{self._kind.name}({inner})"


def decode(data: bytes, message: str, *, what: str = "the model") -> Message:
    """Decode `data` as `message` (a name of the tables). `what` names the data in errors.

    Raises ModelError with the byte offset where the data stop being such a message.
    """
    if len(data) > MAX_BYTES:
        raise ModelError(f"{what} has {len(data):,} bytes; a protobuf message has at most {MAX_BYTES:,}")
    return _Decoder(data, what).message(message_type(message))


class _Decoder:
    def __init__(self, data: bytes, what: str) -> None:
        self.data = data
        self.view = memoryview(data)
        self.what = what
        self.values_left = MAX_VALUES

    def message(self, kind: MessageType) -> Message:
        message = Message(kind)
        self.merge(message, 0, len(self.data), 0)
        return message

    def refuse(self, problem: str, at: int) -> ModelError:
        return ModelError(f"{self.what} is damaged: {problem} at byte {at:,} of {len(self.data):,}")

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """The unsigned 64-bit number at `at`, and where it ends."""
        if at < end and (value := self.data[at]) < 0x80:
            return value, at + 1
        value = shift = 0
        for place in range(at, min(end, at + 10)):
            byte = self.data[place]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF, place + 1
            shift += 7
        raise self.refuse("a number does not end" if at + 10 <= end else "the data end within a number", at)

    def length(self, at: int, end: int) -> tuple[int, int]:
        """Where the length-delimited value at `at` begins and ends."""
        size, start = self.varint(at, end)
        if size > end - start:
            raise self.refuse(f"a field claims {size:,} bytes where {end - start:,} are left", at)
        return start, start + size

    def merge(self, message: Message, at: int, end: int, depth: int) -> None:
        """Read the fields in `data[at:end]` into `message`: the last value wins, lists grow, messages merge."""
        if depth > MAX_DEPTH:
            raise self.refuse(f"messages are nested more than {MAX_DEPTH} deep", at)
        data, tags, values = self.data, message._kind.tags, message._values
        loose: dict[str, list[Any]] = {}  # numbers of repeated fields, until they become arrays
        while at < end:
            begin = at
            tag = data[at]
            at += 1
            if tag >= 0x80:
                tag, at = self.varint(begin, end)
            field = tags.get(tag)
            if field is None:
                at = self.unexpected(message, tag, begin, at, end, depth)
                continue
            name = field.name
            if field.oneof:
                before = message._chosen.get(field.oneof)
                if before != name:
                    if before is not None:
                        values.pop(before, None)
                    message._chosen[field.oneof] = name
            if field.numeric:
                if field.repeated:
                    at = self.repeated_number(field, tag & 7, loose.setdefault(name, []), at, end)
                else:
                    values[name], at = self.number(field, at, end)
                continue
            start, at = self.length(at, end)
            self.spend(start)
            if field.type == "message":
                self.submessage(values, field, start, at, depth)
            elif field.type == "map":
                entry = Message(message_type(field.of))
                self.merge(entry, start, at, depth + 1)
                values.setdefault(name, {})[entry.key] = entry.value
            else:
                text = self.text(start, at) if field.type == "string" else self.view[start:at]
                if field.repeated:
                    values.setdefault(name, []).append(text)
                else:
                    values[name] = text
        for name, parts in loose.items():
            values[name] = _joined(message._kind.names[name], values.get(name), parts)

    def submessage(self, values: dict[str, Any], field: Field, start: int, end: int, depth: int) -> None:
        inner = None if field.repeated else values.get(field.name)
        if inner is None:
            inner = Message(message_type(field.of))
            if field.repeated:
                values.setdefault(field.name, []).append(inner)
            else:
                values[field.name] = inner
        self.merge(inner, start, end, depth + 1)

    def unexpected(self, message: Message, tag: int, begin: int, at: int, end: int, depth: int) -> int:
        """Skip a field that the table does not have, or that is not of its type; returns where it ends."""
        number = tag >> 3
        if number == 0 or tag > 0xFFFF_FFFF:
            raise self.refuse(f"a field has the impossible number {number}", begin)
        if all(number != tag >> 3 for tag in message._kind.tags) and number not in message._unknown[-64:]:
            message._unknown += (number,)
        return self.skip(tag & 7, number, at, end, depth)

    def text(self, start: int, end: int) -> str:
        try:
            return str(self.view[start:end], "utf-8")
        except UnicodeDecodeError as problem:
            raise self.refuse("a text is not UTF-8", start + problem.start) from None

    def spend(self, at: int) -> None:
        self.values_left -= 1
        if self.values_left < 0:
            raise self.refuse(f"more than {MAX_VALUES:,} values", at)

    def number(self, field: Field, at: int, end: int) -> tuple[Any, int]:
        wire, name = field.wire_type, field.type
        if wire == VARINT:
            value, at = self.varint(at, end)
            if name == "int64":
                return value - (1 << 64) if value >> 63 else value, at
            if name in ("int32", "enum"):
                value &= 0xFFFF_FFFF
                return value - (1 << 32) if value >> 31 else value, at
            if name == "uint32":
                return value & 0xFFFF_FFFF, at
            return (bool(value) if name == "bool" else value), at
        size = 8 if wire == FIXED64 else 4
        if at + size > end:
            raise self.refuse("the data end within a number", at)
        return struct.unpack_from("<d" if wire == FIXED64 else "<f", self.data, at)[0], at + size

    def repeated_number(self, field: Field, wire: int, parts: list[Any], at: int, end: int) -> int:
        """Add one value, or a packed run of them, to `parts`; returns where it ends."""
        if wire != BYTES:
            self.spend(at)
            value, at = self.number(field, at, end)
            parts.append(value)
            return at
        start, at = self.length(at, end)
        if field.wire_type == VARINT:
            parts.append(self.packed_varints(field, start, at))
            return at
        dtype = _DTYPES[field.type]
        count, rest = divmod(at - start, dtype.itemsize)
        if rest:
            raise self.refuse(f"a packed list of {dtype.itemsize}-byte numbers has {at - start:,} bytes", start)
        parts.append(np.frombuffer(self.data, dtype, count, start))
        return at

    def packed_varints(self, field: Field, start: int, end: int) -> np.ndarray:
        if end - start < 64:  # most lists are shapes of a few numbers
            values, at = [], start
            while at < end:
                value, at = self.number(field, at, end)
                values.append(value)
            return np.array(values, _DTYPES[field.type])
        octets = np.frombuffer(self.data, np.uint8, end - start, start)
        ends = np.flatnonzero(octets < 0x80)
        if len(ends) == 0 or ends[-1] != len(octets) - 1:
            raise self.refuse("the data end within a number", start)
        starts = np.concatenate(([0], ends[:-1] + 1))
        sizes = ends - starts + 1
        if sizes.max() > 10:
            raise self.refuse("a number does not end", start + int(starts[sizes.argmax()]))
        values64 = np.zeros(len(ends), np.uint64)
        for byte in range(int(sizes.max())):
            longer = sizes > byte
            part = (octets[starts[longer] + byte] & 0x7F).astype(np.uint64) << np.uint64(7 * byte)
            values64[longer] |= part
        if field.type == "bool":
            return values64 != 0
        return values64.astype(_DTYPES[field.type])  # keeps the low bits, as protobuf does

    def skip(self, wire: int, number: int, at: int, end: int, depth: int) -> int:
        """Where a field that nobody asked for ends."""
        if wire == VARINT:
            return self.varint(at, end)[1]
        if wire == BYTES:
            return self.length(at, end)[1]
        if wire in (FIXED32, FIXED64):
            size = 4 if wire == FIXED32 else 8
            if at + size > end:
                raise self.refuse("the data end within a number", at)
            return at + size
        if wire == _START_GROUP:
            return self.skip_group(number, at, end, depth + 1)
        raise self.refuse(f"a field has the impossible wire type {wire}", at)

    def skip_group(self, number: int, at: int, end: int, depth: int) -> int:
        if depth > MAX_DEPTH:
            raise self.refuse(f"messages are nested more than {MAX_DEPTH} deep", at)
        while at < end:
            tag, at = self.varint(at, end)
            if tag & 7 == _END_GROUP:
                if tag >> 3 != number:
                    break
                return at
            if tag >> 3 == 0:
                break
            at = self.skip(tag & 7, tag >> 3, at, end, depth)
        raise self.refuse("a group does not end", at)


def _joined(field: Field, before: np.ndarray | None, parts: list[Any]) -> np.ndarray:
    """One array of what came before (when a message is merged), the packed runs and the single values, in order."""
    if before is None and len(parts) == 1 and isinstance(parts[0], np.ndarray):
        return parts[0]
    runs: list[np.ndarray] = [] if before is None else [before]
    single: list[Any] = []
    for part in parts:
        if not isinstance(part, np.ndarray):
            single.append(part)
            continue
        if single:
            runs.append(np.array(single, _DTYPES[field.type]))
            single = []
        runs.append(part)
    if single:
        runs.append(np.array(single, _DTYPES[field.type]))
    return runs[0] if len(runs) == 1 else np.concatenate(runs)
