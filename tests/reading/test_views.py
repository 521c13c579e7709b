from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from inklens.reading.views import View, border_level, fit_page, look, views

SIZES = [
    (640, 480), (480, 640), (320, 240), (1600, 1200), (1600, 580), (580, 1600), (1600, 1600), (4000, 3000),
    (3024, 4032), (960, 588), (1280, 720), (12_000, 9000), (5000, 300), (300, 5000), (1000, 1), (1, 900), (1, 1),
    (28, 28), (641, 479),
]  # fmt: skip


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_level_shows_every_pixel(width: int, height: int) -> None:
    shown = views(width, height)
    assert [view.level for view in shown[:2]] == [0, -1]
    for level in sorted({view.level for view in shown}):
        parts = [view for view in shown if view.level == level]
        seen = np.zeros((height, width), bool)
        for view in parts:
            assert 0 <= view.x <= view.x + view.width <= width
            assert 0 <= view.y <= view.y + view.height <= height
            assert 1 <= view.shown_width <= 640
            assert 1 <= view.shown_height <= 640
            seen[view.y : view.y + view.height, view.x : view.x + view.width] = True
        assert seen.all()


def gaps(starts: list[int], length: int) -> list[int]:
    return [one + length - two for one, two in pairwise(starts)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_parts_overlap_by_64_pixels_of_the_picture(width: int, height: int) -> None:
    for level in (1, 2):
        parts = [view for view in views(width, height) if view.level == level]
        if not parts:
            continue
        one = parts[0]
        across = gaps(sorted({view.x for view in parts}), one.width)
        down = gaps(sorted({view.y for view in parts}), one.height)
        assert all(common * one.shown_width >= 64 * one.width for common in across)
        assert all(common * one.shown_height >= 64 * one.height for common in down)


def test_closer_looks_are_for_pages_with_pixels_to_show() -> None:
    assert [view.level for view in views(640, 480)] == [0, -1]
    assert {view.level for view in views(1600, 1200)} == {0, -1, 1}
    assert [view.level for view in views(4000, 3000)].count(2) == 20
    assert views(4000, 3000, closer=False) == [fit_page(4000, 3000)]


def test_page_is_shown_as_large_as_it_fits() -> None:
    assert fit_page(640, 480) == View(0, 0, 0, 640, 480, 640, 480)
    assert fit_page(1600, 800) == View(0, 0, 0, 1600, 800, 640, 320)
    assert fit_page(1500, 3000) == View(0, 0, 0, 1500, 3000, 320, 640)
    assert fit_page(1000, 1000) == View(0, 0, 0, 1000, 1000, 480, 480)
    assert fit_page(320, 240) == View(0, 0, 0, 320, 240, 640, 480)
    assert fit_page(28, 28) == View(0, 0, 0, 28, 28, 112, 112)  # four times, and no more
    assert fit_page(5000, 1) == View(0, 0, 0, 5000, 1, 640, 1)


def test_picture_is_filled_up_with_the_middle_grey_of_the_page_s_border() -> None:
    page = np.full((400, 1600), 180, np.uint8)
    page[100:300, 100:1500] = 20
    picture = look(page, fit_page(1600, 400))
    assert (picture.shape, picture.dtype) == ((480, 640), np.uint8)
    assert (picture[160:] == 180).all()
    assert picture[80, 320] == 20
    high = look(np.ascontiguousarray(page.T), fit_page(400, 1600))
    np.testing.assert_array_equal(high, picture.T)


def test_border_level_is_the_lower_median_of_the_outermost_pixels() -> None:
    assert border_level(np.array([[1, 2, 3], [4, 99, 5], [6, 7, 8]], np.uint8)) == 4
    assert border_level(np.array([[7]], np.uint8)) == 7


def test_box_goes_to_the_page_with_halves_up_and_is_cut_off_at_its_edges() -> None:
    view = View(1, 100, 50, 320, 240, 640, 480)
    assert view.to_page((0, 0, 9, 11), (500, 400)) == (100, 50, 105, 56)
    assert view.to_page((-400, -900, 2000, 3000), (500, 400)) == (0, 0, 500, 400)
    assert view.scale == 2


def test_part_tells_of_small_marks_that_its_edges_do_not_cut() -> None:
    page = (1600, 1200)
    middle = View(1, 300, 200, 860, 640, 640, 476)
    assert middle.owns((10, 10, 40, 60), 50, page)
    assert not middle.owns((10, 10, 40, 84), 74, page)  # some part may not show it whole
    assert not middle.owns((0.5, 10, 40, 60), 50, page)
    assert not middle.owns((10, 0.5, 40, 60), 50, page)
    assert not middle.owns((600, 10, 639.5, 60), 50, page)
    assert not middle.owns((10, 440, 40, 475.5), 50, page)
    corner = View(1, 740, 560, 860, 640, 640, 476)
    assert corner.owns((600, 440, 641, 477), 50, page)  # here the edge is the page's own
    whole, further = views(*page)[:2]
    assert whole.owns((-5, -5, 700, 500), 705, page)
    assert not further.owns((10, 10, 40, 81), 71, page)
    assert further.owns((10, 10, 40, 82), 72, page)
