"""Lower an ML Program (MIL, in its protobuf form) to the intermediate representation.

Constants are read from immediate values and from `weight.bin`, compressed ones are unfolded, and both disappear into
the arguments of the operations that use them. What cannot run is refused here, all of it in one message.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inklens.coreml.blobs import BY_NAME, BlobFiles, from_bytes
from inklens.coreml.compression import fold_constexpr
from inklens.coreml.ir import Argument, Constant, Graph, Node, Ref, Tensor
from inklens.coreml.protobuf import Message
from inklens.coreml.schema import enum_names
from inklens.errors import ModelError

MAX_ELEMENTS = 1 << 30  # of one tensor: 4 GB of float32
MAX_RANK = 16  # MIL's tensors have at most 5 dimensions; lowered ones a few more

# The IR's names of MIL's data types.
DTYPES = {
    1: "bool", 2: "str", 10: "fp16", 11: "fp32", 12: "fp64", 13: "bf16", 40: "fp8e4m3fn", 41: "fp8e5m2",
    21: "int8", 22: "int16", 23: "int32", 24: "int64", 25: "int4",
    31: "uint8", 32: "uint16", 33: "uint32", 34: "uint64",
    35: "uint4", 36: "uint2", 37: "uint1", 38: "uint6", 39: "uint3",
}  # fmt: skip
# NumPy's types of values that stand in the program as typed lists.
_LISTED = {
    "bool": np.bool_, "fp32": np.float32, "fp64": np.float64, "fp16": np.float16, "bf16": np.float32,
    "int8": np.int8, "int16": np.int16, "int32": np.int32, "int64": np.int64, "int4": np.int8,
    "uint8": np.uint8, "uint16": np.uint16, "uint32": np.uint32, "uint64": np.uint64,
    "uint1": np.uint8, "uint2": np.uint8, "uint3": np.uint8, "uint4": np.uint8, "uint6": np.uint8,
}  # fmt: skip
# Parameters that take any number of tensors, even one.
VARIADIC = {("concat", "values"), ("stack", "values"), ("einsum", "values")}
VARIADIC |= {("reshape_like", name) for name in ("ref_tensors", "begins", "ends", "end_masks")}
# What MIL has and no engine here runs: state, control flow, lists.
REFUSED = {
    "read_state": "state", "write_state": "state", "coreml_update_state": "state",
    "cond": "control flow", "while_loop": "control flow", "call": "control flow",
    "make_list": "lists", "list_gather": "lists", "list_length": "lists", "list_read": "lists",
    "list_scatter": "lists", "list_write": "lists",
    "custom_layer": "code of the app",
}  # fmt: skip


def lower_program(
    model: Message,
    weights_folder: Path | None = None,
    function: str | None = None,
    *,
    model_folder: Path | None = None,
) -> Graph:
    """Lower one function of the ML Program in `model` (a `Model` message).

    `weights_folder` holds `weight.bin`; `model_folder` is what the program calls `@model_path`, and defaults to the
    folder above. `function` defaults to the model's default function, or `main`. A `classify` operation is kept as a
    node; see `split_classify`. Raises ModelError for everything that is damaged or cannot run.
    """
    if model_folder is None and weights_folder is not None:
        model_folder = weights_folder.parent
    blobs = BlobFiles(model_folder, weights_folder)
    program = model.mlProgram
    name = function or model.description.defaultFunctionName or "main"
    if name not in program.functions:
        known = ", ".join(sorted(program.functions)) or "none"
        raise ModelError(f"the program has no function {name!r}; it has {known}")
    return _Lowering(program.functions[name], name, blobs).graph()


def tensor_type(name: str, value_type: Message) -> Tensor:
    """A named value's declaration. What is not a tensor of numbers, booleans or text is refused."""
    kind = value_type.which("type")
    if kind != "tensorType":
        raise ModelError(f"the value {name!r} is a {kind or 'value without type'}, where a tensor is expected")
    tensor = value_type.tensorType
    dtype = DTYPES.get(tensor.dataType)
    if dtype is None:
        raise ModelError(f"the value {name!r} has the unknown data type {tensor.dataType}")
    shape: list[int | None] = []
    for dimension in tensor.dimensions:
        if dimension.which("dimension") == "constant":
            shape.append(dimension.constant.size)
        elif dimension.unknown.variadic:
            raise ModelError(f"the value {name!r} has an unknown number of dimensions, which is not supported")
        else:
            shape.append(None)
    if tensor.rank != len(shape):
        raise ModelError(f"the value {name!r} declares {tensor.rank} dimensions and lists {len(shape)}")
    check_size(name, shape)
    return Tensor(name, dtype, tuple(shape))


