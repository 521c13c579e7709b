from pathlib import Path

import pytest

from inklens.apps.settings import Settings, read_settings
from inklens.errors import OutputError

HEAD = """\
// Who the app is. `inklens app` writes this file, and only `inklens app --update` or you change it.
// The team may stay empty: Xcode asks for it under Signing & Capabilities.
"""


def test_settings_are_three_lines() -> None:
    settings = Settings("Ada's Zahlen 数字", "org.example.reader", "ABCDE12345")
    assert settings.to_text() == HEAD + (
        "APP_DISPLAY_NAME = Ada's Zahlen 数字\n"
        "APP_BUNDLE_IDENTIFIER = org.example.reader\n"
        "DEVELOPMENT_TEAM = ABCDE12345\n"
    )


def test_without_a_team_the_bundle_identifier_waits_for_the_one_that_xcode_asks_for() -> None:
    assert Settings().to_text() == HEAD + (
        "APP_DISPLAY_NAME = Inklens\n"
        "APP_BUNDLE_IDENTIFIER = com.example.inklens$(DEVELOPMENT_TEAM)\n"
        "DEVELOPMENT_TEAM =\n"
    )


@pytest.mark.parametrize("name", ["a b", "Tom's", "👩‍🏫 reads", "数字", "#1", "a/b", "50 %", "(x)", "=", "a" * 50])
def test_names_with_spaces_quotes_and_emoji_come_back_as_they_are(name: str, tmp_path: Path) -> None:
    path = tmp_path / "Settings.xcconfig"
    path.write_text(Settings(name).to_text(), encoding="utf-8")
    assert read_settings(path) == Settings(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "is '' with 0 characters; expected 1 to 50, without space around them"),
        (" a", "is ' a' with 2 characters"),
        ("a" * 200, "is 'aaaaaaaaaaaaaaaaaaaa…' with 200 characters; expected 1 to 50"),
        ("$(HOME)", "is '$(HOME)'; Xcode's settings cannot hold '$' in it. Choose a name without."),
        ('say "1"', "cannot hold '\"' in it"),
        ("a//b", "cannot hold '//' in it"),
        ("a;b", "cannot hold ';' in it"),
        ("a\\b", "cannot hold '\\\\' in it"),
        ("a\nB = c", "cannot hold '\\n' in it"),
        ("a\u202eb", "cannot hold '\\u202e' in it"),
    ],
)
def test_names_that_xcode_would_change_are_refused_in_words(name: str, words: str) -> None:
    with pytest.raises(OutputError) as error:
        Settings(name)
    assert words in str(error.value)


@pytest.mark.parametrize("identifier", ["reader", "org..reader", "org.ex ample", "1org.example", "org.$(X)", "a." * 90])
def test_bundle_identifiers_of_another_form_are_refused(identifier: str) -> None:
    with pytest.raises(OutputError, match="expected words of letters, digits and hyphens with dots between them"):
        Settings(bundle_id=identifier)


@pytest.mark.parametrize("team", ["abcde12345", "ABC", "ABCDE12345\n", "$(TEAM)AB"])
def test_teams_of_another_form_are_refused(team: str) -> None:
    with pytest.raises(OutputError, match="expected ten capital letters and digits"):
        Settings(team=team)


def test_settings_that_lack_a_line_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "Settings.xcconfig"
    path.write_text("APP_DISPLAY_NAME = A\n// DEVELOPMENT_TEAM = no\n", encoding="utf-8")
    with pytest.raises(OutputError, match=r"lacks APP_BUNDLE_IDENTIFIER, DEVELOPMENT_TEAM"):
        read_settings(path)
