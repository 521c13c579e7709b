"""Layers that multiply by matrices or look rows up: innerProduct, batchedMatmul, embedding."""

from __future__ import annotations

import numpy as np

from inklens.coreml.neural_network.builder import Blob, Builder, broadcast, integers
from inklens.coreml.neural_network.layer import Layer, lowering
from inklens.coreml.neural_network.weights import load_weights
from inklens.coreml.protobuf import Message
from inklens.errors import ModelError


@lowering("innerProduct")
def inner_product(layer: Layer) -> Blob:
    """Rank 1 to 3 multiply the last axis; rank 4 and above the last three, flattened, and give [..., C_out, 1, 1].

    Weights quantised for `int8DynamicQuantize` are used as the numbers that they stand for; the input stays float.
    """
    build, params, x = layer.build, layer.params, layer.input
    inputs, outputs = integers([params.inputChannels, params.outputChannels])
    weight = load_weights(params.weights, (outputs, inputs))
    bias = load_weights(params.bias, (outputs,)) if params.hasBias else None
    if x.rank < 4:
        return _linear(build, x, weight, bias)
    source = build.collapse(x)
    rows = (
        build.squeeze(source, [2, 3])
        if source.shape[2:] == (1, 1)
        else build.reshape(source, (source.shape[0], inputs))
    )
    result = build.expand_dims(_linear(build, rows, weight, bias), [2, 3])
    return build.expand(result, x.shape[:-3])


def _linear(build: Builder, x: Blob, weight: np.ndarray, bias: np.ndarray | None) -> Blob:
    if x.shape[-1] not in (weight.shape[1], None):
        raise ModelError(f"its input has shape {x.shape}; its weights expect {weight.shape[1]} numbers")
    return build.emit("linear", (*x.shape[:-1], weight.shape[0]), x=x, weight=weight, bias=bias)


@lowering("batchedMatmul")
def batched_matmul(layer: Layer) -> Blob:
    build, params = layer.build, layer.params
    a, *others = layer.take(1, 2)
    if not others:
        rows, columns = integers([params.weightMatrixFirstDimension, params.weightMatrixSecondDimension])
        bias = load_weights(params.bias, (columns,)) if params.hasBias else None
        return _linear(build, a, load_weights(params.weights, (columns, rows)), bias)
    b = others[0]
    a = build.expand_dims(a, [0]) if a.rank == 1 else a
    b = build.expand_dims(b, [1]) if b.rank == 1 else b
    rows_a, inner_a = a.shape[-2:][:: -1 if params.transposeA else 1]
    inner_b, columns_b = b.shape[-2:][:: -1 if params.transposeB else 1]
    if None not in (inner_a, inner_b) and inner_a != inner_b:
        raise ModelError(f"matrices of shapes {a.shape} and {b.shape} cannot be multiplied")
    shape = (
        (*broadcast(a.shape[:-2], b.shape[:-2]), rows_a, columns_b) if a.rank > 2 or b.rank > 2 else (rows_a, columns_b)
    )
    return build.emit(
        "matmul", shape, x=a, y=b, transpose_x=bool(params.transposeA), transpose_y=bool(params.transposeB)
    )


@lowering("embedding")
def embedding(layer: Layer) -> Blob:
    """Indices [..., 1, 1, 1] become [..., C_out, 1, 1]."""
    build, params, x = layer.build, layer.params, layer.input
    source = build.collapse(x)
    if source.shape[1:] != (1, 1, 1):
        raise ModelError(f"its input has shape {x.shape}; expected the last three dimensions to be 1")
    table = _table(params, *integers([params.outputChannels, params.inputDim]))
    result = build.expand_dims(_rows(build, table, build.squeeze(source, [1, 2, 3])), [2, 3])
    return build.expand(result, x.shape[:-3])


@lowering("embeddingND")
def embedding_nd(layer: Layer) -> Blob:
    """Indices [..., 1] become [..., embeddingSize]."""
    build, params, x = layer.build, layer.params, layer.input
    if x.rank < 2 or x.shape[-1] != 1:
        raise ModelError(f"its input has shape {x.shape}; expected at least 2 dimensions, the last of them 1")
    table = _table(params, *integers([params.embeddingSize, params.vocabSize]))
    return _rows(build, table, build.squeeze(x, [x.rank - 1]))


def _table(params: Message, size: int, entries: int) -> np.ndarray:
    """The rows to look up, [entries, size]; the file stores them as columns."""
    table = load_weights(params.weights, (size, entries)).T
    if params.hasBias:
        table = table + load_weights(params.bias, (size,))
    return np.ascontiguousarray(table)


def _rows(build: Builder, table: np.ndarray, indices: Blob) -> Blob:
    whole = build.cast(indices, "int32")
    return build.emit("gather", (*indices.shape, table.shape[1]), x=table, indices=whole, axis=0)
