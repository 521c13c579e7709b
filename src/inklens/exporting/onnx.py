"""ONNX files from a graph of the intermediate representation.

The input is `image`, uint8 [n, height, width]: the pixels as they lie in a picture. A client that scales them itself
gets a type error from ONNX Runtime instead of wrong answers. The batch size n is free. A classifier's output is
`probabilities`, float32 [n, classes].
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from inklens.coreml.ir import Argument, Graph, Node, Ref, Tensor
from inklens.coreml.onnx import Storage, to_onnx
from inklens.coreml.onnx_proto import text
from inklens.exporting.coreml import Metadata
from inklens.lowering.graph import rename

DOC_STRING = 6  # the field of ModelProto that ONNX Runtime shows as the model's description


def onnx_bytes(
    graph: Graph,
    *,
    labels: Sequence[str] | None,
    metadata: Metadata,
    weights: Storage = "float32",
    any_size: bool = False,
) -> bytes:
    """The whole ONNX file. Equal graphs give equal bytes. any_size: a fully convolutional network's image is free."""
    batched = for_batches(graph, any_size=any_size)
    image = graph.inputs[0]
    about = {
        "input": metadata.input_description,
        **({} if labels is None else {"labels": json.dumps(list(labels), ensure_ascii=False)}),
        **{
            key: value
            for key, value in (
                ("author", metadata.author),
                ("license", metadata.licence),
                ("version", metadata.version),
            )
            if value
        },
        **metadata.user_defined,
    }
    height, width = image.shape[2:]
    dims: dict[str, tuple[str | int, ...]] = {
        image.name: ("n", "height", "width") if any_size else ("n", height or 0, width or 0)
    }
    for node in batched.nodes:
        for output in node.outputs:
            if output.name in graph.outputs:
                channels, *sides = (size or 0 for size in output.shape[1:])
                dims[output.name] = ("n", channels, *(("rows", "columns") if any_size else sides))
    data = to_onnx(batched, weights=weights, name="inklens", dtypes={image.name: "uint8"}, dims=dims, metadata=about)
    return data + text(DOC_STRING, metadata.description)


def for_batches(graph: Graph, *, any_size: bool = False) -> Graph:
    """The graph with images [n, height, width] of any n in place of one [1, 1, height, width].

    any_size: of any height and width too, which takes a network of convolutions only.
    """

    def free(tensor: Tensor) -> Tensor:
        sides = (None,) * len(tensor.shape[2:]) if any_size else tensor.shape[2:]
        return replace(tensor, shape=(None, *tensor.shape[1:2], *sides))

    [image] = graph.inputs
    channel = f"{image.name}_channel"
    pixels = replace(image, shape=(None, *free(image).shape[2:]))
    shape = np.asarray((-1, *(size or 0 for size in image.shape[1:])), np.int32)
    arguments: dict[str, Argument] = {"x": Ref(image.name)}
    arguments |= {"axes": np.asarray([1], np.int32)} if any_size else {"shape": shape}
    first = "expand_dims" if any_size else "reshape"
    nodes = [Node(first, channel, arguments, (free(replace(image, name=channel)),))]
    for node in rename(graph, {image.name: channel}).nodes:
        arguments = dict(node.arguments)
        if node.op == "reshape":
            target = arguments["shape"]
            assert isinstance(target, np.ndarray)
            arguments["shape"] = np.asarray((-1, *target[1:]), np.int32)
        nodes.append(replace(node, arguments=arguments, outputs=tuple(free(output) for output in node.outputs)))
    return replace(graph, inputs=(pixels,), nodes=tuple(nodes))
