from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inklens.errors import DataError
from inklens.rendering import fonts
from inklens.rendering.fonts import Face, FontFile, check_fonts, listed_fonts
from inklens.rendering.hands import LOOKALIKES
from inklens.rendering.negatives import NEGATIVES
from inklens.rendering.render import RenderOptions, render_page
from inklens.rendering.sheet import IGNORE, NEGATIVE, Sheet


def test_list_pins_version_licence_and_bytes_of_every_font() -> None:
    listed = fonts.listed_fonts()
    assert len(listed) >= 20
    for font in listed:
        assert font.package.startswith("fonts-")
        assert font.version[0].isdigit()
        assert font.licence in {"OFL-1.1", "Bitstream-Vera"}
        assert font.style in {"hand", "type"}
        assert font.path.is_absolute()
        assert re.fullmatch("[0-9a-f]{64}", font.sha256)


def test_missing_font_stops_with_its_package(bundled_fonts: tuple[FontFile, ...], tmp_path: Path) -> None:
    lost = replace(bundled_fonts[0], package="fonts-lost", path=tmp_path / "lost.ttf")
    with pytest.raises(DataError) as caught:
        check_fonts((lost, bundled_fonts[1]))
    assert str(caught.value) == (
        f"fonts for rendering are missing or different: fonts-lost ({tmp_path / 'lost.ttf'} is missing). "
        "Install them with apt-get install fonts-lost, or leave the generator `print` out."
    )


def test_font_with_other_bytes_is_named_with_the_version_expected(bundled_fonts: tuple[FontFile, ...]) -> None:
    with pytest.raises(DataError, match=r"fonts-test \(expected version 1; .*DejaVuSans.ttf has SHA-256 [0-9a-f]{64}"):
        check_fonts((replace(bundled_fonts[0], sha256="0" * 64),))


def test_missing_font_stops_a_page_that_may_have_print(
    bundled_fonts: tuple[FontFile, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lost = replace(bundled_fonts[0], package="fonts-lost", path=tmp_path / "lost.ttf")
    monkeypatch.setattr(fonts, "listed_fonts", lambda: (lost,))
    with pytest.raises(DataError, match="apt-get install fonts-lost"):
        render_page(np.random.default_rng(0))
    render_page(np.random.default_rng(0), RenderOptions(without=frozenset({"print"})))


def test_letters_are_outlines_on_the_baseline(bundled_fonts: tuple[FontFile, ...]) -> None:
    face = Face(bundled_fonts[0])
    found = face.glyph("H")
    assert found is not None
    glyph, advance = found
    left, top, right, bottom = glyph.bounds()
    assert glyph.filled
    assert (top, bottom) == (-1, 0)
    assert 0.5 < right - left < advance < 1.3
    assert face.glyph("\u4e00") is None
    ring = face.glyph("O")
    assert ring is not None
    assert len(ring[0].strokes) == 2


@pytest.mark.usefixtures("bundled_fonts")
def test_printed_lookalikes_are_ignored_and_other_letters_are_none(sheet: Sheet) -> None:
    add = NEGATIVES["print"][0]
    assert add is not None
    roles = set()
    for _ in range(40):
        sheet.marks.clear()
        add(sheet, 20)
        roles |= {mark.role for mark in sheet.marks}
        assert all(mark.family == "print" and mark.label == -1 for mark in sheet.marks)
    assert roles == {IGNORE, NEGATIVE}
    assert set("OoIl|SsZzBbgq0123456789") <= LOOKALIKES


def test_installed_fonts_are_the_listed_ones() -> None:
    present = tuple(font for font in listed_fonts() if font.path.exists())
    if not present:
        pytest.skip("none of the listed Debian font packages is installed")
    check_fonts(present)
