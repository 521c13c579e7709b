"""The table of layer kinds, and what a lowering is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inklens.coreml.neural_network.builder import Blob, Builder
from inklens.coreml.protobuf import Message
from inklens.errors import ModelError


@dataclass(frozen=True)
class Layer:
    """One layer of the file: `params` is the message of its kind, `outputs` how many blobs it must give."""

    name: str
    kind: str
    params: Message
    inputs: tuple[Blob, ...]
    outputs: int
    build: Builder

    @property
    def input(self) -> Blob:
        """The only input."""
        return self.take(1)[0]

    def take(self, least: int, most: int | None = None) -> tuple[Blob, ...]:
        """The inputs, of which there must be `least` to `most`."""
        most = least if most is None else most
        if not least <= len(self.inputs) <= most:
            expected = str(least) if least == most else f"{least} to {most}"
            raise ModelError(f"it has {len(self.inputs)} inputs; expected {expected}")
        return self.inputs

    def some(self, least: int = 1) -> tuple[Blob, ...]:
        """All inputs, at least `least`."""
        if len(self.inputs) < least:
            raise ModelError(f"it has {len(self.inputs)} inputs; expected at least {least}")
        return self.inputs


Lowering = Callable[[Layer], Blob | Sequence[Blob]]

LOWERINGS: dict[str, Lowering] = {}


def lowering(*kinds: str) -> Callable[[Lowering], Lowering]:
    """Register a function as the lowering of layer kinds, named as in the specification's oneof `layer`."""

    def register(function: Lowering) -> Lowering:
        for kind in kinds:
            if kind in LOWERINGS:
                raise ValueError(f"the layer {kind} is registered already")
            LOWERINGS[kind] = function
        return function

    return register


def axis_of(axis: int, rank: int) -> int:
    """An axis counted from the front; a ModelError if a tensor of `rank` dimensions has none such."""
    if not -rank <= axis < rank:
        raise ModelError(f"axis {axis} is outside a tensor of {rank} dimensions")
    return axis % rank


def axes_of(axes: Sequence[int], rank: int) -> list[int]:
    """Distinct axes counted from the front, in order."""
    places = sorted(axis_of(int(axis), rank) for axis in axes)
    if len(set(places)) < len(places):
        raise ModelError(f"the axes {list(axes)} name one axis twice")
    return places
