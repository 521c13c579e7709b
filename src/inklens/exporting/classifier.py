"""Writes a run as a model file, and lets it stand only if its bytes answer as the run does."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inklens.coreml.ir import Graph
from inklens.coreml.onnx import Storage
from inklens.data import Dataset, load_dataset
from inklens.errors import ParityError
from inklens.exporting.coreml import PROBABILITIES, Metadata, write_mlmodel, write_mlpackage
from inklens.exporting.onnx import onnx_bytes
from inklens.exporting.rounding import round_weights
from inklens.exporting.target import check_target, remove, written_beside
from inklens.exporting.weights import compress, exact_in_float16, in_float16
from inklens.models.contract import CONTRACT_KEY, ClassifierContract
from inklens.models.keras_model import Source, load_source
from inklens.models.parity import ParityReport, Progress, verify
from inklens.models.predictor import BATCH, WEIGHTS_KEY, Predictor, load_predictor

if TYPE_CHECKING:
    from inklens.training.run import Run

BITS = {"float16": 16, "8bit": 8, "6bit": 6, "4bit": 4}
NONE = "none"  # the label of a class that is no symbol
KEPT = 0.99  # the share of validation symbols that the threshold of a network without a none class keeps
THRESHOLD_DECIMALS = 4


def export(
    run: Run | str | Path,
    path: str | Path,
    *,
    author: str | None = None,
    licence: str | None = None,
    description: str | None = None,
    version: str | None = None,
    labels: Sequence[str] | None = None,
    weights: str | None = None,
    allow_loss: float | None = None,
    scale: str | None = None,
    ink: str | None = None,
    dataset: Dataset | None = None,
    progress: Progress | None = None,
) -> ParityReport:
    """Writes a finished run, or a `.keras` file of a plain CNN, as `.mlpackage`, `.mlmodel` or `.onnx`.

    The file is written beside `path`, read back and asked all test images of `dataset` (MNIST by default), and renamed
    only if it answers as the run does (`verify` says how closely); otherwise ParityError is raised and what was at
    `path` before stays. Exporting twice gives the same bytes.

    author, licence, description, version: for the file's metadata; none is made up, save a plain description.
    labels: one for each class, instead of the run's own. weights: `float16` (.mlpackage also computes in float16),
    `8bit`, `6bit`, `4bit`; by default float32, since only that answers within 1e-4 and without ties that fall the
    other way, while a whole `tiny` file is small anyway. allow_loss: percentage points of accuracy that smaller
    weights may cost. scale, ink: for a `.keras` file, which pixels it was trained on (`0-1`, `0-255`, `-1-1`; `bright`
    ink or `dark`); the exported file takes 0–255 with bright ink in any case.

    Raises ExportError (all unsupported layers named at once), ParityError, OutputError, RunError or MissingExtra.
    """
    target = Path(path)
    check_target(target, weights)
    source = _source(run, labels, scale, ink)
    data = dataset if dataset is not None else load_dataset("mnist")
    answers = _answers(source, data.test.images)
    contract = ClassifierContract(
        labels=source.labels,
        none=NONE if NONE in source.labels else None,
        threshold=_threshold(run, source, data),
        recipe=source.recipe,
        seed=source.seed,
        accuracy=float((answers.argmax(axis=1) == data.test.labels).mean()),
        n=len(data.test),
    )
    about = Metadata(
        description=description or f"Names a handwritten symbol, one of {len(source.labels)}.",
        input_description="Grey picture of one symbol, 28 × 28, pixels 0–255, bright ink on black. Do not scale it.",
        output_descriptions={
            "classLabel": "The most probable symbol.",
            PROBABILITIES: "The probability of each symbol.",
        },
        author=author,
        licence=licence,
        version=version,
    )
    graph = _stored(source, weights, data)
    reference = Predictor(source.name, source.labels, _remembered(source), trace=source.trace)
    with written_beside(target) as part:
        while True:
            _write(graph, source.labels, part, weights, _with_contract(about, contract, weights))
            shipped = replace(load_predictor(part), name=target.name)
            report = verify(reference, shipped, data.test, allow_loss=allow_loss, progress=progress)
            if not report.ok:
                advice = ". Nothing was written"
                if weights is not None:
                    lost = math.ceil(round((report.comparisons[0].accuracy_a - report.accuracy) * 1e4, 6)) / 100
                    advice += f"; allow a loss of {max(lost, 0):.2f} points to keep it, or choose larger weights"
                raise ParityError(f"{report.failure}{advice}.")
            if report.accuracy == contract.accuracy:
                break
            # The file names a few images otherwise; it says its own accuracy, and those bytes are proven too.
            contract = replace(contract, accuracy=report.accuracy)
    if source.adds_softmax:
        return replace(report, notes=(*report.notes, f"{source.name} ends in scores; a softmax was added"))
    return report


def _stored(source: Source, weights: str | None, data: Dataset) -> Graph:
    """The network with weights that the file can hold, rounded by what the validation images make of them."""
    bits = BITS.get(weights or "")
    images = data.validation.images if len(data.validation) else data.train.images
    if bits is None or not len(images) or (bits == 16 and exact_in_float16(source.graph)):
        return source.graph
    return round_weights(source.graph, images, bits)


def _write(graph: Graph, labels: tuple[str, ...], path: Path, weights: str | None, about: Metadata) -> None:
    remove(path)
    bits = BITS.get(weights or "", 32)
    if path.suffix == ".onnx":
        # float16 takes half the bytes, and nothing is lost of weights that it holds exactly.
        stored: Storage = "int8" if bits == 8 else "float16" if bits == 16 or exact_in_float16(graph) else "float32"
        path.write_bytes(onnx_bytes(graph, labels=labels, metadata=about, weights=stored))
    elif path.suffix == ".mlmodel":
        write_mlmodel(graph, path, labels=labels, metadata=about, half=bits == 16)
    else:
        if bits < 32:
            graph = in_float16(graph)
        if bits < 16:
            graph = compress(graph, bits)
        write_mlpackage(graph, path, labels=labels, metadata=about, compressed=bits < 16)


def _with_contract(about: Metadata, contract: ClassifierContract, weights: str | None) -> Metadata:
    return replace(about, user_defined={CONTRACT_KEY: contract.to_json(), WEIGHTS_KEY: weights or "float32"})


def _threshold(run: Run | str | Path, source: Source, data: Dataset) -> float:
    """The probability that 99 % of the validation symbols reach, rounded down; with a none class what the run says."""
    if NONE in source.labels:
        return _chosen_threshold(Path(run) if isinstance(run, (str, Path)) else run.path)
    if not len(data.validation):
        return 0.5
    surest = _answers(source, data.validation.images).max(axis=1)
    scale = 10**THRESHOLD_DECIMALS
    return math.floor(float(np.quantile(surest, 1 - KEPT, method="lower")) * scale) / scale


def _chosen_threshold(folder: Path) -> float:
    """What `reader_training.make` chose for a run with a none class; else whatever is likelier."""
    from inklens.training.run import METRICS, read_json

    return float(read_json(folder / METRICS).get("threshold", 0.5)) if (folder / METRICS).is_file() else 0.5


# Keras is asked about each set of images once, also when a run is exported to many files.


def _source(run: Run | str | Path, labels: Sequence[str] | None, scale: str | None, ink: str | None) -> Source:
    from inklens.training.run import MODEL

    path = Path(run) if isinstance(run, (str, Path)) else run.path
    file = path / MODEL if path.is_dir() else path
    if not file.is_file():
        return load_source(run, labels=labels, scale=scale, ink=ink)  # says what is missing
    content = hashlib.sha256(file.read_bytes()).hexdigest()
    return _loaded(str(path), content, None if labels is None else tuple(labels), scale, ink)


@lru_cache(maxsize=2)
def _loaded(path: str, content: str, labels: tuple[str, ...] | None, scale: str | None, ink: str | None) -> Source:  # noqa: ARG001
    return load_source(path, labels=labels, scale=scale, ink=ink)


def _answers(source: Source, images: np.ndarray) -> np.ndarray:
    """What Keras says of the images, by the thousand, so that a check that asks by the thousand finds it again."""
    parts = []
    for start in range(0, len(images), BATCH):
        part = images[start : start + BATCH]
        digest = hashlib.sha256(part.tobytes()).hexdigest()
        if digest not in source.answered:
            source.answered[digest] = source.predict(part)
        parts.append(source.answered[digest])
    return np.concatenate(parts)


def _remembered(source: Source) -> Callable[[np.ndarray], np.ndarray]:
    return lambda images: _answers(source, images)
