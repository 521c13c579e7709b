"""What the Swift sources of the app must and must not contain; syntax without a Swift compiler."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter_swift
from tree_sitter import Language, Node, Parser

from inklens.apps.template import template_files

SOURCES = {name: path.read_text("utf-8") for name, path in template_files() if name.endswith(".swift")}
APP = {name: text for name, text in SOURCES.items() if name.startswith("Inklens/")}
SHIPPED = {name: text for name, text in SOURCES.items() if "Tests/" not in name}
PARSER = Parser(Language(tree_sitter_swift.language()))

# Apple, "Describing use of required reason API", and whatever reaches the network
FORBIDDEN = (
    "UserDefaults", "AppStorage", "systemUptime", "mach_absolute_time", "ProcessInfo.processInfo.systemUptime",
    "modificationDate", "creationDate", "volumeAvailableCapacity", "systemFreeSize", "systemSize", "statfs", "statvfs",
    "fstat", "getattrlist", "activeInputModes", "URLSession", "URLRequest", "NWConnection", "import Network",
    "WKWebView", "SFSafariViewController", "http://", "https://", "CFStream", "import WebKit", "import CloudKit",
)  # fmt: skip


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def code(text: str) -> str:
    """The text without comments and strings."""
    return re.sub(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*', "", text)


@pytest.mark.parametrize("name", SOURCES)
def test_every_file_is_swift(name: str) -> None:
    root = PARSER.parse(SOURCES[name].encode()).root_node
    wrong = [node.start_point.row + 1 for node in nodes(root) if node.type == "ERROR" or node.is_missing]
    assert wrong == []


@pytest.mark.parametrize("broken", ["func a( {}", "let x = ", "struct A { var b: Int "])
def test_the_parser_sees_broken_syntax(broken: str) -> None:
    root = PARSER.parse(broken.encode()).root_node
    assert any(node.type == "ERROR" or node.is_missing for node in nodes(root))


@pytest.mark.parametrize("name", SHIPPED)
def test_nothing_is_forced_and_nothing_deprecated_is_used(name: str) -> None:
    text = code(SHIPPED[name])
    assert "try!" not in text
    assert "as!" not in text
    assert not re.search(r"[\w)\]?]!(?![=])", text), "a value is unwrapped by force"
    assert "fatalError" not in text
    assert not re.search(r"\bBGRA|kCVPixelFormatType_32", text)
    assert not re.search(r"\bvideoOrientation\b", text)
    assert not re.search(r"\b(?:90|180|270)\b", text), "an angle comes from RotationCoordinator"


def test_each_model_is_loaded_in_one_place_and_once() -> None:
    loads = [name for name, text in APP.items() for _ in re.findall(r"MLModel\(contentsOf", text)]
    assert loads == ["Inklens/Reading/PageReader.swift"]
    starts = [name for name, text in APP.items() for _ in re.findall(r"\breader\.load\(", text)]
    assert starts == ["Inklens/ReaderModel.swift"]


@pytest.mark.parametrize("name", SHIPPED)
def test_nothing_needs_a_reason_and_nothing_reaches_the_network(name: str) -> None:
    assert [word for word in FORBIDDEN if word in SHIPPED[name]] == []


def test_the_core_knows_no_apple_framework() -> None:
    core = "".join(text for name, text in SOURCES.items() if name.startswith("DigitCore/Sources/"))
    assert set(re.findall(r"^import (\w+)", core, re.MULTILINE)) == {"Foundation"}


def test_the_app_stays_small() -> None:
    assert sum(text.count("\n") for text in APP.values()) <= 2000


def test_no_file_scales_pixels() -> None:
    assert not any(re.search(r"/ *255\b|\b1 */ *255", code(text)) for text in SHIPPED.values())


def test_every_text_on_the_screen_is_in_the_catalogue_and_every_entry_is_used() -> None:
    calls = r'(?:String\(\s*localized: |\b(?:Text|Label|Button|Picker|LabeledContent|ProgressView|navigationTitle)\()"'
    used = set()
    for text in APP.values():
        for match in re.finditer(calls + r'((?:[^"\\]|\\.)*)"', text):
            used.add(re.sub(r"\\\(\w+\)", "%@", match[1]))
    catalogue = json.loads(dict(template_files())["Inklens/Localizable.xcstrings"].read_text("utf-8"))
    assert set(catalogue["strings"]) == used


def test_licence_and_workflow_come_along() -> None:
    files = dict(template_files())
    assert files["LICENSE"].read_text("utf-8").startswith("MIT No Attribution\n")
    workflow = files[".github/workflows/ios.yml"].read_text("utf-8")
    assert "runs-on: macos-" in workflow
    assert "xcodebuild test -project Inklens.xcodeproj -scheme Inklens" in workflow


def test_nobody_left_build_products_in_the_template() -> None:
    kinds = {Path(name).suffix or Path(name).name for name, _ in template_files()}
    assert kinds == {
        ".swift", ".json", ".png", ".xcstrings", ".xcprivacy", ".pbxproj", ".xcscheme", ".xcworkspacedata", ".xcconfig",
        ".md", ".yml", "LICENSE", ".gitignore", ".swift-format",
    }  # fmt: skip
