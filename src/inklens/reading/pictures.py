"""Picture files to be read: which there are, what is on them, and the reading as text, rows and a picture."""

from __future__ import annotations

import glob
import warnings
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from inklens.data.pictures import DAMAGE, HEIC_SUFFIXES, Picture, to_picture
from inklens.errors import ImageError, OutputError
from inklens.reading.drawing import SURE
from inklens.reading.read import Mark, Orientation, Reading, read_page
from inklens.reading.reader import Reader
from inklens.writing import write_whole

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm", *HEIC_SUFFIXES)
"""Of the files in a folder that are taken for pictures; those that cannot be read are refused, not left out unseen."""
COLUMNS = ("image", "line", "place", "label", "confidence", "x0", "y0", "x1", "y1", "alternative", "probability")
"""What `csv_rows` gives for each mark: its line and place in it from 0, empty for a rejected one; the runner-up."""

_DRAWN_BY = ("Software", "inklens")  # in the files that we draw, so that no other file is ever replaced


def find_pictures(names: Sequence[str | Path]) -> list[Path]:
    """The picture files that are named: files as they are, a folder's pictures, what a pattern with * or ? matches.

    Those of a folder or a pattern are sorted by name; a folder's hidden files, such as the `._page.jpg` that a Mac
    leaves on foreign disks, and its inner folders are left out. Raises ImageError for a folder without pictures and a
    pattern that matches nothing; a file that does not exist is left to the reading.
    """
    found: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            try:
                inside = sorted(file for file in path.iterdir() if _is_picture(file))
            except OSError as error:
                raise ImageError(f"the folder {path} cannot be read: {error.strerror or error}.") from None
            if not inside:
                kinds = ", ".join(SUFFIXES[:3])
                raise ImageError(f"the folder {path} holds no picture; expected files such as {kinds}.")
            found += inside
        elif not path.exists() and glob.has_magic(str(name)):
            matches = sorted(Path(match) for match in glob.glob(str(name), recursive=True) if Path(match).is_file())
            if not matches:
                raise ImageError(f"no file matches {name}.")
            found += matches
        else:
            found.append(path)
    return found


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()


def to_page(picture: Image.Image) -> np.ndarray:
    """The luma of a picture, uint8 [height, width]: that of a phone's camera and of JPEG (BT.601), in whole numbers."""
    return np.asarray(picture.convert("L"))


def unread_pages(path: Path) -> int:
    """How many pages of a TIFF file come after the first, which alone is read; 0 for a file of any other kind."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they were for reading the first page
            with Image.open(path) as picture:
                return getattr(picture, "n_frames", 1) - 1 if picture.format == "TIFF" else 0
    except DAMAGE:  # after the first page
        return 0


def read_image(picture: Picture, reader: Reader, *, orientation: Orientation = "auto") -> Reading:
    """What is on a picture as people have it, see `to_picture`; the reading knows it, to be drawn over it."""
    return replace(read_page(to_page(to_picture(picture)), reader, orientation=orientation), picture=picture)


def read_files(
    paths: Iterable[Path],
    reader: Reader,
    *,
    orientation: Orientation = "auto",
    draw: Path | None = None,
    everything: bool = False,
) -> Iterator[tuple[Path, Reading | ImageError]]:
    """What is on each picture, one after the other; for one that cannot be read the error, and the others go on.

    draw: a folder for the pictures with what was read drawn over them. Raises OutputError where it cannot be written.
    """
    paths, taken = list(paths), set[Path]()
    originals = {path.resolve() for path in paths}
    for path in paths:
        try:
            reading = read_image(path, reader, orientation=orientation)
        except ImageError as error:
            yield path, error
            continue
        if draw is not None:
            save_drawing(draw, path, reading.draw(everything=everything), taken, originals)
        yield path, reading


def to_json(path: Path, reading: Reading, *, everything: bool = False) -> dict[str, Any]:
    """A file's reading as one line of JSON holds it; `everything` adds the rejected marks."""
    return {"image": str(path), **reading.to_json(everything=everything)}


def csv_rows(path: Path, reading: Reading, *, everything: bool = False) -> Iterator[tuple[object, ...]]:
    """One row a mark, in the order of COLUMNS."""
    for number, line in enumerate(reading.lines):
        for place, index in enumerate(line.marks):
            yield (str(path), number, place, *_cells(reading.marks[index]))
    for mark in reading.rejected if everything else ():
        yield (str(path), "", "", *_cells(mark))


def _cells(mark: Mark) -> tuple[object, ...]:
    runner_up, probability = mark.alternatives[0] if mark.alternatives else ("", 0.0)
    return (mark.label or "", round(mark.confidence, 4), *mark.box, runner_up, round(probability, 4))


def describe(path: Path, reading: Reading, *, everything: bool = False) -> str:
    """A file's reading for people: its lines, then every doubtful digit with its runner-up and place; `everything` adds
    the places that were rejected."""
    count = len(reading.marks)
    turned = f", turned by {reading.rotation}°" if reading.rotation else ""
    found = f"{count} digit{'' if count == 1 else 's'}" if count else "no digits"
    lines = [f"{path} ({reading.width} × {reading.height}{turned}): {found}"]
    lines += [f"    {line.text}" for line in reading.lines]
    for mark in reading.marks:
        if mark.confidence < SURE:
            other = f", or {mark.alternatives[0][0]} ({mark.alternatives[0][1]:.2f})" if mark.alternatives else ""
            lines.append(f"    unsure: {mark.label} ({mark.confidence:.2f}){other} at {mark.box[0]}, {mark.box[1]}")
    for mark in reading.rejected if everything else ():
        lines.append(f"    rejected ({mark.confidence:.2f}) at {mark.box[0]}, {mark.box[1]}")
    return "\n".join(lines)


def save_drawing(folder: Path, path: Path, picture: Image.Image, taken: set[Path], originals: Set[Path]) -> Path:
    """Write the drawn reading of the file `path` into a folder as `NAME.png`, numbered where that name is in `taken`.

    Adds the name to `taken`. Raises OutputError where it would replace one of the pictures that are read, whose
    resolved paths are `originals`, or any file but an earlier drawing, or cannot be written.
    """
    target, number = folder / f"{path.stem}.png", 1
    while target in taken:
        number += 1
        target = folder / f"{path.stem}-{number}.png"
    if target.resolve() in originals:
        raise OutputError(f"{target} is itself one of the pictures to read; draw into another folder.")
    if target.is_file() and not _is_drawing(target):
        raise OutputError(f"{target} is there already and is no earlier drawing; draw into another folder.")
    about = PngImagePlugin.PngInfo()
    about.add_text(*_DRAWN_BY)
    write_whole(target, lambda part: picture.save(part, format="PNG", pnginfo=about))
    taken.add(target)
    return target


def _is_drawing(path: Path) -> bool:
    """Whether a file begins as those that we draw; nothing of the picture is decoded."""
    try:
        with path.open("rb") as file:
            return "\0".join(_DRAWN_BY).encode() in file.read(200)
    except OSError:
        return False
