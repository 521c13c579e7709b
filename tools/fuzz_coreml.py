"""Read, inspect and run tens of thousands of damaged model files; nothing but ModelError may come out.

    python tools/fuzz_coreml.py [--cases 20000] [--first 0] [--seed 1] [--workers 2] [--keep DIR]

Makes a set of small real models with coremltools (NeuralNetworks and ML Programs, compressed ones, a pipeline, an
ONNX file), damages them (single bytes, or the fields of messages that stay well-formed; weights; manifests), and calls
`inspect`, `load`, `predict` and `predict_batch` on every damaged file. Each worker is a process with a limit on its
memory; a case that computes for longer than its time, kills its worker, or raises anything but ModelError is a failure,
and is kept. Exit code 1 when there was one. `--first` goes on with a run that was stopped.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

MEMORY = 6 << 30  # address space of a worker: ONNX Runtime alone maps about 1 GB
SECONDS = 20  # for one case, of its own computing: what else the machine does is not the case's fault
SILENCE = 600  # seconds after which a worker hangs that neither ends its case nor lets itself be interrupted
CONTEXT = multiprocessing.get_context("spawn")  # the workers must not inherit what coremltools loads


@dataclass(frozen=True)
class Seed:
    """A real model: its files, and inputs that it takes."""

    name: str
    spec: bytes
    weights: bytes | None
    suffix: str


# Making the real files. coremltools is needed here, and nowhere in the workers.


def make_seeds() -> list[Seed]:
    sys.path.insert(0, str(Path(__file__).parent.parent))
    import logging

    logging.disable(logging.WARNING)
    import coremltools as ct
    from coremltools.models import datatypes
    from coremltools.models.neural_network import NeuralNetworkBuilder, quantization_utils
    from coremltools.optimize import coreml as cto

    from tests.coreml import files

    seeds = []

    def network(name: str, spec: Any) -> None:
        seeds.append(Seed(name, spec.SerializeToString(), None, ".mlmodel"))

    def program(name: str, model: Any) -> None:
        blob = Path(model.weights_dir, "weight.bin")
        weights = blob.read_bytes() if blob.exists() else None
        seeds.append(Seed(name, model._spec.SerializeToString(), weights, ".mlpackage"))

    network("rank 5 classifier", files.digit_network())
    network("exact-rank classifier", files.digit_network(list(range(10)), rank5=False, colour=True))
    full = ct.models.MLModel(files.digit_network(), skip_model_load=True)
    for bits, mode in ((16, "linear"), (8, "linear"), (4, "linear_lut")):
        small = quantization_utils.quantize_weights(full, bits, mode)
        network(f"{bits}-bit network", small.get_spec() if hasattr(small, "get_spec") else small)
    builder = NeuralNetworkBuilder([("x", datatypes.Array(4))], [("y", datatypes.Array(6))])
    builder.add_unilstm(
        "lstm",
        [files.weights(3, 3, seed=one) for one in range(4)],
        [files.weights(3, 4, seed=one) for one in range(4)],
        None, 3, 4, ["x"], ["h"],
    )  # fmt: skip
    builder.add_inner_product("dense", files.weights(6, 3), None, 3, 6, False, "h", "y")
    network("recurrent network", builder.spec)
    shapes = NeuralNetworkBuilder(
        [("x", datatypes.Array(2, 3, 4))], [("y", datatypes.Array(1))], disable_rank5_shape_mapping=True
    )
    shapes.add_reshape_static("reshape", "x", "a", (6, 4))
    shapes.add_transpose("transpose", (1, 0), "a", "b")
    shapes.add_slice_static("slice", "b", "c", (0, 1), (4, 5), (1, 2), (False, False), (False, True))
    shapes.add_tile("tile", "c", "d", (2, 2))
    shapes.add_constant_pad("pad", "d", "e", 0.0, pad_to_given_output_size_mode=False, pad_amounts=(1, 1, 0, 2))
    shapes.add_reduce_sum("sum", "e", "y", axes=[0], keepdims=False)
    network("shape network", shapes.spec)

    program("classifier", files.digit_program())
    program("colour float16", files.digit_program(colour="RGB", compute_precision=ct.precision.FLOAT16))
    for target, bits in (("iOS16", 4), ("iOS18", 3)):
        config = cto.OptimizationConfig(cto.OpPalettizerConfig(mode="uniform", nbits=bits, weight_threshold=10))
        program(f"{target} palettized", cto.palettize_weights(files.digit_program(target=target), config))
    for target, dtype in (("iOS16", "int8"), ("iOS18", "int4")):
        config = cto.OptimizationConfig(cto.OpLinearQuantizerConfig(dtype=dtype, weight_threshold=10))
        program(f"{target} linear", cto.linear_quantize_weights(files.digit_program(target=target), config))
    config = cto.OptimizationConfig(cto.OpMagnitudePrunerConfig(target_sparsity=0.5, weight_threshold=10))
    program("iOS18 sparse", cto.prune_weights(files.digit_program(target="iOS18"), config))

    def attention(mb: Any, x: Any) -> Any:
        y = mb.layer_norm(x=x, axes=[-1], gamma=files.weights(8), beta=files.weights(8, seed=1))
        q, k, v = (mb.linear(x=y, weight=files.weights(8, 8, seed=one)) for one in range(3))
        scores = mb.softmax(x=mb.matmul(x=q, y=k, transpose_y=True), axis=-1)
        y = mb.gelu(x=mb.add(x=x, y=mb.matmul(x=scores, y=v)), mode="EXACT")
        return mb.reduce_mean(x=mb.concat(values=[y, x], axis=2), axes=[1], keep_dims=False)

    def layers(mb: Any, x: Any) -> Any:
        y = mb.conv_transpose(x=x, weight=files.weights(2, 3, 2, 2), strides=[2, 2])
        y = mb.upsample_nearest_neighbor(x=y, scale_factor_height=2, scale_factor_width=2)
        y = mb.pad(x=y, pad=[1, 1, 1, 1], mode="reflect")
        first, second = mb.split(x=y, split_sizes=[1, 2], axis=1)
        y = mb.tile(x=mb.slice_by_size(x=second, begin=[0, 0, 0, 0], size=[1, 1, 4, 4]), reps=[1, 2, 1, 1])
        y = mb.gather(x=mb.reshape(x=y, shape=[2, 16]), indices=np.array([0, 3, 5], np.int32), axis=1)
        return mb.topk(x=mb.transpose(x=y, perm=[1, 0]), k=2, axis=0)[0], mb.avg_pool(
            x=first, kernel_sizes=[2, 2], strides=[2, 2], pad_type="same"
        )

    program("attention", files.convert(files.program(attention, [(1, 4, 8)])))
    program("layers", files.convert(files.program(layers, [(1, 2, 4, 4)])))
    detector = files.digit_program()
    pipeline = ct.proto.Model_pb2.Model(specificationVersion=6)
    pipeline.description.CopyFrom(detector._spec.description)
    pipeline.pipelineClassifier.pipeline.models.add().CopyFrom(detector._spec)
    program("pipeline", ct.models.MLModel(pipeline, weights_dir=detector.weights_dir, skip_model_load=True))
    seeds += [_onnx(seeds[0])]
    return seeds


def _onnx(seed: Seed) -> Seed:
    from inklens.coreml.model import from_spec

    with tempfile.TemporaryDirectory() as folder:
        path = from_spec(seed.spec).to_onnx(Path(folder, "model.onnx"))
        return Seed("onnx", path.read_bytes(), None, ".onnx")


MANIFEST = json.dumps(
    {
        "fileFormatVersion": "1.0.0",
        "itemInfoEntries": {
            "A": {"author": "com.apple.CoreML", "name": "model.mlmodel", "path": "com.apple.CoreML/model.mlmodel"},
            "B": {"author": "com.apple.CoreML", "name": "weights", "path": "com.apple.CoreML/weights"},
        },
        "rootModelIdentifier": "A",
    }
).encode()


# Damaging them.


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """One small damage, or up to four: cut, flip, overwrite with extreme numbers, copy, remove, repeat."""
    damaged = bytearray(data)
    # Networks are nearly all weights; half of the damages go where the structure is, at the ends.
    for _ in range(1 if rng.random() < 0.7 else int(rng.integers(2, 5))):
        size = len(damaged)
        if size < 4:
            break
        near = min(size, 3000)
        place = int(rng.integers(0, size))
        if rng.random() < 0.6:
            place = int(rng.integers(0, near)) if rng.random() < 0.5 else size - 1 - int(rng.integers(0, near))
        kind = int(rng.integers(0, 8))
        length = int(min(rng.integers(1, 64), size - place))
        if kind == 0 and rng.random() < 0.3:
            del damaged[place:]
        elif kind == 1:
            damaged[place] ^= 1 << int(rng.integers(0, 8))
        elif kind == 2:
            damaged[place] = int(rng.choice([0, 1, 2, 0x7F, 0x80, 0xFF, int(rng.integers(0, 256))]))
        elif kind == 3:
            extreme = rng.choice([0, 1, -1, 2**31 - 1, 2**31, 2**62, -(2**63), int(rng.integers(0, 1 << 40))])
            raw = int(extreme).to_bytes(8, "little", signed=True)[: int(rng.choice([1, 2, 4, 8]))]
            damaged[place : place + len(raw)] = raw
        elif kind == 4:
            damaged[place:place] = _varint(int(rng.integers(0, 1 << int(rng.integers(1, 63)))))
        elif kind == 5:
            del damaged[place : place + length]
        elif kind == 6:
            other = int(rng.integers(0, size))
            damaged[place:place] = damaged[other : other + length]
        else:
            numbers = _varints(damaged, place)
            if numbers is not None:
                damaged[numbers[0] : numbers[1]] = _varint(int(rng.choice([0, 1, 2, 3, 127, 65536, 2**31, 2**63])))
    return bytes(damaged)


EXTREMES = (0, 1, 2, 3, 5, 7, 16, 127, 65_536, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63, 2**64 - 1, 2**64 - 2)


class Tree:
    """A message as a tree of fields that can be changed and written again, with every length right."""

    def __init__(self, data: bytes, message: str) -> None:
        from inklens.coreml.schema import message_type

        self.kind = message_type(message)
        self.fields: list[list[Any]] = []  # tag, then a number, bytes, a list of numbers, or a Tree
        at = 0
        while at < len(data):
            tag, at = _read_varint(data, at)
            field, wire = self.kind.tags.get(tag), tag & 7
            if wire == 0:
                value, at = _read_varint(data, at)
            elif wire == 2:
                size, at = _read_varint(data, at)
                value, at = data[at : at + size], at + size
                if field is not None and field.type in ("message", "map"):
                    value = Tree(value, field.of)
                elif field is not None and field.numeric and field.wire_type == 0:
                    numbers, place = [], 0
                    while place < len(value):
                        number, place = _read_varint(value, place)
                        numbers.append(number)
                    value = numbers
            else:
                size = 4 if wire == 5 else 8
                value, at = data[at : at + size], at + size
            self.fields.append([tag, value])

    def encode(self) -> bytes:
        out = bytearray()
        for tag, value in self.fields:
            out += _varint(tag)
            if isinstance(value, int):
                out += _varint(value)
                continue
            if isinstance(value, list):
                value = b"".join(_varint(one) for one in value)
            elif isinstance(value, Tree):
                value = value.encode()
            out += value if tag & 7 in (1, 5) else _varint(len(value)) + value
        return bytes(out)

    def places(self) -> Iterator[tuple[Tree, int]]:
        """Every field of every message below."""
        for index, (_, value) in enumerate(self.fields):
            yield self, index
            if isinstance(value, Tree):
                yield from value.places()


def mutate_structure(data: bytes, message: str, rng: np.random.Generator) -> bytes:
    """Change one or two fields of a message that stays a message: numbers, texts, members, their order and number."""
    tree = Tree(data, message)
    places = list(tree.places())
    for _ in range(1 if rng.random() < 0.7 else 2):
        owner, index = places[int(rng.integers(0, len(places)))]
        if index >= len(owner.fields):
            continue
        tag, value = owner.fields[index]
        kind = int(rng.integers(0, 10))
        if kind == 0:
            del owner.fields[index]
        elif kind == 1:
            owner.fields.insert(index, [tag, value])
        elif kind == 2:
            other = owner.fields[int(rng.integers(0, len(owner.fields)))]
            owner.fields[index], other[:] = list(other), [tag, value]
        elif kind == 3 and len(owner.kind.tags) > 1:  # another member of the message, often of the same oneof
            owner.fields[index][0] = int(rng.choice(list(owner.kind.tags)))
            if (owner.fields[index][0] & 7) != (tag & 7):
                owner.fields[index][0] = tag
        elif isinstance(value, int):
            owner.fields[index][1] = int(EXTREMES[int(rng.integers(0, len(EXTREMES)))])
        elif isinstance(value, list) and value:
            value[int(rng.integers(0, len(value)))] = int(EXTREMES[int(rng.integers(0, len(EXTREMES)))])
        elif isinstance(value, bytes) and tag & 7 in (1, 5):
            odd = [0.0, -1.0, 1e-45, 1e30, float("nan"), float("inf"), -0.5]
            number = odd[int(rng.integers(0, len(odd)))]
            owner.fields[index][1] = np.array(number, "<f4" if tag & 7 == 5 else "<f8").tobytes()
        elif isinstance(value, bytes):
            owner.fields[index][1] = mutate(value, rng) if rng.random() < 0.5 else value[: len(value) // 2]
        else:
            donor, at = places[int(rng.integers(0, len(places)))]
            if at < len(donor.fields) and isinstance(donor.fields[at][1], Tree) and donor is not value:
                with contextlib.suppress(IndexError):  # its bytes need not be a message of the other kind
                    owner.fields[index][1] = Tree(donor.fields[at][1].encode(), value.kind.name)
    return tree.encode()


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def _varint(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def _varints(data: bytearray, place: int) -> tuple[int, int] | None:
    """The ends of a number that may begin after `place`."""
    for end in range(place + 1, min(place + 10, len(data))):
        if data[end] < 0x80:
            return place + 1, end + 1
    return None


def damaged_files(seed: Seed, rng: np.random.Generator) -> dict[str, bytes | None]:
    """A seed's files with at least one of them damaged."""
    parts: dict[str, bytes | None] = {"spec": seed.spec, "weights": seed.weights, "manifest": MANIFEST}
    choices = ["spec"] * 6
    if seed.suffix == ".mlpackage":
        choices += ["weights"] * 2 if seed.weights else []
        choices += ["manifest"]
    name = str(rng.choice(choices))
    original = parts[name]
    assert original is not None
    if name == "spec" and rng.random() < 0.6:
        message = "onnx.ModelProto" if seed.suffix == ".onnx" else "Model"
        parts[name] = mutate_structure(original, message, rng)
    if parts[name] is original:
        parts[name] = mutate(original, rng)
    if rng.random() < 0.02 and seed.weights is not None:
        parts["weights"] = None
    return parts


