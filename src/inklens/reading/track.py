"""Labels that hold still over the frames of a video: marks are followed, named once it is sure, and let go.

The same steps in the same order run in Swift and JavaScript. So there is nothing here but + - * / and comparisons of
doubles, every tie has one answer, and sums are taken in the order of their lists. All durations are in seconds and all
lengths in parts of a mark's longer side, so that 8 to 60 frames a second behave alike, and small marks like large ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

State = Literal["searching", "unsure", "committed"]
# zoom, turn, right, down: (x, y) goes to (zoom x - turn y + right, turn x + zoom y + down)
Motion = tuple[float, float, float, float]

LEARN = 0.2  # s in which about half of what is believed of a mark is new: four clear frames of 15 a second name it
FADE = 0.3  # s in which about half of it goes when nothing is seen: five missed frames of 15 a second do no harm
LONGEST = 0.1  # s that one frame counts for at most, so that no two frames name a mark, however sure and late they are
FORGOTTEN = 1.0  # s without a frame, after which the camera may look at anything
SHOW, HIDE = 0.56, 0.25  # the mean probability of any label from which a mark shows, and below which it no longer does
COMMIT, KEEP = 0.7, 0.2  # the label's part in it from which it is told, and below which a told one is doubted
LEAD = 0.1  # by which another label must be likelier to be named first while in doubt
GONE = 0.05  # the mean probability of any label below which an unseen mark is forgotten
REACH = 0.5  # how far a mark may jump beyond the page's motion
FARTHEST, STAY = 2.0, 2.0  # how far the page may jump, and how many marks must agree on a jump of 1
ANCHORS = 8  # marks that tell how far; with none, labels changed 19 times as often in a hand that shakes, with 4 twice
SETTLE = 0.2  # s in which about half of a small step of a box is followed
NEAR = 0.06  # a step well above this is followed at once


@dataclass(frozen=True)
class Seen:
    """A mark in one frame: `box` x0, y0, x1, y1 in pixels, the last two exclusive, and the `probabilities` of the
    labels 0 to k - 1 and, last, of none of them; 0 to 1 each, 1 together."""

    box: tuple[int, int, int, int]
    probabilities: Sequence[float]


@dataclass(frozen=True)
class SteadyMark:
    """A mark that is followed over the frames.

    id: the same from frame to frame, counted from 0. box: as in `Seen`, but smooth. state: nothing is to be drawn for
    `searching`; `unsure` is drawn as doubt between `label` and `runner_up`; `committed` as `label`. label: 0 to k - 1,
    None while searching. confidence: the label's mean probability (while searching the likeliest's), which fades when
    the mark is not seen. runner_up: the likeliest other label; None while searching or where there is no other.
    just_committed: the label is told in this frame and was not the last one told of this mark, so a program may tick.
    """

    id: int
    box: tuple[float, float, float, float]
    state: State
    label: int | None
    confidence: float
    runner_up: int | None
    just_committed: bool


@dataclass
class _Track:
    id: int
    box: list[float]
    mean: list[float]  # of the labels' probabilities and, last, none's
    seen: bool = True
    state: State = "searching"
    label: int = 0
    told: int = -1  # the label that was committed last
    just_committed: bool = False


@dataclass
class SteadyLabels:
    """Follows the marks of a video with `labels` labels; `update` is called for each frame in turn."""

    labels: int
    _tracks: list[_Track] = field(default_factory=list)
    _time: float | None = None
    _next: int = 0

    def update(self, time: float, marks: Sequence[Seen]) -> list[SteadyMark]:
        """Take the marks of the frame at `time` in seconds, and tell what is to be shown, the oldest mark first.

        A time before the last one's, or more than a second after it, begins anew. Raises ValueError for a mark whose
        probabilities are not one more than the labels.
        """
        for mark in marks:
            if len(mark.probabilities) != self.labels + 1:
                raise ValueError(
                    f"a mark has {len(mark.probabilities)} probabilities; expected {self.labels + 1}: "
                    f"one for each of {self.labels} labels and, last, one for none of them."
                )
        step = LONGEST
        if self._time is None or time < self._time or time - self._time > FORGOTTEN:
            self._tracks = []
        elif time - self._time < LONGEST:
            step = time - self._time
        self._time = time
        self._move(marks, step)
        for track in self._tracks:
            judge(track)
        self._tracks = [
            track for track in self._tracks if track.seen or (1 - track.mean[-1] >= GONE and not self._replaced(track))
        ]
        return [show(track) for track in self._tracks]

    def _move(self, marks: Sequence[Seen], step: float) -> None:
        """Carry every track along with the page and to its mark, and begin a track for each new mark."""
        tracks, nothing = self._tracks, [0.0] * self.labels + [1.0]
        motion = fit(tracks, marks, match(tracks, marks, leap(tracks, marks)))
        pairs = match(tracks, marks, motion)
        for track in tracks:
            track.seen = False
            carry(track.box, motion)
        taken = [False] * len(marks)
        for number, place in pairs:
            tracks[number].seen = taken[place] = True
            follow(tracks[number].box, marks[place].box, step)
            learn(tracks[number].mean, marks[place].probabilities, step / (step + LEARN))
        for track in tracks:
            if not track.seen:
                learn(track.mean, nothing, step / (step + FADE))
        for place, mark in enumerate(marks):
            if not taken[place]:
                tracks.append(_Track(self._next, [float(side) for side in mark.box], list(nothing)))
                learn(tracks[-1].mean, mark.probabilities, step / (step + LEARN))
                self._next += 1

    def _replaced(self, track: _Track) -> bool:
        """Whether another mark, which is seen, has been named where this one was."""
        return any(
            other.seen and other.state == "committed" and covers_half(other.box, track.box) for other in self._tracks
        )


def leap(tracks: Sequence[_Track], marks: Sequence[Seen]) -> Motion:
    """The page's shift that brings the marks seen last closest to marks of this frame: one of those from a track to a
    mark, or none. A far one must fit several marks; the first of equals."""
    anchors = [track for track in tracks if track.seen][:ANCHORS]
    motion = (1.0, 0.0, 0.0, 0.0)
    most = support(anchors, marks, motion)
    for track in anchors:
        for mark in marks:
            x, y, size = *between(track.box, mark.box), (longer(track.box) + longer(mark.box)) / 2
            if x * x + y * y < FARTHEST * FARTHEST * size * size:
                total = support(anchors, marks, (1.0, 0.0, x, y)) - STAY * ((x * x + y * y) / (size * size))
                if total > most:
                    motion, most = (1.0, 0.0, x, y), total
    return motion


def support(anchors: Sequence[_Track], marks: Sequence[Seen], motion: Motion) -> float:
    """How closely marks lie to the anchors after a motion: the sum of each one's closest, 0 to 2 each."""
    total = 0.0
    for track in anchors:
        total += max((closeness(track, mark, motion) for mark in marks), default=0.0)
    return total


