from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from inklens.errors import DataError
from inklens.rendering.camera import View
from inklens.rendering.compose import draw_marks
from inklens.rendering.opencv import cv2
from inklens.rendering.render import RenderOptions, page_rng, render_sheet
from inklens.rendering.sequences import KINDS, Frame, Hand, hull, render_sequence
from inklens.rendering.sheet import Sheet

SECONDS = 3.0


@cache
def video(kind: str) -> list[Frame]:
    return list(render_sequence(np.random.default_rng([3, *map(ord, kind)]), kind, seconds=SECONDS))


def middles(frame: Frame) -> dict[int, np.ndarray]:
    return dict(zip(frame.digits.tolist(), (frame.boxes[:, :2] + frame.boxes[:, 2:]) / 2, strict=True))


def steps(frames: list[Frame]) -> np.ndarray:
    """How far digits move from frame to frame, in pixels."""
    found = []
    for one, two in pairwise(frames):
        before, after = middles(one), middles(two)
        found += [float(np.hypot(*(after[digit] - before[digit]))) for digit in before.keys() & after.keys()]
    return np.array(found)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_come_in_time_with_what_they_promise(kind: str) -> None:
    frames = video(kind)
    assert len(frames) == 45
    assert np.abs(np.array([frame.time for frame in frames]) - np.arange(45) / 15).max() <= 0.15 / 15
    for frame in frames:
        assert (frame.boxes.dtype, frame.labels.dtype, frame.digits.dtype) == (np.int32, np.int64, np.int64)
        assert frame.boxes.shape == (len(frame.labels), 4)
        assert len(set(frame.digits.tolist())) == len(frame.labels)
        assert (frame.boxes[:, :2] < frame.boxes[:, 2:]).all()
        assert (frame.boxes >= 0).all()
        assert (frame.boxes <= [640, 480, 640, 480]).all()
    picture = frames[20].take()
    assert (picture.shape, picture.dtype) == ((480, 640), np.uint8)
    np.testing.assert_array_equal(picture, frames[20].take())


