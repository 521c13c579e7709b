"""Proportions: their confidence intervals, and how they are written."""

from __future__ import annotations

import math


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """95 % interval of a proportion, `right` of `n`, by Wilson's score method (JASA 22, 1927); within 0 and 1."""
    z = 1.959964
    share = right / n
    middle = share + z * z / (2 * n)
    reach = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


def percent(share: float, decimals: int = 2) -> str:
    """A proportion in per cent, rounded so that only all is 100 and only nothing is 0; – if NaN."""
    if math.isnan(share):
        return "–"
    units = 10 ** (2 + decimals)
    rounded = round(units * share)
    if 0 < share < 1:
        rounded = min(max(rounded, 1), units - 1)
    return f"{100 * rounded / units:.{decimals}f}"


def counted(number: int, noun: str) -> str:
    """A number and its noun, in the plural where there is not just one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def span(interval: tuple[float, float]) -> str:
    """An interval of proportions in per cent."""
    return f"{100 * interval[0]:.2f} to {100 * interval[1]:.2f}"
