"""The file that says what is on photos: what it may hold, and what is said of every way to get it wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from inklens.errors import DataError
from inklens.reader_evaluation.labels import check_inside, load_labels
from inklens.reading.maps import DIGITS

GOOD = {"file": "a.png", "digits": [{"label": 7, "box": [1, 2, 8, 12]}], "ignore": [[20, 0, 30, 9]], "tags": ["red"]}


def folder_of(path: Path, entries: Any) -> Path:
    (path / "a.png").write_bytes(b"")
    (path / "b.png").write_bytes(b"")
    text = entries if isinstance(entries, str) else json.dumps(entries)
    (path / "labels.json").write_text(text, encoding="utf-8")
    return path


def test_photos_come_in_order_with_their_boxes_labels_and_tags(tmp_path: Path) -> None:
    other = {"file": "b.png", "digits": [{"label": "0", "box": [0.4, 0, 3.6, 5]}], "writer": "somebody"}
    first, second = load_labels(folder_of(tmp_path, [GOOD, other]), DIGITS)
    assert (first.path, first.labels, first.tags) == (tmp_path / "a.png", ("7",), ("red",))
    assert (first.boxes.tolist(), first.others.tolist()) == ([[1, 2, 8, 12]], [[20, 0, 30, 9]])
    assert (second.labels, second.boxes.tolist(), second.others.tolist()) == (("0",), [[0, 0, 4, 5]], [])
    assert second.tags == ()


EXPECTED = (
    '[{"file": "a.jpg", "digits": [{"label": "7", "box": [x0, y0, x1, y1]}], "ignore": [[x0, y0, x1, y1]], "tags": []}]'
)
KNOWN = "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
BOX = "expected [x0, y0, x1, y1] with x0 < x1 and y0 < y1"


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (
            "[{",
            f"labels.json is no JSON: Expecting property name enclosed in double quotes in line 1; expected {EXPECTED}",
        ),
        ({"a.png": []}, f"labels.json holds an object; expected a list with an entry for each photo: {EXPECTED}"),
        ([], f"labels.json holds an empty list; expected a list with an entry for each photo: {EXPECTED}"),
        ([5], 'labels.json: entry 1 names no file; expected {"file": "a.jpg", …}.'),
        ([{"file": ""}], 'labels.json: entry 1 names no file; expected {"file": "a.jpg", …}.'),
        ([GOOD | {"file": "c.png"}], "labels.json: c.png is not in the folder."),
        ([GOOD, GOOD], "labels.json: a.png is listed more than once."),
        (
            [{"file": "a.png"}],
            'labels.json: a.png has no list "digits" of {"label": "7", "box": [x0, y0, x1, y1]}; none is [].',
        ),
        ([GOOD | {"ignore": 3}], 'labels.json: a.png: "ignore" is a number; expected a list of boxes.'),
        ([GOOD | {"ignore": [[1, 2]]}], f"labels.json: a.png, ignore 1: the box is [1, 2]; {BOX}."),
        ([GOOD | {"tags": "red"}], 'labels.json: a.png: "tags" is no list of texts.'),
        (
            [GOOD | {"digits": [{"label": "x", "box": [0, 0, 1, 1]}]}],
            f'labels.json: a.png, digit 1: the label is "x"; the reader says {KNOWN}.',
        ),
        (
            [GOOD | {"digits": [{"box": [0, 0, 1, 1]}]}],
            f"labels.json: a.png, digit 1: the label is null; the reader says {KNOWN}.",
        ),
        (
            [GOOD | {"digits": [{"label": 1, "box": [5, 0, 5, 9]}, {"label": 1, "box": [0, 0, 1, "9"]}]}],
            f'labels.json: a.png, digit 1: the box is [5, 0, 5, 9]; {BOX}; a.png, digit 2: the box is [0, 0, 1, "9"]; '
            f"{BOX}.",
        ),
    ],
)
def test_broken_labels_are_refused_in_words(tmp_path: Path, entries: Any, said: str) -> None:
    with pytest.raises(DataError) as error:
        load_labels(folder_of(tmp_path, entries), DIGITS)
    assert str(error.value) == f"{tmp_path}/{said}"


def test_only_the_first_mistakes_of_many_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=re.escape("entry 5 names no file") + ".*; and 4 more\\.$"):
        load_labels(folder_of(tmp_path, [1] * 9), DIGITS)


def test_folder_without_labels_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        load_labels(tmp_path, DIGITS)
    assert str(error.value) == (
        f"there is no {tmp_path}/labels.json; expected a folder with photos and a labels.json such as {EXPECTED}"
    )
    (tmp_path / "photo.jpg").write_bytes(b"")
    with pytest.raises(DataError) as error:
        load_labels(tmp_path / "photo.jpg", DIGITS)
    assert str(error.value) == (f"{tmp_path}/photo.jpg is a file; expected a folder with photos and a labels.json.")
    (tmp_path / "labels.json").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="is no text in UTF-8"):
        load_labels(tmp_path, DIGITS)


def test_box_beyond_the_upright_picture_is_refused(tmp_path: Path) -> None:
    [photo] = load_labels(folder_of(tmp_path, [GOOD]), DIGITS)
    check_inside(photo, 30, 12)
    with pytest.raises(DataError) as error:
        check_inside(photo, 12, 30)
    assert str(error.value) == (
        "a.png: the box [20, 0, 30, 9] reaches beyond the picture, which has 12 × 30 pixels when it is upright (EXIF "
        "applied)."
    )
