"""Calibration on arrays small enough to compute by hand."""

import numpy as np
import pytest

from inklens.metrics.calibration import (
    apply_temperature,
    cross_entropy,
    expected_calibration_error,
    fit_temperature,
    reliability,
    softmax,
)


def test_expected_calibration_error_matches_the_hand_computed_bins():
    # two bins, (0, 0.5] and (0.5, 1]: {0.5 right} and {0.9 right, 0.7 wrong}
    probabilities = np.array([[0.5, 0.3, 0.2], [0.9, 0.05, 0.05], [0.2, 0.7, 0.1]])
    labels = np.array([0, 0, 2])
    found = reliability(probabilities, labels, bins=2)
    np.testing.assert_array_equal(found.edges, [0, 0.5, 1])
    np.testing.assert_array_equal(found.counts, [1, 2])
    np.testing.assert_allclose(found.confidence, [0.5, 0.8])
    np.testing.assert_allclose(found.accuracy, [1.0, 0.5])
    assert found.error == pytest.approx((1 * 0.5 + 2 * 0.3) / 3)
    assert expected_calibration_error(probabilities, labels, bins=2) == found.error


def test_confidence_on_an_edge_belongs_to_the_bin_below_it():
    found = reliability(np.array([[0.6, 0.4], [0.8, 0.2], [1.0, 0.0]]), np.array([0, 0, 0]), bins=5)
    np.testing.assert_array_equal(found.counts, [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(np.isnan(found.accuracy), [True, True, False, False, False])


def test_probability_an_ulp_above_one_stays_in_the_last_bin():
    above = np.nextafter(np.float32(1), np.float32(2))
    found = reliability(np.array([[above, 0]], np.float32), np.array([0]))
    assert found.counts.tolist() == [0] * 14 + [1]
    assert found.error == 0.0


def test_temperature_is_recovered_from_labels_that_follow_known_probabilities():
    rng = np.random.default_rng(0)
    true_logits = rng.normal(0, 2, (40_000, 10))
    probabilities = np.exp(true_logits) / np.exp(true_logits).sum(axis=1, keepdims=True)
    labels = (probabilities.cumsum(axis=1) > rng.random((len(probabilities), 1))).argmax(axis=1)
    assert fit_temperature(true_logits * 2.5, labels) == pytest.approx(2.5, rel=0.02)
    assert fit_temperature(np.log(probabilities), labels) == pytest.approx(1.0, rel=0.02)


def test_temperature_of_two_classes_matches_the_closed_form():
    # three of four right at logit difference 2: sigmoid(2 / T) = 3/4, T = 2 / log 3
    logits = np.array([[2.0, 0.0]] * 4)
    assert fit_temperature(logits, np.array([0, 0, 0, 1])) == pytest.approx(2 / np.log(3), rel=1e-9)


def test_flawless_validation_set_gives_the_coldest_temperature_and_a_hopeless_one_the_hottest():
    logits = np.array([[3.0, 0.0], [0.0, 3.0]])
    assert fit_temperature(logits, np.array([0, 1])) == pytest.approx(0.05)
    assert fit_temperature(logits, np.array([1, 0])) == pytest.approx(20)


def test_impossible_class_does_not_break_the_fit():
    with np.errstate(divide="ignore"):
        logs = np.log(np.array([[1.0, 0.0], [0.25, 0.75], [0.25, 0.75]]))
    assert 0.05 <= fit_temperature(logs, np.array([0, 1, 0])) <= 20


def test_inverse_temperature_gives_back_the_probabilities():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.0, 1.0, 0.0]])
    softened = apply_temperature(probabilities, 2.0)
    np.testing.assert_allclose(softened[0], np.sqrt([0.7, 0.2, 0.1]) / np.sqrt([0.7, 0.2, 0.1]).sum())
    np.testing.assert_array_equal(softened[1], [0, 1, 0])
    np.testing.assert_allclose(apply_temperature(softened, 0.5), probabilities, atol=1e-15)


def test_softmax_and_cross_entropy_match_the_hand_computed_values_and_survive_large_logits():
    logits = np.log(np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]], np.float32)) + np.float32(500)
    probabilities = softmax(logits)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, [[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]], rtol=1e-4)
    assert cross_entropy(logits, np.array([0, 2])) == pytest.approx(-(np.log(0.7) + np.log(0.5)) / 2, rel=1e-4)
