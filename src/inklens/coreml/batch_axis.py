"""Let a graph for one item run many: prove that its first axis is a batch axis, and free that axis.

Model files are made for one picture: their inputs are [1, …], and that 1 is baked into reshapes and slices. For every
operation a rule says where the batch axis of its input goes, and under which conditions no two items meet; a graph
whose every operation obeys its rule computes each item as if it were alone. Anything else is left as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from inklens.coreml.ir import Argument, Graph, Node, Ref, Tensor

Rule = Callable[["_Step"], "int | list[int]"]


class Unproven(Exception):
    """An operation for which no batch axis could be proven."""


def batched(graph: Graph) -> Graph | None:
    """`graph` with a free first axis in every input and output, or None where that is not proven to be right."""
    if not graph.inputs or any(not tensor.shape or tensor.shape[0] != 1 for tensor in graph.inputs):
        return None
    if any(None in tensor.shape for tensor in graph.inputs):
        return None
    tensors = {tensor.name: tensor for tensor in graph.inputs}
    axes = {tensor.name: 0 for tensor in graph.inputs}  # the batch axis of every value that depends on an input
    nodes = []
    for node in graph.nodes:
        tensors.update((tensor.name, tensor) for tensor in node.outputs)
        if not any(name in axes for name in _refs(node)):
            nodes.append(node)
            continue
        step = _Step(node, tensors, axes)
        try:
            found = RULES[node.op](step)
            places = found if isinstance(found, list) else [found] * len(node.outputs)
            outputs = tuple(_freed(tensor, axis) for tensor, axis in zip(node.outputs, places, strict=True))
        except (Unproven, KeyError, IndexError, ValueError, TypeError):
            return None
        axes.update((tensor.name, axis) for tensor, axis in zip(node.outputs, places, strict=True))
        nodes.append(Node(node.op, node.name, step.arguments, outputs))
    if any(axes.get(name) != 0 for name in graph.outputs):
        return None
    return Graph(tuple(_freed(tensor, 0) for tensor in graph.inputs), tuple(nodes), graph.outputs)


def _freed(tensor: Tensor, axis: int) -> Tensor:
    if tensor.shape[axis] != 1:
        raise Unproven
    return replace(tensor, shape=(*tensor.shape[:axis], None, *tensor.shape[axis + 1 :]))


def _refs(node: Node) -> list[str]:
    found = []
    for argument in node.arguments.values():
        parts: Iterable[Any] = argument if isinstance(argument, tuple) else (argument,)
        found += [part.name for part in parts if isinstance(part, Ref)]
    return found


class _Step:
    """One operation under proof. `arguments` may be changed by its rule."""

    def __init__(self, node: Node, tensors: dict[str, Tensor], axes: dict[str, int]) -> None:
        self.node = node
        self.arguments: dict[str, Argument] = dict(node.arguments)
        self._tensors = tensors
        self._axes = axes

    def shape(self, argument: Any) -> tuple[int | None, ...]:
        if isinstance(argument, Ref):
            return self._tensors[argument.name].shape
        return np.shape(argument)

    def axis(self, argument: Any) -> int | None:
        """The batch axis of an argument, or None when it is the same for every item."""
        return self._axes.get(argument.name) if isinstance(argument, Ref) else None

    def x(self, name: str = "x") -> tuple[int, int]:
        """Batch axis and rank of the main input; every other argument must be the same for every item."""
        for key, argument in self.arguments.items():
            parts: Iterable[Any] = argument if isinstance(argument, tuple) else (argument,)
            if key != name and any(self.axis(part) is not None for part in parts):
                raise Unproven
        axis = self.axis(self.arguments[name])
        if axis is None:
            raise Unproven
        return axis, len(self.shape(self.arguments[name]))

    def constant(self, name: str) -> np.ndarray | None:
        """A constant argument, or None when it was left out."""
        value = self.arguments.get(name)
        if value is None:
            return None
        if not isinstance(value, np.ndarray):
            raise Unproven
        return value

    def number(self, name: str, default: int) -> int:
        value = self.constant(name)
        return default if value is None else int(value)

    def numbers(self, name: str) -> list[int] | None:
        value = self.constant(name)
        return None if value is None else [int(one) for one in value.reshape(-1)]

    def flag(self, name: str, default: bool) -> bool:
        value = self.constant(name)
        return default if value is None else bool(value)

    def output(self) -> tuple[int, ...]:
        shape = self.node.outputs[0].shape
        if None in shape:
            raise Unproven
        return tuple(size for size in shape if size is not None)


def _unless(condition: bool) -> None:
    if condition:
        raise Unproven


def _same(step: _Step) -> int:
    return step.x()[0]


def _leading(step: _Step) -> int:
    """Operations on [batch, channels, space…] whose first axis never mixes."""
    axis, _ = step.x()
    _unless(axis != 0)
    return 0


def _leading_of_many(step: _Step) -> int:
    """Operations over the last three axes of four or more."""
    _unless(len(step.shape(step.arguments["x"])) < 4)
    return _leading(step)


def _broadcast(*names: str) -> Rule:
    """Elementwise with NumPy's broadcasting: batch axes meet, counted from the right, and constants are 1 there."""

    def rule(step: _Step) -> int:
        operands = [step.arguments[name] for name in names if name in step.arguments]
        rank = len(step.node.outputs[0].shape)
        ends = {len(step.shape(one)) - axis for one in operands if (axis := step.axis(one)) is not None}
        _unless(len(ends) != 1)
        end = ends.pop()
        for one in operands:
            shape = step.shape(one)
            _unless(step.axis(one) is None and len(shape) >= end and shape[len(shape) - end] != 1)
        return rank - end

    return rule


