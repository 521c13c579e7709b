"""Where the windows of convolutions and pools lie: padding and output sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inklens.coreml.onnx_builder import Emitter, Value
from inklens.errors import ModelError

PAD_TYPES = ("valid", "custom", "same", "same_lower")


def paddings(
    pad_type: str,
    pad: Sequence[int] | None,
    sizes: Sequence[int | None],
    kernel: Sequence[int],
    strides: Sequence[int],
) -> list[tuple[int, int]] | None:
    """Elements before and after each spatial axis, for windows of `kernel` elements (dilation included).

    None where the pad type is `same` or `same_lower` and the padding depends on a size that is unknown.
    """
    if pad_type == "valid":
        return [(0, 0)] * len(kernel)
    if pad_type == "custom":
        pairs = list(pad or [0] * (2 * len(kernel)))
        if len(pairs) != 2 * len(kernel):
            raise ModelError(f"its pad has {len(pairs)} numbers; expected {2 * len(kernel)}, two for each axis")
        return list(zip(pairs[::2], pairs[1::2], strict=True))
    if pad_type not in PAD_TYPES:
        raise ModelError(f"its pad_type is {pad_type!r}; expected one of {', '.join(PAD_TYPES)}")
    result = []
    for size, window, stride in zip(sizes, kernel, strides, strict=True):
        if size is None and stride > 1:
            return None
        size = size or 1  # with a stride of 1 every size needs the same
        total = max((-(-size // stride) - 1) * stride + window - size, 0)
        small, large = total // 2, total - total // 2
        result.append((small, large) if pad_type == "same" else (large, small))
    return result


def emit_same_padding(
    emit: Emitter, x: Value, pad_type: str, kernel: Sequence[int], strides: Sequence[int], fill: float = 0.0
) -> Value:
    """`x` padded with `fill` for `same` or `same_lower`, for sizes that are known only when the model runs."""
    steps, windows = np.array(strides, np.int64), np.array(kernel, np.int64)
    sizes = emit("Shape", x, start=2)
    rest = emit("Sub", windows, emit("Mod", emit("Sub", sizes, np.int64(1)), steps))  # of the last window
    total = emit("Max", emit("Sub", rest, np.int64(1)), np.int64(0))
    small = emit("Div", total, np.int64(2))
    large = emit("Sub", total, small)
    pads = (small, large) if pad_type == "same" else (large, small)
    return emit("Pad", x, emit("Concat", np.zeros(2, np.int64), pads[0], np.zeros(2, np.int64), pads[1], axis=0), fill)


def spans(kernel: Sequence[int], dilations: Sequence[int]) -> list[int]:
    """Elements that a window covers along each axis, dilation included."""
    return [(size - 1) * dilation + 1 for size, dilation in zip(kernel, dilations, strict=True)]


def onnx_pads(pairs: Sequence[tuple[int, int]]) -> list[int]:
    """ONNX's order: all beginnings, then all ends."""
    return [before for before, _ in pairs] + [after for _, after in pairs]
