"""Small Keras networks for the tests of the export, with drawn weights and answers that vary from image to image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from inklens.backend import import_torch, keras

LABELS = ("a", "b", "c", "d")


def images(count: int = 4, seed: int = 0) -> np.ndarray:
    """Pictures without meaning, uint8 [count, 28, 28], smooth enough to survive pooling."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((count, 7, 7)) ** 2 * 255
    fine = np.kron(coarse, np.ones((4, 4))) + rng.normal(0, 20, (count, 28, 28))
    return fine.clip(0, 255).astype(np.uint8)


def sequential(*layers: Any, shape: Sequence[int] = (28, 28, 1), answer: bool = True) -> Any:
    """Rescaling, the layers, and a softmax over four classes."""
    kl = keras().layers
    end = [kl.Flatten(), kl.Dense(len(LABELS), activation="softmax", name="answer")] if answer else []
    return drawn(keras().Sequential([kl.Input(tuple(shape)), kl.Rescaling(1 / 255), *layers, *end]))


def functional(build: Callable[[Any], Any], shape: Sequence[int] = (28, 28, 1)) -> Any:
    """A functional model of a function from its rescaled input to its last tensor before the softmax."""
    kl = keras().layers
    image = kl.Input(tuple(shape))
    y = build(kl.Rescaling(1 / 255)(image))
    y = kl.Flatten()(y) if len(y.shape) > 2 else y
    return drawn(keras().Model(image, kl.Dense(len(LABELS), activation="softmax", name="answer")(y)))


def drawn(model: Any, seed: int = 1) -> Any:
    """Draws every weight, and sets the last dense layer so that the answers are neither all alike nor all certain."""
    rng = np.random.default_rng(seed)
    for variable in model.variables:
        if "seed" in variable.path:
            continue
        shape = tuple(variable.shape)
        values = rng.normal(0, 1.5 / np.sqrt(np.prod(shape[:-1])) if len(shape) > 1 else 0.3, shape)
        if "variance" in variable.path:
            values = 0.5 + np.abs(values)
        elif "gamma" in variable.path:
            values = 1 + values
        variable.assign(values.astype(np.float32))
    last = next((layer for layer in model.layers if layer.name == "answer"), None)
    if last is not None:
        kernel, bias = last.get_weights()
        scores = np.log(ask(model, images(16)) + 1e-30)
        scores = scores - scores.mean(axis=1, keepdims=True) - bias
        spread = float(scores.std(axis=0).mean())
        last.set_weights([kernel / spread, -scores.mean(axis=0) / spread])
    return model


def ask(model: Any, pictures: np.ndarray) -> np.ndarray:
    """What Keras answers, float32 [n, classes]."""
    with import_torch().no_grad():
        x = pictures.astype(np.float32).reshape(len(pictures), *model.inputs[0].shape[1:])
        return np.asarray(model(x, training=False).detach().cpu().numpy())
