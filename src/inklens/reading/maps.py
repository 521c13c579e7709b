"""What the locator answers: maps of a page, one value of each for every cell of it."""

from __future__ import annotations

STRIDE = 4  # pixels of the page for one cell of the maps
UNIT = 16.0  # pixels; sizes are e to the power of their map, in these
DIGITS = tuple("0123456789")
CHANNELS = ("centre", "right", "down", "log_width", "log_height", *DIGITS)
"""What each map holds: logit of a centre; its place from the cell's middle in cells; sizes; logits of the digits."""
