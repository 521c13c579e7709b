"""The idx file format of the MNIST database: a magic number, the dimensions, then bytes.

Format: two zero bytes, a type byte (0x08: unsigned byte), the number of dimensions, each dimension as a big-endian
32-bit number, then the values in C order. Files may be gzip-compressed.
"""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path

import numpy as np

from inklens.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"
GZIP_WINDOW = 16 + zlib.MAX_WBITS  # zlib's sign for a gzip header and check sum
LARGEST_FIRST_BUFFER = 1 << 26  # a damaged trailer must not reserve gigabytes
UNSIGNED_BYTE = 0x08


def read_idx(path: Path) -> np.ndarray:
    """The array of an idx file, plain or gzip, as uint8. Raises DataError if the file is missing or damaged."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; expected an idx file, plain or gzip.") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder; expected an idx file, plain or gzip.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    return parse_idx(data, name=str(path))


def parse_idx(data: bytes, *, name: str) -> np.ndarray:
    """The array held by the bytes of an idx file, plain or gzip, as uint8; `name` stands in the error."""
    if data[:2] == GZIP_MAGIC:
        # the trailer says the size: one allocation instead of many halves the time (0.19 s instead of 0.33 s for MNIST)
        size = int.from_bytes(data[-4:], "little")
        try:
            data = zlib.decompress(data, GZIP_WINDOW, min(size, LARGEST_FIRST_BUFFER) + 1)
        except zlib.error as error:
            raise DataError(f"{name} is a damaged gzip file ({error}); fetch it again.") from None
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != UNSIGNED_BYTE or data[3] == 0:
        raise DataError(
            f"{name} is no idx file of bytes: it starts with {data[:4].hex() or 'nothing'}, expected 000008 and the "
            f"number of dimensions."
        )
    rank = data[3]
    start = 4 + 4 * rank
    if len(data) < start:
        raise DataError(f"{name} ends inside its header: {len(data)} bytes, expected at least {start}.")
    shape = struct.unpack(f">{rank}I", data[4:start])
    expected = start + math.prod(shape)
    if len(data) != expected:
        raise DataError(f"{name} holds {len(data)} bytes, but its header of shape {shape} says {expected}.")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
