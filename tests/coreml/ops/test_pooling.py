from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.coreml.engines import Input, both, numbers

F = torch.nn.functional
MAX = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
AVERAGE = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("pad", [0, 1])
def test_max_pool_is_torchs(rank: int, ceil_mode: bool, pad: int) -> None:
    x = numbers(2, 3, *[7, 8, 6][:rank])
    result = both(
        "max_pool", x=Input(x), kernel_sizes=[3] * rank, strides=[2] * rank, pad_type="custom", pad=[pad] * 2 * rank,
        ceil_mode=ceil_mode,
    )  # fmt: skip
    np.testing.assert_array_equal(result, MAX[rank](torch.tensor(x), 3, 2, pad, ceil_mode=ceil_mode).numpy())


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("exclude", [False, True])
@pytest.mark.parametrize("pad", [0, 1])
def test_avg_pool_is_torchs(rank: int, ceil_mode: bool, exclude: bool, pad: int) -> None:
    x = numbers(2, 3, *[7, 8, 6][:rank])
    result = both(
        "avg_pool", x=Input(x), kernel_sizes=[3] * rank, strides=[2] * rank, pad_type="custom", pad=[pad] * 2 * rank,
        ceil_mode=ceil_mode, exclude_padding_from_average=exclude,
    )  # fmt: skip
    expected = AVERAGE[rank](torch.tensor(x), 3, 2, pad, ceil_mode=ceil_mode, count_include_pad=not exclude).numpy()
    np.testing.assert_allclose(result, expected, atol=1e-5)


@pytest.mark.parametrize("rank", [1, 2])
def test_l2_pool_is_torchs(rank: int) -> None:
    x = numbers(2, 3, *[7, 8][:rank])
    result = both("l2_pool", x=Input(x), kernel_sizes=[3, 2][:rank], strides=[2, 1][:rank])
    pool = F.lp_pool1d if rank == 1 else F.lp_pool2d
    expected = pool(torch.tensor(x), 2.0, 3 if rank == 1 else (3, 2), 2 if rank == 1 else (2, 1)).numpy()
    np.testing.assert_allclose(result, expected, atol=1e-5)


@pytest.mark.parametrize(("pad_type", "expected"), [("same", [2, 4, 5]), ("same_lower", [1, 3, 5])])
@pytest.mark.parametrize("unknown", [False, True])
def test_same_pooling_pads_at_the_end_and_lower_at_the_start(pad_type: str, expected: list[int], unknown: bool) -> None:
    x = np.array([[[1, 2, 3, 4, 5]]], np.float32)
    result = both("max_pool", x=Input(x), kernel_sizes=[2], strides=[2], pad_type=pad_type, unknown=unknown)
    np.testing.assert_array_equal(result[0, 0], expected)


def test_padding_as_wide_as_the_kernel_gives_windows_without_elements() -> None:
    x = np.array([[[1, 2, 3]]], np.float32)
    arguments: dict[str, Any] = {"x": Input(x), "kernel_sizes": [2], "pad_type": "custom", "pad": [2, 0]}
    np.testing.assert_array_equal(both("avg_pool", **arguments)[0, 0], [0, 0.5, 1.5, 2.5])
    excluded = both("avg_pool", exclude_padding_from_average=True, **arguments)
    np.testing.assert_array_equal(excluded[0, 0], [0, 1, 1.5, 2.5])


@settings(max_examples=30)
@given(
    op=st.sampled_from(["max_pool", "avg_pool", "l2_pool"]), size=st.integers(3, 9), kernel=st.integers(1, 3),
    stride=st.integers(1, 3), pad_type=st.sampled_from(["valid", "same", "same_lower"]), unknown=st.booleans(),
)  # fmt: skip
def test_both_engines_pool_alike_whatever_the_geometry(
    op: str, size: int, kernel: int, stride: int, pad_type: str, unknown: bool
) -> None:
    both(
        op, x=Input(numbers(1, 2, size, size + 2)), kernel_sizes=[kernel, kernel], strides=[stride, stride],
        pad_type=pad_type, unknown=unknown,
    )  # fmt: skip
