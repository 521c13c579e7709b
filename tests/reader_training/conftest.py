"""Fonts that are there on every machine, as in the renderer's tests."""

from tests.rendering.conftest import bundled_fonts

__all__ = ["bundled_fonts"]
