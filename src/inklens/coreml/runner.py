"""Run graphs: one that is ready for an engine, and a network whose graph depends on its inputs' shapes."""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from inklens.coreml.batch_axis import batched
from inklens.coreml.ir import Graph, Tensor
from inklens.coreml.limits import check_graph
from inklens.coreml.onnx_builder import carrier
from inklens.errors import ModelError

Engine = Literal["onnxruntime", "reference"]
Precision = Literal["float32", "declared"]
Arrays = Mapping[str, np.ndarray]
Lower = Callable[[Arrays], tuple[Graph, frozenset[str]]]  # and the inputs whose values the graph holds for

ENGINES = ("onnxruntime", "reference")
PRECISIONS = ("float32", "declared")
KEPT_GRAPHS = 8  # of a network that is run with many shapes
CHUNK_VALUES = 1 << 24  # of the largest tensor in one batched run: 64 MB of float32
CHUNK_ITEMS = 256  # larger chunks only make the caches miss
# How ONNX Runtime tells of an operation that failed, after which it may name the line of its own source.
FAILED = re.compile(r"while running (\w+) node\. Name:'([^']*)' Status Message: (?:\S+\.(?:cc|h):\d+ .*?\) )?(.*)")


@dataclass(frozen=True)
class Options:
    """How networks are run. `threads` is ONNX Runtime's number of threads within an operation; 0 lets it choose."""

    engine: Engine = "onnxruntime"
    precision: Precision = "float32"
    threads: int = 0

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ModelError(f"no engine is called {self.engine!r}; there are {', '.join(ENGINES)}")
        if self.precision not in PRECISIONS:
            raise ModelError(f"no precision is called {self.precision!r}; there are {', '.join(PRECISIONS)}")


