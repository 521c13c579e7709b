"""The threshold that a reader ships with: by F0.5, and of equals the middle one."""

from __future__ import annotations

import numpy as np

from inklens.reader_training.threshold import best_threshold


def test_false_marks_are_shut_out_where_that_costs_few_digits() -> None:
    sure = np.array([0.9] * 90 + [0.4] * 10 + [0.5] * 30)
    right = np.array([True] * 100 + [False] * 30)
    assert 0.5 < best_threshold(sure, right, 100) <= 0.9


def test_digits_are_kept_where_few_false_marks_come_with_them() -> None:
    sure = np.array([0.9] * 50 + [0.4] * 50 + [0.4] * 2)
    right = np.array([True] * 100 + [False] * 2)
    assert best_threshold(sure, right, 100) <= 0.4


def test_a_false_mark_weighs_more_than_a_digit_left_out() -> None:
    sure = np.array([0.9] * 80 + [0.4] * 10 + [0.4] * 10)
    right = np.array([True] * 90 + [False] * 10)
    assert 0.4 < best_threshold(sure, right, 90) <= 0.9  # F1 would be the same to a tenth of a per cent


def test_of_thresholds_that_are_as_good_the_middle_is_taken() -> None:
    assert best_threshold(np.array([0.8] * 50 + [0.4] * 50), np.array([True] * 50 + [False] * 50), 50) == 0.6
