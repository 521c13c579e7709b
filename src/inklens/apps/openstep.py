"""Read the old-style property lists of NeXTSTEP that Xcode keeps its projects in.

Apple's "Property List Programming Guide: Old-Style ASCII Property Lists" describes them: `{ key = value; }`,
`( value, value )`, quoted or bare texts. Other parsers keep the last of two values under one key; this one refuses,
since Xcode would drop half of such an object without a word.
"""

from __future__ import annotations

import re
from typing import Any

from inklens.errors import OutputError

_BLANK = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_BARE = re.compile(r"[A-Za-z0-9_$/:.-]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
_DEEPEST = 32  # levels; a project has six


def parse_openstep(text: str) -> Any:
    """The value of an old-style property list: dictionaries, lists and texts.

    Raises OutputError with the line's number for text that is no such list, or a key that stands twice.
    """
    value, end = _value(text, _skip(text, 0), 0)
    if end != len(text):
        raise _problem(text, end, "expected the end of the file")
    return value


def _value(text: str, at: int, depth: int) -> tuple[Any, int]:
    if depth > _DEEPEST:
        raise _problem(text, at, f"more than {_DEEPEST} levels")
    if text[at : at + 1] == "{":
        return _dictionary(text, at, depth)
    if text[at : at + 1] == "(":
        return _list(text, at, depth)
    return _text(text, at)


def _dictionary(text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    at = _skip(text, at + 1)
    while text[at : at + 1] != "}":
        start = at
        key, at = _text(text, at)
        if key in found:
            raise _problem(text, start, f"{key} stands twice in one object")
        found[key], at = _value(text, _expect(text, at, "="), depth + 1)
        at = _expect(text, at, ";")
    return found, _skip(text, at + 1)


def _list(text: str, at: int, depth: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    at = _skip(text, at + 1)
    while text[at : at + 1] != ")":
        value, at = _value(text, at, depth + 1)
        found.append(value)
        if text[at : at + 1] != ")":
            at = _expect(text, at, ",")
    return found, _skip(text, at + 1)


def _text(text: str, at: int) -> tuple[str, int]:
    if match := _QUOTED.match(text, at):
        return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), match[1], flags=re.DOTALL), _skip(text, match.end())
    if match := _BARE.match(text, at):
        return match[0], _skip(text, match.end())
    raise _problem(text, at, "expected a text, { or (")


def _expect(text: str, at: int, sign: str) -> int:
    if text[at : at + 1] != sign:
        raise _problem(text, at, f"expected {sign}")
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    assert match
    return match.end()


def _problem(text: str, at: int, what: str) -> OutputError:
    found = repr(text[at : at + 12]) if at < len(text) else "the end"
    return OutputError(f"line {text.count(chr(10), 0, at) + 1}: {what}, found {found}")
