"""How well a model reads digits that are spoilt in ways it was never trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inklens.data import Split
from inklens.evaluation.corruptions import CORRUPTIONS, corrupt
from inklens.evaluation.evaluate import evaluate, named_predictor
from inklens.evaluation.report import Report
from inklens.metrics.proportions import percent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inklens.data import Dataset
    from inklens.models.predictor import Predictor
    from inklens.training.run import Run

CLEAN = "identity"
SEED = 1  # of the corruptions


@dataclass(frozen=True)
class Robustness:
    """A report for each of CORRUPTIONS, `identity` among them, on the same images; prints itself as a table."""

    reports: Mapping[str, Report]

    @property
    def clean(self) -> Report:
        """The report on the images as they are."""
        return self.reports[CLEAN]

    @property
    def accuracies(self) -> dict[str, float]:
        """Share read right, 0 to 1, by corruption, `identity` left out."""
        return {name: report.accuracy for name, report in self.reports.items() if name != CLEAN}

    @property
    def mean(self) -> float:
        """Mean of these accuracies, 0 to 1: each corruption counts the same."""
        return sum(self.accuracies.values()) / len(self.accuracies)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, 0 to 1; `accuracy` and `ece` are those of clean images."""
        clean = self.clean
        return {
            "model": clean.model,
            "data": clean.data,
            "split": clean.split,
            "n": clean.n,
            "accuracy": clean.accuracy,
            "ece": round(clean.ece, 6),
            "mean_corrupted": round(self.mean, 6),
            "corruptions": self.accuracies,
            "corruptions_ece": {name: round(self.reports[name].ece, 6) for name in self.accuracies},
        }

    def __str__(self) -> str:
        clean = self.clean
        rows = [(name, percent(report.accuracy), percent(report.ece)) for name, report in self.reports.items()]
        unsure = sum(self.reports[name].ece for name in self.accuracies) / len(self.accuracies)
        rows.insert(-1, (f"mean of the {len(self.accuracies)}", percent(self.mean), percent(unsure)))
        rows[-1] = ("clean", *rows[-1][1:])
        head = ("corruption", "accuracy, %", "calibration error, %")
        lines = [f"{name:<15}  {accuracy:>11}  {error:>20}" for name, accuracy, error in (head, *rows)]
        title = (
            f"{clean.model} on {clean.data}, {clean.split}: {clean.n:,} images, each spoilt in {len(lines) - 3} ways"
        )
        return "\n".join([title, "", *lines[:-2], "", *lines[-2:]])


def evaluate_corruptions(
    predictor: Predictor,
    split: Split,
    *,
    data: str = "unnamed",
    part: str = "test",
    names: Sequence[str] | None = None,
    seed: int = SEED,
    progress: Callable[[int, int], None] | None = None,
) -> Robustness:
    """Spoil every image of `split` by each corruption, let the model read them and compare the answers with the labels.

    Arguments are those of `evaluate.evaluate`; the seed decides every random draw of the corruptions. An answer that is
    none of the labels, such as the "none" of a model that can say so, counts as wrong: the digit is still there to be
    read. Raises ModelError if the predictor's answers are no probabilities of the classes.
    """
    reports, total = {}, len(CORRUPTIONS) * len(split)
    for turn, name in enumerate(CORRUPTIONS):

        def told(done: int, _: int, before: int = turn * len(split)) -> None:
            if progress is not None:
                progress(before + done, total)

        spoilt = Split(corrupt(split.images, name, seed), split.labels)
        reports[name] = evaluate(predictor, spoilt, data=data, part=part, names=names, progress=told)
    return Robustness(reports)


def evaluate_model_corruptions(
    model: Predictor | Run | str | Path,
    dataset: Dataset,
    *,
    seed: int = SEED,
    progress: Callable[[int, int], None] | None = None,
) -> Robustness:
    """Evaluate a predictor, a run, a run folder or any model file on the spoilt test images of a dataset.

    Raises ModelError or RunError for a model that cannot be read or does not fit the data.
    """
    return evaluate_corruptions(
        named_predictor(model), dataset.test, data=dataset.name, names=dataset.names, seed=seed, progress=progress
    )
