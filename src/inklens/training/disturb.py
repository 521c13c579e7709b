"""Random changes of ink, paper and light: what shows the same digit in ways that its data set never does.

They are generic: strokes, erasures, filters, grey levels, light, edges and noise of random kind and strength. None is
one of the corruptions that robustness is measured with (`inklens.evaluation.corruptions`), and none uses their code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from inklens.backend import import_torch

HIDDEN, SLOPE = 2, 0.1  # channels and leak between the two layers of a random filter
STROKE_PIECES = 6  # straight ones, which make a curve
LEAST_CONTRAST = 0.2  # of ink against paper, of the range; less is hard to read for people too


@dataclass(frozen=True, kw_only=True)
class Disturbance:
    """How much the look of images may change at most."""

    share: float = 1.0  # of the images that are changed at all
    strokes: float = 0.0  # share of images that a stroke of another hand crosses
    erase: float = 0.0  # share of images in which a rectangle has lost its content
    blur: float = 0.0  # sigma in pixels
    filter: float = 0.0  # share of images that pass a random convolution
    noise: float = 0.0  # standard deviation at each pixel, of the range between paper and ink
    tone: float = 0.0  # share of images whose paper and ink have other grey levels, in either polarity
    light: float = 0.0  # strength of uneven light, of the range
    edge: float = 0.0  # share of images with another tone in a band between two parallel edges


def disturb(images: np.ndarray, rng: np.random.Generator, how: Disturbance) -> np.ndarray:
    """Change the look of images, each in its own random way.

    images: uint8 [n, height, width], ink bright on 0. Returns the same shape and dtype, on paper of any grey. The same
    generator state gives the same images.
    """
    torch = import_torch()
    changed = images.copy()
    changing = np.flatnonzero(rng.random(len(images)) < how.share)
    x = torch.from_numpy(images[changing]).to(torch.float32).unsqueeze(1) / 255
    size = images.shape[1:]

    def chosen(share: float) -> np.ndarray:
        return np.flatnonzero(rng.random(len(x)) < share)

    if len(rows := chosen(how.strokes)):
        x[rows] = torch.maximum(x[rows], _strokes(len(rows), size, rng))
    if len(rows := chosen(how.erase)):
        x[rows] = torch.where(_rectangles(len(rows), size, rng), _draw(rng, 0, 1, len(rows), 1, 1, 1) ** 3, x[rows])
    if how.blur and len(rows := chosen(0.5)):
        x[rows] = _blur(x[rows], rng.uniform(0.3, how.blur, len(rows)))
    if len(rows := chosen(how.filter)):
        x[rows] = _filter(x[rows], rng)
    if how.noise and len(rows := chosen(0.5)):
        strengths = _draw(rng, 0, how.noise, len(rows), 1, 1, 1)
        x[rows] += strengths * torch.from_numpy(rng.standard_normal(x[rows].shape, np.float32))
    if len(rows := chosen(how.tone)):
        x[rows] = _tone(x[rows], rng)
    if how.light and len(rows := chosen(0.5)):
        x[rows] += _fields(len(rows), size, rng) * _draw(rng, 0, how.light, len(rows), 1, 1, 1)
    if len(rows := chosen(how.edge)):
        x[rows] = torch.where(_bands(len(rows), size, rng), _tone(x[rows], rng), x[rows])
    changed[changing] = (x.clamp_(0, 1) * 255).round_().to(torch.uint8).squeeze(1).numpy()
    return changed


def _draw(rng: np.random.Generator, low: float, high: float, *shape: int) -> Any:
    return import_torch().from_numpy(rng.uniform(low, high, shape).astype(np.float32))


def _strokes(n: int, size: Any, rng: np.random.Generator) -> Any:
    """One bent stroke in each image, drawn with a round pen of 0.4 to 1.6 pixels' radius."""
    torch = import_torch()
    height, width = size
    ends = rng.uniform(-0.1, 1.1, (3, n, 1, 2)) * (width, height)
    t = np.linspace(0, 1, STROKE_PIECES + 1)[:, None]
    points = (1 - t) ** 2 * ends[0] + 2 * t * (1 - t) * ends[1] + t**2 * ends[2]  # a quadratic Bézier curve
    start, way = points[:, :-1, :, None].astype(np.float32), np.diff(points, axis=1)[..., None].astype(np.float32)
    x = np.arange(0.5, width, dtype=np.float32) - start[:, :, 0]
    y = np.arange(0.5, height, dtype=np.float32) - start[:, :, 1]
    # from every pixel to the nearest point of each piece: sums of what its column and its row give
    square = (way**2).sum(2, keepdims=True)
    product = (x * way[:, :, 0])[:, :, None, :] + (y * way[:, :, 1])[..., None]
    along = np.clip(product / np.maximum(square, 1e-6), 0, 1)
    apart = (x**2)[:, :, None, :] + (y**2)[..., None] + along * (along * square - 2 * product)
    distance = np.sqrt(np.maximum(apart.min(1, keepdims=True), 0))
    pen = _draw(rng, 0.4, 1.6, n, 1, 1, 1) + 0.5 - torch.from_numpy(distance)
    return pen.clamp_(0, 1) * _draw(rng, 0.5, 1, n, 1, 1, 1)


