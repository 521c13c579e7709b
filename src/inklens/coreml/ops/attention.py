"""Attention."""

from __future__ import annotations

import math

import numpy as np

from inklens.coreml.ops.activation import softmax
from inklens.coreml.ops.registry import Array, Emitter, Value, op


@op("scaled_dot_product_attention")
def scaled_dot_product_attention(query: Array, key: Array, value: Array, attn_mask: Array | None = None) -> Array:
    similarity = np.matmul(query, key.swapaxes(-1, -2)) / np.float32(math.sqrt(query.shape[-1]))
    if attn_mask is not None:
        masked = np.where(attn_mask, np.float32(0), np.float32(-np.inf)) if attn_mask.dtype == bool else attn_mask
        similarity = similarity + masked
    return np.matmul(softmax(similarity, axis=-1), value)


@scaled_dot_product_attention.onnx
def _(emit: Emitter, query: Value, key: Value, value: Value, attn_mask: Value | None) -> Value:
    flipped = emit.transpose(key, (*range(key.rank - 2), key.rank - 1, key.rank - 2))
    width = emit.cast(emit.dimension(query, query.rank - 1), np.float32)
    similarity = emit("Div", emit("MatMul", query, flipped), emit("Sqrt", width))
    if attn_mask is not None:
        if attn_mask.dtype == np.bool_:
            attn_mask = emit("Where", attn_mask, np.float32(0), np.float32(-np.inf), dtype=np.float32)
        similarity = emit("Add", similarity, attn_mask)
    return emit("MatMul", emit("Softmax", similarity, axis=-1), value)