def test_same_state_gives_the_same_video() -> None:
    one, two = (list(render_sequence(np.random.default_rng(8), "shadow", seconds=0.4)) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        assert (a.time, a.blur, a.angle) == (b.time, b.blur, b.angle)
        for name in ("boxes", "labels", "digits"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    np.testing.assert_array_equal(one[4].take(), two[4].take())


def test_digits_keep_their_names_through_a_video() -> None:
    names: dict[int, set[int]] = {}
    for frame in video("shake"):
        for digit, label in zip(frame.digits.tolist(), frame.labels.tolist(), strict=True):
            names.setdefault(digit, set()).add(label)
    assert names
    assert all(len(labels) == 1 for labels in names.values())


def test_a_digit_is_in_view_from_the_first_frame() -> None:
    for kind in KINDS:
        assert (len(video(kind)[0].boxes) > 0) == (kind != "blank")


def test_box_of_the_corners_is_the_box_of_all_ink(sheet: Sheet) -> None:
    sheet.write("4 7 1 3 8", 20, 150, 60)
    view = View(np.array([[0.9, 0.1, 30], [-0.2, 0.8, 40], [1e-4, 2e-4, 1]]))
    for drawn in draw_marks(sheet, View(np.eye(3)), (240, 320)).drawn:
        corners, patch = hull(drawn.patch), drawn.patch
        assert [*corners.min(axis=0), *corners.max(axis=0)] == list(drawn.box)
        rows, columns = np.nonzero(patch.ink >= max(16, int(patch.ink.max()) // 4))
        everything = np.array(
            [
                (patch.x + x + dx, patch.y + y + dy)
                for x, y in zip(columns, rows, strict=True)
                for dx in (0, 1)
                for dy in (0, 1)
            ]
        )
        for end in (np.min, np.max):
            np.testing.assert_allclose(end(view.place(corners), axis=0), end(view.place(everything), axis=0), atol=1e-3)


def test_boxes_lie_on_the_ink_of_every_frame() -> None:
    """Ink, far from the paper round it, fills the box from side to side and ends there."""
    frames = video("steady")
    checked = 0
    for frame in frames[::9]:
        picture = cv2.GaussianBlur(frame.take().astype(np.float32), (0, 0), 0.7)
        for x0, y0, x1, y1 in frame.boxes.tolist():
            if min(x0, y0) < 12 or x1 > 628 or y1 > 468:
                continue
            around = picture[y0 - 4 : y1 + 4, x0 - 4 : x1 + 4]
            ink = np.abs(around - np.median(around))
            strong = ink > 0.45 * np.percentile(ink, 98)
            rows, columns = np.flatnonzero(strong[4:-4].any(axis=1)), np.flatnonzero(strong[:, 4:-4].any(axis=0))
            assert rows[0] <= 4
            assert columns[0] <= 4
            assert rows[-1] >= y1 - y0 - 5
            assert columns[-1] >= x1 - x0 - 5
            checked += 1
    assert checked >= 10


def test_a_hand_moves_digits_little_and_a_shaking_one_by_more_and_both_smoothly() -> None:
    for strength, least, most in ((1.0, 0.5, 4.0), (3.0, 2.0, 12.0)):
        medians, jerks = [], []
        for seed in range(20):
            hand = Hand(np.random.default_rng(seed), strength)
            places = np.array([View(hand.place(t)).place(np.array([[300.0, 200.0]]))[0] for t in np.arange(60) / 15])
            fine = np.array([View(hand.place(t)).place(np.array([[300.0, 200.0]]))[0] for t in np.arange(60) / 600])
            medians.append(np.median(np.hypot(*np.diff(places, axis=0).T)))
            jerks.append(np.hypot(*np.diff(fine, axis=0).T).max())
        assert least < np.median(medians) < most
        assert max(jerks) < 1.5  # px in 1/600 s
    assert np.median(steps(video("shake"))) > np.median(steps(video("steady")))


def test_lens_that_hunts_is_soft_for_a_while_and_sharp_again() -> None:
    frames = video("focus")
    blurs = np.array([frame.blur for frame in frames])
    assert blurs.max() > 1.8
    assert blurs[0] == 0
    assert 0.1 < (blurs > 0.5).mean() < 0.6

    def detail(frame: Frame) -> float:
        return float(np.abs(cv2.Laplacian(cv2.GaussianBlur(frame.take(), (0, 0), 1).astype(np.float32), -1)).mean())

    assert detail(frames[int(blurs.argmax())]) < 0.8 * detail(frames[0])


def test_shadow_comes_and_goes() -> None:
    first = blurred(video("shadow")[0])
    darkest = [float(np.percentile(blurred(frame) / first, 2)) for frame in video("shadow")[::2]]
    assert min(darkest) < 0.75
    assert darkest[0] > 0.9
    assert darkest[-1] > 0.85


def test_lamp_that_flickers_changes_the_light_from_frame_to_frame() -> None:
    changes = {}
    for kind in ("steady", "flicker"):
        levels = np.array([frame.take().mean() for frame in video(kind)[::3]])
        changes[kind] = float(levels.std() / levels.mean())
    assert changes["steady"] < 0.01
    assert changes["flicker"] > 0.03


def test_page_is_turned_and_shows_empty_paper() -> None:
    frames = video("turn")
    angles = np.array([frame.angle for frame in frames])
    assert angles[0] == 0
    assert angles[-1] == pytest.approx(np.pi / 2)
    assert (np.diff(angles) >= 0).all()
    for frame in frames:
        if frame.angle > np.pi / 3:
            assert len(frame.boxes) == 0
        elif frame.angle < np.pi / 4:
            assert len(frame.boxes) > 0

    def ink(frame: Frame) -> float:
        page = blurred(frame, 1.5)
        return float((np.abs(page - blurred(frame, 25)) > 0.15 * page.mean()).mean())

    assert ink(frames[0]) > 5 * ink(frames[-1])


def test_empty_paper_has_no_digit_in_any_frame() -> None:
    assert [len(frame.boxes) for frame in video("blank")] == [0] * 45


def test_sheet_is_a_page_before_light_and_camera() -> None:
    options = RenderOptions(
        width=320, height=240, dirt=0.0, blank=0.0, without=frozenset({"print"}), only=frozenset({"white", "marker"})
    )
    sheet = render_sheet(page_rng(5, 1), options)
    assert (sheet.grey.shape, sheet.grey.dtype) == ((240, 320), np.float32)
    assert sheet.digits
    paper = float(np.median(sheet.grey))
    for digit in sheet.digits:
        ink = digit.patch.ink > 200
        assert float(sheet.grey[digit.patch.window][ink].mean()) < paper - 60
    again = render_sheet(page_rng(5, 1), options)
    np.testing.assert_array_equal(sheet.grey, again.grey)


def test_unknown_kind_is_named_with_all_there_are() -> None:
    with pytest.raises(DataError, match="no kind of video is called 'dance'; there are steady, shake, shadow, focus"):
        next(render_sequence(np.random.default_rng(0), "dance"))


def blurred(frame: Frame, width: float = 12) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(frame.take().astype(np.float32), (0, 0), width))
