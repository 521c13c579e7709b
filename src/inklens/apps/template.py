"""The files of the iPhone project that `inklens app` copies."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

# what Xcode, SwiftPM and the Finder leave in a folder that somebody worked in
_LEFTOVERS = {".build", ".swiftpm", ".DS_Store", "DerivedData", "xcuserdata", "__pycache__"}


def template_files() -> Iterator[tuple[str, Path]]:
    """Every file of the template by its path below it, in order."""
    root = Path(str(resources.files("inklens.apps").joinpath("ios")))
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_file() and not _LEFTOVERS & set(relative.parts):
            yield relative.as_posix(), path
