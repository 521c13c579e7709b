from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inklens.data import Dataset, load_dataset
from inklens.rendering import digits, tracing
from inklens.rendering.digits import DigitBank, load_digits


@pytest.fixture(scope="module")
def mnist() -> Dataset:
    return load_dataset("mnist")


def test_cross_is_two_straight_strokes() -> None:
    ink = np.zeros((84, 84), np.uint8)
    ink[38:46, 10:74] = 1
    ink[10:74, 38:46] = 1
    trace = tracing.trace(ink)
    assert trace.faithful
    assert len(trace.strokes) == 2
    spans = sorted(tuple(np.round(np.ptp(stroke[:, :2], axis=0) / 10).astype(int).tolist()) for stroke in trace.strokes)
    assert spans == [(0, 6), (6, 0)]


def test_ring_is_one_closed_stroke() -> None:
    y, x = np.mgrid[0:84, 0:84]
    distance = np.hypot(x - 42, y - 42)
    trace = tracing.trace(((distance < 30) & (distance > 22)).astype(np.uint8))
    (stroke,) = trace.strokes
    assert trace.faithful
    assert np.abs(np.hypot(stroke[:, 0] - 42, stroke[:, 1] - 42) - 26).max() < 1.5
    assert np.hypot(*(stroke[0, :2] - stroke[-1, :2])) < 1


def test_stroke_knows_how_wide_the_pen_was() -> None:
    ink = np.zeros((84, 84), np.uint8)
    ink[37:47, 12:72] = 1
    (stroke,) = tracing.trace(ink).strokes
    assert abs(float(np.median(stroke[:, 2])) - 5) < 0.6


def test_filled_loop_is_told_apart_from_a_faithful_trace() -> None:
    y, x = np.mgrid[0:84, 0:84]
    blob = (np.hypot(x - 42, y - 58) < 16) | ((np.abs(x - 42) < 3) & (y > 8) & (y < 60))
    assert not tracing.trace(blob.astype(np.uint8)).faithful


def test_most_digits_are_traced_faithfully(mnist: Dataset) -> None:
    traces = [tracing.trace(tracing.enlarge(image)) for image in mnist.train.images[:120]]
    assert np.mean([trace.faithful for trace in traces]) > 0.85


def test_digit_is_one_high_and_stands_on_its_line() -> None:
    bank = load_digits("train")
    for index in range(60):
        for glyph in (bank.strokes(index)[0], bank.outline(index)):
            left, top, right, bottom = glyph.bounds()
            assert left == pytest.approx(0, abs=1e-3)
            assert -0.12 < bottom < 0.02
            assert 0.6 < max(right - left, bottom - top) < 1.15


def test_training_digits_alone_are_used(mnist: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    test_images = {image.tobytes() for image in mnist.test.images}
    for part, split in (("train", mnist.train), ("validation", mnist.validation)):
        bank = load_digits(part)
        np.testing.assert_array_equal(bank.images, split.images)
        assert not test_images & {image.tobytes() for image in bank.images}

    class Untouched:
        train, validation = mnist.train, mnist.validation

        @property
        def test(self) -> None:
            raise AssertionError("the renderer looked at the test images")

    monkeypatch.setattr(digits, "load_dataset", lambda _: Untouched())
    load_digits.__wrapped__("train")


def test_validation_digits_are_none_of_the_training_digits() -> None:
    train = {image.tobytes() for image in load_digits("train").images}
    assert not train & {image.tobytes() for image in load_digits("validation").images}


def test_traced_digits_are_the_same_from_memory_and_from_the_cache(
    mnist: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, labels = mnist.train.images[:40], mnist.train.labels[:40]
    places = tuple(np.flatnonzero(labels == digit) for digit in range(10))
    first = DigitBank(images, places, tmp_path / "cache" / "strokes.npz")
    lazily = [first.strokes(index) for index in range(40)]
    first.trace_all()
    monkeypatch.setattr(digits, "trace", lambda _: pytest.fail("a stored digit was traced again"))
    second = DigitBank(images, places, tmp_path / "cache" / "strokes.npz")
    second.trace_all()
    for index, (glyph, faithful) in enumerate(lazily):
        again, as_before = second.strokes(index)
        assert as_before == faithful
        for one, two in zip((*glyph.strokes, *glyph.pens), (*again.strokes, *again.pens), strict=True):
            np.testing.assert_array_equal(one, two)


def test_damaged_cache_is_made_anew(mnist: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "strokes.npz"
    path.write_bytes(b"PK broken")
    bank = DigitBank(mnist.train.images[:3], (np.arange(3),) * 10, path)
    bank.trace_all()
    assert sorted(np.load(path).files) == ["faithful", "point_ends", "points", "stroke_ends", "strokes"]
