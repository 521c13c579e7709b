from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.coreml.engines import Input, both, numbers

F = torch.nn.functional
FOUR = np.arange(1, 17, dtype=np.float32).reshape(1, 1, 4, 4)
TORCH = {
    "constant": ("zeros", None),
    "border": ("border", None),
    "reflection": ("reflection", True),
    "symmetric": ("reflection", False),
}


@pytest.mark.parametrize("sampling", ["bilinear", "nearest"])
@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("padding", ["constant", "border"])
@pytest.mark.parametrize("unknown", [False, True])
def test_resample_is_torchs_grid_sample(sampling: str, align_corners: bool, padding: str, unknown: bool) -> None:
    x, points = numbers(2, 3, 5, 4), numbers(2, 6, 7, 2, seed=1, low=-1.4, high=1.4)
    result = both(
        "resample", x=Input(x), coordinates=Input(points), sampling_mode=sampling, padding_mode=padding,
        padding_value=0.0, coordinates_mode="normalized_minus_one_to_one", align_corners=align_corners, unknown=unknown,
    )  # fmt: skip
    expected = F.grid_sample(
        torch.tensor(x), torch.tensor(points), sampling, TORCH[padding][0], align_corners=align_corners
    )  # fmt: skip
    np.testing.assert_allclose(result, expected.numpy(), atol=1e-4)


@pytest.mark.parametrize("padding", ["reflection", "symmetric"])
def test_reflection_mirrors_at_pixel_middles_and_symmetry_at_their_edges(padding: str) -> None:
    x, points = numbers(2, 3, 5, 4), numbers(2, 6, 7, 2, seed=1, low=-2.4, high=2.4)
    corners = TORCH[padding][1]
    result = both(
        "resample", x=Input(x), coordinates=Input(points), sampling_mode="bilinear", padding_mode=padding,
        padding_value=0.0, coordinates_mode="normalized_minus_one_to_one", align_corners=corners,
    )  # fmt: skip
    expected = F.grid_sample(torch.tensor(x), torch.tensor(points), "bilinear", "reflection", align_corners=corners)
    np.testing.assert_allclose(result, expected.numpy(), atol=1e-4)


@pytest.mark.parametrize("padding", ["reflection", "symmetric"])
@pytest.mark.parametrize("unknown", [False, True])
def test_the_nearest_pixel_is_looked_for_after_mirroring(padding: str, unknown: bool) -> None:
    # In the middle between two pixels the even one counts; before mirroring that would be another one.
    steps = np.arange(-9, 9, 0.5, dtype=np.float32)
    points = np.stack(np.meshgrid(steps, steps), -1)[None]
    result = both(
        "resample", x=Input(FOUR), coordinates=Input(points), sampling_mode="nearest", padding_mode=padding,
        padding_value=0.0, coordinates_mode="unnormalized", align_corners=True, unknown=unknown,
    )  # fmt: skip
    if padding == "symmetric":  # exact in float32; reflection would divide by 3
        normalized = torch.tensor((points * 2 + 1) / 4 - 1)
        expected = F.grid_sample(torch.tensor(FOUR), normalized, "nearest", "reflection", align_corners=False)
        np.testing.assert_array_equal(result, expected.numpy())
    mirrored = _mirrored(steps, -0.5, 3.5) if padding == "symmetric" else _mirrored(steps, 0, 3)
    nearest = np.clip(np.rint(mirrored), 0, 3).astype(int)
    np.testing.assert_array_equal(result[0, 0], FOUR[0, 0][np.ix_(nearest, nearest)])


def _mirrored(points: np.ndarray, low: float, high: float) -> np.ndarray:
    while (points < low).any() or (points > high).any():
        points = np.where(points < low, 2 * low - points, points)
        points = np.where(points > high, 2 * high - points, points)
    return points


def test_unnormalized_coordinates_are_pixels_and_outside_is_the_padding_value() -> None:
    points = np.array([[[[0, 0], [3, 1], [1.5, 2], [-1, 0], [9, 9]]]], np.float32)
    result = both(
        "resample", x=Input(FOUR), coordinates=Input(points), sampling_mode="bilinear", padding_mode="constant",
        padding_value=6.5, coordinates_mode="unnormalized", align_corners=True,
    )  # fmt: skip
    np.testing.assert_allclose(result[0, 0, 0], [1, 8, 10.5, 6.5, 6.5], atol=1e-4)


