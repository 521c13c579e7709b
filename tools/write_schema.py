"""Write `src/inklens/coreml/schema.txt`, the field table of Core ML's messages, from coremltools' descriptors.

    python tools/write_schema.py            writes the table
    python tools/write_schema.py --check    exits 1 when the table is not what coremltools describes

The table holds every message reachable from `Model`, in alphabetical order, so that two runs write the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent.parent / "src" / "inklens" / "coreml" / "schema.txt"
PREFIX = "CoreML.Specification."
HEADER = """\
# The messages of Core ML's model files, written by tools/write_schema.py; do not edit by hand.
# message: `NAME`, then a line a field: `number name type [in ONEOF]`; enumeration: `enum NAME`, then `number name`.
"""


def scalar_names() -> dict[int, str]:
    from google.protobuf.descriptor import FieldDescriptor

    return {
        value: name.removeprefix("TYPE_").lower()
        for name, value in vars(FieldDescriptor).items()
        if name.startswith("TYPE_") and name not in ("TYPE_MESSAGE", "TYPE_ENUM", "TYPE_GROUP")
    }


def type_name(field: Any, scalars: dict[int, str]) -> str:
    if field.message_type is not None:
        return field.message_type.full_name.removeprefix(PREFIX)
    if field.enum_type is not None:
        return "enum:" + field.enum_type.full_name.removeprefix(PREFIX)
    return scalars[field.type]


def is_repeated(field: Any) -> bool:
    repeated = getattr(field, "is_repeated", None)  # protobuf 6 replaced `label`
    return bool(repeated) if repeated is not None else field.label == field.LABEL_REPEATED


def message_lines(message: Any, scalars: dict[int, str]) -> list[str]:
    lines = [message.full_name.removeprefix(PREFIX)]
    for field in sorted(message.fields, key=lambda one: one.number):
        kind = type_name(field, scalars)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
            kind = f"map {type_name(key, scalars)} {type_name(value, scalars)}"
        elif is_repeated(field):
            kind = f"repeated {kind}"
        oneof = f" in {field.containing_oneof.name}" if field.containing_oneof is not None else ""
        lines.append(f" {field.number} {field.name} {kind}{oneof}")
    return lines


def reachable(root: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    messages: dict[str, Any] = {}
    enums: dict[str, Any] = {}
    waiting = [root]
    while waiting:
        message = waiting.pop()
        if message.full_name in messages:
            continue
        messages[message.full_name] = message
        for field in message.fields:
            if field.message_type is not None:
                waiting.append(field.message_type)
            if field.enum_type is not None:
                enums[field.enum_type.full_name] = field.enum_type
    return {name: one for name, one in messages.items() if not one.GetOptions().map_entry}, enums


def table() -> str:
    from coremltools.proto import Model_pb2

    messages, enums = reachable(Model_pb2.Model.DESCRIPTOR)
    scalars = scalar_names()
    blocks = ["\n".join(message_lines(messages[name], scalars)) for name in sorted(messages)]
    for name in sorted(enums):
        values = [f" {value.number} {value.name}" for value in enums[name].values]
        blocks.append("\n".join([f"enum {name.removeprefix(PREFIX)}", *values]))
    return HEADER + "\n".join(blocks) + "\n"


def main(arguments: list[str]) -> int:
    text = table()
    if arguments == ["--check"]:
        if TABLE.read_text(encoding="utf-8") == text:
            return 0
        print(f"{TABLE} is out of date; run python tools/write_schema.py", file=sys.stderr)
        return 1
    TABLE.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
