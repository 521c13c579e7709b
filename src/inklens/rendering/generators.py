"""Every generator of the renderer by name, and the choice of those that make a page."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from inklens.errors import DataError
from inklens.rendering.camera import CAMERA
from inklens.rendering.hands import SOURCES
from inklens.rendering.inks import HELD_OUT_INKS, INKS
from inklens.rendering.layout import LAYOUTS
from inklens.rendering.light import LIGHTS
from inklens.rendering.negatives import NEGATIVES
from inklens.rendering.papers import PAPERS, RULINGS, WEAR

GENERATORS: dict[str, tuple[str, ...]] = {
    "digit": SOURCES,
    "ink": tuple(INKS),
    "paper": tuple(PAPERS),
    "ruling": tuple(RULINGS),
    "wear": tuple(WEAR),
    "layout": tuple(LAYOUTS),
    "negative": tuple(NEGATIVES),
    "light": tuple(LIGHTS),
    "camera": tuple(CAMERA),
}
"""The names of all generators by kind. No two share a name, so a name alone says which is meant."""

HELD_OUT = frozenset(
    {
        *("cardboard", "newsprint", "napkin"),  # papers
        *HELD_OUT_INKS,
        "staves",  # a ruling
        "blinds",  # a light
        *("cyrillic", "kana", "music", "circuits", "structures"),  # negative families
    }
)
"""What no page shows unless `only` asks for it by name: kept from training, to test a reader on the unseen."""

_OPTIONAL = ("ruling", "wear", "negative", "light", "camera")  # kinds of which a page may have none
_CLEAN = ("rotation", "inverted")  # camera effects that are no dirt


@dataclass
class Chooser:
    """Chooses generators for a page and remembers them.

    `without`: names that may not be chosen. `only`: names to restrict their own kinds to. A kind that is restricted is
    always used. What is held out is chosen only where `only` names it. Raises DataError for a name that does not exist
    and for a kind of which nothing is left.
    """

    rng: np.random.Generator
    without: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    used: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = {name for names in GENERATORS.values() for name in names}
        unknown = sorted((self.without | self.only) - known)
        if unknown:
            raise DataError(
                f"no generator is called {', '.join(map(repr, unknown))}; there are "
                + "; ".join(f"{kind}: {', '.join(names)}" for kind, names in GENERATORS.items())
                + "."
            )
        for kind in GENERATORS:
            if kind not in _OPTIONAL and not self.allowed(kind):
                raise DataError(f"no {kind} is left to render with; there are {', '.join(GENERATORS[kind])}.")

    def restricted(self, kind: str) -> bool:
        """Whether `only` names a generator of this kind."""
        return any(name in self.only for name in GENERATORS[kind])

    def allowed(self, kind: str) -> tuple[str, ...]:
        """The generators of a kind that may be chosen."""
        names = [name for name in GENERATORS[kind] if name not in self.without]
        if self.restricted(kind):
            return tuple(name for name in names if name in self.only)
        return tuple(name for name in names if name not in HELD_OUT)

    def pick(self, kind: str, shares: dict[str, float]) -> str:
        """Choose one generator of a kind out of those in `shares` (by name, any sum) that are allowed."""
        names = [name for name in self.allowed(kind) if shares.get(name, 0) > 0]
        weights = np.array([shares[name] for name in names])
        name = names[int(self.rng.choice(len(names), p=weights / weights.sum()))]
        self.note(kind, name)
        return name

    def several(self, kind: str, chances: dict[str, float], factor: float = 1.0) -> list[str]:
        """Choose any number of a kind, each by its own chance times `factor`; all of them where `only` names some."""
        names = []
        for name in self.allowed(kind):
            chance = chances[name] * (1.0 if name in _CLEAN else factor)
            if self.rng.random() < chance or name in self.only:
                names.append(name)
                self.note(kind, name)
        return names

    def note(self, kind: str, name: str) -> None:
        """Remember that a generator had a hand in the page."""
        names = self.used.setdefault(kind, [])
        if name not in names:
            names.append(name)
