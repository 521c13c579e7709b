"""Elements moved between channels, space and batch."""

from __future__ import annotations

import numpy as np

from inklens.coreml.ops.registry import Array, Emitter, Value, op
from inklens.errors import ModelError


@op("depth_to_space")
def depth_to_space(x: Array, *, block_size: int) -> Array:
    n, c, h, w = x.shape
    blocks = x.reshape(n, block_size, block_size, c // block_size**2, h, w)
    return blocks.transpose(0, 3, 4, 1, 5, 2).reshape(n, c // block_size**2, h * block_size, w * block_size)


@depth_to_space.onnx
def _(emit: Emitter, x: Value, *, block_size: int) -> Value:
    return emit("DepthToSpace", x, blocksize=block_size, mode="DCR")


@op("space_to_depth")
def space_to_depth(x: Array, *, block_size: int) -> Array:
    n, c, h, w = x.shape
    blocks = x.reshape(n, c, h // block_size, block_size, w // block_size, block_size)
    return blocks.transpose(0, 3, 5, 1, 2, 4).reshape(n, c * block_size**2, h // block_size, w // block_size)


@space_to_depth.onnx
def _(emit: Emitter, x: Value, *, block_size: int) -> Value:
    return emit("SpaceToDepth", x, blocksize=block_size)


@op("pixel_shuffle")
def pixel_shuffle(x: Array, *, upscale_factor: int) -> Array:
    n, c, h, w = x.shape
    f = upscale_factor
    return x.reshape(n, c // f**2, f, f, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, c // f**2, h * f, w * f)


@pixel_shuffle.onnx
def _(emit: Emitter, x: Value, *, upscale_factor: int) -> Value:
    return emit("DepthToSpace", x, blocksize=upscale_factor, mode="CRD")


@op("pixel_unshuffle")
def pixel_unshuffle(x: Array, *, downscale_factor: int) -> Array:
    n, c, h, w = x.shape
    f = downscale_factor
    return x.reshape(n, c, h // f, f, w // f, f).transpose(0, 1, 3, 5, 2, 4).reshape(n, c * f**2, h // f, w // f)


@pixel_unshuffle.onnx
def _(emit: Emitter, x: Value, *, downscale_factor: int) -> Value:
    f = downscale_factor
    c, h, w = _known(x)
    blocks = emit.transpose(emit.reshape(x, (-1, c, h // f, f, w // f, f)), (0, 1, 3, 5, 2, 4))
    return emit.reshape(blocks, (-1, c * f**2, h // f, w // f))


def _known(x: Value) -> tuple[int, int, int]:
    """Channels, height and width."""
    if x.shape is None or None in x.shape[1:]:
        raise ModelError(f"it needs an input of known channels, height and width, not {x.shape}")
    _, c, h, w = x.shape
    return c, h, w  # type: ignore[return-value]


@op("space_to_batch")
def space_to_batch(x: Array, *, block_shape: tuple[int, int], paddings: Array) -> Array:
    padded = np.pad(x, [(0, 0), (0, 0), *np.asarray(paddings).tolist()])
    n, c, h, w = padded.shape
    bh, bw = block_shape
    blocks = padded.reshape(n, c, h // bh, bh, w // bw, bw)
    return blocks.transpose(3, 5, 0, 1, 2, 4).reshape(n * bh * bw, c, h // bh, w // bw)


@space_to_batch.onnx
def _(emit: Emitter, x: Value, *, block_shape: tuple[int, int], paddings: Array) -> Value:
    (top, bottom), (left, right) = np.asarray(paddings).tolist()
    c, h, w = _known(x)
    h, w = h + top + bottom, w + left + right
    bh, bw = block_shape
    padded = emit("Pad", x, [0, 0, top, left, 0, 0, bottom, right])
    blocks = emit.transpose(emit.reshape(padded, (-1, c, h // bh, bh, w // bw, bw)), (3, 5, 0, 1, 2, 4))
    return emit.reshape(blocks, (-1, c, h // bh, w // bw))


@op("batch_to_space")
def batch_to_space(x: Array, *, block_shape: tuple[int, int], crops: Array) -> Array:
    n, c, h, w = x.shape
    bh, bw = block_shape
    (top, bottom), (left, right) = np.asarray(crops).tolist()
    blocks = x.reshape(bh, bw, n // (bh * bw), c, h, w).transpose(2, 3, 4, 0, 5, 1)
    whole = blocks.reshape(n // (bh * bw), c, h * bh, w * bw)
    return whole[:, :, top : h * bh - bottom, left : w * bw - right]


@batch_to_space.onnx
def _(emit: Emitter, x: Value, *, block_shape: tuple[int, int], crops: Array) -> Value:
    (top, bottom), (left, right) = np.asarray(crops).tolist()
    c, h, w = _known(x)
    bh, bw = block_shape
    blocks = emit.transpose(emit.reshape(x, (bh, bw, -1, c, h, w)), (2, 3, 4, 0, 5, 1))
    whole = emit.reshape(blocks, (-1, c, h * bh, w * bw))
    return emit("Slice", whole, [top, left], [h * bh - bottom, w * bw - right], [2, 3])
