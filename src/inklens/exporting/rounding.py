"""Rounds weights so that the results of their layer, not the weights themselves, change least.

After each weight is rounded, the weights of the same output that are still to be rounded, and at last its bias, take
over what was lost, as far as the layer's inputs vary together. Source: Frantar et al. 2022, "GPTQ", arXiv 2210.17323.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from inklens.coreml.ir import Graph, Node, Ref
from inklens.coreml.onnx import to_onnx
from inklens.exporting.onnx import for_batches
from inklens.exporting.weights import LEAST_ELEMENTS, least_squares_palette

BLOCK = 512  # weights of an output that share their losses; more would cost seconds for a wide dense layer
ROWS = 4096  # inputs by which a layer's is known, drawn from all images and places
IMAGES = 1024
DAMPING = 0.01  # of the mean square input, added so that inputs that hardly occur cannot take over much

Nearest = Callable[[np.ndarray, int], np.ndarray]  # values [outputs, 1] of a column, to those that can be stored


def round_weights(graph: Graph, images: np.ndarray, bits: int) -> Graph:
    """The graph with weights that 16 (float16), 8, 6 or 4 bits hold, as `weights.compress` stores them.

    images: uint8 [n, height, width] such as the network was made for, but not those that it is tested on. Biases stay
    float32. Convolutions in groups, transposed ones and small weights stay as they are.
    """
    parts = [node for node in graph.nodes if _takes_part(node)]
    exact = _inputs(graph, parts, images[:IMAGES])
    rounded = graph
    for node in parts:
        # What this layer will read once the layers before it are rounded: it also makes up for what they lost.
        given = _inputs(rounded, [node], images[:IMAGES])[_input(node)]
        new = _rounded(node, _rows(node, exact[_input(node)]), _rows(node, given), bits)
        rounded = replace(rounded, nodes=tuple(new if one is node else one for one in rounded.nodes))
    return rounded


def _takes_part(node: Node) -> bool:
    weight = node.arguments.get("weight")
    if node.op not in ("conv", "linear") or not isinstance(weight, np.ndarray) or weight.size < LEAST_ELEMENTS:
        return False
    return node.op == "linear" or node.arguments["groups"] == 1


def _input(node: Node) -> str:
    source = node.arguments["x"]
    assert isinstance(source, Ref)
    return source.name


def _inputs(graph: Graph, nodes: list[Node], images: np.ndarray) -> dict[str, np.ndarray]:
    """The values that the nodes read, float32 [n, …], by name."""
    import onnxruntime

    [image] = graph.inputs
    found = {image.name: images[:, None].astype(np.float32)}
    wanted = tuple(dict.fromkeys(_input(node) for node in nodes if _input(node) != image.name))
    if wanted:
        session = onnxruntime.InferenceSession(to_onnx(for_batches(replace(graph, outputs=wanted))))
        found |= dict(zip(wanted, session.run(list(wanted), {image.name: images.astype(np.float32)}), strict=True))
    return found


def _rows(node: Node, x: np.ndarray) -> np.ndarray:
    """What the weights of one output are multiplied with, float64 [rows, k], at places drawn from all."""
    rng = np.random.default_rng(0)
    if node.op == "linear":
        return x.reshape(-1, x.shape[-1]).astype(np.float64)
    weight: Any = node.arguments["weight"]
    strides, pad, dilations = (np.asarray(node.arguments[key]).tolist() for key in ("strides", "pad", "dilations"))
    padded = np.pad(x, [(0, 0), (0, 0), (pad[0], pad[1]), (pad[2], pad[3])])
    covered = [(size - 1) * step + 1 for size, step in zip(weight.shape[2:], dilations, strict=True)]
    windows = sliding_window_view(padded, covered, (2, 3))  # type: ignore[call-overload]
    windows = windows[:, :, :: strides[0], :: strides[1], :: dilations[0], :: dilations[1]]
    n, _, height, width = windows.shape[:4]
    place = rng.integers(0, n * height * width, ROWS)
    drawn = windows[place // (height * width), :, place // width % height, place % width]
    return drawn.reshape(ROWS, -1).astype(np.float64)


def _rounded(node: Node, exact: np.ndarray, given: np.ndarray, bits: int) -> Node:
    weight: Any = node.arguments["weight"]
    flat = weight.reshape(len(weight), -1).astype(np.float64)
    bias = np.asarray(node.arguments.get("bias", np.zeros(len(weight))), np.float64).copy()
    nearest = _nearest(flat, bits)
    parts = []
    for start in range(0, flat.shape[1], BLOCK):
        columns = slice(start, min(start + BLOCK, flat.shape[1]))
        part, bias = _spread(flat[:, columns], bias, exact[:, columns], given[:, columns], nearest, start)
        parts.append(part)
    values = np.concatenate(parts, axis=1).reshape(weight.shape).astype(np.float32)
    return replace(node, arguments={**node.arguments, "weight": values, "bias": bias.astype(np.float32)})


def _spread(
    weight: np.ndarray, bias: np.ndarray, exact: np.ndarray, given: np.ndarray, nearest: Nearest, start: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rounds columns, of which the first is number `start` of its layer, one by one; the bias, last, is not rounded.

    exact, given: float64 [rows, columns], what the layer read before anything was rounded and what it reads now.
    """
    inputs = np.concatenate([given, np.ones((len(given), 1))], axis=1)
    moments = inputs.T @ inputs / len(inputs)
    moments[np.diag_indices(len(moments) - 1)] += DAMPING * np.diag(moments)[:-1].mean() + 1e-12
    inverse = np.linalg.inv(moments)
    missing = weight @ ((exact - given).T @ inputs) / len(inputs)
    left = np.concatenate([weight, bias[:, None]], axis=1) + missing @ inverse
    # Row i of the factor says how what column i loses is best taken over by the columns after it.
    factor = np.linalg.cholesky(inverse).T
    for column in range(weight.shape[1]):
        here = slice(column, column + 1)
        stored = nearest(left[:, here], start + column)
        lost = (left[:, here] - stored) / factor[column, column]
        left[:, column + 1 :] -= lost * factor[column, column + 1 :]
        left[:, here] = stored
    return left[:, :-1], left[:, -1]


def _nearest(weight: np.ndarray, bits: int) -> Nearest:
    if bits == 16:
        return lambda values, _: values.astype(np.float16).astype(np.float64)
    if bits == 8:
        largest = np.abs(weight).argmax(axis=1)
        reach = weight[np.arange(len(weight)), largest]
        scale = np.where(reach == 0, 1, np.abs(reach) / 127)[:, None]

        def affine(values: np.ndarray, column: int) -> np.ndarray:
            stored = np.rint(values / scale).clip(-127, 127) * scale
            # The largest weight of an output stays, because it sets the scale.
            return np.where((largest == column)[:, None], reach[:, None], stored)

        return affine
    table = least_squares_palette(weight.ravel(), 1 << bits).astype(np.float16).astype(np.float64)
    middles = (table[1:] + table[:-1]) / 2
    return lambda values, _: table[np.searchsorted(middles, values)]
