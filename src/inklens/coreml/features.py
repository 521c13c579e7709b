"""Between what a caller holds and what an engine computes with: pictures, arrays, labels and dictionaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from inklens.coreml.description import ArrayType, Feature, ImageType
from inklens.errors import ModelError

if TYPE_CHECKING:
    from PIL import Image

Label = str | int


def image_to_array(feature: Feature, image: Any) -> np.ndarray:
    """A Pillow image as float32 [channels, height, width] with values 0–255, in the model's order of channels.

    Core ML itself never resizes or recolours, and neither does this: another mode or size is a ModelError.
    """
    from PIL import Image

    kind = feature.type
    assert isinstance(kind, ImageType)
    if not isinstance(image, Image.Image):
        raise ModelError(f"the input {feature.name!r} takes a Pillow image, not {type(image).__name__}")
    if image.mode != kind.mode:
        raise ModelError(
            f"the input {feature.name!r} takes an image of mode {kind.mode} ({kind.colour}), not {image.mode}; "
            f"convert it with image.convert({kind.mode!r})"
        )
    if not kind.accepts(*image.size):
        raise ModelError(
            f"the input {feature.name!r} takes an {kind}, not one of {image.width} × {image.height}; "
            f"resize it with image.resize(({kind.width}, {kind.height}))"
        )
    return pixels_to_array(kind, np.asarray(image)[None])[0]


def pixels_to_array(kind: ImageType, pixels: np.ndarray) -> np.ndarray:
    """Pictures [n, height, width] or [n, height, width, 3] (red first) as float32 [n, channels, height, width]."""
    if kind.channels == 1:
        values = pixels[:, None]
    else:
        values = np.moveaxis(pixels, 3, 1)
        if kind.colour == "BGR":
            values = values[:, ::-1]
    if kind.mode == "F":  # Core ML receives such pictures as float16
        with np.errstate(over="ignore"):
            values = values.astype(np.float16)
    return np.ascontiguousarray(values, np.float32)


def array_to_image(feature: Feature, values: np.ndarray) -> Image.Image:
    """An image output: mode L, RGBA (as coremltools gives colour on a Mac), or F; clamped to 0–255 and rounded."""
    from PIL import Image

    kind = feature.type
    assert isinstance(kind, ImageType)
    shape = [size for size in values.shape[:-3] if size != 1] + list(values.shape[-3:])
    if len(shape) == 2 and kind.channels == 1:
        shape = [1, *shape]
    if len(shape) != 3 or shape[0] != kind.channels:
        raise ModelError(
            f"the output {feature.name!r} is an {kind}, but the model computes an array of shape {list(values.shape)}"
        )
    planes = values.reshape(shape)
    if kind.mode == "F":
        with np.errstate(over="ignore"):
            return Image.fromarray(planes[0].astype(np.float16).astype(np.float32))
    pixels = np.rint(np.clip(np.nan_to_num(planes), 0, 255)).astype(np.uint8)
    if kind.channels == 1:
        return Image.fromarray(pixels[0])
    if kind.colour == "BGR":
        pixels = pixels[::-1]
    opaque = np.full((1, *pixels.shape[1:]), 255, np.uint8)
    return Image.fromarray(np.moveaxis(np.concatenate([pixels, opaque]), 0, 2))


def to_array(feature: Feature, value: Any) -> np.ndarray:
    """What a caller gives for an array input, in the declared type, in the shape in which it was given."""
    kind = feature.type
    assert isinstance(kind, ArrayType)
    if hasattr(value, "getbands"):
        raise ModelError(
            f"the input {feature.name!r} takes an {kind}, not a picture; the model declares no image input"
        )
    try:
        if hasattr(value, "detach"):  # a torch tensor, which coremltools takes too
            value = value.detach().cpu().numpy()
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as problem:
        raise ModelError(f"the input {feature.name!r} takes an {kind}: {problem}") from None
    if array.dtype.kind not in "biuf":
        raise ModelError(f"the input {feature.name!r} takes an {kind}, not {type(value).__name__} of {array.dtype}")
    if array.shape == () and kind.shape in ((), (1,)):
        array = array.reshape(1)
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(kind.dtype)


def default_array(feature: Feature) -> np.ndarray:
    """The value of an optional array input that was not given: its default, or zeros."""
    kind = feature.type
    assert isinstance(kind, ArrayType)
    return np.full(kind.shape, kind.default or 0, kind.dtype)


def array_output(feature: Feature, values: np.ndarray) -> np.ndarray:
    """A computed array in its declared type; in its declared shape too where only dimensions of size 1 differ."""
    kind = feature.type
    if not isinstance(kind, ArrayType):
        raise ModelError(f"the output {feature.name!r} is declared as {kind}, but the model computes an array")
    if values.shape == ():
        values = values.reshape(1)  # Core ML has no arrays without dimensions
    if kind.shape and values.shape != kind.shape and not kind.shapes and not kind.ranges:
        squeezed = [size for size in values.shape if size != 1]
        if squeezed == [size for size in kind.shape if size != 1]:
            values = values.reshape(kind.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.ascontiguousarray(values).astype(kind.dtype, copy=False)


def scalar_output(feature: Feature, values: np.ndarray) -> float | int:
    """A computed value whose output is declared as a plain number."""
    if values.size != 1:
        raise ModelError(
            f"the output {feature.name!r} is one {feature.type}, but the model computes {values.size} values"
        )
    value = values.reshape(-1)[0]
    return int(value) if str(feature.type) == "int64" else float(value)


def class_labels(classifier: Any) -> tuple[Label, ...]:
    """The labels of a message with the oneof `ClassLabels`; () when it has none."""
    kind = classifier.which("ClassLabels")
    if kind == "stringClassLabels":
        return tuple(str(label) for label in classifier.stringClassLabels.vector)
    if kind == "int64ClassLabels":
        return tuple(int(label) for label in classifier.int64ClassLabels.vector)
    return ()


def classify(labels: Sequence[Label], scores: np.ndarray) -> tuple[Label, dict[Label, float]]:
    """The label with the highest score (the first of equals), and all scores by label. They need not sum to 1."""
    scores = scores.reshape(-1)
    if len(scores) != len(labels) or not len(labels):
        raise ModelError(f"the model computes {len(scores)} probabilities for {len(labels)} class labels")
    probabilities = {label: float(score) for label, score in zip(labels, scores, strict=True)}
    return labels[int(scores.argmax())], probabilities