def _along(name: str, default: int) -> Rule:
    """Operations that mix along one axis, and keep the shape's order."""

    def rule(step: _Step) -> int:
        axis, rank = step.x()
        _unless(step.number(name, default) % rank == axis)
        return axis

    return rule


def _normalized_axes(step: _Step) -> int:
    axis, rank = step.x()
    axes = step.numbers("axes")
    _unless(axes is None or axis in [one % rank for one in axes])
    return axis


def _reduced(step: _Step) -> int:
    axis, rank = step.x()
    axes = step.numbers("axes")
    _unless(axes is None)
    return _after_reduction(step, axis, [one % rank for one in axes or []])


def _reduced_one(step: _Step) -> int:
    axis, rank = step.x()
    return _after_reduction(step, axis, [step.number("axis", -1) % rank])


def _after_reduction(step: _Step, axis: int, gone: list[int]) -> int:
    _unless(axis in gone)
    return axis if step.flag("keep_dims", False) else axis - sum(one < axis for one in gone)


def _reshaped(step: _Step) -> int:
    """Row-major order stays, so the batch axis goes to where as many values lie before it as did."""
    axis, _ = step.x()
    shape, target = step.shape(step.arguments["x"]), step.output()
    _unless(None in shape[:axis])
    before = math.prod(size for size in shape[:axis] if size is not None)
    places = [place for place, size in enumerate(target) if size == 1 and math.prod(target[:place]) == before]
    _unless(not places)
    place = axis if axis in places else places[0]
    sizes = [-1 if index == place else size for index, size in enumerate(target)]
    _unless(0 in sizes)
    step.arguments["shape"] = np.array(sizes, np.int32)
    return place


def _expanded(step: _Step) -> int:
    axis, rank = step.x()
    axes = step.numbers("axes") or []
    total = rank + len(axes)
    new = {one % total for one in axes}
    return [place for place in range(total) if place not in new][axis]


def _squeezed(step: _Step) -> int:
    axis, rank = step.x()
    axes = step.numbers("axes")
    if axes is None:
        raise Unproven
    gone = {one % rank for one in axes}
    _unless(axis in gone)
    return axis - sum(one < axis for one in gone)


