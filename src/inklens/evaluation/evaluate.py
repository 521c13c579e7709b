"""Measure a model on labelled images."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inklens.data import Split
from inklens.errors import ModelError
from inklens.evaluation.report import Answer, Contested, Report
from inklens.metrics.calibration import apply_temperature, reliability

if TYPE_CHECKING:
    from collections.abc import Callable

    from inklens.data import Dataset
    from inklens.models.predictor import Predictor
    from inklens.training.run import Run

BATCH = 1000
GALLERY = 60
LEAST_PROBABILITY = 1e-7  # Keras clips here before the logarithm; so the loss is the one that `model.evaluate` prints

# The test images of MNIST whose label a vote of people did not confirm (github.com/cleanlab/label-errors, MTurk).
CONTESTED = (947, 1621, 1901, 2130, 2462, 2597, 2654, 3520, 3558, 5937, 6651, 6783, 8527, 9679, 9729)
MNIST_TEST_LABELS = (
    "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"  # SHA-256 of its 10,000 label bytes
)


def evaluate(
    predictor: Predictor,
    split: Split,
    *,
    data: str = "unnamed",
    part: str = "test",
    names: Sequence[str] | None = None,
    contested: Sequence[int] | None = None,
    run: Run | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Read every image of `split` and compare the answers with its labels.

    predictor: uint8 [n, 28, 28] -> float32 [n, classes], rows that sum to 1, with its labels. data, part: what the
    report calls the images. names: the classes that the labels of `split` count; where the predictor knows all of
    them by name, its columns are matched by name, else by place. contested: places in the split whose label is in
    dispute; by default the 15 of MNIST's test set where that is what `split` holds, else none. run: the training run
    behind the model, for the calibration before its temperature, the training curves and the environment.
    progress: told how many images are read, and of how many.
    Raises ModelError if the predictor's answers are no probabilities of the classes.
    """
    labels, columns = _match(predictor.labels, predictor.labels if names is None else names, split.labels)
    probabilities = _read(predictor, split.images, progress)[:, columns]
    answers = probabilities.argmax(axis=1)
    disputed = contested_places(split) if contested is None else tuple(contested)

    def answer(index: int) -> Answer:
        said, true = answers[index], split.labels[index]
        row = probabilities[index]
        chances = float(row[said]), float(row[true])
        return Answer(index, split.images[index], labels[true], labels[said], *chances, contested=index in disputed)

    wrong = np.flatnonzero(answers != split.labels)
    worst = wrong[np.argsort(-probabilities[wrong, answers[wrong]], kind="stable")][:GALLERY]
    chances = np.clip(probabilities[np.arange(len(split)), split.labels].astype(np.float64), LEAST_PROBABILITY, 1)
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (split.labels, answers), 1)
    temperature = None if run is None else run.temperature
    before = None
    if temperature is not None:
        before = reliability(apply_temperature(probabilities, 1 / temperature), split.labels)
    return Report(
        model=predictor.name,
        data=data,
        split=part,
        labels=labels,
        confusion=confusion,
        loss=float(-np.log(chances).mean()),
        calibration=reliability(probabilities, split.labels),
        worst=tuple(answer(int(index)) for index in worst),
        temperature=temperature,
        calibration_before=before,
        contested=_without(disputed, answers == split.labels, [answer(index) for index in disputed]),
        history=() if run is None else run.history,
        environment={} if run is None else {"recipe": run.recipe.name, "seed": run.seed, **run.environment},
    )


def evaluate_model(
    model: Predictor | Run | str | Path, dataset: Dataset, *, progress: Callable[[int, int], None] | None = None
) -> Report:
    """Evaluate a predictor, a run, a run folder or any model file on the test images of a dataset.

    Raises ModelError or RunError for a model that cannot be read or does not fit the data.
    """
    from inklens.training.run import METRICS, Run

    run = model if isinstance(model, Run) else None
    if isinstance(model, str | Path) and Path(model, METRICS).is_file():
        run = Run.load(model)
    predictor = named_predictor(model)
    return evaluate(predictor, dataset.test, data=dataset.name, names=dataset.names, run=run, progress=progress)


def named_predictor(model: Predictor | Run | str | Path) -> Predictor:
    """A model as a predictor that is called as it was given: by the whole path where that is how."""
    from inklens.models.predictor import Predictor, as_predictor

    predictor = as_predictor(model)
    if isinstance(model, Predictor):
        return predictor
    return replace(predictor, name=str(model if isinstance(model, str | Path) else model.path))


def contested_places(split: Split) -> tuple[int, ...]:
    """The places of the contested labels if `split` is MNIST's test set, wherever it was loaded from; else ()."""
    found = hashlib.sha256(split.labels.astype(np.uint8).tobytes()).hexdigest()
    return CONTESTED if found == MNIST_TEST_LABELS else ()


def _without(disputed: Sequence[int], right: np.ndarray, answers: Sequence[Answer]) -> Contested | None:
    kept = np.delete(right, list(disputed))
    return Contested(tuple(answers), len(kept), int(kept.sum())) if disputed and len(kept) else None


def _match(known: Sequence[str], names: Sequence[str], truths: np.ndarray) -> tuple[tuple[str, ...], list[int]]:
    """The classes of the report, those of the data first, and the predictor's column of each."""
    if set(names) <= set(known):
        order = [*names, *(label for label in known if label not in names)]
        labels, columns = tuple(order), [list(known).index(label) for label in order]
    elif len(names) == len(known):
        labels, columns = tuple(known), list(range(len(known)))
    else:
        raise ModelError(
            f"the model tells {len(known)} classes apart ({', '.join(known)}), the data has {len(names)} "
            f"({', '.join(names)}); expected the same classes."
        )
    if truths.max() >= len(labels):
        raise ModelError(f"the data has a label {truths.max()}, but the model tells only {len(labels)} classes apart.")
    return labels, columns


def _read(predictor: Predictor, images: np.ndarray, progress: Callable[[int, int], None] | None) -> np.ndarray:
    parts = []
    for start in range(0, len(images), BATCH):
        parts.append(predictor(images[start : start + BATCH]))
        if progress is not None:
            progress(min(start + BATCH, len(images)), len(images))
    probabilities = np.concatenate(parts)
    expected = (len(images), len(predictor.labels))
    if probabilities.shape != expected:
        raise ModelError(f"{predictor.name} answers with shape {probabilities.shape}, expected {expected}.")
    sums = probabilities.sum(axis=1)
    # float16 outputs of ten classes sum to 1 within 5e-3
    if not np.isfinite(sums).all() or probabilities.min() < 0 or np.abs(sums - 1).max() > 1e-2:
        raise ModelError(
            f"{predictor.name} answers with values from {probabilities.min():.3g} to {probabilities.max():.3g} whose "
            f"rows sum to {sums.min():.3g} to {sums.max():.3g}, expected probabilities; does it lack its softmax?"
        )
    return probabilities
