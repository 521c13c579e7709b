"""The committed WebAssembly is what its C file builds."""

import subprocess
import sys
from pathlib import Path

from tests.web.needs import needs

TOOL = Path(__file__).parents[2] / "tools" / "build_wasm.py"


def test_committed_wasm_is_byte_equal_to_what_clang_14_builds() -> None:
    needs("clang-14", "clang-14")
    needs("wasm-ld-14", "lld-14")
    checked = subprocess.run([sys.executable, str(TOOL), "--check"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
