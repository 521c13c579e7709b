from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inklens.errors import ImageError
from inklens.reading.read import Line, Reading, arrange, read_page
from tests.reading.readers import block_page, block_reader, locate_blocks

PAGE = block_page((5, 40, 40), (7, 66, 42), (1, 92, 38), (2, 200, 40), (3, 60, 140), (4, 86, 140))


def near(box: tuple[int, int, int, int], wanted: tuple[int, int, int, int]) -> bool:
    return int(np.abs(np.subtract(box, wanted)).max()) <= 2


def test_page_is_read_line_by_line() -> None:
    reading = read_page(PAGE, block_reader())
    assert (reading.width, reading.height, reading.rotation) == (320, 240, 0)
    assert "".join(mark.label or "" for mark in reading.marks) == "571234"
    assert reading.text == "571 2\n34"
    assert [line.marks for line in reading.lines] == [(0, 1, 2, 3), (4, 5)]
    assert near(reading.marks[0].box, (40, 40, 60, 70))


def test_json_is_what_scripts_rely_on() -> None:
    reading = read_page(block_page((5, 40, 40)), block_reader())
    values = reading.to_json()
    assert list(values) == ["width", "height", "rotation", "marks", "lines"]
    assert (values["width"], values["height"], values["rotation"]) == (320, 240, 0)
    assert values["lines"] == [{"text": "5", "marks": [0]}]
    [mark] = values["marks"]
    assert list(mark) == ["label", "confidence", "box", "alternatives"]
    assert mark["label"] == "5"
    assert mark["confidence"] == pytest.approx(0.778, abs=1e-3)
    assert [label for label, _ in mark["alternatives"]] == ["0", "1", "2"]


def test_rejected_marks_are_told_where_asked_for() -> None:
    reading = read_page(block_page((5, 40, 40)), block_reader(doubt=1.0))
    assert (reading.marks, reading.lines, len(reading.rejected)) == ((), (), 1)
    assert reading.to_json()["marks"] == []
    [mark] = reading.to_json(everything=True)["marks"]
    assert mark["label"] is None


def test_blank_page_says_nothing() -> None:
    for shape in ((240, 320), (1, 1), (1, 700), (900, 2)):
        assert read_page(np.full(shape, 230, np.uint8), block_reader()) == Reading(shape[1], shape[0], (), ())
    assert arrange([], 3, 4) == Reading(3, 4, (), ())


def locate_upright(picture: np.ndarray) -> np.ndarray:
    """A locator that sees blocks only on pages with a bar at the bottom."""
    maps = locate_blocks(picture)
    wide = picture.shape[1] > picture.shape[0]
    ground = (picture == 150).any(axis=1).nonzero()[0]
    if not wide or not len(ground) or ground.mean() < picture.shape[0] / 2:
        maps[0] = -9
    return maps


def page_with_bar(*marks: tuple[int, int, int]) -> np.ndarray:
    page = block_page(*marks, size=(640, 480))
    page[440:450, 20:600] = 150
    return page


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turned_page_is_noticed_and_its_boxes_stay_on_the_page_as_given(quarters: int) -> None:
    reader = replace(block_reader(), locate=locate_upright)
    page = page_with_bar((5, 40, 40), (7, 66, 40), (5, 92, 40), (7, 118, 40))
    upright = read_page(page, reader, orientation="auto", closer=False)
    assert (upright.rotation, upright.text) == (0, "5757")
    turned = read_page(np.ascontiguousarray(np.rot90(page, quarters)), reader, orientation="auto", closer=False)
    assert (turned.rotation, turned.text) == (90 * quarters, "5757")
    assert (turned.width, turned.height) == ((480, 640) if quarters % 2 else (640, 480))
    wanted = {1: (40, 580, 70, 600), 2: (580, 410, 600, 440), 3: (410, 40, 440, 60)}[quarters]
    assert near(turned.marks[0].box, wanted)
    kept = read_page(np.ascontiguousarray(np.rot90(page, quarters)), reader, closer=False)
    assert (kept.rotation, kept.marks) == (0, ())


def test_one_doubtful_mark_turns_no_page() -> None:
    reader = replace(block_reader(), locate=locate_upright)
    page = np.ascontiguousarray(np.rot90(page_with_bar((5, 40, 40))))
    assert read_page(page, reader, closer=False).marks == ()
    turned = read_page(page, reader, orientation="auto", closer=False)
    assert (turned.rotation, turned.marks) == (0, ())


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (np.zeros((4, 5, 3), np.uint8), r"a page is uint8 \[height, width\], not uint8 \[4, 5, 3\]"),
        (np.zeros((4, 5)), r"not float64 \[4, 5\]"),
        (np.zeros((0, 5), np.uint8), r"not uint8 \[0, 5\]"),
    ],
)
def test_array_of_another_kind_is_refused(page: np.ndarray, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        read_page(page, block_reader())


def test_line_keeps_its_text_and_marks() -> None:
    assert Line("57", (0, 1)) == Line(text="57", marks=(0, 1))
