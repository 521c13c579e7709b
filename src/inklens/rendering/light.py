"""Light on a page: gradients, lamps, cast shadows, the darker corners of a lens, glare."""

from __future__ import annotations

import numpy as np

from inklens.rendering.opencv import cv2

LIGHTS: dict[str, float] = {
    "gradient": 0.45,
    "lamp": 0.2,
    "shadow": 0.3,
    "vignette": 0.35,
    "tint": 0.4,
    "glare": 0.06,
    "blinds": 0.1,
}
"""Every effect by name, and how often it is found at full dirt."""

_COARSE = 4  # light changes slowly: it is computed on every fourth pixel


def cast_light(rng: np.random.Generator, kinds: list[str], height: int, width: int, dirt: float) -> np.ndarray:
    """What the paper's colours are multiplied by, float32 [height, width, 3] around 1; stronger with `dirt`."""
    rows, columns = -(-height // _COARSE), -(-width // _COARSE)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    x, y = x / columns - 0.5, y / rows - 0.5
    field = np.ones((rows, columns), np.float32)
    if "gradient" in kinds:
        angle = rng.uniform(0, 2 * np.pi)
        field *= 1 + dirt * rng.uniform(0.05, 0.6) * (np.cos(angle) * x + np.sin(angle) * y)
    if "lamp" in kinds:
        distance = np.hypot(x - rng.uniform(-0.7, 0.7), y - rng.uniform(-0.7, 0.7))
        field *= 1 - dirt * rng.uniform(0.1, 0.5) * (1 - np.exp(-((distance / rng.uniform(0.4, 1.0)) ** 2)))
    if "shadow" in kinds:
        for _ in range(int(rng.integers(1, 3))):
            field *= _shadow(rng, x, y, dirt)
    if "vignette" in kinds:
        field *= 1 - dirt * rng.uniform(0.1, 0.55) * np.minimum(1, (x**2 + y**2) * 2) ** rng.uniform(0.8, 1.6)
    if "blinds" in kinds:
        angle, slats = rng.uniform(-0.6, 0.6), rng.uniform(4, 11)
        waves = np.sin(2 * np.pi * (slats * (np.sin(angle) * x + np.cos(angle) * y) + rng.random()))
        field *= 1 - dirt * rng.uniform(0.15, 0.5) / (1 + np.exp(-np.clip(waves * rng.uniform(3, 12), -30, 30)))
    colour = 1 + (rng.normal(0, 0.05 * dirt, 3) if "tint" in kinds else np.zeros(3))
    smooth = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
    return smooth[..., None] * colour.astype(np.float32)


def _shadow(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, dirt: float) -> np.ndarray:
    """A shadow with one bowed edge (a body, a phone) or two (an arm), hard or soft."""
    angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-0.35, 0.35)
    across = np.cos(angle) * x + np.sin(angle) * y - offset
    along = -np.sin(angle) * x + np.cos(angle) * y
    across = across + rng.uniform(-0.5, 0.5) * along**2 + 0.04 * np.sin(along * rng.uniform(3, 12) + rng.uniform(0, 6))
    soft = np.exp(rng.uniform(np.log(0.006), np.log(0.2)))
    dark = 1 / (1 + np.exp(-np.clip(across / soft, -30, 30)))
    if rng.random() < 0.4:
        dark = dark / (1 + np.exp(np.clip((across - rng.uniform(0.1, 0.4)) / soft, -30, 30)))
    return (1 - dirt * rng.uniform(0.15, 0.6) * dark).astype(np.float32)


def add_glare(rng: np.random.Generator, page: np.ndarray, dirt: float) -> np.ndarray:
    """Wash a spot of `page` float32 [height, width, channels] out in place; returns how much stays, [height, width]."""
    height, width = page.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    wide, high = width * rng.uniform(0.05, 0.25), height * rng.uniform(0.05, 0.25)
    spot = ((x - rng.uniform(0, width)) / wide) ** 2 + ((y - rng.uniform(0, height)) / high) ** 2
    wash = dirt * rng.uniform(0.3, 1.0) * np.exp(-spot)
    page += wash[..., None] * (255 - page)
    return 1 - wash