def _transposed(step: _Step) -> int:
    axis, rank = step.x()
    perm = step.numbers("perm")
    if perm is None:
        raise Unproven
    return [one % rank for one in perm].index(axis)


def _flattened(step: _Step) -> int:
    axis, rank = step.x()
    split = step.number("axis", 1)
    shape = step.shape(step.arguments["x"])
    split = split + rank if split < 0 else split
    _unless(axis != 0 or split < 1 or any(size != 1 for size in shape[:split]))
    return 0


def _joined(step: _Step) -> int:
    values = step.arguments["values"]
    if not isinstance(values, tuple):
        raise Unproven
    axes = {step.axis(value) for value in values}
    _unless(len(axes) != 1 or None in axes)
    axis = axes.pop()
    if axis is None:
        raise Unproven
    rank = len(step.shape(values[0]))
    if step.node.op == "stack":
        place = step.number("axis", 0) % (rank + 1)
        return axis + (place <= axis)
    _unless(step.number("axis", 0) % rank == axis)
    return axis


def _multiplied(step: _Step) -> int:
    """Batch axes in front of the matrices, or rows of the left matrix times one right matrix for all."""
    x, y = step.arguments["x"], step.arguments["y"]
    x_axis, y_axis = step.axis(x), step.axis(y)
    x_rank, y_rank = len(step.shape(x)), len(step.shape(y))
    rank = len(step.node.outputs[0].shape)
    _unless(min(x_rank, y_rank) < 2)
    if y_axis is None and x_axis == x_rank - 2 and not step.flag("transpose_x", False):
        return rank - 2
    ends = {r - a for r, a in ((x_rank, x_axis), (y_rank, y_axis)) if a is not None}
    _unless(len(ends) != 1)
    end = ends.pop()
    _unless(end <= 2)
    for shape, axis in ((step.shape(x), x_axis), (step.shape(y), y_axis)):
        _unless(axis is None and len(shape) >= end and shape[len(shape) - end] != 1)
    return rank - end


def _attended(step: _Step) -> int:
    operands = [step.arguments[name] for name in ("query", "key", "value")]
    _unless(any(step.axis(one) != 0 or len(step.shape(one)) < 3 for one in operands))
    mask = step.arguments.get("attn_mask")
    if mask is not None:
        _unless(step.axis(mask) is not None or (len(step.shape(mask)) >= len(step.shape(operands[0]))))
    return 0


def _sliced(step: _Step) -> int:
    axis, rank = step.x()
    begin, end = step.numbers("begin"), step.numbers("end")
    if begin is None or end is None:
        raise Unproven
    stride = step.numbers("stride") or [1] * rank
    masks: dict[str, list[bool]] = {}
    for name in ("begin_mask", "end_mask", "squeeze_mask"):
        mask = step.constant(name)
        masks[name] = [False] * rank if mask is None else [bool(one) for one in mask.reshape(-1)]
    whole = (masks["begin_mask"][axis] or begin[axis] in (0, -1)) and (masks["end_mask"][axis] or end[axis] >= 1)
    _unless(not whole or stride[axis] != 1 or masks["squeeze_mask"][axis])
    for name in ("begin_mask", "end_mask"):
        masks[name][axis] = True
        step.arguments[name] = np.array(masks[name])
    return axis - sum(masks["squeeze_mask"][:axis])


def _cut(step: _Step) -> int:
    axis, _ = step.x()
    begin, size = step.numbers("begin"), step.numbers("size")
    if begin is None or size is None:
        raise Unproven
    _unless(begin[axis] != 0 or size[axis] not in (1, -1))
    size[axis] = -1
    step.arguments["size"] = np.array(size, np.int32)
    return axis


def _padded(step: _Step) -> int:
    axis, rank = step.x()
    pad = step.numbers("pad")
    if pad is None:
        raise Unproven
    first = rank - len(pad) // 2
    _unless(axis >= first and any(pad[2 * (axis - first) : 2 * (axis - first) + 2]))
    return axis


