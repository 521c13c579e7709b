from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inklens.rendering.preview import draw_sheet, look_pages
from inklens.rendering.render import RenderOptions, render_pages


def test_sheet_shows_pages_in_rows_with_their_boxes() -> None:
    options = RenderOptions(width=100, height=80, heights=(15.0, 40.0), blank=0.0, without=frozenset({"print"}))
    pages = list(render_pages(3, options, seed=1))
    bare, framed = (np.asarray(draw_sheet(pages, columns=2, truth=truth)) for truth in (False, True))
    assert bare.shape == framed.shape == (2 * 86 + 6, 2 * 106 + 6, 3)
    np.testing.assert_array_equal(bare[6:86, 6:106, 0], pages[0].page)
    assert not np.array_equal(bare, framed)


@pytest.mark.usefixtures("bundled_fonts")
def test_look_writes_the_same_pictures_for_a_seed(tmp_path: Path) -> None:
    first, second = look_pages(tmp_path / "a", 3, count=2), look_pages(tmp_path / "b", 3, count=2)
    assert [path.name for path in first] == ["pages-clean.png", "pages-half.png", "pages-dirty.png", "pages-plain.png"]
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()
        assert Image.open(one).size == (4 * 326 + 6, 246 + 6)
