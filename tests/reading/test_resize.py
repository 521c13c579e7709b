from __future__ import annotations

import numpy as np
import pytest

from inklens.reading.resize import resize


def exact(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """The definition in plain integers, a pixel at a time: the shares of every old pixel under every window."""

    def shares(old: int, new: int) -> np.ndarray:
        half = max(old, new)
        matrix = np.zeros((new, old), object)
        for place in range(new):
            start, end = (2 * place + 1) * old - half, (2 * place + 1) * old + half  # in 1/(2 new) of an old pixel
            for unit in range(start, end):
                matrix[place, min(max(unit // (2 * new), 0), old - 1)] += 1
        return matrix

    down, across = shares(pixels.shape[0], height), shares(pixels.shape[1], width)
    total = down @ pixels.astype(object) @ across.T
    unit = 4 * max(pixels.shape[0], height) * max(pixels.shape[1], width)
    return np.array([[(2 * value + unit) // (2 * unit) for value in row] for row in total], np.int64)


def test_larger_is_bilinear_with_half_pixel_centres() -> None:
    # centres of the new pixels lie at -0.25, 0.25, 0.75, 1.25 of the old ones'
    np.testing.assert_array_equal(resize(np.array([[0, 100]], np.uint8), 4, 1), [[0, 25, 75, 100]])
    np.testing.assert_array_equal(resize(np.array([[0, 90]], np.uint8), 3, 1), [[0, 45, 90]])


def test_smaller_is_the_mean_of_the_area() -> None:
    np.testing.assert_array_equal(resize(np.array([[10, 20], [30, 40]], np.uint8), 1, 1), [[25]])
    # a new pixel is one and a half old ones: (2 · 0 + 60) / 3 and (60 + 2 · 90) / 3
    np.testing.assert_array_equal(resize(np.array([[0, 60, 90]], np.uint8), 2, 1), [[20, 80]])


def test_halves_are_rounded_up_once() -> None:
    np.testing.assert_array_equal(resize(np.array([[0, 1]], np.uint8), 1, 1), [[1]])
    # rounding after each direction would make a half of 0.5 and 0, and then one
    np.testing.assert_array_equal(resize(np.array([[0, 1], [0, 0]], np.uint8), 1, 1), [[0]])


def test_same_size_is_the_same_picture() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    answer = resize(pixels, 4, 3)
    assert answer.dtype == np.int64
    np.testing.assert_array_equal(answer, pixels)


def test_every_size_follows_the_definition_to_the_last_bit() -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        height, width, high, wide = rng.integers(1, 40, 4).tolist()
        pixels = rng.integers(0, 256, (height, width), dtype=np.uint8)
        np.testing.assert_array_equal(resize(pixels, wide, high), exact(pixels, wide, high))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.uint16])
def test_all_integer_types_give_the_same(dtype: type) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (120, 90))
    np.testing.assert_array_equal(resize(pixels.astype(dtype), 31, 47), resize(pixels.astype(np.int64), 31, 47))


@pytest.mark.parametrize("shape", [(12_000, 3), (3, 12_000), (1, 70_000), (70_000, 1), (1, 1)])
def test_white_stays_white_at_any_shape(shape: tuple[int, int]) -> None:
    assert (resize(np.full(shape, 255, np.uint8), 64, 48) == 255).all()


def test_means_of_a_long_side_are_exact() -> None:
    """Sums of more than 2^24 do not fit into float32, which is used where they fit."""
    pixels = np.full((40_000, 2), 200, np.uint8)
    pixels[20_000:] = 201
    np.testing.assert_array_equal(resize(pixels, 2, 2), [[200, 200], [201, 201]])
    pixels[0] = 0  # lowers the mean of 20,000 by a hundredth
    np.testing.assert_array_equal(resize(pixels, 2, 1), [[200, 200]])  # 200.495
    pixels[0] = 255
    np.testing.assert_array_equal(resize(pixels, 2, 1), [[201, 201]])  # 200.5007


def test_sixteen_bits_are_exact_on_large_pictures() -> None:
    assert (resize(np.full((9000, 5000), 65535, np.uint16), 8, 6) == 65535).all()
