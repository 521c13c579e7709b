"""Parity reports: what they find, how they say it, and what passes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from inklens.data import Split
from inklens.errors import ModelError
from inklens.models.parity import verify
from inklens.models.predictor import Predictor

LABELS = ("0", "1", "2")
COUNT = 200


def ink(images: np.ndarray) -> np.ndarray:
    """The mean grey level, 0 to 1, of what it was told to take for 0–255."""
    return images.reshape(len(images), -1).astype(np.float64).mean(axis=1) / 255


def by_ink(images: np.ndarray, sharp: float = 40.0) -> np.ndarray:
    """Little ink is class 0, some is 1, much is 2."""
    scores = -sharp * np.abs(ink(images)[:, None] - np.array([0.1, 0.25, 0.4]))
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def split() -> Split:
    levels = np.resize([20, 60, 105], COUNT)
    images = np.broadcast_to(levels[:, None, None], (COUNT, 28, 28)).astype(np.uint8)
    return Split(images, np.resize([0, 1, 2], COUNT).astype(np.int64))


SOURCE = Predictor("source", LABELS, by_ink)


def off(amount: float, places: slice = slice(None)):
    """A model that moves `amount` of probability from the first class to the last for some images."""

    def predict(images: np.ndarray) -> np.ndarray:
        answers = by_ink(images).astype(np.float64)
        answers[places] += np.array([-amount, 0, amount])
        return answers.astype(np.float32)

    return predict


def test_equal_models_pass_without_a_difference(split):
    report = verify(SOURCE, replace(SOURCE, name="copy"), split)
    assert report.ok
    assert report.failure is None
    assert (report.n, report.agreement, report.max_difference, report.mean_difference) == (COUNT, 1.0, 0.0, 0.0)
    assert report.comparisons[0].accuracy_a == report.accuracy == 1.0


@pytest.mark.parametrize(
    ("storage", "amount", "ok"),
    [("float32", 9e-5, True), ("float32", 2e-4, False), ("float16", 1.9e-3, True), ("float16", 3e-3, False)],
)
def test_allowed_difference_depends_on_how_weights_are_stored(split, storage, amount, ok):
    shipped = Predictor("shipped", LABELS, off(amount), storage=storage)
    report = verify(SOURCE, shipped, split)
    assert report.ok is ok
    assert report.max_difference == pytest.approx(amount, rel=1e-2)


def test_declared_float16_is_run_a_second_time_with_its_own_allowance(split):
    shipped = Predictor("shipped", LABELS, off(1e-3), storage="float16", predict_declared=off(9e-3))
    report = verify(SOURCE, shipped, split)
    assert [(one.precision, one.allowed) for one in report.comparisons] == [("float32", 2e-3), ("declared", 1e-2)]
    assert report.max_difference == pytest.approx(9e-3, rel=1e-2)
    assert report.ok
    worse = verify(SOURCE, replace(shipped, predict_declared=off(2e-2)), split)
    assert not worse.ok
    assert worse.failure == (
        "shipped differs from source (declared precision): largest difference 0.02 (allowed 0.01), image 0, class 2"
    )


def swapped(share: int):
    """A model that names the first `share` images of each call otherwise."""

    def predict(images: np.ndarray) -> np.ndarray:
        answers = by_ink(images)
        answers[:share] = answers[:share, ::-1]
        return answers

    return predict


def test_compressed_weights_are_judged_by_their_classes(split):
    shipped = Predictor("small", LABELS, off(0.01), storage="compressed")
    assert verify(SOURCE, shipped, split).ok
    report = verify(SOURCE, replace(shipped, predict=swapped(1)), split)
    assert not report.ok
    assert report.failure == (
        "small names 199 of 200 images as source does, expected at least 200; accuracy 100.00 % became 99.50 %"
    )
    assert verify(SOURCE, replace(shipped, predict=swapped(1)), split, allow_loss=0.5).ok
    assert not verify(SOURCE, replace(shipped, predict=swapped(1)), split, allow_loss=0.4).ok


def test_images_named_otherwise_are_listed(split):
    [difference] = verify(SOURCE, Predictor("other", LABELS, swapped(1)), split).comparisons[0].different
    assert (difference.image, difference.truth, difference.a, difference.b) == (0, "0", "0", "2")


def test_first_departing_operation_is_named(split):
    values = {"conv": np.ones((1, 4), np.float32), "relu": np.ones((1, 4), np.float32)}
    broken = {"conv": np.ones((1, 4), np.float32) + 1e-5, "relu": np.full((1, 4), 1.1, np.float32)}
    a = replace(SOURCE, trace=lambda _: values)
    b = Predictor("shipped", LABELS, off(0.1), trace=lambda _: broken)
    report = verify(a, b, split)
    assert report.comparisons[0].first == "relu"
    assert report.failure == (
        "shipped differs from source: largest difference 0.1 (allowed 0.0001), image 0, class 0, first at relu"
    )


def test_better_scale_is_shouted(split):
    wrong = Predictor("wrong", LABELS, lambda images: by_ink(images * np.float32(255)))
    report = verify(wrong, wrong, split)
    assert report.ok  # equal, and equally wrong
    assert report.warnings == (
        "wrong names 33.00 % rightly as declared, but 100.00 % when fed /255: its input scale or polarity is wrong",
    )
    assert "WARNING: wrong names 33.00 %" in str(report)


def test_right_scale_is_not_shouted(split):
    report = verify(SOURCE, SOURCE, split)
    assert report.warnings == ()
    assert set(report.scales) == {"/255", "x/127.5−1", "inverted"}


def test_scaled_pixels_are_not_fed_to_a_model_of_bytes(split):
    report = verify(SOURCE, replace(SOURCE, takes_fractions=False), split)
    assert set(report.scales) == {"inverted"}


def test_classes_in_another_order_are_matched_by_name(split):
    turned = Predictor("turned", ("2", "0", "1"), lambda images: by_ink(images)[:, [2, 0, 1]])
    report = verify(SOURCE, turned, split)
    assert report.ok
    assert report.max_difference == 0
    assert report.notes == ("the classes stand in another order",)
    assert verify(turned, SOURCE, split).accuracy == 1.0


def test_classes_with_other_names_are_matched_by_place(split):
    report = verify(SOURCE, Predictor("named", ("few", "some", "much"), by_ink), split)
    assert report.ok
    assert report.notes == ("the classes bear other names (few, some, much) and are matched by their place",)


def test_another_number_of_classes_is_refused(split):
    with pytest.raises(ModelError, match=r"source tells 3 classes apart \(0, 1, 2\), two 2 \(0, 1\); only models"):
        verify(SOURCE, Predictor("two", ("0", "1"), lambda images: by_ink(images)[:, :2]), split)


def test_answers_that_are_no_numbers_are_refused(split):
    with pytest.raises(ModelError, match="broken answers with values that are no numbers"):
        verify(SOURCE, Predictor("broken", LABELS, lambda images: by_ink(images) * np.float32(np.nan)), split)


def test_progress_counts_images_to_the_end(split):
    seen = []
    verify(SOURCE, SOURCE, split, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(200, 400), (400, 400)]


def test_json_has_the_keys_that_scripts_rely_on(split):
    report = verify(SOURCE, replace(SOURCE, name="copy", bytes=1234), split)
    values = json.loads(json.dumps(report.to_json()))
    assert {key: values[key] for key in ("a", "b", "n", "agreement", "max_difference", "mean_difference", "ok")} == {
        "a": "source",
        "b": "copy",
        "n": 200,
        "agreement": 1.0,
        "max_difference": 0.0,
        "mean_difference": 0.0,
        "ok": True,
    }
    assert (values["bytes"], values["fed"]) == (1234, "pixels 0–255, ink bright on black")


def test_report_prints_itself_as_a_table(split):
    report = replace(
        verify(SOURCE, Predictor("copy", LABELS, off(5e-5), bytes=1234), split), ms_single=0.5, ms_batched=0.025
    )
    assert str(report) == (
        "copy against source: equal (reference semantics; the Neural Engine is not measured)\n"
        "fed 200 images, pixels 0–255, ink bright on black\n"
        "                         float32\n"
        "  same class          200 of 200\n"
        "  largest difference       5e-05\n"
        "    at image, class         0, 0\n"
        "    allowed               0.0001\n"
        "  mean difference        3.3e-05\n"
        "  accuracy of source    100.00 %\n"
        "  accuracy of copy      100.00 %\n"
        "1,234 bytes, 0.50 ms an image alone, 0.025 ms in batches\n"
        "fed otherwise: /255 33.50 %, x/127.5−1 33.50 %, inverted 33.00 %"
    )
