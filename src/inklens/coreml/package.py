"""Find the files of a model: a `.mlmodel`, or a `.mlpackage` folder read by its manifest.

A package's `Manifest.json` names its root item; the item's path, below `Data/`, is the model, and `@model_path` in the
model's weights is the folder that holds it. Nothing is assumed about the inner names. Paths that lead out of the
package are refused, and so is anything that is not a regular file.
"""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from inklens.coreml.protobuf import MAX_BYTES
from inklens.errors import ModelError

MANIFEST = "Manifest.json"
MAX_MANIFEST_BYTES = 1 << 20  # a manifest has two or three items


@dataclass(frozen=True)
class ModelFiles:
    """Where a model lies. `folder` is what its weights call `@model_path`; nothing outside `root` is read."""

    path: Path
    root: Path
    spec: Path

    @property
    def folder(self) -> Path:
        return self.spec.parent


def find_model(path: str | Path) -> ModelFiles:
    """The files of the model at `path`. Raises ModelError when there is no Core ML model."""
    path = Path(path)
    if path.is_dir():
        if path.suffix == ".mlmodelc":
            raise ModelError(f"{path} is a compiled model; give the .mlmodel or .mlpackage that it was compiled from")
        if not (path / MANIFEST).exists():
            raise ModelError(f"{path} is a folder without {MANIFEST}, so it is not a .mlpackage")
        return ModelFiles(path, path, _root_item(path))
    if not path.exists():
        raise ModelError(f"there is no model at {path}")
    return ModelFiles(path, path.parent, path)


def read_spec(files: ModelFiles) -> bytes:
    """The bytes of the model's message."""
    data = read_regular(files.spec, MAX_BYTES)
    if data.startswith(b"PK\x03\x04"):
        raise ModelError(f"{files.path} is a zip archive; unpack it and give the .mlpackage or .mlmodel inside")
    if data.startswith(b"version https://git-lfs"):
        raise ModelError(f"{files.path} is a Git LFS pointer, not the model; run `git lfs pull` to fetch it")
    if not data:
        raise ModelError(f"{files.spec} is empty")
    return data


def read_regular(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit` bytes; devices and pipes, which may never end, are refused."""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise ModelError(f"{path} is not a regular file")
        if about.st_size > limit:
            raise ModelError(f"{path} has {about.st_size:,} bytes; at most {limit:,} are read")
        return path.read_bytes()
    except (OSError, ValueError) as problem:
        raise ModelError(f"{path} cannot be read: {problem}") from None


def inside(root: Path, relative: str, what: str) -> Path:
    """`root / relative`, refused with `what` in the message when it would leave `root`, by name or by a link."""
    parts = PurePosixPath(relative).parts
    outside = not parts or relative.startswith("/") or ".." in parts or "\\" in relative or "\0" in relative
    if outside or any(":" in part for part in parts):
        raise ModelError(f"{what} names {relative!r}, which is not a path inside {root}")
    path = root.joinpath(*parts)
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            raise ModelError(f"{what} names {relative!r}, which leads out of {root}")
    except (OSError, RuntimeError) as problem:
        raise ModelError(f"{what} names {relative!r}, which cannot be followed: {problem}") from None
    return path


def _root_item(package: Path) -> Path:
    place = package / MANIFEST
    try:
        manifest: Any = json.loads(read_regular(place, MAX_MANIFEST_BYTES))
    except (ValueError, RecursionError) as problem:
        raise ModelError(f"{place} is not JSON: {problem}") from None
    if not isinstance(manifest, dict):
        raise ModelError(f"{place} holds {type(manifest).__name__}, not an object")
    root, items = manifest.get("rootModelIdentifier"), manifest.get("itemInfoEntries")
    if not isinstance(root, str):
        raise ModelError(f"{place} has no rootModelIdentifier, so nothing says which item is the model")
    if not isinstance(items, dict) or not isinstance(items.get(root), dict):
        raise ModelError(f"{place} names the root item {root!r}, but has no itemInfoEntries for it")
    relative = items[root].get("path")
    if not isinstance(relative, str):
        raise ModelError(f"{place} gives no path for its root item {root!r}")
    path = inside(package / "Data", relative, str(place))
    if not path.exists():
        raise ModelError(f"{place} names {relative!r} as its model, but there is no such file in {package / 'Data'}")
    return path
