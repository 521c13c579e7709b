"""Idx files: what is read, and what is refused in words."""

import gzip
import struct

import numpy as np
import pytest

from inklens.data.idx import read_idx
from inklens.errors import DataError
from tests.conftest import idx_bytes

PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def test_plain_and_gzip_files_hold_the_same_array(tmp_path):
    (tmp_path / "plain").write_bytes(idx_bytes(PIXELS))
    (tmp_path / "packed").write_bytes(gzip.compress(idx_bytes(PIXELS)))
    for name in ("plain", "packed"):
        np.testing.assert_array_equal(read_idx(tmp_path / name), PIXELS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no idx file of bytes: it starts with nothing"),
        (b"\x89PNG\r\n\x1a\n", "is no idx file of bytes: it starts with 89504e47"),
        (bytes([0, 0, 13, 1]) + struct.pack(">I", 1) + b"\0\0\0\0", "is no idx file of bytes"),
        (bytes([0, 0, 8, 3, 0, 0]), "ends inside its header: 6 bytes, expected at least 16"),
        (idx_bytes(PIXELS)[:-1], r"holds 39 bytes, but its header of shape \(2, 3, 4\) says 40"),
        (idx_bytes(PIXELS) + b"!", r"holds 41 bytes, but its header of shape \(2, 3, 4\) says 40"),
        (bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**31, 2**31, 4), "holds 16 bytes"),
        (gzip.compress(idx_bytes(PIXELS))[:-9], "is a damaged gzip file"),
        (gzip.compress(idx_bytes(PIXELS))[:-1] + b"\xff", "is a damaged gzip file"),
    ],
)
def test_damaged_file_is_refused_with_what_was_found(tmp_path, content, message):
    (tmp_path / "digits").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_idx(tmp_path / "digits")


def test_missing_file_and_folder_are_refused_by_name(tmp_path):
    with pytest.raises(DataError, match=r"nothing-here does not exist; expected an idx file"):
        read_idx(tmp_path / "nothing-here")
    with pytest.raises(DataError, match=r"is a folder; expected an idx file"):
        read_idx(tmp_path)
