"""Products of matrices."""

from __future__ import annotations

import numpy as np

from inklens.coreml.ops.registry import Array, Emitter, Value, op


@op("linear")
def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """Since iOS 17 `x` may be of another type than the weights; the result has the type of `x`."""
    product = np.matmul(x, weight.T)
    return (product if bias is None else product + bias).astype(x.dtype, copy=False)


@linear.onnx
def _(emit: Emitter, x: Value, weight: Value, bias: Value | None) -> Value:
    dtype = x.dtype
    if dtype != weight.dtype:  # whole numbers beside floats, of which the floats are the wider
        x, weight = emit.cast(x, np.float32), emit.cast(weight, np.float32)
        bias = None if bias is None else emit.cast(bias, np.float32)
    if x.rank == 2:
        return emit.cast(emit("Gemm", x, weight, bias, transB=1), dtype)
    # ONNX Runtime folds the transposition of a constant when it loads the model.
    product = emit("MatMul", x, emit.transpose(weight, (1, 0)))
    return emit.cast(product if bias is None else emit("Add", product, bias), dtype)


@op("matmul")
def matmul(x: Array, y: Array, *, transpose_x: bool = False, transpose_y: bool = False) -> Array:
    x = x.swapaxes(-1, -2) if transpose_x and x.ndim > 1 else x
    y = y.swapaxes(-1, -2) if transpose_y and y.ndim > 1 else y
    return np.matmul(x, y)


@matmul.onnx
def _(emit: Emitter, x: Value, y: Value, *, transpose_x: bool, transpose_y: bool) -> Value:
    x = _transposed(emit, x) if transpose_x and x.rank > 1 else x
    y = _transposed(emit, y) if transpose_y and y.rank > 1 else y
    return emit("MatMul", *emit.alike(x, y))


def _transposed(emit: Emitter, x: Value) -> Value:
    return emit.transpose(x, (*range(x.rank - 2), x.rank - 1, x.rank - 2))


@op("einsum")
def einsum(values: tuple[Array, ...], *, equation: str) -> Array:
    return np.einsum(equation, *_broadcast(values))


def _broadcast(values: tuple[Array, ...]) -> tuple[Array, ...]:
    """The two factors with every batch axis (all but -1 and -3) of size 1 stretched to the other's size."""
    x, y = values
    sizes = [max(pair) for pair in zip(x.shape, y.shape, strict=True)]
    batch = [axis for axis in range(x.ndim) if axis not in (x.ndim - 1, x.ndim - 3)]
    shapes = [[sizes[axis] if axis in batch else value.shape[axis] for axis in range(x.ndim)] for value in values]
    return np.broadcast_to(x, shapes[0]), np.broadcast_to(y, shapes[1])


@einsum.onnx
def _(emit: Emitter, values: tuple[Value, ...], *, equation: str) -> Value:
    # The specification allows one product only, of axes -1 and -3 with the rest as batch: a MatMul between
    # transpositions, which broadcasts the batch axes as well.
    x, y = values
    rank = x.rank
    swap = (*range(rank - 3), rank - 2, rank - 3, rank - 1)
    return emit.transpose(emit("MatMul", emit.transpose(x, swap), emit.transpose(y, swap)), swap)
