"""What the recipes reached when `make bench` measured them last, read from the file that it wrote."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Evidence:
    """A recipe's test accuracy and training time over several seeds.

    accuracy, spread, lowest: mean, sample standard deviation and minimum over the seeds, 0 to 1. seconds: mean from
    `load_dataset` to the last weights, imports excluded. parameters: of the network as it is kept.
    parameters_trained: with the normalisations' own. recipe: the recipe that was measured, as `Recipe.to_json`.
    """

    seeds: int
    accuracy: float
    spread: float
    lowest: float
    seconds: float
    parameters: int
    parameters_trained: int
    machine: str
    versions: dict[str, str]
    recipe: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.accuracy:.2%} ± {self.spread * 100:.2f}, {self.seeds} seeds, {self.seconds:.1f} s"


@cache
def load_evidence() -> dict[str, Evidence]:
    """The evidence by recipe name; a recipe that was never measured is not in it."""
    text = resources.files("inklens").joinpath("evidence.json").read_text(encoding="utf-8")
    return {name: Evidence(**values) for name, values in json.loads(text).items()}
