"""The small intermediate representation between model files and engines.

Everything that inklens runs or ships passes through it: Core ML's NeuralNetwork layers and ML Programs are read into
it, Keras networks are lowered into it, and from it come ONNX (`coreml.onnx`), the NumPy reference evaluation
(`coreml.reference`) and, on export, MIL programs.

Operations carry the names, the parameter names and the semantics of MIL (the Model Intermediate Language of ML
Programs, opsets iOS 15 to iOS 26), because that is the one of the formats that is fully typed. Tensors are laid out
as MIL has them: batch, channels, then space.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Tensor:
    """A named value; `dtype` is MIL's name (`fp16`, `fp32`, `int32`, `bool`, `str` …), an unknown dimension is None."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class Ref:
    """An argument that is the value of an input or of an earlier node's output."""

    name: str


# A constant argument is an array (0-d for a scalar), or str / tuple[str, ...] for text; compressed weights
# (`constexpr_*`) have been folded into arrays by then. A variadic parameter (`values` of concat) is a tuple.
Constant = np.ndarray | str | tuple[str, ...]
Argument = Ref | Constant | tuple[Ref | np.ndarray, ...]


@dataclass(frozen=True)
class Node:
    """One operation. `name` is its place in the file, for messages; parameters left out take MIL's defaults."""

    op: str
    name: str
    arguments: Mapping[str, Argument]
    outputs: tuple[Tensor, ...]


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which every `Ref` names an input or the output of an earlier node."""

    inputs: tuple[Tensor, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
