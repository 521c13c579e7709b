"""Train and export the reader that the package ships: the locator, then the namer, which learns from what it finds.

    python -m inklens.reader_training.make             what `make reader` does: seed 1, into the package itself
    python -m inklens.reader_training.make --seed 2    another seed, for the spread of the figures; nothing is replaced

It may be stopped at any time and started again: rendered pages, finished epochs and finished runs are kept, in
runs/ of the folder where it is started and in the user's cache folder.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from inklens.exporting import export, export_locator
from inklens.exporting.calibration import is_calibrated
from inklens.models.shipped import FOLDER
from inklens.reader_training.calibrate import calibrate_locator
from inklens.reader_training.lessons import load_lessons
from inklens.reader_training.threshold import choose_threshold
from inklens.reading.reader import load_reader
from inklens.terminal import progress_bar, training_bar
from inklens.training.recipes import LOCATOR, get_recipe
from inklens.training.run import METRICS, RECIPE, Run, write_json
from inklens.training.train import train

RUNS = Path("runs")
SHIPPED_SEED = 1  # chosen before any was measured
LICENCE = "Apache-2.0; learnt from MNIST (CC BY-SA 3.0) and from strokes of inklens' own"
console = Console(stderr=True)


def make_reader(seed: int, folder: Path, runs: Path = RUNS) -> float:
    """Train, calibrate and export both networks and choose the threshold, which is returned.

    The runs stay in `runs`, the packages in `folder`. Takes hours on two cores where nothing is kept from before.
    """
    locator = learn("locator", seed, runs)
    print(locator)
    export_network(locator, folder)
    namer = learn("namer", seed, runs, folder / "locator.mlpackage")
    print(namer)
    export_network(namer, folder)
    if not is_calibrated(locator.metrics):
        with progress_bar(console, "calibrate") as bar:
            calibration = calibrate_locator(load_reader(folder=folder), progress=bar)
        print(calibration)
        write_json(locator.path / METRICS, {**locator.metrics, **calibration.to_metrics()})
        export_network(Run.load(locator.path), folder)
    with progress_bar(console, "threshold") as bar:
        threshold = choose_threshold(load_reader(folder=folder), progress=bar)
    write_json(namer.path / METRICS, {**namer.metrics, "threshold": threshold})
    export_network(Run.load(namer.path), folder)
    return threshold


def learn(name: str, seed: int, runs: Path, locator: Path | None = None) -> Run:
    """The finished run of a recipe, trained now, continued, or found in `runs`; `locator` finds the namer's marks."""
    recipe, folder = get_recipe(name), runs / f"{name}-{seed}"
    if (folder / METRICS).exists():
        return Run.load(folder)
    with progress_bar(console, f"{name}: prepare") as bar:
        lessons = load_lessons(recipe, progress=bar, locator=locator)
    with training_bar(console) as training:
        return train(recipe, lessons, folder, seed=seed, progress=training, resume=(folder / RECIPE).exists())


def export_network(run: Run, folder: Path) -> None:
    """Export a run of the locator or the namer under its recipe's name into `folder`, and print how well it agrees."""
    write = export_locator if run.recipe.network == LOCATOR else export
    path = folder / f"{run.recipe.name}.mlpackage"
    print(write(run, path, licence=LICENCE, version=str(run.seed), weights="float16"))


def packages_folder(seed: int, runs: Path = RUNS) -> Path:
    """Where a seed's model files go: the shipped seed's into the package, another's beside its runs."""
    return FOLDER if seed == SHIPPED_SEED else runs / f"reader-{seed}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the reader of one seed; the last line is JSON with its threshold and the seconds that it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=SHIPPED_SEED)
    seed = parser.parse_args(arguments).seed
    start = time.perf_counter()
    threshold = make_reader(seed, packages_folder(seed))
    print(json.dumps({"threshold": threshold, "seconds": round(time.perf_counter() - start)}))


if __name__ == "__main__":
    main()
