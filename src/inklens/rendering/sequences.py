"""Videos of rendered sheets, with the truth about every frame: what a phone's camera sees in a hand.

A sheet is rendered once; then the camera moves over it, light and focus change, and the page is turned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from inklens.errors import DataError
from inklens.rendering.camera import View
from inklens.rendering.compose import Drawn
from inklens.rendering.drawing import Patch
from inklens.rendering.light import cast_light
from inklens.rendering.negatives import NEGATIVES
from inklens.rendering.opencv import cv2
from inklens.rendering.papers import PAPERS
from inklens.rendering.render import RenderOptions, render_sheet

WIDTH, HEIGHT = 640, 480  # of a frame, in pixels
KINDS: dict[str, tuple[str, ...]] = {
    "steady": (),
    "shake": ("shake",),
    "shadow": ("shadow",),
    "focus": ("focus",),
    "flicker": ("flicker",),
    "turn": ("turn",),
    "blank": ("shadow", "focus", "flicker"),
}
"""Every kind of video with what happens in it. All are taken by hand; `blank` shows empty paper, the others digits."""

_SHEET = 960, 720  # px of a sheet; a frame shows about 750 × 560 of them, so that a shaking camera never leaves it
_SCALE = 0.85  # pixels of a frame for one of the sheet
_DRIFT, _TREMOR = (0.3, 1.5), (3.0, 8.0)  # Hz: a hand sways slowly, and trembles (physiological tremor ends at 12 Hz)
_EXPOSURE = 1 / 60  # s
_LAMP = 100  # Hz: twice the mains'
_READOUT = 1 / 40  # s from a sensor's first row to its last
_TURNING = 0.5  # s that turning a page takes
_EDGEWISE = 0.5  # the breadth, in parts of its own, below which nobody reads a page that is being turned


@dataclass(frozen=True)
class Frame:
    """A moment of a video, and the truth about it.

    `time` in seconds. `boxes` int32 [n, 4] of x0, y0, x1, y1 in pixels, the last two exclusive: the digits that are
    whole in the picture, `labels` int64 [n] their names 0 to 9, `digits` int64 [n] their numbers on the sheet, the same
    in all frames. `blur` the lens's, as a standard deviation in pixels; `angle` how far the page is turned, in radians.
    `take()` makes the picture, uint8 [480, 640], 0 black to 255 white, the same at every call.
    """

    time: float
    boxes: np.ndarray
    labels: np.ndarray
    digits: np.ndarray
    blur: float
    angle: float
    take: Callable[[], np.ndarray]


def render_sequence(
    rng: np.random.Generator, kind: str, *, seconds: float = 4.0, rate: float = 15.0
) -> Iterator[Frame]:
    """A video of a `kind` of KINDS, with `rate` frames a second that come up to 15 % of a frame early or late.

    All chance comes from `rng`: the same state gives the same video. Raises DataError for another kind.
    """
    if kind not in KINDS:
        raise DataError(f"no kind of video is called {kind!r}; there are {', '.join(KINDS)}.")
    scene = Scene(rng, KINDS[kind], seconds, blank=kind == "blank")
    frames = round(seconds * rate)
    times = np.maximum(0, np.arange(frames) + rng.uniform(-0.15, 0.15, frames)) / rate
    seeds = rng.integers(2**63, size=frames)
    for time, seed in zip(times.tolist(), seeds.tolist(), strict=True):
        yield scene.look(time, seed)


class Scene:
    """A sheet, the hand that holds the camera over it, and what happens meanwhile."""

    def __init__(self, rng: np.random.Generator, effects: tuple[str, ...], seconds: float, *, blank: bool) -> None:
        self.effects = effects
        shares = {name: kind.share for name, kind in PAPERS.items() if kind.ruled or "turn" not in effects}
        paper = str(rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))
        sheets = (render_sheet(rng, _options(paper, blank=blank)) for _ in count())
        self.sheet = next(sheet for sheet in sheets if blank or any(map(_in_the_middle, sheet.digits)))
        self.hulls = [hull(digit.patch) for digit in self.sheet.digits]
        self.next_sheet = render_sheet(rng, _options(paper, blank=True)) if "turn" in effects else None
        self.hand = Hand(rng, 3.0 if "shake" in effects else 1.0)
        self.light = cast_light(rng, ["gradient", "vignette"], HEIGHT, WIDTH, 0.4)[..., 0]
        self.noise = float(rng.uniform(1, 4))
        self.turned = rng.uniform(0.5, 0.6) * seconds  # when the page begins to be turned
        self.shadow = Shadow(rng, seconds)
        self.hunts = [(float(start), float(rng.uniform(2, 4.5))) for start in rng.uniform(0.15, 0.75, 2) * seconds]
        self.pump = rng.uniform([0.06, 0.6, 0], [0.15, 1.6, 6.3])  # of the exposure: strength, Hz, phase
        self.ripple = rng.uniform(0.05, 0.15)  # of the lamp

    def look(self, time: float, seed: int) -> Frame:
        """The frame at a time; `seed` decides on its noise."""
        angle, view = self._angle(time), self._view(time)
        found = []
        if np.cos(angle) >= _EDGEWISE:
            for number, corners in enumerate(self.hulls):
                points = view.place(corners)
                (left, top), (right, bottom) = np.floor(points.min(axis=0)), np.ceil(points.max(axis=0))
                if left >= 0 and top >= 0 and right <= WIDTH and bottom <= HEIGHT:
                    found.append((left, top, right, bottom, number, self.sheet.digits[number].mark.label))
        truth = np.array(found, np.int64).reshape(-1, 6)
        return Frame(
            time=time,
            boxes=truth[:, :4].astype(np.int32),
            labels=truth[:, 5],
            digits=truth[:, 4],
            blur=self._blur(time),
            angle=angle,
            take=lambda: self._take(time, seed),
        )

    def _take(self, time: float, seed: int) -> np.ndarray:
        """The picture at a time."""
        # the shutter is open while the hand moves
        page = np.mean([self._expose(time + part * _EXPOSURE) for part in (-0.5, 0, 0.5)], axis=0) * self.light
        if "shadow" in self.effects:
            page = page * self.shadow.cast(time)
        if "flicker" in self.effects:
            strength, rate, phase = self.pump
            rows = time + np.arange(HEIGHT, dtype=np.float64)[:, None] / HEIGHT * _READOUT
            page = page * (1 + strength * np.sin(2 * np.pi * rate * time + phase))
            page = page * (1 + self.ripple * np.sin(2 * np.pi * _LAMP * rows))
        blur = self._blur(time)
        if blur > 0.2:
            page = cv2.GaussianBlur(page, (0, 0), blur)
        page = page + self.noise * np.random.default_rng(seed).standard_normal(page.shape, dtype=np.float32)
        return np.clip(np.rint(page), 0, 255).astype(np.uint8)

    def _expose(self, time: float) -> np.ndarray:
        """What lies under the lens at one moment, float32 [480, 640]."""
        if self.next_sheet is None:
            return _warp(self.sheet.grey, self._view(time))
        angle = self._angle(time)
        below = _warp(self.next_sheet.grey, View(self.hand.place(time)))
        if angle >= np.pi / 2:
            return below
        # the page, darker the steeper it stands, hides what lies below
        over = _warp(np.ones_like(self.sheet.grey), self._view(time), cv2.BORDER_CONSTANT)
        page = _warp(self.sheet.grey, self._view(time)) * (0.4 + 0.6 * float(np.cos(angle)))
        return np.asarray(below + over * (page - below))

    def _view(self, time: float) -> View:
        """Where the written page's points lie in the picture, turned or not."""
        angle, far, middle = self._angle(time), 2.5 * _SHEET[0], _SHEET[1] / 2
        # about its left edge towards the camera, which is `far` above it
        rise = float(np.sin(angle)) / far
        turn = np.array([[np.cos(angle), 0, 0], [-middle * rise, 1, 0], [-rise, 0, 1]])
        return View(self.hand.place(time) @ turn)

    def _angle(self, time: float) -> float:
        """How far the page has been turned, in radians: 0 flat, a quarter turn is gone."""
        if "turn" not in self.effects:
            return 0.0
        return float(np.clip((time - self.turned) / _TURNING, 0, 1)) * np.pi / 2

    def _blur(self, time: float) -> float:
        """The lens's blur at a time, in pixels: while it hunts for focus it goes wrong and comes back within 0.7 s."""
        if "focus" not in self.effects:
            return 0.0
        return max(peak * float(np.sin(np.pi * np.clip((time - start) / 0.7, 0, 1))) ** 2 for start, peak in self.hunts)


