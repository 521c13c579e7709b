"""Parity: do two models answer the same? The proof that follows every export, and `inklens verify`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inklens.data import Split
from inklens.errors import ModelError
from inklens.models.predictor import BATCH, Predictor, as_predictor

if TYPE_CHECKING:
    from inklens.training.run import Run

Progress = Callable[[int, int], None]

# Largest difference of any probability that still counts as the same answer.
ALLOWED = {"float32": 1e-4, "float16": 2e-3, "declared": 1e-2}
LEAST_AGREEMENT = 0.9995  # of the classes, for weights of 8 bits or fewer
SINGLE_CALLS = 50
SCREENED = 1000  # images on which another scale must come near before it is tried on all
NEAR = 0.03
DEPARTED = 1e-3  # of a tensor's largest value
CLEARLY = 3.0  # standard deviations of the paired difference (McNemar 1947)
SCALES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "/255": lambda x: x.astype(np.float32) / 255,
    "x/127.5−1": lambda x: x.astype(np.float32) / np.float32(127.5) - 1,
    "inverted": lambda x: 255 - x,
}
FED = "pixels 0–255, ink bright on black"
CAVEAT = "reference semantics; the Neural Engine is not measured"


@dataclass(frozen=True)
class Difference:
    """An image that the two models name differently: its place in the split, its true class, and both answers."""

    image: int
    truth: str
    a: str
    b: str
    probability_a: float
    probability_b: float


@dataclass(frozen=True)
class Comparison:
    """Two models on the same images, in one precision.

    precision: `float32`, or `declared` (Core ML results declared float16 are rounded to it). allowed: the largest
    difference of a probability that passes, None where the classes decide. image, label: where the largest difference
    is. first: the operation at which the values first depart, where that could be told.
    """

    precision: str
    n: int
    equal: int
    max_difference: float
    mean_difference: float
    image: int
    label: str
    allowed: float | None
    accuracy_a: float
    accuracy_b: float
    different: tuple[Difference, ...]
    first: str | None = None

    @property
    def agreement(self) -> float:
        """Share of images with the same class, 0 to 1."""
        return self.equal / self.n

    def passes(self, allow_loss: float | None) -> bool:
        """Whether the answers are the same, or the accuracy lost stays within `allow_loss` percentage points."""
        same = self.agreement >= LEAST_AGREEMENT if self.allowed is None else self.max_difference <= self.allowed
        lost = round((self.accuracy_a - self.accuracy_b) * self.n) / self.n * 100
        within = allow_loss is not None and lost <= allow_loss
        return same or within

    def to_json(self) -> dict[str, Any]:
        return {
            "precision": self.precision,
            "agreement": self.agreement,
            "equal": self.equal,
            "max_difference": self.max_difference,
            "mean_difference": self.mean_difference,
            "image": self.image,
            "class": self.label,
            "allowed": self.allowed,
            "accuracy_a": self.accuracy_a,
            "accuracy_b": self.accuracy_b,
            "different": [vars(difference) for difference in self.different],
            "first": self.first,
        }


@dataclass(frozen=True)
class ParityReport:
    """What a comparison of two models found. Prints itself as a table.

    bytes: size of `b`, None for a run. ms_single, ms_batched: milliseconds an image by `b`, alone and a thousand at
    once, on this machine. scales: accuracy of `b` when fed otherwise than declared. warnings: what must not be
    overlooked. ok: whether every comparison passes.
    """

    a: str
    b: str
    n: int
    comparisons: tuple[Comparison, ...]
    bytes: int | None
    ms_single: float
    ms_batched: float
    scales: Mapping[str, float]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    allow_loss: float | None = None

    @property
    def ok(self) -> bool:
        return all(comparison.passes(self.allow_loss) for comparison in self.comparisons)

    @property
    def agreement(self) -> float:
        """Share of images with the same class, 0 to 1, in the worst precision."""
        return min(comparison.agreement for comparison in self.comparisons)

    @property
    def max_difference(self) -> float:
        """Largest difference of a probability, in the worst precision."""
        return max(comparison.max_difference for comparison in self.comparisons)

    @property
    def mean_difference(self) -> float:
        """Mean difference of all probabilities, in the worst precision."""
        return max(comparison.mean_difference for comparison in self.comparisons)

    @property
    def accuracy(self) -> float:
        """Share of images that `b` names rightly, computed in float32."""
        return self.comparisons[0].accuracy_b

    @property
    def failure(self) -> str | None:
        """One sentence on the first comparison that does not pass, or None."""
        failed = next((one for one in self.comparisons if not one.passes(self.allow_loss)), None)
        if failed is None:
            return None
        precision = "" if failed.precision == "float32" else f" ({failed.precision} precision)"
        first = f", first at {failed.first}" if failed.first else ""
        if failed.allowed is None:
            return (
                f"{self.b} names {failed.equal:,} of {failed.n:,} images as {self.a} does{precision}, expected "
                f"at least {int(np.ceil(LEAST_AGREEMENT * failed.n)):,}; accuracy {_percent(failed.accuracy_a)} became "
                f"{_percent(failed.accuracy_b)}"
            )
        return (
            f"{self.b} differs from {self.a}{precision}: largest difference {failed.max_difference:.2g} "
            f"(allowed {failed.allowed:g}), image {failed.image}, class {failed.label}{first}"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; the keys that scripts rely on come first."""
        return {
            "a": self.a,
            "b": self.b,
            "n": self.n,
            "agreement": self.agreement,
            "max_difference": self.max_difference,
            "mean_difference": self.mean_difference,
            "ok": self.ok,
            "accuracy_a": self.comparisons[0].accuracy_a,
            "accuracy_b": self.comparisons[0].accuracy_b,
            "bytes": self.bytes,
            "ms_single": self.ms_single,
            "ms_batched": self.ms_batched,
            "fed": FED,
            "scales": dict(self.scales),
            "warnings": list(self.warnings),
            "notes": list(self.notes),
            "comparisons": [comparison.to_json() for comparison in self.comparisons],
        }

    def __str__(self) -> str:
        verdict = "equal" if self.ok else "NOT equal"
        rows: list[tuple[str, ...]] = [
            ("", *(one.precision for one in self.comparisons)),
            ("same class", *(f"{one.equal:,} of {one.n:,}" for one in self.comparisons)),
            ("largest difference", *(f"{one.max_difference:.2g}" for one in self.comparisons)),
            ("  at image, class", *(f"{one.image}, {one.label}" for one in self.comparisons)),
            ("  allowed", *("by class" if one.allowed is None else f"{one.allowed:g}" for one in self.comparisons)),
            ("mean difference", *(f"{one.mean_difference:.2g}" for one in self.comparisons)),
            (f"accuracy of {self.a}", *(_percent(one.accuracy_a) for one in self.comparisons)),
            (f"accuracy of {self.b}", *(_percent(one.accuracy_b) for one in self.comparisons)),
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = [f"{self.b} against {self.a}: {verdict} ({CAVEAT})", f"fed {self.n:,} images, {FED}"]
        for row in rows:
            first, *rest = (
                cell.rjust(width) if column else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            lines.append("  ".join(["  " + first, *rest]))
        size = "" if self.bytes is None else f"{self.bytes:,} bytes, "
        lines.append(f"{size}{self.ms_single:.2f} ms an image alone, {self.ms_batched:.3f} ms in batches")
        if self.scales:
            trials = ", ".join(f"{name} {_percent(accuracy)}" for name, accuracy in self.scales.items())
            lines.append(f"fed otherwise: {trials}")
        for comparison in self.comparisons:
            lines += [
                f"{comparison.precision}: image {one.image} (a {one.truth}) is {one.a} ({one.probability_a:.4f}) "
                f"to {self.a}, {one.b} ({one.probability_b:.4f}) to {self.b}"
                for one in comparison.different[:10]
            ]
            if len(comparison.different) > 10:
                lines.append(f"{comparison.precision}: and {len(comparison.different) - 10} more images")
        lines += [*self.notes, *(f"WARNING: {warning}" for warning in self.warnings)]
        if self.failure:
            lines.append(self.failure)
        return "\n".join(lines)


def verify(
    a: Predictor | Run | str | Path,
    b: Predictor | Run | str | Path,
    split: Split,
    *,
    allow_loss: float | None = None,
    progress: Progress | None = None,
) -> ParityReport:
    """Runs both models on every image and compares their probabilities.

    a: the model to be equal to; b: the one in question. Each is a predictor, a run, a run folder or a model file. A
    Core ML file that declares float16 is run twice: all in float32, and with each result rounded as declared.
    The largest difference allowed is 1e-4 for float32 files, 2e-3 for float16 weights, 1e-2 where results are rounded
    to float16; weights of 8 bits or fewer are judged by their classes, of which 9,995 in 10,000 must be equal.
    allow_loss: percentage points of accuracy that `b` may lose and still be `ok`. Raises ModelError for a model that
    cannot be run or has other classes.
    """
    first, second = as_predictor(a), as_predictor(b)
    columns, labels, notes = _matched(first, second)
    second = _reordered(second, columns, labels)
    pairs = [("float32", first, second)]
    if first.predict_declared is not None or second.predict_declared is not None:
        pairs.append(("declared", first.declared(), second.declared()))
    truths = _truths(labels, split.labels)
    meter = _Meter(progress, len(split) * (1 + len(pairs)))
    answers_a = _ask(first, split.images, meter)
    comparisons, seconds = [], []
    for precision, one, other in pairs:
        if one is not first:
            answers_a = _ask(one, split.images, _Meter(None, 0))
        started = time.perf_counter()
        answers_b = _ask(other, split.images, meter)
        seconds.append(time.perf_counter() - started)
        if precision == "float32":
            scales, warnings = _try_scales(other, split, truths, answers_b.argmax(axis=1) == truths)
        found = _compare(precision, one, other, answers_a, answers_b, truths, labels)
        if not found.passes(None) and found.allowed is not None:
            found = replace(found, first=first_departure(one, other, split.images[found.image]))
        comparisons.append(found)
    return ParityReport(
        a=first.name,
        b=second.name,
        n=len(split),
        comparisons=tuple(comparisons),
        bytes=second.bytes,
        ms_single=_ms_single(second, split.images),
        ms_batched=seconds[0] * 1000 / len(split),
        scales=scales,
        warnings=warnings,
        notes=notes,
        allow_loss=allow_loss,
    )


class _Meter:
    """Counts images for a progress callback."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def add(self, images: int) -> None:
        self.done += images
        if self.progress is not None:
            self.progress(self.done, self.total)


def _ask(predictor: Predictor, images: np.ndarray, meter: _Meter) -> np.ndarray:
    parts = []
    for start in range(0, len(images), BATCH):
        parts.append(predictor(images[start : start + BATCH]))
        meter.add(len(parts[-1]))
    answers = np.concatenate(parts)
    if not np.isfinite(answers).all():
        raise ModelError(f"{predictor.name} answers with values that are no numbers")
    return answers


def _matched(a: Predictor, b: Predictor) -> tuple[list[int], tuple[str, ...], tuple[str, ...]]:
    """The columns of `b` in the order of `a`'s classes, the classes, and what is to be said of it."""
    if a.labels == b.labels:
        return list(range(len(a.labels))), a.labels, ()
    if len(a.labels) != len(b.labels):
        raise ModelError(
            f"{a.name} tells {len(a.labels)} classes apart ({', '.join(a.labels)}), {b.name} {len(b.labels)} "
            f"({', '.join(b.labels)}); only models of the same classes can be compared"
        )
    if set(a.labels) == set(b.labels):
        return [b.labels.index(label) for label in a.labels], a.labels, ("the classes stand in another order",)
    note = f"the classes bear other names ({', '.join(b.labels)}) and are matched by their place"
    return list(range(len(a.labels))), a.labels, (note,)


def _reordered(predictor: Predictor, columns: list[int], labels: tuple[str, ...]) -> Predictor:
    if columns == list(range(len(columns))):
        return predictor

    def reorder(predict: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
        return lambda images: predict(images)[:, columns]

    rounded = predictor.predict_declared
    return replace(
        predictor,
        labels=labels,
        predict=reorder(predictor.predict),
        predict_declared=None if rounded is None else reorder(rounded),
    )


def _truths(labels: tuple[str, ...], truths: np.ndarray) -> np.ndarray:
    """The true column of each image. The data count their classes; models may list digits in another order."""
    if truths.max(initial=0) >= len(labels):
        raise ModelError(f"the data have a class {truths.max()}, but the models tell only {len(labels)} classes apart")
    names = [str(index) for index in range(len(labels))]
    if set(labels) == set(names):
        return np.asarray([labels.index(name) for name in names])[truths]
    return truths


def _compare(
    precision: str,
    a: Predictor,
    b: Predictor,
    answers_a: np.ndarray,
    answers_b: np.ndarray,
    truths: np.ndarray,
    labels: Sequence[str],
) -> Comparison:
    differences = np.abs(answers_a.astype(np.float64) - answers_b)
    image, column = np.unravel_index(int(differences.argmax()), differences.shape)
    classes_a, classes_b = answers_a.argmax(axis=1), answers_b.argmax(axis=1)
    different = np.flatnonzero(classes_a != classes_b)
    storages = {a.storage, b.storage}
    if "compressed" in storages:
        allowed = None
    elif precision == "declared":
        allowed = ALLOWED["declared"]
    else:
        allowed = ALLOWED["float16" if "float16" in storages else "float32"]
    return Comparison(
        precision=precision,
        n=len(truths),
        equal=len(truths) - len(different),
        max_difference=float(differences.max()),
        mean_difference=float(differences.mean()),
        image=int(image),
        label=labels[int(column)],
        allowed=allowed,
        accuracy_a=float((classes_a == truths).mean()),
        accuracy_b=float((classes_b == truths).mean()),
        different=tuple(
            Difference(
                int(index),
                labels[int(truths[index])],
                labels[int(classes_a[index])],
                labels[int(classes_b[index])],
                float(answers_a[index].max()),
                float(answers_b[index].max()),
            )
            for index in different
        ),
    )


def first_departure(a: Predictor, b: Predictor, image: np.ndarray) -> str | None:
    """The first operation of `b` whose values depart from those that `a` has under the same name.

    image: uint8 [28, 28]. None where a model shows no values, or none departs.
    """
    if a.trace is None or b.trace is None:
        return None
    known = a.trace(image)
    for name, values in b.trace(image).items():
        other = known.get(name)
        if other is None or other.size != values.size:
            continue
        reach = float(np.abs(other).max(initial=0)) or 1.0
        if float(np.abs(other.ravel() - values.ravel()).max(initial=0)) > DEPARTED * reach:
            return name
    return None


def _try_scales(
    predictor: Predictor, split: Split, truths: np.ndarray, right: np.ndarray
) -> tuple[dict[str, float], tuple[str, ...]]:
    """The accuracy when fed otherwise than declared, and a warning where that is clearly better.

    Each is tried on the first images, and on all of them only if it comes near the declared one there.
    """
    few = min(SCREENED, len(split))
    scales, warnings = {}, []
    for name, change in SCALES.items():
        if name != "inverted" and not predictor.takes_fractions:
            continue  # the input is uint8, so nobody can feed it scaled pixels
        other = predictor(change(split.images[:few])).argmax(axis=1) == truths[:few]
        if other.mean() > right[:few].mean() - NEAR and few < len(split):
            other = np.concatenate([other, predictor(change(split.images[few:])).argmax(axis=1) == truths[few:]])
        scales[name] = float(other.mean())
        gained, lost = int((other & ~right[: len(other)]).sum()), int((right[: len(other)] & ~other).sum())
        if gained - lost > CLEARLY * np.sqrt(gained + lost):
            warnings.append(
                f"{predictor.name} names {_percent(float(right[: len(other)].mean()))} rightly as declared, but "
                f"{_percent(float(other.mean()))} when fed {name}: its input scale or polarity is wrong"
            )
    return scales, tuple(warnings)


def _ms_single(predictor: Predictor, images: np.ndarray) -> float:
    """Median milliseconds of one image alone."""
    times = []
    for call in range(SINGLE_CALLS):
        image = images[call % len(images)][None]
        started = time.perf_counter()
        predictor(image)
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def _percent(share: float) -> str:
    return f"{share * 100:.2f} %"
