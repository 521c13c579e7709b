"""Measures the figures that docs/ten-steps.md quotes: python tools/measure_ten_steps.py (minutes)

The tutorial's network in plain Keras, trained on 10,000 images scaled to 0–1 outside of it, as the tutorial does: with
Adadelta at the tutorial's rate and at today's default, and then fed pixels that it was not trained on.
"""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
from keras import layers

from inklens.data import load_dataset

IMAGES, EPOCHS, BATCH, SEED = 10_000, 6, 512, 1


def train_network(optimizer: Any) -> keras.Model:
    """The network after its epochs; it takes float32 [n, 28, 28, 1], 0 to 1."""
    keras.utils.set_random_seed(SEED)
    network = keras.Sequential([keras.Input((28, 28, 1))])
    for size in (3, 2, 2):
        network.add(layers.Conv2D(32, size, padding="same", activation="relu"))
        network.add(layers.MaxPooling2D(2))
    for layer in (layers.Dropout(0.3), layers.Flatten(), layers.Dense(500, activation="relu"), layers.Dropout(0.4)):
        network.add(layer)
    network.add(layers.Dense(10, activation="softmax"))
    network.compile(optimizer, "categorical_crossentropy")
    train = load_dataset("mnist").train
    images = (train.images[:IMAGES, :, :, None] / 255).astype(np.float32)
    network.fit(images, keras.utils.to_categorical(train.labels[:IMAGES], 10), BATCH, EPOCHS, verbose=0)
    return network


def describe(network: keras.Model, images: np.ndarray, labels: np.ndarray) -> str:
    """Accuracy, the share of answers over 99.9 % sure, and the mean confidence of the wrong ones."""
    probabilities = network.predict(images, verbose=0)
    sure, wrong = probabilities.max(axis=1), probabilities.argmax(axis=1) != labels
    return (
        f"accuracy {1 - wrong.mean():.4f}  over 0.999 sure {(sure > 0.999).mean():.4f}  wrong {sure[wrong].mean():.4f}"
    )


def main() -> None:
    test = load_dataset("mnist").test
    pixels = test.images[..., None].astype(np.float32)
    network = train_network(keras.optimizers.Adadelta(learning_rate=1.0))
    fed = {"0 to 1": pixels / 255, "0 to 255": pixels, "-1 to 1": pixels / 127.5 - 1, "1 to 0": 1 - pixels / 255}
    for name, images in fed.items():
        print(f"rate 1.0, fed {name:<9} {describe(network, images, test.labels)}", flush=True)
    network = train_network("adadelta")
    print(f"rate 0.001, fed 0 to 1   {describe(network, fed['0 to 1'], test.labels)}")


if __name__ == "__main__":
    main()
