from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inklens.reader_training import marks, page_store
from inklens.reader_training.marks import NAMES, choose_marks, find_together, iou, load_marks, shake
from inklens.reader_training.page_store import PageStore, StoredPage
from inklens.reader_training.pages import Pages
from inklens.reading.find import Found
from inklens.reading.prepare import prepare_mark
from tests.reading.readers import LOCATOR, block_page, locate_blocks

NOTHING = np.zeros((0, 4), np.int16)
DIGITS = np.array([[40, 40, 60, 70], [200, 120, 220, 150]], np.int16)


def page_of(boxes: np.ndarray = DIGITS, ignore: np.ndarray = NOTHING, negatives: np.ndarray = NOTHING) -> StoredPage:
    page = block_page(*((number + 5, int(box[0]), int(box[1])) for number, box in enumerate(boxes)))
    return StoredPage(page, boxes, np.arange(len(boxes)) + 5, ignore, negatives)


def found(*box: int) -> Found:
    return Found((box[0], box[1], box[2], box[3]), 0.9, np.full(10, 0.1, np.float32), 1.0)


def test_every_digit_is_there_with_its_label_and_nearly_its_box() -> None:
    for seed in range(20):
        chosen = list(choose_marks(page_of(), [found(41, 41, 62, 72)], np.random.default_rng(seed)))
        assert [label for _, label in chosen[:2]] == [5, 6]
        for (box, _), true in zip(chosen[:2], DIGITS, strict=True):
            assert iou(true.astype(int), np.array([box]))[0] > 0.5
        assert all(label == NAMES.index("none") for _, label in chosen[2:])


def test_digits_that_were_found_come_with_the_locator_s_box_half_of_the_time() -> None:
    as_found = [
        next(choose_marks(page_of(), [found(39, 38, 63, 74)], np.random.default_rng(seed)))[0] == (39, 38, 63, 74)
        for seed in range(200)
    ]
    assert 70 <= sum(as_found) <= 130


def test_what_is_none_lies_on_no_digit_and_on_nothing_ignored() -> None:
    ignore = np.array([[100, 20, 160, 80]], np.int16)
    negatives = np.array([[105, 30, 130, 60], [250, 30, 280, 70], [44, 44, 58, 66]], np.int16)
    false = [found(110, 30, 140, 60), found(20, 150, 50, 200)]
    for seed in range(20):
        page = page_of(ignore=ignore, negatives=negatives)
        others = [box for box, label in choose_marks(page, false, np.random.default_rng(seed)) if label == 10]
        assert (20, 150, 50, 200) in others
        assert (110, 30, 140, 60) not in others
        assert all((iou(np.array(box), DIGITS.astype(int)) < 0.3).all() for box in others)


def test_blank_page_gives_only_what_is_none() -> None:
    for seed in range(10):
        chosen = list(choose_marks(page_of(NOTHING), [found(20, 150, 50, 200)], np.random.default_rng(seed)))
        assert chosen[0] == ((20, 150, 50, 200), 10)
        assert {label for _, label in chosen} == {10}


def test_pages_are_found_together_as_quarters_of_one_picture() -> None:
    pages = [page_of(), page_of(NOTHING), page_of(DIGITS[:1]), page_of(DIGITS[1:])]
    answers = find_together(pages, locate_blocks, LOCATOR)
    assert [len(answer) for answer in answers] == [2, 0, 1, 1]
    for answer, page in zip(answers, pages, strict=True):
        for mark, box in zip(sorted(answer, key=lambda mark: mark.box), page.boxes, strict=True):
            assert np.abs(np.subtract(mark.box, box)).max() <= 1
    assert [len(answer) for answer in find_together(pages[:3], locate_blocks, LOCATOR)] == [2, 0, 1]


def test_overlap_of_boxes_by_hand() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6]])
    np.testing.assert_allclose(iou(np.array([0, 0, 2, 2]), boxes), [1, 1 / 3, 0])
    assert iou(np.array([0, 0, 2, 2]), np.zeros((0, 4), int)).shape == (0,)


def test_shaken_box_is_off_by_a_sixth_of_its_side_at_most_and_has_an_area() -> None:
    rng = np.random.default_rng(0)
    off = np.array([np.subtract(shake(np.array([100, 100, 120, 200]), rng), (100, 100, 120, 200)) for _ in range(400)])
    assert np.abs(off).max() <= 16
    assert off[:, :2].mean() < 0 < off[:, 2:].mean()  # rather too wide than too tight
    x0, y0, x1, y1 = shake(np.array([5, 5, 6, 6]), rng)
    assert x1 >= x0 + 2
    assert y1 >= y0 + 2


@pytest.mark.usefixtures("bundled_fonts")
def test_marks_of_a_store_are_prepared_labelled_and_the_same_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    monkeypatch.setattr(page_store, "SHARD", 4)
    # rendered pages are no blocks: whatever they show, a find in the first page's corner
    corner = locate_blocks(block_page((5, 30, 20), size=(640, 480)))
    monkeypatch.setattr(marks, "_load", lambda _: (lambda _: corner, LOCATOR))
    monkeypatch.setattr(marks, "ProcessPoolExecutor", lambda count, mp_context: ThreadPoolExecutor(count))  # noqa: ARG005
    pages = Pages(PageStore(5, folder=tmp_path / "t"), PageStore(2, part="validation", folder=tmp_path / "v"))
    for one in (pages.train, pages.validation):
        one.render(processes=1)
    calls: list[tuple[int, int]] = []
    data = load_marks(pages, locator=tmp_path / "any", progress=lambda *done: calls.append(done))
    again = load_marks(pages, locator=tmp_path / "any")
    np.testing.assert_array_equal(data.train.images, again.train.images)
    assert calls == [(5, 7), (7, 7)]
    assert data.names == NAMES
    assert (data.train.images.shape[1:], data.train.images.dtype) == ((28, 28), np.uint8)
    true = [label for number in range(5) for label in pages.train[number].labels.tolist()]
    assert data.train.labels[data.train.labels < 10].tolist() == true
    assert data.test is data.validation
    box, _ = next(
        choose_marks(
            pages.train[0],
            find_together([pages.train[n] for n in range(4)], lambda _: corner, LOCATOR)[0],
            np.random.default_rng([1, 0]),
        )
    )
    np.testing.assert_array_equal(data.train.images[0], prepare_mark(pages.train[0].page, box))
