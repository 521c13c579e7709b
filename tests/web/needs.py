"""Tools that the tests of the page need beside Python packages; `make test` installs them on Debian."""

import os
import shutil

import pytest


def needs(command: str, package: str) -> None:
    """Skip, saying loudly why, where a tool is missing; in continuous integration fail."""
    if shutil.which(command):
        return
    refuse(f"{command} is missing, so this part of the page is NOT tested; on Debian: apt-get install {package}")


def refuse(message: str) -> None:
    """Skip a test loudly; in continuous integration fail."""
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
