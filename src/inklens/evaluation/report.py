"""What an evaluation found: it prints itself and gives JSON; `html` and `pictures` draw it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inklens.metrics.calibration import Reliability
from inklens.metrics.proportions import counted, percent, span, wilson_interval

WIDEST_MATRIX = 16  # classes; a wider confusion matrix does not fit a terminal
SHOWN_PICTURES = 12  # of mistakes, in a notebook


@dataclass(frozen=True)
class Answer:
    """One image and what the model said: `image` uint8 [28, 28]; probabilities 0 to 1.

    `index` is the image's place in the split, from 0; `confidence` belongs to the predicted class, `chance` to the
    class of the label.
    """

    index: int
    image: np.ndarray
    label: str
    predicted: str
    confidence: float
    chance: float
    contested: bool = False


@dataclass(frozen=True)
class ClassScore:
    """Precision, recall and F1 of one class, 0 to 1, NaN where nothing was predicted or shown; `images` shown."""

    label: str
    images: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Contested:
    """Images whose label people dispute: the answers given to them, and the score on all the others."""

    answers: tuple[Answer, ...]
    n: int
    right: int

    @property
    def accuracy(self) -> float:
        """Accuracy, 0 to 1, without the contested images."""
        return self.right / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval of that accuracy."""
        return wilson_interval(self.right, self.n)


