"""What the reader's networks reached, from the runs that `make reader` left: `python -m benchmarks.reading_evidence`.

No training and no measuring: the figures of runs/locator-SEED and runs/namer-SEED, of which there may be several, on
the thousand rendered validation pages that they were not trained on. Writes the evidence that `inklens recipes` shows.
Runs of another recipe than today's, and unfinished ones, do not count. How well the whole reader reads is measured by
`benchmarks.reading`.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import Any

from benchmarks.recipes import HERE, evidence, spread
from inklens.training.recipes import RECIPES
from inklens.training.run import METRICS, Run, write_json

RUNS = HERE.parent / "runs"
EVIDENCE = HERE.parent / "src" / "inklens" / "training" / "reader_evidence.json"
MEASURED = {
    "locator": "of the digits on 1,000 rendered validation pages named where they are",
    "namer": "of the marks of 1,000 rendered validation pages named, or rightly said to be none",
}


def main() -> None:
    found = {name: finished(name, RUNS) for name in MEASURED}
    missing = [name for name, runs in found.items() if not runs]
    if missing:
        sys.exit(f"{RUNS.name}/ has no finished run of today's recipe {', '.join(missing)}; `make reader` trains it.")
    write_json(EVIDENCE, {name: summarise(name, runs) for name, runs in found.items()})


def finished(name: str, folder: Path) -> list[Run]:
    """The finished runs of a recipe as it stands, by seed."""
    paths = [path for path in folder.glob(f"{name}-*") if (path / METRICS).exists()]
    runs = [Run.load(path) for path in paths]
    return sorted((run for run in runs if run.recipe == RECIPES[name]), key=lambda run: run.seed)


def summarise(name: str, runs: list[Run]) -> dict[str, Any]:
    """The fields of `inklens.training.evidence.Evidence`, over the seeds."""
    accuracies = [run.metrics["validation_accuracy"] for run in runs]
    first = runs[0]
    summary = {
        "seeds": len(runs),
        "accuracy": statistics.mean(accuracies),
        "spread": spread(accuracies),
        "lowest": min(accuracies),
        "seconds": statistics.mean(run.metrics["seconds"] for run in runs),
        "parameters": int(first.metrics["parameters"]),
        "parameters_trained": int(first.metrics["parameters_trained"]),
        "environment": first.environment,
        "recipe": first.recipe.to_json(),
    }
    return {"measured": MEASURED[name], **evidence(summary)}


if __name__ == "__main__":
    main()
