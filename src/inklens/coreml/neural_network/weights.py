"""WeightParams: the ways in which the NeuralNetwork format stores numbers.

Source: the message `WeightParams` of Core ML's specification. Values lie in row-major order as float32, as float16, or
as unsigned integers of 1 to 8 bits that stand for `q * scale + bias` (one pair, or one for each output channel) or for
the entries of a table. Integers are packed from the most significant bit of each byte, the opposite of `weight.bin`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from inklens.coreml.protobuf import Message
from inklens.errors import ModelError

MAX_ELEMENTS = 1 << 30  # of one tensor: 4 GiB of float32


def load_weights(params: Message, shape: Sequence[int], *, channel_axis: int = 0) -> np.ndarray:
    """The numbers of a `WeightParams` as float32 of `shape`.

    `channel_axis` is the axis of the output channels, along which scales and biases of linear quantisation run. Raises
    ModelError where the stored numbers are not as many as the shape asks for.
    """
    shape = tuple(int(size) for size in shape)
    count = math.prod(shape)
    if min(shape, default=1) < 0 or count > MAX_ELEMENTS:
        raise ModelError(f"weights of shape {shape} have {count:,} numbers; at most {MAX_ELEMENTS:,} are read")
    if len(params.floatValue):
        return _shaped(np.asarray(params.floatValue, np.float32), shape)
    if len(params.float16Value):
        return _shaped(_halves(params.float16Value), shape)
    if len(params.int8RawValue):
        integers: np.ndarray = np.frombuffer(params.int8RawValue, np.int8)
    elif len(params.rawValue):
        integers = unpack(params.rawValue, int(params.quantization.numberOfBits), count)
    elif count == 0:
        return np.zeros(shape, np.float32)
    else:
        raise ModelError(f"weights of shape {shape} are missing")
    return _dequantised(_shaped(integers, shape), params.quantization, channel_axis)


def unpack(data: bytes, bits: int, count: int) -> np.ndarray:
    """`count` unsigned integers of `bits` bits each, uint8 [count]; the first is in the first byte's highest bits."""
    if not 1 <= bits <= 8:
        raise ModelError(f"weights are quantised to {bits} bits; expected 1 to 8")
    packed = np.frombuffer(data, np.uint8)
    if len(packed) * 8 < count * bits:
        raise ModelError(
            f"{count:,} weights of {bits} bits need {-(-count * bits // 8):,} bytes; {len(packed):,} are stored"
        )
    if bits == 8:
        return packed[:count]
    ones = np.unpackbits(packed, count=count * bits).reshape(count, bits)
    return np.packbits(ones, axis=1)[:, 0] >> np.uint8(8 - bits)


def _halves(data: bytes) -> np.ndarray:
    if len(data) % 2:
        raise ModelError(f"float16 weights have {len(data):,} bytes, an odd number")
    return np.frombuffer(data, "<f2").astype(np.float32)


def _shaped(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if values.size != math.prod(shape):
        raise ModelError(f"{values.size:,} weights are stored where shape {shape} asks for {math.prod(shape):,}")
    return values.reshape(shape)


def _dequantised(integers: np.ndarray, quantization: Message, channel_axis: int) -> np.ndarray:
    kind = quantization.which("QuantizationType")
    if kind == "lookupTableQuantization":
        table = np.asarray(quantization.lookupTableQuantization.floatValue, np.float32)
        if integers.size and int(integers.max()) >= len(table):
            raise ModelError(f"quantised weights point at entry {int(integers.max())} of a table of {len(table)}")
        return table[integers]
    if kind != "linearQuantization":
        raise ModelError("raw weights come without the quantisation that says what they mean")
    linear = quantization.linearQuantization
    scale = _per_channel(linear.scale, "scale", integers.shape, channel_axis, default=1.0)
    bias = _per_channel(linear.bias, "bias", integers.shape, channel_axis, default=0.0)
    return integers * scale + bias


def _per_channel(values: np.ndarray, what: str, shape: tuple[int, ...], axis: int, *, default: float) -> np.ndarray:
    """Scales or biases in a shape that broadcasts against the weights; none means `default`."""
    numbers = np.asarray(values, np.float32)
    if len(numbers) <= 1:
        return numbers if len(numbers) else np.array([default], np.float32)
    if not shape or len(numbers) != shape[axis]:
        raise ModelError(
            f"quantised weights of shape {shape} have {len(numbers)} values of {what}; expected 1 or one a channel"
        )
    return numbers.reshape([-1 if place == axis % len(shape) else 1 for place in range(len(shape))])


def stored_count(params: Message) -> int:
    """How many numbers a `WeightParams` holds; of quantised ones at most that many."""
    if len(params.floatValue):
        return len(params.floatValue)
    if len(params.float16Value):
        return len(params.float16Value) // 2
    if len(params.int8RawValue):
        return len(params.int8RawValue)
    bits = int(params.quantization.numberOfBits)
    return len(params.rawValue) * 8 // bits if bits else 0
