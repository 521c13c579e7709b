"""The loop that teaches the locator: pages changed at random, and the answers that they should get."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from inklens.reader_training.locator_network import build_locator, fuse_locator
from inklens.reader_training.loss import Targets, locator_loss, make_targets
from inklens.reader_training.page_store import StoredPage
from inklens.reading.views import LONG, SHORT, border_level
from inklens.rendering.opencv import cv2
from inklens.training.torch_twin import Mirror
from inklens.training.trainer import Chance, Learner, round_to_float16

WIDTH, HEIGHT = 320, 256  # a page of 320 × 240 and what a multiple of 32 lacks

_ZOOM = 0.22  # logarithm of the largest change of size
_SHOWN = 0.92  # the share of a digit's box that must stay in the picture
_LEAST = 7  # pixels; nobody reads a smaller digit
_FIRST_CENTRE = -4.0  # logit: hardly any cell is a digit's centre
_FORGIVING = 5000  # pages by which the first epoch may depart from the pages' own order


class LocatorLearner(Learner):
    """The locator on its way through its recipe; `dataset` is a `store.Pages`."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        train = self.dataset.train
        sample = range(0, len(train), max(1, len(train) // 2000))
        self.digits = float(np.mean([len(train[number].labels) for number in sample]))  # on a page
        with torch.no_grad():
            self.mirror.weights["maps.bias"][0] = _FIRST_CENTRE

    def finish(self) -> tuple[Any, float]:
        """The keras.Model to keep, for pages of 640 × 480, and a temperature of 1: its maps are no probabilities."""
        with self._kept_weights():
            self.mirror.write_back()
        network = fuse_locator(self.network, width=LONG, height=SHORT)
        if self.recipe.float16:
            round_to_float16(network)
        return network, 1.0

    def measure(self, network: Any) -> dict[str, float]:
        """How it does on the validation pages, and how large it is."""
        loss, accuracy = self._validate()
        return {
            "validation_loss": loss,
            "validation_accuracy": accuracy,
            "parameters": network.count_params(),
            "parameters_trained": self.network.count_params(),
        }

    def _build(self, rng: np.random.Generator) -> Any:
        return build_locator(rng, width=WIDTH, height=HEIGHT)

    def _order(self, rng: np.random.Generator) -> np.ndarray:
        """The first time about in the pages' own order, which begins with the clean ones; then at random."""
        count = len(self.dataset.train)
        if self.epoch > 1:
            return rng.permutation(count)
        return np.argsort(np.arange(count) + rng.uniform(0, min(_FORGIVING, count), count))

    def _learn_chunk(
        self, rows: np.ndarray, mirror: Mirror, chance: Chance, batch: int
    ) -> tuple[tuple[Tensor, ...], float, float]:
        pages = [change_page(self.dataset.train[int(row)], chance.rng) for row in rows]
        pictures, targets = assemble(pages)
        loss, right = locator_loss(mirror(pictures, dropout=chance.dropout), targets, self.digits * batch)
        gradients = torch.autograd.grad(loss, list(mirror.weights.values()))
        return gradients, loss.item() * batch, right * len(rows)

    def _validate(self) -> tuple[float, float]:
        """Mean loss, and the share of digits named rightly where they are, on the validation pages."""
        store = self.dataset.validation
        size = 2 * self.recipe.chunk
        with self._kept_weights():
            parts = [range(start, min(start + size, len(store))) for start in range(0, len(store), size)]
            results = self.workers.map(self._validate_chunk, parts)
        losses, right = (sum(values) for values in zip(*results, strict=True))
        return losses / len(store), right / len(store)

    def _validate_chunk(self, numbers: range) -> tuple[float, float]:
        pictures, targets = assemble([place_page(self.dataset.validation[number]) for number in numbers])
        with torch.inference_mode():
            loss, right = locator_loss(self.mirror(pictures), targets, self.digits * len(numbers))
        return loss.item() * len(numbers), right * len(numbers)


def change_page(page: StoredPage, rng: np.random.Generator) -> StoredPage:
    """A page in another size, place, brightness and contrast, now and then as its negative, on WIDTH × HEIGHT pixels.

    Digits that come to lie partly outside or become too small are ignored.
    """
    scale = 1.0 if rng.random() < 0.25 else float(np.exp(rng.uniform(-_ZOOM, _ZOOM)))
    high, wide = page.page.shape
    left, top = (rng.uniform(min(0, room), max(0, room)) for room in (WIDTH - scale * wide, HEIGHT - scale * high))
    if scale == 1.0:
        left, top = round(left), round(top)
    contrast, brightness = float(np.exp(rng.normal(0, 0.2))), float(rng.normal(0, 20))
    greys = np.clip((np.arange(256) - 128.0) * contrast + 128 + brightness, 0, 255).astype(np.uint8)
    if rng.random() < 0.12:
        greys = 255 - greys
    return place_page(page, scale, left, top, greys)


def place_page(
    page: StoredPage, scale: float = 1.0, left: float = 0.0, top: float = 0.0, greys: np.ndarray | None = None
) -> StoredPage:
    """A page `scale` times as large with its corner at (`left`, `top`) of WIDTH × HEIGHT pixels of its border's grey,
    its greys looked up in `greys` uint8 [256]."""
    picture = page.page
    edge = border_level(picture)
    if scale < 0.9:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.35 / scale))  # else thin strokes break
    # OpenCV's pixel centres are whole numbers
    move = np.array([[scale, 0, left + 0.5 * scale - 0.5], [0, scale, top + 0.5 * scale - 0.5]], np.float32)
    picture = np.asarray(cv2.warpAffine(picture, move, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderValue=edge))
    if greys is not None:
        picture = np.asarray(cv2.LUT(picture, greys))
    corner = np.array([left, top, left, top], np.float32)
    boxes, ignore = (found.astype(np.float32) * scale + corner for found in (page.boxes, page.ignore))
    inside = boxes.clip(0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
    sides, shown = boxes[:, 2:] - boxes[:, :2], inside[:, 2:] - inside[:, :2]
    kept = (shown.prod(axis=1) > _SHOWN * sides.prod(axis=1)) & (sides.max(axis=1, initial=0) >= _LEAST)
    return StoredPage(picture, boxes[kept], page.labels[kept], np.concatenate([ignore, boxes[~kept]]), page.negatives)


def assemble(pages: list[StoredPage]) -> tuple[Tensor, Targets]:
    """Pages of WIDTH × HEIGHT as uint8 [n, HEIGHT, WIDTH], and the answers that they should get."""
    targets = make_targets(
        [page.boxes for page in pages],
        [page.labels for page in pages],
        [page.ignore for page in pages],
        width=WIDTH,
        height=HEIGHT,
    )
    return torch.from_numpy(np.stack([page.page for page in pages])), targets
