"""How well pages are read: marks matched with what is true of a page, and the figures that follow from that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inklens.metrics.calibration import Reliability, compare_confidence

if TYPE_CHECKING:
    from inklens.reading.read import Reading

OVERLAP = 0.4  # intersection over union from which a mark is the digit in that place
COVERED = (
    0.5  # the share of a mark in a box of other handwriting, or of what is undecided, from which it is a mark of it
)


@dataclass(frozen=True)
class Truth:
    """What is true of a page; boxes are int64 [n, 4] of x0, y0, x1, y1 in pixels, the last two exclusive.

    boxes, labels: the digits that are to be read. others: handwriting that is no digit; a mark on it is false.
    undecided: what is neither a digit nor surely none, such as a digit cut off; a mark on it is neither right nor
    false. strings: the digits of each number by their place in `labels`, from left to right; None if nobody says.
    """

    boxes: np.ndarray
    labels: tuple[str, ...]
    others: np.ndarray
    undecided: np.ndarray
    strings: tuple[tuple[int, ...], ...] | None = None


@dataclass(frozen=True)
class PageScore:
    """What became of each true digit of a page, and of each mark.

    For the n digits of the truth: `heights` int64 [n] in pixels; bool [n] `found`, whether a mark lies there; `right`,
    whether that mark says the right label too; `named`, whether the classifier names the digit when it is given its
    box. For the m marks that are not on something undecided: `confidences` float64 [m]; bool [m] `correct`, in the
    place of a digit and right; `matched`, in the place of a digit; `beside`, on handwriting that is no digit; and
    `mark_heights` int64 [m]. `strings` bool [s], whether each number is read as one and without a mistake. `blank`:
    there is no digit on the page.
    """

    name: str
    heights: np.ndarray
    found: np.ndarray
    right: np.ndarray
    named: np.ndarray
    confidences: np.ndarray
    correct: np.ndarray
    matched: np.ndarray
    beside: np.ndarray
    mark_heights: np.ndarray
    strings: np.ndarray
    blank: bool

    @property
    def exact(self) -> bool:
        """Whether every digit is read right and nothing else is read."""
        return bool(self.right.all()) and len(self.correct) == len(self.right)

    @property
    def f1(self) -> float:
        """Of this page alone; 1 for a page without digits of which nothing is read."""
        both = len(self.right) + len(self.correct)
        return 2 * int(self.right.sum()) / both if both else 1.0

    def of_heights(self, low: float, high: float) -> PageScore:
        """The digits of `low` to less than `high` pixels, with the marks of that height, or matched to such a digit."""
        digits = (self.heights >= low) & (self.heights < high)
        marks = (self.mark_heights >= low) & (self.mark_heights < high)
        parts = {name: getattr(self, name)[digits] for name in ("heights", "found", "right", "named")}
        marked = ("confidences", "correct", "matched", "beside", "mark_heights")
        return PageScore(
            self.name,
            **parts,
            **{name: getattr(self, name)[marks] for name in marked},
            strings=np.zeros(0, bool),
            blank=False,
        )


def match_boxes(boxes: np.ndarray, confidences: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Which of the boxes `digits` [n, 4] each of `boxes` [m, 4] takes, the most confident first; -1 for none.

    Each takes the digit that it shares most with of those that are free, if that is at least OVERLAP of their joint
    area. Of equally confident ones the first comes first.
    """
    shared = intersection_over_union(boxes, digits)
    taken = np.full(len(boxes), -1)
    free = np.ones(len(digits), bool)
    for mark in np.argsort(-confidences, kind="stable").tolist():
        candidates = np.where(free, shared[mark], 0)
        best = int(candidates.argmax()) if len(candidates) else -1
        if best >= 0 and candidates[best] >= OVERLAP:
            taken[mark], free[best] = best, False
    return taken


def score_page(name: str, truth: Truth, reading: Reading, given: Sequence[str]) -> PageScore:
    """Match a reading with the truth; `given` is what the classifier says of the true boxes, one label for each."""
    boxes = np.array([mark.box for mark in reading.marks], np.int64).reshape(-1, 4)
    confidences = np.array([mark.confidence for mark in reading.marks], np.float64)
    taken = match_boxes(boxes, confidences, truth.boxes)
    matched = taken >= 0
    said = np.array([mark.label for mark in reading.marks], object)
    true = np.array([truth.labels[place] if place >= 0 else None for place in taken], object)
    correct = matched & np.asarray(said == true, bool)
    counted = matched | ~_on(boxes, truth.undecided)
    right = np.zeros(len(truth.boxes), bool)
    right[taken[correct]] = True
    heights, own = truth.boxes[:, 3] - truth.boxes[:, 1], boxes[:, 3] - boxes[:, 1]
    mark_heights = np.where(matched, heights[taken], own) if len(heights) else own
    return PageScore(
        name=name,
        heights=heights,
        found=np.isin(np.arange(len(heights)), taken),
        right=right,
        named=np.array([one == two for one, two in zip(given, truth.labels, strict=True)], bool),
        confidences=confidences[counted],
        correct=correct[counted],
        matched=matched[counted],
        beside=(~matched & _on(boxes, truth.others))[counted],
        mark_heights=mark_heights[counted],
        strings=_read_strings(truth, reading, taken, right),
        blank=not len(truth.boxes),
    )


