"""Where an exported file goes: checked beforehand, written beside, and renamed when it is proven."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from inklens.errors import ExportError, OutputError

# What each format can store, beside float32.
WEIGHTS = {".mlpackage": ("float16", "8bit", "6bit", "4bit"), ".mlmodel": ("float16",), ".onnx": ("float16", "8bit")}


def check_target(path: Path, weights: str | None) -> None:
    """Raises ExportError for a name or weights that no format has, OutputError where something else is already."""
    formats = ", ".join(WEIGHTS)
    if path.suffix not in WEIGHTS:
        raise ExportError(f"{path.name} does not say its format; expected a name that ends in one of {formats}")
    known = WEIGHTS[path.suffix]
    if weights not in (None, "float32", *known):
        takers = [suffix for suffix, widths in WEIGHTS.items() if weights in widths]
        instead = f"; {' and '.join(takers)} {'stores' if len(takers) == 1 else 'store'} {weights}" if takers else ""
        raise ExportError(f"{path.suffix} stores weights as float32, {', '.join(known)}, not {weights}{instead}")
    if path.suffix == ".mlpackage":
        if path.exists() and not (path / "Manifest.json").is_file():
            raise OutputError(f"{path} exists and is no .mlpackage; it is not replaced")
    elif path.is_dir():
        raise OutputError(f"{path} is a folder; expected the name of a file to write")


@contextlib.contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """A place beside `path` to write to, renamed to it when the block ends well and removed when it does not."""
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove(part)
        try:
            yield part
            move(part, path)
        finally:
            remove(part)
    except (FileExistsError, NotADirectoryError):
        raise OutputError(f"{path} cannot be written: {path.parent} is not a folder") from None
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from None


def move(part: Path, path: Path) -> None:
    """A file replaces a file at once. A folder cannot: the old one steps aside, and comes back if the new one fails."""
    if not path.is_dir():
        part.replace(path)
        return
    old = path.with_name(f".{path.stem}.{os.getpid()}.old{path.suffix}")
    remove(old)
    path.rename(old)
    try:
        part.rename(path)
    except OSError:
        old.rename(path)
        raise
    remove(old)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all in it, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
