"""What the evaluation of a reader found: it prints itself and gives JSON; `html` draws it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inklens.metrics.proportions import counted, percent, span, wilson_interval
from inklens.reader_evaluation.score import Score


@dataclass(frozen=True)
class Group:
    """The pages of one condition: `kind` says which sort of condition, such as paper, and `name` which."""

    kind: str
    name: str
    score: Score


@dataclass(frozen=True)
class Rejection:
    """How well a reader tells digits from signs of kinds that were kept from its training.

    digits, others: how many of each it was shown, with their true boxes. classifier, reader: area under the curve of
    the likeliest digit's probability, by the classifier alone and together with the locator. error: the classifier's
    expected calibration error on clean digits.
    """

    digits: int
    others: int
    classifier: float
    reader: float
    error: float


@dataclass(frozen=True)
class ReadingReport:
    """How well a reader reads the pages of `data`: in total, by condition, and on signs that it never met.

    Proportions are 0 to 1, NaN where there is nothing to divide by.
    """

    reader: str
    data: str
    total: Score
    groups: tuple[Group, ...] = ()
    rejection: Rejection | None = None

    def of(self, kind: str) -> dict[str, Score]:
        """The scores of the groups of a kind, by name."""
        return {group.name: group.score for group in self.groups if group.kind == kind}

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of groups, in order."""
        return tuple(dict.fromkeys(group.kind for group in self.groups))

    @property
    def notes(self) -> list[tuple[str, str]]:
        """What there is to say of all pages beyond a row of the table: names and values."""
        total = self.total
        low, high = wilson_interval(total.exact_pages, len(total.pages))
        notes = [
            ("pages read exactly", f"{total.exact_pages} of {len(total.pages)}, 95 % interval {span((low, high))} %"),
            ("F1, each page the same", f"{percent(total.macro_f1)} %"),
            ("F1 of finding alone", f"{percent(total.found_f1)} %"),
            ("F1 without other handwriting", f"{percent(total.f1_without_others)} %"),
            ("names given true boxes", f"{percent(total.named)} % of {counted(total.digits, 'digit')}"),
        ]
        if total.strings:
            notes.append(
                ("numbers read right", f"{percent(total.string_accuracy)} % of {counted(total.strings, 'number')}")
            )
        if total.marks:
            notes.append(("calibration error", f"{percent(total.ece)} % of {counted(total.marks, 'mark')}"))
        if total.blanks:
            notes.append(("false per blank page", f"{total.false_per_blank:.3f} on {counted(total.blanks, 'page')}"))
        if self.rejection:
            found = self.rejection
            shown = f"{counted(found.digits, 'digit')}, {counted(found.others, 'sign')} of kinds never trained on"
            notes += [
                ("digit or not, AUROC", f"{found.reader:.4f}; classifier alone {found.classifier:.4f}; {shown}"),
                ("classifier's calibration error, clean", f"{percent(found.error)} %"),
            ]
        return notes

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; proportions are 0 to 1, undefined ones None."""
        values: dict[str, Any] = {"reader": self.reader, "data": self.data, **score_json(self.total)}
        values["groups"] = [{"kind": one.kind, "name": one.name, **score_json(one.score)} for one in self.groups]
        if self.rejection:
            found = self.rejection
            values["rejection"] = {
                "digits": found.digits,
                "others": found.others,
                "auroc": rounded(found.reader),
                "auroc_classifier": rounded(found.classifier),
                "ece_classifier": rounded(found.error),
            }
        return values

    def __str__(self) -> str:
        wide = max(len(row[0]) for row in self.rows())
        lines = [f"{self.reader} on {self.data}", ""]
        for name, *cells in [HEAD, *self.rows()]:
            lines.append(f"{name:<{wide}}" + "".join(f"{cell:>11}" for cell in cells))
        names = max(len(name) for name, _ in self.notes)
        return "\n".join([*lines, "", *(f"{name:<{names}}  {value}" for name, value in self.notes)])

    def rows(self) -> list[tuple[str, ...]]:
        """The cells of the table below HEAD: the total, then every group."""
        return [
            ("in all", *cells(self.total)),
            *((f"{group.kind}: {group.name}", *cells(group.score)) for group in self.groups),
        ]


HEAD = ("", "pages", "digits", "precision", "recall", "F1", "exact", "names", "false")
"""Columns of the table: shares in per cent; `false` is marks read on each page without digits."""


def cells(score: Score) -> tuple[str, ...]:
    """The columns of HEAD but the first."""
    false = "–" if math.isnan(score.false_per_blank) else f"{score.false_per_blank:.3f}"
    shares = (score.precision, score.recall, score.f1, score.exact, score.named)
    return (f"{len(score.pages):,}", f"{score.digits:,}", *(percent(share, 1) for share in shares), false)


def score_json(score: Score) -> dict[str, Any]:
    """The figures of some pages as plain JSON values."""
    names: Sequence[str] = (
        *("precision", "recall", "f1", "macro_f1", "exact", "false_per_blank", "found_f1", "f1_without_others"),
        *("named", "string_accuracy", "ece"),
    )
    counts = {"digits": score.digits, "marks": score.marks, "right": score.right, "strings": score.strings}
    counts |= {"exact_photos": score.exact_pages, "blanks": score.blanks}
    return {"photos": len(score.pages), **counts, **{name: rounded(getattr(score, name)) for name in names}}


def rounded(value: float) -> float | None:
    """Six decimals; None for NaN."""
    return None if math.isnan(value) else round(value, 6)