def test_zero_to_one_spans_the_image() -> None:
    points = np.array([[[[0, 0], [1, 1], [0.5, 0]]]], np.float32)
    result = both(
        "resample", x=Input(FOUR), coordinates=Input(points), sampling_mode="bilinear", padding_mode="border",
        padding_value=0.0, coordinates_mode="normalized_zero_to_one", align_corners=True,
    )  # fmt: skip
    np.testing.assert_allclose(result[0, 0, 0], [1, 16, 2.5], atol=1e-5)


@pytest.mark.parametrize("many", [False, True])
def test_affine_is_torchs(many: bool) -> None:
    x = numbers(2, 3, 5, 4)
    matrices = numbers(2 if many else 1, 6, seed=1, low=-1, high=1)
    result = both(
        "affine", x=Input(x), transform_matrix=Input(matrices), output_height=3, output_width=6,
        sampling_mode="bilinear", padding_mode="constant", padding_value=0.0,
        coordinates_mode="normalized_minus_one_to_one", align_corners=True,
    )  # fmt: skip
    theta = torch.tensor(np.broadcast_to(matrices.reshape(-1, 2, 3), (2, 2, 3)).copy())
    places = F.affine_grid(theta, [2, 3, 3, 6], align_corners=True)
    expected = F.grid_sample(torch.tensor(x), places, align_corners=True).numpy()
    np.testing.assert_allclose(result, expected, atol=1e-4)


@pytest.mark.parametrize("unknown", [False, True])
def test_boxes_are_cut_out_of_their_images_and_resized(unknown: bool) -> None:
    boxes = np.array([[1, 1, 2, 2], [0, 0, 3, 3]], np.float32)
    x = np.concatenate([FOUR, FOUR * 10])
    result = both(
        "crop_resize", x=Input(x), boxes=boxes, box_indices=np.array([1, 0], np.int32), target_height=2,
        target_width=2, sampling_mode="ALIGN_CORNERS", unknown=unknown,
    )  # fmt: skip
    np.testing.assert_allclose(result[:, 0], [[[60, 70], [100, 110]], [[1, 4], [13, 16]]], atol=1e-4)


@pytest.mark.parametrize(
    ("mode", "box"),
    [
        ("CORNERS_HEIGHT_FIRST", [0, 1, 3, 2]),
        ("CORNERS_WIDTH_FIRST", [1, 0, 2, 3]),
        ("CENTER_SIZE_HEIGHT_FIRST", [1.5, 1.5, 3, 1]),
        ("CENTER_SIZE_WIDTH_FIRST", [1.5, 1.5, 1, 3]),
    ],
)
def test_the_four_ways_to_write_a_box_mean_the_same(mode: str, box: list[float]) -> None:
    result = both(
        "crop_resize", x=Input(FOUR), boxes=np.array([box], np.float32), target_height=2, target_width=2,
        box_coordinate_mode=mode, sampling_mode="STRICT_ALIGN_CORNERS",
    )  # fmt: skip
    np.testing.assert_allclose(result[0, 0], [[2, 3], [14, 15]], atol=1e-4)


def test_outside_the_image_a_crop_is_the_pad_value() -> None:
    roi = np.array([[0, 0.1, 0.3, 1.3, 1], [0, 0.5, 1.8, 1.0, 0.3]], np.float32).reshape(2, 1, 5, 1, 1)
    result = both(
        "crop_resize", x=Input(FOUR), roi=roi, target_height=2, target_width=2, normalized_coordinates=True,
        sampling_mode="ALIGN_CORNERS", pad_value=7.0,
    )  # fmt: skip
    assert result.shape == (2, 1, 1, 2, 2)
    np.testing.assert_allclose(result.reshape(2, 4), [[3.1, 5.2, 7, 7], [7, 7.9, 7, 13.9]], atol=1e-4)


@pytest.mark.parametrize("unknown", [False, True])
def test_boxes_without_an_image_index_are_cut_out_of_every_image(unknown: bool) -> None:
    x = np.concatenate([FOUR, FOUR * 10])
    roi = np.array([[1, 1, 2, 2], [0, 0, 3, 3], [0, 0, 0, 0]], np.float32).reshape(3, 1, 4, 1, 1)
    result = both(
        "crop_resize", x=Input(x), roi=roi, target_height=1, target_width=2, sampling_mode="ALIGN_CORNERS",
        unknown=unknown,
    )  # fmt: skip
    assert result.shape == (3, 2, 1, 1, 2)
    np.testing.assert_allclose(result[:, 0, 0, 0], [[8, 9], [7, 10], [1, 1]], atol=1e-4)
    np.testing.assert_allclose(result[:, 1], result[:, 0] * 10, atol=1e-3)
