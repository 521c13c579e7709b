"""Digits a second of the recipes' exported ONNX files, beside a network of the ONNX model zoo's mnist-12 shape.

    python -m benchmarks.throughput [--seconds 1.0] [--zoo-seeds 3]

One thread of ONNX Runtime, one process. Every file answers batches of 1, 16 and 256 images, the files taking turns
in several rounds; the median round counts. The zoo's shape (Conv 8 5×5, pool 2, Conv 16 5×5, pool 3, Dense 10) is
trained here with our own loop, so its error is what that shape can do, not what an old file does.
The recipes' errors come from results/recipes.json; a file's speed does not depend on its weights, so the recipes are
trained for one epoch here.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.recipes import HERE, SUMMARY, conditions, spread
from inklens.data import Dataset, load_dataset
from inklens.evaluation.evaluate import evaluate
from inklens.exporting import export
from inklens.models.predictor import load_predictor
from inklens.training.networks import NETWORKS
from inklens.training.recipes import Recipe, get_recipe
from inklens.training.run import read_json, write_json
from inklens.training.train import train

RESULTS = HERE / "results" / "throughput.json"
BATCHES = (1, 16, 256)
ROUNDS = 7


def zoo(x: Any, make: Any) -> Any:
    """The shape of mnist-12, counting its 28×28 input and biases."""
    x = make.pool(make.conv(x, "conv1", 8, 5, activation="relu"))
    x = make.pool(make.conv(x, "conv2", 16, 5, activation="relu"), 3)
    return make.layers.Flatten()(x)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.0, help="measuring time of each file, batch and round")
    parser.add_argument("--zoo-seeds", type=int, default=3)
    arguments = parser.parse_args()
    measure(arguments.seconds, arguments.zoo_seeds)


def measure(seconds: float, zoo_seeds: int) -> None:
    """Train, export, time and write the results."""
    NETWORKS["zoo"] = zoo
    zoo_recipe = Recipe(
        name="zoo", description="mnist-12's shape", network="zoo", epochs=8, batch=128, learning_rate=5e-3
    )
    summary = read_json(SUMMARY)
    dataset = load_dataset()
    with tempfile.TemporaryDirectory() as place:
        files: dict[str, Path] = {}
        entries: dict[str, dict[str, Any]] = {}
        runs = [train(zoo_recipe, dataset, Path(place) / f"zoo{seed}", seed=seed) for seed in range(1, zoo_seeds + 1)]
        accuracies = [test_accuracy(run.path, dataset) for run in runs]
        files["zoo"] = Path(place) / "zoo.onnx"
        export(runs[0], files["zoo"], dataset=dataset)
        entries["zoo"] = {
            "accuracy": statistics.mean(accuracies),
            "spread": spread(accuracies),
            "seeds": zoo_seeds,
            "parameters": int(runs[0].metrics["parameters"]),
        }
        for name in ("tiny", "fast", "accurate"):
            run = train(replace(get_recipe(name), epochs=1), dataset, Path(place) / name)
            files[name] = Path(place) / f"{name}.onnx"
            export(run, files[name], dataset=dataset)
            entries[name] = {key: summary[name][key] for key in ("accuracy", "spread", "seeds", "parameters")}
        rates = time_files(files, dataset.test.images, seconds)
        for name, entry in entries.items():
            entry.update(bytes=files[name].stat().st_size, digits_a_second=rates[name])
    write_json(RESULTS, {"models": entries, **conditions()})


def test_accuracy(run: Path, dataset: Dataset) -> float:
    return float(evaluate(load_predictor(run), dataset.test).accuracy)


def time_files(files: dict[str, Path], images: np.ndarray, seconds: float) -> dict[str, dict[str, float]]:
    """Median digits a second over the rounds, by file and batch; one more round beforehand warms up."""
    sessions = {name: open_session(path) for name, path in files.items()}
    found: dict[tuple[str, int], list[float]] = {}
    for turn in range(ROUNDS + 1):
        for name, session in sessions.items():
            for batch in BATCHES:
                rate = time_session(session, images, batch, seconds)
                if turn:
                    found.setdefault((name, batch), []).append(rate)
    return {name: {str(batch): round(statistics.median(found[name, batch])) for batch in BATCHES} for name in sessions}


def open_session(path: Path) -> Any:
    """An ONNX Runtime session on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def time_session(session: Any, images: np.ndarray, batch: int, seconds: float) -> float:
    """Digits a second over about `seconds` of calls, each with the next `batch` images."""
    [feed] = session.get_inputs()
    parts = [images[start : start + batch] for start in range(0, len(images) - batch + 1, batch)]
    calls = 0
    started = time.perf_counter()
    while (passed := time.perf_counter() - started) < seconds:
        session.run(None, {feed.name: parts[calls % len(parts)]})
        calls += 1
    return calls * batch / passed


if __name__ == "__main__":
    main()
