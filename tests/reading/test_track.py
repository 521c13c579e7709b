from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from inklens.reading import track as module
from inklens.reading.golden.traces import SITUATIONS, steady_vectors
from inklens.reading.track import Seen, SteadyLabels, SteadyMark

BOX = (100, 80, 130, 124)
ACROSS = np.array([3, 1, 3, 1])  # pixels that a box moves in a frame
RATES = (8, 15, 30, 60)
Shot = tuple[float, list[Seen]]


def sure(label: int, chance: float = 0.9) -> list[float]:
    """Probabilities of ten labels and none; half of what the label leaves is none's."""
    rest = (1 - chance) / 2
    return [chance if number == label else rest / 9 for number in range(10)] + [rest]


def shots(count: int, marks: Callable[[int], list[Seen]], *, rate: float = 15, start: float = 0.0) -> Iterator[Shot]:
    for number in range(count):
        yield start + number / rate, marks(number)


def run(frames: Iterator[Shot] | Sequence[Shot], steady: SteadyLabels | None = None) -> list[list[SteadyMark]]:
    steady = steady or SteadyLabels(10)
    return [steady.update(time, marks) for time, marks in frames]


def told(frame: list[SteadyMark]) -> list[tuple[int, str, int | None]]:
    """What is shown of a frame."""
    return [(mark.id, mark.state, mark.label) for mark in frame if mark.state != "searching"]


def ticks(frames: list[list[SteadyMark]]) -> list[tuple[int, int | None]]:
    return [(number, mark.label) for number, frame in enumerate(frames) for mark in frame if mark.just_committed]


def shake(box: Sequence[int], rng: np.random.Generator, part: float = 0.02) -> tuple[int, int, int, int]:
    """A box as a reader finds it, each side off by a part of the longer one."""
    size = max(box[2] - box[0], box[3] - box[1])
    x0, y0, x1, y1 = np.rint(np.array(box) + rng.normal(0, part, 4) * size).astype(int).tolist()
    return x0, y0, x1, y1


def test_clear_digit_is_told_in_its_third_frame_and_ticks_once() -> None:
    frames = run(shots(8, lambda _: [Seen(BOX, sure(7))]))
    assert [told(frame) for frame in frames] == [[]] * 2 + [[(0, "committed", 7)]] * 6
    assert ticks(frames) == [(2, 7)]
    assert frames[0] == [SteadyMark(0, (100.0, 80.0, 130.0, 124.0), "searching", None, pytest.approx(0.3), None, False)]
    # what is left of the first belief in none: 2/3 after the first 0.1 s, then 3/4 with each fifteenth of a second
    assert frames[7][0].confidence == pytest.approx(0.9 * (1 - 2 / 3 * 0.75**7))
    assert frames[7][0].runner_up == 0


@pytest.mark.parametrize("rate", RATES)
def test_clear_digit_is_told_within_a_quarter_second_at_any_rate(rate: int) -> None:
    # the first frame of all comes as if after a tenth of a second; this digit comes later
    frames = list(shots(2 * rate, lambda number: [Seen(BOX, sure(3, 0.85))] if number >= 4 else [], rate=rate))
    [(number, label)] = ticks(run(frames))
    assert label == 3
    assert number >= 4 + 2
    assert frames[number][0] - frames[4][0] <= 0.25


@pytest.mark.parametrize("rate", RATES)
def test_no_two_frames_name_a_mark_however_sure(rate: int) -> None:
    certain = [0.0] * 4 + [1.0] + [0.0] * 6
    frames = run(shots(rate, lambda number: [Seen(BOX, certain)] if number < 2 else [], rate=rate))
    assert [told(frame) for frame in frames] == [[]] * rate


