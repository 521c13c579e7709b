"""A network as one compact file for the page: its layers as JSON, then its weights in 8 or 16 bits.

The page runs just the layers that these networks have (`web/network.js`, `wasm/kernels.c`). The file holds

    "inklens1"  the length of the JSON in 4 bytes, least first  the JSON, filled up with spaces  the weights

with every part beginning at a multiple of 4 bytes. Weights lie as the kernels read them: in blocks of 8 output
channels, [blocks][kernel height][kernel width][input channels][8], zeros where a block or the channels are filled up.
"""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from inklens.coreml.ir import Graph, Node, Ref
from inklens.coreml.ops.windows import paddings
from inklens.errors import ExportError
from inklens.models.contract import Contract

Storage = Literal["int8", "float16"]

MAGIC = b"inklens1"
BLOCK = 8  # output channels of a block of weights; tensors' channels are filled up to a multiple, save the picture's
PICTURE = 0  # the number of its tensor
SUPPORTED = (
    "add",
    "cast",
    "conv",
    "identity",
    "linear",
    "max_pool",
    "mul",
    "relu",
    "reshape",
    "softmax",
    "sub",
    "upsample_nearest_neighbor",
)
"""The operations of a network that the page can run; `mul`, `sub` and numbers in `add` only on the picture itself."""


def pack_network(graph: Graph, contract: Contract, *, weights: Storage) -> bytes:
    """The file of a network with one grey picture as input; equal graphs give equal bytes.

    weights: `int8` keeps 8 bits for each weight and a scale for each output channel. Raises ExportError that names
    every operation that the page cannot run.
    """
    check_operations(graph)
    packing = _Packing(graph, weights)
    packing.run()
    header: dict[str, Any] = {
        "contract": json.loads(contract.to_json()),
        "tensors": packing.channels,
        "layers": packing.layers,
        "output": packing.tensors[graph.outputs[0]],
        "labels": list(getattr(contract, "labels", ())),
    }
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return MAGIC + struct.pack("<I", len(text)) + text + bytes(packing.data)


def stored_graph(graph: Graph, weights: Storage) -> Graph:
    """The graph with each weight as the file keeps it: what the page computes, for any other engine."""
    return replace(
        graph,
        nodes=tuple(
            replace(node, arguments={**node.arguments, "weight": _restored(_constant(node, "weight"), weights)})
            if node.op in ("conv", "linear")
            else node
            for node in graph.nodes
        ),
    )


def check_operations(graph: Graph) -> None:
    """Raises ExportError that names every operation that the page cannot run."""
    unknown = sorted({node.op for node in graph.nodes} - set(SUPPORTED))
    if unknown:
        count = "1 operation" if len(unknown) == 1 else f"{len(unknown)} operations"
        raise ExportError(
            f"the page cannot run {count} of this network: {', '.join(unknown)}. It runs {', '.join(SUPPORTED)}."
        )
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ExportError(
            f"the page runs networks of one picture and one result, not {len(graph.inputs)} and {len(graph.outputs)}"
        )
    shape = graph.inputs[0].shape
    if len(shape) != 4 or shape[:2] != (1, 1):
        raise ExportError(f"the page runs networks of one grey picture [1, 1, height, width], not {list(shape)}")


