"""Every operation for which coremltools knows its own answer, against that answer.

coremltools folds constants with NumPy while it converts ("value inference"), an oracle that owes nothing to us.
"""

from __future__ import annotations

from typing import Any

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil import Builder
from coremltools.converters.mil.mil import Function

from inklens.coreml.ops import OPS
from tests.coreml.engines import Input, both, numbers

X = numbers(2, 3, 4)
Y = numbers(2, 3, 4, seed=1)
POSITIVE = numbers(2, 3, 4, low=0.2, high=4)
WHOLE = np.random.default_rng(2).integers(-6, 7, (2, 3, 4)).astype(np.int32)
BELOW = np.random.default_rng(3).integers(1, 6, (2, 3, 4)).astype(np.int32)
TRUE = X > 0

BINARY = (
    "add", "sub", "mul", "maximum", "minimum",
    "equal", "not_equal", "greater", "greater_equal", "less", "less_equal",
)  # fmt: skip
UNARY = (
    "abs", "atan", "ceil", "cos", "cosh", "erf", "exp", "exp2", "floor", "round", "sign", "sin", "sinh", "square",
    "tan", "tanh", "relu", "relu6", "sigmoid", "softplus", "softsign",
)  # fmt: skip
REDUCTIONS = (
    "reduce_l1_norm", "reduce_l2_norm", "reduce_log_sum_exp", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod",
    "reduce_sum", "reduce_sum_square",
)  # fmt: skip

