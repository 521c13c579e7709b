"""Rendered pages to learn from and to choose by: what the locator is trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inklens.reader_training.page_store import VERSION, PageStore
from inklens.reading.maps import DIGITS

if TYPE_CHECKING:
    from inklens.reader_training.trainer import LocatorLearner
    from inklens.training.recipes import Recipe
    from inklens.training.threads import Workers

_VALIDATION = 1000  # pages


@dataclass(frozen=True)
class Pages:
    """Rendered pages to learn from and to choose by; `names` are the digits' labels."""

    train: PageStore
    validation: PageStore
    names: tuple[str, ...] = DIGITS

    @property
    def fingerprint(self) -> str:
        """What decides the pages: how many of which seed, and the renderer's version."""
        return f"{VERSION}-{self.train.seed}-{len(self.train)}-{len(self.validation)}"

    def render(self, progress: Callable[[int, int], object] | None = None) -> None:
        """Render what is not there yet; see PageStore."""
        self.train.render(progress)
        self.validation.render(progress)

    def learner(self, recipe: Recipe, seed: int, workers: Workers) -> LocatorLearner:
        """What teaches a locator on these pages; see `training.train`."""
        from inklens.reader_training.trainer import LocatorLearner  # torch and OpenCV; looking at pages needs neither

        return LocatorLearner(recipe, self, seed, workers)


def load_pages(count: int, *, seed: int = 1, folder: Path | None = None) -> Pages:
    """The first `count` training pages of a seed and a thousand validation pages, in the user's cache folder."""
    return Pages(
        PageStore(count, seed=seed, folder=folder and folder / "train"),
        PageStore(_VALIDATION, part="validation", seed=seed, folder=folder and folder / "validation"),
    )