def quantise(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights [outputs, ...] as int8 of the same shape, and the float32 scale of each output channel."""
    flat = weight.reshape(len(weight), -1).astype(np.float64)
    scales = (np.abs(flat).max(axis=1) / 127).astype(np.float32)
    steps = np.where(scales > 0, scales, 1).astype(np.float64)[:, None]
    return np.rint(flat / steps).astype(np.int8).reshape(weight.shape), scales


def _restored(weight: np.ndarray, weights: Storage) -> np.ndarray:
    if weights == "float16":
        return weight.astype(np.float16).astype(np.float32)
    values, scales = quantise(weight)
    return values.astype(np.float32) * scales.reshape(-1, *[1] * (weight.ndim - 1))


@dataclass(frozen=True)
class _Flat:
    """A tensor [1, channels, height, width] read as one row, as the kernels have it: height, width, channels."""

    channels: int
    places: int


class _Packing:
    """Walks over a graph's nodes in order and writes a layer for each, some of them several nodes at once."""

    def __init__(self, graph: Graph, weights: Storage) -> None:
        self.graph, self.weights = graph, weights
        self.shapes = {item.name: item.shape for item in graph.inputs}
        self.shapes.update({item.name: item.shape for node in graph.nodes for item in node.outputs})
        self.reads = Counter(graph.outputs)
        self.readers: dict[str, list[Node]] = {}
        for node in graph.nodes:
            for name in _references(node):
                self.reads[name] += 1
                self.readers.setdefault(name, []).append(node)
        self.tensors: dict[str, int] = {}  # the number of the tensor of each value
        self.flat: dict[str, _Flat] = {}
        self.channels: list[int] = []  # of each tensor
        self.layers: list[dict[str, Any]] = []
        self.data = bytearray()
        self.done: set[str] = set()  # nodes that became part of another's layer

    def run(self) -> None:
        self._picture()
        for node in self.graph.nodes:
            if node.name not in self.done:
                getattr(self, f"_{node.op}")(node)
        if self.graph.outputs[0] not in self.tensors:
            raise ExportError("the network has no layer that computes its result")

    def _picture(self) -> None:
        """The picture, and what is done to its pixels before the first layer."""
        name, scale, offset = self.graph.inputs[0].name, 1.0, 0.0
        while len(self.readers.get(name, [])) == 1:
            [node] = self.readers[name]
            if node.op in ("cast", "identity"):
                pass
            elif node.op in ("mul", "add", "sub") and (number := _number(node)) is not None:
                if node.op == "mul":
                    scale, offset = scale * number, offset * number
                else:
                    offset += number if node.op == "add" else -number
            else:
                break
            self.done.add(node.name)
            name = node.outputs[0].name
        self.tensors[name] = self._tensor(1)
        self.layers.append({"op": "scale", "to": 0, "scale": _float(scale), "offset": _float(offset)})

    def _tensor(self, channels: int) -> int:
        self.channels.append(channels)
        return len(self.channels) - 1

    def _source(self, node: Node, key: str = "x") -> int:
        argument = node.arguments[key]
        if not isinstance(argument, Ref) or argument.name not in self.tensors:
            raise _unfit(node, f"its {key} is no result of a layer before it")
        return self.tensors[argument.name]

    def _result(self, last: Node) -> int:
        """A tensor for what a layer computes that ends with `last`."""
        shape = last.outputs[0].shape
        self.tensors[last.outputs[0].name] = number = self._tensor(int(shape[1] or 0))
        return number

    def _then(self, node: Node, op: str) -> Node | None:
        """The node of that operation that alone reads the result of `node`, which then joins its layer."""
        name = node.outputs[0].name
        readers = self.readers.get(name, [])
        if self.reads[name] != 1 or len(readers) != 1 or readers[0].op != op:
            return None
        return readers[0]

    def _then_relu(self, node: Node) -> tuple[Node, bool]:
        relu = self._then(node, "relu")
        if relu is None:
            return node, False
        self.done.add(relu.name)
        return relu, True

    def _then_add(self, node: Node) -> tuple[Node, int | None]:
        """The sum with an earlier tensor that follows, and that tensor."""
        add = self._then(node, "add")
        if add is None:
            return node, None
        others = [name for name in _references(add) if name != node.outputs[0].name]
        if len(others) != 1 or others[0] not in self.tensors or others[0] in self.flat:
            return node, None
        if self.shapes[others[0]] != add.outputs[0].shape or self._is_flattened(add):
            return node, None
        self.done.add(add.name)
        return add, self.tensors[others[0]]

    def _is_flattened(self, node: Node) -> bool:
        return any(reader.op == "reshape" for reader in self.readers.get(node.outputs[0].name, []))

    def _conv(self, node: Node) -> None:
        weight, source = _constant(node, "weight").astype(np.float32), self._source(node)
        if weight.ndim != 4:
            raise _unfit(node, f"it has {weight.ndim - 2} dimensions; expected 2")
        if int(np.asarray(node.arguments.get("groups", 1))) != 1:
            raise _unfit(node, "it works in groups")
        if any(value != 1 for value in _integers(node, "dilations", (1, 1))):
            raise _unfit(node, "it is dilated")
        stride, before, after = self._window(node, weight.shape[2:])
        last, relu = self._then_relu(node)
        last, added = self._then_add(last)
        self.layers.append(
            {
                "op": "convolve",
                "from": source,
                "to": self._result(last),
                "kernel": list(weight.shape[2:]),
                "stride": stride,
                "before": before,
                "after": after,
                "relu": relu,
                "add": added,
                **self._weights(node, source, weight, lambda values: values.transpose(2, 3, 1, 0)),
            }
        )

    def _window(self, node: Node, kernel: tuple[int, ...]) -> tuple[int, list[int], list[int]]:
        """Stride, and pixels before and after each side that windows may reach."""
        strides = _integers(node, "strides", (1, 1))
        if len(set(strides)) != 1:
            raise _unfit(node, f"its strides differ: {list(strides)}")
        argument = node.arguments["x"]
        sizes = self.shapes[argument.name][2:] if isinstance(argument, Ref) else ()
        pad = _integers(node, "pad", (0, 0, 0, 0))
        pairs = paddings(str(node.arguments.get("pad_type", "valid")), pad, sizes, kernel, strides) or []
        return int(strides[0]), [int(pair[0]) for pair in pairs], [int(pair[1]) for pair in pairs]

    def _linear(self, node: Node) -> None:
        weight, source = _constant(node, "weight").astype(np.float32), self._source(node)
        argument = node.arguments["x"]
        flat = self.flat.get(argument.name) if isinstance(argument, Ref) else None
        places = flat.places if flat else 1
        stored = places * (flat.channels if flat else self.channels[source])
        if weight.shape[1] != stored:
            raise _unfit(node, f"it takes {weight.shape[1]} numbers, but there are {stored}")

        def move(values: np.ndarray) -> np.ndarray:  # an image's row comes as height, width, channels
            return values.reshape(len(values), -1, places).transpose(2, 1, 0)[None]

        last, relu = self._then_relu(node)
        self.layers.append(
            {
                "op": "dense",
                "from": source,
                "to": self._result(last),
                "relu": relu,
                **self._weights(node, source, weight, move),
            }
        )

    def _weights(
        self, node: Node, source: int, weight: np.ndarray, move: Callable[[np.ndarray], np.ndarray]
    ) -> dict[str, Any]:
        """Write weights [outputs, ...]; `move` brings such an array to [height, width, inputs, outputs]."""
        values, scales = (
            quantise(weight) if self.weights == "int8" else (weight.astype(np.float16), np.ones(len(weight)))
        )
        moved = move(values)
        inputs, outputs = moved.shape[2:]
        more = 0 if source == PICTURE else -inputs % BLOCK, -outputs % BLOCK
        filled = np.pad(moved, ((0, 0), (0, 0), (0, more[0]), (0, more[1])))
        blocks = filled.reshape(*filled.shape[:3], -1, BLOCK).transpose(3, 0, 1, 2, 4)
        bias = node.arguments.get("bias", np.zeros(outputs))
        if not isinstance(bias, np.ndarray):
            raise _unfit(node, "its bias is computed, not stored")
        return {
            "stored": self.weights,
            "count": blocks.size,
            "weights": self._write(np.ascontiguousarray(blocks)),
            "scales": self._write(np.pad(scales.astype(np.float32), (0, more[1]))),
            "bias": self._write(np.pad(np.broadcast_to(bias.ravel(), outputs).astype(np.float32), (0, more[1]))),
        }

    def _write(self, array: np.ndarray) -> int:
        place = len(self.data)
        self.data += array.astype(array.dtype.newbyteorder("<")).tobytes()
        self.data += b"\0" * (-len(self.data) % 4)
        return place

    def _max_pool(self, node: Node) -> None:
        kernel = _integers(node, "kernel_sizes", (1, 1))
        if bool(np.asarray(node.arguments.get("ceil_mode", False))):
            raise _unfit(node, "it counts windows that are cut off (ceil_mode)")
        if self._source(node) == PICTURE:
            raise _unfit(node, "it is not on a layer's images")
        stride, before, after = self._window(node, kernel)
        last, relu = self._then_relu(node)
        self.layers.append(
            {
                "op": "pool",
                "from": self._source(node),
                "to": self._result(last),
                "kernel": [int(size) for size in kernel],
                "stride": stride,
                "before": before,
                "after": after,
                "relu": relu,
            }
        )

    def _upsample_nearest_neighbor(self, node: Node) -> None:
        factors = {float(np.asarray(node.arguments.get(f"scale_factor_{side}", 1))) for side in ("height", "width")}
        [factor] = factors if len(factors) == 1 else (0.0,)
        if factor < 1 or factor != int(factor):
            raise _unfit(node, f"its factors are {sorted(factors)}; expected one whole number for both sides")
        last, added = self._then_add(node)
        self._enlarge(node, last, self._source(node), int(factor), added)

    def _add(self, node: Node) -> None:
        one, two = self._source(node, "x"), self._source(node, "y")
        if any(self.shapes[name] != node.outputs[0].shape for name in _references(node)):
            raise _unfit(node, "its two sides differ in shape")
        self._enlarge(node, node, one, 1, two)

    def _relu(self, node: Node) -> None:
        self._enlarge(node, node, self._source(node), 1, None, relu=True)

    def _enlarge(
        self, node: Node, last: Node, source: int, factor: int, added: int | None, *, relu: bool = False
    ) -> None:
        if not relu:
            last, relu = self._then_relu(last)
        if len(last.outputs[0].shape) != 4 or source == PICTURE:
            raise _unfit(node, "it is not on a layer's images")
        self.layers.append(
            {
                "op": "enlarge",
                "from": source,
                "to": self._result(last),
                "factor": factor,
                "add": added,
                "relu": relu,
            }
        )

    def _reshape(self, node: Node) -> None:
        shape = node.outputs[0].shape
        argument = node.arguments["x"]
        assert isinstance(argument, Ref)
        old = self.shapes[argument.name]
        if len(shape) != 2 or len(old) != 4 or shape[1] != int(np.prod([size or 0 for size in old[1:]])):
            raise _unfit(node, f"it makes {list(shape)} of {list(old)}; expected one row of an image")
        name = node.outputs[0].name
        self.tensors[name] = self._source(node)
        self.flat[name] = _Flat(int(old[1] or 0), int(old[2] or 0) * int(old[3] or 0))

    def _softmax(self, node: Node) -> None:
        rank, axis = len(node.outputs[0].shape), int(np.asarray(node.arguments.get("axis", -1)))
        if rank != 2 or axis % rank != 1:
            raise _unfit(node, "it is not over the classes")
        self.layers.append({"op": "softmax", "from": self._source(node), "to": self._result(node)})

    def _cast(self, node: Node) -> None:
        if any(kind in str(node.arguments.get("dtype", "fp32")) for kind in ("int", "bool")):
            raise _unfit(node, f"it makes {node.arguments['dtype']}")
        self._identity(node)

    def _identity(self, node: Node) -> None:
        argument = node.arguments["x"]
        name = node.outputs[0].name
        self.tensors[name] = self._source(node)
        if isinstance(argument, Ref) and argument.name in self.flat:
            self.flat[name] = self.flat[argument.name]

    def _mul(self, node: Node) -> None:
        raise _unfit(node, "it is not on the picture itself; export the model again, which folds it into a layer")

    _sub = _mul


def _references(node: Node) -> list[str]:
    return [argument.name for argument in node.arguments.values() if isinstance(argument, Ref)]


def _constant(node: Node, key: str) -> np.ndarray:
    value = node.arguments.get(key)
    if not isinstance(value, np.ndarray):
        raise _unfit(node, f"its {key} is computed, not stored")
    return value


def _integers(node: Node, key: str, default: tuple[int, ...]) -> tuple[int, ...]:
    value = node.arguments.get(key)
    return default if value is None else tuple(int(item) for item in np.asarray(value).ravel())


def _number(node: Node) -> float | None:
    """The one number that a node computes with, if `y` is one."""
    value = node.arguments.get("y")
    return float(value.ravel()[0]) if isinstance(value, np.ndarray) and value.size == 1 else None


def _float(value: float) -> float:
    return float(np.float32(value))


def _unfit(node: Node, why: str) -> ExportError:
    return ExportError(f"the page cannot run {node.op} (at {node.name}): {why}.")
