"""The page's modules under Node: `node --test` of this folder's files, with their failures in the message."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.web.needs import needs

HERE = Path(__file__).parent
FILES = sorted(path.name for path in HERE.glob("*.test.mjs"))


@pytest.mark.parametrize("name", FILES)
def test_modules_pass_their_own_tests(name: str) -> None:
    needs("node", "nodejs")
    ran = subprocess.run([shutil.which("node") or "node", "--test", name], cwd=HERE, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
