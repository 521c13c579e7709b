from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inklens.models.contract import ClassifierContract
from inklens.reading.find import Found
from inklens.reading.judge import is_beside, judge, judge_page, pool
from inklens.reading.maps import DIGITS

NAMER = ClassifierContract(labels=(*DIGITS, "none"), none="none", threshold=0.5)
PLAIN = ClassifierContract(labels=DIGITS, threshold=0.6)
BOX = (1, 2, 11, 22)


def answer(classes: int, **probabilities: float) -> np.ndarray:
    values = np.zeros(classes, np.float32)
    for name, probability in probabilities.items():
        values[int(name[1:])] = probability
    return values


def seen(sure: float, **probabilities: float) -> Found:
    return Found(BOX, sure, answer(10, **probabilities), 1.0)


def digit(sure: float, names: float, *, high: int = 20) -> float:
    """How probable a 4 is that both networks call so: the locator with `sure`, the classifier with `names`."""
    found = Found((5, 5, 8, 5 + high), sure, answer(10, _4=1.0), 1.0)
    return pool(found, answer(10, _4=names).astype(np.float64), 1 - names)[4]


def odds(probability: float) -> float:
    return probability / (1 - probability)


def test_both_networks_are_pooled() -> None:
    mark = judge(seen(0.8, _7=0.5, _1=0.5), answer(11, _7=0.9, _10=0.1), NAMER)
    there = 1.6 * 9**0.75 * 4**0.5
    assert (mark.label, mark.box) == ("7", BOX)
    assert mark.confidence == pytest.approx(there / (1 + there), abs=1e-4)
    assert mark.probabilities[-1] == pytest.approx(1 / (1 + there), abs=1e-4)
    assert float(mark.probabilities.sum()) == pytest.approx(1)


def test_certainty_of_both_adds_up_and_of_one_alone_does_not_outdo_the_other() -> None:
    assert odds(digit(0.5, 0.5)) == pytest.approx(1.6, rel=1e-3)
    assert odds(digit(0.9, 0.9)) == pytest.approx(1.6 * 9**1.25, rel=1e-3)
    assert odds(digit(0.9, 0.1)) == pytest.approx(1.6 * 9**-0.25, rel=1e-3)
    assert digit(0.0, 1.0) < 1  # nobody is certain
    assert digit(1.0, 0.0) > 0


def test_the_classifier_names_before_the_locator() -> None:
    mark = judge(seen(0.9, _4=0.8, _9=0.2), answer(11, _9=0.6, _4=0.3, _10=0.1), NAMER)
    assert (mark.label, mark.alternatives[0][0]) == ("9", "4")
    close = judge(seen(0.9, _4=1.0), answer(11, _9=0.5, _4=0.4, _10=0.1), NAMER)
    assert (close.label, close.alternatives[0][0]) == ("4", "9")


def test_what_one_network_takes_for_nothing_has_no_label_but_keeps_its_likeliest() -> None:
    mark = judge(seen(0.2, _4=1.0), answer(11, _4=0.4, _10=0.6), NAMER)
    there = 1.6 * (2 / 3) ** 0.75 * 0.25**0.5
    assert mark.label is None
    assert mark.confidence == pytest.approx(there / (1 + there), abs=1e-4)
    assert mark.alternatives == ()


def test_threshold_itself_is_accepted() -> None:
    found, said = seen(0.5, _4=1.0), answer(11, _4=0.5, _10=0.5)
    exactly = judge(found, said, NAMER).confidence
    assert judge(found, said, replace(NAMER, threshold=exactly)).label == "4"
    assert judge(found, said, replace(NAMER, threshold=exactly + 1e-9)).label is None


def test_mark_under_fourteen_pixels_is_believed_less() -> None:
    certain = odds(digit(0.9, 0.9))
    assert [odds(digit(0.9, 0.9, high=high)) for high in (7, 13, 14, 300)] == pytest.approx(
        [certain * share for share in (0.5**8, (13 / 14) ** 8, 1, 1)], rel=1e-3
    )


@pytest.mark.parametrize(
    ("box", "beside"),
    [
        ((24, 0, 30, 30), True),
        ((60, 0, 66, 30), True),  # a height away
        ((61, 0, 67, 30), False),
        ((24, 9, 30, 39), True),  # seven tenths in common
        ((24, 10, 30, 40), False),
        ((24, 0, 30, 42), True),
        ((24, 0, 30, 43), False),  # higher than ten sevenths
        ((0, 31, 30, 61), False),  # below
    ],
)
def test_marks_of_one_number_are_of_one_height_and_side_by_side(box: tuple[int, int, int, int], beside: bool) -> None:
    assert is_beside((0, 0, 30, 30), box) is beside
    assert is_beside(box, (0, 0, 30, 30)) is beside


