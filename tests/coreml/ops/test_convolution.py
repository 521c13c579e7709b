from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from inklens.coreml.ir import Graph
from inklens.coreml.onnx import to_onnx
from inklens.errors import ModelError
from tests.coreml.engines import Input, both, graph_of, numbers

CONV = {1: torch.nn.functional.conv1d, 2: torch.nn.functional.conv2d, 3: torch.nn.functional.conv3d}
TRANSPOSED = {
    1: torch.nn.functional.conv_transpose1d,
    2: torch.nn.functional.conv_transpose2d,
    3: torch.nn.functional.conv_transpose3d,
}


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("unknown", [False, True])
def test_conv_is_torchs_in_one_two_and_three_dimensions(rank: int, groups: int, unknown: bool) -> None:
    x, weight, bias = numbers(2, 4, *[9, 8, 7][:rank]), numbers(8, 4 // groups, *[3, 2, 3][:rank], seed=1), numbers(8)
    strides, dilations = [2, 1, 2][:rank], [1, 2, 1][:rank]
    result = both(
        "conv", x=Input(x), weight=weight, bias=bias, strides=strides, dilations=dilations, groups=groups,
        unknown=unknown,
    )  # fmt: skip
    expected = CONV[rank](*map(torch.tensor, (x, weight, bias)), strides, 0, dilations, groups).numpy()
    np.testing.assert_allclose(result, expected, atol=1e-4)


def test_depthwise_conv_is_torchs() -> None:
    x, weight = numbers(2, 6, 7, 7), numbers(6, 1, 3, 3, seed=1)
    result = both("conv", x=Input(x), weight=weight, groups=6, pad_type="same")
    expected = torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(weight), padding=1, groups=6).numpy()
    np.testing.assert_allclose(result, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("pad_type", "expected"),
    [("same", [3.0, 7.0, 5.0]), ("same_lower", [1.0, 5.0, 9.0]), ("valid", [3.0, 7.0])],
)
@pytest.mark.parametrize("unknown", [False, True])
def test_odd_padding_lies_at_the_end_unless_the_pad_type_is_lower(
    pad_type: str, expected: list[float], unknown: bool
) -> None:
    x = np.array([[[1, 2, 3, 4, 5]]], np.float32)
    result = both(
        "conv", x=Input(x), weight=np.ones((1, 1, 2), np.float32), strides=[2], pad_type=pad_type, unknown=unknown
    )
    np.testing.assert_array_equal(result[0, 0], expected)


def test_custom_padding_lists_before_and_after_of_each_axis() -> None:
    x = np.ones((1, 1, 2, 2), np.float32)
    result = both("conv", x=Input(x), weight=np.ones((1, 1, 1, 1), np.float32), pad_type="custom", pad=[1, 0, 0, 2])
    np.testing.assert_array_equal(result[0, 0], [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]])


def test_weights_may_be_computed_when_the_model_runs() -> None:
    x, weight = numbers(1, 2, 5, 5), numbers(3, 2, 3, 3, seed=1)
    result = both("conv", x=Input(x), weight=Input(weight), bias=Input(numbers(3)))
    np.testing.assert_allclose(result, both("conv", x=Input(x), weight=weight, bias=numbers(3)), atol=1e-5)


