"""Train and export the reader that the package ships: the locator, then the namer, which learns from what it finds.

    python tools/make_reader.py             what `make reader` does: seed 1, into src/inklens/reading/
    python tools/make_reader.py --seed 2    another seed's runs, for the spread of the figures; nothing is replaced

It may be stopped at any time and started again: rendered pages, finished epochs and finished runs are kept, in
runs/ and in the user's cache folder.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from rich.console import Console

from inklens.export import export, export_locator
from inklens.reading.calibrate import calibrate_locator, is_calibrated
from inklens.reading.reader import load_reader
from inklens.reading.threshold import choose_threshold
from inklens.recipes import RECIPES
from inklens.run import METRICS, RECIPE, Run, write_json
from inklens.terminal import progress_bar, training_bar
from inklens.train import load_lessons, train

ROOT = Path(__file__).parent.parent
LICENCE = "Apache-2.0; learnt from MNIST (CC BY-SA 3.0) and from strokes of inklens' own"
console = Console(stderr=True)


def make(seed: int, shipped: Path) -> None:
    """Train, export and choose the threshold; leaves the runs in runs/ and the packages in `shipped`."""
    start = time.perf_counter()
    options = {"weights": "float16", "licence": LICENCE, "version": str(seed)}
    locator = learn("locator", seed)
    print(locator)
    print(export_locator(locator, shipped / "locator.mlpackage", **options))
    namer = learn("namer", seed, shipped)
    print(namer)
    print(export(namer, shipped / "namer.mlpackage", **options))
    if not is_calibrated(locator.metrics):
        with progress_bar(console, "calibrate") as bar:
            calibration = calibrate_locator(load_reader(folder=shipped), progress=bar)
        print(calibration)
        write_json(locator.path / METRICS, {**locator.metrics, **calibration.to_metrics()})
        print(export_locator(locator.path, shipped / "locator.mlpackage", **options))
    with progress_bar(console, "threshold") as bar:
        threshold = choose_threshold(load_reader(folder=shipped), progress=bar)
    write_json(namer.path / METRICS, {**namer.metrics, "threshold": threshold})
    export(namer.path, shipped / "namer.mlpackage", **options)
    print(json.dumps({"threshold": threshold, "seconds": round(time.perf_counter() - start)}))


def learn(name: str, seed: int, shipped: Path | None = None) -> Run:
    """The finished run of a recipe, trained now, continued, or found."""
    folder = ROOT / "runs" / f"{name}-{seed}"
    if (folder / METRICS).exists():
        return Run.load(folder)
    with progress_bar(console, f"{name}: prepare") as bar:
        lessons = load_lessons(RECIPES[name], progress=bar, locator=shipped and shipped / "locator.mlpackage")
    with training_bar(console) as training:
        return train(RECIPES[name], lessons, folder, seed=seed, progress=training, resume=(folder / RECIPE).exists())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    make(seed, ROOT / "src/inklens/reading" if seed == 1 else ROOT / f"runs/reader-{seed}")


if __name__ == "__main__":
    main()