@dataclass(frozen=True)
class Report:
    """How well a model reads a labelled split.

    `confusion` int64 [classes, classes], rows true, columns predicted; `loss` is the mean cross-entropy in nats.
    `calibration_before` is what the model was before its fitted `temperature`; both are None where the model file
    does not tell. `worst` holds the most confident mistakes, at most 60. `history` has a row for each epoch of
    the training run, if one is known.

    >>> import inklens
    >>> report = inklens.evaluate("runs/fast")
    >>> print(str(report).splitlines()[0])
    runs/fast on mnist, test: ... images
    >>> report.mistakes == round(report.n * (1 - report.accuracy))
    True
    """

    model: str
    data: str
    split: str
    labels: tuple[str, ...]
    confusion: np.ndarray
    loss: float
    calibration: Reliability
    worst: tuple[Answer, ...]
    temperature: float | None = None
    calibration_before: Reliability | None = None
    contested: Contested | None = None
    history: Sequence[Mapping[str, float]] = ()
    environment: Mapping[str, object] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """How many images were read."""
        return int(self.confusion.sum())

    @property
    def mistakes(self) -> int:
        """How many of them were read wrong."""
        return self.n - int(self.confusion.trace())

    @property
    def accuracy(self) -> float:
        """Share read right, 0 to 1."""
        return int(self.confusion.trace()) / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval of the accuracy."""
        return wilson_interval(self.n - self.mistakes, self.n)

    @property
    def ece(self) -> float:
        """Expected calibration error, 0 to 1, over equal-width bins of confidence."""
        return self.calibration.error

    @property
    def classes(self) -> tuple[ClassScore, ...]:
        """The score of each class, in the order of the labels."""
        hits, shown, said = self.confusion.diagonal(), self.confusion.sum(axis=1), self.confusion.sum(axis=0)
        with np.errstate(invalid="ignore"):
            scores = zip(self.labels, shown, hits / said, hits / shown, 2 * hits / (said + shown), strict=True)
        return tuple(ClassScore(label, int(n), float(p), float(r), float(f)) for label, n, p, r, f in scores)

    @property
    def confusions(self) -> list[tuple[str, str, int]]:
        """(true, predicted, how often) for every kind of mistake that occurred, the most frequent first."""
        wrong = self.confusion - np.diag(self.confusion.diagonal())
        order = np.argsort(-wrong, axis=None, kind="stable")[: np.count_nonzero(wrong)]
        pairs = (divmod(int(flat), len(self.labels)) for flat in order)
        return [(self.labels[row], self.labels[column], int(wrong[row, column])) for row, column in pairs]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; proportions and probabilities are 0 to 1, undefined scores None."""
        values: dict[str, Any] = {
            "model": self.model,
            "data": self.data,
            "split": self.split,
            "n": self.n,
            "accuracy": self.accuracy,
            "accuracy_interval": [round(bound, 6) for bound in self.interval],
            "loss": round(self.loss, 6),
            "ece": round(self.ece, 6),
            "ece_bins": len(self.calibration.counts),
            "labels": list(self.labels),
            "confusion": self.confusion.tolist(),
            "classes": [
                {
                    "label": score.label,
                    "images": score.images,
                    "precision": _rounded(score.precision),
                    "recall": _rounded(score.recall),
                    "f1": _rounded(score.f1),
                }
                for score in self.classes
            ],
            "mistakes": self.mistakes,
            "worst": [_answer_json(answer) for answer in self.worst],
        }
        if self.temperature is not None and self.calibration_before is not None:
            values |= {"temperature": self.temperature, "ece_before": round(self.calibration_before.error, 6)}
        if self.contested is not None:
            values["contested"] = {
                "n": self.contested.n,
                "accuracy": self.contested.accuracy,
                "accuracy_interval": [round(bound, 6) for bound in self.contested.interval],
                "answers": [_answer_json(answer) for answer in self.contested.answers],
            }
        return values

    def __repr__(self) -> str:
        return f"<Report of {self.model} on {self.data}, {self.split}: {percent(self.accuracy)} % of {self.n:,} images>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the figures, and the most confident mistakes as pictures."""
        from inklens.evaluation.notebook import notebook_page

        figures = {
            "accuracy": f"{percent(self.accuracy)} %, 95 % interval {span(self.interval)} %",
            "mistakes": f"{self.mistakes:,} of {self.n:,}",
            "loss": f"{self.loss:.4f}",
            "calibration error": f"{percent(self.ece)} %",
            "most often": self._most_frequent() or "no mistake",
        }
        worst = [(answer.image, f"{answer.label} read as {answer.predicted}") for answer in self.worst[:SHOWN_PICTURES]]
        return notebook_page(f"{self.model} on {self.data}, {self.split}", figures, worst)

    def __str__(self) -> str:
        return "\n".join([*self._headline(), "", *self._class_table(), "", *self._matrix(), *self._mistakes()])

    def _headline(self) -> list[str]:
        lines = [
            f"{self.model} on {self.data}, {self.split}: {self.n:,} images",
            "",
            f"accuracy           {percent(self.accuracy)} %   95 % interval {span(self.interval)} %",
        ]
        if self.contested is not None:
            without = self.contested
            lines.append(
                f"                   {percent(without.accuracy)} %   {span(without.interval)} %, "
                f"without the {counted(len(without.answers), 'contested label')}"
            )
        lines += [f"mistakes           {self.mistakes:,}", f"loss               {self.loss:.4f}"]
        calibration = f"calibration error  {percent(self.ece)} %   in {len(self.calibration.counts)} bins of confidence"
        if self.calibration_before is not None:
            calibration += f"; {percent(self.calibration_before.error)} % before temperature {self.temperature:.3f}"
        return [*lines, calibration]

    def _class_table(self) -> list[str]:
        width = max(5, *(len(label) for label in self.labels))
        rows = [f"{'class':<{width}}  images  precision  recall      F1"]
        for score in self.classes:
            values = f"{percent(score.precision):>9}  {percent(score.recall):>6}  {percent(score.f1):>6}"
            rows.append(f"{score.label:<{width}}  {score.images:>6,}  {values}")
        return rows

    def _matrix(self) -> list[str]:
        if len(self.labels) > WIDEST_MATRIX:
            return [f"The confusion matrix of {len(self.labels)} classes is in the JSON and the HTML report.", ""]
        width = max(len(str(self.confusion.max())), *(len(label) for label in self.labels)) + 2
        side = max(len("true"), *(len(label) for label in self.labels))
        lines = ["confusion (rows true, columns predicted)"]
        lines.append(" " * side + "".join(f"{label:>{width}}" for label in self.labels))
        for label, row in zip(self.labels, self.confusion, strict=True):
            lines.append(f"{label:>{side}}" + "".join(f"{count or '·':>{width}}" for count in row))
        return [*lines, ""]

    def _most_frequent(self) -> str:
        return ", ".join(f"{true} read as {said} ({count})" for true, said, count in self.confusions[:5])

    def _mistakes(self) -> list[str]:
        if not self.worst:
            return ["No mistakes."]
        lines = [f"most frequent      {self._most_frequent()}", "most confident     image  label  read as  confidence"]
        for answer in self.worst[:5]:
            note = "  contested label" if answer.contested else ""
            confidence = f"{percent(answer.confidence, 1)} %"
            row = f"{answer.index:>5}  {answer.label:>5}  {answer.predicted:>7}  {confidence:>10}"
            lines.append(f"                   {row}{note}")
        return lines


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def _answer_json(answer: Answer) -> dict[str, object]:
    return {
        "index": answer.index,
        "label": answer.label,
        "predicted": answer.predicted,
        "confidence": round(answer.confidence, 6),
        "chance": round(answer.chance, 6),
    }