@settings(max_examples=25)
@given(
    size=st.integers(4, 11), kernel=st.integers(1, 4), stride=st.integers(1, 3), dilation=st.integers(1, 2),
    pad_type=st.sampled_from(["valid", "same", "same_lower", "custom"]), unknown=st.booleans(),
)  # fmt: skip
def test_both_engines_convolve_alike_whatever_the_geometry(
    size: int, kernel: int, stride: int, dilation: int, pad_type: str, unknown: bool
) -> None:
    if (kernel - 1) * dilation + 1 > size:
        return
    arguments: dict[str, Any] = {"pad": [1, 2, 0, 1]} if pad_type == "custom" else {}
    both(
        "conv", x=Input(numbers(1, 2, size, size + 1)), weight=numbers(3, 2, kernel, kernel, seed=1),
        strides=[stride] * 2, dilations=[dilation] * 2, pad_type=pad_type, unknown=unknown, **arguments,
    )  # fmt: skip


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("unknown", [False, True])
def test_conv_transpose_is_torchs_in_one_two_and_three_dimensions(rank: int, groups: int, unknown: bool) -> None:
    x, weight, bias = numbers(2, 4, *[5, 4, 3][:rank]), numbers(4, 3, *[3, 2, 3][:rank], seed=1), numbers(3 * groups)
    strides, dilations = [2, 3, 1][:rank], [1, 2, 1][:rank]
    result = both(
        "conv_transpose", x=Input(x), weight=weight, bias=bias, strides=strides, dilations=dilations, groups=groups,
        unknown=unknown,
    )  # fmt: skip
    tensors = map(torch.tensor, (x, weight, bias))
    expected = TRANSPOSED[rank](*tensors, strides, groups=groups, dilation=dilations).numpy()
    np.testing.assert_allclose(result, expected, atol=1e-4)


def test_conv_transpose_drops_its_padding() -> None:
    x, weight = numbers(1, 2, 5, 5), numbers(2, 3, 3, 3, seed=1)
    result = both(
        "conv_transpose", x=Input(x), weight=weight, strides=[2, 2], pad_type="custom", pad=[1, 1, 1, 1]
    )  # fmt: skip
    expected = torch.nn.functional.conv_transpose2d(torch.tensor(x), torch.tensor(weight), stride=2, padding=1).numpy()
    np.testing.assert_allclose(result, expected, atol=1e-4)


@pytest.mark.parametrize(("stride", "kernel"), [(2, 3), (2, 2), (3, 2), (2, 5), (1, 4)])
@pytest.mark.parametrize("unknown", [False, True])
def test_conv_transpose_of_type_same_is_stride_times_as_large(stride: int, kernel: int, unknown: bool) -> None:
    x = numbers(1, 2, 4, 5)
    weight = numbers(2, 3, kernel, kernel, seed=1)
    result = both(
        "conv_transpose", x=Input(x), weight=weight, bias=numbers(3), strides=[stride] * 2, pad_type="same",
        unknown=unknown,
    )  # fmt: skip
    assert result.shape == (1, 3, 4 * stride, 5 * stride)


@pytest.mark.parametrize("target", [8, 9, 10, 12])
def test_conv_transpose_gives_the_output_shape_that_is_asked_for(target: int) -> None:
    x, weight = numbers(1, 2, 4, 4), numbers(2, 3, 3, 3, seed=1)
    arguments = {"x": Input(x), "weight": weight, "bias": numbers(3), "strides": [2, 2]}
    result = both("conv_transpose", output_shape=[1, 3, target, target], **arguments)
    assert result.shape == (1, 3, target, target)
    full = both("conv_transpose", **arguments)
    np.testing.assert_allclose(result[..., : min(target, 9), : min(target, 9)], full[..., :target, :target], atol=1e-5)
    np.testing.assert_allclose(
        result[..., 9:, :], np.broadcast_to(numbers(3)[:, None, None], (1, 3, max(0, target - 9), target))
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pad_type": "full"}, "its pad_type is 'full'; expected one of valid, custom, same, same_lower"),
        ({"pad_type": "custom", "pad": [1, 1]}, "its pad has 2 numbers; expected 4, two for each axis"),
    ],
)
def test_a_convolution_with_an_impossible_padding_is_refused(arguments: dict[str, Any], message: str) -> None:
    graph, _ = graph_of("conv", {"x": Input(numbers(1, 2, 5, 5)), "weight": numbers(3, 2, 3, 3)})
    node = graph.nodes[0]
    broken = {key: value if isinstance(value, str) else np.array(value) for key, value in arguments.items()}
    bad = type(node)(node.op, node.name, {**node.arguments, **broken}, node.outputs)
    with pytest.raises(ModelError, match=message):
        to_onnx(Graph(graph.inputs, (bad,), graph.outputs))
