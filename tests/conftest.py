"""What several tests share: a small folder of real digits, and a run trained on it."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from inklens.data import load_dataset

# A property is true or false however busy the machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def idx_bytes(array: np.ndarray) -> bytes:
    """An array of bytes as an idx file."""
    return (
        bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(np.uint8).tobytes()
    )


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of idx files with 2,400 training and 400 test digits of MNIST."""
    folder = tmp_path_factory.mktemp("digits")
    mnist = load_dataset("mnist")
    for part, split, count in (("train", mnist.train, 2400), ("t10k", mnist.test, 400)):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx_bytes(split.images[:count]))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx_bytes(split.labels[:count]))
    return folder


@pytest.fixture(scope="session")
def run_folder(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the recipe `fast` on `digits`, of 8 epochs because they are few. Read it, never write to it."""
    from dataclasses import replace

    from inklens.training.recipes import get_recipe
    from inklens.training.train import train

    folder = tmp_path_factory.mktemp("runs") / "fast"
    train(replace(get_recipe("fast"), epochs=8), load_dataset(digits), folder)
    return folder