class GraphRunner:
    """One graph, made ready on its first run. Outputs that are inputs are passed through."""

    def __init__(self, graph: Graph, options: Options) -> None:
        check_graph(graph)
        self.graph = graph
        self._options = options
        self._passed = [name for name in graph.outputs if any(name == tensor.name for tensor in graph.inputs)]
        self._computed = replace(graph, outputs=tuple(name for name in graph.outputs if name not in self._passed))
        self._session: Any = None

    def __call__(self, inputs: Arrays) -> dict[str, np.ndarray]:
        """The graph's outputs. Inputs are brought to the graph's shapes and types first."""
        ready = {tensor.name: fit(inputs[tensor.name], tensor) for tensor in self.graph.inputs}
        results = {name: ready[name] for name in self._passed}
        if self._computed.outputs:
            results |= self._compute(ready)
        return {name: results[name] for name in self.graph.outputs}

    def prepare(self) -> None:
        """Make the engine ready now, so that what it cannot run is refused before the first run."""
        if self._options.engine == "onnxruntime" and self._computed.outputs:
            self.session()

    def _compute(self, ready: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        try:
            if self._options.engine == "reference":
                from inklens.coreml.reference import evaluate

                return evaluate(self._computed, ready, precision=self._options.precision)
            session = self.session()
            return dict(zip(self._computed.outputs, session.run(None, ready), strict=True))
        except MemoryError as problem:
            raise ModelError("the model needs more memory than there is") from problem
        except ModelError:
            raise
        except Exception as problem:
            # ONNX Runtime's exceptions share no base class but this one.
            raise ModelError(f"the model cannot be run on these inputs: {_failure(problem)}") from problem

    def session(self) -> Any:
        """The ONNX Runtime session, made on first use."""
        if self._session is None:
            import onnxruntime

            from inklens.coreml.onnx import to_onnx

            data = to_onnx(self._computed, precision=self._options.precision, places=True)
            settings = onnxruntime.SessionOptions()
            settings.log_severity_level = 4
            settings.intra_op_num_threads = self._options.threads
            settings.inter_op_num_threads = 1
            try:
                self._session = onnxruntime.InferenceSession(data, settings, providers=["CPUExecutionProvider"])
            except Exception as problem:
                raise ModelError(f"ONNX Runtime refuses the model: {_first_line(problem)}") from problem
        return self._session


def fit(value: np.ndarray, tensor: Tensor) -> np.ndarray:
    """`value` in the carrier type and the shape of a graph's input; dimensions of size 1 may be added or dropped."""
    shape = tensor.shape
    value = np.asarray(value).astype(carrier(tensor.dtype), copy=False)
    if len(value.shape) == len(shape) and all(
        want in (None, have) for have, want in zip(value.shape, shape, strict=True)
    ):
        return np.ascontiguousarray(value)
    have = [size for size in value.shape if size != 1]
    if None in shape:
        while len(value.shape) < len(shape):  # a picture [channels, height, width] for [1, channels, height, width]
            value = value[None]
        if len(value.shape) == len(shape) and all(w in (None, h) for h, w in zip(value.shape, shape, strict=True)):
            return np.ascontiguousarray(value)
    elif have == [size for size in shape if size != 1]:
        return np.ascontiguousarray(value.reshape([size or 0 for size in shape]))
    declared = [size if size is not None else "any" for size in shape]
    raise ModelError(f"the network's input {tensor.name!r} has the shape {declared}, not {list(value.shape)}")


class Network:
    """A network and the graphs made of it, one for all inputs (`fixed`) or one for each set of input shapes."""

    def __init__(self, lower: Lower, *, fixed: bool, options: Options) -> None:
        self._lower = lower
        self._fixed = fixed
        self._options = options
        self._runners: OrderedDict[object, GraphRunner] = OrderedDict()
        self._batched: OrderedDict[object, GraphRunner | None] = OrderedDict()

    def runner(self, inputs: Arrays) -> GraphRunner:
        """The runner for inputs of these shapes."""
        key = self._key(inputs)
        if key not in self._runners:
            graph, values = self._lower(inputs)
            runner = GraphRunner(graph, self._options)
            runner.prepare()
            if values:  # it holds for these values only
                return runner
            _keep(self._runners, key, runner)
        self._runners.move_to_end(key)
        return self._runners[key]

    def run(self, inputs: Arrays) -> dict[str, np.ndarray]:
        """The network's outputs, by name."""
        return self.runner(inputs)(inputs)

    def run_batch(self, inputs: Arrays) -> dict[str, np.ndarray]:
        """Outputs for many inputs at once. Every array has one more axis, the first, over the items; results too.

        Items run together where axis 0 is proven to be a batch axis through the whole graph, else one by one.
        """
        count = len(next(iter(inputs.values())))
        first = {name: value[0] for name, value in inputs.items()}
        runner = self._batch_runner(first) if count > 1 else None
        if runner is None:
            each = [self.run({name: value[index] for name, value in inputs.items()}) for index in range(count)]
            return {name: np.stack([one[name] for one in each]) for name in each[0]}
        largest = max((_elements(tensor) for node in runner.graph.nodes for tensor in node.outputs), default=1)
        step = max(1, min(CHUNK_ITEMS, CHUNK_VALUES // largest))
        single = self.runner(first).graph
        shapes = {tensor.name: tensor.shape for tensor in single.inputs}
        parts: dict[str, list[np.ndarray]] = {}
        for start in range(0, count, step):
            ready = {}
            for name, shape in shapes.items():
                values = inputs[name][start : start + step]
                ready[name] = values.reshape([len(values), *[size or 0 for size in shape[1:]]])
            for name, value in runner(ready).items():
                parts.setdefault(name, []).append(value)
        return {name: np.concatenate(values)[:, None] for name, values in parts.items()}

    def _batch_runner(self, first: Arrays) -> GraphRunner | None:
        key = self._key(first)
        if key not in self._batched:
            single = self.runner(first)
            graph = batched(single.graph) if {tensor.name for tensor in single.graph.inputs} == set(first) else None
            _keep(self._batched, key, None if graph is None else GraphRunner(graph, self._options))
        return self._batched[key]

    def _key(self, inputs: Arrays) -> object:
        return None if self._fixed else tuple((name, value.shape) for name, value in sorted(inputs.items()))


def _keep(kept: OrderedDict[object, Any], key: object, value: Any) -> None:
    kept[key] = value
    while len(kept) > KEPT_GRAPHS:
        kept.popitem(last=False)


def _elements(tensor: Tensor) -> int:
    return math.prod(1 if size is None else size for size in tensor.shape)


def _failure(problem: BaseException) -> str:
    """What went wrong, and at which operation of the file."""
    line = _first_line(problem)
    found = FAILED.search(line)
    if found is None or not found[2]:
        return line
    place = found[2].rpartition("/")[0] or found[2]
    return f"{found[1]} (at {place}): {found[3]}"


def _first_line(problem: BaseException) -> str:
    lines = str(problem).strip().splitlines()
    return lines[0] if lines else type(problem).__name__
