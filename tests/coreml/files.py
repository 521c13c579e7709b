"""Model files for the tests, made by coremltools as the converters of 2017 to today make them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

DIGITS = [str(digit) for digit in range(10)]


def coremltools() -> Any:
    return pytest.importorskip("coremltools")


def picture(seed: int = 0, size: tuple[int, int] = (28, 28), mode: str = "L") -> Image.Image:
    """A picture of noise, `size` being width and height."""
    rng = np.random.default_rng(seed)
    shape = (size[1], size[0]) if mode in ("L", "F") else (size[1], size[0], 3)
    pixels = rng.integers(0, 256, shape).astype(np.uint8)
    return Image.fromarray(pixels.astype(np.float32) if mode == "F" else pixels)


def weights(*shape: int, seed: int = 0, scale: float = 0.1) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=shape) * scale).astype(np.float32)


def convert(program: Any, **options: Any) -> Any:
    """An MLModel of a MIL builder's program; an ML Program in float32 unless told otherwise."""
    ct = coremltools()
    options = {"convert_to": "mlprogram", "compute_precision": ct.precision.FLOAT32, **options}
    if options["convert_to"] == "neuralnetwork":
        del options["compute_precision"]
    return ct.convert(program, source="milinternal", skip_model_load=True, **options)


def program(
    build: Callable[..., Any], shapes: list[tuple[int, ...]], target: str | None = None, dtype: str | None = None
) -> Any:
    """A MIL program: `build(mb, *inputs)` gives its outputs."""
    ct = coremltools()
    from coremltools.converters.mil import Builder as mb  # noqa: N813

    kind = {} if dtype is None else {"dtype": getattr(ct.converters.mil.mil.types, dtype)}
    specs = [mb.TensorSpec(shape=shape, **kind) for shape in shapes]
    options = {} if target is None else {"opset_version": ct.target[target]}
    names = ("x", "y", "z")[: len(shapes)]
    scope: dict[str, Any] = {"build": build, "mb": mb}
    exec(f"def made({', '.join(names)}): return build(mb, {', '.join(names)})", scope)
    return mb.program(input_specs=specs, **options)(scope["made"])


def digit_layers(mb: Any, x: Any, channels: int = 1) -> Any:
    x = mb.conv(x=x, weight=weights(8, channels, 3, 3), bias=weights(8, seed=1), pad_type="same", name="conv")
    x = mb.max_pool(x=mb.relu(x=x), kernel_sizes=[2, 2], strides=[2, 2], pad_type="valid")
    x = mb.linear(x=mb.reshape(x=x, shape=[1, -1]), weight=weights(10, 8 * 14 * 14, seed=2, scale=0.02), name="dense")
    return mb.softmax(x=x, axis=-1, name="probabilities")


def digit_program(
    labels: list[Any] | None = None, *, colour: str = "G", target: str | None = None, **options: Any
) -> Any:
    """A small digit classifier as an ML Program with an image input `x`, scaled by 1/255."""
    ct = coremltools()
    channels = 3 if colour in ("RGB", "BGR") else 1
    made = program(lambda mb, x: digit_layers(mb, x, channels), [(1, channels, 28, 28)], target)
    if target is not None:
        options["minimum_deployment_target"] = ct.target[target]
    layout = ct.colorlayout.GRAYSCALE_FLOAT16 if colour == "GRAYSCALE_FLOAT16" else colour
    scale = {} if colour == "GRAYSCALE_FLOAT16" else {"scale": 1 / 255}
    return convert(
        made,
        inputs=[ct.ImageType(name="x", shape=(1, channels, 28, 28), color_layout=layout, **scale)],
        classifier_config=ct.ClassifierConfig(labels or DIGITS),
        **options,
    )


def digit_network(
    labels: list[Any] | None = None,
    *,
    rank5: bool = True,
    colour: bool = False,
    preprocessing: dict[str, Any] | None = None,
    softmax: bool = True,
) -> Any:
    """The specification of a small digit classifier as a NeuralNetwork with an image input `image`."""
    coremltools()
    from coremltools.models import datatypes
    from coremltools.models.neural_network import NeuralNetworkBuilder

    channels = 3 if colour else 1
    builder = NeuralNetworkBuilder(
        [("image", datatypes.Array(channels, 28, 28))],
        [("probabilities", datatypes.Array(10))],
        disable_rank5_shape_mapping=not rank5,
        mode="classifier",
    )
    kernel = np.transpose(weights(8, channels, 3, 3), (2, 3, 1, 0))
    builder.add_convolution(
        "conv", channels, 8, 3, 3, 1, 1, "same", 1, kernel, weights(8, seed=1), True,
        input_name="image", output_name="conv",
    )  # fmt: skip
    builder.add_activation("relu", "RELU", "conv", "relu")
    builder.add_pooling("pool", 2, 2, 2, 2, "MAX", "VALID", "relu", "pool")
    if rank5:
        builder.add_flatten("flat", 0, "pool", "flat")
    else:
        builder.add_flatten_to_2d("flat", "pool", "flat")
    dense = weights(10, 8 * 14 * 14, seed=2, scale=0.02)
    last = "scores" if softmax else "probabilities"
    builder.add_inner_product("dense", dense, None, 8 * 14 * 14, 10, False, "flat", last)
    if softmax and rank5:
        builder.add_softmax("softmax", "scores", "probabilities")
    elif softmax:
        builder.add_softmax_nd("softmax", "scores", "probabilities", -1)
    builder.set_pre_processing_parameters(["image"], **(preprocessing or {"image_scale": 1 / 255}))
    builder.set_class_labels(labels or DIGITS, "classLabel", "probabilities")
    return builder.spec


def save(model: Any, folder: Path, name: str = "model") -> Path:
    """Write an MLModel or a specification; a package for ML Programs."""
    ct = coremltools()
    spec = model.get_spec() if hasattr(model, "get_spec") else model
    if spec.WhichOneof("Type") == "mlProgram":
        path = folder / f"{name}.mlpackage"
        model.save(str(path))
    else:
        path = folder / f"{name}.mlmodel"
        ct.utils.save_spec(spec, str(path))
    return path


def expected_scores(pixels: np.ndarray) -> np.ndarray:
    """What both digit classifiers compute, in NumPy alone. pixels: scaled, [channels, 28, 28]."""
    padded = np.pad(pixels.astype(np.float64), ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    kernel = weights(8, len(pixels), 3, 3)
    maps = np.einsum("chwij,ocij->ohw", windows, kernel) + weights(8, seed=1)[:, None, None]
    pooled = np.maximum(maps, 0).reshape(8, 14, 2, 14, 2).max(axis=(2, 4))
    return weights(10, 8 * 14 * 14, seed=2, scale=0.02) @ pooled.reshape(-1)


def expected_probabilities(pixels: np.ndarray) -> np.ndarray:
    scores = expected_scores(pixels)
    grown = np.exp(scores - scores.max())
    return grown / grown.sum()
