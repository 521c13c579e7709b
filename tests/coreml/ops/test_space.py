from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.coreml.engines import Input, both, numbers

ONE_TO_SIXTEEN = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)


def test_depth_becomes_space_in_blocks_and_back() -> None:
    x = numbers(2, 12, 3, 2)
    wide = both("depth_to_space", x=Input(x), block_size=2)
    assert wide.shape == (2, 3, 6, 4)
    np.testing.assert_array_equal(wide[:, :, 0, 0], x[:, :3, 0, 0])
    np.testing.assert_array_equal(wide[:, :, 0, 1], x[:, 3:6, 0, 0])
    np.testing.assert_array_equal(wide[:, :, 1, 0], x[:, 6:9, 0, 0])
    np.testing.assert_array_equal(both("space_to_depth", x=Input(wide), block_size=2), x)


def test_pixel_shuffle_and_its_inverse_are_torchs() -> None:
    x = numbers(2, 12, 3, 2)
    wide = both("pixel_shuffle", x=Input(x), upscale_factor=2)
    np.testing.assert_array_equal(wide, torch.pixel_shuffle(torch.tensor(x), 2).numpy())
    back = both("pixel_unshuffle", x=Input(wide), downscale_factor=2)
    np.testing.assert_array_equal(back, x)


def test_space_becomes_batch_and_back() -> None:
    batch = both("space_to_batch", x=Input(ONE_TO_SIXTEEN), block_shape=[2, 2], paddings=np.zeros((2, 2), np.int32))
    np.testing.assert_array_equal(
        batch[:, 0], [[[0, 2], [8, 10]], [[1, 3], [9, 11]], [[4, 6], [12, 14]], [[5, 7], [13, 15]]]
    )
    crops = np.array([[0, 1], [1, 0]], np.int32)
    back = both("batch_to_space", x=Input(batch), block_shape=[2, 2], crops=crops)
    np.testing.assert_array_equal(back, ONE_TO_SIXTEEN[:, :, :3, 1:])


def test_space_to_batch_pads_first() -> None:
    x = np.array([[[[1, 2], [3, 4]]]], np.float32)
    result = both("space_to_batch", x=Input(x), block_shape=[2, 2], paddings=np.array([[1, 1], [2, 0]], np.int32))
    assert result.shape == (4, 1, 2, 2)
    np.testing.assert_array_equal(result[:, 0].reshape(4, -1), [[0, 0, 0, 3], [0, 0, 0, 4], [0, 1, 0, 0], [0, 2, 0, 0]])


@pytest.mark.parametrize("unknown", [False, True])
def test_crop_takes_rows_and_columns_off(unknown: bool) -> None:
    result = both("crop", x=Input(ONE_TO_SIXTEEN), crop_height=[0, 1], crop_width=[1, 0], unknown=unknown)
    np.testing.assert_array_equal(result, ONE_TO_SIXTEEN[:, :, :3, 1:])


def test_interleaved_concatenation_takes_turns() -> None:
    one, two = np.array([[1, 2], [3, 4]], np.float32), np.array([[5, 6], [7, 8]], np.float32)
    result = both("concat", values=(Input(one), Input(two)), axis=0, interleave=True)
    np.testing.assert_array_equal(result, [[1, 2], [5, 6], [3, 4], [7, 8]])