CASES: list[tuple[str, dict[str, Any]]] = [
    *((op, {"x": X, "y": Y}) for op in BINARY),
    *((op, {"x": WHOLE, "y": BELOW}) for op in (*BINARY, "floor_div", "mod")),
    *((op, {"x": X}) for op in UNARY),
    *((op, {"x": X}) for op in REDUCTIONS),
    *((op, {"x": X, "axes": [0, -1], "keep_dims": True}) for op in REDUCTIONS),
    *((op, {"x": X, "axes": [1]}) for op in REDUCTIONS),
    *((op, {"x": TRUE, "y": Y > 0}) for op in ("logical_and", "logical_or", "logical_xor")),
    ("logical_not", {"x": TRUE}),
    ("real_div", {"x": X, "y": POSITIVE}),
    ("floor_div", {"x": X, "y": POSITIVE}),
    ("mod", {"x": X, "y": POSITIVE}),
    ("pow", {"x": POSITIVE, "y": X}),
    ("add", {"x": X, "y": numbers(3, 1)}),
    ("sqrt", {"x": POSITIVE}),
    ("log", {"x": POSITIVE}),
    ("log", {"x": POSITIVE, "epsilon": np.float32(0.5)}),
    ("rsqrt", {"x": POSITIVE}),
    ("rsqrt", {"x": POSITIVE, "epsilon": np.float32(0.5)}),
    ("inverse", {"x": POSITIVE}),
    ("inverse", {"x": POSITIVE, "epsilon": np.float32(0.5)}),
    ("acos", {"x": X / 4}),
    ("asin", {"x": X / 4}),
    ("atanh", {"x": X / 4}),
    ("clip", {"x": X, "alpha": np.float32(-1), "beta": np.float32(0.5)}),
    ("threshold", {"x": X, "alpha": np.float32(0.25)}),
    ("cast", {"x": X, "dtype": "int32"}),
    ("cast", {"x": X, "dtype": "bool"}),
    ("cast", {"x": WHOLE, "dtype": "fp32"}),
    ("select", {"cond": TRUE, "a": X, "b": Y}),
    ("clamped_relu", {"x": X, "alpha": np.float32(0.5), "beta": np.float32(1)}),
    ("elu", {"x": X, "alpha": np.float32(0.7)}),
    ("leaky_relu", {"x": X, "alpha": np.float32(0.1)}),
    ("linear_activation", {"x": X, "alpha": np.float32(2), "beta": np.float32(-1)}),
    ("scaled_tanh", {"x": X, "alpha": np.float32(2), "beta": np.float32(0.5)}),
    ("sigmoid_hard", {"x": X, "alpha": np.float32(0.3), "beta": np.float32(0.4)}),
    ("thresholded_relu", {"x": np.array([-1, 0.5, 1, 2], np.float32), "alpha": np.float32(1)}),
    ("prelu", {"x": numbers(2, 3, 4, 2), "alpha": np.array([0.1, 0.2, 0.3], np.float32)}),
    (
        "softplus_parametric",
        {"x": X, "alpha": np.array([1, 2, 3], np.float32), "beta": np.array([3, 2, 1], np.float32)},
    ),
    ("gelu", {"x": X, "mode": "EXACT"}),
    ("gelu", {"x": X, "mode": "TANH_APPROXIMATION"}),
    ("gelu", {"x": X, "mode": "SIGMOID_APPROXIMATION"}),
    ("softmax", {"x": X, "axis": 1}),
    ("softmax", {"x": X}),
    ("reduce_argmax", {"x": X, "axis": 1}),
    ("reduce_argmin", {"x": X, "axis": 2, "keep_dims": True}),
    ("reduce_log_sum", {"x": POSITIVE, "axes": [1, 2]}),
    ("l2_norm", {"x": X}),
    ("layer_norm", {"x": X, "axes": [1, 2]}),
    ("linear", {"x": X, "weight": numbers(5, 4), "bias": numbers(5)}),
    ("linear", {"x": X[0], "weight": numbers(5, 4)}),
    ("matmul", {"x": X, "y": Y, "transpose_y": True}),
    ("matmul", {"x": X, "y": Y, "transpose_x": True}),
    ("matmul", {"x": X[0], "y": numbers(5, 4, 3)}),
    ("einsum", {"values": (numbers(2, 3, 1, 4), numbers(1, 4, 5, 2)), "equation": "nchw,nwhu->nchu"}),
    ("einsum", {"values": (numbers(3, 5, 4), numbers(4, 5, 2)), "equation": "chw,whr->chr"}),
    ("expand_dims", {"x": X, "axes": [0, -1]}),
    ("squeeze", {"x": numbers(1, 3, 1, 2), "axes": [0]}),
    ("squeeze", {"x": numbers(1, 3, 1, 2)}),
    ("reshape", {"x": X, "shape": [4, -1]}),
    ("reshape", {"x": X, "shape": [1, 0, -1, 0]}),
    ("transpose", {"x": X, "perm": [2, 0, 1]}),
    ("flatten2d", {"x": X, "axis": 2}),
    ("flatten2d", {"x": X, "axis": -1}),
    ("reverse", {"x": X}),
    ("reverse", {"x": X, "axes": [0, 2]}),
    ("shape", {"x": X}),
    ("concat", {"values": (X, Y), "axis": 1}),
    ("stack", {"values": (X, Y), "axis": -1}),
    ("split", {"x": X, "num_splits": 2, "axis": 2}),
    ("split", {"x": X, "split_sizes": [1, 2], "axis": 1}),
    ("slice_by_index", {"x": X, "begin": [0, -2, 3], "end": [2, 3, 0], "stride": [1, 1, -1]}),
    (
        "slice_by_index",
        {
            "x": X, "begin": [1, 0, -1], "end": [2, 9, 9], "end_mask": [False, True, False],
            "squeeze_mask": [True, False, True],
        },
    ),
    (
        "slice_by_index",
        {
            "x": X, "begin": [0, 9, 9], "end": [1, 9, 9], "stride": [1, -1, -2], "begin_mask": [True] * 3,
            "end_mask": [False, True, True],
        },
    ),
    ("slice_by_size", {"x": X, "begin": [0, 1, -2], "size": [1, -1, 2]}),
    (
        "slice_update",
        {"x": X, "update": numbers(1, 2, 2), "begin": [1, 0, 0], "end": [2, 3, 4], "stride": [1, 2, 2]},
    ),
    ("tile", {"x": X, "reps": [1, 2, 3]}),
    ("band_part", {"x": numbers(2, 4, 5), "lower": 1, "upper": 2}),
    ("band_part", {"x": numbers(4, 5), "lower": 0, "upper": -1}),
    ("band_part", {"x": WHOLE, "lower": -1, "upper": 0}),
    ("cumsum", {"x": X, "axis": 1}),
    ("cumsum", {"x": WHOLE, "axis": 2, "reverse": True}),
    ("fill", {"shape": [2, 3], "value": np.float32(1.5)}),
    ("fill", {"shape": [2, 3], "value": np.int32(7)}),
    ("fill_like", {"ref_tensor": X, "value": np.bool_(True)}),
    ("non_zero", {"x": np.maximum(WHOLE, 0)}),
    ("range_1d", {"start": np.float32(1), "end": np.float32(4), "step": np.float32(0.5)}),
    ("range_1d", {"start": np.int32(9), "end": np.int32(1), "step": np.int32(-3)}),
    ("pad", {"x": X, "pad": [1, 0, 2, 3], "constant_val": np.float32(9)}),
    ("pad", {"x": X, "pad": [0, 1, 2, 1], "mode": "reflect"}),
    ("pad", {"x": X, "pad": [1, 1, 0, 0, 2, 2], "mode": "replicate"}),
    ("argsort", {"x": X, "axis": 1}),
    ("argsort", {"x": X, "axis": -1, "ascending": True}),
    ("topk", {"x": X, "k": 2, "axis": 1}),
    ("topk", {"x": WHOLE + np.arange(24, dtype=np.int32).reshape(2, 3, 4) * 20, "k": 2, "ascending": True}),
    ("topk", {"x": X, "k": 3, "return_indices": False}),
    ("gather", {"x": X, "indices": np.array([[2, 0], [1, 1]], np.int32), "axis": 1}),
    ("gather", {"x": X, "indices": np.int32(1), "axis": 0}),
    ("gather", {"x": X, "indices": np.array([[1, 0], [2, 2]], np.int32), "axis": 1, "batch_dims": 1}),
    ("gather", {"x": X, "indices": np.array([[1, 0], [2, 3]], np.int32), "axis": 2, "batch_dims": 1}),
    ("gather_along_axis", {"x": X, "indices": np.array([[[1, 2, 0, 1]]] * 2, np.int32), "axis": 1}),
    (
        "scatter_along_axis",
        {
            "data": X, "indices": np.array([[[1, 2, 0, 1]]] * 2, np.int32), "updates": numbers(2, 1, 4), "axis": 1,
            "mode": "update",
        },
    ),
    ("scaled_dot_product_attention", {"query": numbers(2, 3, 4), "key": numbers(2, 5, 4), "value": numbers(2, 5, 6)}),
    (
        "scaled_dot_product_attention",
        {
            "query": numbers(2, 3, 4),
            "key": numbers(2, 5, 4),
            "value": numbers(2, 5, 6),
            "attn_mask": np.tri(3, 5, 1, dtype=bool),
        },
    ),
    ("identity", {"x": X}),
    (
        "quantize",
        {
            "input": X, "scale": np.array([0.1, 0.02, 0.3], np.float32), "zero_point": np.array([1, -2, 3], np.int8),
            "axis": 1, "output_dtype": "int8",
        },
    ),
    ("quantize", {"input": X, "scale": np.float32(0.05), "output_dtype": "uint8"}),
]  # fmt: skip
TENSORS = (
    "x", "y", "cond", "a", "b", "values", "data", "indices", "updates", "update", "query", "key", "value", "attn_mask",
    "input", "ref_tensor",
)  # fmt: skip


