"""Reductions over axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from inklens.coreml.ops.registry import Array, Emitter, Value, axes_of, op


def _logsumexp(x: Array, axis: tuple[int, ...], keepdims: bool) -> Array:
    top = x.max(axis=axis, keepdims=True)
    total = np.log(np.exp(x - top).sum(axis=axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis=axis)


_REDUCTIONS: dict[str, tuple[Callable[..., Array], str]] = {
    "reduce_sum": (np.sum, "ReduceSum"),
    "reduce_mean": (np.mean, "ReduceMean"),
    "reduce_max": (np.max, "ReduceMax"),
    "reduce_min": (np.min, "ReduceMin"),
    "reduce_prod": (np.prod, "ReduceProd"),
    "reduce_l1_norm": (lambda x, **how: np.abs(x).sum(**how), "ReduceL1"),
    "reduce_l2_norm": (lambda x, **how: np.sqrt(np.square(x).sum(**how)), "ReduceL2"),
    "reduce_sum_square": (lambda x, **how: np.square(x).sum(**how), "ReduceSumSquare"),
    "reduce_log_sum": (lambda x, **how: np.log(x.sum(**how)), "ReduceLogSum"),
    "reduce_log_sum_exp": (_logsumexp, "ReduceLogSumExp"),
}
_EXACT = ("reduce_sum", "reduce_max", "reduce_min", "reduce_prod")  # computed in integers where the input is integral


def _reduction(name: str, function: Callable[..., Array], operator: str) -> None:
    @op(name)
    def reduce(x: Array, *, axes: Sequence[int] | None = None, keep_dims: bool = False) -> Array:
        x = x if name in _EXACT else x.astype(np.float32)
        return function(x, axis=axes_of(axes, x.ndim), keepdims=keep_dims)

    @reduce.onnx
    def _(emit: Emitter, x: Value, *, axes: Sequence[int] | None, keep_dims: bool) -> Value:
        x = x if name in _EXACT else emit.cast(x, np.float32)
        if x.shape == ():
            return emit(operator, emit("Unsqueeze", x, [0]), keepdims=0)
        return emit(operator, x, list(axes_of(axes, x.rank)), keepdims=int(keep_dims))


for _name, (_function, _operator) in _REDUCTIONS.items():
    _reduction(_name, _function, _operator)


@op("reduce_argmax")
def reduce_argmax(x: Array, *, axis: int = -1, keep_dims: bool = False, output_dtype: str = "int32") -> Array:
    return np.argmax(x, axis=axis, keepdims=keep_dims)


@reduce_argmax.onnx
def _(emit: Emitter, x: Value, *, axis: int, keep_dims: bool, output_dtype: str) -> Value:
    return emit("ArgMax", x, axis=axis, keepdims=int(keep_dims))


@op("reduce_argmin")
def reduce_argmin(x: Array, *, axis: int = -1, keep_dims: bool = False, output_dtype: str = "int32") -> Array:
    return np.argmin(x, axis=axis, keepdims=keep_dims)


@reduce_argmin.onnx
def _(emit: Emitter, x: Value, *, axis: int, keep_dims: bool, output_dtype: str) -> Value:
    return emit("ArgMin", x, axis=axis, keepdims=int(keep_dims))
