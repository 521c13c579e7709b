from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inklens.reading.golden.vectors import make_frame
from inklens.reading.prepare import centre, median, paper_level, prepare_mark, rank_from_top, stretch, widen

Box = tuple[int, int, int, int]


def write_seven(paper: float = 200, ink: float = 90, size: int = 40, at: tuple[int, int] = (30, 25)) -> np.ndarray:
    """A page of 120 × 100 with a 7 drawn by soft strokes, `size` pixels high, its box's corner at `at`."""
    rows, columns = np.mgrid[:100, :120].astype(np.float64)
    x, y, wide, pen = at[0], at[1], 0.6 * size, 0.09 * size

    def stroke(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
        along = ((columns - x0) * (x1 - x0) + (rows - y0) * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2)
        along = np.clip(along, 0, 1)
        return np.hypot(columns - x0 - along * (x1 - x0), rows - y0 - along * (y1 - y0))

    top, right, bottom = y + pen, x + wide - pen, y + size - pen
    away = np.minimum(stroke(x + pen, top, right, top), stroke(right, top, x + 0.3 * wide, bottom))
    cover = np.clip(pen / 1.6 - away + 0.5, 0, 1)
    return np.rint(paper + (ink - paper) * cover).astype(np.uint8)


SEVEN = (30, 25, 54, 65)


def worst(one: np.ndarray, two: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - two).max())


def mean(one: np.ndarray, two: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - two).mean())


def centre_of_mass(mark: np.ndarray) -> tuple[float, float]:
    weights = mark.astype(float)
    rows, columns = np.mgrid[:28, :28] + 0.5
    return float((weights * columns).sum() / weights.sum()), float((weights * rows).sum() / weights.sum())


def test_paper_is_none_and_ink_is_full() -> None:
    mark = prepare_mark(write_seven(), SEVEN)
    assert (mark.shape, mark.dtype, int(mark.max())) == ((28, 28), np.uint8, 255)
    assert (mark == 0).mean() > 0.7
    rows, columns = np.flatnonzero(mark.any(axis=1)), np.flatnonzero(mark.any(axis=0))
    assert rows[-1] - rows[0] + 1 <= 20
    assert columns[-1] - columns[0] + 1 <= 12


def test_negative_of_a_page_gives_the_same_mark() -> None:
    page = write_seven()
    np.testing.assert_array_equal(prepare_mark(page, SEVEN), prepare_mark(255 - page, SEVEN))


def test_negatives_of_noisy_frames_differ_by_rounding_only() -> None:
    """The lower median of the one is the upper median of the other: a grey level of paper, stretched with the ink."""
    for seed in range(60):
        frame = make_frame(seed, 90, 70)
        one, two = prepare_mark(frame, (20, 15, 60, 55)), prepare_mark(255 - frame, (20, 15, 60, 55))
        assert worst(one, two) <= 8
        assert mean(one, two) < 0.6


@pytest.mark.parametrize("offset", [-80, -30, 30, 55])
def test_brighter_or_darker_page_gives_the_same_mark(offset: int) -> None:
    page = write_seven()
    np.testing.assert_array_equal(
        prepare_mark((page.astype(int) + offset).astype(np.uint8), SEVEN), prepare_mark(page, SEVEN)
    )


@pytest.mark.parametrize("slope", [(0.4, 0.0), (0.0, -0.4), (0.3, 0.3)])
def test_gentle_slope_of_light_changes_at_most_eight_grey_levels(slope: tuple[float, float]) -> None:
    """Up to 16 grey levels from one end of the digit to the other, of ink that is 110 darker than its paper."""
    page = write_seven()
    rows, columns = np.mgrid[:100, :120]
    light = slope[0] * (columns - 42) + slope[1] * (rows - 45)
    sloped = np.rint(page + light).astype(np.uint8)
    one, two = prepare_mark(page, SEVEN), prepare_mark(sloped, SEVEN)
    assert worst(one, two) <= 8
    assert mean(one, two) < 0.3


