"""The registry: one operation of MIL, one function in NumPy and its translation to ONNX beside it.

    @op("softmax")
    def softmax(x: Array, *, axis: int = -1) -> Array:
        ...

    @softmax.onnx
    def _(emit: Emitter, x: Value, *, axis: int) -> Value:
        return emit("Softmax", x, axis=axis)

Parameters carry the specification's names. Those before `*` are tensors, known when the model runs; those after it
are constants of the operation and arrive as plain Python (numbers, tuples, text; arrays from two dimensions on).
Defaults are stated in the NumPy function alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from inklens.coreml.onnx_builder import Emitter, Value
from inklens.errors import ModelError

Array = np.ndarray[Any, Any]
Reference = Callable[..., Any]  # arrays in, an array or a tuple of arrays out
Translation = Callable[..., Any]  # an Emitter and Values in, a Value or a tuple of Values out


class Op:
    """An operation: calling it computes it in NumPy, `translate` writes it as ONNX."""

    def __init__(self, name: str, reference: Reference, pure: bool) -> None:
        parameters = inspect.signature(reference).parameters.values()
        self.name = name
        self.reference = reference
        self.pure = pure  # the same result whenever it is computed
        self.translate: Translation | None = None
        self.tensors = tuple(item.name for item in parameters if item.kind is item.POSITIONAL_OR_KEYWORD)
        self.constants = tuple(item.name for item in parameters if item.kind is item.KEYWORD_ONLY)
        self.defaults = {item.name: item.default for item in parameters if item.default is not item.empty}

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self.reference(*arguments, **keywords)

    def onnx(self, translation: Translation) -> Translation:
        """Register the translation; its parameters must be those of the NumPy function, after the emitter."""
        names = tuple(inspect.signature(translation).parameters)[1:]
        if names != self.tensors + self.constants:
            raise TypeError(
                f"{self.name}: the translation takes {names}, the reference {self.tensors + self.constants}"
            )
        if self.translate is not None:
            raise ValueError(f"{self.name} has a translation already")
        self.translate = translation
        return translation

    def problem(self, given: Iterable[str]) -> str | None:
        """What is wrong with the names of the arguments given, or None."""
        given = set(given)
        known = self.tensors + self.constants
        if unknown := sorted(given.difference(known)):
            return f"has no parameter {', '.join(unknown)} (it takes {', '.join(known)})"
        if missing := [name for name in known if name not in given and name not in self.defaults]:
            return f"lacks its parameter {', '.join(missing)}"
        return None

    def bind(self, arguments: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Arguments in the order of the parameters, defaults filled in: tensors, then constants by name."""
        complete = {**self.defaults, **arguments}
        return [complete[name] for name in self.tensors], {name: complete[name] for name in self.constants}


OPS: dict[str, Op] = {}


def op(name: str, *, pure: bool = True) -> Callable[[Reference], Op]:
    """Register a NumPy function as the operation `name`; a second registration of a name is refused."""

    def register(reference: Reference) -> Op:
        if name in OPS:
            raise ValueError(f"the operation {name} is registered already")
        OPS[name] = Op(name, reference, pure)
        return OPS[name]

    return register


def plain(value: Any) -> Any:
    """A constant as plain Python: 0-d arrays become numbers, 1-d arrays and tuples become tuples, the rest stays."""
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if isinstance(value, np.ndarray) and value.ndim < 2:
        listed = value.tolist()
        return tuple(listed) if value.ndim else listed
    return value


def axes_of(axes: Iterable[int] | None, rank: int) -> tuple[int, ...]:
    """Axes counted from the front, all of them if None; out of range is a ModelError."""
    return tuple(range(rank)) if axes is None else tuple(axis_of(axis, rank) for axis in axes)


def axis_of(axis: int, rank: int) -> int:
    """An axis counted from the front; out of range is a ModelError."""
    if not -rank <= axis < rank:
        raise ModelError(f"axis {axis} is outside a tensor of {rank} dimensions")
    return axis % rank


__all__ = ["OPS", "Array", "Emitter", "Op", "Value", "axes_of", "axis_of", "op", "plain"]
