"""Each corruption does what its description says, the same for the same seed, and nothing learns from any of them."""

import subprocess
import sys

import numpy as np
import pytest

from inklens.data import load_dataset
from inklens.errors import InklensError
from inklens.evaluation.corruptions import CORRUPTIONS, corrupt

NAMES = (
    "shot_noise impulse_noise glass_blur motion_blur shear scale rotate brightness translate stripe fog spatter "
    "dotted_line zigzag canny_edges identity"
)
DIGITS = load_dataset("mnist").validation.images[:60]
BLACK = np.zeros((300, 28, 28), np.uint8)


def changed(name, images=DIGITS, seed=1):
    return corrupt(images, name, seed)


def blob(row, column, count=300):
    """A white square of 3×3 pixels about a place."""
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, row - 1 : row + 2, column - 1 : column + 2] = 255
    return images


def centres(images):
    """(row, column) of the centre of mass of each image, about the middle."""
    rows, columns = np.mgrid[:28, :28] - 13.5
    weights = images.astype(float)
    total = weights.sum((1, 2))
    return np.stack([(weights * rows).sum((1, 2)), (weights * columns).sum((1, 2))], 1) / total[:, None]


def ways(values):
    """The different rows of whole numbers."""
    return sorted(set(map(tuple, np.rint(values).astype(int).tolist())))


def test_the_fifteen_stand_in_the_published_order_with_identity_behind():
    assert " ".join(CORRUPTIONS) == NAMES


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_shape_and_dtype_stay_and_the_given_images_too(name):
    before = DIGITS.copy()
    spoilt = changed(name)
    assert (spoilt.shape, spoilt.dtype) == (DIGITS.shape, np.uint8)
    assert np.array_equal(DIGITS, before)
    assert not np.shares_memory(spoilt, DIGITS)
    assert np.array_equal(spoilt, DIGITS) == (name == "identity")
    assert changed(name, DIGITS[:0]).shape == (0, 28, 28)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_seed_decides(name):
    assert np.array_equal(changed(name), changed(name))
    by_chance = name not in ("scale", "brightness", "stripe", "canny_edges", "identity")
    assert np.array_equal(changed(name), changed(name, seed=2)) != by_chance
    twice = changed(name, np.stack([DIGITS[0]] * 20))
    assert (twice == twice[0]).all() != by_chance


def test_an_unknown_name_lists_those_there_are():
    with pytest.raises(InklensError) as caught:
        corrupt(DIGITS, "snow", 1)
    assert str(caught.value) == f"no corruption is called 'snow'; there are {', '.join(NAMES.split())}."


@pytest.mark.parametrize("images", [DIGITS / 255, DIGITS[0], np.zeros((2, 32, 32), np.uint8)])
def test_other_images_are_refused(images):
    with pytest.raises(InklensError) as caught:
        corrupt(images, "fog", 1)
    assert str(caught.value) == (f"corruptions take images uint8 [n, 28, 28], not {images.dtype} {list(images.shape)}.")


def test_shot_noise_counts_thirds_of_white_about_the_true_level():
    grey = changed("shot_noise", np.full((300, 28, 28), 64, np.uint8))
    assert np.unique(grey).tolist() == [0, 85, 170, 255]
    # Poisson with mean 3 * 64/255, three and more are white
    mean = 3 * 64 / 255
    chances = np.exp(-mean) * mean ** np.arange(3) / [1, 1, 2]
    shares = [(grey == level).mean() for level in (0, 85, 170)]
    np.testing.assert_allclose(shares, chances, atol=4 * 0.5 / grey.size**0.5)
    assert not changed("shot_noise", BLACK).any()


def test_impulse_noise_hits_seventeen_per_cent_half_black_half_white():
    spoilt = changed("impulse_noise", np.full((300, 28, 28), 100, np.uint8))
    deviation = (0.085 * 0.915 / spoilt.size) ** 0.5
    for level in (0, 255):
        assert (spoilt == level).mean() == pytest.approx(0.085, abs=4 * deviation)
    assert np.unique(spoilt).tolist() == [0, 100, 255]


