"""The reading benchmark: its classic finder, contestants on the same pages, and the tables made of the results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import readme
from benchmarks.classic_reader import find_components
from benchmarks.reading import Contestant, compare
from benchmarks.reading_table import front_table, reading_tables
from inklens.models.contract import ClassifierContract, LocatorContract
from inklens.models.predictor import Predictor
from inklens.reader_evaluation.score import Truth
from inklens.reading.find import Found
from inklens.reading.maps import CHANNELS, DIGITS
from inklens.reading.reader import Reader


@pytest.mark.parametrize(("paper", "ink"), [(230, 40), (40, 230)])
def test_components_are_the_pieces_of_ink_of_a_digits_size_in_either_polarity(paper: int, ink: int) -> None:
    page = np.full((240, 320), paper, np.uint8)
    page[40:90, 50:80] = ink
    page[55:75, 60:70] = paper  # a zero has a hole
    page[120:160, 200:206] = ink
    page[200:203, 10:300] = ink  # a line
    page[10:13, 10:13] = ink  # a speck
    found = sorted(one.box for one in find_components(page))
    assert len(found) == 2
    np.testing.assert_allclose(found, [(50, 40, 80, 90), (200, 120, 206, 160)], atol=1)


def test_components_of_a_large_photo_have_its_own_pixels() -> None:
    page = np.full((1500, 2000), 220, np.uint8)
    page[300:500, 600:640] = 30
    [one] = find_components(page)
    np.testing.assert_allclose(one.box, (600, 300, 640, 500), atol=3)


def test_empty_page_has_no_components() -> None:
    assert find_components(np.full((240, 320), 200, np.uint8)) == []


def contestant(name: str, rows: list[float], none: str | None, *, alone: bool = False) -> Contestant:
    labels = (*DIGITS, "none") if none else DIGITS
    answer = np.array([rows], np.float32)
    contract = ClassifierContract(labels=labels, none=none, threshold=0.5)
    classify = Predictor(name, labels, lambda images: np.repeat(answer, len(images), axis=0))
    reader = Reader(
        lambda _: np.zeros(0), LocatorContract(channels=CHANNELS, peak=0.4, overlap=0.5), classify, contract
    )
    return Contestant(name, reader, finder, alone)


def finder(_: np.ndarray) -> list[Found]:
    return [Found((10, 10, 20, 30), 1.0, np.eye(10, dtype=np.float32)[3], 1.0)]


def test_classifier_that_decides_alone_is_not_mixed_with_the_finder() -> None:
    page = np.full((60, 80), 220, np.uint8)
    page[10:30, 10:20] = 20
    truth = Truth(np.array([[10, 10, 20, 30]]), ("7",), np.zeros((0, 4), np.int64), np.zeros((0, 4), np.int64))
    seven = [0.0, 0, 0, 0.1, 0, 0, 0, 0.8, 0, 0, 0.1]  # the finder is sure of a 3
    unsure = [0.0] * 7 + [0.3, 0, 0, 0.7]
    scores = compare(
        [("page", page, truth)],
        [
            contestant("mixed", seven, "none"),
            contestant("alone", seven, "none", alone=True),
            contestant("no", unsure, "none", alone=True),
            contestant("plain", [0.0] * 7 + [0.9, 0, 0.1], None),
        ],
    )
    assert {name: score.right for name, score in scores.items()} == {"mixed": 0, "alone": 1, "no": 0, "plain": 1}
    assert {name: score.marks for name, score in scores.items()} == {"mixed": 1, "alone": 1, "no": 0, "plain": 1}
    assert scores["alone"].pages[0].confidences == pytest.approx([0.8], abs=1e-6)


SCORE = {
    "photos": 10, "digits": 200, "marks": 190, "right": 180, "exact_photos": 6, "precision": 0.947368, "recall": 0.9,
    "f1": 0.923077, "macro_f1": 0.93, "exact": 0.6, "false_per_blank": None, "found_f1": 0.95, "named": 0.98,
    "f1_without_others": 0.94, "string_accuracy": 0.8, "ece": 0.0123, "strings": 50, "blanks": 0,
}  # fmt: skip
FIGURES = {
    "readers": dict.fromkeys(("shipped", "A"), dict.fromkeys(("rendered", "photos", "photos_without_largest"), SCORE)),
    "compared": {"kinds": ["dirt", "unseen ink"], "pages": 2, "seed": 21},
    "photos": "development, looked at",
    "shipped": {
        **SCORE,
        "clean": {"pages": 20, "marks": 1234, "ece": 0.0045},
        "groups": [
            {"kind": "dirt", "name": "0 clean", **SCORE},
            {"kind": "unseen ink", "name": "brush", **SCORE},
            {"kind": "unseen ink", "name": "twin-liner", **SCORE, "digits": 100, "marks": 100, "right": 50}
            | {"named": 0.5},
            {"kind": "blank", "name": "plain", **SCORE, "false_per_blank": 0.01},
        ],
        "rejection": {"digits": 30, "others": 40, "auroc": 0.991, "auroc_classifier": 0.98, "ece_classifier": 0.004},
    },
    "speed": {
        "frame_size": [640, 480], "frame_digits": 12, "frame_seconds": 0.0213, "frame_core_seconds": 0.02,
        "photo_size": [4000, 3000], "photo_digits": 204, "photo_seconds": 1.2, "photo_core_seconds": 1.1,
    },
    "targets": {"frame_seconds": 0.025, "photo_seconds": 1.5},
    "environment": {"machine": "m", "python": "3", "numpy": "2"},
    "load": 1.5,
    "inklens": "0.1",
}  # fmt: skip


def test_tables_say_what_the_results_say() -> None:
    text = reading_tables(FIGURES)
    assert "Rendered pages (dirt, unseen ink; 10 pages, 200 digits):" in text
    assert "| locator + namer (shipped) | 92.3 | 94.7 | 90.0 | 60.0 | 93.0 | 94.0 | 98.0 |" in text
    assert "Photos and scans by strangers (10, 200 digits; development, looked at; never trained on):" in text
    assert "| unseen ink: brush | 10 | 200 | 92.3 | 60.0 | 98.0 | 80.0 |" in text
    assert "- 10 blank pages, plain: 0.010 marks a page." in text
    assert "AUROC 0.9910 (the namer alone 0.9800)." in text
    assert "- Calibration error of the namer on clean digits: 0.40 %." in text
    assert "1,234 marks read on 20 clean pages: 0.45 %; of the 190 on other pages 1.23 %." in text
    assert "| 640 × 480 | 12 | 0.021 | 0.020 | ≤ 0.025 |" in text


def test_front_table_joins_the_groups_of_a_kind_page_by_page() -> None:
    text = front_table(FIGURES)
    # 230 right of 300 digits and 290 marks; names 0.98 of 200 and 0.5 of 100
    assert "| rendered, ink never trained on (20) | 300 | 78.0 | 60.0 | 82.0 |" in text
    assert "| photos by strangers, development, looked at (10) | 200 | 92.3 | 60.0 | 98.0 |" in text


def test_tables_do_without_photos() -> None:
    figures = {**FIGURES, "readers": {"shipped": {"rendered": SCORE}}}
    assert "Photos" not in reading_tables(figures)
    assert "photos" not in front_table(figures)


def test_page_about_reading_holds_the_table_that_the_results_make() -> None:
    page = readme.READING_PAGE.read_text(encoding="utf-8")
    assert readme.fill_reading(page) == page


def test_contestants_with_the_same_finder_share_what_it_found() -> None:
    asked: list[int] = []

    def find(page: np.ndarray) -> list[Found]:
        asked.append(len(page))
        return []

    one = replace(contestant("one", [0.1] * 10, None), find=find)
    empty = Truth(np.zeros((0, 4), np.int64), (), np.zeros((0, 4), np.int64), np.zeros((0, 4), np.int64))
    compare([("page", np.zeros((5, 5), np.uint8), empty)], [one, replace(one, name="two")])
    assert asked == [5]
