"""Lowers a Keras network to the intermediate representation.

The walk goes over the functional graph that Keras records (Sequential, functional, nested and shared models alike) and
calls one handler for each layer (`layers`, `activations`). Weights are read as NumPy, so the Keras backend plays no
part. Keras works on batch, height, width, channels; the representation on batch, channels, height, width: every value
carries the order of its axes, and axes are moved only where a layer needs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inklens.coreml.ir import Argument, Graph, Node, Ref, Tensor
from inklens.errors import ExportError

NCHW_FROM_NHWC = (0, 3, 1, 2)
SCORES = "scores"  # what goes into the last softmax


class Unsupported(Exception):
    """Raised by a handler: the layer, or the way it is set, cannot be carried. Collected, then reported at once."""


@dataclass(frozen=True)
class Value:
    """A tensor on its way: what Keras calls axis `order[i]` lies at axis i of the representation."""

    ref: Ref
    keras_shape: tuple[int, ...]  # batch 1, every dimension fixed
    order: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.keras_shape[axis] for axis in self.order)

    def axis(self, keras_axis: int) -> int:
        """Where a Keras axis (negative counts from the end) lies."""
        return self.order.index(keras_axis % len(self.order))


Handler = Callable[["Lowering", Any, Sequence[Value], Mapping[str, Any]], Value]
HANDLERS: dict[str, Handler] = {}


def handles(*names: str) -> Callable[[Handler], Handler]:
    """Registers a handler for Keras layers (`Conv2D`) or operations (`ops.Add`); a second registration is refused."""

    def register(handler: Handler) -> Handler:
        for name in names:
            if name in HANDLERS:
                raise ValueError(f"{name} has a handler already")
            HANDLERS[name] = handler
        return handler

    return register


def array(variable: Any) -> np.ndarray:
    """A Keras variable, tensor or number as float32."""
    if hasattr(variable, "detach"):
        variable = variable.detach().cpu()
    return np.asarray(variable.numpy() if hasattr(variable, "numpy") else variable, np.float32)


def floats(value: float) -> np.ndarray:
    return np.asarray(value, np.float32)


def ints(*values: int) -> np.ndarray:
    return np.asarray(values, np.int32)


class Lowering:
    """Collects the nodes of one network. Handlers call `emit`, `arrange` and `image`."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.problems: list[str] = []
        self.output_shape: tuple[int, ...] = ()  # of the layer being lowered, as Keras has it
        self._names: set[str] = set()
        self._scope = ""

    def emit(
        self,
        op: str,
        keras_shape: Sequence[int],
        order: Sequence[int] | None = None,
        *,
        suffix: str | None = None,
        dtype: str = "fp32",
        **arguments: Argument | Value,
    ) -> Value:
        """Appends one operation. The first of a layer carries the layer's name, later ones a suffix."""
        shape = tuple(int(size) for size in keras_shape)
        order = tuple(range(len(shape))) if order is None else tuple(order)
        name = self._name(suffix, op)
        value = Value(Ref(name), shape, order)
        plain = {key: _argument(argument) for key, argument in arguments.items()}
        self.nodes.append(Node(op, name, plain, (Tensor(name, dtype, value.shape),)))
        return value

    def arrange(self, value: Value, order: Sequence[int]) -> Value:
        """The same tensor with its axes in another order."""
        order = tuple(order)
        if value.order == order:
            return value
        perm = [value.order.index(axis) for axis in order]
        return self.emit(
            "transpose", value.keras_shape, order, suffix="layout", x=value, perm=np.asarray(perm, np.int32)
        )

    def plain(self, value: Value) -> Value:
        """The tensor with its axes as Keras has them."""
        return self.arrange(value, range(len(value.order)))

    def image(self, value: Value, data_format: str) -> Value:
        """A rank-4 tensor as batch, channels, height, width."""
        if len(value.order) != 4:
            raise Unsupported(f"needs images of rank 4, got rank {len(value.order)}")
        return self.arrange(value, image_order(data_format))

    def _name(self, suffix: str | None, op: str) -> str:
        wanted = self._scope if suffix is None else f"{self._scope}_{suffix}"
        if suffix is None and wanted in self._names:
            wanted = f"{self._scope}_{op}"
        name, count = wanted, 1
        while name in self._names:
            count += 1
            name = f"{wanted}_{count}"
        self._names.add(name)
        return name

    def run(self, model: Any, inputs: Sequence[Value], scope: str = "") -> list[Value]:
        """Lowers every node of a functional graph; `scope` is the path of a nested model."""
        graph = getattr(model, "_functional", None) or model
        values: dict[int, Value] = {id(tensor): value for tensor, value in zip(graph.inputs, inputs, strict=True)}
        for depth in sorted(graph._nodes_by_depth, reverse=True):
            for node in graph._nodes_by_depth[depth]:
                if node.operation is None or node.is_input:
                    continue
                args, kwargs = node.arguments.fill_in(values)
                outputs = self._operation(node.operation, args, kwargs, [t.shape for t in node.outputs], scope)
                values.update({id(tensor): value for tensor, value in zip(node.outputs, outputs, strict=True)})
        return [values[id(tensor)] for tensor in graph.outputs]

    def _operation(
        self, operation: Any, args: tuple, kwargs: dict, shapes: Sequence[Sequence[int | None]], scope: str
    ) -> list[Value]:
        path = scope + re.sub(r"\W", "_", operation.name)
        inputs = [value for value in _flat((args, list(kwargs.values()))) if isinstance(value, Value)]
        fixed = [tuple(1 if size is None else int(size) for size in shape) for shape in shapes]
        try:
            if any(size is None for shape in shapes for size in shape[1:]):
                raise Unsupported(f"its output {tuple(shapes[0])} has no fixed size")
            if is_functional(operation):
                return self.run(operation, inputs, scope=path + "_")
            if len(shapes) != 1:
                raise Unsupported(f"it has {len(shapes)} outputs")
            handler = HANDLERS.get(handler_name(operation))
            if handler is None:
                raise Unsupported("")
            self._scope, self.output_shape = path, fixed[0]
            value = handler(self, operation, inputs, {"args": args, **kwargs})
            if value.keras_shape != fixed[0]:
                raise AssertionError(f"{path}: lowered to {value.keras_shape}, Keras has {fixed[0]}")
        except Unsupported as problem:
            detail = f" ({problem})" if str(problem) else ""
            self.problems.append(f"{type(operation).__name__} at layer {path}{detail}")
            return [Value(Ref("?"), shape, tuple(range(len(shape)))) for shape in fixed]
        return [value]


