"""The model contract: what a model file says of itself to every program that reads with it.

One JSON text under the metadata key `inklens.contract`, the same in Core ML and ONNX. Python, Swift and JavaScript
read it and refuse a version that they do not know.

A classifier names one symbol of 28×28 pixels:

    {"contract": 1, "kind": "classifier", "size": [28, 28], "ink": "bright", "labels": ["0", …], "none": null,
     "preparation": 1, "threshold": 0.5, "recipe": "fast", "seed": 1, "accuracy": 0.991, "n": 10000}

A locator finds where symbols are on a page:

    {"contract": 1, "kind": "locator", "size": [640, 480], "ink": "dark", "stride": 4, "channels": ["centre", …],
     "peak": 0.4, "overlap": 0.5, "recipe": "locator", "seed": 1}

Keys that this version does not know are ignored, so that a later one may add some without breaking apps.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

from inklens.errors import ContractError

CONTRACT_KEY = "inklens.contract"
VERSION = 1
PREPARATION = 1  # the version of `prepare_mark` that classifiers are fed by

Ink = Literal["bright", "dark", "any"]


@dataclass(frozen=True, kw_only=True)
class ClassifierContract:
    """A network that names one symbol.

    size: width and height of its image, pixels 0–255. ink: which way the symbol stands out. labels: one for each
    output, in order. none: the label that means "no symbol", if the network has one. preparation: the version of
    `prepare_mark` that makes its images. threshold: the probability (0 to 1) below which a symbol is rejected;
    without a none class it keeps 99 % of the validation symbols. recipe, seed: the training run, None for a network
    from elsewhere. accuracy: the share (0 to 1) of the `n` test images that the file names rightly.
    """

    kind: ClassVar[str] = "classifier"

    size: tuple[int, int] = (28, 28)
    ink: Ink = "bright"
    labels: tuple[str, ...]
    none: str | None = None
    preparation: int = PREPARATION
    threshold: float
    recipe: str | None = None
    seed: int | None = None
    accuracy: float | None = None
    n: int | None = None

    def __post_init__(self) -> None:
        _check(self)

    @property
    def symbols(self) -> list[int]:
        """The outputs that are symbols: all but that of `none`."""
        return [place for place, label in enumerate(self.labels) if label != self.none]

    def to_json(self) -> str:
        """The contract as one line of JSON; equal contracts give equal text."""
        return _to_json(self)


@dataclass(frozen=True, kw_only=True)
class LocatorContract:
    """A fully convolutional network that finds symbols on a page.

    size: width and height of the page that it takes. stride: pixels of the page for one of its output maps.
    channels: what each map holds. peak: the value (0 to 1) from which a local maximum counts as a symbol. overlap:
    the share (0 to 1) of common area from which two boxes are the same symbol.
    """

    kind: ClassVar[str] = "locator"

    size: tuple[int, int] = (640, 480)
    ink: Ink = "any"
    stride: int = 4
    channels: tuple[str, ...]
    peak: float
    overlap: float
    recipe: str | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        _check(self)

    def to_json(self) -> str:
        """The contract as one line of JSON; equal contracts give equal text."""
        return _to_json(self)


Contract = ClassifierContract | LocatorContract
KINDS: dict[str, type[ClassifierContract] | type[LocatorContract]] = {
    contract.kind: contract for contract in (ClassifierContract, LocatorContract)
}


def parse_contract(text: str) -> Contract:
    """Reads the JSON text of a model's metadata. Raises ContractError that names what is wrong with it."""
    try:
        values = json.loads(text)
    except ValueError as error:
        raise ContractError(f"the model contract is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise ContractError(f"the model contract is {_kind_of(values)}; expected an object")
    version = values.get("contract")
    if isinstance(version, bool) or not isinstance(version, int):
        raise ContractError(f"the model contract's version is {version!r}; expected a number such as {VERSION}")
    if version != VERSION:
        raise ContractError(
            f"the model has a contract of version {version}; this inklens knows version {VERSION}. "
            f"{'Update inklens.' if version > VERSION else 'Export the model again.'}"
        )
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ContractError(f"the model contract's kind is {kind!r}; expected one of {', '.join(KINDS)}")
    cls = KINDS[kind]
    missing = [name for name in _required(cls) if name not in values]
    if missing:
        raise ContractError(f"the model contract of a {kind} lacks {', '.join(missing)}")
    known = {field.name: _frozen(values[field.name]) for field in fields(cls) if field.name in values}
    return cls(**known)


def _required(cls: type) -> list[str]:
    """What a file must say; who trained the network and how well it does may be unknown."""
    return [field.name for field in fields(cls) if field.name not in ("recipe", "seed", "accuracy", "n", "none")]


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _to_json(contract: Contract) -> str:
    values: dict[str, Any] = {"contract": VERSION, "kind": contract.kind}
    for field in fields(contract):
        value = getattr(contract, field.name)
        values[field.name] = list(value) if isinstance(value, tuple) else value
    return json.dumps(values, ensure_ascii=False, allow_nan=False)


# Each check gives what was expected, for the message, or None where the value is right.


def _whole(least: int) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        right = isinstance(value, int) and not isinstance(value, bool) and value >= least
        return None if right else f"a whole number from {least}"

    return check


def _share(value: Any) -> str | None:
    right = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= 1
    return None if right else "a number from 0 to 1"


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) and value else "a text"


def _names(value: Any) -> str | None:
    right = isinstance(value, tuple) and value and all(isinstance(item, str) and item for item in value)
    return None if right and len(set(value)) == len(value) else "a list of texts, each once and none empty"


def _size(value: Any) -> str | None:
    right = isinstance(value, tuple) and len(value) == 2 and all(_whole(1)(item) is None for item in value)
    return None if right else "two whole numbers, width and height"


def _ink(value: Any) -> str | None:
    return None if value in ("bright", "dark", "any") else "bright, dark or any"


def _or_null(check: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    def both(value: Any) -> str | None:
        expected = None if value is None else check(value)
        return expected and f"{expected}, or null"

    return both


CHECKS: Mapping[str, Callable[[Any], str | None]] = {
    "size": _size,
    "ink": _ink,
    "labels": _names,
    "none": _or_null(_text),
    "preparation": _whole(1),
    "threshold": _share,
    "recipe": _or_null(_text),
    "seed": _or_null(_whole(0)),
    "accuracy": _or_null(_share),
    "n": _or_null(_whole(1)),
    "stride": _whole(1),
    "channels": _names,
    "peak": _share,
    "overlap": _share,
}


def _check(contract: Contract) -> None:
    for field in fields(contract):
        value = getattr(contract, field.name)
        expected = CHECKS[field.name](value)
        if expected:
            shown = json.dumps(value, ensure_ascii=False, default=str)
            raise ContractError(f"the model contract's {field.name} is {shown}; expected {expected}")
    if isinstance(contract, ClassifierContract) and contract.none is not None and contract.none not in contract.labels:
        known = ", ".join(contract.labels)
        raise ContractError(f"the model contract's none is {contract.none!r}, which is not one of its labels ({known})")


def _kind_of(value: Any) -> str:
    return {list: "a list", str: "a text", int: "a number", float: "a number", bool: "a truth value"}.get(
        type(value), "null"
    )
