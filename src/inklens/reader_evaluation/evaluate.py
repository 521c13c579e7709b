"""Measure a reader: on a folder of labelled photos, or on rendered pages of one condition after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from inklens.data.pictures import read_picture
from inklens.reader_evaluation.labels import check_inside, load_labels
from inklens.reader_evaluation.measure import measure
from inklens.reader_evaluation.report import Group, ReadingReport
from inklens.reader_evaluation.score import Score, Truth
from inklens.reading.pictures import to_page
from inklens.reading.reader import Reader

Progress = Callable[[int, int], object]
_NOTHING = np.zeros((0, 4), np.int64)


def evaluate_reading(folder: str | Path | None, reader: Reader, *, progress: Progress | None = None) -> ReadingReport:
    """Measure a reader on a folder of photos with `labels.json`, or on rendered pages if there is none.

    Errors as in `evaluate_photos` and `suites.evaluate_rendered`.
    """
    if folder is not None:
        return evaluate_photos(folder, reader, progress=progress)
    from inklens.reader_evaluation.suites import evaluate_rendered  # rendering needs the train extra

    return evaluate_rendered(reader, progress=progress)


def evaluate_photos(folder: str | Path, reader: Reader, *, progress: Progress | None = None) -> ReadingReport:
    """Read every photo of a folder and compare with its `labels.json` (see labels.py), by photo and by tag.

    progress: told how many photos are read, and of how many. Raises DataError for labels that are missing or wrong,
    ImageError for a photo that cannot be read.
    """
    photos = load_labels(folder, reader.labels)
    pages = []
    for number, photo in enumerate(photos, 1):
        page = to_page(read_picture(photo.path))
        check_inside(photo, *page.shape[::-1])
        truth = Truth(photo.boxes, photo.labels, photo.others, _NOTHING)
        pages.append(measure(photo.path.name, page, truth, reader))
        if progress is not None:
            progress(number, len(photos))
    tags = dict.fromkeys(tag for photo in photos for tag in photo.tags)
    groups = [Group("photo", page.name, Score((page,))) for page in pages]
    for tag in tags:
        tagged = tuple(page for page, photo in zip(pages, photos, strict=True) if tag in photo.tags)
        groups.append(Group("tag", tag, Score(tagged)))
    return ReadingReport(reader.classify.name, str(folder), Score(tuple(pages)), tuple(groups))
