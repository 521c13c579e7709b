"""What a notebook shows of a report: its figures as a table, and pictures with a line of words each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

import numpy as np
from PIL import Image

from inklens.data.pictures import data_address

SIDE = 56  # pixels of a digit on the screen, twice its own


def notebook_page(title: str, figures: Mapping[str, str], pictures: Iterable[tuple[np.ndarray, str]]) -> str:
    """An HTML element without scripts or requests. pictures: uint8 [28, 28], ink bright on 0, with their words."""
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in figures.items())
    digits = "".join(_digit(image, words) for image, words in pictures)
    return (
        f"<div><strong>{escape(title)}</strong><table>{rows}</table>"
        f'<div style="display:flex;flex-wrap:wrap;gap:8px">{digits}</div></div>'
    )


def _digit(image: np.ndarray, words: str) -> str:
    address = data_address(Image.fromarray(image))
    return (
        f'<figure style="margin:0;text-align:center"><img src="{address}" width="{SIDE}" height="{SIDE}" alt="" '
        f'style="image-rendering:pixelated"><figcaption><small>{escape(words)}</small></figcaption></figure>'
    )
