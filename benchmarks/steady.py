"""How still labels hold over the frames of a video: `python -m benchmarks.steady [--videos 20] [--only noise]`.

Rendered videos of every kind (`inklens.rendering.sequences`) are read frame by frame and go through
`inklens.reading.track`: once with the marks of the shipped reader, which looks at the pictures, and once with those of
`Noise`, a model of a reader's faults over the truth, with the parameters below. Prints a table of each and writes
results/steady-reader.json and results/steady.json.

commit      seconds from a digit's first frame to its right label: median, worst
late, never how many digits had it later than half a second, and how many never
changes     of what is shown of a digit that is in view (label, doubt or nothing) for a second after its first label,
            until the page is turned
wrong       share of the time after that first label in which another label is shown
false       labels, and doubts, that appear for one second of empty paper
clear       seconds from when a page was turned away to when nothing is shown any more: median, worst
tremble     how far a box's middle moves against the truth from frame to frame, in parts of the longer side: as
            detected, and held; `off` how far the held one is from the truth
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from benchmarks.recipes import conditions
from benchmarks.steady_table import RESULTS
from inklens.reading.track import Seen, SteadyLabels, SteadyMark
from inklens.rendering.sequences import HEIGHT, KINDS, WIDTH, Frame, render_sequence
from inklens.training.run import write_json

LABELS = 10
SECONDS, BLANK_SECONDS = 4.0, 10.0
LATE = 0.5  # s
NOTICED = 0.4  # overlap (area in common by joint area) from which a mark is that digit
Detect = Callable[[Frame], list[Seen]]


@dataclass(frozen=True)
class Noise:
    """A reader's faults. Shares are of frames and of digits, lengths of a digit's longer side.

    missed: of frames in which a digit is not found, in runs of about 1.5. blurred: the lens's blur, in parts of the
    side, at which half are missed. sure, wobble: the right label's mean probability and its standard deviation, which
    changes with a memory of `memory` a frame. confused: of frames that look like another digit, in runs of about 2.
    doubtful: of digits that look like two. jitter: the standard deviation of each side of a box. false: marks a frame
    where nothing is, each in one frame, with up to `convincing` probability.
    """

    missed: tuple[float, float] = (0.05, 0.10)
    blurred: float = 0.12
    sure: float = 0.85
    wobble: float = 0.07
    memory: float = 0.7
    confused: float = 0.03
    doubtful: float = 0.05
    jitter: float = 0.02
    false: float = 0.1
    convincing: float = 0.9


@dataclass
class NoisyReader:
    """Marks of a frame by its truth and the faults of `Noise`, all chance from `rng`."""

    rng: np.random.Generator
    noise: Noise = field(default_factory=Noise)

    def __post_init__(self) -> None:
        self.missed = float(self.rng.uniform(*self.noise.missed))
        self.digits: dict[int, dict[str, Any]] = {}

    def __call__(self, frame: Frame) -> list[Seen]:
        marks = []
        for box, label, digit in zip(frame.boxes.tolist(), frame.labels.tolist(), frame.digits.tolist(), strict=True):
            probabilities = self._look(digit, label)
            side = max(box[2] - box[0], box[3] - box[1])
            clear = 1 / (1 + (frame.blur / side / self.noise.blurred) ** 4)
            if probabilities is not None and self.rng.random() < clear:
                marks.append(Seen(self._shift(box, side), probabilities))
        if self.rng.random() < self.noise.false:
            side = float(np.exp(self.rng.uniform(np.log(20), np.log(150))))
            x, y = self.rng.uniform(0, WIDTH - side), self.rng.uniform(0, HEIGHT - side)
            chance = float(self.rng.uniform(0.4, self.noise.convincing))
            marks.append(Seen(self._shift([x, y, x + 0.7 * side, y + side], side), self._spread(self._any(), chance)))
        return [marks[number] for number in self.rng.permutation(len(marks))]

    def _look(self, digit: int, label: int) -> list[float] | None:
        """What a digit looks like in this frame; None where it is not found."""
        rng, noise = self.rng, self.noise
        state = self.digits.setdefault(
            digit, {"quality": rng.normal(), "missing": False, "other": None, "twin": rng.random() < noise.doubtful}
        )
        state["quality"] = noise.memory * state["quality"] + (1 - noise.memory**2) ** 0.5 * rng.normal()
        if state["missing"] or state["other"] is not None:
            if rng.random() < (1 / 1.5 if state["missing"] else 1 / 2):
                state["missing"], state["other"] = False, None
        elif rng.random() < self.missed / 1.5:
            state["missing"] = True
        elif rng.random() < noise.confused / 2:
            state["other"] = self._any()
        if state["missing"]:
            return None
        chance = float(np.clip(noise.sure + noise.wobble * state["quality"], 0.05, 0.99))
        if state["twin"]:
            chance = float(np.clip(0.5 + 2 * noise.wobble * state["quality"], 0.05, 0.9))
            probabilities = self._spread(label, chance)
            probabilities[(label + 3) % LABELS] += 0.8 * probabilities[LABELS]
            probabilities[LABELS] *= 0.2
            return probabilities
        return self._spread(label if state["other"] is None else state["other"], chance)

    def _spread(self, label: int, chance: float) -> list[float]:
        """Probabilities with that chance for a label; half of the rest is none's, the others share what is left."""
        others = self.rng.dirichlet(np.full(LABELS - 1, 0.3)) * (1 - chance) / 2
        return [*np.insert(others, label, chance).tolist(), (1 - chance) / 2]

    def _shift(self, box: Sequence[float], side: float) -> tuple[int, int, int, int]:
        x0, y0, x1, y1 = np.rint(np.array(box) + self.rng.normal(0, self.noise.jitter, 4) * side).astype(int).tolist()
        return x0, y0, max(x1, x0 + 2), max(y1, y0 + 2)

    def _any(self) -> int:
        return int(self.rng.integers(LABELS))


