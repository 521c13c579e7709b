from __future__ import annotations

import numpy as np
import pytest

from inklens.errors import ModelError
from tests.coreml.engines import Input, both, numbers

MODES = {
    "update": lambda _, new: new,
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "max": np.maximum,
    "min": np.minimum,
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("axis", [0, -2])
def test_scatter_puts_slices_where_the_indices_say(mode: str, axis: int) -> None:
    data, indices = numbers(3, 4, 2), np.array([2, 0], np.int32)
    shape = list(data.shape)
    shape[axis] = 2
    updates = numbers(*shape, seed=1, low=1, high=3)
    result = both("scatter", data=Input(data), indices=Input(indices), updates=Input(updates), axis=axis, mode=mode)
    expected = data.copy()
    place = (*[slice(None)] * (axis % 3), indices)
    expected[place] = MODES[mode](data[place], updates)
    np.testing.assert_allclose(result, expected, atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_scatter_along_axis_puts_single_elements(mode: str) -> None:
    data, indices = numbers(2, 4), np.array([[3, 1], [0, 2]], np.int32)
    updates = numbers(2, 2, seed=1, low=1, high=3)
    result = both(
        "scatter_along_axis", data=Input(data), indices=Input(indices), updates=Input(updates), axis=1, mode=mode
    )  # fmt: skip
    expected = data.copy()
    for row, column in np.ndindex(2, 2):
        place = row, indices[row, column]
        expected[place] = MODES[mode](data[place], updates[row, column])
    np.testing.assert_allclose(result, expected, atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_scatter_nd_puts_what_each_index_vector_names(mode: str) -> None:
    data, indices = numbers(3, 4, 2), np.array([[0, 3], [2, 1]], np.int32)
    updates = numbers(2, 2, seed=1, low=1, high=3)
    result = both("scatter_nd", data=Input(data), indices=Input(indices), updates=Input(updates), mode=mode)
    expected = data.copy()
    for row, (first, second) in enumerate(indices):
        expected[first, second] = MODES[mode](data[first, second], updates[row])
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_repeated_indices_add_up() -> None:
    result = both(
        "scatter", data=Input(np.zeros(3, np.float32)), indices=Input(np.array([1, 1, 1], np.int32)),
        updates=Input(np.array([1, 2, 4], np.float32)),
    )  # fmt: skip
    np.testing.assert_array_equal(result, [0, 7, 0])


@pytest.mark.parametrize("batch_dims", [0, 1])
def test_gather_nd_follows_index_vectors_within_each_batch(batch_dims: int) -> None:
    x = numbers(2, 3, 4)
    indices = np.array([[[0, 1], [2, 3]], [[1, 1], [0, 0]]], np.int32)
    if batch_dims == 0:
        indices = np.minimum(indices, 1)
        expected = x[indices[..., 0], indices[..., 1]]
    else:
        expected = np.stack([x[row, indices[row, :, 0], indices[row, :, 1]] for row in range(2)])
    result = both("gather_nd", x=Input(x), indices=Input(indices), batch_dims=batch_dims)
    np.testing.assert_array_equal(result, expected)


def test_an_unknown_mode_is_refused_in_words() -> None:
    with pytest.raises(ModelError, match="its mode is 'xor'; expected one of update, add, sub, mul, div, max, min"):
        both(
            "scatter", data=Input(np.zeros(3, np.float32)), indices=Input(np.array([1], np.int32)),
            updates=Input(np.ones(1, np.float32)), mode="xor",
        )  # fmt: skip
