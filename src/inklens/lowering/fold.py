"""Makes a lowered graph smaller without changing what it computes.

BatchNormalization and constant scales and shifts go into the convolution or dense layer before them; moves of axes
that touch no number become reshapes, neighbouring ones become one, and the one before a dense layer goes into its
weights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from inklens.coreml.ir import Argument, Graph, Node, Ref

Replacement = dict[str, Node | Ref]  # by name: another node in its place, or the value that its readers read instead

WEIGHTED = ("conv", "conv_transpose", "linear")


def fold(graph: Graph) -> Graph:
    """Applies every rule until none applies. Inputs and outputs keep their names, dtypes and shapes."""
    rules = (_no_move, _free_move, _neighbour_moves, _move_into_dense, _scale_into_weights)
    while True:
        index = _Index(graph)
        found = next((change for node in graph.nodes for rule in rules if (change := rule(node, index))), None)
        if found is None:
            return graph
        graph = without_dead_ends(_replaced(graph, found))


class _Index:
    """Who makes and how many read each value of a graph."""

    def __init__(self, graph: Graph) -> None:
        self.outputs = set(graph.outputs)
        self.makers = {output.name: node for node in graph.nodes for output in node.outputs}
        self.reads = Counter(graph.outputs)
        for node in graph.nodes:
            self.reads.update(references(node))
        self.shapes = {tensor.name: tensor.shape for tensor in graph.inputs}
        self.shapes.update({output.name: output.shape for node in graph.nodes for output in node.outputs})

    def source(self, node: Node, key: str = "x") -> Node | None:
        """The node that makes an argument, if there is one."""
        argument = node.arguments.get(key)
        return self.makers.get(argument.name) if isinstance(argument, Ref) else None

    def only_source(self, node: Node, key: str = "x") -> Node | None:
        """The node that makes an argument that nobody else reads."""
        maker = self.source(node, key)
        return maker if maker is not None and self.reads[maker.outputs[0].name] == 1 else None


def references(node: Node) -> Iterator[str]:
    """The names of the values that a node reads."""
    for argument in node.arguments.values():
        for item in argument if isinstance(argument, tuple) else (argument,):
            if isinstance(item, Ref):
                yield item.name


def without_dead_ends(graph: Graph) -> Graph:
    """Drops the nodes that no output needs."""
    needed, nodes = set(graph.outputs), []
    for node in reversed(graph.nodes):
        if any(output.name in needed for output in node.outputs):
            nodes.append(node)
            needed.update(references(node))
    return replace(graph, nodes=tuple(reversed(nodes)))


def _replaced(graph: Graph, change: Replacement) -> Graph:
    redirect = {name: new for name, new in change.items() if isinstance(new, Ref)}

    def other(argument: Argument) -> Argument:
        if isinstance(argument, Ref):
            return redirect.get(argument.name, argument)
        if isinstance(argument, tuple) and not all(isinstance(item, str) for item in argument):
            return tuple(redirect.get(item.name, item) if isinstance(item, Ref) else item for item in argument)  # type: ignore[return-value]
        return argument

    nodes = []
    for node in graph.nodes:
        new = change.get(node.name, node)
        if isinstance(new, Node):
            nodes.append(replace(new, arguments={key: other(value) for key, value in new.arguments.items()}))
    return replace(graph, nodes=tuple(nodes))


def _constant(node: Node, key: str) -> np.ndarray:
    value = node.arguments[key]
    assert isinstance(value, np.ndarray)
    return value


def _no_move(node: Node, index: _Index) -> Replacement | None:
    """A transpose or reshape to what was there already: its readers read its source."""
    source = node.arguments.get("x")
    if node.op not in ("reshape", "transpose") or node.outputs[0].name in index.outputs or not isinstance(source, Ref):
        return None
    if node.op == "transpose":
        perm = list(_constant(node, "perm"))
        same = perm == sorted(perm)
    else:
        same = index.shapes[source.name] == node.outputs[0].shape
    return {node.name: source} if same else None


def _free_move(node: Node, _index: _Index) -> Replacement | None:
    """A transpose that moves only axes of size 1 leaves every number where it is: a reshape."""
    if node.op != "transpose":
        return None
    shape = node.outputs[0].shape
    moved = [axis for axis, size in zip(_constant(node, "perm"), shape, strict=True) if size != 1]
    if moved != sorted(moved):
        return None
    arguments: dict[str, Argument] = {"x": node.arguments["x"], "shape": np.asarray(shape, np.int32)}
    return {node.name: Node("reshape", node.name, arguments, node.outputs)}


def _neighbour_moves(node: Node, index: _Index) -> Replacement | None:
    """Two reshapes, or two transposes, in a row are one."""
    before = index.source(node)
    if node.op not in ("reshape", "transpose") or before is None or before.op != node.op:
        return None
    arguments = {**node.arguments, "x": before.arguments["x"]}
    if node.op == "transpose":
        arguments["perm"] = _constant(before, "perm")[_constant(node, "perm")]
    return {node.name: replace(node, arguments=arguments)}


def _move_into_dense(node: Node, index: _Index) -> Replacement | None:
    """transpose, reshape to one row, linear: the linear layer's columns can stand as they lay before the transpose."""
    flat = index.only_source(node)
    if node.op != "linear" or flat is None or flat.op != "reshape" or len(flat.outputs[0].shape) != 2:
        return None
    move = index.source(flat)
    weight = node.arguments["weight"]
    if move is None or move.op != "transpose" or not isinstance(weight, np.ndarray):
        return None
    perm, sizes = _constant(move, "perm"), [size or 0 for size in move.outputs[0].shape[1:]]
    if perm[0] != 0:
        return None
    back = np.argsort(perm[1:]) + 1
    columns = np.ascontiguousarray(weight.reshape(-1, *sizes).transpose([0, *back]).reshape(weight.shape))
    return {
        node.name: replace(node, arguments={**node.arguments, "weight": columns}),
        flat.name: replace(flat, arguments={**flat.arguments, "x": move.arguments["x"]}),
    }


