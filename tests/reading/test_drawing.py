"""A reading drawn on its picture: by `draw`, and in a notebook."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inklens.errors import ImageError
from inklens.reading.drawing import draw_marks
from inklens.reading.pictures import read_image
from inklens.reading.read import Reading, read_page
from tests.reading.readers import block_page, block_reader

PAGE = block_page((5, 40, 40), (7, 66, 42))
DOUBTFUL, REJECTED = (225, 110, 0), (140, 140, 140)


def shown(reading: Reading) -> Image.Image:
    """The picture on a notebook's page of a reading."""
    [data] = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', reading._repr_html_())
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_reading_says_itself_in_a_line_and_its_text_when_printed() -> None:
    reading = read_image(PAGE, block_reader())
    assert repr(reading) == "<Reading of 320 × 240: 2 digits in 1 line>"
    assert str(reading) == "57"


def test_boxes_of_the_marks_are_drawn_and_the_picture_stays() -> None:
    before = PAGE.copy()
    drawn = np.asarray(read_image(PAGE, block_reader()).draw())
    assert (drawn == DOUBTFUL).all(axis=2).sum() > 100
    assert (before == PAGE).all()


def test_rejected_marks_are_drawn_where_everything_is_asked_for() -> None:
    reading = read_image(PAGE, block_reader(doubt=1.0))
    assert len(reading.rejected) == 2
    counts = [(np.asarray(reading.draw(everything=asked)) == REJECTED).all(axis=2).sum() for asked in (False, True)]
    assert counts[0] == 0
    assert counts[1] > 100


def test_no_marks_leave_the_picture_as_it_is() -> None:
    assert (np.asarray(draw_marks(Image.fromarray(PAGE), ())) == PAGE[..., None]).all()


def test_notebook_shows_the_drawn_picture_no_larger_than_a_screen(tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    Image.fromarray(PAGE).resize((3200, 2400)).save(large)
    reading = read_page(PAGE, block_reader())
    assert reading._repr_html_() == "<pre>57</pre>"
    assert shown(read_image(PAGE, block_reader())).size == (320, 240)
    assert shown(read_image(large, block_reader())).size == (1000, 750)


def test_picture_that_is_gone_leaves_the_text(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    Image.fromarray(PAGE).save(path)
    reading = read_image(path, block_reader())
    path.unlink()
    assert reading._repr_html_() == "<pre>57</pre>"
    with pytest.raises(ImageError, match=r"page\.png does not exist"):
        reading.draw()


def test_page_without_a_picture_cannot_be_drawn_on() -> None:
    with pytest.raises(ImageError, match=r"^this reading knows no picture to draw on; `inklens\.read` gives one"):
        read_page(PAGE, block_reader()).draw()
