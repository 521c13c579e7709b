"""The two networks that the package carries: `locator` finds digits on a page, `namer` names them."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from inklens.errors import ModelError

SHIPPED = ("locator", "namer")
FOLDER = Path(str(resources.files(__name__)))


def shipped_path(name: str, folder: Path | None = None) -> Path:
    """Where the package, or a folder, keeps `locator` or `namer`. Raises ModelError where it is not there."""
    path = (folder or FOLDER) / f"{name}.mlpackage"
    if name not in SHIPPED or not path.is_dir():
        raise ModelError(f"this inklens has no shipped {name}; `make reader` trains and exports both networks.")
    return path
