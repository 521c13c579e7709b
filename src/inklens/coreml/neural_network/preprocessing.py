"""What a NeuralNetwork file does to an image before its layers see it: `preprocessing`, scaler and mean image.

Images enter the graph as fp32 with values from 0 to 255, [1, C, H, W] or [1, 1, C, H, W], one grey channel or three in
the order that the input declares (RGB or BGR).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from inklens.coreml.neural_network.builder import Blob, Builder, known
from inklens.coreml.protobuf import Message
from inklens.errors import ModelError

_BGR = 30  # of the enumeration ColorSpace


def prepared(
    build: Builder, blobs: Mapping[str, Blob], images: Mapping[str, Message], preprocessing: list[Message]
) -> dict[str, Blob]:
    """`blobs` after the preprocessing of each.

    `images` holds the `imageType` of every image input. An entry without a name is for the only image, as in the files
    of specification 1 (or for the only input, where a file preprocesses an array).
    """
    result = dict(blobs)
    for entry in preprocessing:
        name = entry.featureName or _only(images, blobs)
        if name not in result:
            raise ModelError(f"the preprocessing is for the input {name!r}; there are {', '.join(blobs)}")
        build.place = f"preprocessing of {name}"
        kind = entry.which("preprocessor")
        if kind == "scaler":
            result[name] = _scaled(build, result[name], images.get(name), entry.scaler)
        elif kind == "meanImage":
            result[name] = _without_mean(build, result[name], entry.meanImage)
    return result


def _only(images: Mapping[str, Message], blobs: Mapping[str, Blob]) -> str:
    names = list(images) or list(blobs)
    if len(names) != 1:
        raise ModelError(f"the preprocessing does not say for which of the inputs {', '.join(names)} it is")
    return names[0]


def _scaled(build: Builder, x: Blob, image: Message | None, scaler: Message) -> Blob:
    """channelScale * x + the bias of each channel. A scale that is not set is 0, as it is read on devices."""
    channels = x.shape[-3] if x.rank >= 3 else 1
    if channels == 3:
        biases = [scaler.redBias, scaler.greenBias, scaler.blueBias]
        if image is not None and image.colorSpace == _BGR:
            biases.reverse()
    else:
        biases = [scaler.grayBias]
    scaled = build.pointwise("mul", x, y=scaler.channelScale) if scaler.channelScale != 1.0 else x
    if not any(biases):
        return scaled
    if len(biases) == 1:
        return build.pointwise("add", scaled, y=biases[0])
    source = build.collapse(scaled)
    bias = np.array(biases, np.float32).reshape(1, 3, 1, 1)
    return build.expand(build.emit("add", source.shape, x=source, y=bias), x.shape[:-3])


def _without_mean(build: Builder, x: Blob, mean: Message) -> Blob:
    source = build.collapse(x)
    shape = source.shape[1:]
    if not known(shape):
        raise ModelError("the size of its input is not known before the model runs")
    sizes = [size or 0 for size in shape]
    values = np.asarray(mean.meanImage, np.float32)
    if values.size == sizes[0] and values.size != np.prod(sizes):
        sizes = [sizes[0], 1, 1]  # one number for each channel
    if values.size != np.prod(sizes):
        raise ModelError(
            f"the mean image has {values.size:,} numbers; its input of shape {x.shape} needs {np.prod(sizes):,}"
        )
    return build.expand(build.emit("sub", source.shape, x=source, y=values.reshape(sizes)), x.shape[:-3])
