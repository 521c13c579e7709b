from __future__ import annotations

import numpy as np
import pytest

from tests.coreml.engines import Input, both


@pytest.mark.parametrize("shape", [(2, 3), (1, 2, 3)])
def test_a_linear_map_of_whole_numbers_by_floats_gives_whole_numbers(shape: tuple[int, ...]) -> None:
    x = np.arange(6, dtype=np.int32).reshape(shape)
    weight, bias = np.array([[1, 2, 3], [0, 1, 0.5]], np.float32), np.array([0, -1], np.float32)
    answer = both("linear", x=Input(x), weight=weight, bias=bias)
    np.testing.assert_array_equal(answer, np.array([[8, 1], [26, 5]]).reshape(*shape[:-1], 2))
    assert answer.dtype == np.int32


@pytest.mark.parametrize("shape", [(2, 3), (1, 2, 3)])
def test_a_linear_map_of_floats_by_whole_numbers_gives_floats(shape: tuple[int, ...]) -> None:
    x = np.arange(6, dtype=np.float32).reshape(shape) / 2
    answer = both("linear", x=Input(x), weight=np.array([[1, 2, 3]], np.int32), bias=np.array([1], np.int32))
    np.testing.assert_array_equal(answer, np.array([[5], [14]]).reshape(*shape[:-1], 1))
    assert answer.dtype == np.float32
