"""Proportions, their intervals and how they are written."""

import pytest

from inklens.metrics.proportions import percent, span, wilson_interval


def test_wilson_interval_matches_published_values_and_stays_between_0_and_1():
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29
    for right, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson_interval(right, n) == pytest.approx((low, high), abs=5e-5)
    assert wilson_interval(10_000, 10_000)[1] == 1.0


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.98768, "98.77"), (1.0, "100.00"), (0.99999, "99.99"), (0.00001, "0.01"), (0.0, "0.00"), (float("nan"), "–")],
)
def test_percent_never_rounds_up_to_all_nor_down_to_nothing(share, text):
    assert percent(share) == text


def test_confidence_just_below_all_is_not_told_as_100_percent():
    assert [percent(share, 1) for share in (0.99996, 0.9994, 1.0, 0.00004)] == ["99.9", "99.9", "100.0", "0.1"]


def test_span_reads_from_low_to_high():
    assert span((0.5, 0.98765)) == "50.00 to 98.77"
