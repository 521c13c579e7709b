"""What people write: numbers, sums, dates, prices, words, as strings of characters that have a skeleton."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_WORDS = (
    "the", "a", "of", "in", "Name", "Note", "Test", "Datum", "Summe", "total", "item", "page", "and", "with", "for",
    "milk", "bread", "eggs", "tax", "net", "due", "paid", "left", "right", "km", "kg", "cm", "ml", "x", "y", "n",
    "k", "m", "f(x)", "sin", "cos", "log", "max", "min", "red", "blue", "tea", "rent", "hours", "rate", "week",
    "April", "May", "March", "Anna", "Tom", "Mika", "Haus", "Wert", "Preis", "Raum", "Tag", "heute", "und", "oder",
    "bitte", "next", "until", "from", "tank", "pump", "ok", "fail", "run", "set", "what", "when", "here",
)  # fmt: skip
_LETTERS = "ACEFHJKLMNPRTUVWXYacdefhkmnprtuvwx"


def digits(rng: np.random.Generator, low: int = 1, high: int = 4) -> str:
    """A number of `low` to `high` digits, each as likely as any other."""
    return "".join(map(str, rng.integers(0, 10, int(rng.integers(low, high + 1)))))


def _choose(rng: np.random.Generator, choices: str) -> str:
    return choices[int(rng.integers(len(choices)))]


def expression(rng: np.random.Generator) -> str:
    """An arithmetic expression with a space between its parts, with brackets now and then."""
    parts: list[str] = []
    depth = 0
    for index in range(int(rng.integers(2, 6))):
        if index:
            parts.append(_choose(rng, "+-×÷/=+-×·<>x:*"))
        if rng.random() < 0.22:
            parts.append(_choose(rng, "([{("))
            depth += 1
        parts.append(digits(rng, 1, 3) if rng.random() < 0.9 else _choose(rng, "xnyabπk"))
        if depth and rng.random() < 0.5:
            parts.append(_choose(rng, ")]})"))
            depth -= 1
    parts += [")"] * depth
    if rng.random() < 0.3:
        parts += ["=", digits(rng, 1, 3)]
    return (" " if rng.random() < 0.6 else "").join(parts)


def number(rng: np.random.Generator) -> str:
    """A bare number, signed or with a point now and then."""
    text = digits(rng, 1, 6)
    if rng.random() < 0.15:
        text = _choose(rng, "-+#±") + text
    if rng.random() < 0.15:
        text = f"{text}{_choose(rng, '.,')}{digits(rng, 1, 2)}"
    return text


def date(rng: np.random.Generator) -> str:
    """A date or a time of day."""
    mark = _choose(rng, "./-:")
    count = 3 if mark != ":" else 2
    return mark.join(digits(rng, 1 + (rng.random() < 0.6), 2) for _ in range(count))


def price(rng: np.random.Generator) -> str:
    """An amount with its unit."""
    unit = ("€", "$", "kg", "cm", "m", "°C", "%", "km", "h", "£", "x", "ml")[int(rng.integers(12))]
    amount = digits(rng, 1, 3) + (f"{_choose(rng, ',.')}{digits(rng, 2, 2)}" if rng.random() < 0.5 else "")
    return f"{unit}{amount}" if rng.random() < 0.3 else f"{amount} {unit}"


def phone(rng: np.random.Generator) -> str:
    """Groups of digits."""
    return _choose(rng, " - /").join(digits(rng, 2, 4) for _ in range(int(rng.integers(2, 4))))


def words(rng: np.random.Generator) -> str:
    """One to three words, or letters at random."""
    if rng.random() < 0.25:
        return "".join(_choose(rng, _LETTERS) for _ in range(int(rng.integers(1, 7))))
    return " ".join(_WORDS[int(rng.integers(len(_WORDS)))] for _ in range(int(rng.integers(1, 4))))


def note(rng: np.random.Generator) -> str:
    """A word with a number, as on a list."""
    parts = [words(rng), number(rng) if rng.random() < 0.6 else price(rng)]
    return (": " if rng.random() < 0.3 else " ").join(parts if rng.random() < 0.7 else parts[::-1])


def equation(rng: np.random.Generator) -> str:
    """A line of algebra."""
    names = "xyznkabαλθπ"
    parts = [f"{digits(rng, 1, 2)}{_choose(rng, names)}", _choose(rng, "+-="), digits(rng, 1, 2), "="]
    parts.append(_choose(rng, names) if rng.random() < 0.5 else digits(rng, 1, 3))
    return " ".join(parts)


TEXTS: tuple[tuple[Callable[[np.random.Generator], str], float], ...] = (
    (expression, 0.3),
    (number, 0.28),
    (date, 0.08),
    (price, 0.09),
    (phone, 0.07),
    (note, 0.1),
    (equation, 0.08),
)


def text(rng: np.random.Generator) -> str:
    """Any of the above with digits in it."""
    makers, shares = zip(*TEXTS, strict=True)
    return str(makers[int(rng.choice(len(makers), p=np.array(shares) / sum(shares)))](rng))


_SPECIALS = "+-×÷=<>≤≥≠≈±*:;.,!?()[]{}/\\/()→←↑↓⇒✓☆♡πΣ∫αγλμΔΩ∞人大小上下中山土木工#@&~^_√"


def marks(rng: np.random.Generator) -> str:
    """Signs and letters only: not one digit."""
    kind = rng.random()
    if kind < 0.45:
        return words(rng)
    joint = " " if kind < 0.8 else ""
    return joint.join(_choose(rng, _SPECIALS) for _ in range(int(rng.integers(1, 7))))
