"""The Swift toolchain, for the tests that need it."""

import os
import shutil

import pytest


def find_swift(tool: str = "swiftc") -> str:
    """The path of a tool of Swift 6. Without it a test is skipped loudly, and fails on continuous integration."""
    path = shutil.which(tool)
    if path is None:
        words = f"{tool} is missing: nothing of the iPhone app was compiled. Install Swift 6 (swift.org/install)."
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    return path
