"""Read the blobs of an ML Program's `weight.bin` (MIL storage, version 2, little endian).

The file begins with 64 bytes: number of blobs, version. Each blob has 64 bytes of metadata (sentinel, type, size in
bytes, offset of its data, unused bits at the end) at a multiple of 64; a value of the program names the metadata's
offset. Types below 8 bits are packed from each byte's least significant bit.
"""

from __future__ import annotations

import math
import stat
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inklens.coreml.package import inside
from inklens.errors import ModelError

SENTINEL = 0xDEADBEEF
METADATA = struct.Struct("<IIQQQ")
METADATA_BYTES = 64
VERSION = 2
MODEL_PATH = "@model_path/"


@dataclass(frozen=True)
class ElementType:
    """How one kind of number is stored and what it becomes. `storage` is the type of packed bytes or whole numbers."""

    name: str
    bits: int
    storage: str
    widen: Callable[[np.ndarray], np.ndarray] | None = None


def _from_bfloat16(raw: np.ndarray) -> np.ndarray:
    return (raw.astype(np.uint32) << 16).view(np.float32)


def _from_e5m2(raw: np.ndarray) -> np.ndarray:
    return (raw.astype(np.uint16) << 8).view(np.float16).astype(np.float32)  # float16 with a shorter fraction


def _e4m3fn_values() -> np.ndarray:
    """All 256 values of FP8 E4M3FN: bias 7, no infinities, NaN where all bits but the sign are set."""
    code = np.arange(256)
    exponent, fraction = (code >> 3) & 15, (code & 7) / 8.0
    size = np.where(exponent == 0, fraction * 2.0**-6, (1 + fraction) * 2.0 ** (exponent - 7.0))
    size[code & 127 == 127] = np.nan
    return np.where(code < 128, size, -size).astype(np.float32)


def _from_e4m3fn(raw: np.ndarray) -> np.ndarray:
    return _e4m3fn_values()[raw]


# By the blob's type code. Names are MIL's; numbers without a NumPy type are widened to float32.
ELEMENT_TYPES = {
    1: ElementType("fp16", 16, "<f2"),
    2: ElementType("fp32", 32, "<f4"),
    3: ElementType("uint8", 8, "u1"),
    4: ElementType("int8", 8, "i1"),
    5: ElementType("bf16", 16, "<u2", _from_bfloat16),
    6: ElementType("int16", 16, "<i2"),
    7: ElementType("uint16", 16, "<u2"),
    8: ElementType("int4", 4, "i1"),
    9: ElementType("uint1", 1, "u1"),
    10: ElementType("uint2", 2, "u1"),
    11: ElementType("uint4", 4, "u1"),
    12: ElementType("uint3", 3, "u1"),
    13: ElementType("uint6", 6, "u1"),
    14: ElementType("int32", 32, "<i4"),
    15: ElementType("uint32", 32, "<u4"),
    16: ElementType("fp8e4m3fn", 8, "u1", _from_e4m3fn),
    17: ElementType("fp8e5m2", 8, "u1", _from_e5m2),
}
BY_NAME = {one.name: one for one in ELEMENT_TYPES.values()}


