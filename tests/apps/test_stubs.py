"""The app's Swift files, type-checked on Linux against stub modules of Apple's frameworks."""

from pathlib import Path

import pytest
import tree_sitter_swift
from tree_sitter import Language, Parser

from inklens.apps.template import template_files
from tests.apps.typecheck import EXCLUDED, MODULES, NOTE, STUBS, build_stubs, declarations, emit, is_guarded, typecheck

FILES = dict(template_files())
APP = [path for name, path in FILES.items() if name.startswith("Inklens/") and name.endswith(".swift")]
CHECKED = [path for path in APP if path.name not in EXCLUDED]
PHONE_TESTS = [path for name, path in FILES.items() if name.startswith("InklensTests/")]
CORE = [path for name, path in FILES.items() if name.startswith("DigitCore/Sources/")]
APP_MODE = ("-module-name", "Inklens", "-swift-version", "5", "-strict-concurrency=complete")


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the compiled stubs and DigitCore."""
    folder = tmp_path_factory.mktemp("modules")
    build_stubs(folder)
    emit("DigitCore", CORE, folder, "-swift-version", "6")
    return folder


def test_every_file_of_the_app_agrees_with_the_stubs(modules: Path) -> None:
    assert typecheck(CHECKED, modules, *APP_MODE) == []


def test_the_tests_of_the_phone_agree_with_the_app(modules: Path, tmp_path: Path) -> None:
    for module in modules.glob("*.swiftmodule"):
        (tmp_path / module.name).symlink_to(module)
    emit("Inklens", CHECKED, tmp_path, "-swift-version", "5", "-enable-testing")
    assert typecheck(PHONE_TESTS, tmp_path, "-module-name", "InklensTests", "-swift-version", "5") == []


PLANTED = """
import SwiftUI

func planted(_ view: Text) {
    let number: Int = AVCaptureSessionErrorKey
    view.font(.huge)
}

struct Newer: View {
    var body: some View {
        Text("a").onScrollGeometryChange {}
    }

    func guarded() {
        if #available(iOS 18.0, *) {
            _ = Text("b").onScrollGeometryChange {}
        }
    }
}
"""


def test_planted_errors_and_calls_above_the_deployment_target_are_seen(modules: Path, tmp_path: Path) -> None:
    planted = tmp_path / "Planted.swift"
    planted.write_text(PLANTED.replace("import SwiftUI", "import AVFoundation\nimport SwiftUI"), encoding="utf-8")
    found = typecheck([planted], modules, "-module-name", "Planted", "-swift-version", "5")
    errors = {complaint.line: complaint.words for complaint in found if complaint.kind == "error"}
    assert errors == {
        6: "cannot convert value of type 'String' to specified type 'Int'",
        7: "type 'Font?' has no member 'huge'",
    }
    newer = [complaint.line for complaint in found if "needs iOS 18.0" in complaint.words]
    assert newer == [12, 17]
    root = Parser(Language(tree_sitter_swift.language())).parse(planted.read_bytes()).root_node
    assert [is_guarded(root, line, 18) for line in newer] == [False, True]


@pytest.mark.parametrize("module", MODULES)
def test_every_declaration_of_a_stub_says_where_it_is_documented(module: str) -> None:
    stub = (STUBS / f"{module}.swift").read_text("utf-8")
    silent = [line for _, line in declarations(stub) if not NOTE.search(line)]
    assert silent == []


def test_excluded_files_are_there_and_have_a_reason() -> None:
    assert set(EXCLUDED) <= {path.name for path in APP}
    assert all(reason.strip() for reason in EXCLUDED.values())
    assert len(CHECKED) + len(EXCLUDED) == len(APP) >= 20
