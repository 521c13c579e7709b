"""What the recipes reached when they were measured last, read from the files that `make bench` wrote for the recipes of
digits and `make reader` for those of the reader."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Evidence:
    """A recipe's accuracy and training time over one or more seeds.

    accuracy, spread, lowest: mean, sample standard deviation and minimum over the seeds, 0 to 1. seconds: mean from
    `load_dataset` to the last weights, imports excluded. parameters: of the network as it is kept.
    parameters_trained: with the normalisations' own. recipe: the recipe that was measured, as `Recipe.to_json`.
    measured: of what accuracy is the share, in words; empty for that of MNIST's test images.
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
    measured: str = ""

    def __str__(self) -> str:
        spread, seeds = (f" ± {self.spread * 100:.2f}", "seeds") if self.seeds > 1 else ("", "seed")
        measured = f" {self.measured}" if self.measured else ""
        return f"{self.accuracy:.2%}{spread}{measured}, {self.seeds} {seeds}, {self.seconds:.1f} s"


@cache
def load_evidence() -> dict[str, Evidence]:
    """The evidence by recipe name; a recipe that was never measured is not in it."""
    files = [resources.files("inklens.training").joinpath(name) for name in ("evidence.json", "reader_evidence.json")]
    found = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return {name: Evidence(**values) for part in found for name, values in part.items()}
