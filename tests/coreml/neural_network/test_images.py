"""Padding, cropping, resizing and reorganising images, and the normalisations, against the specification's formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its customary name

from inklens.errors import ModelError
from tests.coreml.neural_network.networks import builder, check, run, run_layer

RNG = np.random.default_rng(4)


@pytest.mark.parametrize(
    ("kind", "mode"), [("constant", "constant"), ("reflection", "reflect"), ("replication", "edge")]
)
@pytest.mark.parametrize("shape", [(2, 5, 6), (2, 3, 5, 6), (2, 2, 3, 5, 6)])
def test_padding_fills_the_last_two_axes(kind: str, mode: str, shape: tuple[int, ...]) -> None:
    x = RNG.normal(size=shape)
    result = run_layer(
        lambda net: net.add_padding(
            "pad", left=1, right=2, top=3, bottom=0, value=7.5, input_name="x0", output_name="output", padding_type=kind
        ),
        x,
    )
    widths = [(0, 0)] * (len(shape) - 2) + [(3, 0), (1, 2)]
    check(np.pad(x, widths, mode=mode, **({"constant_values": 7.5} if mode == "constant" else {})), result)  # type: ignore[call-overload]


def test_a_crop_takes_off_borders_or_copies_the_size_of_a_reference() -> None:
    x = RNG.normal(size=(1, 2, 8, 9))
    borders = run_layer(lambda net: net.add_crop("crop", 1, 2, 3, 0, None, ["x0"], "output"), x)
    check(x[:, :, 3:8, 1:7], borders)
    like = run_layer(
        lambda net: net.add_crop("crop", 0, 0, 0, 0, [2, 3], ["x0", "x1"], "output"), x, np.zeros((1, 5, 4, 3))
    )
    check(x[:, :, 2:6, 3:6], like)


def sampled(x: np.ndarray, height: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Bilinear interpolation of [..., H, W] on a grid of points."""
    for axis, points in ((-2, height), (-1, width)):
        low = np.floor(points).astype(int)
        high = np.minimum(low + 1, x.shape[axis] - 1)
        part = (points - low).reshape(-1, *[1] * (-axis - 1))
        x = np.take(x, low, axis) * (1 - part) + np.take(x, high, axis) * part
    return x


def grid(size: int, count: int, mode: str) -> np.ndarray:
    """The specification's sampling points."""
    if mode == "STRICT_ALIGN_ENDPOINTS_MODE":
        return np.linspace(0, size - 1, count) if count > 1 else np.zeros(1)
    if mode == "ALIGN_ENDPOINTS_MODE":
        return np.linspace(0, size - 1, count) if count > 1 else np.array([(size - 1) / 2])
    if mode == "UPSAMPLE_MODE":
        return np.minimum(size - 1, np.linspace(0, size - size / count, count))
    spacing = max(1, size - 1) / count
    return np.minimum(size - 1, np.linspace(0.5 * spacing, 0.5 * spacing + (count - 1) * spacing, count))


@pytest.mark.parametrize(
    "mode", ["STRICT_ALIGN_ENDPOINTS_MODE", "ALIGN_ENDPOINTS_MODE", "UPSAMPLE_MODE", "ROI_ALIGN_MODE"]
)
@pytest.mark.parametrize("target", [(10, 3), (1, 1), (4, 5), (7, 1)])
def test_bilinear_resizing_samples_by_its_mode(mode: str, target: tuple[int, int]) -> None:
    x = RNG.normal(size=(2, 3, 4, 5))
    result = run_layer(lambda net: net.add_resize_bilinear("resize", "x0", "output", *target, mode), x)
    check(sampled(x, grid(4, target[0], mode), grid(5, target[1], mode)), result)


@pytest.mark.parametrize("rank5", [True, False])
def test_upsampling_repeats_pixels_or_interpolates(rank5: bool) -> None:
    x = RNG.normal(size=(2, 3, 4))
    lead = (1, 1) if rank5 else ()

    def upsampled(mode: str, linear: str = "DEFAULT") -> Any:
        return run_layer(
            lambda net: net.add_upsample("up", 2, 3, "x0", "output", mode=mode, linear_upsample_mode=linear),
            x,
            rank5=rank5,
        )

    check(np.repeat(np.repeat(x, 2, 1), 3, 2).reshape(*lead, 2, 6, 12), upsampled("NN"))
    default = sampled(x, grid(3, 6, "UPSAMPLE_MODE"), grid(4, 12, "UPSAMPLE_MODE"))
    check(default.reshape(*lead, 2, 6, 12), upsampled("BILINEAR"))
    for linear, corners in (("ALIGN_CORNERS_TRUE", True), ("ALIGN_CORNERS_FALSE", False)):
        expected = F.interpolate(torch.tensor(x)[None], scale_factor=(2, 3), mode="bilinear", align_corners=corners)
        check(expected.numpy()[0].reshape(*lead, 2, 6, 12), upsampled("BILINEAR", linear))