def look_with_the_reader(_: np.random.Generator) -> Detect:
    """The shipped reader as it looks at a camera's frames."""
    from inklens.reading.find import find_marks
    from inklens.reading.read import name_marks
    from inklens.reading.reader import shipped_reader

    reader = shipped_reader()

    def detect(frame: Frame) -> list[Seen]:
        page = frame.take()
        found = find_marks(page, reader.locate, reader.locator, closer=False)
        return [Seen(mark.box, mark.probabilities.tolist()) for mark in name_marks(page, found, reader)]

    return detect


@dataclass
class Tally:
    """What was counted over the videos of one kind."""

    delays: list[float] = field(default_factory=list)
    never: int = 0
    changes: int = 0
    seconds: float = 0.0  # in which a digit that had its first label was in view
    wrong: float = 0.0  # of them
    false_labels: int = 0
    false_doubts: int = 0
    blank: float = 0.0  # seconds
    clear: list[float] = field(default_factory=list)
    trembles: dict[str, list[float]] = field(default_factory=lambda: {"detected": [], "held": [], "off": []})

    def summary(self) -> dict[str, Any]:
        """Figures of the module's description; None where a kind of video has nothing to count."""
        return {
            "digits": len(self.delays) + self.never,
            "commit": _median_and_worst(self.delays),
            "late": sum(delay > LATE for delay in self.delays),
            "never": self.never,
            "changes": round(self.changes / self.seconds, 3) if self.seconds else None,
            "wrong": round(self.wrong / self.seconds, 4) if self.seconds else None,
            "false_labels": round(self.false_labels / self.blank, 3) if self.blank else None,
            "false_doubts": round(self.false_doubts / self.blank, 3) if self.blank else None,
            "blank_seconds": round(self.blank, 1),
            "clear": _median_and_worst(self.clear),
            **{name: round(float(np.mean(values)), 4) if values else None for name, values in self.trembles.items()},
        }


@dataclass
class Watched:
    """A digit from its first frame to its last, frame by frame: what was shown of it, and how far off its box was, as
    detected and as held."""

    label: int
    first: int  # of its frames, by number
    last: int = 0
    flat: int = 0  # frames before the page begins to be turned
    times: list[float] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    places: list[tuple[np.ndarray, np.ndarray] | None] = field(default_factory=list)


def watch(frames: Sequence[Frame], detect: Detect, tally: Tally, *, blank: bool) -> None:
    """Read a video's frames in turn and count."""
    steady = SteadyLabels(LABELS)
    digits: dict[int, Watched] = {}
    gone: float | None = None  # when the last digit went out of view
    cleared = 0.0
    known: set[tuple[int, str]] = set()
    for number, frame in enumerate(frames):
        marks = detect(frame)
        shown = [mark for mark in steady.update(frame.time, marks) if mark.state != "searching"]
        gone = None if len(frame.boxes) else frame.time if gone is None else gone
        for digit, label, box in zip(frame.digits.tolist(), frame.labels.tolist(), frame.boxes.tolist(), strict=True):
            watched = digits.setdefault(digit, Watched(label, number))
            mark, seen = _best(shown, box), _best(marks, box)
            watched.last = number
            watched.flat += frame.angle == 0
            watched.times.append(frame.time)
            watched.shown.append(describe(mark))
            watched.places.append((_off(seen.box, box), _off(mark.box, box)) if seen and mark else None)
        if blank:
            for mark in shown:
                if (mark.id, mark.state) not in known:
                    known.add((mark.id, mark.state))
                    tally.false_labels += mark.state == "committed"
                    tally.false_doubts += mark.state == "unsure"
        if gone is not None and shown:
            cleared = frame.time - gone
    if blank:
        tally.blank += frames[-1].time - frames[0].time
    elif gone is not None:
        tally.clear.append(cleared)
    for watched in digits.values():
        count(watched, tally)


