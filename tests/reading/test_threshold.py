"""The threshold that a reader ships with: by F0.5, and of equals the one that leaves out the fewest digits."""

from __future__ import annotations

import numpy as np
import pytest

from inklens.reading.threshold import best_threshold


def test_false_marks_are_shut_out_where_that_costs_few_digits() -> None:
    agreed = np.array([0.9] * 90 + [0.4] * 10 + [0.5] * 30)
    right = np.array([True] * 100 + [False] * 30)
    assert best_threshold(agreed, right, 100) == pytest.approx(0.51)


def test_digits_are_kept_where_few_false_marks_come_with_them() -> None:
    agreed = np.array([0.9] * 50 + [0.4] * 50 + [0.4] * 2)
    right = np.array([True] * 100 + [False] * 2)
    assert best_threshold(agreed, right, 100) == pytest.approx(0.2)


def test_a_false_mark_weighs_more_than_a_digit_left_out() -> None:
    agreed = np.array([0.9] * 80 + [0.4] * 10 + [0.4] * 10)
    right = np.array([True] * 90 + [False] * 10)
    assert best_threshold(agreed, right, 90) == pytest.approx(0.41)  # F1 would be the same to a tenth of a per cent
