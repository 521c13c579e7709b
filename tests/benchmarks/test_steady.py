"""The benchmark of steady labels counts what it says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.steady import Noise, NoisyReader, Tally, table, watch
from inklens.reading.track import Seen
from inklens.rendering.sequences import Frame

BOXES = np.array([[100, 100, 130, 150], [300, 200, 340, 260]], np.int32)


def film(count: int, shown: Callable[[int], list[int]], *, turned: int = 1000) -> list[Frame]:
    """Frames at 15 a second in which the digits 4 and 7 stand still."""
    frames = []
    for number in range(count):
        digits = np.array(shown(number), np.int64)
        labels = np.array([4, 7], np.int64)[digits]
        angle = 0.0 if number < turned else 0.5
        frames.append(Frame(number / 15, BOXES[digits], labels, digits, 0.0, angle, pytest.fail))
    return frames


def sure(label: int) -> list[float]:
    return [0.9 if number == label else 0.0 for number in range(10)] + [0.1]


def perfect(frame: Frame) -> list[Seen]:
    return [
        Seen(tuple(box), sure(label)) for box, label in zip(frame.boxes.tolist(), frame.labels.tolist(), strict=True)
    ]


def test_perfect_reader_is_told_at_once_and_never_changes() -> None:
    tally = Tally()
    watch(film(45, lambda _: [0, 1]), perfect, tally, blank=False)
    assert tally.summary() == {
        "digits": 2, "commit": [0.133, 0.133], "late": 0, "never": 0, "changes": 0.0, "wrong": 0.0,
        "false_labels": None, "false_doubts": None, "blank_seconds": 0.0, "clear": None,
        "detected": 0.0, "held": 0.0, "off": 0.0,
    }  # fmt: skip


def test_label_that_changes_and_comes_back_is_counted_twice_with_its_time() -> None:
    def misread(frame: Frame) -> list[Seen]:
        wrong = 1 <= frame.time < 2
        return [Seen(mark.box, sure(9)) if wrong else mark for mark in perfect(frame)]

    tally = Tally()
    watch(film(60, lambda _: [0]), misread, tally, blank=False)
    assert (tally.changes, tally.never) == (2, 0)
    assert tally.wrong == pytest.approx(1)  # told five frames late, and taken back five frames late
    assert tally.seconds == pytest.approx(57 / 15)


def test_digit_that_is_never_told_and_one_that_is_told_late_are_counted() -> None:
    def slow(frame: Frame) -> list[Seen]:
        return [mark for mark, digit in zip(perfect(frame), frame.digits, strict=True) if digit == 0 and frame.time > 1]

    tally = Tally()
    watch(film(45, lambda _: [0, 1]), slow, tally, blank=False)
    assert (tally.summary()["late"], tally.never) == (1, 1)


def test_digit_that_leaves_the_picture_for_a_moment_is_left_out() -> None:
    tally = Tally()
    watch(film(45, lambda number: [0] if number == 20 else [0, 1]), perfect, tally, blank=False)
    assert tally.summary()["digits"] == 1


def test_page_that_is_turned_is_cleared_and_not_called_a_change() -> None:
    tally = Tally()
    watch(film(60, lambda number: [0, 1] if number < 40 else [], turned=38), perfect, tally, blank=False)
    assert tally.changes == 0
    assert tally.clear == [pytest.approx(5 / 15)]


def test_labels_on_empty_paper_are_counted_once_each() -> None:
    def seeing(frame: Frame) -> list[Seen]:
        return [Seen((100, 100, 130, 150), sure(3))] if 1 < frame.time < 2 or 4 < frame.time < 5 else []

    tally = Tally()
    watch(film(150, lambda _: []), seeing, tally, blank=True)
    assert (tally.false_labels, tally.false_doubts) == (2, 0)
    assert tally.blank == pytest.approx(149 / 15)


def test_noisy_reader_has_the_faults_that_it_is_given() -> None:
    noise = Noise(missed=(0.08, 0.08), doubtful=0.0)
    frames = film(4000, lambda _: [0, 1])
    reader = NoisyReader(np.random.default_rng(1), noise)
    found, right, false = 0, 0, 0
    for frame in frames:
        for mark in reader(frame):
            offset = np.abs(np.array(mark.box) - BOXES).max(axis=1)
            if offset.min() > 12:
                false += 1
                continue
            found += 1
            right += int(np.argmax(mark.probabilities)) == (4, 7)[int(offset.argmin())]
            assert sum(mark.probabilities) == pytest.approx(1)
    assert 1 - found / 8000 == pytest.approx(0.08, abs=0.02)
    assert 1 - right / found == pytest.approx(0.03, abs=0.012)
    assert false / 4000 == pytest.approx(0.1, abs=0.02)


def test_table_has_a_line_for_each_kind() -> None:
    tally = Tally()
    watch(film(45, lambda _: [0, 1]), perfect, tally, blank=False)
    lines = table({"steady": tally.summary()}).splitlines()
    assert lines[0].split()[:3] == ["kind", "digits", "commit"]
    assert lines[1].split()[:5] == ["steady", "2", "0.133", "/", "0.133"]
