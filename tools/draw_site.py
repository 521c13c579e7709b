"""Draw what the page shows where it has nothing to read: icons, a sample page, and digits to be written by key.

python tools/draw_site.py
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from inklens.apps.samples import Written, draw_icon, draw_page
from inklens.rendering.strokes import load_skeletons
from inklens.writing import write_whole

WEB = Path(__file__).parent.parent / "src" / "inklens" / "apps" / "web"
LINES = ("3141", "5926", "5358")


def sample_page() -> np.ndarray:
    """A page uint8 [480, 640] of twelve digits in three lines."""
    digits = [
        Written(
            character, 90 + 124 * column + 9 * (row % 2), 36 + 146 * row + 5 * (column % 2), 104, _way(character, row)
        )
        for row, line in enumerate(LINES)
        for column, character in enumerate(line)
    ]
    return draw_page(digits, paper=232, ink=44, pen=8, shade=26)


def _way(character: str, row: int) -> int:
    """Which way to write a digit; a 1 has a curved flag, since a bare stroke may as well be a line of a form."""
    return 5 if character == "1" else row


def digit_strokes() -> str:
    """How the page writes each digit: its strokes, points x and y in hundredths of its height."""
    digits = []
    for digit in range(10):
        skeleton = next(way for way in load_skeletons()[str(digit)] if digit != 1 or way.variant == "flag-curved")
        strokes = [np.rint((curve @ skeleton.controls + [0, 1]) * 100).astype(int) for curve in skeleton.curves]
        digits.append([stroke.tolist() for stroke in strokes])
    rows = ",\n".join(json.dumps(strokes, separators=(",", ":")) for strokes in digits)
    return f"[\n{rows}\n]\n"


def main() -> None:
    """Write every file."""
    icon = draw_icon()
    pictures = {f"icon-{side}.png": icon.resize((side, side), Image.Resampling.LANCZOS) for side in (192, 512)}
    pictures["sample.png"] = Image.fromarray(sample_page()).quantize(64)
    for name, picture in pictures.items():
        write_whole(WEB / name, lambda part, picture=picture: picture.save(part, "PNG", optimize=True))
    write_whole(WEB / "digits.json", lambda part: part.write_text(digit_strokes(), encoding="utf-8"))
    for path in [*sorted(WEB.glob("*.png")), WEB / "digits.json"]:
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
