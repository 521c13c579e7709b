"""Labelled photos: a folder of pictures with `labels.json`, which says what is written on them and where.

    [{"file": "bill.jpg", "digits": [{"label": "7", "box": [29, 121, 88, 203]}], "ignore": [[115, 134, 157, 178]],
      "tags": ["pencil"]}]

A box is x0, y0, x1, y1 in pixels of the upright picture (EXIF applied), the last two exclusive. `ignore` has a box for
handwriting that is no digit; it and `tags` may be left out, other keys are not read.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inklens.errors import DataError

LABELS = "labels.json"
_EXPECTED = (
    '[{"file": "a.jpg", "digits": [{"label": "7", "box": [x0, y0, x1, y1]}], "ignore": [[x0, y0, x1, y1]], "tags": []}]'
)
_SHOWN = 5  # mistakes that one message tells


@dataclass(frozen=True)
class LabelledPhoto:
    """A picture file with the digits on it and other handwriting; boxes int64 [n, 4] as in `labels.json`."""

    path: Path
    boxes: np.ndarray
    labels: tuple[str, ...]
    others: np.ndarray
    tags: tuple[str, ...]


def load_labels(folder: str | Path, known: tuple[str, ...]) -> list[LabelledPhoto]:
    """The photos of a folder in the order of its `labels.json`; `known` are the labels that a reader can say.

    Raises DataError that names every mistake in the file, up to five, and pictures that are not there.
    """
    path = Path(folder) / LABELS
    try:
        entries = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"there is no {path}; expected a folder with photos and a {LABELS} such as {_EXPECTED}"
        ) from None
    except NotADirectoryError:
        raise DataError(f"{folder} is a file; expected a folder with photos and a {LABELS}.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is no text in UTF-8; expected JSON such as {_EXPECTED}") from None
    except json.JSONDecodeError as error:
        raise DataError(f"{path} is no JSON: {error.msg} in line {error.lineno}; expected {_EXPECTED}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    if not isinstance(entries, list) or not entries:
        raise DataError(f"{path} holds {_kind(entries)}; expected a list with an entry for each photo: {_EXPECTED}")
    problems: list[str] = []
    photos = [_read_photo(Path(folder), number, entry, known, problems) for number, entry in enumerate(entries, 1)]
    names = [photo.path for photo in photos if photo]
    problems += sorted({f"{name.name} is listed more than once" for name in names if names.count(name) > 1})
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise DataError(f"{path}: {'; '.join(problems[:_SHOWN])}{more}.")
    return [photo for photo in photos if photo]


def check_inside(photo: LabelledPhoto, width: int, height: int) -> None:
    """Raise DataError if a box reaches beyond the picture, as boxes of a picture that lies on its side do."""
    for box in np.concatenate([photo.boxes, photo.others]).tolist():
        if box[0] < 0 or box[1] < 0 or box[2] > width or box[3] > height:
            raise DataError(
                f"{photo.path.name}: the box {box} reaches beyond the picture, which has {width} × {height} pixels "
                "when it is upright (EXIF applied)."
            )


def _read_photo(
    folder: Path, number: int, entry: Any, known: tuple[str, ...], problems: list[str]
) -> LabelledPhoto | None:
    """One entry; what is wrong with it is added to `problems`."""
    if not isinstance(entry, dict) or not isinstance(entry.get("file"), str) or not entry["file"]:
        problems.append(f'entry {number} names no file; expected {{"file": "a.jpg", …}}')
        return None
    name = entry["file"]
    if not (folder / name).is_file():
        problems.append(f"{name} is not in the folder")
    digits, others, tags = entry.get("digits"), entry.get("ignore", []), entry.get("tags", [])
    if not isinstance(digits, list) or not all(isinstance(digit, dict) for digit in digits):
        problems.append(f'{name} has no list "digits" of {{"label": "7", "box": [x0, y0, x1, y1]}}; none is []')
        digits = []
    if not isinstance(others, list):
        problems.append(f'{name}: "ignore" is {_kind(others)}; expected a list of boxes')
        others = []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        problems.append(f'{name}: "tags" is no list of texts')
        tags = []
    labels = tuple(
        _read_label(name, place, digit.get("label"), known, problems) for place, digit in enumerate(digits, 1)
    )
    boxes = [_read_box(f"{name}, digit {place}", digit.get("box"), problems) for place, digit in enumerate(digits, 1)]
    around = [_read_box(f"{name}, ignore {place}", box, problems) for place, box in enumerate(others, 1)]
    return LabelledPhoto(folder / name, _stack(boxes), labels, _stack(around), tuple(dict.fromkeys(tags)))


def _read_label(name: str, place: int, value: Any, known: tuple[str, ...], problems: list[str]) -> str:
    label = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
    if label not in known:
        shown = json.dumps(value, ensure_ascii=False)
        problems.append(f"{name}, digit {place}: the label is {shown}; the reader says {', '.join(known)}")
    return label or ""


def _read_box(place: str, value: Any, problems: list[str]) -> list[int]:
    numbers = isinstance(value, list) and len(value) == 4 and all(_is_number(one) for one in value)
    box = [round(one) for one in value] if numbers else []
    if not box or box[0] >= box[2] or box[1] >= box[3]:
        shown = json.dumps(value, ensure_ascii=False)
        problems.append(f"{place}: the box is {shown}; expected [x0, y0, x1, y1] with x0 < x1 and y0 < y1")
        return [0, 0, 1, 1]
    return box


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _stack(boxes: list[list[int]]) -> np.ndarray:
    return np.array(boxes, np.int64).reshape(-1, 4)


def _kind(value: Any) -> str:
    return {list: "an empty list", dict: "an object", str: "a text", type(None): "null"}.get(type(value), "a number")
