"""Padding and cropping."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inklens.coreml.ops.registry import Array, Emitter, Value, op
from inklens.errors import ModelError

_NUMPY_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge"}
_ONNX_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge"}


@op("pad")
def pad(x: Array, pad: Array, *, mode: str = "constant", constant_val: float = 0.0) -> Array:
    pairs = pad.reshape(-1, 2)
    widths = [(0, 0)] * (x.ndim - len(pairs)) + [(int(a), int(b)) for a, b in pairs]
    _require(mode)
    if mode == "constant":
        return np.pad(x, widths, constant_values=x.dtype.type(constant_val))
    return np.pad(x, widths, mode=_NUMPY_MODES[mode])  # type: ignore[call-overload]


@pad.onnx
def _(emit: Emitter, x: Value, pad: Value, *, mode: str, constant_val: float) -> Value:
    _require(mode)
    value = constant_val if mode == "constant" else None
    if pad.constant is not None:
        # The last axes only are listed, each as (before, after); ONNX wants all befores, then all afters.
        pairs = np.zeros((x.rank, 2), np.int64)
        pairs[x.rank - pad.constant.size // 2 :] = pad.constant.reshape(-1, 2)
        return emit("Pad", x, pairs.T.ravel(), value, mode=_ONNX_MODES[mode])
    pairs_first = emit.transpose(emit.reshape(emit.longs(pad), (-1, 2)), (1, 0))
    return emit("Pad", x, emit.reshape(pairs_first, (-1,)), value, mode=_ONNX_MODES[mode])


def _require(mode: str) -> None:
    if mode not in _NUMPY_MODES:
        raise ModelError(f"its mode is {mode!r}; expected one of {', '.join(_NUMPY_MODES)}")


@op("crop")
def crop(x: Array, *, crop_height: Sequence[int], crop_width: Sequence[int]) -> Array:
    (top, bottom), (left, right) = crop_height, crop_width
    return x[..., top : x.shape[-2] - bottom, left : x.shape[-1] - right]


@crop.onnx
def _(emit: Emitter, x: Value, *, crop_height: Sequence[int], crop_width: Sequence[int]) -> Value:
    (top, bottom), (left, right) = crop_height, crop_width
    ends = [-bottom or np.iinfo(np.int64).max, -right or np.iinfo(np.int64).max]
    return emit("Slice", x, [top, left], ends, [-2, -1])
