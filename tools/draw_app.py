"""Draw the pictures of the iPhone app that are kept in the repository: its icon and its sample pages.

python tools/draw_app.py
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from inklens.apps.samples import draw_icon, sample_pages
from inklens.writing import write_whole

APP = Path(__file__).parent.parent / "src" / "inklens" / "apps" / "ios" / "Inklens"


def main() -> None:
    """Write every picture."""
    pictures = {"Assets.xcassets/AppIcon.appiconset/icon.png": draw_icon()}
    for number, page in enumerate(sample_pages(), 1):
        pictures[f"Samples/sample-{number}.png"] = Image.fromarray(page)
    for name, picture in pictures.items():
        write_whole(APP / name, lambda part, picture=picture: picture.save(part, "PNG", optimize=True))
        print(f"{name}: {(APP / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