def test_doubtful_one_is_read_beside_a_sure_digit_and_not_alone() -> None:
    sure, doubtful, lone = (
        Found((x, 0, x + 20, 30), certainty, answer(10, **{name: 1.0}), 1.0)
        for x, certainty, name in ((0, 0.9, "_5"), (24, 0.4, "_1"), (200, 0.4, "_1"))
    )
    answers = [answer(11, _5=0.9, _10=0.1), answer(11, _1=0.4, _10=0.6), answer(11, _1=0.4, _10=0.6)]
    marks = judge_page([lone, doubtful, sure], answers[::-1], NAMER)
    assert [mark.label for mark in marks] == [None, "1", "5"]
    assert [mark.label for mark in judge_page([lone, doubtful], answers[1:], NAMER)] == [None, None]


def test_mark_beside_one_that_is_only_read_for_its_own_neighbour_stays_unread() -> None:
    row = [
        Found((x, 0, x + 20, 30), certainty, answer(10, _1=1.0), 1.0)
        for x, certainty in ((0, 0.9), (45, 0.4), (90, 0.4))
    ]
    answers = [answer(11, _1=0.9, _10=0.1)] + [answer(11, _1=0.4, _10=0.6)] * 2
    assert [mark.label for mark in judge_page(row, answers, NAMER)] == ["1", "1", None]


def test_none_may_stand_anywhere_among_the_labels() -> None:
    first = ClassifierContract(labels=("none", *DIGITS), none="none", threshold=0.5)
    mark = judge(seen(0.8, _7=1.0), answer(11, _0=0.1, _8=0.9), first)
    assert (mark.label, mark.confidence) == ("7", pytest.approx(1.6 * 9**0.75 * 2 / (1 + 1.6 * 9**0.75 * 2), abs=1e-4))


def test_classifier_without_none_rejects_by_its_threshold_and_the_locator() -> None:
    assert judge(seen(0.9, _3=1.0), answer(10, _7=0.6, _1=0.4), PLAIN).label == "7"
    assert judge(seen(0.9, _3=1.0), answer(10, _7=0.59, _1=0.41), PLAIN).label is None
    assert judge(seen(0.39, _7=1.0), answer(10, _7=1.0), PLAIN).label is None
    mark = judge(seen(0.5, _3=1.0), answer(10, _7=0.8, _1=0.2), PLAIN)
    assert mark.confidence == pytest.approx(0.4)
    np.testing.assert_allclose(mark.probabilities, answer(11, _7=0.4, _1=0.1, _10=0.5), atol=1e-6)


def test_letters_are_named_by_their_classifier_alone() -> None:
    letters = ClassifierContract(labels=("a", "b", "?"), none="?", threshold=0.5)
    mark = judge(seen(1.0, _3=1.0), answer(3, _0=0.2, _1=0.7, _2=0.1), letters)
    assert (mark.label, mark.alternatives) == ("b", (("a", pytest.approx(0.2)),))
    assert mark.probabilities.shape == (3,)


def test_equally_likely_labels_keep_their_order() -> None:
    mark = judge(seen(1.0, _3=0.5, _8=0.5), answer(11, _8=0.5, _3=0.5), replace(NAMER, threshold=0.4))
    assert (mark.label, [label for label, _ in mark.alternatives]) == ("3", ["8"])


def test_at_most_three_alternatives_of_at_least_a_hundredth_are_told() -> None:
    mark = judge(
        seen(1.0, _0=0.5, _1=0.2, _2=0.15, _3=0.1, _4=0.05),
        answer(11, _0=0.5, _1=0.2, _2=0.15, _3=0.1, _4=0.05),
        NAMER,
    )
    assert [label for label, _ in mark.alternatives] == ["1", "2", "3"]
    few = judge(seen(1.0, _0=0.991, _1=0.009), answer(11, _0=0.991, _1=0.009), NAMER)
    assert few.alternatives == ()


def test_json_is_plain_and_rounded() -> None:
    mark = judge(seen(1.0, _7=1.0), answer(11, _7=0.98765, _1=0.01235), NAMER)
    assert mark.to_json() == {"label": "7", "confidence": 0.9996, "box": [1, 2, 11, 22], "alternatives": []}
