"""Blobs and the builder: how layers write operations while the shape of every tensor is known.

NeuralNetwork files declare no shapes between inputs and outputs, so a network is lowered for the shapes of given inputs
(and for their values, where these decide shapes). What can be computed from constants is computed here: files full of
getShape, gather and concat become static.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inklens.coreml.ir import Argument, Graph, Node, Ref, Tensor
from inklens.coreml.neural_network.weights import MAX_ELEMENTS
from inklens.coreml.ops import OPS, plain
from inklens.errors import ModelError

Shape = tuple[int | None, ...]

FOLD_LIMIT = 1 << 16  # elements above which a constant stays a node: its result would be stored instead of computed
_VIEWS = ("reshape", "expand_dims", "squeeze", "identity")  # cost nothing, so constants of any size are folded through
_NEVER_FOLDED = ("random_normal", "random_uniform", "random_bernoulli", "random_categorical")
_DTYPES = {"fp32": np.float32, "int32": np.int32, "bool": np.bool_}


class ValueNeeded(ModelError):
    """A layer's parameter is computed from model inputs: the network can be lowered only for values of `inputs`."""

    def __init__(self, message: str, inputs: Iterable[str]) -> None:
        super().__init__(message)
        self.inputs = frozenset(inputs)


@dataclass(frozen=True, eq=False)
class Blob:
    """A tensor between layers: computed when the model runs (a Ref), or known already (an array)."""

    value: Ref | np.ndarray
    shape: Shape
    dtype: str = "fp32"

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def constant(self) -> np.ndarray | None:
        return self.value if isinstance(self.value, np.ndarray) else None

    @property
    def name(self) -> str | None:
        return self.value.name if isinstance(self.value, Ref) else None


Given = Blob | np.ndarray | str | bool | int | float | Sequence[int] | Sequence[Blob] | None


def constant(array: np.ndarray) -> Blob:
    """A blob whose value is known."""
    dtype = next((name for name, kind in _DTYPES.items() if array.dtype == kind), None)
    if dtype is None:
        array, dtype = array.astype(np.float32), "fp32"
    return Blob(array, array.shape, dtype)


def integers(values: Iterable[int | float]) -> list[int]:
    """Numbers of a message as ints that fit in 32 bits, which is what operations take."""
    whole = [int(value) for value in values]
    if any(abs(value) >= 1 << 31 for value in whole):
        raise ModelError(f"numbers as large as {max(whole, key=abs)} are no sizes or positions of a tensor")
    return whole


def known(sizes: Iterable[int | None]) -> bool:
    return all(size is not None for size in sizes)


def size_of(sizes: Iterable[int | None]) -> int | None:
    """The product of dimensions, None if one of them is unknown."""
    product = 1
    for size in sizes:
        if size is None:
            return None
        product *= size
    return product


def broadcast(*shapes: Shape) -> Shape:
    """The shape that NumPy's broadcasting gives; a ModelError where shapes do not fit."""
    rank = max(len(shape) for shape in shapes)
    result: list[int | None] = []
    for axis in range(rank):
        sizes = {shape[axis - rank] if axis >= rank - len(shape) else 1 for shape in shapes} - {1}
        if len(sizes - {None}) > 1:
            raise ModelError(f"tensors of shapes {', '.join(map(str, shapes))} cannot be combined elementwise")
        # Unknown beside a known size above 1 must be that size; unknown beside 1 stays unknown.
        result.append(next(iter(sizes - {None}), None if sizes else 1))
    return tuple(result)


