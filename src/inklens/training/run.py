"""A training run on disk.

    recipe.json       the recipe, the seed and the data: what decides the weights
    environment.json  machine, threads and versions
    history.csv       one row an epoch
    curves.png        the history as a picture
    checkpoint.pt     weights, optimiser and averages after the last whole epoch; gone when the run is finished
    model.keras       the finished network, temperature folded in
    metrics.json      what it reached on the validation images; written last, so that its presence means finished

Every file is written beside its place and renamed, so each is whole or absent.
"""

from __future__ import annotations

import csv
import io
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from inklens.backend import keras
from inklens.errors import RunError
from inklens.training.recipes import Recipe
from inklens.training.threads import cores
from inklens.writing import write_whole

RECIPE, ENVIRONMENT, HISTORY, CURVES, CHECKPOINT, MODEL, METRICS = (
    "recipe.json",
    "environment.json",
    "history.csv",
    "curves.png",
    "checkpoint.pt",
    "model.keras",
    "metrics.json",
)
FORMAT = 1
VERSIONS = ("inklens", "keras", "torch", "numpy")


@dataclass(frozen=True)
class Run:
    """A finished training run; see the module for the files of its folder.

    >>> import inklens
    >>> run = inklens.Run.load("runs/fast")
    >>> run.recipe.name, run.seed, len(run.history)
    ('fast', 1, 1)
    """

    path: Path
    recipe: Recipe
    seed: int
    dataset: dict[str, Any]  # name, names (labels), fingerprint
    history: list[dict[str, float]]
    metrics: dict[str, float]
    environment: dict[str, Any]

    @classmethod
    def load(cls, path: str | Path) -> Run:
        """Read a finished run. Raises RunError for a folder that is missing, unfinished, foreign or damaged."""
        folder = Path(path)
        start = read_start(folder)
        history = read_history(folder)
        if not (folder / METRICS).exists():
            raise RunError(
                f"the run in {folder} stopped after {len(history)} of {start['recipe'].epochs} epochs; "
                "continue it with --resume (resume=True)."
            )
        if not (folder / MODEL).is_file():
            raise RunError(f"the run in {folder} has no {MODEL}; train it again.")
        return cls(
            path=folder,
            history=history,
            metrics=read_json(folder / METRICS),
            environment=read_json(folder / ENVIRONMENT),
            **start,
        )

    def __repr__(self) -> str:
        accuracy = f"validation accuracy {self.metrics['validation_accuracy']:.2%}"
        return f"<Run {self.path}: {self.recipe.name}, seed {self.seed}, {accuracy}>"

    def __str__(self) -> str:
        """One line: where it is, what was trained, and how it does on the validation images."""
        metrics, epochs = self.metrics, self.recipe.epochs
        calibration = f", calibration error {metrics['validation_ece']:.4f}" if "validation_ece" in metrics else ""
        return (
            f"{self.path}: {self.recipe.name}, seed {self.seed}, {epochs} epoch{'s' if epochs > 1 else ''} in "
            f"{metrics['seconds']:.1f} s; validation accuracy {metrics['validation_accuracy']:.2%}, "
            f"loss {metrics['validation_loss']:.4f}{calibration}"
        )

    @property
    def temperature(self) -> float:
        """What the logits were divided by to make the probabilities honest; it is inside the model already."""
        return self.metrics["temperature"]

    def model(self) -> Any:
        """The keras.Model: images float32 [n, 28, 28, 1], pixels 0–255, to probabilities float32 [n, classes].

        Raises RunError if the file is damaged.
        """
        models = keras().models
        try:
            return models.load_model(self.path / MODEL, compile=False)
        except Exception as error:  # Keras raises whatever its zip, JSON and HDF5 readers do
            raise RunError(f"{self.path / MODEL} is damaged ({error}); train the run again.") from error


def read_start(folder: Path) -> dict[str, Any]:
    """What decided the run in `folder`: recipe, seed and dataset. Raises RunError if there is none."""
    if not folder.exists():
        raise RunError(f"no run at {folder}; `inklens train --out {folder}` makes one.")
    if not (folder / RECIPE).is_file():
        raise RunError(f"{folder} is not a run: it has no {RECIPE}.")
    values = read_json(folder / RECIPE)
    if values.get("format") != FORMAT:
        raise RunError(f"{folder} is a run of format {values.get('format')}; this inklens reads format {FORMAT}.")
    try:
        return {
            "recipe": Recipe.from_json(values["recipe"]),
            "seed": int(values["seed"]),
            "dataset": dict(values["dataset"]),
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(f"{folder / RECIPE} is damaged ({error!r}); train the run again.") from error


def write_start(folder: Path, recipe: Recipe, seed: int, dataset: Mapping[str, Any]) -> None:
    """Write what decides a run, as `read_start` reads it."""
    values = {"format": FORMAT, "recipe": recipe.to_json(), "seed": seed, "dataset": dict(dataset)}
    write_json(folder / RECIPE, values)


def read_history(folder: Path) -> list[dict[str, float]]:
    """One row an epoch; empty before the first has ended."""
    path = folder / HISTORY
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    except (ValueError, TypeError, csv.Error) as error:
        raise RunError(f"{path} is damaged ({error}); train the run again.") from error


def write_history(folder: Path, rows: Sequence[Mapping[str, float]]) -> None:
    """Write the rows that `read_history` reads."""

    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(folder / HISTORY, lambda part: part.write_text(text.getvalue(), encoding="utf-8"))


def describe_environment(threads: int) -> dict[str, Any]:
    """The machine and the versions that a run's weights and seconds depend on."""
    return {
        "machine": describe_machine(),
        "threads": threads,
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in VERSIONS},
    }


def describe_machine() -> str:
    """System, architecture, cores and the processor's own name where the system tells it."""
    return f"{platform.system()} {platform.machine()}, {cores()} cores, {_processor()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "processor unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "processor unknown"


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write an indented JSON object, whole or not at all."""
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a run's file. Raises RunError if it is missing or damaged."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RunError(f"the run in {path.parent} has no {path.name}; train it again.") from error
    except (OSError, ValueError) as error:
        raise RunError(f"{path} is damaged ({error}); train the run again.") from error
    if not isinstance(values, dict):
        raise RunError(f"{path} is damaged: it holds no JSON object; train the run again.")
    return values