class Hand:
    """A smooth random motion of the camera: it sways and trembles in place, angle and height."""

    def __init__(self, rng: np.random.Generator, strength: float) -> None:
        # across and down in pixels of the frame, radians, and parts of the scale
        size = np.array([4.0, 4.0, 0.008, 0.012])[:, None]
        self.rates = np.concatenate([rng.uniform(*_DRIFT, (4, 2)), rng.uniform(*_TREMOR, (4, 2))], axis=1)
        self.sizes = strength * size * np.array([1.0, 1.0, 0.25, 0.25]) * rng.uniform(0.5, 1.2, (4, 4))
        self.phases = rng.uniform(0, 2 * np.pi, (4, 4))
        self.lean = float(rng.normal(0, 0.05))

    def place(self, time: float) -> np.ndarray:
        """Where the sheet's points lie in the picture at a time: a homography float64 [3, 3]."""
        across, down, angle, zoom = (self.sizes * np.sin(2 * np.pi * self.rates * time + self.phases)).sum(axis=1)
        scale = _SCALE * (1 + zoom)
        cos, sin = np.cos(angle + self.lean) * scale, np.sin(angle + self.lean) * scale
        turn = np.array([[cos, -sin], [sin, cos]])
        move = np.array([WIDTH / 2 + across, HEIGHT / 2 + down]) - turn @ (np.array(_SHEET) / 2)
        return np.array([[*turn[0], move[0]], [*turn[1], move[1]], [0, 0, 1]])


