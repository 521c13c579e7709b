"""Refuse graphs that would ask an engine for absurd memory, or for arithmetic that native code does not survive.

A file's declared shapes are checked when it is read. What remains are operations whose constants decide how large
their results are, whatever was declared, and windows of size, stride or dilation zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from inklens.coreml.ir import Argument, Graph, Node, Ref
from inklens.coreml.program import MAX_ELEMENTS
from inklens.errors import ModelError

Shape = tuple[int | None, ...]

POSITIVE = (
    "strides",
    "dilations",
    "kernel_sizes",
    "groups",
    "block_size",
    "upscale_factor",
    "downscale_factor",
    "size",
)
WINDOWED = ("conv", "conv_transpose", "max_pool", "avg_pool", "l2_pool", "sliding_windows", "local_response_norm")


def check_graph(graph: Graph) -> None:
    """Raise ModelError naming the operation that cannot be run safely."""
    shapes: dict[str, Shape] = {tensor.name: tensor.shape for tensor in graph.inputs}
    for node in graph.nodes:
        estimate = ESTIMATES.get(node.op)
        if estimate is not None:
            try:
                elements = estimate(_Known(node, shapes))
            except (TypeError, ValueError, IndexError, OverflowError):
                elements = 0  # it does not fit together, which the engine says better
            if elements > MAX_ELEMENTS:
                raise ModelError(
                    f"{node.op} (at {node.name}) would compute {elements:,} values; at most {MAX_ELEMENTS:,} are run"
                )
        for name in POSITIVE if node.op in WINDOWED else ():
            value = node.arguments.get(name)
            if isinstance(value, np.ndarray) and value.size and value.dtype.kind in "iu" and int(value.min()) < 1:
                raise ModelError(f"{node.op} (at {node.name}) has {name} {value.tolist()}, where 1 is the least")
        for tensor in node.outputs:
            shapes[tensor.name] = tensor.shape


class _Known:
    """What is known of a node before it runs: its constant arguments, and how many values its input `x` has."""

    def __init__(self, node: Node, shapes: Mapping[str, Shape]) -> None:
        self._arguments = node.arguments
        self._shapes = shapes

    def numbers(self, name: str) -> list[float]:
        """A constant argument as plain numbers; none when it is not constant."""
        value = self._arguments.get(name)
        return [float(one) for one in value.reshape(-1)] if isinstance(value, np.ndarray) and value.size < 64 else []

    def shape(self, name: str = "x") -> Shape:
        value: Argument | None = self._arguments.get(name)
        if isinstance(value, Ref):
            return self._shapes[value.name]
        return value.shape if isinstance(value, np.ndarray) else ()

    def elements(self, name: str = "x") -> int:
        return math.prod(1 if size is None else size for size in self.shape(name))


def _product(values: list[float]) -> float:
    return math.prod(max(value, 0) for value in values)


def _resized(known: _Known, *names: str) -> float:
    """The input with its last two dimensions replaced by the sizes in these arguments."""
    places = math.prod(1 if size is None else size for size in known.shape()[:-2])
    return places * math.prod(_product(known.numbers(name)) or 1 for name in names)


def _padded(known: _Known) -> float:
    amounts = known.numbers("pad")
    pairs = [low + high for low, high in zip(amounts[::2], amounts[1::2], strict=True)]
    shape = [1 if size is None else size for size in known.shape()]
    start = len(shape) - len(pairs)
    return math.prod(size + (pairs[axis - start] if axis >= start else 0) for axis, size in enumerate(shape))


def _windows(known: _Known) -> float:
    """A window's explicit padding around the whole input."""
    amounts = known.numbers("pad")
    shape = [1 if size is None else size for size in known.shape()]
    spatial = len(amounts) // 2
    grown = [
        size + amounts[2 * axis] + amounts[2 * axis + 1] for axis, size in enumerate(shape[len(shape) - spatial :])
    ]
    return math.prod(shape[: len(shape) - spatial]) * math.prod(grown)


def _transposed(known: _Known) -> float:
    sizes = _product(known.numbers("output_shape"))
    if sizes:
        return sizes
    shape, weight = known.shape(), known.shape("weight")
    strides = known.numbers("strides") or [1.0]
    dilations = known.numbers("dilations") or [1.0] * len(strides)
    spatial = [1 if size is None else size for size in shape[2:]]
    kernel = [1 if size is None else size for size in weight[2:]]
    if len(strides) != len(spatial):
        return 0
    grown = [s * n + d * k for s, n, d, k in zip(strides, spatial, dilations, kernel, strict=True)]
    groups = known.numbers("groups") or [1.0]
    return (shape[0] or 1) * (weight[1] or 1) * groups[0] * math.prod(grown)


def _ranged(known: _Known) -> float:
    start, end, step = (known.numbers(name) for name in ("start", "end", "step"))
    return abs((end[0] - start[0]) / (step[0] or 1)) if start and end and step else 0


def _scaled(known: _Known, *names: str) -> float:
    """The input times the product of these arguments."""
    return known.elements() * math.prod(_product(known.numbers(name)) or 1 for name in names)


ESTIMATES: dict[str, Callable[[_Known], Any]] = {
    "fill": lambda known: _product(known.numbers("shape")),
    "broadcast_to": lambda known: _product(known.numbers("shape")),
    "random_normal": lambda known: _product(known.numbers("shape")),
    "random_uniform": lambda known: _product(known.numbers("shape")),
    "random_bernoulli": lambda known: _product(known.numbers("shape")),
    "random_categorical": lambda known: _scaled(known, "size"),
    "tile": lambda known: _scaled(known, "reps"),
    "one_hot": lambda known: known.elements("indices") * _product(known.numbers("one_hot_vector_size")),
    "range_1d": _ranged,
    "pad": _padded,
    "conv": _windows,
    "max_pool": _windows,
    "avg_pool": _windows,
    "l2_pool": _windows,
    "conv_transpose": _transposed,
    "upsample_nearest_neighbor": lambda known: _scaled(known, "scale_factor_height", "scale_factor_width"),
    "upsample_bilinear": lambda known: _scaled(known, "scale_factor_height", "scale_factor_width"),
    "resize_nearest_neighbor": lambda known: _resized(known, "target_size_height", "target_size_width"),
    "resize_bilinear": lambda known: _resized(known, "target_size_height", "target_size_width"),
    "resize": lambda known: _resized(known, "shape"),
    "crop_resize": lambda known: _resized(known, "target_height", "target_width"),
    "sliding_windows": lambda known: _scaled(known, "size"),
}