def _fields(n: int, size: Any, rng: np.random.Generator) -> Any:
    """A smooth surface over each image, about -1 to 1: float32 [n, 1, height, width]."""
    surfaces = _draw(rng, -1, 1, n, 1, 3, 3)
    return import_torch().nn.functional.interpolate(surfaces, size, mode="bicubic", align_corners=True)


def _rectangles(n: int, size: Any, rng: np.random.Generator) -> Any:
    """Where a rectangle of 4 to 12 pixels a side lies in each image: bool [n, 1, height, width]."""
    torch = import_torch()
    inside = []
    for length in size:
        side = rng.uniform(4, 12, (n, 1))
        start = rng.uniform(-side / 2, length - side / 2)
        places = np.arange(length) + 0.5
        inside.append(torch.from_numpy((places >= start) & (places < start + side)))
    return inside[0][:, None, :, None] & inside[1][:, None, None, :]


def _blur(x: Any, sigmas: np.ndarray) -> Any:
    """Each image blurred by its own sigma, in pixels."""
    torch = import_torch()
    places = np.arange(x.shape[2])
    apart = (places[:, None] - places).astype(np.float32) ** 2
    weights = np.exp(-apart / (2 * sigmas[:, None, None].astype(np.float32) ** 2))
    matrix = torch.from_numpy(weights / weights.sum(2, keepdims=True)).unsqueeze(1)
    return matrix @ x @ matrix.transpose(2, 3)


def _filter(x: Any, rng: np.random.Generator) -> Any:
    """Each image through its own random network of two 3×3 convolutions, mixed with the image itself, 0 to 1.

    Source: Xu et al., "Robust and Generalizable Visual Representation Learning via Random Convolutions", ICLR 2021;
    two layers with a leaky ReLU between them as in Ouyang et al., "Causality-inspired Single-source Domain
    Generalization for Medical Image Segmentation", IEEE TMI 2022.
    """
    torch = import_torch()
    functional = torch.nn.functional
    n, _, height, width = x.shape

    def normal(*shape: int) -> Any:
        return torch.from_numpy(rng.standard_normal(shape, np.float32))

    def padded(values: Any) -> Any:
        return functional.pad(values, (1, 1, 1, 1), mode="replicate")

    hidden = functional.conv2d(padded(x.reshape(1, n, height, width)), normal(n * HIDDEN, 1, 3, 3), groups=n)
    hidden = functional.leaky_relu(hidden + normal(1, n * HIDDEN, 1, 1) * 0.5, SLOPE)
    made = functional.conv2d(padded(hidden), normal(n, HIDDEN, 3, 3), groups=n).reshape(n, 1, height, width)
    share = _draw(rng, 0, 1, n, 1, 1, 1)
    return _stretch(share * x + (1 - share) * _stretch(made))


def _stretch(x: Any) -> Any:
    """Each image spread over 0 to 1."""
    low, high = x.amin((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)
    return (x - low) / (high - low).clamp(min=1e-3)


def _tone(x: Any, rng: np.random.Generator) -> Any:
    """Other grey levels for what is 0 and what is 1, at least LEAST_CONTRAST apart, either of them the brighter."""
    torch = import_torch()
    contrast = _draw(rng, LEAST_CONTRAST, 1, len(x), 1, 1, 1)
    low = _draw(rng, 0, 1, len(x), 1, 1, 1) * (1 - contrast)
    inverted = torch.from_numpy(rng.random((len(x), 1, 1, 1)) < 0.5)
    return low + contrast * torch.where(inverted, 1 - x, x)


def _bands(n: int, size: Any, rng: np.random.Generator) -> Any:
    """Where each image lies between two parallel lines of any direction: bool [n, 1, height, width]."""
    torch = import_torch()
    height, width = size
    rows, columns = np.mgrid[:height, :width] + 0.5
    angle = rng.uniform(0, 2 * np.pi, (n, 1, 1))
    along = (columns - width / 2) * np.cos(angle) + (rows - height / 2) * np.sin(angle)
    start = rng.uniform(-width / 2, width / 2, (n, 1, 1))
    inside = (along >= start) & (along < start + rng.uniform(4, width, (n, 1, 1)))
    return torch.from_numpy(inside).unsqueeze(1)