@pytest.mark.parametrize(
    "shift", [(-1, 0, 0, 0), (0, -1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (-1, -1, 1, 1), (1, 1, 0, 0)]
)
def test_box_a_pixel_off_moves_the_mark_by_less_than_a_pixel(shift: Box) -> None:
    page = write_seven()
    moved: Box = tuple(np.add(SEVEN, shift).tolist())
    one, two = prepare_mark(page, SEVEN), prepare_mark(page, moved)
    assert np.abs(np.subtract(centre_of_mass(one), centre_of_mass(two))).max() < 0.8
    assert mean(one, two) < 8


def test_digit_touching_the_edge_is_still_centred() -> None:
    for at in ((0, 0), (96, 60)):
        mark = prepare_mark(write_seven(at=at), (at[0], at[1], at[0] + 24, at[1] + 40))
        assert np.abs(np.subtract(centre_of_mass(mark), 14.5)).max() <= 0.5


def test_box_over_the_edge_is_cut_off_there() -> None:
    page = write_seven(at=(0, 0))
    np.testing.assert_array_equal(prepare_mark(page, (-9, -7, 24, 40)), prepare_mark(page, (0, 0, 24, 40)))


@pytest.mark.parametrize(
    "box", [(200, 0, 220, 20), (-30, 5, 0, 20), (10, 10, 10, 30), (10, 30, 20, 10), (0, 100, 9, 120)]
)
def test_box_without_area_on_the_page_is_empty(box: Box) -> None:
    np.testing.assert_array_equal(prepare_mark(write_seven(), box), np.zeros((28, 28), np.uint8))


@pytest.mark.parametrize("level", [0, 1, 127, 254, 255])
def test_blank_paper_has_no_ink(level: int) -> None:
    page = np.full((50, 60), level, np.uint8)
    np.testing.assert_array_equal(prepare_mark(page, (5, 5, 40, 45)), np.zeros((28, 28), np.uint8))


@pytest.mark.parametrize("shape", [(1, 1), (1, 60), (60, 1), (2, 3)])
def test_smallest_pages_have_a_mark(shape: tuple[int, int]) -> None:
    page = np.zeros(shape, np.uint8)
    page[-1, -1] = 255
    mark = prepare_mark(page, (0, 0, shape[1], shape[0]))
    assert (mark.shape, mark.dtype) == ((28, 28), np.uint8)


def test_long_side_is_twenty_pixels() -> None:
    """A bar that fills its box, in every direction and size."""
    for wide, high, shown in ((40, 10, (20, 5)), (10, 40, (5, 20)), (7, 7, (20, 20)), (300, 2, (20, 1))):
        page = np.full((400, 400), 255, np.uint8)
        page[50 : 50 + high, 50 : 50 + wide] = 0
        mark = prepare_mark(page, (50, 50, 50 + wide, 50 + high))
        rows, columns = np.flatnonzero(mark.any(axis=1)), np.flatnonzero(mark.any(axis=0))
        assert (len(columns), len(rows)) == shown


def test_faint_ink_stays_grey() -> None:
    """What is less than eight grey levels from its paper is hardly ink; noise is not stretched to full strokes."""
    page = write_seven(paper=200, ink=196)
    assert int(prepare_mark(page, SEVEN).max()) == (4 - 1) * 255 // 7


def test_paper_is_a_plane_through_the_margins() -> None:
    light = 100 + np.arange(60)[None, :] // 2 + np.zeros((60, 1), int)
    page = light.astype(np.uint8)
    page[22:38, 28:32] = 0
    # dark ink takes the level down by two; the slope is the light's
    assert (paper_level(page, (20, 20, 40, 40)) == light[20:40, 20:40] - 2).all()


def test_margins_that_differ_as_much_as_ink_are_no_slope_of_the_paper() -> None:
    page = np.full((60, 60), 200, np.uint8)
    page[:, :20] = 60  # another mark's ink fills the left margin
    page[25:35, 25:35] = 80
    assert (paper_level(page, (20, 20, 40, 40)) == 200).all()


def test_mark_whose_mass_is_beside_its_middle_is_moved() -> None:
    mark = np.zeros((20, 20), np.uint8)
    mark[:, :2] = 255
    picture = centre(mark)
    np.testing.assert_array_equal(np.flatnonzero(picture.any(axis=0)), [8, 9])  # no further than the square goes
    mark = np.zeros((20, 10), np.uint8)
    mark[:, 3] = 7
    picture = centre(mark)
    np.testing.assert_array_equal(np.flatnonzero(picture.any(axis=0)), [14])  # its centre of mass at 14.5
    assert (centre(np.zeros((20, 3), np.uint8)) == 0).all()


def test_ink_is_stretched_and_not_made_black_and_white() -> None:
    ink = np.zeros((8, 8), np.int64)
    ink[0, :7] = [100, 80, 80, 80, 80, 45, 10]  # full ink is the fifth highest of 64, paper an eighth of it
    np.testing.assert_array_equal(stretch(ink)[0, :8], [255, 255, 255, 255, 255, 35 * 255 // 70, 0, 0])


def test_ranks_are_those_of_sorted_values() -> None:
    values = np.array([[5, 1], [9, 3]])
    assert median(values) == 3
    assert [rank_from_top(values, rank) for rank in range(6)] == [9, 5, 3, 1, 1, 1]


def with_bar(x0: int, y0: int, x1: int, y1: int, page: np.ndarray, ink: int = 60) -> np.ndarray:
    page = page.copy()
    page[y0:y1, x0:x1] = ink
    return page


PAPER = np.full((100, 120), 200, np.uint8)
SIGN = with_bar(40, 30, 80, 34, with_bar(58, 30, 62, 70, with_bar(40, 66, 80, 70, PAPER)))  # like an I with its serifs
WHOLE = (40, 30, 80, 70)


@pytest.mark.parametrize("page", [SIGN, 255 - SIGN])
def test_box_that_cuts_strokes_off_is_widened_to_their_end(page: np.ndarray) -> None:
    assert widen(page, (43, 33, 77, 67)) == WHOLE
    assert widen(page, WHOLE) == WHOLE
    assert widen(page, (36, 26, 84, 74)) == (36, 26, 84, 74)  # it never shrinks


def test_ink_that_goes_on_beyond_an_eighth_widens_nothing() -> None:
    line = with_bar(0, 66, 120, 70, SIGN)
    assert widen(line, (42, 30, 78, 70)) == (42, 30, 78, 70)
    assert widen(SIGN, (47, 30, 73, 70)) == (47, 30, 73, 70)  # seven pixels to go, of which five are looked at


def test_fainter_lines_of_the_paper_are_not_ink() -> None:
    ruled = with_bar(82, 0, 83, 100, with_bar(40, 72, 80, 73, SIGN, ink=170), ink=170)
    assert widen(ruled, WHOLE) == WHOLE


def test_at_the_edge_of_the_page_a_box_stays_within_it() -> None:
    cut = SIGN[31:69, 41:79]
    assert widen(cut, (2, 2, 36, 36)) == (2, 2, 36, 36)  # nobody knows where its strokes end
    assert widen(cut, (0, 0, 38, 38)) == (0, 0, 38, 38)


@given(st.integers(0, 60), st.integers(0, 40), st.integers(1, 60), st.integers(1, 60), st.integers(0, 9))
def test_widened_box_holds_the_old_one_and_grows_by_an_eighth_at_most(
    x: int, y: int, wide: int, high: int, seed: int
) -> None:
    x0, y0, x1, y1 = widen(make_frame(seed, 120, 100), (x, y, x + wide, y + high))
    reach = max(2, max(wide, high) // 8)
    assert max(0, x - reach) <= x0 <= x
    assert max(0, y - reach) <= y0 <= y
    assert x + wide <= x1 <= min(120, x + wide + reach)
    assert y + high <= y1 <= min(100, y + high + reach)