def unpack_bits(packed: np.ndarray, bits: int, count: int, *, signed: bool = False) -> np.ndarray:
    """The first `count` numbers of `bits` (1 to 8) bits in `packed` (uint8), least significant bit first.

    Returns uint8, or int8 when `signed`. The caller has checked that `packed` holds that many.
    """
    if bits == 8:
        whole = packed[:count]
        return whole.view(np.int8) if signed else whole
    needed = packed[: (count * bits + 7) // 8]
    if bits in (1, 2, 4):  # a whole number of them fits into a byte
        shifts = np.arange(0, 8, bits, dtype=np.uint8)
        numbers = ((needed[:, None] >> shifts) & np.uint8((1 << bits) - 1)).reshape(-1)[:count]
    else:
        groups = np.zeros((len(needed) + 2) // 3 * 3, np.uint8)  # 24 bits hold 8 numbers of 3, or 4 of 6
        groups[: len(needed)] = needed
        three = groups.reshape(-1, 3).astype(np.uint32)
        word = three[:, 0] | three[:, 1] << 8 | three[:, 2] << 16
        shifts32 = np.arange(0, 24, bits, dtype=np.uint32)
        numbers = ((word[:, None] >> shifts32) & np.uint32((1 << bits) - 1)).astype(np.uint8).reshape(-1)[:count]
    if not signed:
        return numbers
    empty = 8 - bits
    return (numbers << empty).view(np.int8) >> empty  # an arithmetic shift repeats the sign


def from_bytes(raw: memoryview | bytes, element: ElementType, shape: Sequence[int], what: str) -> np.ndarray:
    """The numbers in `raw` as an array of `shape`. Raises ModelError when `raw` holds more or fewer."""
    count = math.prod(shape)
    expected = (count * element.bits + 7) // 8
    if len(raw) != expected:
        size = f"{expected:,} bytes for {element.name} {list(shape)}"
        raise ModelError(f"{what} has {len(raw):,} bytes; its type needs {size}")
    if element.bits < 8:
        numbers = unpack_bits(np.frombuffer(raw, np.uint8), element.bits, count, signed=element.name.startswith("int"))
    else:
        numbers = np.frombuffer(raw, np.dtype(element.storage), count)
    if element.widen is not None:
        numbers = element.widen(numbers)
    return numbers.reshape(shape)


class BlobFile:
    """One `weight.bin`, of which only the blobs asked for are read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            about = path.stat()
        except OSError as problem:
            raise ModelError(f"the weights {path} cannot be read: {problem.strerror}") from None
        if not stat.S_ISREG(about.st_mode):
            raise ModelError(f"the weights {path} are not a regular file")
        self.size = about.st_size
        count, version = struct.unpack("<II", self._bytes(0, 8, "its header"))
        if version != VERSION:
            raise ModelError(f"{path} has version {version} of the weights' storage; only {VERSION} is known")
        self.count = count

    def _bytes(self, offset: int, size: int, what: str) -> bytes:
        if offset + size > self.size:
            end = f"byte {offset + size:,}"
            raise ModelError(f"{self.path} ends at byte {self.size:,}, but {what} would reach to {end}")
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                data = file.read(size)
        except OSError as problem:
            raise ModelError(f"{self.path} cannot be read: {problem}") from None
        if len(data) != size:
            raise ModelError(f"{self.path} became shorter while it was read")
        return data

    def _metadata(self, offset: int) -> tuple[ElementType, int, int, int]:
        """Type, size in bytes, offset of the data and unused bits of the blob whose metadata are at `offset`."""
        metadata = self._bytes(offset, METADATA_BYTES, f"the blob at {offset:,}")
        sentinel, code, size, start, padding = METADATA.unpack_from(metadata)
        if sentinel != SENTINEL:
            raise ModelError(f"{self.path} has no blob at byte {offset:,}: {sentinel:#010x} is not {SENTINEL:#010x}")
        element = ELEMENT_TYPES.get(code)
        if element is None:
            raise ModelError(f"{self.path} has a blob of unknown type {code} at byte {offset:,}")
        if start + size > self.size:
            raise ModelError(
                f"{self.path} ends at byte {self.size:,}, but the blob at {offset:,} claims {size:,} from {start:,} on"
            )
        return element, size, start, padding

    def measure(self, offset: int) -> tuple[int, int, str]:
        """Number of values, size in bytes and type of the blob whose metadata are at `offset`."""
        element, size, _, padding = self._metadata(offset)
        unused = padding if element.bits < 8 and padding < 8 else 0  # older writers leave rubbish there
        return (size * 8 - unused) // element.bits, size, element.name

    def read(self, offset: int, dtype: str, shape: Sequence[int]) -> np.ndarray:
        """The blob whose metadata are at `offset`, checked against the type and shape that the program declares.

        bool is stored as uint8. Returns NumPy's type of that name; types below 8 bits become int8 or uint8, bf16 and
        fp8 become float32.
        """
        what = f"the blob at {offset:,}"
        element, size, start, _ = self._metadata(offset)
        if element.name != dtype and not (dtype == "bool" and element.name in ("uint8", "int8")):
            raise ModelError(f"{self.path} holds {element.name} at byte {offset:,} where the model declares {dtype}")
        values = from_bytes(self._bytes(start, size, what), element, shape, f"{what} of {self.path}")
        return values != 0 if dtype == "bool" else values


class BlobFiles:
    """The weight files of a model. Blobs that several constants share are read once."""

    def __init__(self, model_folder: Path | None, weights_folder: Path | None = None) -> None:
        self.model_folder = model_folder
        self.weights_folder = weights_folder
        self._files: dict[str, BlobFile] = {}
        self._blobs: dict[tuple[str, int, str, tuple[int, ...]], np.ndarray] = {}

    def file(self, name: str) -> BlobFile:
        """The weight file that a program calls `name`, e.g. `@model_path/weights/weight.bin`."""
        if name not in self._files:
            relative = name.removeprefix(MODEL_PATH)
            folder, what = self.model_folder, "a constant of the model"
            if self.weights_folder is not None and relative.startswith("weights/"):
                folder, relative = self.weights_folder, relative.removeprefix("weights/")
            if folder is None:
                raise ModelError(f"the model's weights are in {name}, but the model was given without a folder")
            self._files[name] = BlobFile(inside(folder, relative, what))
        return self._files[name]

    def read(self, name: str, offset: int, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
        """See `BlobFile.read`."""
        key = (name, offset, dtype, shape)
        if key not in self._blobs:
            self._blobs[key] = self.file(name).read(offset, dtype, shape)
        return self._blobs[key]

    @property
    def total_bytes(self) -> int:
        """The sizes of the weight files opened so far, in bytes."""
        return sum(one.size for one in self._files.values())