def fit(tracks: Sequence[_Track], marks: Sequence[Seen], pairs: Sequence[tuple[int, int]]) -> Motion:
    """The shift, turn and zoom that carries tracks to their marks: the least squares over the pairs, held back as if
    one more mark had not moved and each was a square that had not turned."""
    count, spread = len(pairs), 0.0
    x = y = across = down = along = aside = 0.0
    for number, place in pairs:
        box, moved = tracks[number].box, between(tracks[number].box, marks[place].box)
        x, y, across, down = x + middle(box)[0], y + middle(box)[1], across + moved[0], down + moved[1]
    if count == 0:
        return 1.0, 0.0, 0.0, 0.0
    x, y, across, down = x / count, y / count, across / count, down / count
    for number, place in pairs:
        box, moved = tracks[number].box, between(tracks[number].box, marks[place].box)
        right, below = middle(box)[0] - x, middle(box)[1] - y
        spread += right * right + below * below + longer(box) * longer(box)
        along += right * (moved[0] - across) + below * (moved[1] - down)
        aside += right * (moved[1] - down) - below * (moved[0] - across)
    zoom, turn, held = 1 + along / spread, aside / spread, count / (count + 1)
    return zoom, turn, x - zoom * x + turn * y + held * across, y - turn * x - zoom * y + held * down


def match(tracks: Sequence[_Track], marks: Sequence[Seen], motion: Motion) -> list[tuple[int, int]]:
    """Pairs of the numbers of a track and a mark, each once, the closest first; of equals the earlier track's first."""
    pairs = []
    for number, track in enumerate(tracks):
        for place, mark in enumerate(marks):
            close = closeness(track, mark, motion)
            if close > 0:
                pairs.append((-close, number, place))
    chosen: list[tuple[int, int]] = []
    used_tracks, used_marks = [False] * len(tracks), [False] * len(marks)
    for _, number, place in sorted(pairs):
        if not used_tracks[number] and not used_marks[place]:
            used_tracks[number] = used_marks[place] = True
            chosen.append((number, place))
    return chosen


