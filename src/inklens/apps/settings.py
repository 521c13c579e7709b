"""An app's name, bundle identifier and team, as `Settings.xcconfig` keeps them for Xcode.

What Xcode would expand or cut off in such a file is refused: `$` begins a setting, `//` a comment, `;` ends a value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from inklens.errors import OutputError

NAME = "Inklens"
BUNDLE_ID = "com.example.inklens$(DEVELOPMENT_TEAM)"  # with the team in it nobody else has registered it
LONGEST_NAME = 50  # characters; the home screen shows about a dozen
_JOINER = "\u200d"  # joins the parts of an emoji; the only character without a picture that a name may have
_BUNDLE_ID = re.compile(r"[A-Za-z][A-Za-z0-9-]*(\.[A-Za-z0-9-]+)+")
_LONGEST_BUNDLE_ID = 155  # of App Store Connect
_TEAM = re.compile(r"[A-Z0-9]{10}")
_KEYS = ("APP_DISPLAY_NAME", "APP_BUNDLE_IDENTIFIER", "DEVELOPMENT_TEAM")
_HEAD = """\
// Who the app is. `inklens app` writes this file, and only `inklens app --update` or you change it.
// The team may stay empty: Xcode asks for it under Signing & Capabilities.
"""


@dataclass(frozen=True)
class Settings:
    """name: under the icon. bundle_id: such as org.example.reader. team: ten letters and digits, or empty.

    Raises OutputError for what Xcode would not take as it is.
    """

    name: str = NAME
    bundle_id: str = BUNDLE_ID
    team: str = ""

    def __post_init__(self) -> None:
        shown = self.name if len(self.name) <= LONGEST_NAME else f"{self.name[:20]}…"
        if not self.name or self.name != self.name.strip() or len(self.name) > LONGEST_NAME:
            raise OutputError(
                f"the app's name is {shown!r} with {len(self.name)} characters; expected 1 to {LONGEST_NAME}, "
                "without space around them"
            )
        found = [sign for sign in ("$", '"', "\\", "//", ";") if sign in self.name]
        found += [sign for sign in self.name if not sign.isprintable() and sign != _JOINER]
        if found:
            raise OutputError(
                f"the app's name is {shown!r}; Xcode's settings cannot hold {' '.join(map(repr, found))} in it. "
                "Choose a name without."
            )
        if self.bundle_id != BUNDLE_ID and (
            not _BUNDLE_ID.fullmatch(self.bundle_id) or len(self.bundle_id) > _LONGEST_BUNDLE_ID
        ):
            raise OutputError(
                f"the bundle identifier is {self.bundle_id!r}; expected words of letters, digits and hyphens with dots "
                "between them, such as org.example.reader"
            )
        if self.team and not _TEAM.fullmatch(self.team):
            raise OutputError(
                f"the team is {self.team!r}; expected ten capital letters and digits, as the membership page of an "
                "Apple account shows it. Without --team Xcode asks for it."
            )

    def to_text(self) -> str:
        """The text of `Settings.xcconfig`."""
        lines = (f"{key} = {value}".rstrip() for key, value in zip(_KEYS, self._values, strict=True))
        return _HEAD + "".join(f"{line}\n" for line in lines)

    @property
    def _values(self) -> tuple[str, str, str]:
        return self.name, self.bundle_id, self.team


def read_settings(path: Path) -> Settings:
    """The settings of a project. Raises OutputError where the file cannot be read or lacks one."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise OutputError(f"{path} cannot be read: {error}") from None
    values = dict(_pair(line) for line in lines if "=" in line and not line.lstrip().startswith("//"))
    missing = [key for key in _KEYS if key not in values]
    if missing:
        raise OutputError(f"{path} lacks {', '.join(missing)}")
    return Settings(*(values[key] for key in _KEYS))


def _pair(line: str) -> tuple[str, str]:
    key, _, value = line.partition("=")
    return key.strip(), value.strip()