def check_size(name: str, shape: Iterable[int | None]) -> None:
    """Refuse a tensor that no memory should be asked for."""
    sizes = list(shape)
    if len(sizes) > MAX_RANK:
        raise ModelError(f"the value {name!r} has {len(sizes)} dimensions; at most {MAX_RANK} are expected")
    elements = math.prod(1 if size is None else size for size in sizes)
    if elements > MAX_ELEMENTS:
        raise ModelError(f"the value {name!r} has {elements:,} elements; at most {MAX_ELEMENTS:,} are run")


class _Lowering:
    def __init__(self, function: Message, name: str, blobs: BlobFiles) -> None:
        self.function = function
        self.name = name
        self.blobs = blobs
        self.constants: dict[str, Constant] = {}
        self.defined: set[str] = set()
        self.shapes: dict[str, tuple[int | None, ...]] = {}
        self.nodes: list[Node] = []
        self.unsupported: dict[str, list[str]] = {}
        self.folded_bytes = 0

    def block(self) -> Message:
        blocks = self.function.block_specializations
        if self.function.opset in blocks:
            return blocks[self.function.opset]
        if len(blocks) == 1:
            return next(iter(blocks.values()))
        raise ModelError(
            f"the function {self.name!r} is for opset {self.function.opset!r}, "
            f"but has blocks for {', '.join(sorted(blocks)) or 'none'}"
        )

    def graph(self) -> Graph:
        block = self.block()
        inputs = []
        for entry in self.function.inputs:
            if entry.type.which("type") == "stateType":
                self.refuse("state", entry.name)
                self.defined.add(entry.name)
                continue
            self.define(entry.name, f"input {entry.name}")
            inputs.append(tensor_type(entry.name, entry.type))
            self.shapes[entry.name] = inputs[-1].shape
        operations = block.operations
        self.find_unsupported(operations)
        for operation in operations:
            self.lower(operation)
        for output in block.outputs:
            if output in self.constants:
                self.keep_constant(output)
            elif output not in self.defined:
                raise ModelError(f"the function {self.name!r} returns {output!r}, which no operation gives")
        if not block.outputs:
            raise ModelError(f"the function {self.name!r} returns nothing")
        if len(set(block.outputs)) != len(block.outputs):
            raise ModelError(f"the function {self.name!r} returns a value twice: {', '.join(block.outputs)}")
        return Graph(tuple(inputs), tuple(self.nodes), tuple(block.outputs))

    def refuse(self, kind: str, place: str) -> None:
        self.unsupported.setdefault(kind, []).append(place)

    def find_unsupported(self, operations: Sequence[Message]) -> None:
        from inklens.coreml.ops import OPS

        for operation in operations:
            kind = operation.type
            if kind in REFUSED or len(operation.blocks):
                self.refuse(f"{kind} ({REFUSED.get(kind, 'nested blocks')})", place(operation))
            elif kind not in OPS and kind not in ("const", "classify") and not kind.startswith("constexpr_"):
                self.refuse(kind or "an operation without a type", place(operation))
        refuse_unsupported(self.unsupported, OPS)

    def define(self, name: str, where: str) -> None:
        if not name:
            raise ModelError(f"{where} has no name")
        if name in self.defined or name in self.constants:
            raise ModelError(f"two values are called {name!r}; the second is at {where}")
        self.defined.add(name)

    def define_constant(self, name: str, where: str, value: Constant) -> None:
        self.define(name, where)
        self.defined.discard(name)
        self.constants[name] = value

    def keep_constant(self, name: str) -> None:
        """A constant that the function returns becomes the result of an `identity`."""
        value = self.constants.pop(name)
        if not isinstance(value, np.ndarray):
            raise ModelError(f"the function {self.name!r} returns the text {name!r}, which is not supported")
        names = {np.dtype(numpy).str: mil for mil, numpy in reversed(_LISTED.items())}
        dtype = names[value.dtype.str]
        self.nodes.append(Node("identity", name, {"x": value}, (Tensor(name, dtype, value.shape),)))

    def lower(self, operation: Message) -> None:
        where = place(operation)
        kind = operation.type
        arguments = self.arguments(operation, where)
        if kind == "const":
            if len(operation.outputs) != 1 or "val" not in arguments:
                raise ModelError(f"the constant {where} needs a value `val` and one output")
            output = operation.outputs[0]
            value = arguments["val"]
            if isinstance(value, Ref) or (isinstance(value, tuple) and any(isinstance(one, Ref) for one in value)):
                raise ModelError(f"the constant {where} takes its value from another value")
            self.define_constant(output.name, where, value)  # type: ignore[arg-type]
        elif kind.startswith("constexpr_"):
            self.fold(operation, arguments, where)
        else:
            outputs: list[Tensor] = []
            for output in operation.outputs:
                self.define(output.name, where)
                if kind == "classify":  # a label and a dictionary: not tensors
                    outputs.append(Tensor(output.name, "str" if not outputs else "dict", ()))
                else:
                    outputs.append(tensor_type(output.name, output.type))
                    self.shapes[output.name] = outputs[-1].shape
            if not outputs:
                raise ModelError(f"the operation {where} ({kind}) has no output")
            if kind == "squeeze":
                self.settle_squeeze(arguments, outputs[0])
            self.nodes.append(Node(kind, where, arguments, tuple(outputs)))

    def settle_squeeze(self, arguments: dict[str, Argument], output: Tensor) -> None:
        """Name the axes that go: those of size 1, and of unknown size if the rank of the result says so.

        MIL lets `axes` name longer axes, which stay, and whoever wrote the program took an axis of unknown size for
        longer than 1.
        """
        x, axes = arguments.get("x"), arguments.get("axes")
        shape = self.shapes[x.name] if isinstance(x, Ref) else np.shape(x)  # type: ignore[arg-type]
        if axes is not None and not isinstance(axes, np.ndarray):
            return  # refused later, in words
        named = [int(axis) for axis in (range(len(shape)) if axes is None else axes.reshape(-1))]
        if any(not -len(shape) <= axis < len(shape) for axis in named):
            return
        named = sorted({axis % len(shape) for axis in named})
        gone = [axis for axis in named if shape[axis] == 1]
        if len(shape) - len(gone) != len(output.shape):
            gone = [axis for axis in named if shape[axis] in (1, None)]
        arguments["axes"] = np.array(gone, np.int32)

    def fold(self, operation: Message, arguments: dict[str, Argument], where: str) -> None:
        constants: dict[str, Any] = {}
        for name, value in arguments.items():
            if isinstance(value, (Ref, tuple)):
                raise ModelError(f"the compressed constant {where} has a parameter {name!r} that is not constant")
            constants[name] = value
        sources = sum(value.nbytes for value in constants.values() if isinstance(value, np.ndarray))
        limit = self.bytes_allowed() - self.folded_bytes
        results = fold_constexpr(operation.type, where, constants, limit)
        self.folded_bytes += sources + sum(result.nbytes for result in results)
        if len(results) != len(operation.outputs):
            raise ModelError(f"{where} ({operation.type}) has {len(operation.outputs)} outputs, not {len(results)}")
        for output, result in zip(operation.outputs, results, strict=True):
            declared = tensor_type(output.name, output.type)
            if declared.shape != result.shape:
                raise ModelError(
                    f"the compressed constant {where} unfolds to {list(result.shape)}, "
                    f"but is declared as {list(declared.shape)}"
                )
            self.define_constant(output.name, where, result)

    def bytes_allowed(self) -> int:
        """One bit may stand for a float32: 32 times the file, and as much again for chains. Small files get 64 MB."""
        return (64 << 20) + 64 * self.blobs.total_bytes

    def arguments(self, operation: Message, where: str) -> dict[str, Argument]:
        """Attributes (but the name) and inputs; constants are put in place, and what runs is a Ref."""
        arguments: dict[str, Argument] = {}
        for name, value in operation.attributes.items():
            if name != "name":
                arguments[name] = self.value(value, f"{where}.{name}")
        for name, argument in operation.inputs.items():
            bound = [self.binding(one, f"{where}.{name}") for one in argument.arguments]
            if not bound:
                raise ModelError(f"the parameter {name!r} of {where} ({operation.type}) is bound to nothing")
            if (operation.type, name) not in VARIADIC:
                if len(bound) > 1:
                    raise ModelError(
                        f"the parameter {name!r} of {where} ({operation.type}) is bound {len(bound)} times"
                    )
                arguments[name] = bound[0]
            else:
                tensors = tuple(one for one in bound if isinstance(one, (Ref, np.ndarray)))
                if len(tensors) != len(bound):
                    raise ModelError(f"the parameter {name!r} of {where} ({operation.type}) mixes text and tensors")
                arguments[name] = tensors
        return arguments

    def binding(self, binding: Message, where: str) -> Argument:
        if binding.which("binding") == "value":
            return self.value(binding.value, where)
        if binding.name in self.constants:
            return self.constants[binding.name]
        if binding.name not in self.defined:
            raise ModelError(f"{where} uses {binding.name!r}, which nothing before it gives")
        return Ref(binding.name)

    def value(self, value: Message, where: str) -> Constant:
        """A constant: a tensor, a text, or a list of either."""
        kind = value.type.which("type")
        if kind == "listType" and value.which("value") == "immediateValue":
            return self.list_value(value.immediateValue.list, where)
        tensor = tensor_type(where, value.type)
        if None in tensor.shape:
            raise ModelError(f"the constant {where} has a dimension of unknown size")
        shape = tuple(size for size in tensor.shape if size is not None)
        if value.which("value") == "blobFileValue":
            blob = value.blobFileValue
            if tensor.dtype not in BY_NAME and tensor.dtype != "bool":
                raise ModelError(f"the constant {where} of type {tensor.dtype} cannot be in a weight file")
            return self.blobs.read(blob.fileName, blob.offset, tensor.dtype, shape)
        if value.which("value") is None or value.immediateValue.which("value") != "tensor":
            raise ModelError(f"the constant {where} has no value")
        return immediate(value.immediateValue.tensor, tensor.dtype, shape, where)

    def list_value(self, values: Message, where: str) -> Constant:
        entries = [self.value(one, f"{where}[{index}]") for index, one in enumerate(values.values)]
        if entries and all(isinstance(one, str) for one in entries):
            return tuple(str(one) for one in entries)
        arrays = [one for one in entries if isinstance(one, np.ndarray)]
        if len(arrays) != len(entries) or len({array.shape for array in arrays}) > 1:
            raise ModelError(f"the list {where} mixes values of several kinds")
        return np.stack(arrays) if arrays else np.empty(0, np.int64)