def lower(model: Any, *, input_name: str = "image", output_name: str = "probabilities") -> Graph:
    """The network of a built Keras model with one grey image as input, batch 1.

    The model's input may be [28, 28], [28, 28, 1], [1, 28, 28] (channels first) or [784]; other sizes likewise. The
    graph's input is fp32 [1, 1, height, width]; its output has the Keras layout, maps excepted: a rank-4 output
    comes as [1, channels, height, width]. Raises ExportError that names every layer that cannot be carried.
    """
    if not is_functional(model):
        raise ExportError(
            f"{type(model).__name__} is not a Sequential or functional Keras model, so its layers cannot be listed. "
            "Build it from keras.Sequential or keras.Model(inputs, outputs)."
        )
    if not getattr(model, "built", True) or not model.inputs:
        raise ExportError("the Keras model is not built yet: give its first layer an Input of (28, 28, 1)")
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ExportError(
            f"the Keras model has {len(model.inputs)} inputs and {len(model.outputs)} outputs; expected one of each"
        )
    lowering = Lowering()
    lowering._scope = input_name
    lowering._names |= {input_name, output_name, SCORES}
    image, value = _input(lowering, input_name, tuple(model.inputs[0].shape))
    [output] = lowering.run(model, [value])
    if lowering.problems:
        count = len(lowering.problems)
        raise ExportError(
            f"{count} {'layer is' if count == 1 else 'layers are'} not supported: {'; '.join(lowering.problems)}. "
            f"Supported: {', '.join(sorted(name for name in HANDLERS if '.' not in name))}."
        )
    output = lowering.arrange(output, NCHW_FROM_NHWC) if len(output.order) == 4 else lowering.plain(output)
    if output.ref.name == input_name:
        raise ExportError("the Keras model has no layer that computes anything")
    graph = Graph((image,), tuple(lowering.nodes), (output.ref.name,))
    # A last dense layer that has the output's own name.
    return rename(graph, {output.ref.name: output_name, f"{output_name}_linear": SCORES})


