from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inklens.coreml.runner import ENGINES, Engine, GraphRunner, Options
from inklens.errors import ModelError
from tests.coreml.engines import Input, both, graph_of, numbers

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
@pytest.mark.parametrize("indices", [np.array(2), np.array([[0, 2], [1, 3]])], ids=["rank 0", "rank 2"])
@pytest.mark.parametrize("unknown", [False, True])
def test_indices_of_any_rank_stand_in_the_place_of_the_axis(mode: str, indices: np.ndarray, unknown: bool) -> None:
    data = numbers(3, 4, 2)
    updates = numbers(3, *indices.shape, 2, seed=1, low=1, high=3)
    result = both(
        "scatter", data=Input(data), indices=Input(indices.astype(np.int32)), updates=Input(updates), axis=1,
        mode=mode, unknown=unknown,
    )  # fmt: skip
    expected = data.copy()
    expected[:, indices] = MODES[mode](data[:, indices], updates)
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


WRITING = ("scatter", "scatter_along_axis", "scatter_nd")
READING = ("gather", "gather_along_axis", "gather_nd")
DATA = np.array([[1, 2], [3, 4], [9, 10]], np.float32)
UPDATES = np.array([[5, 6], [7, 8]], np.float32)


def indices_of(name: str, second: int) -> np.ndarray:
    """Row 0 and another row, as the operation takes them."""
    rows = {"along_axis": [[0, 0], [second, second]], "nd": [[0], [second]]}
    return np.array(rows.get(name.partition("_")[2], [0, second]), np.int32)


def run_at(name: str, second: int, engine: Engine, validate: bool | None, constant: bool = False) -> np.ndarray:
    """What an operation on rows 0 and `second` of DATA gives."""
    values = {"data": Input(DATA), "updates": Input(UPDATES)} if name in WRITING else {"x": Input(DATA)}
    inside = indices_of(name, 1)
    options = {"validate_indices": validate, "indices": inside if constant else Input(inside)}
    graph, inputs = graph_of(name, values | options)
    node = graph.nodes[0]
    if constant:
        node = replace(node, arguments={**node.arguments, "indices": indices_of(name, second)})
    else:
        inputs["indices"] = indices_of(name, second)
    return GraphRunner(replace(graph, nodes=(node,)), Options(engine))(inputs)["out0"]


@pytest.mark.parametrize("name", WRITING + READING)
@pytest.mark.parametrize("second", [-1, 3])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("constant", [False, True])
def test_an_index_out_of_range_is_an_error_where_indices_are_validated(
    name: str, second: int, engine: Engine, constant: bool
) -> None:
    run_at(name, 2, engine, True, constant)
    with pytest.raises(
        ModelError, match=r"indices go from .* expected 0 to 2|out of data bounds|invalid ind|Out of range"
    ):
        run_at(name, second, engine, True, constant)


@pytest.mark.parametrize("name", WRITING)
@pytest.mark.parametrize("second", [-1, 3])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("constant", [False, True])
def test_nothing_is_written_out_of_range_where_indices_are_not_validated(
    name: str, second: int, engine: Engine, constant: bool
) -> None:
    np.testing.assert_array_equal(run_at(name, second, engine, False, constant), np.add(DATA, [[5, 6], [0, 0], [0, 0]]))
    np.testing.assert_array_equal(run_at(name, 2, engine, False, constant), np.add(DATA, [[5, 6], [0, 0], [7, 8]]))


@pytest.mark.parametrize("name", WRITING)
@pytest.mark.parametrize("engine", ENGINES)
def test_before_ios_17_an_index_below_zero_counts_from_the_end(name: str, engine: Engine) -> None:
    np.testing.assert_array_equal(run_at(name, -1, engine, None), np.add(DATA, [[5, 6], [0, 0], [7, 8]]))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("unknown", [False, True])
def test_of_an_index_vector_one_number_out_of_range_is_enough_to_write_nothing(mode: str, unknown: bool) -> None:
    data, indices = numbers(3, 4, 2), np.array([[0, 3], [2, 4], [-1, 0], [3, -1]], np.int32)
    updates = numbers(4, 2, seed=1, low=1, high=3)
    result = both(
        "scatter_nd", data=Input(data), indices=indices if unknown else Input(indices), updates=Input(updates),
        mode=mode, validate_indices=False, unknown=unknown,
    )  # fmt: skip
    expected = data.copy()
    expected[0, 3] = MODES[mode](data[0, 3], updates[0])
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_an_unknown_mode_is_refused_in_words() -> None:
    with pytest.raises(ModelError, match="its mode is 'xor'; expected one of update, add, sub, mul, div, max, min"):
        both(
            "scatter", data=Input(np.zeros(3, np.float32)), indices=Input(np.array([1], np.int32)),
            updates=Input(np.ones(1, np.float32)), mode="xor",
        )  # fmt: skip