@pytest.mark.parametrize(("rate", "share"), [(8, 0.94), (15, 0.98), (30, 0.98)])
def test_digit_of_a_faulty_reader_is_told_within_half_a_second(rate: int, share: float) -> None:
    """A tenth of the frames is missed, a twentieth takes it for another digit."""
    rng, delays = np.random.default_rng(rate), []
    for _ in range(100):
        label, first = int(rng.integers(10)), None
        steady = SteadyLabels(10)
        for number in range(rate + rate // 2):
            marks = [] if rng.random() < 0.1 else [Seen(shake(BOX, rng), faulty(label, rng))]
            shown = told(steady.update(number / rate, marks))
            if first is None and shown and shown[0][1:] == ("committed", label):
                first = number / rate
        assert first is not None
        delays.append(first)
    assert np.median(delays) <= 0.25
    assert np.mean(np.array(delays) <= 0.5) >= share


def test_steady_digit_of_a_faulty_reader_never_flickers_within_ten_seconds() -> None:
    """Missed, misread and trembling frames, each by itself: what is shown stays as it is once it is right."""
    rng = np.random.default_rng(1)
    for rate in RATES:
        for _ in range(240 // rate):
            label, steady, shown = int(rng.integers(10)), SteadyLabels(10), []
            for number in range(10 * rate):
                marks = [] if rng.random() < 0.08 else [Seen(shake(BOX, rng), faulty(label, rng))]
                shown.append(told(steady.update(number / rate, marks)))
            begun = shown.index([(0, "committed", label)])
            assert begun < rate
            assert shown[begun:] == [[(0, "committed", label)]] * (10 * rate - begun)


def faulty(label: int, rng: np.random.Generator) -> list[float]:
    """A twentieth of the frames takes it for another digit; the right one's probability is 0.85 ± 0.08."""
    seen = int(rng.integers(10)) if rng.random() < 0.05 else label
    return sure(seen, float(np.clip(rng.normal(0.85, 0.08), 0.3, 0.99)))


@pytest.mark.parametrize("rate", RATES)
def test_nothing_is_shown_on_ten_seconds_of_empty_paper(rate: int) -> None:
    """In a tenth of the frames there is a false mark of up to 0.9 anywhere."""
    rng, alarms = np.random.default_rng(rate), 0
    for _ in range(10):
        steady = SteadyLabels(10)
        for number in range(10 * rate):
            marks = []
            if rng.random() < 0.1:
                alarms += 1
                size = float(rng.uniform(20, 150))
                x, y = (int(place) for place in rng.uniform(0, (640 - size, 480 - size)))
                box = (x, y, x + int(0.7 * size), y + int(size))
                marks.append(Seen(box, sure(int(rng.integers(10)), float(rng.uniform(0.4, 0.9)))))
            assert told(steady.update(number / rate, marks)) == []
    assert alarms > 8 * rate


@pytest.mark.parametrize("rate", RATES)
def test_page_turned_away_is_cleared_within_half_a_second(rate: int) -> None:
    page = [Seen((40 + 50 * place, 80, 70 + 50 * place, 124), sure(place, 0.99)) for place in range(9)]
    frames = list(shots(4 * rate, lambda number: page if number < 3 * rate else [], rate=rate))
    shown = run(frames)
    assert len(told(shown[3 * rate])) == 9  # one missed frame takes nothing away
    last = max(time for (time, _), frame in zip(frames, shown, strict=True) if told(frame))
    assert 0.25 <= last - frames[3 * rate][0] <= 0.5


@pytest.mark.parametrize("rate", RATES)
def test_digit_written_over_changes_once_within_a_second(rate: int) -> None:
    rng = np.random.default_rng(rate)
    for _ in range(20):
        steady, labels, changed = SteadyLabels(10), [], None
        for number in range(5 * rate):
            label = 3 if number < 2 * rate else 8
            marks = [] if rng.random() < 0.07 else [Seen(shake(BOX, rng), sure(label, float(rng.uniform(0.75, 0.95))))]
            shown = told(steady.update(number / rate, marks))
            if shown and shown != [labels[-1] if labels else None]:
                labels.append(shown[0])
                changed = number / rate
        assert labels == [(0, "committed", 3), (0, "committed", 8)]
        assert changed is not None
        assert 0.2 < changed - 2 <= 1


def test_doubt_shows_the_two_likeliest_and_does_not_change_its_mind_with_every_frame() -> None:
    one = [0.0, 0.48, 0.0, 0.0, 0.02, 0.0, 0.0, 0.42, 0.0, 0.0, 0.08]
    two = [0.0, 0.41, 0.0, 0.0, 0.02, 0.0, 0.0, 0.49, 0.0, 0.0, 0.08]
    frames = run(shots(30, lambda number: [Seen(BOX, (one, two)[number % 2])]))
    assert [told(frame) for frame in frames] == [[]] * 2 + [[(0, "unsure", 1)]] * 28
    assert {mark.runner_up for frame in frames[2:] for mark in frame} == {7}
    assert ticks(frames) == []


def test_doubt_that_clears_up_is_told() -> None:
    half = [0.0, 0.46, 0.0, 0.0, 0.0, 0.0, 0.0, 0.44, 0.0, 0.0, 0.1]
    frames = run(shots(30, lambda number: [Seen(BOX, half if number < 10 else sure(7))]))
    states = [told(frame) for frame in frames]
    assert states[9] == [(0, "unsure", 1)]
    assert states[-1] == [(0, "committed", 7)]
    assert ticks(frames) == [(states.index([(0, "committed", 7)]), 7)]


def test_mark_that_is_rather_none_than_a_label_shows_nothing() -> None:
    nothing = [0.0, 0.4, *[0.0] * 8, 0.6]
    frames = run(shots(40, lambda _: [Seen(BOX, nothing)]))
    assert [(mark.id, mark.state, mark.label, mark.runner_up) for mark in frames[-1]] == [(0, "searching", None, None)]
    assert all(told(frame) == [] for frame in frames)


def test_mark_that_comes_back_soon_is_the_same_and_does_not_tick_again() -> None:
    frames = run(shots(40, lambda number: [] if 10 <= number < 18 else [Seen(BOX, sure(5))]))
    assert told(frames[17]) == []
    assert told(frames[-1]) == [(0, "committed", 5)]
    assert ticks(frames) == [(2, 5)]


def test_mark_that_comes_back_late_is_another_and_ticks() -> None:
    frames = run(shots(60, lambda number: [] if 10 <= number < 40 else [Seen(BOX, sure(5))]))
    assert frames[35] == []
    assert told(frames[-1]) == [(1, "committed", 5)]
    assert ticks(frames) == [(2, 5), (43, 5)]


def test_label_that_is_told_again_after_another_ticks() -> None:
    frames = run(shots(60, lambda number: [Seen(BOX, sure(2 if 20 <= number < 40 else 6))]))
    assert [label for _, label in ticks(frames)] == [6, 2, 6]


def test_close_digits_keep_their_names_in_a_hand_that_shakes_by_more_than_half_a_digit_a_frame() -> None:
    rng = np.random.default_rng(4)
    labels = [int(label) for label in rng.permutation(10)[:6]]
    across, ids = 0, {}
    steady = SteadyLabels(10)
    for number in range(90):
        across = -across + int(rng.integers(-3, 4)) if number % 2 else int(rng.choice([-15, 15]))
        marks = []
        for place, label in enumerate(labels):
            box = (100 + 18 * place + across, 100, 114 + 18 * place + across, 124)
            if rng.random() > 0.1:
                marks.append(Seen(shake(box, rng), sure(label, 0.85)))
        rng.shuffle(marks)  # type: ignore[arg-type]
        shown = told(steady.update(number / 15, marks))
        if number > 15:
            assert [state for _, state, _ in shown] == ["committed"] * 6
            for mark, _, label in shown:
                assert ids.setdefault(mark, label) == label
    assert sorted(ids.values()) == sorted(labels)


def test_page_that_turns_and_comes_closer_keeps_its_marks() -> None:
    """At the page's corners marks move by 0.45 of their size a frame, nearly to their neighbours' places."""
    steady, shown = SteadyLabels(10), []
    for number in range(25):
        phase = 0.09 * np.sin(number / 3)
        zoom, turn = 1 + phase, phase
        marks = []
        for place in range(28):
            x, y = 52 * (place % 7) - 156, 68 * (place // 7) - 102
            middle = np.array([320 + zoom * x - turn * y, 240 + turn * x + zoom * y])
            x0, y0, x1, y1 = np.rint([*(middle - 18 * zoom), *(middle + 18 * zoom)]).astype(int).tolist()
            marks.append(Seen((x0, y0, x1, y1), sure((7 * place) % 10)))
        shown.append(told(steady.update(number / 15, marks)))
    assert shown[5:] == [[(place, "committed", (7 * place) % 10) for place in range(28)]] * 20


def test_missed_mark_moves_along_with_the_others() -> None:
    boxes = [(100 + 40 * place, 100, 130 + 40 * place, 140) for place in range(8)]
    steady = SteadyLabels(10)
    for number in range(12):
        moved = [(x0 + 9 * number, y0 + 4 * number, x1 + 9 * number, y1 + 4 * number) for x0, y0, x1, y1 in boxes]
        marks = [Seen(box, sure(1)) for place, box in enumerate(moved) if place != 3 or number < 8]
        shown = steady.update(number / 15, marks)
    assert shown[3].box == pytest.approx(moved[3], abs=5)


def test_box_trembles_less_than_detected_and_lags_less_than_a_fiftieth() -> None:
    rng, steady = np.random.default_rng(6), SteadyLabels(10)
    detected, held = [], []
    for number in range(200):
        true = [np.array([100 + 60 * place, 100, 140 + 60 * place, 160]) + number * ACROSS for place in range(5)]
        marks = [Seen(shake(box.tolist(), rng), sure(place)) for place, box in enumerate(true)]
        shown = steady.update(number / 15, marks)
        if number > 10:
            detected.append(np.array(marks[0].box) - true[0])
            held.append(np.array(shown[0].box) - true[0])
    assert np.abs(np.diff(held, axis=0)).mean() < 0.6 * np.abs(np.diff(detected, axis=0)).mean()
    assert np.abs(np.mean(held, axis=0)).max() < 0.02 * 60


def test_lone_mark_that_leaps_is_followed_at_once() -> None:
    frames = run(shots(12, lambda number: [Seen((100 + 20 * (number > 7), 80, 140 + 20 * (number > 7), 144), sure(2))]))
    assert frames[7][0].box == pytest.approx((100, 80, 140, 144))
    assert frames[8][0].box == pytest.approx((120, 80, 160, 144), abs=3)
    assert told(frames[8]) == [(0, "committed", 2)]


def test_part_that_is_named_takes_the_place_of_the_whole() -> None:
    whole, part = (100, 40, 160, 160), (104, 100, 150, 158)
    frames = run(shots(16, lambda number: [Seen(whole, sure(0)) if number < 8 else Seen(part, sure(1))]))
    assert [told(frame) for frame in frames[7:12]] == [[(0, "committed", 0)]] * 4 + [[(1, "committed", 1)]]


def test_part_that_is_seen_once_takes_nothing_away() -> None:
    whole, part = (100, 40, 160, 160), (104, 100, 150, 158)
    frames = run(shots(16, lambda number: [Seen(part, sure(1)) if number == 8 else Seen(whole, sure(0))]))
    assert [told(frame) for frame in frames[2:]] == [[(0, "committed", 0)]] * 14


def test_pause_of_more_than_a_second_begins_anew() -> None:
    steady = SteadyLabels(10)
    run(shots(10, lambda _: [Seen(BOX, sure(4))]), steady)
    assert [mark.id for mark in steady.update(10 / 15 + 0.9, [])] == [0]
    assert steady.update(10 / 15 + 2, []) == []


def test_clock_that_is_set_back_begins_anew() -> None:
    steady = SteadyLabels(10)
    run(shots(10, lambda _: [Seen(BOX, sure(4))], start=100.0), steady)
    shown = steady.update(3.0, [Seen(BOX, sure(4))])
    assert [(mark.id, mark.state) for mark in shown] == [(1, "searching")]


def test_frame_at_the_same_time_adds_nothing() -> None:
    steady = SteadyLabels(10)
    run(shots(10, lambda _: [Seen(BOX, sure(4))]), steady)
    before = steady.update(1.0, [Seen(BOX, sure(4))])
    assert steady.update(1.0, [Seen(BOX, sure(9))]) == before


def test_marks_without_area_are_never_shown() -> None:
    frames = run(shots(20, lambda _: [Seen((50, 50, 50, 50), sure(1)), Seen((50, 50, 50, 50), sure(1))]))
    assert all(told(frame) == [] for frame in frames)


def test_equal_labels_are_settled_by_their_order() -> None:
    even = [0.3, 0.3, 0.3, 0.1]
    frames = run(shots(5, lambda _: [Seen(BOX, even)]), SteadyLabels(3))
    assert [(mark.state, mark.label, mark.runner_up) for mark in frames[-1]] == [("unsure", 0, 1)]


def test_only_label_has_no_other() -> None:
    frames = run(shots(5, lambda _: [Seen(BOX, [0.9, 0.1])]), SteadyLabels(1))
    assert [(mark.state, mark.label, mark.runner_up) for mark in frames[-1]] == [("committed", 0, None)]


def test_probabilities_of_another_classifier_are_refused() -> None:
    with pytest.raises(ValueError) as caught:
        SteadyLabels(10).update(0.0, [Seen(BOX, [0.5, 0.5])])
    assert str(caught.value) == (
        "a mark has 2 probabilities; expected 11: one for each of 10 labels and, last, one for none of them."
    )


def test_arithmetic_is_that_of_every_language() -> None:
    """Only + - * / of doubles, so that Swift and JavaScript tell the same to the last bit."""
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imports = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imports == {"__future__", "collections.abc", "dataclasses", "typing"}
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))
    operators = {type(node.op) for node in ast.walk(tree) if isinstance(node, ast.BinOp)}
    assert operators <= {ast.Add, ast.Sub, ast.Mult, ast.Div, ast.BitOr}  # | stands in types
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & {"sum", "pow", "round", "abs", "divmod"}


def test_traces_show_every_state_and_stay_small() -> None:
    traces = list(steady_vectors())
    assert len(traces) == len(SITUATIONS) >= 8
    assert len({trace["name"] for trace in traces}) == len(traces)
    shown = [mark for trace in traces for frame in trace["frames"] for mark in frame["shown"]]
    assert {mark["state"] for mark in shown} == {"searching", "unsure", "committed"}
    assert {mark["justCommitted"] for mark in shown} == {True, False}
    assert len(json.dumps(traces, separators=(",", ":"))) < 120_000


def test_traces_end_as_their_names_say() -> None:
    ends = {}
    for trace in steady_vectors():
        labels = [mark["label"] for frame in trace["frames"] for mark in frame["shown"] if mark["justCommitted"]]
        last = [(mark["id"], mark["state"], mark["label"]) for mark in trace["frames"][-1]["shown"]]
        ends[trace["name"]] = labels, [mark for mark in last if mark[1] != "searching"]
    assert ends == {
        "a digit is named and stays": ([1], [(0, "committed", 1)]),
        "marks that come once are not shown": ([], []),
        "missed and misread frames do no harm": ([2], [(0, "committed", 2)]),
        "doubt between two is told and goes": ([1], [(0, "committed", 1)]),
        "a page turned away fades and comes back": ([1, 0, 1, 0], [(2, "committed", 1), (3, "committed", 0)]),
        "another digit is written over": ([0, 2, 0], [(0, "committed", 0)]),
        "a row in a shaking hand": (
            [0, 1, 1, 2, 0],
            [(0, "committed", 0), (1, "committed", 1), (2, "committed", 2), (3, "committed", 1), (4, "committed", 0)],
        ),
        "a page that turns and comes closer": (
            [0, 2, 1, 0, 2, 1],
            [(number, "committed", label) for number, label in enumerate([0, 2, 1, 0, 2, 1])],
        ),
        "frames of any rate a pause and a clock set back": ([1, 1, 1], [(2, "committed", 1)]),
        "frames of sixty a second": ([0], []),
        "marks of equal claim": ([], [(0, "unsure", 0), (1, "unsure", 0)]),
        "a part of a mark is seen then another": ([0, 1], [(1, "committed", 1)]),
        "the only label": ([0], [(0, "committed", 0)]),
    }
