"""The operations of MIL that inklens computes: a NumPy reference and an ONNX translation of each, by family."""

from __future__ import annotations

from inklens.coreml.ir import Graph
from inklens.coreml.ops import (
    activation,
    attention,
    convolution,
    elementwise,
    gathering,
    joining,
    linear,
    normalization,
    padding,
    pooling,
    quantization,
    recurrent,
    reduction,
    resizing,
    sampling,
    shape,
    slicing,
    sorting,
    space,
)
from inklens.coreml.ops import (
    creation as making,
)
from inklens.coreml.ops import (
    random as chance,
)
from inklens.coreml.ops.registry import OPS, Op, op, plain
from inklens.errors import ModelError

# Importing a family registers its operations.
FAMILIES = (
    activation,
    attention,
    chance,
    convolution,
    elementwise,
    gathering,
    joining,
    linear,
    making,
    normalization,
    padding,
    pooling,
    quantization,
    recurrent,
    reduction,
    resizing,
    sampling,
    shape,
    slicing,
    sorting,
    space,
)


def check(graph: Graph) -> None:
    """Raise one ModelError that names every operation of `graph` that is not supported, with its place."""
    missing = [node for node in graph.nodes if node.op not in OPS or OPS[node.op].translate is None]
    if missing:
        listed = ", ".join(f"{node.op} (at {node.name})" for node in missing)
        what = "1 operation is" if len(missing) == 1 else f"{len(missing)} operations are"
        supported = ", ".join(sorted(OPS))
        raise ModelError(f"{what} not supported: {listed}. Supported: {supported}.")
    problems = [
        f"{node.op} (at {node.name}) {problem}"
        for node in graph.nodes
        if (problem := OPS[node.op].problem(node.arguments))
    ]
    if problems:
        raise ModelError("; ".join(problems))


__all__ = ["FAMILIES", "OPS", "Op", "check", "op", "plain"]
