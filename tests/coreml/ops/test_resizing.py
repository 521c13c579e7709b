from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inklens.coreml.ops.resizing import SAMPLING_MODES, grid
from inklens.errors import ModelError
from tests.coreml.engines import Input, both, numbers

F = torch.nn.functional

# The specification's own examples: a line of 2 pixels resized to 5 and 6.
SPECIFIED = [
    ("UNALIGN_CORNERS", [0, 0.1, 0.5, 0.9, 1], [0, 0, 0.33, 0.67, 1, 1]),
    ("STRICT_ALIGN_CORNERS", [0, 0.25, 0.5, 0.75, 1], [0, 0.2, 0.4, 0.6, 0.8, 1]),
    ("ALIGN_CORNERS", [0, 0.25, 0.5, 0.75, 1], [0, 0.2, 0.4, 0.6, 0.8, 1]),
    ("DEFAULT", [0, 0.4, 0.8, 1, 1], [0, 0.33, 0.67, 1, 1, 1]),
    ("OFFSET_CORNERS", [0.1, 0.3, 0.5, 0.7, 0.9], [0.08, 0.25, 0.42, 0.58, 0.75, 0.92]),
]


@pytest.mark.parametrize(("mode", "five", "six"), SPECIFIED)
def test_the_grid_of_every_sampling_mode_is_the_specifications(mode: str, five: list[float], six: list[float]) -> None:
    np.testing.assert_allclose(grid(2, 5, mode), five, atol=1e-9)
    np.testing.assert_allclose(grid(2, 6, mode), six, atol=0.005)


def test_one_sample_lies_in_the_middle_only_where_corners_are_aligned_loosely() -> None:
    assert grid(5, 1, "ALIGN_CORNERS") == [2]
    assert grid(5, 1, "STRICT_ALIGN_CORNERS") == [0]


@settings(max_examples=40)
@given(
    mode=st.sampled_from(SAMPLING_MODES), height=st.integers(1, 6), width=st.integers(1, 6), down=st.integers(1, 9),
    across=st.integers(1, 9), rank=st.sampled_from([3, 4, 5]),
)  # fmt: skip
def test_both_engines_resize_alike_in_every_mode(
    mode: str, height: int, width: int, down: int, across: int, rank: int
) -> None:
    x = numbers(*[2, 1, 3][: rank - 2], height, width)
    result = both(
        "resize_bilinear", x=Input(x), target_size_height=down, target_size_width=across, sampling_mode=mode
    )  # fmt: skip
    assert result.shape[-2:] == (down, across)


@pytest.mark.parametrize("unknown", [False, True])
@pytest.mark.parametrize("align_corners", [False, True])
def test_upsample_bilinear_is_torchs(align_corners: bool, unknown: bool) -> None:
    x = numbers(2, 3, 5, 4)
    result = both(
        "upsample_bilinear", x=Input(x), scale_factor_height=2, scale_factor_width=3, align_corners=align_corners,
        unknown=unknown,
    )  # fmt: skip
    size = (10, 12)
    expected = F.interpolate(torch.tensor(x), size, mode="bilinear", align_corners=align_corners).numpy()
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_upsample_bilinear_without_half_pixels_starts_at_the_first() -> None:
    x = np.array([[[[1, 2]]]], np.float32)
    result = both("upsample_bilinear", x=Input(x), scale_factor_width=3, align_corners=False, half_pixel_centers=False)
    np.testing.assert_allclose(result[0, 0, 0], [1, 4 / 3, 5 / 3, 2, 2, 2], atol=1e-6)


@pytest.mark.parametrize("unknown", [False, True])
def test_upsample_nearest_neighbor_repeats_pixels(unknown: bool) -> None:
    x = np.array([[[[1, 2], [3, 4]]]], np.float32)
    result = both(
        "upsample_nearest_neighbor", x=Input(x), scale_factor_height=2, scale_factor_width=1.5, unknown=unknown
    )
    np.testing.assert_array_equal(result[0, 0], [[1, 1, 2], [1, 1, 2], [3, 3, 4], [3, 3, 4]])


def test_resize_nearest_neighbor_cuts_positions_off() -> None:
    x = np.array([[[[1, 2, 3]]]], np.float32)
    result = both("resize_nearest_neighbor", x=Input(x), target_size_height=2, target_size_width=5)
    np.testing.assert_array_equal(result[0, 0], [[1, 1, 2, 2, 3]] * 2)


@pytest.mark.parametrize("mode", ["LINEAR", "NEAREST_NEIGHBOR"])
@pytest.mark.parametrize("at_run_time", [False, True])
def test_resize_changes_the_last_axes_and_keeps_those_of_0(mode: str, at_run_time: bool) -> None:
    x = numbers(1, 2, 2, 3)
    shape = np.array([9, 4, 0], np.int32)
    result = both(
        "resize", x=Input(x), shape=Input(shape) if at_run_time else shape, resized_dims=2, interpolation_mode=mode
    )  # fmt: skip
    rows = [0, 0.5, 1, 1] if mode == "LINEAR" else [0, 0, 1, 1]
    upper, lower = x[:, :, 0:1], x[:, :, 1:2]
    expected = np.concatenate([upper + (lower - upper) * row for row in rows], axis=2)
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_an_unknown_sampling_mode_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ModelError, match="its sampling_mode is 'CUBIC'; expected one of DEFAULT, STRICT_ALIGN_CORNERS"):
        both("resize_bilinear", x=Input(numbers(1, 1, 2, 2)), target_size_height=3, sampling_mode="CUBIC")
