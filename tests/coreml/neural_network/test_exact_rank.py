"""The layers of specification 4 and 5, whose tensors have any rank, against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from inklens.errors import ModelError
from tests.coreml.neural_network.networks import builder, check, lowered, run, run_layer

RNG = np.random.default_rng(7)
A, B = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(3, 1))
POSITIVE = RNG.random(size=(2, 3, 4)) + 0.5
CUBE = RNG.normal(size=(5, 5, 5))
Add = Callable[[Any], object]

CASES: dict[str, tuple[Add, list[np.ndarray], np.ndarray]] = {
    "add": (lambda n: n.add_add_broadcastable("l", ["x0", "x1"], "output"), [A, B], A + B),
    "subtract": (lambda n: n.add_subtract_broadcastable("l", ["x0", "x1"], "output"), [A, B], A - B),
    "multiply": (lambda n: n.add_multiply_broadcastable("l", ["x0", "x1"], "output"), [A, B], A * B),
    "divide": (lambda n: n.add_divide_broadcastable("l", ["x0", "x1"], "output"), [A, POSITIVE], A / POSITIVE),
    "floor_div": (lambda n: n.add_floor_div_broadcastable("l", ["x0", "x1"], "output"), [A, POSITIVE], A // POSITIVE),
    "mod": (lambda n: n.add_mod_broadcastable("l", ["x0", "x1"], "output"), [A, POSITIVE], A % POSITIVE),
    "pow": (lambda n: n.add_pow_broadcastable("l", ["x0", "x1"], "output"), [POSITIVE, B], POSITIVE**B),
    "less": (lambda n: n.add_less_than("l", ["x0", "x1"], "output"), [A, B], (A < B) * 1.0),
    "greater_equal": (lambda n: n.add_greater_than("l", ["x0"], "output", True, 0.5), [A], (A >= 0.5) * 1.0),
    "not": (lambda n: n.add_logical("l", ["x0"], "output", "NOT"), [np.round(A)], (np.round(A) == 0) * 1.0),
    "xor": (
        lambda n: n.add_logical("l", ["x0", "x1"], "output", "XOR"),
        [np.round(A), np.round(B)],
        ((np.round(A) != 0) ^ (np.round(B) != 0)) * 1.0,
    ),
    "where": (
        lambda n: n.add_where_broadcastable("l", ["x0", "x1", "x2"], "output"),
        [np.round(B), A, POSITIVE],
        np.where(np.round(B) != 0, A, POSITIVE),
    ),
    "clip": (lambda n: n.add_clip("l", "x0", "output", -0.5, 0.25), [A], np.clip(A, -0.5, 0.25)),
    "clamped_relu": (
        lambda n: n.add_clamped_relu("l", "x0", "output", 0.5, 0.7), [A], np.minimum(0.7, np.where(A >= 0, A, 0.5 * A))
    ),
    "transpose": (lambda n: n.add_transpose("l", [2, 0, 1], "x0", "output"), [A], A.transpose(2, 0, 1)),
    "softmax": (
        lambda n: n.add_softmax_nd("l", "x0", "output", -2),
        [A],
        np.exp(A) / np.exp(A).sum(1, keepdims=True),
    ),
    "flatten_to_2d": (lambda n: n.add_flatten_to_2d("l", "x0", "output", -1), [A], A.reshape(6, 4)),
    "rank_preserving": (
        lambda n: n.add_rank_preserving_reshape("l", "x0", "output", (4, 0, -1)), [A], A.reshape(4, 3, 2)
    ),
    "reshape_like": (lambda n: n.add_reshape_like("l", ["x0", "x1"], "output"), [A, np.zeros((8, 3))], A.reshape(8, 3)),
    "expand_dims": (lambda n: n.add_expand_dims("l", "x0", "output", [0, -1]), [A], A[None, ..., None]),
    "squeeze_all": (lambda n: n.add_squeeze("l", "x0", "output", squeeze_all=True), [A[:1, :1, :1]], A[:1, 0, 0]),
    "stack": (lambda n: n.add_stack("l", ["x0", "x1"], "output", -2), [A, POSITIVE], np.stack([A, POSITIVE], -2)),
    "concat": (
        lambda n: n.add_concat_nd("l", ["x0", "x1"], "output", 1), [A, POSITIVE], np.concatenate([A, POSITIVE], 1)
    ),
    "interleave": (
        lambda n: n.add_concat_nd("l", ["x0", "x1"], "output", 1, interleave=True),
        [A, POSITIVE],
        np.stack([A, POSITIVE], 2).reshape(2, 6, 4),
    ),
    "slice_static": (
        lambda n: n.add_slice_static(
            "l", "x0", "output", [1, 2, 3], [3, -3, 2], [2, 2, 2], [True, False, True], [False, True, True]
        ),
        [CUBE],
        CUBE[:3:2, 2::2, ::2],
    ),
    "slice_squeezed": (
        lambda n: n.add_slice_static(
            "l", "x0", "output", [1, 2, 3], [3, -3, 2], [2, 2, 2], [True, False, True], [False, True, True],
            [False, True, False],
        ),
        [CUBE],
        CUBE[:3:2, 2, ::2],
    ),
    "slice_squeezed_with_open_begins": (
        lambda n: n.add_slice_static(
            "l", "x0", "output", [1, 2, 3], [3, 3, 4], [2, -2, 1], [True, True, False], [False] * 3, [True, True, False]
        ),
        [CUBE],
        CUBE[0, -1, 3:4],
    ),
    "slice_backwards": (
        lambda n: n.add_slice_static(
            "l", "x0", "output", [-1, 4, 0], [1, 0, 0], [-1, -2, 1], [False] * 3, [False, False, True]
        ),
        [CUBE],
        CUBE[-1:1:-1, 4:0:-2],
    ),
    "tile": (lambda n: n.add_tile("l", "x0", "output", [2, 3]), [A], np.tile(A, [2, 3])),
    "broadcast": (
        lambda n: n.add_broadcast_to_static("l", "x0", "output", (2, 3, 5)), [B], np.broadcast_to(B, (2, 3, 5))
    ),
    "reverse": (lambda n: n.add_reverse("l", "x0", "output", [True, False, True]), [A], A[::-1, :, ::-1]),
    "gather": (
        lambda n: n.add_gather("l", ["x0", "x1"], "output", 1),
        [A, np.array([[2, 0], [-1, 1]])],
        A[:, [[2, 0], [-1, 1]]],
    ),
    "gather_nd": (
        lambda n: n.add_gather_nd("l", ["x0", "x1"], "output"), [A, np.array([[1, 2], [0, 0]])], A[[1, 0], [2, 0]]
    ),
    "gather_nd_one": (lambda n: n.add_gather_nd("l", ["x0", "x1"], "output"), [A, np.array([1, 2, 3])], A[1:, 2, 3]),
    "scatter": (
        lambda n: n.add_scatter("l", ["x0", "x1", "x2"], "output", 0, "ADD"),
        [np.ones((3, 2)), np.array([2, 2]), np.array([[1, 2], [3, 4]])],
        np.array([[1, 1], [1, 1], [5, 7]]),
    ),
    "scatter_2d": (
        lambda n: n.add_scatter("l", ["x0", "x1", "x2"], "output", 1, "MAX"),
        [np.zeros((2, 3)), np.array([[0, 2], [2, 2]]), np.arange(8.0).reshape(2, 2, 2)],
        np.array([[0, 0, 3], [4, 0, 7]]),
    ),
    "reduce_sum": (lambda n: n.add_reduce_sum("l", "x0", "output", [-1, 0], False), [A], A.sum((0, 2))),
    "reduce_all": (
        lambda n: n.add_reduce_mean("l", "x0", "output", reduce_all=True, keepdims=False), [A], A.mean()[None]
    ),
    "reduce_log_sum_exp": (
        lambda n: n.add_reduce_logsumexp("l", "x0", "output", [1], True), [A], np.log(np.exp(A).sum(1, keepdims=True))
    ),
    "arg_max": (lambda n: n.add_argmax("l", "x0", "output", -1, False), [A], A.argmax(-1)),
    "arg_sort": (lambda n: n.add_argsort("l", "x0", "output", 1, True), [A], np.argsort(-A, 1)),
    "cumulative": (
        lambda n: n.add_cumsum("l", ["x0"], "output", 1, True, True), [A], A[:, ::-1].cumsum(1)[:, ::-1] - A
    ),
    "one_hot": (
        lambda n: n.add_one_hot("l", ["x0"], "output", 4, 0, 5.0, -1.0),
        [np.array([2, 7, 0])],
        np.where(np.arange(4)[:, None] == [2, 7, 0], 5, -1),
    ),
    "pad": (
        lambda n: n.add_constant_pad("l", ["x0"], "output", 9.0, False, [0, 1, 2, 0, 0, 0]),
        [A],
        np.pad(A, [(0, 1), (2, 0), (0, 0)], constant_values=9),
    ),
    "pad_to_size": (
        lambda n: n.add_constant_pad("l", ["x0"], "output", 9.0, True, [0, 4, 5, 0, 0, 0]),
        [A],
        np.pad(A, [(0, 2), (2, 0), (0, 0)], constant_values=9),
    ),
    "upper": (lambda n: n.add_upper_triangular("l", "x0", "output", 1), [CUBE], np.triu(CUBE, 1)),
    "lower": (lambda n: n.add_lower_triangular("l", "x0", "output", -1), [CUBE], np.tril(CUBE, -1)),
    "range": (lambda n: n.add_range_static("l", "output", ["x0"], 1, 7, 2.5), [A], np.array([1, 3.5, 6])),
    "windows": (
        lambda n: n.add_sliding_windows("l", "x0", "output", 1, 3, 2), [CUBE], np.stack([CUBE[:, :3], CUBE[:, 2:]], 1)
    ),
    "matmul": (
        lambda n: n.add_batched_mat_mul("l", ["x0", "x1"], "output", transpose_b=True), [A, A], A @ A.transpose(0, 2, 1)
    ),
    "matmul_vectors": (
        lambda n: n.add_batched_mat_mul("l", ["x0", "x1"], "output"), [B[:, 0], B[:, 0]], [[B[:, 0] @ B[:, 0]]]
    ),
    "embedding": (
        lambda n: n.add_embedding_nd("l", "x0", "output", 3, 2, np.arange(6).reshape(2, 3), np.array([10, 20])),
        [np.array([[2], [0]])],
        np.array([[12, 25], [10, 23]]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_layers_of_any_rank_compute_what_numpy_does(name: str) -> None:
    add, inputs, expected = CASES[name]
    if name == "range":
        network = builder({"x": (1,)}, ["output"])
        network.add_range_static("l", "output", None, end=7, start=1, step=2.5)
        check(expected, run(network.spec, {"x": np.zeros(1)})["output"])
        return
    check(expected, run_layer(add, *inputs))


def test_a_matrix_that_is_a_parameter_is_stored_by_columns() -> None:
    x, weight, bias = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 5)), RNG.normal(size=5)
    result = run_layer(
        lambda n: n.add_batched_mat_mul(
            "l", ["x0"], "output", weight_matrix_rows=3, weight_matrix_columns=5, W=weight, bias=bias
        ),
        x,
    )
    check(x @ weight + bias, result)


def test_a_split_without_sizes_gives_the_rest_to_the_first_parts() -> None:
    x = np.arange(8.0)
    parts = run_layer(lambda n: n.add_split_nd("l", "x0", ["a", "b", "c"], 0, num_splits=3), x, outputs=("a", "b", "c"))
    for expected, part in zip(np.array_split(x, 3), parts, strict=True):
        check(expected, part)


def test_suppression_returns_the_best_box_when_none_survives() -> None:
    boxes = np.array([[[0.5, 0.5, 1, 1], [0.5, 0.5, 0.9, 1], [3, 3, 1, 1]]])
    scores = np.array([[[0.9], [0.8], [0.3]]])
    network = builder({"boxes": (1, 3, 4), "scores": (1, 3, 1)}, ["b", "s", "i", "n"])
    network.add_nms("nms", ["boxes", "scores"], ["b", "s", "i", "n"], 0.5, 0.2, 3)
    kept = run(network.spec, {"boxes": boxes, "scores": scores})
    check([[0, 2, -1]], kept["i"])
    check([2], kept["n"])
    check([[[0.9], [0.3], [0]]], kept["s"])
    network.spec.neuralNetwork.layers[0].NonMaximumSuppression.scoreThreshold = 0.95
    none = run(network.spec, {"boxes": boxes, "scores": scores})
    check([[0, -1, -1]], none["i"])
    check([1], none["n"])


def test_a_begin_that_is_an_input_is_fixed_before_the_slice_is_lowered() -> None:
    network = builder({"x": (5, 5), "begin": (2,)}, ["output"])
    network.add_slice_dynamic(
        "l", ["x", "begin"], "output", [4, 5], [1, 2], [False, False], [False, True], [False, False]
    )
    x = RNG.normal(size=(5, 5))
    check(x[1:4, 1::2], run(network.spec, {"x": x, "begin": np.array([1, 1])})["output"])
    assert [tensor.name for tensor in lowered(network.spec, {"x": x, "begin": np.array([1, 1])}).inputs] == ["x"]


def test_axes_outside_a_tensor_are_refused_by_layer() -> None:
    with pytest.raises(ModelError, match=r"layer l \(softmaxND\): axis 3 is outside a tensor of 3 dimensions"):
        run_layer(lambda n: n.add_softmax_nd("l", "x0", "output", 3), A)
