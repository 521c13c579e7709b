"""Type-check the app's Swift files on Linux against stub modules of Apple's frameworks.

A stub declares what the app calls, with the least iOS and the documentation's title behind each declaration. A pass
means that our files agree with these declarations, not that they compile on a Mac.
"""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tree_sitter import Node

from tests.apps.swift import find_swift

STUBS = Path(__file__).parent / "stubs"
# in the order in which they need each other
MODULES = (
    "AppleFoundation", "CoreGraphics", "CoreVideo", "CoreMedia", "ImageIO", "QuartzCore", "CoreML", "Vision",
    "AVFoundation", "Accessibility", "UIKit", "SwiftUI", "PhotosUI",
)  # fmt: skip
EXCLUDED: dict[str, str] = {}
"""Files of the app that cannot be checked so, and why. None at present."""

DEPLOYMENT = (17, 0)
NOTE = re.compile(r"// iOS (\d+)\.(\d+) · (\S.*)$")
_DECLARATION = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*"
    r"(?:(?:public|open|nonisolated|static|class|mutating|override|convenience|final)\s+)*"
    r"(?:func|var|let|class|struct|enum|case|protocol|init|typealias|associatedtype|subscript)\b"
)
_HIDDEN = re.compile(r"^\s*(?:nonisolated )?init\(\) \{\}$")  # what only the stub itself calls


@dataclass(frozen=True)
class Complaint:
    """What the compiler says of a line: `kind` is error or warning."""

    file: str
    line: int
    kind: str
    words: str


def declarations(stub: str) -> list[tuple[int, str]]:
    """The lines of a stub that declare something, with their numbers."""
    lines = stub.splitlines()
    return [(n, line) for n, line in enumerate(lines, 1) if _DECLARATION.match(line) and not _HIDDEN.match(line)]


def build_stubs(folder: Path) -> None:
    """Compile every stub module into `folder`; what is newer than the deployment target gives a warning when used."""
    for module in MODULES:
        text = (STUBS / f"{module}.swift").read_text("utf-8")
        source = folder / f"{module}.swift"
        source.write_text("".join(f"{_guarded(line)}\n" for line in text.splitlines()), encoding="utf-8")
        emit(module, [source], folder)


def emit(module: str, sources: Sequence[Path], folder: Path, *options: str) -> None:
    """Compile a module of some sources into `folder`."""
    command = ["-emit-module", "-module-name", module, "-parse-as-library", "-suppress-warnings", "-I", str(folder)]
    out = ["-emit-module-path", str(folder / f"{module}.swiftmodule")]
    found = _swiftc([*command, *out, *options, *map(str, sources)])
    assert found == [], found


def typecheck(sources: Sequence[Path], folder: Path, *options: str) -> list[Complaint]:
    """What the compiler has against some files that use the modules in `folder`."""
    return _swiftc(["-typecheck", "-I", str(folder), *options, *map(str, sources)])


def is_guarded(root: Node, line: int, version: int) -> bool:
    """Whether a line lies inside `if #available(iOS version, *)`, or behind `guard #available(…)`, of a file."""
    node: Node | None = root.descendant_for_point_range((line - 1, 0), (line - 1, 0))
    while node is not None:
        text = node.text.decode() if node.text else ""
        if node.type == "if_statement" and re.match(rf"if #available\(iOS {version}\b", text):
            return True
        node = node.parent
    return False


def _guarded(line: str) -> str:
    note = NOTE.search(line)
    if note is None or (int(note[1]), int(note[2])) <= DEPLOYMENT or not _DECLARATION.match(line):
        return line
    indent = len(line) - len(line.lstrip())
    return f'{line[:indent]}@available(*, deprecated, message: "needs iOS {note[1]}.{note[2]}") {line[indent:]}'


def _swiftc(arguments: list[str]) -> list[Complaint]:
    result = subprocess.run([find_swift(), *arguments], capture_output=True, text=True, check=False)
    found = re.findall(r"^(\S+?):(\d+):\d+: (error|warning): (.*)$", result.stderr, re.MULTILINE)
    complaints = [Complaint(Path(file).name, int(line), kind, words) for file, line, kind, words in found]
    assert complaints or result.returncode == 0, result.stderr
    return list(dict.fromkeys(complaints))
