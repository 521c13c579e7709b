"""Random changes stay within their limits and show the same thing."""

import numpy as np
import pytest

from inklens.training.augment import Augmentation, augment
from tests.training.small import small_dataset

IMAGES = small_dataset().train.images[:100]
ALL = Augmentation(shift=2.0, turn=12.0, zoom=0.12, slant=0.15, bend=0.7)


def changed(seed=0, images=IMAGES, **limits):
    return augment(images, np.random.default_rng(seed), Augmentation(**limits))


def centres(images):
    rows, columns = np.mgrid[:28, :28]
    weights = images.astype(float)
    total = weights.sum((1, 2))
    return np.stack([(weights * rows).sum((1, 2)), (weights * columns).sum((1, 2))], 1) / total[:, None]


def blob(row, column):
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, row - 1 : row + 2, column - 1 : column + 2] = 255
    return np.repeat(image, 300, 0)


def test_without_limits_nothing_changes():
    assert np.array_equal(changed(), IMAGES)


def test_shape_and_dtype_stay_and_the_source_is_untouched():
    before = IMAGES.copy()
    result = augment(IMAGES, np.random.default_rng(0), ALL)
    assert (result.shape, result.dtype) == (IMAGES.shape, np.uint8)
    assert np.array_equal(IMAGES, before)
    assert not np.array_equal(result, IMAGES)


def test_the_generator_decides():
    first, again, other = (augment(IMAGES, np.random.default_rng(seed), ALL) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_each_image_changes_in_its_own_way():
    twice = augment(np.stack([IMAGES[0]] * 2), np.random.default_rng(0), ALL)
    assert not np.array_equal(twice[0], twice[1])


def test_shifts_reach_their_limit_in_both_axes_and_no_further():
    moves = centres(changed(images=blob(14, 14), shift=2.0)) - centres(blob(14, 14))
    assert np.all(np.abs(moves) < 2.05)
    assert np.all(np.abs(moves).max(0) > 1.8)


def test_turns_keep_the_distance_from_the_middle():
    moved = centres(changed(images=blob(14, 23), turn=10.0)) - 13.5
    angles = np.rad2deg(np.arctan2(moved[:, 0], moved[:, 1])) - np.rad2deg(np.arctan2(0.5, 9.5))
    np.testing.assert_allclose(np.hypot(*moved.T), np.hypot(0.5, 9.5), atol=0.15)
    assert 9 < np.abs(angles).max() < 10.3


def test_zoom_grows_and_shrinks_alike():
    ratios = (centres(changed(images=blob(14, 23), zoom=0.2))[:, 1] - 13.5) / 9.5
    assert ratios.min() == pytest.approx(1 / 1.2, abs=0.02)
    assert ratios.max() == pytest.approx(1.2, abs=0.02)


def test_slant_moves_rows_sideways_by_their_height():
    moves = centres(changed(images=blob(23, 14), slant=0.2)) - centres(blob(23, 14))
    assert np.abs(moves[:, 1]).max() == pytest.approx(0.2 * 9.5, abs=0.1)
    assert np.abs(moves[:, 0]).max() < 0.05


def test_bends_move_points_by_at_most_a_little_more_than_their_limit():
    moves = centres(changed(images=blob(9, 18), bend=1.0)) - centres(blob(9, 18))
    assert 0.5 < np.abs(moves).max() < 1.5
