"""Random changes of training images that keep what they show: shifts, turns, sizes, slants and bends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from inklens.backend import import_torch


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far images may change at most; every amount is drawn evenly between -limit and +limit for each image."""

    shift: float = 0.0  # pixels, right and down
    turn: float = 0.0  # degrees
    zoom: float = 0.0  # 0.1: between 1/1.1 and 1.1 times as large
    stretch: float = 0.0  # 0.1: height against width likewise
    slant: float = 0.0  # pixels sideways for each pixel down
    bend: float = 0.0  # pixels that single points of a 4×4 grid move, bilinear between them


def augment(images: np.ndarray, rng: np.random.Generator, how: Augmentation) -> np.ndarray:
    """Change each image in its own random way, in one bilinear resampling.

    images: uint8 [n, height, width], ink bright on 0. Returns the same shape and dtype; what comes in from outside
    the picture is 0. The same generator state gives the same images.
    """
    torch = import_torch()
    n, height, width = images.shape
    grid = torch.from_numpy(sampling_grid(n, height, width, rng, how))
    pictures = torch.from_numpy(images).to(torch.float32).unsqueeze(1)
    moved = torch.nn.functional.grid_sample(pictures, grid, align_corners=False)
    return moved.round_().to(torch.uint8).squeeze(1).numpy()


def sampling_grid(n: int, height: int, width: int, rng: np.random.Generator, how: Augmentation) -> np.ndarray:
    """Where every pixel of n new images is read from: float32 [n, height, width, 2], x and y in -1..1."""
    torch = import_torch()

    def draw(limit: float, *shape: int) -> Any:
        return rng.uniform(-limit, limit, (n, *shape)).astype(np.float32)

    angle, slant = np.deg2rad(draw(how.turn)), draw(how.slant)
    zoom, stretch = (np.exp(draw(np.log1p(limit))) for limit in (how.zoom, how.stretch))
    across, down = zoom * np.sqrt(stretch), zoom / np.sqrt(stretch)
    matrix = np.empty((n, 2, 3), np.float32)
    matrix[:, 0, 0] = np.cos(angle) * across
    matrix[:, 0, 1] = (np.cos(angle) * slant - np.sin(angle)) * down
    matrix[:, 1, 0] = np.sin(angle) * across
    matrix[:, 1, 1] = (np.sin(angle) * slant + np.cos(angle)) * down
    matrix[:, 0, 2] = draw(how.shift) * 2 / width
    matrix[:, 1, 2] = draw(how.shift) * 2 / height
    functional = torch.nn.functional
    grid = functional.affine_grid(torch.from_numpy(matrix), [n, 1, height, width], align_corners=False)
    if how.bend:
        corners = torch.from_numpy(draw(how.bend * 2 / width, 2, 4, 4))
        bends = functional.interpolate(corners, (height, width), mode="bicubic", align_corners=True)
        grid += bends.permute(0, 2, 3, 1)
    return grid.numpy()
