"""Labelled images for teaching and proving: the embedded MNIST, or a folder of idx files laid out like it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

import numpy as np

from inklens.data.idx import parse_idx, read_idx
from inklens.errors import DataError

IMAGE_SIZE = 28
VALIDATION_SHARE = 12  # one image in so many
FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


@dataclass(frozen=True)
class Split:
    """Labelled images: `images` uint8 [n, 28, 28], ink bright on 0; `labels` int64 [n], indices into the names.

    `places` int64 [n] says where each image stood in the file that the split was parted from; None for a whole file.
    """

    images: np.ndarray
    labels: np.ndarray
    places: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """Images to learn from (`train`), to choose and calibrate by (`validation`) and to report on (`test`)."""

    name: str
    names: list[str]
    train: Split
    validation: Split
    test: Split


def load_dataset(source: str | Path = "mnist", *, validation: int | None = None, seed: int = 0) -> Dataset:
    """Load a dataset and set a class-balanced validation split of its training images aside.

    source: "mnist" (embedded in the package, checked against its SHA-256 sums) or a folder that holds MNIST's four
    idx files, plain or gzip. validation: how many training images to set aside, by default one in twelve (5,000 of
    MNIST's 60,000); `seed` alone chooses them, and the rest keep their order. Raises DataError for anything missing,
    damaged or not fitting together.

    >>> import inklens
    >>> dataset = inklens.load_dataset()
    >>> len(dataset.train), len(dataset.validation), len(dataset.test)
    (55000, 5000, 10000)
    >>> dataset.test.images[0].shape, int(dataset.test.labels[0])
    ((28, 28), 7)
    """
    train, test = _read_split(source, "train"), _read_split(source, "test")
    classes = int(max(train.labels.max(), test.labels.max())) + 1
    count = len(train) // VALIDATION_SHARE if validation is None else validation
    learn, hold = split_balanced(train, count, classes=classes, seed=seed)
    return Dataset(str(source), [str(index) for index in range(classes)], learn, hold, test)


def _read_split(source: str | Path, part: Literal["train", "test"]) -> Split:
    images, labels = FILES[part]
    if str(source) == "mnist":
        return _split("mnist", _read_embedded(images), _read_embedded(labels))
    folder = Path(source)
    _check_folder(folder)
    return _split(str(source), _read_from(folder, images), _read_from(folder, labels))


def split_balanced(split: Split, count: int, *, classes: int, seed: int) -> tuple[Split, Split]:
    """Part `split` into (rest, held): `held` has `count` images, as equally many of each class as they allow."""
    if not 0 < count < len(split):
        raise DataError(f"a validation split of {count} cannot be taken from {len(split)} training images.")
    rng = np.random.default_rng(seed)
    held = np.zeros(len(split), bool)
    for label in range(classes):
        members = np.flatnonzero(split.labels == label)
        share = count // classes + (label < count % classes)
        if share >= len(members):
            raise DataError(
                f"class {label} has {len(members)} training images, too few to set {share} aside for validation."
            )
        held[rng.choice(members, share, replace=False)] = True
    places = np.flatnonzero(~held), np.flatnonzero(held)
    rest, part = (Split(split.images[chosen], split.labels[chosen], chosen) for chosen in places)
    return rest, part


def _split(name: str, images: np.ndarray, labels: np.ndarray) -> Split:
    if images.ndim != 3 or images.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
        raise DataError(f"{name}: images have shape {images.shape}, expected (n, {IMAGE_SIZE}, {IMAGE_SIZE}).")
    if labels.ndim != 1:
        raise DataError(f"{name}: labels have shape {labels.shape}, expected (n,).")
    if len(images) != len(labels):
        raise DataError(f"{name}: {len(images)} images but {len(labels)} labels; expected one label for each image.")
    if len(labels) == 0:
        raise DataError(f"{name}: the files hold no images.")
    return Split(images, labels.astype(np.int64))


def _read_embedded(stem: str) -> np.ndarray:
    folder = resources.files("inklens.data").joinpath("mnist")
    lines = folder.joinpath("SHA256SUMS").read_text().splitlines()
    sums = {file: checksum for checksum, file in map(str.split, lines)}
    name = f"{stem}.gz"
    data = folder.joinpath(name).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != sums[name]:
        raise DataError(
            f"the embedded {name} is damaged: its SHA-256 is {found}, expected {sums[name]}. Reinstall inklens."
        )
    return parse_idx(data, name=name)


def _check_folder(folder: Path) -> None:
    if not folder.exists():
        raise DataError(f"no data at {folder}; expected `mnist` or a folder with the files {_file_list()}.")
    if not folder.is_dir():
        raise DataError(f"{folder} is a file; expected `mnist` or a folder with the files {_file_list()}.")


def _read_from(folder: Path, stem: str) -> np.ndarray:
    # the same files circulate with a dot for the last dash: train-images.idx3-ubyte
    for name in (stem, stem.replace("-idx", ".idx")):
        for path in (folder / name, folder / f"{name}.gz"):
            if path.exists():
                return read_idx(path)
    raise DataError(
        f"{folder} has no {stem} (plain or .gz); expected the files {_file_list()}. "
        "Folders of pictures are not read yet."
    )


def _file_list() -> str:
    return ", ".join(name for pair in FILES.values() for name in pair)