def _tiled(step: _Step) -> int:
    axis, _ = step.x()
    reps = step.numbers("reps")
    _unless(reps is None or reps[axis] != 1)
    return axis


def _gathered(step: _Step) -> int:
    axis, rank = step.x()
    along = step.number("axis", 0) % rank
    _unless(along == axis or step.number("batch_dims", 0) != 0)
    indices = len(step.shape(step.arguments["indices"]))
    return axis if axis < along else axis + indices - 1


def _reversed(step: _Step) -> int:
    axis, rank = step.x()
    axes = step.numbers("axes")
    _unless(axes is None or axis in [one % rank for one in axes])
    return axis


def _space(step: _Step) -> int:
    """Operations on the last two axes, whatever lies before them."""
    axis, rank = step.x()
    _unless(axis >= rank - 2)
    return axis


def _linear(step: _Step) -> int:
    axis, rank = step.x()
    _unless(axis == rank - 1)
    return axis


_UNARY = (
    "abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "cast", "ceil", "clamped_relu", "clip", "cos", "cosh",
    "elu", "erf", "exp", "exp2", "floor", "gelu", "identity", "inverse", "leaky_relu", "linear_activation", "log",
    "logical_not", "relu", "relu6", "round", "rsqrt", "scaled_tanh", "sigmoid", "sigmoid_hard", "sign", "silu", "sin",
    "sinh", "softplus", "softsign", "sqrt", "square", "tan", "tanh", "threshold", "thresholded_relu", "quantize",
    "dequantize",
)  # fmt: skip
_BINARY = (
    "add", "sub", "mul", "real_div", "floor_div", "mod", "pow", "maximum", "minimum", "equal", "not_equal", "greater",
    "greater_equal", "less", "less_equal", "logical_and", "logical_or", "logical_xor",
)  # fmt: skip
_REDUCTIONS = (
    "reduce_l1_norm", "reduce_l2_norm", "reduce_log_sum", "reduce_log_sum_exp", "reduce_max", "reduce_mean",
    "reduce_min", "reduce_prod", "reduce_sum", "reduce_sum_square",
)  # fmt: skip
_IMAGES = (
    "conv", "conv_transpose", "max_pool", "avg_pool", "l2_pool", "batch_norm", "instance_norm", "local_response_norm",
    "prelu", "softplus_parametric", "depth_to_space", "space_to_depth", "pixel_shuffle", "pixel_unshuffle", "crop",
)  # fmt: skip
_RESIZING = ("upsample_nearest_neighbor", "upsample_bilinear", "resize_nearest_neighbor", "resize_bilinear")

RULES: dict[str, Rule] = {
    **dict.fromkeys(_UNARY, _same),
    **dict.fromkeys(_BINARY, _broadcast("x", "y")),
    **dict.fromkeys(_REDUCTIONS, _reduced),
    **dict.fromkeys(_IMAGES, _leading),
    **dict.fromkeys(_RESIZING, _space),
    "select": _broadcast("cond", "a", "b"),
    "reduce_argmax": _reduced_one,
    "reduce_argmin": _reduced_one,
    "softmax": _along("axis", -1),
    "cumsum": _along("axis", 0),
    "layer_norm": _normalized_axes,
    "l2_norm": _leading_of_many,
    "linear": _linear,
    "matmul": _multiplied,
    "scaled_dot_product_attention": _attended,
    "reshape": _reshaped,
    "expand_dims": _expanded,
    "squeeze": _squeezed,
    "transpose": _transposed,
    "flatten2d": _flattened,
    "concat": _joined,
    "stack": _joined,
    "split": _along("axis", 0),
    "slice_by_index": _sliced,
    "slice_by_size": _cut,
    "pad": _padded,
    "tile": _tiled,
    "gather": _gathered,
    "reverse": _reversed,
    "topk": _along("axis", -1),
}
