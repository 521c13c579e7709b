"""The blobs of weight files: every type, and everything that may be wrong with one."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inklens.coreml.blobs import BlobFile, BlobFiles
from inklens.errors import ModelError

HEADER = struct.pack("<II", 1, 2).ljust(64, b"\0")


def blob(
    folder: Path,
    code: int,
    data: bytes,
    *,
    sentinel: int = 0xDEADBEEF,
    size: int | None = None,
    start: int = 128,
    padding: int = 0,
    header: bytes = HEADER,
) -> BlobFile:
    metadata = struct.pack("<IIQQQ", sentinel, code, len(data) if size is None else size, start, padding)
    (folder / "weight.bin").write_bytes(header + metadata.ljust(64, b"\0") + data)
    return BlobFile(folder / "weight.bin")


@pytest.mark.parametrize(
    ("code", "name", "values"),
    [
        (1, "fp16", np.array([0.5, -2, 65504], np.float16)),
        (2, "fp32", np.array([0.1, -2, 3e38], np.float32)),
        (3, "uint8", np.array([0, 128, 255], np.uint8)),
        (4, "int8", np.array([-128, 0, 127], np.int8)),
        (6, "int16", np.array([-32768, 7], np.int16)),
        (7, "uint16", np.array([65535, 7], np.uint16)),
        (14, "int32", np.array([-(2**31), 7], np.int32)),
        (15, "uint32", np.array([2**32 - 1, 7], np.uint32)),
    ],
)
def test_whole_numbers_are_read_as_they_are(code: int, name: str, values: np.ndarray, tmp_path: Path) -> None:
    read = blob(tmp_path, code, values.tobytes()).read(64, name, values.shape)
    assert read.dtype == values.dtype
    np.testing.assert_array_equal(read, values)


@pytest.mark.parametrize(
    ("code", "name", "data", "values"),
    [
        (5, "bf16", struct.pack("<3H", 0x3F80, 0xC040, 0x7F80), [1.0, -3.0, np.inf]),
        (16, "fp8e4m3fn", bytes([0x38, 0xB8, 0x7E, 0x01, 0x7F]), [1.0, -1.0, 448.0, 2.0**-9, np.nan]),
        (17, "fp8e5m2", bytes([0x3C, 0xBC, 0x7B, 0x01, 0x7C]), [1.0, -1.0, 57344.0, 2.0**-16, np.inf]),
    ],
)
def test_floats_that_numpy_lacks_are_widened(code: int, name: str, data: bytes, values: Any, tmp_path: Path) -> None:
    read = blob(tmp_path, code, data).read(64, name, (len(values),))
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, np.array(values, np.float32))


@pytest.mark.parametrize(
    ("code", "name", "data", "values"),
    [
        (8, "int4", bytes([0x8F, 0x07]), [-1, -8, 7]),
        (11, "uint4", bytes([0x8F, 0x07]), [15, 8, 7]),
        (9, "uint1", bytes([0b00000101]), [1, 0, 1]),
        (10, "uint2", bytes([0b00111001]), [1, 2, 3]),
        (12, "uint3", bytes([0b11010001, 0b0]), [1, 2, 3]),
        (13, "uint6", bytes([0b10000001, 0b11110000, 0b00000011]), [1, 2, 63]),
    ],
)
def test_numbers_below_a_byte_are_unpacked_from_the_low_bits(
    code: int, name: str, data: bytes, values: list[int], tmp_path: Path
) -> None:
    read = blob(tmp_path, code, data, padding=8 * len(data) - 3 * {8: 4, 11: 4, 9: 1, 10: 2, 12: 3, 13: 6}[code])
    assert read.read(64, name, (3,)).tolist() == values
    assert read.measure(64) == (3, len(data), name) or code == 12


def test_coremltools_writes_what_is_read(tmp_path: Path) -> None:
    storage = pytest.importorskip("coremltools.libmilstoragepython")
    writer = storage._BlobStorageWriter(str(tmp_path / "weight.bin"))
    rng = np.random.default_rng(0)
    floats = rng.normal(size=(5, 7)).astype(np.float32)
    small = rng.integers(-8, 8, 33).astype(np.int8)
    offsets = writer.write_float_data(floats.reshape(-1)), writer.write_int8_data(small)
    file = BlobFile(tmp_path / "weight.bin")
    np.testing.assert_array_equal(file.read(offsets[0], "fp32", (5, 7)), floats)
    np.testing.assert_array_equal(file.read(offsets[1], "int8", (33,)), small)


@pytest.mark.parametrize(
    ("options", "dtype", "shape", "problem"),
    [
        ({"sentinel": 0xDEADBEE0}, "fp32", (2,), "has no blob at byte 64: 0xdeadbee0 is not 0xdeadbeef"),
        ({"code": 99}, "fp32", (2,), "has a blob of unknown type 99 at byte 64"),
        ({}, "fp16", (4,), "holds fp32 at byte 64 where the model declares fp16"),
        ({"size": 2**31}, "fp32", (2,), "ends at byte 136, but the blob at 64 claims 2,147,483,648 from 128 on"),
        (
            {"start": 2**63},
            "fp32",
            (2,),
            "ends at byte 136, but the blob at 64 claims 8 from 9,223,372,036,854,775,808 on",
        ),
        ({}, "fp32", (2**40,), "has 8 bytes; its type needs 4,398,046,511,104 bytes for fp32 [1099511627776]"),
        ({}, "fp32", (3,), "has 8 bytes; its type needs 12 bytes for fp32 [3]"),
        ({"header": struct.pack("<II", 1, 1).ljust(64, b"\0")}, "fp32", (2,), "has version 1 of the weights' storage"),
    ],
)
def test_a_damaged_blob_is_refused_with_its_offset(
    options: dict[str, Any], dtype: str, shape: tuple[int, ...], problem: str, tmp_path: Path
) -> None:
    code = options.pop("code", 2)
    with pytest.raises(ModelError) as caught:
        blob(tmp_path, code, bytes(8), **options).read(64, dtype, shape)
    assert problem in str(caught.value)


@pytest.mark.parametrize("offset", [73, 100, 136, 2**40, 2**64 - 1])
def test_an_offset_outside_the_file_is_refused(offset: int, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"ends at byte 136, but the blob at {offset:,} would reach"):
        blob(tmp_path, 2, bytes(8)).read(offset, "fp32", (2,))


def test_a_file_shorter_than_its_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weight.bin").write_bytes(b"\1\0")
    with pytest.raises(ModelError, match="ends at byte 2, but its header would reach to byte 8"):
        BlobFile(tmp_path / "weight.bin")


def test_names_of_weight_files_stay_inside_the_model(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    blob(tmp_path / "weights", 2, bytes(8))
    files = BlobFiles(tmp_path)
    assert files.read("@model_path/weights/weight.bin", 64, "fp32", (2,)).tolist() == [0, 0]
    assert files.total_bytes == 136
    for name in ("@model_path/../weight.bin", "/etc/passwd", "@model_path//etc/passwd"):
        with pytest.raises(ModelError, match="which is not a path inside"):
            files.read(name, 64, "fp32", (2,))
    with pytest.raises(ModelError, match=r"lost.bin cannot be read: No such file"):
        files.read("@model_path/weights/lost.bin", 64, "fp32", (2,))
    with pytest.raises(ModelError, match="but the model was given without a folder"):
        BlobFiles(None).read("@model_path/weights/weight.bin", 64, "fp32", (2,))


def test_constants_that_share_a_blob_share_its_memory(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    blob(tmp_path / "weights", 2, bytes(8))
    files = BlobFiles(tmp_path)
    first = files.read("@model_path/weights/weight.bin", 64, "fp32", (2,))
    assert files.read("@model_path/weights/weight.bin", 64, "fp32", (2,)) is first
