from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from inklens.errors import RecipeError, RunError
from inklens.reader_training.locator_network import build_locator
from inklens.reader_training.loss import locator_loss
from inklens.reader_training.page_store import PageStore, StoredPage
from inklens.reader_training.pages import Pages
from inklens.reader_training.trainer import HEIGHT, WIDTH, assemble, change_page, place_page
from inklens.rendering.fonts import FontFile
from inklens.training import trainer as loop
from inklens.training.recipes import LOCATOR, Recipe
from inklens.training.run import Run
from inklens.training.torch_twin import Mirror
from inklens.training.train import train

RECIPE = Recipe(
    name="small",
    description="A locator's run of seconds.",
    network=LOCATOR,
    epochs=2,
    batch=4,
    chunk=2,
    learning_rate=1e-3,
    weight_decay=0.02,
    average=0.9,
    float16=True,
    pages=6,
)


@pytest.fixture
def pages(bundled_fonts: tuple[FontFile, ...], tmp_path: Path) -> Pages:
    assert bundled_fonts
    found = Pages(
        PageStore(6, folder=tmp_path / "train"), PageStore(2, part="validation", folder=tmp_path / "validation")
    )
    for store in (found.train, found.validation):
        store.render(processes=1)
    return found


def page_of(*boxes: tuple[int, int, int, int]) -> StoredPage:
    page = np.full((240, 320), 200, np.uint8)
    for x0, y0, x1, y1 in boxes:
        page[y0:y1, x0:x1] = 40
    nothing = np.zeros((0, 4), np.int16)
    return StoredPage(page, np.array(boxes, np.int16).reshape(-1, 4), np.arange(len(boxes)), nothing, nothing)


def test_resumed_training_reaches_the_same_weights(
    pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "has_fast_bfloat16", lambda: False)
    whole = train(RECIPE, pages, tmp_path / "whole")

    def stop(state: loop.Progress) -> None:
        if (state.epoch, state.step) == (2, 1):
            raise KeyboardInterrupt

    with pytest.raises(RunError, match="stopped after 1 of 2 epochs"):
        train(RECIPE, pages, tmp_path / "stopped", progress=stop)
    resumed = train(RECIPE, pages, tmp_path / "stopped", resume=True)

    def weights(run: Run) -> list[bytes]:
        return [value.tobytes() for value in run.model().get_weights()]

    assert weights(resumed) == weights(whole)
    assert [{**row, "seconds": 0} for row in resumed.history] == [{**row, "seconds": 0} for row in whole.history]
    assert all((v == v.astype(np.float16)).all() for v in whole.model().get_weights())
    assert whole.model().outputs[0].shape == (None, 120, 160, 15)
    assert whole.dataset["name"] == "pages"
    assert whole.temperature == 1


def test_steps_along_the_gradient_lower_the_loss_of_a_batch() -> None:
    pictures, targets = assemble([place_page(page_of((40, 50, 70, 100), (200, 90, 240, 160)))])
    mirror = Mirror(build_locator(np.random.default_rng(0), width=WIDTH, height=HEIGHT))
    optimizer = torch.optim.SGD(mirror.weights.values(), lr=0.003)
    losses = []
    for _ in range(6):
        loss, _ = locator_loss(mirror(pictures, dropout=torch.Generator()), targets, 2.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.9 * losses[0]


def test_page_is_placed_as_it_is_on_its_border_s_grey() -> None:
    page = page_of((40, 50, 70, 100))
    placed = place_page(page, top=8.0)
    assert placed.page.shape == (HEIGHT, WIDTH)
    np.testing.assert_array_equal(placed.page[8:248], page.page)
    assert (placed.page[:8] == 200).all()
    assert (placed.page[248:] == 200).all()
    np.testing.assert_array_equal(placed.boxes, [[40, 58, 70, 108]])


@pytest.mark.parametrize("scale", [0.8, 1.25])
def test_boxes_follow_the_picture(scale: float) -> None:
    placed = place_page(page_of((40, 48, 80, 100)), scale, 10.0, 5.0)
    rows, columns = (placed.page < 120).any(axis=1).nonzero()[0], (placed.page < 120).any(axis=0).nonzero()[0]
    ink = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    assert np.abs(placed.boxes[0] - ink).max() <= 1


def test_digit_that_is_cut_off_or_too_small_is_ignored() -> None:
    page = page_of((40, 50, 70, 100), (300, 100, 318, 130), (100, 100, 104, 106))
    placed = place_page(page, 1.0, 10.0, 0.0)
    np.testing.assert_array_equal(placed.labels, [0])
    np.testing.assert_array_equal(placed.boxes, [[50, 50, 80, 100]])
    np.testing.assert_array_equal(placed.ignore, [[310, 100, 328, 130], [110, 100, 114, 106]])


def test_changed_pages_are_the_same_for_the_same_chance_and_stay_on_the_picture() -> None:
    page = page_of((40, 50, 70, 100), (200, 90, 240, 160))
    for seed in range(20):
        one, two = (change_page(page, np.random.default_rng(seed)) for _ in range(2))
        np.testing.assert_array_equal(one.page, two.page)
        np.testing.assert_array_equal(one.boxes, two.boxes)
        assert (one.page.shape, one.page.dtype) == ((HEIGHT, WIDTH), np.uint8)
        assert len(one.boxes) + len(one.ignore) == 2


def test_locator_without_pages_is_no_recipe() -> None:
    with pytest.raises(RecipeError, match="pages is 0; expected a whole number of at least 1, for a locator"):
        replace(RECIPE, pages=0)
    with pytest.raises(RecipeError, match="pages is -1"):
        replace(RECIPE, pages=-1)