def _input(lowering: Lowering, name: str, shape: tuple[int | None, ...]) -> tuple[Tensor, Value]:
    """The graph's image, and the same pixels in the shape that the Keras model takes."""
    sizes = shape[1:]
    if None in sizes:
        raise ExportError(f"the Keras model takes {list(shape)}: every dimension but the first must be fixed")
    fixed = tuple(int(size) for size in sizes if size is not None)
    order: tuple[int, ...] | None = None
    match fixed:
        case (height, width, 1):
            order = NCHW_FROM_NHWC
        case (1, height, width):
            order = (0, 1, 2, 3)
        case (height, width):
            pass
        case (count,) if int(count**0.5) ** 2 == count:
            height = width = int(count**0.5)
        case _:
            raise ExportError(f"the Keras model takes {list(shape)}; expected one grey image, such as [28, 28, 1]")
    image = Tensor(name, "fp32", (1, 1, height, width))
    if order is not None:
        return image, Value(Ref(name), (1, *fixed), order)
    flat = Value(Ref(name), (1, 1, height, width), (0, 1, 2, 3))
    return image, lowering.emit(
        "reshape", (1, *fixed), suffix="layout", x=flat, shape=np.asarray((1, *fixed), np.int32)
    )


def rename(graph: Graph, names: Mapping[str, str]) -> Graph:
    """The same graph with tensors (and the nodes that make them) under other names."""

    def renamed(argument: Argument) -> Argument:
        if isinstance(argument, Ref):
            return Ref(names.get(argument.name, argument.name))
        if isinstance(argument, tuple):
            return tuple(renamed(item) if isinstance(item, Ref) else item for item in argument)  # type: ignore[return-value]
        return argument

    def tensor(value: Tensor) -> Tensor:
        return Tensor(names.get(value.name, value.name), value.dtype, value.shape)

    nodes = tuple(
        Node(
            node.op,
            names.get(node.name, node.name),
            {key: renamed(argument) for key, argument in node.arguments.items()},
            tuple(tensor(output) for output in node.outputs),
        )
        for node in graph.nodes
    )
    outputs = tuple(names.get(name, name) for name in graph.outputs)
    return Graph(tuple(tensor(value) for value in graph.inputs), nodes, outputs)


def image_order(data_format: str) -> tuple[int, int, int, int]:
    return (0, 1, 2, 3) if data_format == "channels_first" else NCHW_FROM_NHWC


def is_functional(operation: Any) -> bool:
    """Whether Keras has the layers of this model as a graph (and nobody wrote a `call` of their own)."""
    graph = getattr(operation, "_functional", None) or operation
    return hasattr(graph, "_nodes_by_depth") and type(operation).call.__module__.startswith("keras.")


def handler_name(operation: Any) -> str:
    """`Conv2D` for a Keras layer, `ops.Add` for a Keras operation, the full name for somebody's own class."""
    kind = type(operation)
    if kind.__module__.startswith("keras.src.ops."):
        return f"ops.{kind.__name__}"
    return kind.__name__ if kind.__module__.startswith("keras.") else f"{kind.__module__}.{kind.__name__}"


def _argument(argument: Argument | Value) -> Argument:
    if isinstance(argument, Value):
        return argument.ref
    if isinstance(argument, tuple):
        return tuple(item.ref if isinstance(item, Value) else item for item in argument)  # type: ignore[return-value]
    return argument


def _flat(value: Any) -> Iterable[Any]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _flat(item)
    else:
        yield value
