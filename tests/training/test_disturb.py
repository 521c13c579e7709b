"""Random changes of ink, paper and light: each alone does what it says, within its limit."""

from dataclasses import replace

import numpy as np
import pytest

from inklens.training.disturb import Disturbance, disturb
from tests.training.small import small_dataset

IMAGES = small_dataset().train.images[:200]
ALL = Disturbance(strokes=0.5, erase=0.5, blur=1.0, filter=0.5, noise=0.3, tone=0.5, light=0.3, edge=0.5)
EVERYTHING = ("strokes", "erase", "blur", "filter", "noise", "tone", "light", "edge")


def changed(images=IMAGES, seed=0, **limits):
    return disturb(images, np.random.default_rng(seed), Disturbance(**limits))


def touched(images, before=IMAGES):
    """Which images have changed at all."""
    return (images != before).any((1, 2))


def ramp(count=200):
    """Every level from 0 to 255 and some again: uint8 [count, 28, 28]."""
    return np.tile((np.arange(784) % 256).astype(np.uint8).reshape(28, 28), (count, 1, 1))


def test_without_limits_nothing_changes():
    assert np.array_equal(changed(), IMAGES)


def test_shape_and_dtype_stay_and_the_source_is_untouched():
    before = IMAGES.copy()
    result = disturb(IMAGES, np.random.default_rng(0), ALL)
    assert (result.shape, result.dtype) == (IMAGES.shape, np.uint8)
    assert np.array_equal(IMAGES, before)


def test_the_generator_decides_and_each_image_changes_in_its_own_way():
    first, again, other = (disturb(IMAGES, np.random.default_rng(seed), ALL) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    same = disturb(np.stack([IMAGES[0]] * 50), np.random.default_rng(0), ALL)
    assert len({image.tobytes() for image in same}) > 40


def test_the_share_says_how_many_images_change_and_the_others_keep_every_pixel():
    everything = replace(ALL, filter=1.0, tone=1.0)
    assert touched(disturb(IMAGES, np.random.default_rng(0), everything)).mean() == 1
    some = disturb(IMAGES, np.random.default_rng(0), replace(everything, share=0.3))
    assert touched(some).mean() == pytest.approx(0.3, abs=0.12)
    assert not touched(disturb(IMAGES, np.random.default_rng(0), replace(everything, share=0.0))).any()


@pytest.mark.parametrize("name", EVERYTHING)
def test_each_change_alone_changes_images(name):
    assert touched(changed(**{name: 0.6})).mean() > 0.2


def test_an_image_or_none_at_all_is_fine():
    everything = Disturbance(**dict.fromkeys(EVERYTHING, 1.0))
    for count in (0, 1):
        assert disturb(IMAGES[:count], np.random.default_rng(0), everything).shape == (count, 28, 28)


def test_a_stroke_adds_ink_along_one_line_and_takes_none_away():
    drawn = changed(np.zeros_like(IMAGES), strokes=1.0)
    ink = (drawn > 100).sum((1, 2))
    assert np.median(ink) > 20
    assert ink.max() < 250
    assert np.all(changed(strokes=1.0) >= IMAGES)


def test_an_erased_rectangle_has_one_grey_and_at_most_twelve_pixels_a_side():
    before = ramp()
    for image in changed(before, erase=1.0):
        rows, columns = np.nonzero(image != before[0])
        if len(rows):
            block = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            assert max(block.shape) <= 13
            assert len(np.unique(block)) == 1


def test_blur_keeps_the_light_and_spreads_it_no_further_than_its_sigma():
    point = np.zeros((200, 28, 28), np.uint8)
    point[:, 14, 14] = 255
    squares = (np.mgrid[:28, :28] - 14) ** 2
    blurred = changed(point, blur=1.5).astype(float)
    spread = (blurred * squares[0]).sum((1, 2)) / blurred.sum((1, 2))
    assert 0.8 < spread.max() ** 0.5 < 1.5
    assert (spread == 0).mean() == pytest.approx(0.5, abs=0.2)  # half of them stay sharp, or nearly so
    np.testing.assert_allclose(blurred.sum((1, 2)), 255, rtol=0.1)


def test_a_filter_spreads_what_it_makes_over_the_whole_range():
    filtered = changed(filter=1.0)
    assert {(image.min(), image.max()) for image in filtered} == {(0, 255)}


def test_noise_has_its_strength_at_most_on_half_of_the_images():
    grey = np.full((300, 28, 28), 128, np.uint8)
    spread = changed(grey, noise=0.2).std((1, 2)) / 255
    assert 0.17 < spread.max() < 0.21
    assert (spread == 0).mean() == pytest.approx(0.5, abs=0.1)


def test_a_tone_maps_levels_evenly_in_either_polarity_and_keeps_a_fifth_of_the_contrast():
    levels = changed(ramp(), tone=1.0).reshape(200, 784)[:, :256].astype(float)
    rises = (levels[:, 255] - levels[:, 0]) / 255
    assert (rises > 0).mean() == pytest.approx(0.5, abs=0.15)
    assert 0.19 < np.abs(rises).min() < 0.25
    straight = levels[:, :1] + rises[:, None] * np.arange(256)
    assert np.abs(levels - straight).max() < 1.1


def test_light_is_smooth_and_no_stronger_than_its_limit():
    lit = changed(np.full((200, 28, 28), 128, np.uint8), light=0.3).astype(float)
    assert 30 < np.abs(lit - 128).max() < 0.3 * 255 * 1.4  # a bicubic surface passes its corners a little
    assert np.abs(np.diff(lit, axis=2)).max() < 20


def test_an_edge_gives_a_band_another_tone_and_leaves_the_rest():
    black = changed(np.zeros_like(IMAGES), edge=1.0)
    assert {len(np.unique(image)) for image in black} <= {1, 2}
    inside = (black > 0).mean((1, 2))
    assert inside.max() > 0.5
    assert 0.1 < np.median(inside[inside > 0]) < 0.7
