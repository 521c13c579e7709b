"""The tutorial's network and settings through Keras' own `fit`: what a reader of the tutorial waits for today.

The same network, images, batches, epochs and Adadelta at rate 1.0 as the recipe `tutorial`, on Keras' torch backend.
The scaled float images are in memory before the first batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from inklens.backend import keras
from inklens.data import Dataset, Split
from inklens.training.networks import build_network
from inklens.training.recipes import get_recipe

EPOCHS, BATCH = get_recipe("tutorial").epochs, get_recipe("tutorial").batch


def train(dataset: Dataset, seed: int, *, progress: Callable[[str], object] | None = None) -> tuple[Any, float]:
    """Train on the dataset's training images. Returns the keras.Model and the seconds that it took."""
    keras().utils.set_random_seed(seed)
    started = time.perf_counter()
    network = build_network("tutorial", classes=len(dataset.names), rng=np.random.default_rng(seed))
    optimizer = keras().optimizers.Adadelta(learning_rate=get_recipe("tutorial").learning_rate)
    network.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    answers = keras().utils.to_categorical(dataset.train.labels, len(dataset.names))
    network.fit(pixels(dataset.train), answers, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    if progress:
        progress(f"keras-fit seed {seed}: {time.perf_counter() - started:.0f} s")
    return network, time.perf_counter() - started


def pixels(split: Split) -> np.ndarray:
    """Images float32 [n, 28, 28, 1], 0 to 255; the network scales them itself."""
    return split.images[..., None].astype(np.float32)


def accuracy(network: Any, split: Split) -> float:
    """Share of the split's images that the network names rightly."""
    answers = network.predict(pixels(split), batch_size=500, verbose=0).argmax(axis=1)
    return float(np.mean(answers == split.labels))


def parameters(network: Any) -> int:
    """How many numbers the network has learnt."""
    return int(network.count_params())