def immediate(tensor: Message, dtype: str, shape: tuple[int, ...], where: str) -> Constant:
    """A value that stands in the program itself. Text of rank 0 is a str, of rank 1 a tuple."""
    kind = tensor.which("value")
    count = math.prod(shape)
    if kind is None:
        if count == 0 and dtype in _LISTED:
            return np.empty(shape, _LISTED[dtype])
        raise ModelError(f"the constant {where} has no value")
    values = getattr(tensor, kind).values
    if (kind == "strings") != (dtype == "str"):
        raise ModelError(f"the constant {where} is declared as {dtype} and given as {kind}")
    if kind == "bytes" and dtype in BY_NAME:
        return from_bytes(values, BY_NAME[dtype], shape, f"the constant {where}")
    if kind == "bytes" or (dtype != "str" and dtype not in _LISTED):
        raise ModelError(f"the constant {where} of type {dtype} is given as {kind}")
    if len(values) != count:
        raise ModelError(f"the constant {where} has {len(values):,} values; its shape {list(shape)} needs {count:,}")
    if dtype == "str":
        if len(shape) > 1:
            raise ModelError(f"the constant {where} is a table of texts, which is not supported")
        return str(values[0]) if not shape else tuple(str(one) for one in values)
    return np.asarray(values).astype(_LISTED[dtype]).reshape(shape)


