"""Imports point one way: there is no circle of modules or of packages, at the top of files or inside functions."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import inklens

Graph = dict[str, set[str]]

# From what knows nothing to what knows all: each part of the package imports only from parts above it.
ORDER = (
    "inklens",
    "errors",
    "writing",
    "backend",
    "metrics",
    "figures",
    "data",
    "coreml",
    "lowering",
    "training",
    "models",
    "reading",
    "rendering",
    "evaluation",
    "reader_evaluation",
    "exporting",
    "terminal",
    "reader_training",
    "face",
    "apps",
    "look",
    "demo",
    "cli",
    "__main__",
)


def read_sources() -> dict[str, str]:
    """The source of every module of the package by its dotted name."""
    root = Path(inklens.__file__).parent
    return {module_name(path.relative_to(root.parent)): path.read_text("utf-8") for path in root.rglob("*.py")}


def module_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def module_graph(sources: Mapping[str, str]) -> Graph:
    """What each module imports of the others: at its top, inside functions and for type checking alike.

    `from a import b` is an import of the module `a.b` where there is one. That Python runs `a/__init__.py` first is
    left out: a package's own file names its members, and they need not know it.
    """
    return {
        name: {target for target in imported(ast.parse(text), sources) if target != name}
        for name, text in sources.items()
    }


def imported(tree: ast.Module, known: Iterable[str]) -> Iterable[str]:
    """The modules among `known` that a module's import statements name."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            members = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [member if member in known else str(node.module) for member in members]
        yield from (name for name in names if name in known)


def package_of(module: str) -> str:
    """The folder or file directly under inklens that a module belongs to."""
    return module.split(".")[1] if "." in module else module


def package_graph(modules: Graph) -> Graph:
    """What each part of the package imports of the other parts."""
    graph: Graph = {}
    for module, targets in modules.items():
        graph.setdefault(package_of(module), set()).update(map(package_of, targets))
    return {package: targets - {package} for package, targets in graph.items()}


def find_circle(graph: Graph) -> list[str]:
    """One circle of a graph, from a node back to itself; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert find_circle(module_graph(read_sources())) == []


def test_no_packages_import_each_other_in_a_circle() -> None:
    assert find_circle(package_graph(module_graph(read_sources()))) == []


def test_every_package_has_its_place_and_imports_only_from_those_before_it() -> None:
    graph = package_graph(module_graph(read_sources()))
    assert sorted(graph) == sorted(ORDER)
    place = {package: index for index, package in enumerate(ORDER)}
    backwards = [
        f"{package} imports {target}"
        for package in ORDER
        for target in graph[package]
        if place[target] > place[package]
    ]
    assert backwards == []


@pytest.mark.parametrize(
    "planted",
    [
        "import inklens.cli\n",
        "from inklens import cli\n",
        "from inklens.cli import main\n",
        "def late():\n    from inklens.cli import main\n",
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from inklens import cli\n",
        "try:\n    import inklens.cli as command\nexcept ImportError:\n    command = None\n",
    ],
)
def test_a_planted_circle_is_found(planted: str) -> None:
    sources = read_sources()
    sources["inklens.errors"] += planted
    modules = module_graph(sources)
    assert {"inklens.errors", "inklens.cli"} <= set(find_circle(modules))
    assert {"errors", "cli"} <= set(find_circle(package_graph(modules)))


def test_a_circle_of_packages_without_one_of_modules_is_found() -> None:
    """Two modules of one package and two of another: each way is free of circles, the folders are not."""
    sources = {
        "inklens.a.one": "from inklens.b import two",
        "inklens.b.two": "",
        "inklens.b.three": "def late():\n    import inklens.a.four",
        "inklens.a.four": "",
    }
    modules = module_graph(sources)
    assert find_circle(modules) == []
    assert set(find_circle(package_graph(modules))) == {"a", "b"}
