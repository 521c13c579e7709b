"""Our own handwriting: characters as pen strokes, read from `strokes.txt`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from inklens.errors import DataError
from inklens.rendering.glyphs import Glyph

SECTIONS = ("digits", "letters", "operators", "slashes", "brackets", "symbols")
HELD_OUT_SECTIONS = ("cyrillic", "kana", "music", "circuits")  # of signs that no training page shows
POINTS_PER_SPAN = 7  # points drawn from one control point to the next; 7 leaves no visible corner at 220 px


@dataclass(frozen=True)
class Skeleton:
    """One way to write a character.

    `controls` float32 [k, 2] are the points of all strokes, in heights of a digit, x right, y down, baseline 0;
    each of `curves` float32 [n, k] turns them into the points of a stroke.
    """

    character: str
    variant: str
    weight: float
    section: str
    controls: np.ndarray
    curves: tuple[np.ndarray, ...]

    def write(self, rng: np.random.Generator, *, wobble: float = 0.02) -> Glyph:
        """Write the character once; its control points wander by about `wobble` of a digit's height."""
        controls = self.controls + rng.normal(0, wobble, self.controls.shape).astype(np.float32)
        strokes = tuple(curve @ controls for curve in self.curves)
        return Glyph(strokes, tuple(np.ones(len(stroke), np.float32) for stroke in strokes))


@cache
def load_skeletons() -> dict[str, tuple[Skeleton, ...]]:
    """All ways to write each character that we drew. Raises DataError for a damaged `strokes.txt`."""
    return parse_skeletons(resources.files("inklens.rendering").joinpath("strokes.txt").read_text("utf-8"))


@cache
def load_held_out_skeletons() -> dict[str, tuple[Skeleton, ...]]:
    """Signs that no training page shows, by name, a section for each negative family. Errors as in `load_skeletons`.

    They have a file of their own: a hand draws by lot how it writes each sign of the other.
    """
    text = resources.files("inklens.rendering").joinpath("strokes-held-out.txt").read_text("utf-8")
    return parse_skeletons(text, HELD_OUT_SECTIONS)


def parse_skeletons(text: str, sections: tuple[str, ...] = SECTIONS) -> dict[str, tuple[Skeleton, ...]]:
    """Read the text of a stroke file with those sections; its first lines explain the format.

    Raises DataError with the line's number.
    """
    found: dict[str, list[Skeleton]] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("//"):
            continue
        if line.startswith("[") and line.endswith("]") and " " not in line:
            section = line[1:-1]
            if section not in sections:
                raise DataError(
                    f"strokes, line {number}: no section is called {section!r}; there are {', '.join(sections)}."
                )
            continue
        try:
            character, variant, weight, *tokens = line.split()
            controls, curves = _parse_strokes(tokens)
            skeleton = Skeleton(character, variant, float(weight), section, controls, curves)
        except ValueError:
            raise DataError(
                f"strokes, line {number}: expected a character, a variant, a weight and points, got {line!r}."
            ) from None
        found.setdefault(character, []).append(skeleton)
    return {character: tuple(ways) for character, ways in found.items()}


def _parse_strokes(tokens: list[str]) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    points: list[tuple[float, float]] = []
    strokes: list[list[list[int]]] = [[[]]]  # strokes of smooth pieces of indices into the points
    for token in tokens:
        if token == ";":
            strokes.append([[]])
        elif token == "/":
            strokes[-1].append([strokes[-1][-1][-1]])
        else:
            x, y = token.split(",")
            strokes[-1][-1].append(len(points))
            points.append((float(x) / 100, (float(y) - 100) / 100))
    controls = np.array(points, np.float32).reshape(-1, 2)
    curves = tuple(
        np.concatenate([_spline(controls, piece) for piece in stroke if len(piece) > 1]) for stroke in strokes
    )
    return controls, curves


def _spline(controls: np.ndarray, piece: list[int]) -> np.ndarray:
    """The matrix [n, k] of the centripetal Catmull-Rom curve (Yuksel et al. 2011) through some of the k controls."""
    total = len(controls)
    weights = np.zeros((len(piece) + 2, total))
    weights[range(1, len(piece) + 1), piece] = 1
    weights[0] = 2 * weights[1] - weights[2]
    weights[-1] = 2 * weights[-2] - weights[-3]
    path = weights @ controls
    knots = np.concatenate([[0], np.cumsum(np.sqrt(np.linalg.norm(np.diff(path, axis=0), axis=1)) + 1e-6)])
    rows = []
    for span in range(1, len(piece)):
        t0, t1, t2, t3 = knots[span - 1 : span + 3]
        times = np.linspace(t1, t2, POINTS_PER_SPAN, endpoint=span == len(piece) - 1)[:, None]
        p0, p1, p2, p3 = weights[span - 1 : span + 3]
        a1 = (t1 - times) / (t1 - t0) * p0 + (times - t0) / (t1 - t0) * p1
        a2 = (t2 - times) / (t2 - t1) * p1 + (times - t1) / (t2 - t1) * p2
        a3 = (t3 - times) / (t3 - t2) * p2 + (times - t2) / (t3 - t2) * p3
        b1 = (t2 - times) / (t2 - t0) * a1 + (times - t0) / (t2 - t0) * a2
        b2 = (t3 - times) / (t3 - t1) * a2 + (times - t1) / (t3 - t1) * a3
        rows.append((t2 - times) / (t2 - t1) * b1 + (times - t1) / (t2 - t1) * b2)
    return np.concatenate(rows).astype(np.float32)
