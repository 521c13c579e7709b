"""Manifests and the paths in them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from inklens.coreml.package import find_model, inside, read_spec
from inklens.errors import ModelError


def package(folder: Path, manifest: Any, files: tuple[str, ...] = ("a/model.mlmodel",)) -> Path:
    for name in files:
        (folder / "m.mlpackage" / "Data" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "m.mlpackage" / "Data" / name).write_bytes(b"\x08\x06")
    (folder / "m.mlpackage").mkdir(exist_ok=True)
    text = manifest if isinstance(manifest, str) else json.dumps(manifest)
    (folder / "m.mlpackage" / "Manifest.json").write_text(text)
    return folder / "m.mlpackage"


def entries(path: Any) -> dict[str, Any]:
    return {"rootModelIdentifier": "A", "itemInfoEntries": {"A": {"path": path}, "B": {"path": "a/weights"}}}


def test_the_manifest_names_the_model(tmp_path: Path) -> None:
    found = find_model(package(tmp_path, entries("a/model.mlmodel")))
    assert found.spec == tmp_path / "m.mlpackage" / "Data" / "a" / "model.mlmodel"
    assert found.folder == found.spec.parent
    assert read_spec(found) == b"\x08\x06"


def test_a_plain_file_is_its_own_model(tmp_path: Path) -> None:
    (tmp_path / "m.mlmodel").write_bytes(b"\x08\x01")
    found = find_model(str(tmp_path / "m.mlmodel"))
    assert (found.spec, found.folder) == (tmp_path / "m.mlmodel", tmp_path)


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "holds list, not an object"),
        ({}, "has no rootModelIdentifier"),
        ({"rootModelIdentifier": 7, "itemInfoEntries": {}}, "has no rootModelIdentifier"),
        ({"rootModelIdentifier": "A", "itemInfoEntries": {}}, "names the root item 'A', but has no itemInfoEntries"),
        ({"rootModelIdentifier": "A", "itemInfoEntries": [1]}, "names the root item 'A', but has no itemInfoEntries"),
        (entries(None), "gives no path for its root item 'A'"),
        (entries("a/other.mlmodel"), "names 'a/other.mlmodel' as its model, but there is no such file"),
        (entries("a"), "is not a regular file"),
    ],
)
def test_a_manifest_that_names_no_model_is_refused(manifest: Any, problem: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        read_spec(find_model(package(tmp_path, manifest)))
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "a/../../../secret",
        "/etc/passwd",
        "",
        "C:/secret",
        "a\\..\\..\\secret",
        "a/\0model",
        "//host/share",
    ],
)
def test_paths_that_climb_out_are_refused(path: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\x08\x06")
    with pytest.raises(ModelError, match="which is not a path inside"):
        find_model(package(tmp_path, entries(path)))


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    path = package(tmp_path, entries("a/link"))
    (tmp_path / "secret").write_bytes(b"\x08\x06")
    (path / "Data" / "a" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(ModelError, match="which leads out of"):
        find_model(path)
    (path / "Data" / "a" / "link").unlink()
    (path / "Data" / "a" / "link").symlink_to("link")
    with pytest.raises(ModelError, match=r"no such file|cannot be followed"):
        find_model(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_in_place_of_the_model_does_not_hang(tmp_path: Path) -> None:
    path = package(tmp_path, entries("a/pipe"))
    os.mkfifo(path / "Data" / "a" / "pipe")
    with pytest.raises(ModelError, match="is not a regular file"):
        read_spec(find_model(path))


def test_a_path_inside_is_joined(tmp_path: Path) -> None:
    assert inside(tmp_path, "a/./b", "x") == tmp_path / "a" / "b"
