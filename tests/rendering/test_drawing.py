from __future__ import annotations

import numpy as np

from inklens.rendering.drawing import Patch, draw_strokes

PAGE = (60, 80)


def line(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    return np.linspace([x0, y0], [x1, y1], 9).astype(np.float32)


def draw(stroke: np.ndarray, radius: float, page: tuple[int, int] = PAGE) -> Patch | None:
    return draw_strokes((stroke,), (np.full(len(stroke), radius, np.float32),), page)


def test_box_is_the_stroke_widened_by_the_pen() -> None:
    patch = draw(line(20, 30, 50, 30), 3)
    assert patch is not None
    assert np.abs(np.subtract(patch.box() or (0,), (17, 27, 53, 33))).max() <= 1


def test_pen_covers_its_area_at_every_width() -> None:
    for radius in (0.5, 1.0, 2.0, 4.0):
        patch = draw(line(20, 30, 50, 30), radius)
        assert patch is not None
        expected = 2 * radius * 30 + np.pi * radius**2
        assert abs(patch.ink.sum() / 255 - expected) < 0.15 * expected


def test_pen_thinner_than_a_pixel_fades() -> None:
    bold, fine = draw(line(20, 30, 50, 30), 0.33), draw(line(20, 30, 50, 30), 0.1)
    assert bold is not None
    assert fine is not None
    assert 0.2 < fine.ink.max() / bold.ink.max() < 0.45


def test_patch_ends_without_ink() -> None:
    rng = np.random.default_rng(3)
    for radius in (0.2, 0.7, 2.5, 6.0):
        patch = draw(rng.uniform(25, 35, (12, 2)).astype(np.float32), radius)
        assert patch is not None
        rim = np.concatenate([patch.ink[0], patch.ink[-1], patch.ink[:, 0], patch.ink[:, -1]])
        assert rim.max() == 0


def test_share_of_a_stroke_that_leaves_the_page_is_told() -> None:
    patch = draw(line(60, 30, 100, 30), 2)
    assert patch is not None
    assert abs(patch.shown - 0.5) < 0.03
    assert patch.x + patch.ink.shape[1] == 80


def test_stroke_beside_the_page_draws_nothing() -> None:
    assert draw(line(100, 30, 140, 30), 3) is None
    assert draw(line(20, -40, 50, -20), 3) is None


def test_outline_with_a_hole_is_filled_between() -> None:
    outer = np.array([[10, 10], [50, 10], [50, 50], [10, 50]], np.float32)
    inner = np.array([[20, 20], [40, 20], [40, 40], [20, 40]], np.float32)
    patch = draw_strokes((outer, inner), (np.ones(4, np.float32),) * 2, PAGE, filled=True)
    assert patch is not None
    assert abs(patch.ink.sum() / 255 - (1600 - 400)) < 90
    assert patch.ink[30 - patch.y, 30 - patch.x] == 0
