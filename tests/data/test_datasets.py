"""Datasets: the embedded MNIST, folders of idx files, and the validation split."""

import gzip
import hashlib

import numpy as np
import pytest

from inklens.data import load_dataset
from inklens.errors import DataError
from tests.conftest import idx_bytes

STEMS = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@pytest.fixture
def folder(tmp_path):
    """Forty training and ten test images of four classes; each image is filled with its own index."""
    for part, count in (("train", 40), ("t10k", 10)):
        images = np.repeat(np.arange(count, dtype=np.uint8), 784).reshape(count, 28, 28)
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(idx_bytes(images))
        labels = np.arange(count, dtype=np.uint8) % 4
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels)))
    return tmp_path


def test_embedded_mnist_is_the_published_one():
    data = load_dataset("mnist")
    assert (len(data.train), len(data.validation), len(data.test)) == (55_000, 5_000, 10_000)
    assert data.names == list("0123456789")
    assert data.train.images.dtype == np.uint8
    assert data.train.labels.dtype == np.int64
    assert data.train.images.max() == 255
    # the MD5 of the unpacked t10k-images file, as widely published, is taken over header and pixels
    header = bytes([0, 0, 8, 3, 0, 0, 0x27, 0x10, 0, 0, 0, 28, 0, 0, 0, 28])
    assert hashlib.md5(header + data.test.images.tobytes()).hexdigest() == "2646ac647ad5339dbf082846283269ea"
    assert data.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_validation_split_is_balanced_and_decided_by_its_seed_alone():
    first, again, other = load_dataset(), load_dataset(), load_dataset(seed=1)
    assert np.bincount(first.validation.labels).tolist() == [500] * 10
    np.testing.assert_array_equal(first.validation.images, again.validation.images)
    assert not np.array_equal(first.validation.images, other.validation.images)


def test_no_image_is_in_two_splits_and_the_rest_keep_their_order(folder):
    data = load_dataset(folder, validation=10)
    learned, held = data.train.images[:, 0, 0].tolist(), data.validation.images[:, 0, 0].tolist()
    assert sorted(learned + held) == list(range(40))
    assert learned == sorted(learned)
    assert np.bincount(data.validation.labels).tolist() == [3, 3, 2, 2]
    assert [label % 4 for label in learned] == data.train.labels.tolist()


def test_one_image_in_twelve_is_set_aside_unless_told_otherwise(folder):
    assert len(load_dataset(folder).validation) == 3


def test_names_with_a_dot_for_the_dash_are_found_too(folder):
    for stem in STEMS:
        for path in folder.glob(f"{stem}*"):
            path.rename(folder / path.name.replace("-idx", ".idx"))
    assert len(load_dataset(folder, validation=8).train) == 32


def test_damage_to_the_embedded_files_is_noticed(monkeypatch):
    monkeypatch.setattr("inklens.data.datasets.hashlib.sha256", lambda _: hashlib.sha512(b"other"))
    with pytest.raises(DataError, match=r"embedded train-images-idx3-ubyte.gz is damaged: its SHA-256 is .* Reinstall"):
        load_dataset()


@pytest.mark.parametrize(
    ("stem", "array", "message"),
    [
        (STEMS[0], np.zeros((40, 27, 28), np.uint8), r"images have shape \(40, 27, 28\), expected \(n, 28, 28\)"),
        (STEMS[0], np.zeros((39, 28, 28), np.uint8), "39 images but 40 labels"),
        (STEMS[2], np.zeros((0, 28, 28), np.uint8), "0 images but 10 labels"),
        (STEMS[0], np.zeros(40, np.uint8), r"images have shape \(40,\)"),
    ],
)
def test_files_that_do_not_fit_together_are_refused(folder, stem, array, message):
    (folder / stem).write_bytes(idx_bytes(array))
    with pytest.raises(DataError, match=message):
        load_dataset(folder, validation=8)


def test_missing_things_are_named(folder):
    with pytest.raises(DataError, match=r"no data at .*nowhere; expected `mnist` or a folder with the files"):
        load_dataset(folder / "nowhere")
    with pytest.raises(DataError, match="is a file; expected `mnist` or a folder"):
        load_dataset(folder / STEMS[0])
    (folder / STEMS[2]).unlink()
    with pytest.raises(DataError, match=r"has no t10k-images-idx3-ubyte \(plain or .gz\).*pictures are not read yet"):
        load_dataset(folder)


def test_a_validation_split_larger_than_the_data_is_refused(folder):
    with pytest.raises(DataError, match="a validation split of 40 cannot be taken from 40 training images"):
        load_dataset(folder, validation=40)
    with pytest.raises(DataError, match="class 0 has 10 training images, too few to set 10 aside"):
        load_dataset(folder, validation=39)
