from __future__ import annotations

import json
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from inklens.reading.golden.vectors import VECTORS, Numbers, checksum, make_frame

TOOL = Path(__file__).parents[2] / "tools" / "write_golden.py"


def test_numbers_are_those_of_the_published_generator() -> None:
    numbers = Numbers(0)
    # Press et al. print the sequence of 32 bits from 0: 3C6EF35F, 47502932, D1CCF6E9, AAF95334, 6252E503
    assert [numbers.next() for _ in range(5)] == [0x3C6E, 0x4750, 0xD1CC, 0xAAF9, 0x6252]
    assert [Numbers(0).below(10) for _ in range(2)] == [0x3C6E % 10] * 2


def test_checksum_is_that_of_png() -> None:
    assert checksum(np.frombuffer(b"123456789", np.uint8)) == 0xCBF43926


def test_frame_has_ink_on_paper_of_both_polarities() -> None:
    brighter = set()
    for seed in range(12):
        frame = make_frame(seed, 90, 70)
        assert (frame.shape, frame.dtype) == ((70, 90), np.uint8)
        middle = np.median(frame)
        low, high = middle - frame.min(), frame.max() - middle
        assert max(low, high) > 30
        brighter.add(bool(high > low))
    assert brighter == {True, False}


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_that_are_kept_are_today_s(name: str) -> None:
    kept = json.loads(resources.files("inklens.reading.golden").joinpath(f"{name}.json").read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(list(VECTORS[name]())))


def test_golden_files_are_small() -> None:
    files = [file for file in resources.files("inklens.reading.golden").iterdir() if file.name.endswith(".json")]
    assert {f"{name}.json" for name in VECTORS} <= {file.name for file in files}
    assert sum(len(file.read_bytes()) for file in files) < 2_000_000


def test_stale_vectors_are_named(tmp_path: Path) -> None:
    """The tool says which file is no longer what the steps give, and how to write it anew."""
    place = tmp_path / "src" / "inklens" / "reading" / "golden"
    place.mkdir(parents=True)
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / TOOL.name).write_bytes(TOOL.read_bytes())
    for file in resources.files("inklens.reading.golden").iterdir():
        (place / file.name).write_bytes(file.read_bytes())

    def check() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(tmp_path / "tools" / TOOL.name), "--check"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert check().returncode == 0
    (place / "views.json").write_text("[]\n")
    (place / "look.json").unlink()
    stale = check()
    assert stale.returncode == 1
    assert stale.stderr.startswith("stale: views.json, look.json; a step of the reading changed.")
    assert (place / "views.json").read_text() == "[]\n"
