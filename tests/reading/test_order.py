"""Lines and numbers of pages that can be drawn from their boxes; the sheets of `orders.py` hold more of them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inklens.reading.golden.orders import SHEETS, order_vectors
from inklens.reading.order import find_strings, join_strings

Box = tuple[int, int, int, int]
Marks = list[tuple[str, Box]]


def number(digits: str, x: int, y: int, *, high: int = 20, gap: int = 4) -> Marks:
    """Digits 12 of 20 as wide as high, side by side from (x, y), their upper left corner."""
    step = high * 12 // 20 + gap
    return [
        (digit, (x + place * step, y, x + place * step + high * 12 // 20, y + high))
        for place, digit in enumerate(digits)
    ]


def slope(marks: Marks, rise: float, pinch: float = 0.0) -> Marks:
    """Marks shifted down by `rise` pixels a pixel to the right, and by `pinch` more for those further down."""

    def shift(box: Box) -> Box:
        down = round((box[0] + box[2]) / 2 * (rise + pinch * box[1] / 100))
        return box[0], box[1] + down, box[2], box[3] + down

    return [(label, shift(box)) for label, box in marks]


def read(marks: Marks) -> list[str]:
    labels = [label for label, _ in marks]
    return [join_strings(line, labels) for line in find_strings([box for _, box in marks])]


def test_page_without_digits_has_no_lines() -> None:
    assert find_strings([]) == []
    assert find_strings(np.zeros((0, 4), np.int64)) == []


def test_one_digit_is_a_line() -> None:
    assert find_strings([(5, 5, 20, 40)]) == [[[0]]]


def test_arrays_of_any_whole_numbers_give_plain_indices() -> None:
    boxes = np.array([[40, 0, 52, 20], [0, 0, 12, 20]], np.int32)
    assert json.dumps(find_strings(boxes)) == "[[[1], [0]]]"


def test_digits_set_closely_are_one_number_and_an_operator_between_parts_them() -> None:
    assert read(number("57", 0, 0) + number("12", 60, 0) + number("8", 116, 0)) == ["57 12 8"]


def test_loose_writer_has_wider_gaps_within_numbers_than_a_tight_one_between_them() -> None:
    tight = number("12", 0, 0, gap=1) + number("34", 35, 0, gap=1) + number("56", 70, 0, gap=1)  # 10 between numbers
    loose = number("123", 0, 0, gap=8) + number("456", 84, 0, gap=8)  # 8 within numbers, 32 between
    assert read(tight) == ["12 34 56"]
    assert read(loose) == ["123 456"]
    assert read(number("123456", 0, 0, gap=10)) == ["123456"]


def test_digits_over_one_another_by_a_little_are_in_order() -> None:
    assert read(number("903", 0, 0, gap=-3)) == ["903"]


@pytest.mark.parametrize("rise", [-0.36, -0.2, -0.05, 0.05, 0.2, 0.36])
def test_lines_of_a_page_tilted_by_up_to_20_degrees_are_read_apart(rise: float) -> None:
    marks = [
        mark
        for y in (0, 30, 60)
        for mark in number("31", 0, y) + number("415", 60, y) + number("9", 150, y) + number("26", 200, y)
    ]
    assert read(slope(marks, rise)) == ["31 415 9 26"] * 3


def test_lines_that_spread_by_perspective_are_followed() -> None:
    marks = [
        mark for y in range(0, 200, 40) for mark in number("31", 0, y) + number("415", 80, y) + number("926", 170, y)
    ]
    assert read(slope(marks, -0.1, pinch=0.08)) == ["31 415 926"] * 5


def test_columns_whose_rows_do_not_line_up_are_read_one_after_the_other() -> None:
    left = number("12", 0, 0) + number("34", 0, 30) + number("46", 0, 60)
    right = number("345", 120, 14) + number("123", 120, 48) + number("222", 120, 82)
    assert read(left + right) == ["12", "34", "46", "345", "123", "222"]


def test_columns_whose_rows_line_up_are_a_table_read_by_rows() -> None:
    left = number("12", 0, 0) + number("34", 0, 40) + number("46", 0, 80)
    right = number("345", 120, 2) + number("123", 120, 37) + number("222", 120, 81)
    assert read(left + right) == ["12 345", "34 123", "46 222"]


def test_empty_cells_of_a_table_leave_its_rows_alone() -> None:
    top = number("1", 0, 0) + number("2", 60, 0) + number("3", 120, 0)
    assert read(top + number("4", 0, 40) + number("6", 120, 40) + number("8", 60, 80)) == ["1 2 3", "4 6", "8"]


def test_sum_in_columns_is_one_line_a_number() -> None:
    assert read(number("47", 16, 0) + number("385", 0, 30) + number("432", 0, 66)) == ["47", "385", "432"]


@pytest.mark.parametrize("top", [-4, 28])
def test_raised_or_lowered_digit_stays_on_its_line_as_a_number_of_its_own(top: int) -> None:
    marks = number("7", 0, 0, high=40) + number("2", 25, top, high=20) + number("15", 60, 0, high=40)
    assert read(marks) == ["7 2 15"]


def test_digits_above_one_another_are_two_lines_as_in_a_fraction() -> None:
    assert read(number("1", 8, 0) + number("25", 0, 30) + number("3", 60, 0) + number("4", 60, 30)) == ["1 3", "25 4"]


def test_whole_number_joins_the_nearer_half_of_a_fraction() -> None:
    assert read(number("5", 0, 10, high=28) + number("1", 40, 0) + number("2", 40, 32)) == ["5 1", "2"]


def test_small_numbers_under_large_ones_are_lines_of_their_own() -> None:
    marks = number("19", 0, 0, high=90, gap=10) + number("2024", 10, 110, high=18)
    assert read(marks) == ["19", "2024"]


def test_long_row_of_digits_at_even_wide_steps_is_single_digits() -> None:
    assert read(number("4444444", 0, 0, gap=9)) == ["4 4 4 4 4 4 4"]
    assert read(number("444444", 0, 0, gap=9)) == ["444444"]
    assert read(number("0123456789", 0, 0, gap=4)) == ["0123456789"]


def test_one_step_in_ten_of_a_row_of_single_digits_may_be_wider() -> None:
    row = number("4444444444444", 0, 0, gap=9)
    assert read(row[:4] + row[6:]) == ["4 4 4 4 4 4 4 4 4 4 4"]
    assert read(row[:4] + row[6:12]) == ["4444 444444"]


def test_page_of_220_digits_has_ten_lines() -> None:
    marks = [mark for row in range(10) for mark in number(str(row) * 22, 70, 80 + 50 * row, gap=22)]
    assert read(marks) == [" ".join(str(row) * 22) for row in range(10)]


def test_golden_sheets_are_read_as_a_person_reads_them() -> None:
    read_as = {
        vector["name"]: tuple(join_strings(line, vector["labels"]) for line in find_strings(vector["boxes"]))
        for vector in order_vectors()
    }
    assert read_as == {sheet.name: sheet.texts for sheet in SHEETS}
    assert len(read_as) == len(SHEETS) == 11


def test_golden_sheets_have_every_digit_once_and_in_no_order() -> None:
    for vector in order_vectors():
        assert sorted(vector["labels"]) == sorted("".join(vector["texts"]).replace(" ", ""))
        assert len(vector["boxes"]) == len(vector["labels"])
        assert all(x1 > x0 >= 0 and y1 > y0 >= 0 for x0, y0, x1, y1 in vector["boxes"])
        assert [index for line in vector["strings"] for one in line for index in one] != [*range(len(vector["boxes"]))]


@st.composite
def pages(draw: st.DrawFn) -> list[Box]:
    """Boxes anywhere, crowded and of any shape, no two of them the same."""
    corner = st.integers(0, draw(st.sampled_from([30, 300, 3000])))
    side = st.integers(1, draw(st.sampled_from([8, 60, 400])))
    places = draw(st.lists(st.tuples(corner, corner, side, side), max_size=40, unique=True))
    return [(x, y, x + wide, y + high) for x, y, wide, high in places]


@given(pages())
def test_every_digit_stands_in_one_string(boxes: list[Box]) -> None:
    strings = find_strings(boxes)
    assert sorted(index for line in strings for string in line for index in string) == list(range(len(boxes)))
    assert all(string for line in strings for string in line)


@given(pages(), st.randoms(use_true_random=False))
def test_order_in_which_boxes_come_only_renames_them(boxes: list[Box], random: Any) -> None:
    order = list(range(len(boxes)))
    random.shuffle(order)
    shuffled = find_strings([boxes[index] for index in order])
    assert [[[order[index] for index in string] for string in line] for line in shuffled] == find_strings(boxes)


@given(pages(), st.integers(-500, 500), st.integers(-500, 500))
def test_page_three_times_as_large_or_moved_is_read_alike(boxes: list[Box], right: int, down: int) -> None:
    strings = find_strings(boxes)
    assert find_strings([(3 * x0, 3 * y0, 3 * x1, 3 * y1) for x0, y0, x1, y1 in boxes]) == strings
    assert find_strings([(x0 + right, y0 + down, x1 + right, y1 + down) for x0, y0, x1, y1 in boxes]) == strings