def test_glass_blur_scatters_a_point_over_few_pixels_and_keeps_its_light():
    point = np.zeros((300, 28, 28), np.uint8)
    point[:, 14, 14] = 255
    spoilt = changed("glass_blur", point).astype(float)
    assert spoilt.sum((1, 2)).mean() == pytest.approx(255, rel=0.05)
    seen = np.argwhere(spoilt.max(0) > 2)
    # two blurs reach 3 pixels each; a swap carries a pixel at most one place back, and any number of places on
    assert seen.min() >= 4
    assert seen.max() <= 22
    spread = np.array([(centre**2).mean() for centre in centres(spoilt).T])
    assert np.all(spread > 0.2)
    assert np.all(spread < 4)


def test_motion_blur_smears_to_the_left_by_two_pixels_and_up_or_down_by_the_angle():
    moved = centres(changed("motion_blur", blob(14, 18))) - centres(blob(14, 18))
    angles = np.rad2deg(np.arctan2(moved[:, 0], -moved[:, 1]))
    # the mean of half a Gaussian of sigma 3 on whole steps is 2.09, its steps are rounded to pixels
    np.testing.assert_allclose(np.hypot(*moved.T), 2.09, atol=0.2)
    assert -46 < angles.min() < -43
    assert 43 < angles.max() < 46


def test_shear_turns_the_downward_axis_by_0_4_radians_to_either_side():
    found = centres(changed("shear", blob(20, 14)))
    # a row is read at cos(0.4) times its distance, and its columns from sin(0.4) times that distance aside
    row = 6.5 / np.cos(0.4)
    sideways = np.sin(0.4) * row
    np.testing.assert_allclose(found[:, 0], row, atol=0.1)
    np.testing.assert_allclose(np.abs(found[:, 1] - 0.5), sideways, atol=0.1)
    assert set(np.sign(found[:, 1])) == {-1, 1}


def test_scale_brings_everything_nearer_to_the_middle_by_thirty_per_cent():
    for place in ((14, 22), (5, 9)):
        images = blob(*place)
        np.testing.assert_allclose(centres(changed("scale", images)), 0.7 * centres(images), atol=0.1)


def test_rotate_turns_about_the_middle_by_0_4_radians_either_way():
    found = centres(changed("rotate", blob(14, 22)))
    angles = np.arctan2(found[:, 0], found[:, 1]) - np.arctan2(0.5, 8.5)
    np.testing.assert_allclose(np.abs(angles), 0.4, atol=0.02)
    assert set(np.sign(angles)) == {-1, 1}
    np.testing.assert_allclose(np.hypot(*found.T), np.hypot(0.5, 8.5), atol=0.1)


def test_brightness_adds_half_of_the_range():
    ramp = np.arange(784).reshape(1, 28, 28) % 256
    np.testing.assert_allclose(changed("brightness", ramp.astype(np.uint8)), np.minimum(ramp + 127.5, 255), atol=0.5)


def test_translate_moves_by_exactly_three_pixels_on_both_axes():
    images = blob(14, 9)
    assert ways(centres(changed("translate", images)) - centres(images)) == [(-3, -3), (-3, 3), (3, -3), (3, 3)]
    cut = changed("translate", np.full((40, 28, 28), 9, np.uint8))
    assert [(image > 0).sum() for image in cut] == [25 * 25] * 40


def test_stripe_inverts_the_seven_columns_at_each_side_and_no_other():
    spoilt = changed("stripe")
    sides = [*range(7), *range(21, 28)]
    assert np.array_equal(spoilt[:, :, sides], 255 - DIGITS[:, :, sides])
    assert np.array_equal(spoilt[:, :, 7:21], DIGITS[:, :, 7:21])


def test_fog_is_smooth_covers_the_range_and_leaves_a_quarter_of_the_contrast():
    white = blob(14, 14, 100)
    foggy, without = changed("fog", white).astype(int), changed("fog", blob(5, 5, 100)).astype(int)
    # the same clouds with the ink elsewhere: white is 1 of 1 + 3
    assert np.abs((foggy - without)[:, 13:16, 13:16] - 255 / 4).max() <= 1
    clouds = foggy[:, 20:]
    assert clouds.max() <= 192  # 3 of 1 + 3
    assert np.abs(np.diff(clouds, axis=2)).mean() < 3
    assert 10 < clouds.mean((1, 2)).min() < 50
    assert 140 < clouds.mean((1, 2)).max() < 192
    assert not changed("fog", BLACK[:3]).any()


