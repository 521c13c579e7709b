"""The locator's network: where on a page is a digit, how large, and which one.

One fully convolutional Keras network takes a page float32 [n, height, width, 1], pixels 0–255, sides multiples of 32,
and answers maps float32 [n, height / 4, width / 4, 15] (see CHANNELS): for the cell that a digit's centre lies in, how
sure it is of that, where the centre is, how large the box is, and which digit it is. Features from five scales come
together again in the finest (after Lin et al. 2017, "Feature pyramid networks"); a digit is a peak of one map (Zhou et
al. 2019, "Objects as points").
"""

from __future__ import annotations

from typing import Any

import numpy as np

from inklens.backend import keras
from inklens.reading.maps import CHANNELS
from inklens.training.networks import Layers, fuse_into


def build_locator(rng: np.random.Generator, *, width: int, height: int, fused: bool = False) -> Any:
    """A new keras.Model of the locator for pages of one size, its weights drawn from `rng`.

    `fused`: the form that is kept, without normalisations. The weights do not depend on the page's size.
    """
    layers = keras().layers
    make = Layers(layers, rng, fused)
    image = keras().Input((height, width, 1), name="image")
    x = layers.Rescaling(1 / 128, offset=-1, name="scale")(image)
    x = make.conv_norm_relu(x, "half", 16, 3, strides=2)
    quarter = make.conv_norm_relu(x, "quarter", 32, 3, strides=2)
    eighth = make.conv_norm_relu(quarter, "eighth", 48, 3, strides=2)
    eighth = _more(make, eighth, "eighth1", 48)
    sixteenth = make.conv_norm_relu(eighth, "sixteenth", 64, 3, strides=2)
    sixteenth = _more(make, sixteenth, "sixteenth1", 64)
    sixteenth = _more(make, sixteenth, "sixteenth2", 64)
    x = make.conv_norm_relu(sixteenth, "least", 80, 3, strides=2)
    x = _more(make, x, "least1", 80)
    x = _more(make, x, "least2", 80)
    x = _enlarge(make, x, sixteenth, "to_sixteenth", 64)
    x = _enlarge(make, x, eighth, "to_eighth", 48)
    x = make.conv_norm_relu(x, "mix_eighth", 48, 3)
    x = _enlarge(make, x, quarter, "to_quarter", 32)
    x = make.conv_norm_relu(x, "mix_quarter", 24, 3)
    return keras().Model(image, make.conv(x, "maps", len(CHANNELS), 1), name="locator")


def fuse_locator(model: Any, *, width: int, height: int) -> Any:
    """The kept form of a trained locator, for pages of that size."""
    return fuse_into(build_locator(np.random.default_rng(0), width=width, height=height, fused=True), model)


def _more(make: Layers, x: Any, name: str, filters: int) -> Any:
    """Another convolution at the same scale, added to what was there (after He et al. 2015)."""
    return make.layers.Add()([x, make.conv_norm_relu(x, name, filters, 3)])


def _enlarge(make: Layers, coarse: Any, fine: Any, name: str, filters: int) -> Any:
    """Bring a coarse scale's features to the next finer one."""
    coarse = make.conv_norm_relu(coarse, name, filters, 1)
    return make.layers.Add()([fine, make.layers.UpSampling2D(2, interpolation="nearest")(coarse)])
