"""The template of the iPhone project, and the validator that a generated one must pass."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import openstep_plist
import pytest
from pbxproj import XcodeProject

from inklens.apps.openstep import parse_openstep
from inklens.apps.project import APP, PROJECT_FILE, SCHEME, check_project, read_objects
from inklens.apps.template import template_files
from inklens.errors import OutputError

TEMPLATE = Path(__file__).parents[2] / "src" / "inklens" / "apps" / "ios"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the template, to be damaged."""
    for relative, path in template_files():
        (tmp_path / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, tmp_path / relative)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_template_is_a_whole_project() -> None:
    check_project(TEMPLATE, models=False)


def test_three_parsers_read_the_same_objects() -> None:
    text = (TEMPLATE / PROJECT_FILE).read_text("utf-8")
    objects = parse_openstep(text)["objects"]
    assert len(objects) == 31
    other = openstep_plist.loads(text, use_numbers=False)
    assert {identity: dict(item) for identity, item in other["objects"].items()} == objects
    third = XcodeProject.load(str(TEMPLATE / PROJECT_FILE))
    assert {item.get_id() for item in third.objects.get_objects_in_section(*third.objects.get_sections())} == set(
        objects
    )


def test_saving_with_another_tool_changes_nothing(project: Path) -> None:
    before = parse_openstep((project / PROJECT_FILE).read_text("utf-8"))
    XcodeProject.load(str(project / PROJECT_FILE)).save(str(project / PROJECT_FILE))
    assert parse_openstep((project / PROJECT_FILE).read_text("utf-8")) == before


def test_what_must_be_there_is_there() -> None:
    _, objects = read_objects(TEMPLATE)
    settings = [item["buildSettings"] for item in objects.values() if item["isa"] == "XCBuildConfiguration"]
    shared = [item for item in settings if "SWIFT_VERSION" in item]
    assert [
        (item["IPHONEOS_DEPLOYMENT_TARGET"], item["SWIFT_VERSION"], item["SWIFT_STRICT_CONCURRENCY"]) for item in shared
    ] == [("17.0", "5.0", "complete")] * 2
    assert sum(item["isa"] == "PBXFileSystemSynchronizedRootGroup" for item in objects.values()) == 2


Damage = Callable[[Path], None]


