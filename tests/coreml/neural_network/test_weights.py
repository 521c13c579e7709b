"""The numbers of a NeuralNetwork file, in every way in which they are stored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from coremltools.proto import NeuralNetwork_pb2

from inklens.coreml.neural_network.weights import load_weights, unpack
from inklens.coreml.protobuf import Message, decode
from inklens.errors import ModelError


def weights(**fields: Any) -> Message:
    params = NeuralNetwork_pb2.WeightParams()
    for name, value in fields.items():
        if isinstance(value, bytes):
            setattr(params, name, value)
        else:
            getattr(params, name).extend(value)
    return decode(params.SerializeToString(), "WeightParams")


def quantised(
    raw: bytes, bits: int, *, scale: Any = None, bias: Any = None, table: Any = None, field: str = "rawValue"
) -> Message:
    params = NeuralNetwork_pb2.WeightParams()
    setattr(params, field, raw)
    params.quantization.numberOfBits = bits
    if table is not None:
        params.quantization.lookupTableQuantization.floatValue.extend(table)
    else:
        params.quantization.linearQuantization.scale.extend(scale or [])
        params.quantization.linearQuantization.bias.extend(bias or [])
    return decode(params.SerializeToString(), "WeightParams")


def packed(values: np.ndarray, bits: int) -> bytes:
    """Integers written one after the other as binary text, which is the layout in the file."""
    text = "".join(format(int(value), f"0{bits}b") for value in values)
    return bytes(int(text[start : start + 8].ljust(8, "0"), 2) for start in range(0, len(text), 8))


def test_floats_are_read_in_row_major_order() -> None:
    np.testing.assert_array_equal(load_weights(weights(floatValue=[1, 2, 3, 4, 5, 6]), (2, 3)), [[1, 2, 3], [4, 5, 6]])


def test_half_precision_is_widened_exactly() -> None:
    values = np.array([0.1, -65504.0, 6e-8], np.float16)
    loaded = load_weights(weights(float16Value=values.tobytes()), (3,))
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded, values.astype(np.float32))


@pytest.mark.parametrize("bits", range(1, 9))
def test_integers_are_packed_from_the_most_significant_bit(bits: int) -> None:
    values = np.random.default_rng(bits).integers(0, 1 << bits, 37)
    np.testing.assert_array_equal(unpack(packed(values, bits), bits, 37), values)


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 5, 6, 7, 8])
def test_linear_quantisation_has_one_scale_and_bias_for_each_output_channel(bits: int) -> None:
    values = np.random.default_rng(bits).integers(0, 1 << bits, (3, 4))
    loaded = load_weights(quantised(packed(values.ravel(), bits), bits, scale=[0.5, 1, 2], bias=[0, -1, 3]), (3, 4))
    np.testing.assert_array_equal(loaded, values * np.array([[0.5], [1], [2]]) + np.array([[0], [-1], [3]]))


def test_a_deconvolution_has_its_output_channels_on_the_second_axis() -> None:
    values = np.arange(8)
    loaded = load_weights(quantised(packed(values, 8), 8, scale=[1, 10]), (4, 2), channel_axis=1)
    np.testing.assert_array_equal(loaded, values.reshape(4, 2) * np.array([1, 10]))


def test_one_scale_holds_for_all_channels_and_a_missing_bias_is_zero() -> None:
    loaded = load_weights(quantised(bytes([0, 100, 200]), 8, scale=[0.25]), (3,))
    np.testing.assert_array_equal(loaded, [0, 25, 50])


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 8])
def test_a_table_is_looked_up(bits: int) -> None:
    rng = np.random.default_rng(bits)
    table = rng.normal(size=1 << bits).astype(np.float32)
    indices = rng.integers(0, 1 << bits, 50)
    loaded = load_weights(quantised(packed(indices, bits), bits, table=table.tolist()), (5, 10))
    np.testing.assert_array_equal(loaded, table[indices].reshape(5, 10))


def test_signed_bytes_of_dynamic_quantisation_are_scaled() -> None:
    raw = np.array([-128, -1, 0, 127], np.int8).tobytes()
    np.testing.assert_array_equal(
        load_weights(quantised(raw, 8, scale=[0.5], field="int8RawValue"), (4,)), [-64, -0.5, 0, 63.5]
    )


@pytest.mark.parametrize(
    ("params", "shape", "words"),
    [
        (weights(floatValue=[1, 2, 3]), (2, 2), "3 weights are stored where shape (2, 2) asks for 4"),
        (weights(), (2,), "weights of shape (2,) are missing"),
        (weights(rawValue=b"abcd"), (4,), "quantised to 0 bits; expected 1 to 8"),
        (weights(float16Value=b"abc"), (1,), "3 bytes, an odd number"),
        (quantised(b"\x01", 1, table=[0.0, 1.0]), (9,), "9 weights of 1 bits need 2 bytes; 1 are stored"),
        (quantised(b"\x05", 8, table=[0.0, 1.0]), (1,), "point at entry 5 of a table of 2"),
        (quantised(b"\x05\x06", 8, scale=[1, 2, 3]), (2,), "3 values of scale; expected 1 or one a channel"),
        (weights(floatValue=[1]), (1 << 20, 1 << 20), "have 1,099,511,627,776 numbers"),
    ],
)  # fmt: skip
def test_weights_that_do_not_fit_are_refused_in_words(params: Message, shape: tuple[int, ...], words: str) -> None:
    with pytest.raises(ModelError) as caught:
        load_weights(params, shape)
    assert words in str(caught.value)