def closeness(track: _Track, mark: Seen, motion: Motion) -> float:
    """How well a mark goes on a track carried along: 1 in the same place, up to 2 if its label agrees too; 0 out of
    reach or where one is twice as large as the other."""
    one, two = longer(track.box), longer(mark.box)
    if not (one < 2 * two and two < 2 * one):
        return 0.0
    (x, y), (right, below), size = between(track.box, mark.box), shift(track.box, motion), (one + two) / 2
    near = 1 - ((x - right) * (x - right) + (y - below) * (y - below)) / (REACH * REACH * size * size)
    if near <= 0:
        return 0.0
    agreement = 0.0
    for label in range(len(track.mean) - 1):
        agreement += track.mean[label] * mark.probabilities[label]
    return near * (1 + agreement)


def shift(box: Sequence[float], motion: Motion) -> tuple[float, float]:
    """How far a motion of the page moves a box's middle."""
    x, y = middle(box)
    zoom, turn, across, down = motion
    return zoom * x - turn * y + across - x, turn * x + zoom * y + down - y


def carry(box: list[float], motion: Motion) -> None:
    """Move a box in place along with the page."""
    across, down = shift(box, motion)
    box[0], box[1], box[2], box[3] = box[0] + across, box[1] + down, box[2] + across, box[3] + down


def follow(box: list[float], seen: Sequence[int], step: float) -> None:
    """Move a track's box in place towards the mark's: at once where that is far, so that it never lags visibly, and
    slowly where it is near, so that it does not tremble."""
    size, slow = longer(box), step / (step + SETTLE)
    for side in range(4):
        way = seen[side] - box[side]
        far = (way / size / NEAR) * (way / size / NEAR)
        box[side] += way * (slow + far) / (1 + far)


def learn(mean: list[float], probabilities: Sequence[float], weight: float) -> None:
    """Move a mean in place towards the newest probabilities; `weight` 0 to 1 is the share that these have in it."""
    for label in range(len(mean)):
        mean[label] += weight * (probabilities[label] - mean[label])


def judge(track: _Track) -> None:
    """Decide on a track's state and label."""
    mean, present, before = track.mean, 1 - track.mean[-1], track.state
    best = likeliest(mean, -1)
    if present < HIDE or (before == "searching" and present < SHOW):
        track.state = "searching"
    elif before != "committed" or mean[track.label] < KEEP * present:
        track.state = "committed" if mean[best] >= COMMIT * present else "unsure"
        if track.state == "committed" or before == "searching" or mean[best] > mean[track.label] + LEAD:
            track.label = best
    track.just_committed = track.state == "committed" and track.label != track.told
    if track.just_committed:
        track.told = track.label


def show(track: _Track) -> SteadyMark:
    """What is told of a track."""
    x0, y0, x1, y1 = track.box
    if track.state == "searching":
        confidence = track.mean[likeliest(track.mean, -1)]
        return SteadyMark(track.id, (x0, y0, x1, y1), "searching", None, confidence, None, False)
    other = likeliest(track.mean, track.label) if len(track.mean) > 2 else None
    confidence = track.mean[track.label]
    return SteadyMark(track.id, (x0, y0, x1, y1), track.state, track.label, confidence, other, track.just_committed)


def likeliest(mean: Sequence[float], apart_from: int) -> int:
    """The label of the highest mean, apart from one; the first of equals."""
    best = 0 if apart_from != 0 else 1
    for label in range(best + 1, len(mean) - 1):
        if label != apart_from and mean[label] > mean[best]:
            best = label
    return best


def covers_half(one: Sequence[float], two: Sequence[float]) -> bool:
    """Whether two boxes have more than half of the smaller one's area in common."""
    wide, high = min(one[2], two[2]) - max(one[0], two[0]), min(one[3], two[3]) - max(one[1], two[1])
    smaller = min((one[2] - one[0]) * (one[3] - one[1]), (two[2] - two[0]) * (two[3] - two[1]))
    return wide > 0 and high > 0 and 2 * wide * high > smaller


def middle(box: Sequence[float]) -> tuple[float, float]:
    """The centre of a box."""
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def between(one: Sequence[float], two: Sequence[float]) -> tuple[float, float]:
    """From one box's middle to another's, right and down."""
    return middle(two)[0] - middle(one)[0], middle(two)[1] - middle(one)[1]


def longer(box: Sequence[float]) -> float:
    """The longer side of a box."""
    return max(box[2] - box[0], box[3] - box[1])
