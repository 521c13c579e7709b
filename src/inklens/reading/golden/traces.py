"""Golden traces of steady labels: short made-up videos as plain numbers, with what is shown of each frame.

The arithmetic of `track.py` is the same in all languages to the last bit; numbers are written with six decimals, so
they are compared within a millionth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from inklens.reading.track import Seen, SteadyLabels, SteadyMark

Shot = tuple[float, list[Seen]]
Box = tuple[int, int, int, int]

RATE = 15  # frames a second, where nothing else is said
LABELS = 3
DIGIT: Box = (100, 80, 130, 124)


def steady_vectors() -> Iterator[dict[str, Any]]:
    """Every situation of SITUATIONS: its frames with their marks, and the marks that are told of after each."""
    for make in SITUATIONS:
        shots = list(make())
        labels = next(len(mark.probabilities) for _, marks in shots for mark in marks) - 1
        steady = SteadyLabels(labels)
        yield {
            "name": make.__name__.replace("_", " "),
            "labels": labels,
            "frames": [
                {
                    "time": time,
                    "marks": [{"box": list(mark.box), "probabilities": list(mark.probabilities)} for mark in marks],
                    "shown": [_write(mark) for mark in steady.update(time, marks)],
                }
                for time, marks in shots
            ],
        }


def a_digit_is_named_and_stays() -> Iterator[Shot]:
    """One clear digit whose box trembles."""
    for number in range(20):
        yield _at(number), [Seen(_tremble(DIGIT, number), _sure(1, (90, 84, 95)[number % 3]))]


def marks_that_come_once_are_not_shown() -> Iterator[Shot]:
    """False alarms of up to 0.9, each in one frame, anywhere."""
    for number in range(24):
        x, y = 37 * number % 300, 53 * number % 200
        yield _at(number), [Seen((x, y, x + 20, y + 34), _sure(number % 3, 90))] if number % 4 == 1 else []


def missed_and_misread_frames_do_no_harm() -> Iterator[Shot]:
    """A digit that is missed in up to four frames in a row and taken for another in up to three."""
    for number in range(34):
        label = 0 if number in (11, 19, 20, 21) else 2
        missed = number in (2, 8, 14, 15, 26, 27, 28, 29)
        yield _at(number), [] if missed else [Seen(_tremble(DIGIT, number), _sure(label, 85))]


def doubt_between_two_is_told_and_goes() -> Iterator[Shot]:
    """A digit that looks like two, now rather the one and now the other, until it is clear."""
    for number in range(32):
        doubt = ((0.46, 0.44, 0.0, 0.1), (0.4, 0.5, 0.02, 0.08), (0.52, 0.36, 0.02, 0.1), (0.38, 0.5, 0.0, 0.12))
        yield _at(number), [Seen(DIGIT, _sure(1, 93) if number > 20 else doubt[number % 4])]


def a_page_turned_away_fades_and_comes_back() -> Iterator[Shot]:
    """Two digits: gone, soon back as the same marks, then gone for long and back as others."""
    for number in range(42):
        marks = [Seen(DIGIT, _sure(1, 92)), Seen((150, 82, 172, 126), _sure(0, 88))]
        yield _at(number), marks if number < 7 or 15 <= number < 20 or number >= 38 else []


def another_digit_is_written_over() -> Iterator[Shot]:
    """A mark that becomes another label, and back."""
    for number in range(36):
        yield _at(number), [Seen(_tremble(DIGIT, number), _sure(2 if 10 <= number < 23 else 0, 90))]


def a_row_in_a_shaking_hand() -> Iterator[Shot]:
    """Five small digits close together that jump by more than half of their height a frame, one of them missed."""
    across = (0, 14, 3, -11, -2, 12, 0, -13, -1, 15, 2, -12, -3, 11, 0, -14)
    down = (0, 5, -4, 3, -6, 2, 6, -5, 0, 4, -3, 5, -2, -6, 1, 0)
    for number, (right, below) in enumerate(zip(across, down, strict=True)):
        marks = []
        for place in range(5):
            x, y = 60 + 18 * place + right, 100 + place % 2 * 3 + below
            if (place + number) % 7 != 3:
                marks.append(Seen((x, y, x + 14, y + 22), _sure(place % 3, 88)))
        yield _at(number), marks[number % len(marks) :] + marks[: number % len(marks)]


def a_page_that_turns_and_comes_closer() -> Iterator[Shot]:
    """Six digits under a camera that turns by a fiftieth and comes a fiftieth closer with each frame."""
    zoom, turn = 1.0, 0.0
    for number in range(10):
        marks = []
        for place in range(6):
            x, y = 100 * (place % 3 - 1), 90 * (place // 3) - 45
            middle = 160 + int(zoom * x - turn * y), 120 + int(turn * x + zoom * y)
            size = int(15 * zoom)
            box = (middle[0] - size, middle[1] - size, middle[0] + size, middle[1] + size)
            marks.append(Seen(box, _sure((place * 2) % 3, 80 + place)))
        yield _at(number), marks
        zoom, turn = 1.02 * zoom - 0.02 * turn, 0.02 * zoom + 1.02 * turn


def frames_of_any_rate_a_pause_and_a_clock_set_back() -> Iterator[Shot]:
    """A digit at 8 to 60 frames a second, twice at the same time, after a pause, and after a step back in time."""
    time = 5.0
    steps = (0.125, 0.017, 0.016, 0.05, 0.033, 0.0, 0.125, 0.2, 0.016, 0.7, 0.125, 1.2, 0.06, 0.07, 0.125, 0.06)
    for number, step in enumerate((*steps, -3.0, 0.066, 0.066, 0.066, 0.066)):
        time = round(time + step, 3)
        yield time, [Seen(_tremble(DIGIT, number), _sure(1, 91))]


def frames_of_sixty_a_second() -> Iterator[Shot]:
    """A digit that moves steadily, is named, stops and goes."""
    for number in range(44):
        x = 40 + min(number, 14) * 3
        yield _at(number, 60), [Seen((x, 60, x + 25, 100), _sure(0, 90))] if number < 18 else []


def marks_of_equal_claim() -> Iterator[Shot]:
    """Marks in the middle between two, equal probabilities, and a mark without area."""
    left, right, between = (100, 100, 120, 130), (124, 100, 144, 130), (112, 100, 132, 130)
    even = (0.3, 0.3, 0.3, 0.1)
    for number in range(14):
        marks = [Seen(right, even), Seen(left, even)] if number % 5 != 4 else [Seen(between, even)]
        yield _at(number), marks if number % 6 else [*marks, Seen((50, 50, 50, 50), _sure(2, 90))]


def a_part_of_a_mark_is_seen_then_another() -> Iterator[Shot]:
    """A large mark of which only a part is found from then on, which takes its place once it is named."""
    for number in range(20):
        box, label = ((100, 40, 160, 160), 0) if number < 8 else ((104, 100, 150, 158), 1)
        yield _at(number), [Seen(box, _sure(label, 89))]


def the_only_label() -> Iterator[Shot]:
    """A classifier of one label, seen, doubted and seen again."""
    for number in range(16):
        chance = (0.9, 0.95, 0.85)[number % 3] if number < 7 or number > 11 else 0.15
        yield _at(number), [Seen(DIGIT, (chance, round(1 - chance, 2)))]


SITUATIONS: tuple[Callable[[], Iterator[Shot]], ...] = (
    a_digit_is_named_and_stays,
    marks_that_come_once_are_not_shown,
    missed_and_misread_frames_do_no_harm,
    doubt_between_two_is_told_and_goes,
    a_page_turned_away_fades_and_comes_back,
    another_digit_is_written_over,
    a_row_in_a_shaking_hand,
    a_page_that_turns_and_comes_closer,
    frames_of_any_rate_a_pause_and_a_clock_set_back,
    frames_of_sixty_a_second,
    marks_of_equal_claim,
    a_part_of_a_mark_is_seen_then_another,
    the_only_label,
)
"""What the traces show; each function's name in words is its trace's."""


def _at(number: int, rate: int = RATE) -> float:
    """The time of a frame, in whole milliseconds."""
    return round(number / rate, 3)


def _sure(label: int, percent: int) -> tuple[float, ...]:
    """Probabilities of LABELS labels and none: half of what the label leaves is none's."""
    rest = (100 - percent) / 100
    others = round(rest / 2 / (LABELS - 1), 4)
    return (*(percent / 100 if number == label else others for number in range(LABELS)), round(rest / 2, 4))


def _tremble(box: Box, number: int) -> Box:
    """A box whose sides are off by up to two pixels, each in its own rhythm."""
    x0, y0, x1, y1 = box
    return x0 + 3 * number % 5 - 2, y0 + 2 * number % 5 - 2, x1 + 4 * number % 5 - 2, y1 + number % 3 - 1


def _write(mark: SteadyMark) -> dict[str, Any]:
    return {
        "id": mark.id,
        "box": [round(side, 6) for side in mark.box],
        "state": mark.state,
        "label": mark.label,
        "confidence": round(mark.confidence, 6),
        "runnerUp": mark.runner_up,
        "justCommitted": mark.just_committed,
    }