def damages() -> dict[str, tuple[Damage, str]]:
    """What may be wrong with a project, how to bring it about, and what is said of it."""

    def text(file: str, old: str, new: str) -> Damage:
        return lambda project: change(project / file, old, new)

    def strings(edit: Callable[[dict[str, object]], object]) -> Damage:
        def damage(project: Path) -> None:
            path = project / APP / "Localizable.xcstrings"
            catalogue = json.loads(path.read_text("utf-8"))
            edit(catalogue["strings"])
            path.write_text(json.dumps(catalogue), encoding="utf-8")

        return damage

    def icon(project: Path) -> None:
        from PIL import Image

        Image.new("RGBA", (1024, 1024)).save(project / APP / "Assets.xcassets/AppIcon.appiconset/icon.png")

    def another_model(project: Path) -> None:
        (project / APP / "Models" / "Locator.mlpackage").mkdir(parents=True)

    app = "C9A016DD18A4EC2ED5502A1F"
    return {
        "a key twice": (
            text(PROJECT_FILE, "\t\t\tproxyType = 1;", "\t\t\tproxyType = 1;\n\t\t\tproxyType = 2;"),
            "twice",
        ),
        "cut off": (lambda project: (project / PROJECT_FILE).write_text("{ a = (1", "utf-8") and None, "expected"),
        "a reference to nothing": (
            text(PROJECT_FILE, f"target = {app}", "target = 000000000000000000000000"),
            "names 000000000000000000000000, which is not there",
        ),
        "an object that belongs to nothing": (
            text(PROJECT_FILE, "\t\t\tpackageReferences = (\n\t\t\t\t", "\t\t\tpackageReferences = (\n\t\t\t\t// "),
            "belongs to nothing",
        ),
        "a required key missing": (
            text(PROJECT_FILE, "\t\t\tbuildActionMask = 2147483647;\n", ""),
            "lacks buildActionMask",
        ),
        "another format": (text(PROJECT_FILE, "objectVersion = 77", "objectVersion = 56"), "objectVersion 56"),
        "another host": (text(PROJECT_FILE, '/Inklens";', '/Other";'), "TEST_HOST"),
        "tests of another target": (text(PROJECT_FILE, f"TestTargetID = {app}", "TestTargetID = 0"), "TestTargetID"),
        "a team": (
            text(PROJECT_FILE, "CODE_SIGN_STYLE", "DEVELOPMENT_TEAM = ABCDE12345;\n\t\t\t\tCODE_SIGN_STYLE"),
            "team",
        ),
        "no words for the camera": (
            text(PROJECT_FILE, "INFOPLIST_KEY_NSCameraUsageDescription", "INFOPLIST_KEY_NSMicrophoneUsageDescription"),
            "what the camera is for",
        ),
        "no scene manifest": (
            text(PROJECT_FILE, "INFOPLIST_KEY_UIApplicationSceneManifest_Generation = YES", "OTHER = YES"),
            "INFOPLIST_KEY_UIApplicationSceneManifest_Generation is None; expected 'YES'",
        ),
        "an absolute path": (text(PROJECT_FILE, "path = README.md", "path = /README.md"), "leads out of the project"),
        "a file that is not there": (lambda project: (project / "README.md").unlink(), "names README.md"),
        "a scheme of another target": (text(SCHEME, app, "0" * 24), "which is not there"),
        "a scheme without tests": (
            text(SCHEME, 'BlueprintName = "InklensTests"', 'BlueprintName = "No"'),
            "the scheme tests",
        ),
        "a broken scheme": (text(SCHEME, "</Scheme>", ""), "scheme: ParseError"),
        "collected data": (
            text(f"{APP}/PrivacyInfo.xcprivacy", "<false/>", "<true/>"),
            "PrivacyInfo.xcprivacy says",
        ),
        "a text without Chinese": (
            strings(lambda texts: texts.update({"Undo": {"localizations": {}}})),
            "'Undo' is not translated to zh-Hans",
        ),
        "a placeholder lost": (
            strings(
                lambda texts: texts.update(
                    {"%@ a": {"localizations": {"zh-Hans": {"stringUnit": {"state": "translated", "value": "a"}}}}}
                )
            ),
            "'%@ a' in zh-Hans has other placeholders",
        ),
        "an icon with alpha": (icon, "the icon is 1024 × 1024 of colour type 6"),
        "no icon": (
            lambda project: (project / APP / "Assets.xcassets/AppIcon.appiconset/icon.png").unlink(),
            "names icon.png, which is not there",
        ),
        "a model where none should be": (another_model, "the models are Inklens/Models/Locator.mlpackage"),
        "a link": (lambda project: (project / "here").symlink_to(project), "here is a link"),
    }


@pytest.mark.parametrize("damage", damages())
def test_the_validator_sees(damage: str, project: Path) -> None:
    spoil, words = damages()[damage]
    spoil(project)
    with pytest.raises(OutputError) as error:
        check_project(project, models=False)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{ a = 1; a = 2; }", "line 1: a stands twice in one object, found 'a = 2; }'"),
        ("{\n a = (1, 2;\n}", "line 2: expected ,, found ';\\n}'"),
        ("{ a = 1 }", "line 1: expected ;, found '}'"),
        ("{ a = 1; } b", "line 1: expected the end of the file, found 'b'"),
        ("(" * 50, "line 1: more than 32 levels, found '(((((((((((('"),
        ("", "line 1: expected a text, { or (, found the end"),
    ],
)
def test_broken_lists_are_refused_with_their_line(text: str, words: str) -> None:
    with pytest.raises(OutputError) as error:
        parse_openstep(text)
    assert str(error.value) == words


def test_texts_with_signs_and_comments_are_read() -> None:
    text = '// head\n{ a = "x \\"y\\" \\n"; /* c */ b = (1, "2 3",); c = { }; d = a-b.c/$D; }'
    assert parse_openstep(text) == {"a": 'x "y" \n', "b": ["1", "2 3"], "c": {}, "d": "a-b.c/$D"}
