"""The Keras networks of the recipes.

Each takes images float32 [n, 28, 28, 1], pixels 0 to 255, ink bright on 0, and answers probabilities
float32 [n, classes]; the scaling to 0..1 is the first layer.

A network with batch normalisation is built in two forms: the one that is trained, and, with `fused`, the one that is
kept, where each normalisation has become part of the convolution before it (the arithmetic is the same, with fewer
parameters). The normalisations have no scale of their own, so they may also follow a max pooling: dividing by a
positive number and pooling commute.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inklens.backend import keras

Builder = Callable[..., Any]
IMAGE_SHAPE = (28, 28, 1)


def build_network(name: str, *, classes: int, rng: Any, fused: bool = False) -> Any:
    """A new keras.Model of that network, its weights drawn from `rng` (np.random.Generator)."""
    layers = keras().layers
    image = keras().Input(IMAGE_SHAPE, name="image")
    x = layers.Rescaling(1 / 255, name="scale")(image)
    x = NETWORKS[name](x, Layers(layers, rng, fused))
    dense = layers.Dense(classes, activation="softmax", kernel_initializer=_glorot(rng), name="probabilities")
    return keras().Model(image, dense(x), name=name)


def fuse_network(model: Any, *, classes: int) -> Any:
    """The kept form of a trained network of `build_network`: each normalisation becomes part of its convolution.

    Answers as `model` does at inference, up to float32 rounding; a network without normalisation is copied.
    """
    import numpy as np

    return fuse_into(build_network(model.name, classes=classes, rng=np.random.default_rng(0), fused=True), model)


def fuse_into(fused: Any, model: Any) -> Any:
    """Give `fused`, the kept form of a network, the weights of its trained form `model`; returns it."""
    import numpy as np

    for layer in fused.layers:
        if not layer.weights:
            continue
        values = model.get_layer(layer.name).get_weights()
        norm = next((other for other in model.layers if other.name == f"{layer.name}_norm"), None)
        if norm is not None:
            shift, mean, variance = norm.get_weights()
            spread = np.sqrt(variance + np.float32(norm.epsilon))
            values = [values[0] / spread, shift - mean / spread]
        layer.set_weights(values)
    return fused


class Layers:
    """The layers that the networks share, each drawing its first weights from one generator."""

    def __init__(self, layers: Any, rng: Any, fused: bool) -> None:
        self.layers, self.rng, self.fused = layers, rng, fused

    def conv(self, x: Any, name: str, filters: int, size: int, **options: Any) -> Any:
        options = {"padding": "same", "kernel_initializer": _glorot(self.rng), **options}
        return self.layers.Conv2D(filters, size, name=name, **options)(x)

    def pool(self, x: Any, size: int = 2) -> Any:
        return self.layers.MaxPooling2D(size)(x)

    def dense(self, x: Any, name: str, units: int) -> Any:
        return self.layers.Dense(units, activation="relu", kernel_initializer=_glorot(self.rng), name=name)(x)

    def conv_norm_relu(self, x: Any, name: str, filters: int, size: int, *, pool: int = 1, **options: Any) -> Any:
        x = self.conv(x, name, filters, size, use_bias=self.fused, **options)
        if pool > 1:
            x = self.pool(x, pool)
        if not self.fused:
            x = self.layers.BatchNormalization(scale=False, momentum=0.9, epsilon=1e-3, name=f"{name}_norm")(x)
        return self.layers.ReLU()(x)


def _glorot(rng: Any) -> Any:
    return keras().initializers.GlorotUniform(seed=int(rng.integers(2**31)))


def tutorial(x: Any, make: Layers) -> Any:
    """The origin tutorial's network: 158,086 parameters for ten classes."""
    for index, size in enumerate((3, 2, 2), 1):
        x = make.pool(make.conv(x, f"conv{index}", 32, size, activation="relu"))
    x = make.layers.Dropout(0.3)(x)
    x = make.dense(make.layers.Flatten()(x), "dense", 500)
    return make.layers.Dropout(0.4)(x)


def fast(x: Any, make: Layers) -> Any:
    """Few multiplications: a strided convolution and a pooling leave 7×7 to the one convolution with many channels."""
    x = make.conv_norm_relu(x, "conv1", 16, 5, strides=2, pool=2)
    x = make.conv_norm_relu(x, "conv2", 64, 3, pool=2)
    return make.dense(make.layers.Flatten()(x), "dense", 128)


def accurate(x: Any, make: Layers) -> Any:
    """A wide 14×14 stage, where most strokes are told apart, and a third convolution over the whole digit."""
    x = make.conv_norm_relu(x, "conv1", 32, 5, strides=2)
    x = make.conv_norm_relu(x, "conv2", 32, 3)
    x = make.conv_norm_relu(x, "conv3", 64, 3, pool=2)
    x = make.conv_norm_relu(x, "conv4", 96, 3, pool=2)
    return make.layers.Dropout(0.2)(make.layers.Flatten()(x))


def tiny(x: Any, make: Layers) -> Any:
    """Under 5,000 parameters: narrow and deep, most of it at 7×7 where a layer costs little time."""
    x = make.conv_norm_relu(x, "conv1", 8, 5, strides=2)
    x = make.conv_norm_relu(x, "conv2", 10, 3, pool=2)
    x = make.conv_norm_relu(x, "conv3", 12, 3)
    x = make.conv_norm_relu(x, "conv4", 12, 3)
    x = make.conv_norm_relu(x, "conv5", 10, 3, pool=2, padding="valid")
    return make.layers.Flatten()(x)


def namer(x: Any, make: Layers) -> Any:
    """Deeper than `accurate` for as many parameters: marks from pages differ more than MNIST's digits."""
    x = make.conv_norm_relu(x, "conv1", 16, 3)
    x = make.conv_norm_relu(x, "conv2", 32, 3, strides=2)
    x = make.conv_norm_relu(x, "conv3", 32, 3)
    x = make.conv_norm_relu(x, "conv4", 48, 3, pool=2)
    x = make.conv_norm_relu(x, "conv5", 64, 3)
    x = make.conv_norm_relu(x, "conv6", 56, 3, pool=2)
    return make.layers.Dropout(0.2)(make.layers.Flatten()(x))


NETWORKS: dict[str, Builder] = {
    "tutorial": tutorial,
    "fast": fast,
    "accurate": accurate,
    "tiny": tiny,
    "namer": namer,
}
