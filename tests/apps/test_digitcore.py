"""The Swift package DigitCore, compiled and tested here against the golden vectors. One build in the whole suite."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from inklens.apps.template import template_files
from tests.apps.swift import find_swift
from tests.apps.traces import write_orders, write_traces

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "src" / "inklens" / "apps" / "ios"


def test_the_package_builds_without_warnings_and_answers_as_python_does(tmp_path: Path) -> None:
    swift = find_swift("swift")
    command = [swift, "test", "--package-path", str(TEMPLATE / "DigitCore"), "--scratch-path", str(tmp_path / "build")]
    golden = Path(shutil.copytree(ROOT / "src" / "inklens" / "reading" / "golden", tmp_path / "golden"))
    write_traces(golden / "traces.json")
    write_orders(golden / "orders.json")
    result = subprocess.run(
        [*command, "-Xswiftc", "-warnings-as-errors"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "INKLENS_GOLDEN": str(golden)},
    )
    words = result.stdout + result.stderr
    assert result.returncode == 0, words
    passed = re.search(r"Test run with (\d+) tests in \d+ suites passed", words)
    assert passed, words
    written = sum(
        path.read_text("utf-8").count("@Test(") for path in (TEMPLATE / "DigitCore" / "Tests").rglob("*.swift")
    )
    assert int(passed[1]) == written >= 15


def test_the_swift_code_keeps_its_format() -> None:
    swift = find_swift("swift")
    command = [swift, "format", "lint", "--strict", "--recursive", "--configuration", str(TEMPLATE / ".swift-format")]
    folders = [str(TEMPLATE / name) for name in ("DigitCore", "Inklens", "InklensTests")]
    result = subprocess.run([*command, *folders], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    "step", ["contract", "find", "judge", "order", "prepare", "read", "reader", "resize", "steady", "views"]
)
def test_every_step_has_its_file_in_both_languages(step: str) -> None:
    names = {Path(name).name for name, _ in template_files() if name.startswith("DigitCore/Sources/")}
    elsewhere = {"contract": "models/contract.py", "steady": "reading/track.py"}
    assert (ROOT / "src" / "inklens" / elsewhere.get(step, f"reading/{step}.py")).is_file()
    assert f"{step.capitalize()}.swift" in names