def place(operation: Message) -> str:
    """How messages name an operation: its name attribute, or its first output."""
    name = operation.attributes.get("name")
    if name is not None and name.immediateValue.tensor.which("value") == "strings":
        texts = name.immediateValue.tensor.strings.values
        if len(texts) == 1 and texts[0]:
            return str(texts[0])
    return str(operation.outputs[0].name) if operation.outputs else "an operation without a name"


def refuse_unsupported(unsupported: dict[str, list[str]], supported: Iterable[str]) -> None:
    """Raise the one message that names every operation which cannot run, and where it is; nothing if there is none."""
    if not unsupported:
        return
    named = []
    for kind, places in unsupported.items():
        shown = ", ".join(places[:3]) + (f" and {len(places) - 3} more places" if len(places) > 3 else "")
        named.append(f"{kind} (at {shown})")
    count = len(unsupported)
    verb = "operation is" if count == 1 else "operations are"
    raise ModelError(f"{count} {verb} not supported: {', '.join(named)}. Supported: {', '.join(sorted(supported))}")


def split_classify(graph: Graph) -> tuple[Graph, Node | None]:
    """Take the `classify` node out of a graph, which then returns the probabilities in its place.

    MIL's `classify` gives a label and a dictionary; the caller makes them from the probabilities.
    """
    found = [node for node in graph.nodes if node.op == "classify"]
    if not found:
        return graph, None
    if len(found) > 1:
        raise ModelError(f"the program has {len(found)} classify operations; one is expected")
    node = found[0]
    probabilities = node.arguments.get("probabilities")
    if not isinstance(probabilities, Ref):
        raise ModelError(f"the classify operation {node.name} has no probabilities")
    gone = {tensor.name for tensor in node.outputs}
    outputs = [name for name in graph.outputs if name not in gone]
    if probabilities.name not in outputs:
        outputs.append(probabilities.name)
    nodes = tuple(one for one in graph.nodes if one is not node)
    used = {argument.name for one in nodes for argument in one.arguments.values() if isinstance(argument, Ref)}
    if used & gone:
        raise ModelError(f"the results of the classify operation {node.name} are used by other operations")
    return Graph(graph.inputs, nodes, tuple(outputs)), node


def data_type_name(code: int) -> str:
    """MIL's own name of a data type, e.g. FLOAT16."""
    return enum_names("MILSpec.DataType").get(code, str(code))