def _read_strings(truth: Truth, reading: Reading, taken: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Whether each number of the truth is a word of the reading: its marks, all right, and no other."""
    read = {tuple(int(taken[mark]) for mark in word) for word in words(reading)}
    return np.array([string in read and bool(right[list(string)].all()) for string in truth.strings or ()], bool)


def words(reading: Reading) -> list[tuple[int, ...]]:
    """The marks of each word of a reading's lines: a space in a line's text begins another."""
    found: list[tuple[int, ...]] = []
    for line in reading.lines:
        text, word = line.text, list[int]()
        for mark in line.marks:
            bare = text.lstrip(" ")
            if word and len(bare) < len(text):
                found.append(tuple(word))
                word = []
            text = bare.removeprefix(reading.marks[mark].label or "")
            word.append(mark)
        found.append(tuple(word))
    return found


def _on(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which of `boxes` are marks of one of `others`: share OVERLAP with it, or lie in it by COVERED or more."""
    covered = _common(boxes, others) / np.maximum(1, _areas(boxes))[:, None]
    return np.asarray(((intersection_over_union(boxes, others) >= OVERLAP) | (covered >= COVERED)).any(axis=1))


def intersection_over_union(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of each of `boxes` int64 [n, 4] with each of `others` [m, 4], float64 [n, m] of 0 to 1."""
    common = _common(boxes, others)
    return np.asarray(common / np.maximum(1, _areas(boxes)[:, None] + _areas(others)[None] - common))


def _common(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    one, two = boxes[:, None], others[None]
    sides = np.minimum(one[..., 2:], two[..., 2:]) - np.maximum(one[..., :2], two[..., :2])
    return np.asarray(np.maximum(sides, 0).prod(axis=2))


def _areas(boxes: np.ndarray) -> np.ndarray:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))


@dataclass(frozen=True)
class Score:
    """The figures of some pages: proportions of 0 to 1, NaN where there is nothing to divide by."""

    pages: tuple[PageScore, ...]

    def _sum(self, name: str) -> int:
        return sum(int(getattr(page, name).sum()) for page in self.pages)

    @property
    def digits(self) -> int:
        """How many digits there are."""
        return sum(len(page.right) for page in self.pages)

    @property
    def marks(self) -> int:
        """How many were read, those on something undecided left out."""
        return sum(len(page.correct) for page in self.pages)

    @property
    def right(self) -> int:
        """How many digits were found and named rightly."""
        return self._sum("right")

    @property
    def precision(self) -> float:
        """Share of the marks that are right."""
        return divide(self.right, self.marks)

    @property
    def recall(self) -> float:
        """Share of the digits that are read right."""
        return divide(self.right, self.digits)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return divide(2 * self.right, self.digits + self.marks)

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the pages that have digits, each counting the same."""
        written = [page.f1 for page in self.pages if len(page.right)]
        return divide(sum(written), len(written))

    @property
    def found_f1(self) -> float:
        """F1 of finding alone: any label in the place of a digit is right."""
        return divide(2 * self._sum("found"), self.digits + self.marks)

    @property
    def f1_without_others(self) -> float:
        """F1 without the marks on handwriting that is no digit."""
        return divide(2 * self.right, self.digits + self.marks - self._sum("beside"))

    @property
    def named(self) -> float:
        """Share of the digits that the classifier names rightly when it is given their true boxes."""
        return divide(self._sum("named"), self.digits)

    @property
    def exact_pages(self) -> int:
        """How many pages are read without any mistake."""
        return sum(page.exact for page in self.pages)

    @property
    def exact(self) -> float:
        """Share of the pages that are read without any mistake."""
        return divide(self.exact_pages, len(self.pages))

    @property
    def strings(self) -> int:
        """How many numbers the truth tells of."""
        return sum(len(page.strings) for page in self.pages)

    @property
    def string_accuracy(self) -> float:
        """Share of the numbers that are read as one and without a mistake."""
        return divide(self._sum("strings"), self.strings)

    @property
    def blanks(self) -> int:
        """How many pages have no digit."""
        return sum(page.blank for page in self.pages)

    @property
    def false_per_blank(self) -> float:
        """How many digits are read on a page that has none, on average."""
        return divide(sum(len(page.correct) for page in self.pages if page.blank), self.blanks)

    @property
    def calibration(self) -> Reliability | None:
        """The marks' confidence beside how often they are right; None without marks."""
        if not self.marks:
            return None
        confidences = np.concatenate([page.confidences for page in self.pages])
        return compare_confidence(confidences, np.concatenate([page.correct for page in self.pages]))

    @property
    def ece(self) -> float:
        """Expected calibration error of the marks' confidence."""
        calibration = self.calibration
        return calibration.error if calibration else float("nan")

    def of_heights(self, low: float, high: float) -> Score:
        """The same of the digits and marks of `low` to less than `high` pixels, on the pages that have some."""
        parts = [page.of_heights(low, high) for page in self.pages]
        return Score(tuple(page for page in parts if len(page.right) or len(page.correct)))


def divide(part: float, whole: int) -> float:
    """A proportion; NaN of nothing."""
    return part / whole if whole else float("nan")


def area_under_curve(positive: np.ndarray, negative: np.ndarray) -> float:
    """AUROC: the chance that one of `positive` float [n] is larger than one of `negative` [m], ties half; NaN of none.

    By the ranks of Mann and Whitney (Annals of Mathematical Statistics 18, 1947).
    """
    if not len(positive) or not len(negative):
        return float("nan")
    ordered = np.sort(negative)
    below, through = np.searchsorted(ordered, positive, "left"), np.searchsorted(ordered, positive, "right")
    return float((below + through).sum() / (2 * len(positive) * len(negative)))