def _answer(op: str, arguments: dict[str, Any]) -> Any:
    placeholder = Builder.placeholder(shape=(1,))
    with Function({"unused": placeholder}, opset_version=ct.target.iOS18):
        result = getattr(Builder, op)(**arguments)
    if isinstance(result, (list, tuple)):
        return tuple(item.val for item in result)
    return result.val


def _names() -> list[str]:
    return [f"{op}-{index}" for index, (op, _) in enumerate(CASES)]


@pytest.mark.parametrize(("op", "arguments"), CASES, ids=_names())
@pytest.mark.parametrize("unknown", [False, True], ids=["known", "unknown"])
def test_both_engines_give_coremltools_answer(op: str, arguments: dict[str, Any], unknown: bool) -> None:
    expected = _answer(op, dict(arguments))
    left_out = op in ("squeeze", "layer_norm") and "axes" not in arguments
    if unknown and (left_out or 0 in np.atleast_1d(arguments.get("shape", 1))):
        pytest.skip("axes left out and sizes of 0 stand for what only a known shape says")
    given = {
        key: _input(value) if key in TENSORS and key in OPS[op].tensors else value for key, value in arguments.items()
    }
    result = both(op, unknown=unknown, **given)
    for ours, theirs in zip(
        *((item if isinstance(item, tuple) else (item,)) for item in (result, expected)), strict=True
    ):
        assert ours.shape == np.shape(theirs)
        np.testing.assert_allclose(ours, theirs, atol=1e-4, rtol=1e-4)


def _input(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_input, value))
    array = np.asarray(value)
    return Input(array.astype(np.int32) if array.dtype == np.int8 else array)
