from __future__ import annotations

import numpy as np

from inklens.rendering.camera import Damage, View
from inklens.rendering.compose import Shot, draw_marks
from inklens.rendering.sheet import DIGIT, IGNORE, NEGATIVE, Sheet
from inklens.rendering.truth import RenderedPage, describe, overlaps

PAGE = (240, 320)


def see(sheet: Sheet, contrast: float | np.ndarray = 150.0, damage: Damage | None = None) -> RenderedPage:
    """What is true of the sheet on a picture that is sharp and clear unless said otherwise."""
    field = np.broadcast_to(np.asarray(contrast, np.float32), PAGE)
    shot = Shot(np.zeros((*PAGE, 1), np.uint8), field, damage or Damage())
    return describe(shot, draw_marks(sheet, View(np.eye(3)), PAGE).drawn, {})


def test_digits_of_a_number_are_a_string_and_signs_are_negatives(sheet: Sheet) -> None:
    sheet.write("12+7", 20, 100, 40)
    page = see(sheet)
    assert page.labels.tolist() == [1, 2, 7]
    assert page.lines == ((0, 1, 2),)
    assert page.strings == ((0, 1), (2,))
    assert page.families == ("operators",)
    assert len(page.ignore) == 0


def test_letters_that_look_like_digits_are_ignored_and_others_are_none(sheet: Sheet) -> None:
    sheet.write("OIZ|lSBgq", 10, 100, 30)
    sheet.write("AkW(/", 10, 200, 30)
    page = see(sheet)
    assert [mark.role for mark in sheet.marks] == [IGNORE] * 9 + [NEGATIVE] * 5
    assert (len(page.boxes), len(page.ignore), len(page.negatives)) == (0, 9, 5)
    assert page.families == ("letters", "letters", "letters", "brackets", "slashes")


def test_digit_cut_off_by_the_page_is_ignored_with_what_shows_of_it(sheet: Sheet) -> None:
    sheet.write("8", 305, 100, 40)
    page = see(sheet)
    assert len(page.boxes) == 0
    assert page.ignore[0, 2] == 320


def test_string_with_an_unreadable_digit_is_left_out(sheet: Sheet) -> None:
    sheet.write("88888888888888", 200, 100, 40)
    page = see(sheet)
    assert len(page.boxes) > 1
    assert len(page.ignore) == 1
    assert page.strings == ()
    assert page.lines == (tuple(range(len(page.boxes))),)


def test_digit_under_a_crossing_out_is_ignored(sheet: Sheet) -> None:
    sheet.write("5 5", 40, 100, 40, gap=1.0)
    left, top, right, bottom = sheet.marks[0].box()
    sheet.draw([np.array([[left, top], [right, bottom]])], "crossings", 2, struck=True)
    page = see(sheet)
    assert page.labels.tolist() == [5]
    assert page.boxes[0, 0] > right
    assert len(page.ignore) == 1


def test_digits_over_one_another_are_both_ignored(sheet: Sheet) -> None:
    sheet.write("8", 100, 100, 40)
    sheet.write("3", 102, 101, 40)
    page = see(sheet)
    assert len(page.boxes) == 0
    assert len(page.ignore) == 2


def test_faint_small_blurred_and_noisy_digits_are_ignored(sheet: Sheet) -> None:
    sheet.write("6", 100, 100, 40)
    assert len(see(sheet).boxes) == 1
    assert len(see(sheet, contrast=6).ignore) == 1
    assert len(see(sheet, damage=Damage(blur=8)).ignore) == 1
    assert len(see(sheet, contrast=20, damage=Damage(noise=25)).ignore) == 1
    sheet.marks.clear()
    sheet.write("6", 100, 100, 5)
    assert len(see(sheet).ignore) == 1


def test_digit_half_under_a_finger_is_ignored(sheet: Sheet) -> None:
    sheet.write("6", 100, 100, 60)
    contrast = np.full(PAGE, 150, np.float32)
    contrast[70:] = 0
    assert len(see(sheet, contrast=contrast).ignore) == 1


def test_touching_digits_stay_digits(sheet: Sheet) -> None:
    sheet.write("358", 60, 100, 50, gap=-0.02)
    page = see(sheet)
    assert page.labels.tolist() == [3, 5, 8]
    assert all(mark.role == DIGIT for mark in sheet.marks)


def test_overlaps_are_shares_of_the_first_box() -> None:
    boxes = np.array([[0, 0, 10, 10]])
    others = np.array([[5, 0, 15, 10], [20, 20, 30, 30], [0, 0, 40, 40]])
    assert overlaps(boxes, others).tolist() == [[0.5, 0.0, 1.0]]