def count(watched: Watched, tally: Tally) -> None:
    """Add a digit that was in view for a second or more without leaving it."""
    times, shown = watched.times, watched.shown
    if times[-1] - times[0] < 1 or watched.last - watched.first + 1 > len(times):
        return
    right = str(watched.label)
    if right in shown:
        tally.delays.append(times[shown.index(right)] - times[0])
    else:
        tally.never += 1
    first = next((number for number, text in enumerate(shown) if text.isdecimal()), None)
    if first is None:
        return
    for number in range(first + 1, watched.flat):
        passed = times[number] - times[number - 1]
        tally.seconds += passed
        tally.changes += shown[number] != shown[number - 1]
        tally.wrong += passed * (shown[number].isdecimal() and shown[number] != right)
        before, now = watched.places[number - 1], watched.places[number]
        if before is not None and now is not None:
            for name, was, off in zip(("detected", "held"), before, now, strict=True):
                tally.trembles[name].append(float(np.abs(off - was).max()))
            tally.trembles["off"].append(float(np.abs(now[1]).max()))


def describe(mark: SteadyMark | None) -> str:
    """What is shown of a mark: a label, doubt between two in any order, or nothing."""
    if mark is None:
        return ""
    return str(mark.label) if mark.state == "committed" else "?"


def _best(marks: Sequence[Any], box: Sequence[int]) -> Any:
    """The mark that lies closest on a box, if one does."""
    best = max(marks, key=lambda mark: _overlap(mark.box, box), default=None)
    return best if best is not None and _overlap(best.box, box) >= NOTICED else None


def _overlap(one: Sequence[float], two: Sequence[float]) -> float:
    wide, high = min(one[2], two[2]) - max(one[0], two[0]), min(one[3], two[3]) - max(one[1], two[1])
    common = max(0.0, wide) * max(0.0, high)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, two)]
    return common / (sum(areas) - common)


def _off(box: Sequence[float], true: Sequence[int]) -> np.ndarray:
    """How far a box's middle is from the true one's, float64 [2] in parts of the longer side."""
    difference = np.array(box, float) - np.array(true, float)
    return (difference[:2] + difference[2:]) / 2 / max(true[2] - true[0], true[3] - true[1])


def _median_and_worst(values: Sequence[float]) -> list[float] | None:
    return [round(statistics.median(values), 3), round(max(values), 3)] if values else None


def measure(
    videos: int, make: Callable[[np.random.Generator], Detect], rate: float = 15.0, *, seed: int = 1
) -> dict[str, Any]:
    """Figures by kind of video, of `videos` each."""
    figures = {}
    for place, kind in enumerate(KINDS):
        tally = Tally()
        for number in range(videos):
            scene, faults = np.random.default_rng([seed, place, number]).spawn(2)
            blank = kind == "blank"
            frames = list(render_sequence(scene, kind, seconds=BLANK_SECONDS if blank else SECONDS, rate=rate))
            watch(frames, make(faults), tally, blank=blank)
        figures[kind] = tally.summary()
    return figures


def table(figures: dict[str, Any]) -> str:
    """The figures as lines of text."""
    names = list(next(iter(figures.values())))
    rows = [["kind", *names]] + [[kind, *(_cell(values[name]) for name in names)] for kind, values in figures.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _cell(value: Any) -> str:
    return "-" if value is None else " / ".join(map(str, value)) if isinstance(value, list) else str(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, default=20, help="of each kind")
    parser.add_argument("--rate", type=float, default=15.0, help="frames a second")
    parser.add_argument("--only", choices=list(RESULTS), help="one of the two")
    arguments = parser.parse_args()
    for name, path in RESULTS.items():
        if arguments.only not in (None, name):
            continue
        started = time.perf_counter()
        make = look_with_the_reader if name == "reader" else NoisyReader
        figures = measure(arguments.videos, make, arguments.rate)
        print(table(figures))
        print(f"{arguments.videos} videos of each kind in {time.perf_counter() - started:.0f} s", flush=True)
        source = {"reader": "shipped"} if name == "reader" else {"noise": asdict(Noise())}
        result = {"videos": arguments.videos, "rate": arguments.rate, **source, "figures": figures, **conditions()}
        write_json(path, result)


if __name__ == "__main__":
    main()
