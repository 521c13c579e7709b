"""Videos for Chromium's fake camera, drawn by our own strokes."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from inklens.apps.samples import HEIGHT, WIDTH, Written, draw_page

RATE = 10  # frames a second
NUMBER = "40718"


def write_clip(path: Path, frames: Iterable[np.ndarray]) -> Path:
    """Write frames uint8 [480, 640] as uncompressed video: Chromium reads Y of 16 to 235."""
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420\n".encode())
        colour = bytes([128]) * (WIDTH * HEIGHT // 2)
        for frame in frames:
            luma = 16 + frame.astype(np.uint32) * 219 // 255
            file.write(b"FRAME\n" + luma.astype(np.uint8).tobytes() + colour)
    return path


def paper(digits: Iterable[Written]) -> np.ndarray:
    """A page of digits under a lamp."""
    return draw_page(digits, paper=224, ink=52, pen=8, shade=30)


def filmed(page: np.ndarray, rng: np.random.Generator, count: int) -> Iterator[np.ndarray]:
    """A page held in a hand: it wanders by a pixel or two, and the sensor has noise."""
    for _ in range(count):
        moved = np.roll(page, rng.integers(-1, 2, 2).tolist(), (0, 1))
        yield np.clip(moved + rng.normal(0, 3, page.shape), 0, 255).astype(np.uint8)


def number_page() -> np.ndarray:
    """The five digits of NUMBER."""
    return paper([Written(digit, 70 + 104 * place, 180, 110, way(digit)) for place, digit in enumerate(NUMBER)])


def way(digit: str) -> int:
    """Which way to write a digit: a 1 with a curved flag, since a bare stroke may as well be a line of a form."""
    return 5 if digit == "1" else 0


def digits_one_by_one(rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Each digit for a second and a half, and blank paper between."""
    for digit in range(10):
        yield from filmed(paper([Written(str(digit), 280, 180, 120, way(str(digit)))]), rng, 3 * RATE // 2)
        yield from filmed(paper([]), rng, RATE)


def moving_shadow(rng: np.random.Generator) -> Iterator[np.ndarray]:
    """A soft-edged shadow of a third of the light that passes over the number in three seconds."""
    across = np.arange(WIDTH)[None, :] + 0.3 * np.arange(HEIGHT)[:, None]
    for place in np.linspace(-300, 900, 3 * RATE):
        shade = 1 - 0.35 / (1 + np.exp((np.abs(across - place) - 130) / 12))
        yield from filmed((number_page() * shade).astype(np.uint8), rng, 1)
