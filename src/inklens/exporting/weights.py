"""Smaller weights: float16, 8-bit integers, and palettes of 64 or 16 values.

Each function gives a graph that computes with the stored values, so what is proven is what is shipped. A palette is
the set of values with the least squared error that Lloyd's algorithm finds (Lloyd 1982, "Least squares quantization
in PCM").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from inklens.coreml.ir import Argument, Graph, Node, Ref, Tensor
from inklens.errors import ExportError

WEIGHTED = ("conv", "conv_transpose", "linear")
LEAST_ELEMENTS = 64  # below that, codes and their table take more room than the float16 values
KEPT_FLOAT32 = ("scale_factor_height", "scale_factor_width")  # MIL types them so in every program
HALF_MAXIMUM = 65504
LLOYD_ROUNDS = 100


def in_float16(graph: Graph) -> Graph:
    """The graph with float16 constants and results; its inputs and outputs stay float32.

    Raises ExportError for a constant beyond the range of float16.
    """
    names = {tensor.name: f"{tensor.name}_float16" for tensor in graph.inputs}
    nodes = [_cast(Ref(tensor.name), replace(tensor, name=names[tensor.name], dtype="fp16")) for tensor in graph.inputs]
    last = {name: f"{name}_float16" for name in graph.outputs}
    for node in graph.nodes:
        arguments = {
            key: argument if key in KEPT_FLOAT32 else _halved(argument, {**names, **last}, node.name)
            for key, argument in node.arguments.items()
        }
        outputs = tuple(
            replace(out, name=last.get(out.name, out.name), dtype="fp16" if out.dtype == "fp32" else out.dtype)
            for out in node.outputs
        )
        nodes.append(replace(node, name=last.get(node.name, node.name), arguments=arguments, outputs=outputs))
    shapes = {output.name: output for node in graph.nodes for output in node.outputs}
    nodes += [_cast(Ref(last[name]), shapes[name]) for name in graph.outputs]
    return replace(graph, nodes=tuple(nodes))


def _cast(source: Ref, output: Tensor) -> Node:
    return Node("cast", output.name, {"x": source, "dtype": output.dtype}, (output,))


def _halved(argument: Argument, names: Mapping[str, str], place: str) -> Argument:
    if isinstance(argument, Ref):
        return Ref(names.get(argument.name, argument.name))
    if isinstance(argument, tuple):
        return tuple(_halved(item, names, place) if not isinstance(item, str) else item for item in argument)  # type: ignore[return-value]
    if isinstance(argument, np.ndarray) and argument.dtype == np.float32:
        if argument.size and np.abs(argument).max() > HALF_MAXIMUM:
            raise ExportError(
                f"layer {place} has a constant of {np.abs(argument).max():.4g}; float16 ends at {HALF_MAXIMUM}. "
                "Export with float32 weights."
            )
        return argument.astype(np.float16)
    return argument


def exact_in_float16(graph: Graph) -> bool:
    """Whether float16 holds every weight of the convolutions and dense layers exactly."""
    weights = [node.arguments["weight"] for node in graph.nodes if node.op in WEIGHTED]
    with np.errstate(over="ignore"):
        return all(isinstance(w, np.ndarray) and np.array_equal(w, w.astype(np.float16)) for w in weights)


def compress(graph: Graph, bits: int) -> Graph:
    """The weights of convolutions and dense layers as codes of 8, 6 or 4 bits, expanded by `constexpr_*` nodes.

    8 bits: one scale for each output channel, values -127 to 127. Fewer: one palette for each layer. The expanded
    values have the dtype of the weights. Small weights stay as they are.
    """
    nodes: list[Node] = []
    for node in graph.nodes:
        weight = node.arguments.get("weight")
        if node.op in WEIGHTED and isinstance(weight, np.ndarray) and weight.size >= LEAST_ELEMENTS:
            axis = 1 if node.op == "conv_transpose" else 0
            name = f"{node.name}_weight"
            nodes.append(_affine(name, weight, axis) if bits == 8 else _palette(name, weight, bits))
            node = replace(node, arguments={**node.arguments, "weight": Ref(name)})
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def _expanded(op: str, name: str, weight: np.ndarray, **arguments: np.ndarray) -> Node:
    dtype = "fp16" if weight.dtype == np.float16 else "fp32"
    return Node(op, name, arguments, (Tensor(name, dtype, weight.shape),))


def _affine(name: str, weight: np.ndarray, axis: int) -> Node:
    spread = [1] * weight.ndim
    spread[axis] = -1
    other = tuple(a for a in range(weight.ndim) if a != axis)
    scale = np.abs(weight.astype(np.float32)).max(axis=other) / 127
    scale = np.where(scale > 0, scale, 1).astype(weight.dtype)
    codes = np.rint(weight.astype(np.float32) / scale.astype(np.float32).reshape(spread)).clip(-127, 127)
    return _expanded(
        "constexpr_affine_dequantize",
        name,
        weight,
        quantized_data=codes.astype(np.int8),
        zero_point=np.asarray(0, np.int8),
        scale=scale,
        axis=np.asarray(axis, np.int32),
    )


def _palette(name: str, weight: np.ndarray, bits: int) -> Node:
    table = np.unique(weight)
    if len(table) > 1 << bits:
        table = least_squares_palette(weight.astype(np.float64).ravel(), 1 << bits).astype(weight.dtype)
    table = np.concatenate([table, np.full((1 << bits) - len(table), table[-1], table.dtype)])
    middles = (table[1:].astype(np.float64) + table[:-1].astype(np.float64)) / 2
    codes = np.searchsorted(middles, weight.astype(np.float64).ravel()).astype(np.uint8)
    packed = np.packbits(np.unpackbits(codes[:, None], axis=1, bitorder="little")[:, :bits], bitorder="little")
    return _expanded(
        "constexpr_lut_to_dense",
        name,
        weight,
        indices=packed,
        lut=table,
        shape=np.asarray(weight.shape, np.uint32),
    )


def least_squares_palette(values: np.ndarray, count: int) -> np.ndarray:
    """`count` rising values, float64, that stand for `values` with little squared error.

    Lloyd's rounds from two starts, evenly spread quantiles and evenly spread values; the better end is taken.
    """
    ordered = np.sort(values)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    squares = float((ordered**2).sum())
    best, least = np.zeros(count), np.inf
    for centres in (
        np.quantile(ordered, (np.arange(count) + 0.5) / count),
        np.linspace(ordered[0], ordered[-1], count),
    ):
        for _ in range(LLOYD_ROUNDS):
            cuts = np.searchsorted(ordered, (centres[1:] + centres[:-1]) / 2)
            edges = np.concatenate([[0], cuts, [len(ordered)]])
            sizes, totals = np.diff(edges), np.diff(sums[edges])
            moved = np.where(sizes > 0, totals / np.maximum(sizes, 1), centres)
            error = squares - float((totals**2 / np.maximum(sizes, 1)).sum())
            if np.array_equal(moved, centres):
                break
            centres = np.sort(moved)
        if error < least:
            best, least = centres, error
    return best
