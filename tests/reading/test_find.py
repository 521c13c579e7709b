from __future__ import annotations

import numpy as np
import pytest

from inklens.models.contract import LocatorContract
from inklens.reading.find import Found, decode, find_marks, is_peak, is_same, settle
from inklens.reading.maps import CHANNELS
from inklens.reading.views import fit_page, views

CONTRACT = LocatorContract(channels=CHANNELS, peak=0.3, overlap=0.45)
PAGE = (640, 480)


def empty_maps(rows: int = 120, columns: int = 160) -> np.ndarray:
    maps = np.zeros((15, rows, columns), np.float32)
    maps[0] = -9
    return maps


def put(maps: np.ndarray, row: int, column: int, logit: float, wide: float, high: float, digit: int) -> None:
    maps[0, row, column] = logit
    maps[3:5, row, column] = np.log([wide / 16, high / 16])
    maps[5 + digit, row, column] = 20


def found(box: tuple[int, int, int, int], sure: float) -> Found:
    return Found(box, sure, np.full(10, 0.1, np.float32), 1.0)


def test_peak_is_read_as_a_box_with_its_digit() -> None:
    maps = empty_maps()
    put(maps, 30, 40, 2.0, 20, 40, 7)
    maps[1:3, 30, 40] = [0.5, -0.25]
    [mark] = decode(maps, fit_page(*PAGE), 0.3, PAGE)
    # centre at (40.5 + 0.5, 30.5 - 0.25) cells of 4 pixels
    assert mark.box == (154, 101, 174, 141)
    assert mark.sure == pytest.approx(1 / (1 + np.exp(-2)))
    assert mark.names.dtype == np.float32
    np.testing.assert_allclose(mark.names, np.eye(10)[7], atol=1e-7)
    assert mark.scale == 1


def test_peak_below_the_contract_s_is_nothing() -> None:
    maps = empty_maps()
    put(maps, 10, 10, -1.0, 20, 20, 1)  # 0.27
    put(maps, 50, 10, -0.8, 20, 20, 2)  # 0.31
    assert [int(mark.names.argmax()) for mark in decode(maps, fit_page(*PAGE), 0.3, PAGE)] == [2]


def test_peak_of_one_is_reached_by_none_and_a_peak_of_zero_by_all() -> None:
    maps = empty_maps()
    put(maps, 0, 0, -80.0, 20, 20, 1)
    maps[0, 1:, :] = maps[0, 0, 1:] = -90
    put(maps, 50, 10, 80.0, 20, 20, 2)  # a probability of 1 in float64
    for peak, names in ((0, [1, 2]), (0.0, [1, 2]), (1, []), (1.0, [])):
        assert [int(mark.names.argmax()) for mark in decode(maps, fit_page(*PAGE), peak, PAGE)] == names


def test_marks_come_in_row_order_and_boxes_end_at_the_page() -> None:
    maps = empty_maps()
    for row, column in ((119, 159), (0, 0), (0, 100)):
        put(maps, row, column, 3.0, 60, 60, 3)
    assert [mark.box for mark in decode(maps, fit_page(*PAGE), 0.3, PAGE)] == [
        (0, 0, 32, 32),
        (372, 0, 432, 32),
        (608, 448, 640, 480),
    ]


def test_mark_beside_the_page_is_nothing() -> None:
    maps = empty_maps()
    put(maps, 100, 100, 3.0, 20, 20, 3)  # in the padding of a flat page
    assert decode(maps, fit_page(1280, 200), 0.3, (1280, 200)) == []


def test_sizes_beyond_reason_are_bounded() -> None:
    maps = empty_maps()
    maps[:, 60, 80] = 88
    maps[1:3, 60, 80] = 0
    [mark] = decode(maps, fit_page(*PAGE), 0.3, PAGE)
    assert mark.box == (0, 0, 640, 480)
    assert np.isfinite(mark.names).all()


def test_first_of_equal_neighbours_is_the_peak() -> None:
    values = np.array([[1, 1, 0, 2], [1, 1, 0, 0], [0, 0, 0, 2], [5, 0, 0, 2]], np.float32)
    np.testing.assert_array_equal(
        is_peak(values),
        np.array([[1, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]], bool),
    )
    assert is_peak(np.zeros((1, 1))).all()
    assert is_peak(np.zeros((3, 3))).sum() == 1


def test_surest_mark_of_a_place_stays() -> None:
    one, two = found((0, 0, 20, 40), 0.6), found((2, 1, 22, 41), 0.9)
    beside = found((30, 0, 50, 40), 0.7)
    assert settle([one, beside, two], 0.45) == [two, beside]


def test_first_of_equally_sure_marks_stays() -> None:
    one, two = found((0, 0, 20, 40), 0.6), found((2, 1, 22, 41), 0.6)
    assert settle([one, two], 0.45) == [one]
    assert settle([two, one], 0.45) == [two]
    assert settle([], 0.45) == []


def test_mark_that_only_a_dropped_one_covers_stays() -> None:
    left, middle, right = found((0, 0, 20, 20), 0.9), found((6, 0, 26, 20), 0.8), found((12, 0, 32, 20), 0.7)
    assert settle([right, middle, left], 0.45) == [left, right]


def test_part_of_a_digit_is_that_digit() -> None:
    assert is_same((0, 0, 40, 80), (10, 10, 20, 20), 0.45)
    assert is_same((10, 10, 20, 20), (0, 0, 40, 80), 0.45)
    assert is_same((0, 0, 20, 20), (0, 15, 20, 35), 0.14)  # 100 of 700
    assert not is_same((0, 0, 20, 20), (0, 15, 20, 35), 0.15)
    assert not is_same((0, 0, 20, 20), (20, 0, 40, 20), 0.0)  # they only touch


def test_page_is_looked_at_from_every_view_and_each_digit_told_once() -> None:
    pictures = []

    def locate(picture: np.ndarray) -> np.ndarray:
        pictures.append(picture)
        maps = empty_maps(picture.shape[0] // 4, picture.shape[1] // 4)
        rows, columns = np.nonzero(picture < 100)
        if len(rows):
            y0, y1, x0, x1 = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
            row, column = int((y0 + y1) // 8), int((x0 + x1) // 8)
            put(maps, row, column, 4.0, x1 - x0, y1 - y0, 5)
            maps[1:3, row, column] = (x0 + x1) / 8 - column - 0.5, (y0 + y1) / 8 - row - 0.5
        return maps

    page = np.full((1200, 1600), 255, np.uint8)
    page[500:560, 700:740] = 0
    [mark] = find_marks(page, locate, CONTRACT)
    assert np.abs(np.subtract(mark.box, (700, 500, 740, 560))).max() <= 3
    assert len(pictures) == len(views(1600, 1200))
    pictures.clear()
    find_marks(page, locate, CONTRACT, closer=False)
    assert len(pictures) == 1


def test_blank_page_has_no_marks() -> None:
    assert (
        find_marks(np.full((50, 3), 255, np.uint8), lambda p: empty_maps(p.shape[0] // 4, p.shape[1] // 4), CONTRACT)
        == []
    )
