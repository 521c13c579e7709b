"""Convolution and pooling against PyTorch: every padding, group, dilation and rounding that the format has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its customary name

from inklens.errors import ModelError
from tests.coreml.neural_network.networks import builder, check, run, run_layer

RNG = np.random.default_rng(3)


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.tensor(array, dtype=torch.float64)


def same(size: int, window: int, stride: int, *, top_left: bool) -> tuple[int, int]:
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return (total - total // 2, total // 2) if top_left else (total // 2, total - total // 2)


def convolution(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, **options: Any) -> np.ndarray:
    """A convolution layer; weight as PyTorch has it, [C_out, C_in / groups, H, W]."""
    groups = options.pop("groups", 1)
    return run_layer(
        lambda net: net.add_convolution(
            "conv",
            kernel_channels=weight.shape[1],
            output_channels=weight.shape[0],
            height=weight.shape[2],
            width=weight.shape[3],
            W=weight.transpose(2, 3, 1, 0),
            b=bias,
            has_bias=bias is not None,
            groups=groups,
            input_name="x0",
            output_name="output",
            **{"stride_height": 1, "stride_width": 1, "border_mode": "valid", **options},
        ),
        x,
    )


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
def test_a_valid_convolution_pads_as_it_says(groups: int, stride: int, dilation: int) -> None:
    x, weight, bias = RNG.normal(size=(2, 4, 11, 13)), RNG.normal(size=(8, 4 // groups, 3, 2)), RNG.normal(size=8)
    result = convolution(
        x, weight, bias, groups=groups, stride_height=stride, stride_width=1, dilation_factors=[dilation, 1],
        padding_top=1, padding_bottom=2, padding_left=0, padding_right=3,
    )  # fmt: skip
    padded = F.pad(tensor(x), (0, 3, 1, 2))
    expected = F.conv2d(padded, tensor(weight), tensor(bias), (stride, 1), 0, (dilation, 1), groups)
    check(expected, result)


@pytest.mark.parametrize("mode", ["BOTTOM_RIGHT_HEAVY", "TOP_LEFT_HEAVY"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_same_padding_puts_the_odd_row_where_the_mode_says(mode: str, stride: int) -> None:
    x, weight = RNG.normal(size=(1, 2, 10, 7)), RNG.normal(size=(3, 2, 4, 3))
    result = convolution(
        x, weight, None, border_mode="same", same_padding_asymmetry_mode=mode, stride_height=stride, stride_width=stride
    )
    heavy = mode == "TOP_LEFT_HEAVY"
    pad = (*same(7, 3, stride, top_left=heavy), *same(10, 4, stride, top_left=heavy))
    check(F.conv2d(F.pad(tensor(x), pad), tensor(weight), stride=stride), result)


def test_a_kernel_size_that_the_file_leaves_out_is_three_by_three() -> None:
    x, weight = RNG.normal(size=(1, 1, 5, 5)), RNG.normal(size=(1, 1, 3, 3))
    network = builder({"x": x.shape}, ["output"])
    network.add_convolution(
        "conv",
        1,
        1,
        3,
        3,
        1,
        1,
        "valid",
        1,
        weight.transpose(2, 3, 1, 0),
        None,
        False,
        input_name="x",
        output_name="output",
    )
    layer = network.spec.neuralNetwork.layers[0].convolution
    del layer.kernelSize[:], layer.stride[:], layer.dilationFactor[:]
    layer.nGroups = 0
    check(F.conv2d(tensor(x), tensor(weight)), run(network.spec, {"x": x})["output"])


def deconvolution(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, groups: int, **options: Any
) -> np.ndarray:
    """A deconvolution layer; weight as PyTorch has it, [C_in, C_out / groups, H, W]."""
    return run_layer(
        lambda net: net.add_convolution(
            "deconv",
            kernel_channels=weight.shape[0],
            output_channels=weight.shape[1] * groups,
            height=weight.shape[2],
            width=weight.shape[3],
            W=weight.transpose(2, 3, 0, 1),
            b=bias,
            has_bias=bias is not None,
            is_deconv=True,
            groups=groups,
            input_name="x0",
            output_name="output",
            **{"border_mode": "valid", **options},
        ),
        x,
    )


@pytest.mark.parametrize("groups", [1, 2])
def test_a_valid_deconvolution_is_cut_by_its_padding(groups: int) -> None:
    x, weight, bias = RNG.normal(size=(2, 4, 5, 6)), RNG.normal(size=(4, 3, 3, 4)), RNG.normal(size=3 * groups)
    result = deconvolution(
        x, weight, bias, groups, stride_height=2, stride_width=3,
        padding_top=1, padding_bottom=0, padding_left=2, padding_right=1,
    )  # fmt: skip
    full = F.conv_transpose2d(tensor(x), tensor(weight), tensor(bias), (2, 3), groups=groups)
    check(full[:, :, 1:, 2:-1], result)


@pytest.mark.parametrize(("kernel", "stride"), [(4, 2), (3, 2), (2, 2), (3, 1), (2, 3)])
def test_a_same_deconvolution_multiplies_the_size_by_the_stride(kernel: int, stride: int) -> None:
    x, weight, bias = RNG.normal(size=(1, 2, 5, 5)), RNG.normal(size=(2, 2, kernel, kernel)), RNG.normal(size=2)
    result = deconvolution(x, weight, bias, 1, border_mode="same", stride_height=stride, stride_width=stride)
    full = F.conv_transpose2d(tensor(x), tensor(weight), None, stride)
    cut = max(kernel - stride, 0) // 2
    full = F.pad(full, (0, stride, 0, stride))[:, :, cut : cut + 5 * stride, cut : cut + 5 * stride]
    check(full + tensor(bias).reshape(1, -1, 1, 1), result)


def test_a_deconvolution_with_an_output_shape_ignores_its_padding() -> None:
    x, weight = RNG.normal(size=(1, 2, 4, 4)), RNG.normal(size=(2, 2, 3, 3))
    result = deconvolution(
        x, weight, None, 1, stride_height=2, stride_width=2, output_shape=(8, 7), padding_top=9, padding_left=9
    )
    full = F.conv_transpose2d(tensor(x), tensor(weight), None, 2)  # 9 × 9
    check(full[:, :, :8, 1:8], result)


def test_weights_may_come_as_a_second_input() -> None:
    x, weight = RNG.normal(size=(1, 3, 8, 8)), RNG.normal(size=(4, 3, 3, 3))
    result = run_layer(
        lambda net: net.add_convolution(
            "conv", 3, 4, 3, 3, 1, 1, "valid", 1, None, None, False, input_name=["x0", "x1"], output_name="output"
        ),
        x,
        weight,
    )
    check(F.conv2d(tensor(x), tensor(weight)), result)


def test_an_input_with_other_channels_than_the_weights_is_refused_by_layer() -> None:
    with pytest.raises(
        ModelError, match=r"layer conv \(convolution\): its input has shape \(1, 5, 8, 8\); its weights expect 3"
    ):
        convolution(np.zeros((1, 5, 8, 8)), np.zeros((4, 3, 3, 3)), None)


def test_convolution_in_three_dimensions_and_its_transpose() -> None:
    x, weight, bias = RNG.normal(size=(2, 4, 5, 6, 7)), RNG.normal(size=(6, 2, 2, 3, 3)), RNG.normal(size=6)

    def add(net: Any) -> None:
        net.add_convolution3d(
            "conv", 4, 6, 2, 3, 3, weight, bias, True, groups=2, stride_depth=1, stride_height=2, stride_width=2,
            dilation_width=2, padding_mode="custom", padding_front=1, padding_top=1, padding_right=2,
            input_name="x0", output_name="output",
        )  # fmt: skip

    expected = F.conv3d(F.pad(tensor(x), (0, 2, 1, 0, 1, 0)), tensor(weight), tensor(bias), (1, 2, 2), 0, (1, 1, 2), 2)
    check(expected, run_layer(add, x))


def pooling(x: np.ndarray, kind: str, kernel: int, stride: int, border: str, **options: Any) -> np.ndarray:
    return run_layer(
        lambda net: net.add_pooling("pool", kernel, kernel, stride, stride, kind, border, "x0", "output", **options), x
    )


@pytest.mark.parametrize("exclude", [True, False])
@pytest.mark.parametrize("mode", ["BOTTOM_RIGHT_HEAVY", "TOP_LEFT_HEAVY"])
def test_average_pooling_counts_padding_unless_it_is_excluded(exclude: bool, mode: str) -> None:
    x = RNG.normal(size=(1, 2, 8, 8))
    result = pooling(x, "AVERAGE", 3, 2, "SAME", exclude_pad_area=exclude, same_padding_asymmetry_mode=mode)
    pad = same(8, 3, 2, top_left=mode == "TOP_LEFT_HEAVY") * 2
    sums = F.avg_pool2d(F.pad(tensor(x), pad), 3, 2) * 9
    counts = F.avg_pool2d(F.pad(torch.ones(1, 2, 8, 8, dtype=torch.float64), pad), 3, 2) * 9 if exclude else 9
    check(sums / counts, result)


def caffe_pooling(x: np.ndarray, kernel: int, stride: int, pad: int, kind: str, *, exclude: bool) -> np.ndarray:
    """Caffe's loops: the number of windows rounded up, none beginning behind the input and its leading padding."""
    batch, channels, height, width = x.shape
    counts = []
    for size in (height, width):
        count = -(-(size + 2 * pad - kernel) // stride) + 1
        if pad and (count - 1) * stride >= size + pad:
            count -= 1
        counts.append(count)
    result = np.zeros((batch, channels, *counts))
    for row, column in np.ndindex(*counts):
        top, left = row * stride - pad, column * stride - pad
        bottom, right = min(top + kernel, height + pad), min(left + kernel, width + pad)
        area = (bottom - top) * (right - left)
        window = x[:, :, max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
        if kind == "MAX":
            result[:, :, row, column] = window.max(axis=(2, 3))
        else:
            result[:, :, row, column] = window.sum(axis=(2, 3)) / (window[0, 0].size if exclude else area)
    return result


@pytest.mark.parametrize("kind", ["MAX", "AVERAGE"])
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pad"),
    [(13, 3, 2, 0), (14, 3, 2, 0), (12, 3, 2, 1), (13, 3, 2, 1), (7, 2, 3, 1), (6, 5, 4, 2)],
)
@pytest.mark.parametrize("exclude", [True, False])
def test_include_last_pixel_pools_as_caffe_does(
    kind: str, size: int, kernel: int, stride: int, pad: int, exclude: bool
) -> None:
    x = RNG.normal(size=(1, 2, size, size + 1))
    result = pooling(
        x, kind, kernel, stride, "INCLUDE_LAST_PIXEL", padding_top=pad, padding_bottom=pad, padding_left=pad,
        padding_right=pad, exclude_pad_area=exclude,
    )  # fmt: skip
    check(caffe_pooling(x, kernel, stride, pad, kind, exclude=exclude), result)


def test_max_pooling_never_takes_its_padding() -> None:
    x = -1 - RNG.random(size=(1, 1, 4, 4))
    result = pooling(x, "MAX", 3, 2, "VALID", padding_top=1, padding_left=1, padding_bottom=1, padding_right=1)
    check(F.max_pool2d(tensor(x), 3, 2, 1), result)


@pytest.mark.parametrize("kind", ["MAX", "AVERAGE", "L2"])
def test_global_pooling_leaves_one_pixel(kind: str) -> None:
    x = RNG.normal(size=(2, 3, 5, 6))
    expected = {"MAX": x.max((2, 3)), "AVERAGE": x.mean((2, 3)), "L2": np.sqrt((x**2).sum((2, 3)))}[kind]
    check(expected[:, :, None, None], pooling(x, kind, 2, 2, "VALID", is_global=True))


def test_l2_pooling_is_the_root_of_the_sum_of_squares() -> None:
    x = RNG.normal(size=(1, 2, 6, 6))
    check(torch.sqrt(F.avg_pool2d(tensor(x) ** 2, 2, 2) * 4), pooling(x, "L2", 2, 2, "VALID"))
