"""Operations whose shapes and places are computed while the model runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.coreml.engines import Input, both, numbers

X = numbers(2, 3, 4)


def places(*values: int) -> Input:
    return Input(np.array(values, np.int32))


CASES: list[tuple[str, dict[str, Any], np.ndarray]] = [
    ("reshape", {"x": Input(X), "shape": places(4, 6)}, X.reshape(4, 6)),
    ("reshape", {"x": Input(X), "shape": places(3, -1)}, X.reshape(3, 8)),
    ("slice_by_index", {"x": Input(X), "begin": places(0, 1, -1), "end": places(1, 3, 4)}, X[0:1, 1:3, -1:4]),
    (
        "slice_by_index",
        {"x": Input(X), "begin": places(1, -1, 0), "end": places(9, 9, 9), "squeeze_mask": [True, True, False]},
        X[1, -1],
    ),
    (
        "slice_by_index",
        {
            "x": Input(X), "begin": places(0, 3, 9), "end": places(2, 0, 9), "stride": [1, -1, -2],
            "begin_mask": [False, False, True], "end_mask": [False, False, True],
        },
        X[0:2, 3:0:-1, ::-2],
    ),
    ("slice_by_size", {"x": Input(X), "begin": places(0, -2, 1), "size": places(-1, 2, 2)}, X[:, -2:, 1:3]),
    (
        "pad",
        {"x": Input(X), "pad": places(0, 0, 1, 0, 2, 1), "constant_val": 7.0},
        np.pad(X, [(0, 0), (1, 0), (2, 1)], constant_values=7),
    ),
    (
        "pad",
        {"x": Input(X), "pad": places(0, 0, 1, 1, 0, 2), "mode": "reflect"},
        np.pad(X, [(0, 0), (1, 1), (0, 2)], "reflect"),
    ),
    ("tile", {"x": Input(X), "reps": places(1, 2, 1)}, np.tile(X, (1, 2, 1))),
    ("fill", {"shape": places(2, 5), "value": 1.5}, np.full((2, 5), 1.5, np.float32)),
    ("range_1d", {"start": places(2), "end": places(8), "step": places(3)}, np.array([2, 5], np.int32)),
    (
        "one_hot",
        {"indices": places(1, -1, 2), "one_hot_vector_size": places(3)},
        np.array([[0, 1, 0], [0, 0, 0], [0, 0, 1]], np.int32),
    ),
    ("shape", {"x": Input(X)}, np.array([2, 3, 4], np.int32)),
    ("gather", {"x": Input(X), "indices": places(-1, 0), "axis": 1}, X[:, [-1, 0]]),
    (
        "slice_update",
        {"x": Input(X), "update": Input(X[:1] * 0), "begin": places(1, 0, 0), "end": places(2, 3, 4)},
        X * [[[1]], [[0]]],
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("op", "arguments", "expected"), CASES, ids=[f"{op}-{n}" for n, (op, _, _) in enumerate(CASES)]
)
@pytest.mark.parametrize("unknown", [False, True], ids=["known", "unknown"])
def test_places_may_be_inputs(op: str, arguments: dict[str, Any], expected: np.ndarray, unknown: bool) -> None:
    result = both(op, unknown=unknown, **arguments)
    assert result.shape == expected.shape
    np.testing.assert_array_equal(result, expected.astype(result.dtype))


def test_one_hot_places_its_axis_and_values() -> None:
    result = both(
        "one_hot",
        indices=Input(np.array([[0, 2]], np.int32)),
        one_hot_vector_size=np.int32(3),
        axis=1,
        on_value=5.0,
        off_value=-1.0,
    )
    np.testing.assert_array_equal(result, [[[5, -1], [-1, -1], [-1, 5]]])


@pytest.mark.parametrize("unknown", [False, True])
def test_sliding_windows_overlap_by_their_stride(unknown: bool) -> None:
    x = np.arange(14, dtype=np.float32).reshape(7, 2)
    result = both("sliding_windows", x=Input(x), axis=0, size=3, stride=2, unknown=unknown)
    np.testing.assert_array_equal(result, np.stack([x[0:3], x[2:5], x[4:7]]))


def test_a_sequence_is_reversed_up_to_its_own_length() -> None:
    x = np.arange(8, dtype=np.int32).reshape(2, 4)
    result = both("reverse_sequence", x=Input(x), lengths=places(2, 4), seq_axis=1, batch_axis=0)
    np.testing.assert_array_equal(result, [[1, 0, 2, 3], [7, 6, 5, 4]])
    turned = both("reverse_sequence", x=Input(x.T.copy()), lengths=places(2, 4), seq_axis=0, batch_axis=1)
    np.testing.assert_array_equal(turned, np.array([[1, 0, 2, 3], [7, 6, 5, 4]]).T)


def test_reshape_like_takes_its_sizes_from_other_tensors() -> None:
    result = both(
        "reshape_like", x=Input(numbers(4, 15)), ref_tensors=(Input(numbers(2, 2, 9)), Input(numbers(7, 5, 3))),
        begins=(np.int32(0), np.int32(1)), ends=(np.int32(2), np.int32(0)), end_masks=(np.bool_(False), np.bool_(True)),
    )  # fmt: skip
    assert result.shape == (2, 2, 5, 3)