class Builder:
    """Collects nodes. `place` is the name of the layer being lowered, for messages."""

    def __init__(self) -> None:
        self.place = ""
        self._nodes: list[Node] = []
        self._inputs: list[Tensor] = []
        self._origins: dict[str, frozenset[str]] = {}  # tensor -> the graph inputs that it is computed from
        self._collapsed: dict[tuple[str, int], Blob] = {}  # (tensor, trailing axes) -> the same with one leading axis
        self._count = 0

    def input(self, name: str, shape: Shape) -> Blob:
        """A graph input, fp32."""
        if any(tensor.name == name for tensor in self._inputs):
            raise ModelError(f"two inputs are called {name!r}")
        self._inputs.append(Tensor(name, "fp32", shape))
        self._origins[name] = frozenset([name])
        return Blob(Ref(name), shape)

    def emit(self, op: str, shape: Sequence[int | None], dtype: str = "fp32", /, **arguments: Given) -> Blob:
        """Write one operation with one result of `shape` and return it; arguments of None are left out."""
        return self.emit_many(op, [(shape, dtype)], **arguments)[0]

    def emit_many(
        self, op: str, results: Sequence[tuple[Sequence[int | None], str]], /, **arguments: Given
    ) -> tuple[Blob, ...]:
        """Write one operation with several results, each a pair of shape and dtype."""
        for shape, _ in results:
            self._check_size(tuple(shape))
        given = {name: _argument(value) for name, value in arguments.items() if value is not None}
        folded = self._fold(op, given, results)
        if folded is not None:
            return folded
        tensors = []
        for shape, dtype in results:
            self._count += 1
            tensors.append(Tensor(f"%{self._count}", dtype, tuple(shape)))
            origins = (self._origins[ref.name] for ref in _refs(given))
            self._origins[tensors[-1].name] = frozenset().union(*origins)
        self._nodes.append(Node(op, self.place, given, tuple(tensors)))
        return tuple(Blob(Ref(tensor.name), tensor.shape, tensor.dtype) for tensor in tensors)

    def _check_size(self, shape: Shape) -> None:
        if any(size is not None and size < 0 for size in shape):
            raise ModelError(f"the result would have the shape {shape}: the input is too small for this layer")
        elements = math.prod(size for size in shape if size is not None)
        if elements > MAX_ELEMENTS:
            raise ModelError(
                f"the result would have the shape {shape}, {elements:,} numbers; at most {MAX_ELEMENTS:,} are computed"
            )

    def _fold(
        self, op: str, given: Mapping[str, Argument], results: Sequence[tuple[Sequence[int | None], str]]
    ) -> tuple[Blob, ...] | None:
        """The results, if the arguments are all known and it is cheap to compute them now."""
        if op in _NEVER_FOLDED or any(True for _ in _refs(given)):
            return None
        sizes = [value.size for value in given.values() if isinstance(value, np.ndarray)]
        sizes += [size_of(shape) or 0 for shape, _ in results]
        if max(sizes, default=0) > FOLD_LIMIT and op not in _VIEWS:
            return None
        operation = OPS[op]
        known_values = {name: value if name in operation.tensors else plain(value) for name, value in given.items()}
        positional, keywords = operation.bind(known_values)
        with np.errstate(all="ignore"):
            computed = operation(*positional, **keywords)
        arrays = computed if isinstance(computed, tuple) else (computed,)
        return tuple(
            constant(np.asarray(array).astype(_DTYPES[dtype]))
            for array, (_, dtype) in zip(arrays, results, strict=True)
        )

    # Values that must be known now.

    def numbers(self, blob: Blob, what: str) -> np.ndarray:
        """The known values of `blob`, flat; ValueNeeded if they depend on model inputs."""
        if blob.constant is not None:
            return blob.constant.reshape(-1)
        origins = self._origins[blob.name or ""]
        raise ValueNeeded(f"{what} depends on the values of {', '.join(sorted(origins)) or 'random numbers'}", origins)

    def whole_numbers(self, blob: Blob, what: str) -> list[int]:
        """The known values of `blob` as integers, towards zero."""
        values = self.numbers(blob, what)
        if not np.isfinite(values).all():
            raise ModelError(f"{what} is {values.tolist()}; expected whole numbers")
        return integers(values.tolist())

    # Shapes.

    def reshape(self, blob: Blob, shape: Sequence[int | None]) -> Blob:
        """`blob` in another shape, of which one dimension may be unknown.

        The leading dimension is left to follow from the others where it can be, so that the same operation holds for
        any batch.
        """
        target = tuple(shape)
        if target == blob.shape and known(target):
            return blob
        total = size_of(blob.shape)
        if known(target) and total is not None and total != size_of(target):
            raise ModelError(f"a tensor of shape {blob.shape} cannot be reshaped to {target}")
        unknown = [axis for axis, size in enumerate(target) if size is None]
        if len(unknown) > 1:
            raise ModelError(f"a tensor of shape {blob.shape} cannot be reshaped to {target}: two sizes are unknown")
        if not unknown and target and total != 0:
            unknown = [0]
        written = [-1 if axis in unknown else size or 0 for axis, size in enumerate(target)]
        return self.emit("reshape", target, blob.dtype, x=blob, shape=written)

    def transpose(self, blob: Blob, perm: Sequence[int]) -> Blob:
        if list(perm) == list(range(blob.rank)):
            return blob
        return self.emit("transpose", [blob.shape[axis] for axis in perm], blob.dtype, x=blob, perm=list(perm))

    def expand_dims(self, blob: Blob, axes: Sequence[int]) -> Blob:
        """Insert dimensions of 1; `axes` are positions in the result."""
        rank = blob.rank + len(axes)
        places = sorted(axis % rank for axis in axes)
        sizes = iter(blob.shape)
        shape = [1 if axis in places else next(sizes) for axis in range(rank)]
        return self.emit("expand_dims", shape, blob.dtype, x=blob, axes=places)

    def squeeze(self, blob: Blob, axes: Sequence[int]) -> Blob:
        places = sorted(axis % blob.rank for axis in axes)
        if not places:
            return blob
        if any(blob.shape[axis] not in (1, None) for axis in places):
            raise ModelError(f"axes {places} of a tensor of shape {blob.shape} cannot be squeezed: they are not all 1")
        shape = [size for axis, size in enumerate(blob.shape) if axis not in places]
        return self.emit("squeeze", shape, blob.dtype, x=blob, axes=places)

    def cast(self, blob: Blob, dtype: str) -> Blob:
        return blob if blob.dtype == dtype else self.emit("cast", blob.shape, dtype, x=blob, dtype=dtype)

    def pointwise(self, op: str, blob: Blob, dtype: str = "fp32", /, **arguments: Given) -> Blob:
        """An operation whose result has the shape of `blob`, computed on its four-dimensional form if there is one."""
        source = self._collapsed.get((blob.name or "", 3))
        if source is None and blob.rank < 5:
            return self.emit(op, blob.shape, dtype, x=blob, **arguments)
        source = source or self.collapse(blob)
        return self.expand(self.emit(op, source.shape, dtype, x=source, **arguments), blob.shape[:-3])

    # The format treats every axis before the channels as batch. Tensors of rank 5 ([Seq, B, C, H, W], all that existed
    # before specification 4) are therefore computed as [batch, C, H, W]; the collapsed form of each is remembered, and
    # what nobody reads is dropped at the end, so that a chain of convolutions stays free of reshapes.

    def collapse(self, blob: Blob, trailing: int = 3) -> Blob:
        """`blob` with all axes before the last `trailing` in one: [N, C, H, W] for 3."""
        if blob.rank < trailing:
            raise ModelError(
                f"a tensor of shape {blob.shape} has {blob.rank} dimensions; this layer needs at least {trailing}"
            )
        lead = blob.shape[:-trailing]
        if len(lead) == 1:
            return blob
        key = (blob.name or "", trailing)
        if blob.name and key in self._collapsed:
            return self._collapsed[key]
        if not lead:
            result = self.expand_dims(blob, [0])
        elif sum(size != 1 for size in lead) <= 1:
            kept = next((axis for axis, size in enumerate(lead) if size != 1), 0)
            result = self.squeeze(blob, [axis for axis in range(len(lead)) if axis != kept])
        else:
            result = self.reshape(blob, (size_of(lead), *blob.shape[-trailing:]))
        if blob.name:
            self._collapsed[key] = result
        return result

    def expand(self, blob: Blob, lead: Shape, trailing: int = 3) -> Blob:
        """The inverse of `collapse`: `blob` with the leading axes `lead`."""
        if len(lead) == 1:
            return blob
        if not lead:
            result = self.squeeze(blob, [0])
        elif sum(size != 1 for size in lead) <= 1:
            kept = next((axis for axis, size in enumerate(lead) if size != 1), 0)
            result = self.expand_dims(blob, [axis for axis in range(len(lead)) if axis != kept])
        else:
            result = self.reshape(blob, (*lead, *blob.shape[-trailing:]))
        if result.name:
            self._collapsed[(result.name, trailing)] = blob
        return result

    # The end.

    def graph(self, outputs: Sequence[str], blobs: Mapping[str, Blob]) -> Graph:
        """The finished graph: tensors carry the names of `blobs`, and nodes without readers are gone."""
        taken = {tensor.name: tensor.name for tensor in self._inputs}
        names = dict(taken)  # tensor in the builder -> name in the graph
        finished = {}
        for output in outputs:
            blob = self.cast(blobs[output], "fp32")
            if blob.name is None or blob.name in names:
                self.place = output
                self._count += 1
                tensor = Tensor(f"%{self._count}", "fp32", blob.shape)
                self._nodes.append(Node("identity", output, {"x": blob.value}, (tensor,)))
                blob = Blob(Ref(tensor.name), blob.shape)
            if output in taken:
                raise ModelError(f"{output!r} is both an input and an output")
            names[blob.name or ""] = output
            taken[output] = output
            finished[output] = blob
        for name, blob in blobs.items():
            if blob.name is not None and blob.name not in names and name not in taken:
                names[blob.name] = name
                taken[name] = name
        kept = _reachable(self._nodes, [blob.name or "" for blob in finished.values()])
        counts: dict[str, int] = {}
        for node in kept:
            for tensor in node.outputs:
                if tensor.name not in names:
                    names[tensor.name] = _unique(f"{node.name}/{node.op}", taken, counts)
        return Graph(tuple(self._inputs), tuple(_renamed(node, names) for node in kept), tuple(outputs))


