"""Fixtures of the renderer's tests: a hand that writes evenly, and fonts that are there on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from inklens.rendering import fonts
from inklens.rendering.fonts import FontFile
from inklens.rendering.hands import Hand, draw_hand
from inklens.rendering.negatives import NEGATIVES
from inklens.rendering.sheet import Sheet


@pytest.fixture
def hand() -> Hand:
    return draw_hand(np.random.default_rng(0), (0.04, 0.05), frozenset({"strokes"}))


@pytest.fixture
def sheet(hand: Hand) -> Sheet:
    """An empty sheet of 320 × 240 on which our own strokes are written."""
    return Sheet(np.random.default_rng(1), 320, 240, hand, None, frozenset(NEGATIVES))


@pytest.fixture
def bundled_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FontFile, ...]]:
    """Two fonts that Matplotlib brings along stand for the Debian packages."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    listed = tuple(
        FontFile("fonts-test", "1", "free", style, path, hashlib.sha256(path.read_bytes()).hexdigest())
        for style, path in (("hand", folder / "DejaVuSans.ttf"), ("type", folder / "DejaVuSerif.ttf"))
    )
    monkeypatch.setattr(fonts, "listed_fonts", lambda: listed)
    fonts.load_faces.cache_clear()
    yield listed
    fonts.load_faces.cache_clear()