def test_crop_resize_cuts_every_box_out_of_every_image() -> None:
    x = RNG.normal(size=(3, 6, 8))
    boxes = np.array([[0, 0, 1, 1], [0.2, 0.1, 0.8, 0.5]])
    network = builder({"image": (3, 6, 8), "boxes": (4, 1, 1)}, ["output"], rank5=True)
    network.add_crop_resize(
        "crop", ["image", "boxes"], "output", 3, 4, "ALIGN_ENDPOINTS_MODE", True, "CORNERS_HEIGHT_FIRST", 1.0
    )
    result = run(network.spec, {"image": x, "boxes": boxes.reshape(2, 1, 4, 1, 1)})["output"]
    expected = [
        sampled(x, np.linspace(top * 5, bottom * 5, 3), np.linspace(left * 7, right * 7, 4))
        for top, left, bottom, right in boxes
    ]
    check(np.stack(expected)[:, None], result)


def test_reorganising_follows_the_examples_of_the_specification() -> None:
    x = np.arange(1, 17, dtype=np.float32).reshape(8, 1, 2)
    deep = run_layer(lambda net: net.add_reorganize_data("r", "x0", "output", "DEPTH_TO_SPACE", 2), x)
    check([[[1, 5, 2, 6], [9, 13, 10, 14]], [[3, 7, 4, 8], [11, 15, 12, 16]]], deep)
    shuffled = run_layer(lambda net: net.add_reorganize_data("r", "x0", "output", "PIXEL_SHUFFLE", 2), x)
    check([[[1, 3, 2, 4], [5, 7, 6, 8]], [[9, 11, 10, 12], [13, 15, 14, 16]]], shuffled)
    check(x, run_layer(lambda net: net.add_reorganize_data("r", "x0", "output", "SPACE_TO_DEPTH", 2), deep))


def test_local_response_normalisation_divides_by_its_neighbours_across_channels() -> None:
    x = RNG.normal(size=(1, 7, 3, 3))
    result = run_layer(lambda net: net.add_lrn("lrn", "x0", "output", alpha=0.3, beta=0.75, local_size=5, k=2.0), x)
    expected = F.local_response_norm(torch.tensor(x), 5, alpha=0.3, beta=0.75, k=2.0)
    check(expected.numpy(), result)


@pytest.mark.parametrize("kind", ["stored", "image", "batch"])
def test_batch_normalisation_takes_stored_statistics_or_those_of_an_image_or_the_batch(kind: str) -> None:
    x, (gamma, beta, mean) = RNG.normal(size=(2, 4, 5, 5)), RNG.normal(size=(3, 4))
    variance = RNG.random(4) + 0.5
    network = builder({"x": x.shape}, ["output"])
    network.add_batchnorm("bn", 4, gamma, beta, mean, variance, "x", "output", epsilon=1e-3)
    layer = network.spec.neuralNetwork.layers[0].batchnorm
    layer.computeMeanVar, layer.instanceNormalization = kind != "stored", kind == "image"
    t, weight, bias, mean_, variance_ = (torch.tensor(array) for array in (x, gamma, beta, mean, variance))
    expected = {
        "stored": lambda: F.batch_norm(t, mean_, variance_, weight, bias, eps=1e-3),
        "image": lambda: F.instance_norm(t, weight=weight, bias=bias, eps=1e-3),
        "batch": lambda: F.batch_norm(t, None, None, weight, bias, training=True, eps=1e-3),
    }[kind]()
    check(expected.numpy(), run(network.spec, {"x": x})["output"])


@pytest.mark.parametrize("across", [True, False])
def test_mean_variance_normalisation_within_or_across_channels(across: bool) -> None:
    x = RNG.normal(size=(2, 3, 4, 5)) * 3 + 1
    axes = (1, 2, 3) if across else (2, 3)
    centred = x - x.mean(axes, keepdims=True)
    only_mean = run_layer(lambda net: net.add_mvn("mvn", "x0", "output", across, False), x)
    check(centred, only_mean)
    result = run_layer(lambda net: net.add_mvn("mvn", "x0", "output", across, True, 1e-5), x)
    check(centred / np.sqrt((centred**2).mean(axes, keepdims=True) + 1e-5), result)


def test_l2_normalisation_divides_each_image_by_its_length() -> None:
    x = RNG.normal(size=(2, 3, 4, 5))
    result = run_layer(lambda net: net.add_l2_normalize("norm", "x0", "output", epsilon=1e-3), x)
    check(x / np.sqrt((x**2).sum((1, 2, 3), keepdims=True) + 1e-3), result)


def test_layer_normalisation_covers_the_last_axes() -> None:
    x, gamma, beta = RNG.normal(size=(3, 4, 5)), RNG.normal(size=(4, 5)), RNG.normal(size=(4, 5))
    result = run_layer(lambda net: net.add_layer_normalization("ln", "x0", "output", [4, 5], gamma, beta, eps=1e-4), x)
    check(F.layer_norm(torch.tensor(x), (4, 5), torch.tensor(gamma), torch.tensor(beta), 1e-4).numpy(), result)


def test_a_reflection_wider_than_the_image_is_refused() -> None:
    with pytest.raises(ModelError, match=r"layer pad \(padding\): an axis of 3 cannot be reflected by 3"):
        run_layer(
            lambda net: net.add_padding(
                "pad", left=3, input_name="x0", output_name="output", padding_type="reflection"
            ),
            np.zeros((1, 3, 3)),
        )