class Shadow:
    """The shadow of an arm that passes over the page once, in about a second."""

    def __init__(self, rng: np.random.Generator, seconds: float) -> None:
        self.angle, self.start = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 0.55) * seconds
        self.passing, self.breadth = rng.uniform(0.8, 1.4), rng.uniform(0.15, 0.5)
        self.soft, self.dark = rng.uniform(0.01, 0.06), rng.uniform(0.3, 0.6)

    def cast(self, time: float) -> np.ndarray:
        """What the light is multiplied by at a time, float32 [480, 640]."""
        y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
        across = np.cos(self.angle) * (x / WIDTH - 0.5) + np.sin(self.angle) * (y / HEIGHT - 0.5)
        reach = 0.71 + 4 * self.soft  # from the middle to a corner, and the edge's own width
        front = -reach + (time - self.start) / self.passing * (2 * reach + self.breadth)
        edges = (across - front) / self.soft, (across - front + self.breadth) / self.soft
        inside = 1 / (1 + np.exp(np.clip(edges[0], -30, 30))) / (1 + np.exp(-np.clip(edges[1], -30, 30)))
        return np.asarray(1 - self.dark * inside, np.float32)


def _options(paper: str, *, blank: bool) -> RenderOptions:
    """Sheets for a camera: digits of 24 to 130 px in a frame, or bare paper; no font is needed."""
    options = RenderOptions(
        width=_SHEET[0],
        height=_SHEET[1],
        heights=(24 / _SCALE, 130 / _SCALE),
        dirt=(0, 0.6),
        blank=0.0,
        digits="validation",
        without=frozenset({"print", "edges", "holes"}),
        only=frozenset({paper}),
    )
    if not blank:
        return options
    # what shows through from the back is writing too
    return replace(options, heights=(60, 60), blank=1.0, without=options.without | set(NEGATIVES) | {"bleed"})


def _in_the_middle(digit: Drawn) -> bool:
    """Whether a digit stays in view however the hand moves."""
    x0, y0, x1, y1 = digit.box
    across, down = (_SHEET[0] - WIDTH / _SCALE) / 2 + 60, (_SHEET[1] - HEIGHT / _SCALE) / 2 + 60
    return x0 >= across and y0 >= down and x1 <= _SHEET[0] - across and y1 <= _SHEET[1] - down


def _warp(grey: np.ndarray, view: View, border: int = cv2.BORDER_REFLECT) -> np.ndarray:
    """What a view shows of a sheet."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # a pixel's middle is at a half here, and at 0 in OpenCV
    matrix = np.linalg.inv(half) @ view.matrix @ half
    return np.asarray(cv2.warpPerspective(grey, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=border))


def hull(patch: Patch) -> np.ndarray:
    """Corners float64 [n, 2] round the ink that `Patch.box` counts: seen from anywhere, their box is that of all."""
    rows, columns = np.nonzero(patch.ink >= max(16, int(patch.ink.max()) // 4))
    corners = np.concatenate([np.stack([columns + right, rows + down], axis=1) for right in (0, 1) for down in (0, 1)])
    return np.asarray(cv2.convexHull(corners.astype(np.int32))[:, 0] + np.array([patch.x, patch.y]), np.float64)
