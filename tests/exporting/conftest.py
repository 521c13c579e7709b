"""A run that is made in a second: its last layer is solved for, not trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inklens.backend import keras
from inklens.data import Dataset, Split, load_dataset
from inklens.training.recipes import get_recipe
from inklens.training.run import ENVIRONMENT, METRICS, MODEL, Run, write_history, write_json, write_start
from tests.exporting.networks import ask, drawn

TEST, VALIDATION, LEARNT = 2000, 500, 12000


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """MNIST, cut short."""

    def few(split: Split, count: int) -> Split:
        return Split(split.images[:count], split.labels[:count])

    whole = load_dataset("mnist")
    return Dataset(
        "mnist", whole.names, few(whole.train, LEARNT), few(whole.validation, VALIDATION), few(whole.test, TEST)
    )


def solved(body: list[Any], digits: Dataset, *, scaling: bool = True, activation: str = "softmax", ink: int = 1) -> Any:
    """A network of drawn layers whose dense layer is the ridge regression of the digits: some 96 % right."""
    kl = keras().layers
    front = [kl.Rescaling(1 / 255, name="scale")] if scaling else []
    features = [kl.Input((28, 28, 1)), *front, *body, kl.Flatten()]
    answer = kl.Dense(10, activation=activation, name="answer")
    model = drawn(keras().Sequential([*features, answer]))
    scores = keras().Sequential(features)
    images = digits.train.images if ink == 1 else 255 - digits.train.images
    x = np.concatenate([ask(scores, part if scaling else part / 255) for part in np.array_split(images, 12)])
    x = np.concatenate([x, np.ones((len(x), 1))], axis=1).astype(np.float64)
    wanted = 10 * np.eye(10)[digits.train.labels] - 1
    weights = np.linalg.solve(x.T @ x + 30 * np.eye(x.shape[1]), x.T @ wanted)
    answer.set_weights([weights[:-1].astype(np.float32), weights[-1].astype(np.float32)])
    return model


def body() -> list[Any]:
    kl = keras().layers
    return [kl.Conv2D(24, 5, strides=2, activation="relu", name="conv"), kl.MaxPooling2D(name="pool")]


@pytest.fixture(scope="session")
def model(digits: Dataset) -> Any:
    return solved(body(), digits)


@pytest.fixture(scope="session")
def run(model: Any, digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run folder around the model."""
    folder = tmp_path_factory.mktemp("run") / "quick"
    folder.mkdir()
    write_start(folder, get_recipe("fast"), 7, {"name": "mnist", "names": digits.names, "fingerprint": "none"})
    write_json(folder / ENVIRONMENT, {})
    write_history(folder, [{"epoch": 1, "loss": 0.5}])
    model.save(folder / MODEL)
    write_json(folder / METRICS, {"temperature": 1.0})
    return Run.load(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out"