def write(seed: Seed, parts: dict[str, bytes | None], folder: Path) -> Path:
    """The damaged files where they belong; returns the model's path."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = folder / f"model{seed.suffix}"
    if seed.suffix != ".mlpackage":
        path.write_bytes(parts["spec"] or b"")
        return path
    inner = path / "Data" / "com.apple.CoreML"
    (inner / "weights").mkdir(parents=True)
    (path / "Manifest.json").write_bytes(parts["manifest"] or b"")
    (inner / "model.mlmodel").write_bytes(parts["spec"] or b"")
    if parts["weights"] is not None:
        (inner / "weights" / "weight.bin").write_bytes(parts["weights"])
    return path


# Reading and running them.


def attempt(path: Path) -> str:
    """What came of the file: "run", "refused" …; anything but ModelError passes through."""
    from inklens import coreml
    from inklens.errors import ModelError

    try:
        coreml.inspect(path)
        inspected = True
    except ModelError:
        inspected = False
    if path.suffix == ".onnx":
        return "inspected" if inspected else "refused"
    try:
        model = coreml.load(path, threads=1)
    except ModelError:
        return "refused"
    try:
        features = {one.name: example(one.type) for one in model.description.inputs}
        model.predict(features)
        model.predict_batch([features, features])
    except ModelError:
        return "refused on running"
    return "run"


def example(kind: Any) -> Any:
    """A value that an input of this type takes."""
    from PIL import Image

    from inklens.coreml.description import ArrayType, ImageType

    if isinstance(kind, ImageType):
        if kind.width * kind.height > 1 << 22:
            return None
        return Image.new(kind.mode, (max(kind.width, 1), max(kind.height, 1)))
    if isinstance(kind, ArrayType):
        size = int(np.prod([float(one) for one in kind.shape])) if kind.shape else 1
        return np.zeros(kind.shape if size < 1 << 22 else (1,), np.float32)
    return 0.5


class TooLong(Exception):
    """A case took longer than its time."""


def work(seeds: list[Seed], first: int, step: int, cases: int, seed: int, folder: str, results: Any) -> None:
    """Run every `step`-th case; before each one say which, so that a killed worker is traced to its case."""
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def alarm(*_: Any) -> None:
        raise TooLong

    limited = hasattr(signal, "setitimer")  # Windows has none; there SILENCE alone ends a case
    if limited:
        signal.signal(signal.SIGPROF, alarm)
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    for case in range(first, cases, step):
        results.put(("begin", case, ""))
        chosen, parts = damaged_case(seeds, seed, case)
        path = write(chosen, parts, Path(folder))
        start = time.process_time()
        try:
            if limited:
                signal.setitimer(signal.ITIMER_PROF, SECONDS)
            outcome = attempt(path)
        except TooLong:
            outcome = "FAILED: took too long"
        except MemoryError:
            outcome = "FAILED: used too much memory"
        except BaseException:
            outcome = "FAILED: " + traceback.format_exc(limit=-4)
        finally:
            if limited:
                signal.setitimer(signal.ITIMER_PROF, 0)
        results.put(("end", case, (outcome, time.process_time() - start)))
    results.put(("done", first, ""))


def damaged_case(seeds: list[Seed], seed: int, case: int) -> tuple[Seed, dict[str, bytes | None]]:
    rng = np.random.default_rng([seed, case])
    chosen = seeds[case % len(seeds)]
    return chosen, damaged_files(chosen, rng)


class Worker:
    """A process that runs its share of the cases, started again after the case that killed it."""

    def __init__(self, index: int, first: int, start: Callable[[int, int, Any], Any]) -> None:
        self.index = index
        self.first = first
        self.start = start
        self.queue: Any = CONTEXT.SimpleQueue()
        self.process = start(index, first, self.queue)
        self.case: int | None = None
        self.since = time.monotonic()
        self.done = False

    def events(self) -> Iterator[tuple[int, str, float]]:
        """Finished cases: number, outcome, seconds."""
        while not self.queue.empty():
            kind, case, value = self.queue.get()
            self.since = time.monotonic()
            if kind == "begin":
                self.case = case
            elif kind == "end":
                self.case, self.first = None, case + STEP[0]
                yield case, *value
            else:
                self.done = True
        late = time.monotonic() - self.since > SILENCE
        if not self.done and (late or not self.process.is_alive()) and self.queue.empty():
            self.process.kill()
            self.process.join()
            if self.case is not None:
                why = "hung in native code" if late else f"its process ended with code {self.process.exitcode}"
                yield self.case, f"FAILED: {why}", 0.0
            self.restart()

    def restart(self) -> None:
        following = self.first if self.case is None else self.case + STEP[0]
        self.queue = CONTEXT.SimpleQueue()
        self.process = self.start(self.index, following, self.queue)
        self.case = None
        self.since = time.monotonic()


STEP = [1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=min(os.cpu_count() or 1, 4))
    parser.add_argument("--keep", type=Path, default=None, help="where files that fail are kept")
    arguments = parser.parse_args()
    began = time.monotonic()
    seeds = make_seeds()
    kept = arguments.keep or Path(tempfile.mkdtemp(prefix="inklens-fuzz-"))
    scratch = Path(tempfile.mkdtemp(prefix="inklens-fuzz-cases-"))
    STEP[0] = arguments.workers
    wanted = arguments.cases - arguments.first
    print(f"{len(seeds)} real models, {wanted:,} damaged ones, {arguments.workers} workers", flush=True)
    outcomes: Counter[str] = Counter()
    failures: list[tuple[int, str]] = []
    slowest = (0.0, -1)

    def start(index: int, first: int, queue: Any) -> Any:
        process = CONTEXT.Process(
            target=work,
            args=(seeds, first, STEP[0], arguments.cases, arguments.seed, str(scratch / str(index)), queue),
        )
        process.start()
        return process

    workers = [Worker(index, arguments.first + index, start) for index in range(arguments.workers)]
    shown = time.monotonic()
    while not all(worker.done for worker in workers):
        time.sleep(0.05)
        for worker in workers:
            for case, outcome, seconds in worker.events():
                slowest = max(slowest, (seconds, case))
                outcomes["FAILED" if outcome.startswith("FAILED") else outcome] += 1
                if outcome.startswith("FAILED"):
                    failures.append((case, outcome))
                    chosen, parts = damaged_case(seeds, arguments.seed, case)
                    path = write(chosen, parts, kept / f"case-{case}")
                    print(f"case {case} ({chosen.name}) {outcome}\n  kept as {path}", flush=True)
        if time.monotonic() - shown > 30:
            shown = time.monotonic()
            print(f"{sum(outcomes.values()):,} of {wanted:,}", flush=True)
    shutil.rmtree(scratch, ignore_errors=True)
    total = sum(outcomes.values())
    print(f"{total:,} damaged files in {time.monotonic() - began:.0f} s; the slowest computed for {slowest[0]:.1f} s")
    for outcome, count in outcomes.most_common():
        print(f"  {outcome:<20}{count:>8,}")
    if not failures and not arguments.keep:
        kept.rmdir()
    return 1 if failures or total < wanted else 0


if __name__ == "__main__":
    sys.exit(main())
