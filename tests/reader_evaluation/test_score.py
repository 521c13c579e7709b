"""Matching and figures on pages small enough to count by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inklens.reader_evaluation.score import Score, Truth, area_under_curve, intersection_over_union, score_page, words
from inklens.reading.judge import Mark
from inklens.reading.read import Line, Reading

Box = tuple[int, int, int, int]


def boxes(*values: Box) -> np.ndarray:
    return np.array(values, np.int64).reshape(-1, 4)


def truth(
    digits: dict[Box, str],
    others: tuple[Box, ...] = (),
    undecided: tuple[Box, ...] = (),
    strings: tuple[tuple[int, ...], ...] | None = None,
) -> Truth:
    return Truth(boxes(*digits), tuple(digits.values()), boxes(*others), boxes(*undecided), strings)


def reading(*marks: tuple[Box, str, float], lines: tuple[Line, ...] = ()) -> Reading:
    made = tuple(Mark(box, label, sure, (), np.zeros(11, np.float32)) for box, label, sure in marks)
    return Reading(300, 100, made, lines)


def test_boxes_share_their_common_area_by_their_joint_area() -> None:
    shared = intersection_over_union(boxes((0, 0, 10, 10), (20, 20, 24, 24)), boxes((0, 0, 10, 10), (5, 0, 15, 10)))
    np.testing.assert_allclose(shared, [[1, 50 / 150], [0, 0]])


def test_mark_is_right_where_box_and_label_are_and_found_where_only_the_box_is() -> None:
    page = score_page(
        "page",
        truth({(0, 0, 10, 20): "7", (20, 0, 30, 20): "1", (40, 0, 50, 20): "4"}),
        reading(((0, 0, 10, 18), "7", 0.9), ((20, 0, 30, 20), "7", 0.6), ((80, 0, 90, 20), "1", 0.5)),
        ["7", "1", "9"],
    )
    assert page.right.tolist() == [True, False, False]
    assert page.found.tolist() == [True, True, False]
    assert page.named.tolist() == [True, True, False]
    assert page.confidences.tolist() == [0.9, 0.6, 0.5]
    assert page.correct.tolist() == [True, False, False]
    assert page.matched.tolist() == [True, True, False]
    assert not page.exact
    score = Score((page,))
    assert (score.digits, score.marks, score.right) == (3, 3, 1)
    assert (score.precision, score.recall, score.f1) == (1 / 3, 1 / 3, 1 / 3)
    assert score.found_f1 == 4 / 6
    assert score.named == 2 / 3


def test_overlap_of_exactly_two_fifths_is_enough_and_less_is_not() -> None:
    page = truth({(0, 0, 10, 10): "3"})
    assert score_page("a", page, reading(((0, 0, 4, 10), "3", 1.0)), ["3"]).right.tolist() == [True]
    assert score_page("b", page, reading(((0, 0, 10, 3), "3", 1.0)), ["3"]).right.tolist() == [False]


def test_each_digit_is_taken_once_and_the_most_confident_mark_chooses_first() -> None:
    page = score_page(
        "page",
        truth({(0, 0, 10, 20): "3"}),
        reading(((0, 0, 10, 20), "8", 0.5), ((0, 0, 10, 19), "3", 0.8), ((0, 1, 10, 20), "3", 0.7)),
        ["3"],
    )
    assert page.correct.tolist() == [False, True, False]
    assert page.matched.tolist() == [False, True, False]
    assert not page.exact  # two more marks than digits


def test_mark_takes_the_free_digit_that_it_shares_most_with() -> None:
    page = score_page(
        "page",
        truth({(0, 0, 10, 20): "1", (2, 0, 12, 20): "1"}),
        reading(((1, 0, 12, 20), "1", 0.9), ((1, 0, 11, 20), "1", 0.8)),
        ["1", "1"],
    )
    assert page.right.tolist() == [True, True]
    assert page.exact


def test_marks_on_what_is_undecided_do_not_count_and_on_other_handwriting_count_apart() -> None:
    page = score_page(
        "page",
        truth({(0, 0, 10, 20): "2"}, others=((50, 0, 60, 20),), undecided=((80, 0, 100, 40),)),
        reading(
            ((0, 0, 10, 20), "2", 0.9),
            ((50, 0, 60, 20), "1", 0.7),
            ((85, 5, 92, 20), "0", 0.6),
            ((200, 0, 210, 20), "5", 0.4),
        ),
        ["2"],
    )
    assert page.confidences.tolist() == [0.9, 0.7, 0.4]
    assert page.beside.tolist() == [False, True, False]
    score = Score((page,))
    assert (score.marks, score.f1, score.f1_without_others) == (3, 2 / 4, 2 / 3)


def test_mark_in_the_place_of_a_digit_counts_though_something_undecided_lies_there_too() -> None:
    page = score_page(
        "page",
        truth({(0, 0, 10, 20): "2"}, undecided=((0, 0, 10, 20),)),
        reading(((0, 0, 10, 20), "2", 0.9)),
        ["2"],
    )
    assert page.exact
    assert page.correct.tolist() == [True]


def test_number_is_right_only_as_one_word_of_the_right_digits() -> None:
    digits = {(0, 0, 10, 20): "1", (12, 0, 22, 20): "2", (40, 0, 50, 20): "3", (60, 0, 70, 20): "4"}
    page = truth(digits, strings=((0, 1), (2,), (3,)))
    marks = [(box, label, 0.9) for box, label in digits.items()]
    extra = ((74, 0, 84, 20), "1", 0.5)
    read = reading(*marks, extra, lines=(Line("12 3", (0, 1, 2)), Line("41", (3, 4))))
    assert score_page("a", page, read, [*digits.values()]).strings.tolist() == [True, True, False]
    apart = reading(*marks, lines=(Line("1 2 3 4", (0, 1, 2, 3)),))
    assert score_page("b", page, apart, [*digits.values()]).strings.tolist() == [False, True, True]
    wrong = reading((marks[0][0], "7", 0.9), *marks[1:], lines=(Line("72 3 4", (0, 1, 2, 3)),))
    scored = score_page("c", page, wrong, [*digits.values()])
    assert scored.strings.tolist() == [False, True, True]
    assert Score((scored,)).string_accuracy == 2 / 3


def test_words_end_where_a_line_has_spaces_even_with_labels_of_several_characters() -> None:
    made = [((0, 0, 1, 1), label, 1.0) for label in ("ten", "1", "x", "2")]
    assert words(reading(*made, lines=(Line("ten1  x", (0, 1, 2)), Line("2", (3,))))) == [(0, 1), (2,), (3,)]


def test_pages_with_and_without_digits_make_the_figures_of_all() -> None:
    right = score_page("a", truth({(0, 0, 10, 20): "2"}), reading(((0, 0, 10, 20), "2", 0.9)), ["2"])
    missed = score_page("b", truth({(0, 0, 10, 40): "2", (20, 0, 30, 40): "3"}), reading(), ["2", "3"])
    empty = score_page("c", truth({}), reading(), [])
    false = score_page("d", truth({}), reading(((0, 0, 10, 20), "2", 0.3), ((0, 50, 10, 70), "2", 0.3)), [])
    score = Score((right, missed, empty, false))
    assert (score.digits, score.marks, score.right) == (3, 3, 1)
    assert score.macro_f1 == 0.5  # of the two pages with digits
    assert [page.f1 for page in score.pages] == [1, 0, 1, 0]
    assert (score.exact_pages, score.exact) == (2, 0.5)
    assert (score.blanks, score.false_per_blank) == (2, 1.0)
    assert score.strings == 0
    assert math.isnan(score.string_accuracy)
    # 0.9 right; twice 0.3 wrong
    assert score.ece == pytest.approx((0.1 + 2 * 0.3) / 3)
    low = score.of_heights(8, 30)
    assert [page.name for page in low.pages] == ["a", "d"]
    assert (low.digits, low.marks, low.right) == (1, 3, 1)
    assert low.blanks == 0  # having no digit of that height makes no page blank
    high = score.of_heights(30, 99)
    assert (high.digits, high.marks, high.recall) == (2, 0, 0)


def test_figures_of_nothing_are_undefined() -> None:
    score = Score(())
    for name in ("precision", "recall", "f1", "macro_f1", "exact", "found_f1", "named", "false_per_blank", "ece"):
        assert math.isnan(getattr(score, name))
    assert score.calibration is None


def test_area_under_curve_is_the_chance_of_being_larger_with_ties_half() -> None:
    positive, negative = np.array([0.9, 0.8, 0.5]), np.array([0.5, 0.1])
    assert area_under_curve(positive, negative) == (2 + 2 + 1.5) / 6
    assert area_under_curve(negative, positive) == 0.5 / 6
    assert math.isnan(area_under_curve(positive, np.array([])))
