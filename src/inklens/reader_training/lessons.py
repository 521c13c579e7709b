"""What a recipe learns from: a dataset's images, rendered pages, or marks cut out of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from inklens.data import Dataset, load_dataset
from inklens.reader_training.pages import Pages
from inklens.training.recipes import LOCATOR, Recipe


def load_lessons(
    recipe: Recipe,
    source: str | Path = "mnist",
    *,
    locator: Path | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Dataset | Pages:
    """What a recipe learns from: rendered pages, marks cut out of them, or else the dataset `source`.

    Pages that are not in the user's cache folder yet are rendered first; `progress` gets how many of how many there
    are. locator: a model file that finds the marks, the shipped one by default. Raises DataError, OutputError, or
    ModelError where there is no locator.
    """
    if not recipe.pages:
        return load_dataset(source)
    from inklens.reader_training.pages import load_pages

    pages = load_pages(recipe.pages)
    pages.render(progress)
    if recipe.network == LOCATOR:
        return pages
    from inklens.reader_training.marks import load_marks

    return load_marks(pages, locator=locator, progress=progress)