def _scale_into_weights(node: Node, index: _Index) -> Replacement | None:
    """y = (W x + b) * scale + shift becomes y = (W * scale) x + (b * scale + shift), computed in float64."""
    key = "x" if isinstance(node.arguments.get("x"), Ref) else "y"
    before = index.only_source(node, key)
    if before is None or before.op not in WEIGHTED or before.outputs[0].shape != node.outputs[0].shape:
        return None
    weight, old_bias = before.arguments["weight"], before.arguments.get("bias")
    channels = before.outputs[0].shape[-1 if before.op == "linear" else 1] or 0
    affine = _affine(node, key, before.op, channels)
    if affine is None or not isinstance(weight, np.ndarray):
        return None
    scale, shift = affine
    axis = 1 if before.op == "conv_transpose" else 0
    if weight.shape[axis] != channels:  # a transposed convolution in groups
        return None
    bias = np.zeros(channels) if old_bias is None else np.asarray(old_bias, np.float64)
    spread = [1] * weight.ndim
    spread[axis] = -1
    arguments = {
        **before.arguments,
        "weight": (weight * scale.reshape(spread)).astype(np.float32),
        "bias": (bias * scale + shift).astype(np.float32),
    }
    # The folded node takes over the later name, so that the value's name still says which layer made it.
    return {
        node.name: replace(before, name=node.name, arguments=arguments, outputs=node.outputs),
    }


def _affine(node: Node, key: str, op: str, channels: int) -> tuple[np.ndarray, np.ndarray] | None:
    """The scale and shift, float64 [channels], of a batch_norm or of a mul, add or sub with one number a channel."""
    ones, zeros = np.ones(channels), np.zeros(channels)
    if node.op == "batch_norm":
        mean, variance = (_constant(node, name).astype(np.float64) for name in ("mean", "variance"))
        gamma, beta = (
            np.asarray(node.arguments.get(name, start)) for name, start in (("gamma", ones), ("beta", zeros))
        )
        scale = gamma / np.sqrt(variance + np.float64(_constant(node, "epsilon")))
        return scale, beta - mean * scale
    other = node.arguments.get("y" if key == "x" else "x")
    if node.op not in ("mul", "add", "sub") or not isinstance(other, np.ndarray) or (node.op == "sub" and key == "y"):
        return None
    rank = 2 if op == "linear" else 4
    wide = other.reshape((1,) * (rank - other.ndim) + other.shape).astype(np.float64)
    axis = rank - 1 if op == "linear" else 1
    if wide.size != wide.shape[axis]:
        return None
    values = np.broadcast_to(wide.ravel(), channels)
    if node.op == "mul":
        return values, zeros
    return ones, values if node.op == "add" else -values