def _argument(value: Given) -> Argument:
    if isinstance(value, Blob):
        return value.value
    if isinstance(value, str):
        return value
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, (bool, np.bool_)):
        return np.array(value)
    if isinstance(value, (int, np.integer)):
        return np.array(value, np.int32)
    if isinstance(value, float):
        return np.array(value, np.float32)
    items = list(value or ())
    blobs = [item for item in items if isinstance(item, Blob)]
    if blobs:
        return tuple(blob.value for blob in blobs)
    return np.array(items, np.bool_ if items and isinstance(items[0], bool) else np.int32)


def _refs(arguments: Mapping[str, Argument]) -> Iterable[Ref]:
    for value in arguments.values():
        if isinstance(value, Ref):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Ref))


def _reachable(nodes: Sequence[Node], outputs: Sequence[str]) -> list[Node]:
    """The nodes that the outputs are computed from, in order."""
    wanted = set(outputs)
    kept = []
    for node in reversed(nodes):
        if any(tensor.name in wanted for tensor in node.outputs):
            kept.append(node)
            wanted.update(ref.name for ref in _refs(node.arguments))
    return kept[::-1]


def _unique(name: str, taken: dict[str, str], counts: dict[str, int]) -> str:
    candidate = name
    while candidate in taken:
        counts[name] = counts.get(name, 0) + 1
        candidate = f"{name}.{counts[name]}"
    taken[candidate] = candidate
    return candidate


def _renamed(node: Node, names: Mapping[str, str]) -> Node:
    def new(value: Argument) -> Argument:
        if isinstance(value, Ref):
            return Ref(names[value.name])
        if isinstance(value, tuple):
            return tuple(Ref(names[item.name]) if isinstance(item, Ref) else item for item in value)  # type: ignore[return-value]
        return value

    arguments = {name: new(value) for name, value in node.arguments.items()}
    outputs = tuple(replace(tensor, name=names[tensor.name]) for tensor in node.outputs)
    return Node(node.op, node.name, arguments, outputs)
