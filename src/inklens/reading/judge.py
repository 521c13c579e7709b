"""Judging a mark: what the locator and the classifier think of one place, brought together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inklens.models.contract import ClassifierContract
from inklens.reading.find import Found
from inklens.reading.maps import DIGITS

Box = tuple[int, int, int, int]

_ALTERNATIVES = 3  # runners-up that are told
_LEAST = 0.01  # probability of the least that is told
_SURE = 0.4  # of the locator, for a classifier that cannot say none
_SHIFT = 1.6  # the odds of a place that both networks give even odds
_DOUBT = 1e-6  # the least that is left to the other side, however sure a network is
_SMALLEST = 14  # pixels of the longer side from which the networks learnt digits; less is rather a fleck in the paper
_BESIDE = 0.6  # of the threshold, for a mark beside an accepted one: a 1 in a number looks like a lone slash
_ALIKE = 7  # tenths of the height that marks beside each other have at least in common


@dataclass(frozen=True)
class Mark:
    """Something found on a page. `label` is None for what is no digit (or no symbol of the classifier).

    box: x0, y0, x1, y1 in pixels of the page, the last two exclusive. confidence: 0 to 1, that the label is right; for
    a rejected mark, of the likeliest label. alternatives: the next likeliest labels with their probabilities.
    """

    box: Box
    label: str | None
    confidence: float
    alternatives: tuple[tuple[str, float], ...]
    probabilities: np.ndarray  # float32 [labels + 1]: each label's, then none's

    def to_json(self) -> dict[str, Any]:
        """As `inklens read --json` prints it."""
        return {
            "label": self.label,
            "confidence": round(self.confidence, 4),
            "box": list(self.box),
            "alternatives": [[label, round(p, 4)] for label, p in self.alternatives],
        }


def pool(found: Found, names: np.ndarray, none: float) -> list[float]:
    """How probable each of the ten digits is in one place, from what both networks say of it.

    names: float64 [10], the classifier's probabilities of the digits; none: of no digit. A logarithmic opinion pool
    (Genest and Zidek 1986) of whether there is a digit, with 3/4 of the classifier's and 1/2 of the locator's log odds,
    and one of which it is, with all of the classifier's and 1/4 of the locator's. The weights of the largest likelihood
    on rendered validation pages (0.76, 0.55 and 0.51 more; 0.95 and 0.33; 10 of the size) are rounded to what square
    roots and products can do, which are the same to the last bit in every language.
    """
    x0, y0, x1, y1 = found.box
    area = min(1.0, max(x1 - x0, y1 - y0) / _SMALLEST) ** 2
    some = odds(1 - none)
    there = _SHIFT * math.sqrt(some * math.sqrt(some) * odds(found.sure)) * area * area * area * area
    shares = [
        (float(ours) + _DOUBT) * math.sqrt(math.sqrt(float(theirs) + _DOUBT))
        for ours, theirs in zip(names, found.names, strict=True)
    ]
    whole = sum(shares)
    return [there / (1 + there) * share / whole for share in shares]


def odds(probability: float) -> float:
    """The odds of a probability; those of 0 and 1 are a million to one, for no network is surer than that."""
    within = min(max(probability, _DOUBT), 1 - _DOUBT)
    return within / (1 - within)


def judge_page(found: Sequence[Found], answers: Sequence[np.ndarray], contract: ClassifierContract) -> list[Mark]:
    """Judge all marks of a page, in their order: those that stand beside an accepted one are doubted less."""
    marks = [judge(one, answer, contract) for one, answer in zip(found, answers, strict=True)]
    accepted = [mark.box for mark in marks if mark.label is not None]
    return [
        judge(one, answer, contract, beside=True)
        if mark.label is None and any(is_beside(mark.box, box) for box in accepted)
        else mark
        for mark, one, answer in zip(marks, found, answers, strict=True)
    ]


def is_beside(one: Box, two: Box) -> bool:
    """Whether two marks may be digits of one number: of about one height, side by side, less than that height apart."""
    high, other = one[3] - one[1], two[3] - two[1]
    common = min(one[3], two[3]) - max(one[1], two[1])
    apart = max(one[0], two[0]) - min(one[2], two[2])
    return 10 * min(high, other, common) >= _ALIKE * max(high, other) and apart <= max(high, other)


def judge(found: Found, answer: np.ndarray, contract: ClassifierContract, *, beside: bool = False) -> Mark:
    """Bring the two networks' opinions of one place together; `answer` float32 [classes] is the classifier's.

    Those of a classifier of digits with a none class and of the locator are pooled, and what is then at least as
    probable as the classifier's threshold has a label; `beside` an accepted mark six tenths of that will do. Another
    classifier alone names what the locator found, from its threshold and where the locator is sure enough. Equally
    likely labels keep their order.
    """
    kept = contract.symbols
    names = answer[kept].astype(np.float64)
    labels = tuple(contract.labels[index] for index in kept)
    if labels == DIGITS and contract.none is not None:
        names = np.array(pool(found, names, float(answer[contract.labels.index(contract.none)])))
        accepted = float(names.max()) >= contract.threshold * (_BESIDE if beside else 1)
    else:
        accepted = float(names.max()) >= contract.threshold and found.sure >= _SURE
        names = names * found.sure
    some = float(names.sum())
    order = sorted(range(len(names)), key=lambda index: (-names[index], index))
    return Mark(
        found.box,
        labels[order[0]] if accepted else None,
        float(names[order[0]]),
        tuple((labels[index], float(names[index])) for index in order[1 : 1 + _ALTERNATIVES] if names[index] >= _LEAST),
        np.append(names, max(0.0, 1 - some)).astype(np.float32),
    )