def test_spatter_is_grey_where_it_covers_all_and_spares_most_of_the_image():
    on_black, on_white = changed("spatter", BLACK), changed("spatter", np.full_like(BLACK, 255))
    mud = on_black > 0
    assert (on_black[mud].min(), on_black.max()) == (50, 63)  # from 0.8 of 63 on
    assert 0.1 < mud.mean() < 0.2
    # what mud leaves of white: 255 where there is none, 255 - 192 * 0.8 at its edges, 63 in its middle
    np.testing.assert_allclose(on_white, 255 - on_black * (192 / 63), atol=2)


def test_dotted_line_is_drawn_on_two_columns_of_four_across_the_image():
    lines = changed("dotted_line", BLACK)
    drawn = [column for start in range(2, 27, 4) for column in (start, start + 1) if column < 27]
    assert np.flatnonzero(lines.any((0, 1))).tolist() == drawn
    grey = changed("dotted_line", np.full_like(BLACK, 40))
    np.testing.assert_allclose(grey, np.minimum(40 + lines.astype(int), 255), atol=1)
    level = [line[:, drawn] for line in lines if np.array_equal(line[:, 2], line[:, 26]) and not line[[0, -1], 2].any()]
    assert level
    for line in level:
        row = int(line[:, 0].argmax())
        assert line[row - 1 : row + 2].tolist() == [[110] * 13, [255] * 13, [110] * 13]  # 1 + ln(1 - 1/2.3) is 0.43
        assert line.sum() == 13 * (110 + 255 + 110)
    ends = lines.argmax(1)[:, [2, 26]]
    assert (ends.min(), ends.max()) == (0, 26)


def test_zigzag_goes_to_and_fro_by_two_pixels_every_four_columns():
    zigzags = changed("zigzag", BLACK)
    grey = changed("zigzag", np.full_like(BLACK, 40))
    np.testing.assert_allclose(grey, np.minimum(40 + zigzags.astype(int), 255), atol=1)
    path = [0, 1, 2, 1, 0, -1, -2, -1, 0, 1, 2, 1, 0, -1, -2, -1, 0, 1, 2, 1, 0, -1, -2]  # from column 2 on, if level
    starts = []
    for zigzag in zigzags:
        rows = zigzag[:, 2:25].argmax(0)
        if np.array_equal(rows - rows[0], path):
            starts.append(int(rows[0]))
            assert np.flatnonzero(zigzag.any(0)).tolist() == list(range(2, 25))
            assert zigzag[rows, range(2, 25)].tolist() == [255] * 23
    assert 15 < len(starts) < 40  # a tenth of all is level
    assert max(starts) - min(starts) > 15
    ends = [zigzag[:, [2, 22]].argmax(0) for zigzag in zigzags if zigzag[5:23].any(0)[2:25].all()]
    rises = np.array([end - start for start, end in ends])
    assert -5 <= rises.min() < -2
    assert 2 < rises.max() <= 5


def test_canny_edges_is_a_closed_outline_one_pixel_thin():
    square = np.zeros((1, 28, 28), np.uint8)
    square[0, 8:20, 8:20] = 128  # its edge lies on these pixels
    square[0, 9:19, 9:19] = 255
    edges = changed("canny_edges", square)[0]
    outline = np.zeros((28, 28), np.uint8)
    outline[8:20, 8:20] = 255
    outline[9:19, 9:19] = 0
    for corner, inside in (((8, 8), (9, 9)), ((8, 19), (9, 18)), ((19, 8), (18, 9)), ((19, 19), (18, 18))):
        outline[corner], outline[inside] = 0, 255
    assert edges.tolist() == outline.tolist()
    assert not changed("canny_edges", BLACK).any()


def test_no_module_that_trains_imports_the_corruptions():
    modules = "training.train training.trainer training.recipes training.augment reader_training.trainer "
    modules += "reader_training.marks reader_training.page_store rendering.render"
    code = "import sys\n" + "\n".join(f"import inklens.{name}" for name in modules.split())
    code += "\nprint(sorted(name for name in sys.modules if name.startswith('inklens.evaluation')))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
