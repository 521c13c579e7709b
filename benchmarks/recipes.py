"""Train every recipe with several seeds and what others do beside them; the evidence of the recipes comes from here.

    python -m benchmarks.recipes                        10 seeds of fast, 1 of others' ways, 5 of the other recipes
    python -m benchmarks.recipes --only fast --seeds 3  a part
    python -m benchmarks.recipes --summary              no training: write the summaries of what is there

Each finished training is one line of results/recipes.jsonl, and one that is there already is not trained again, so a
stopped measurement goes on where it was. `tutorial` and `fast` take turns, seed by seed, so that whatever else the
machine does meets both. The test images are only counted at the end of a training; nothing is chosen by them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Collection
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks import keras_fit, pytorch_example
from inklens.backend import import_torch, keras
from inklens.data import load_dataset
from inklens.training.recipes import DIGIT_RECIPES, RECIPES, Recipe, get_recipe
from inklens.training.run import describe_environment, write_json
from inklens.training.threads import Workers, cores
from inklens.training.train import train

HERE = Path(__file__).parent
LINES = HERE / "results" / "recipes.jsonl"
SUMMARY = HERE / "results" / "recipes.json"
EVIDENCE = HERE.parent / "src" / "inklens" / "training" / "evidence.json"
OTHERS: dict[str, ModuleType] = {"keras-fit": keras_fit, "pytorch-example": pytorch_example}
SEEDS = {"fast": 10, **dict.fromkeys(OTHERS, 1)}
OTHER_SEEDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=[*DIGIT_RECIPES, *OTHERS], default=[*DIGIT_RECIPES, *OTHERS])
    parser.add_argument("--seeds", type=int, help="seeds of each, where not the usual number")
    parser.add_argument("--summary", action="store_true", help="train nothing")
    arguments = parser.parse_args()
    if not arguments.summary:
        measure(arguments.only, arguments.seeds)
    summarise()


def measure(names: list[str], seeds: int | None) -> None:
    """Train what is not in the lines yet, one seed of each name after the other."""
    keras()
    counts = {name: seeds or SEEDS.get(name, OTHER_SEEDS) for name in names}
    done = {(line["name"], line["seed"]) for line in read_lines()}
    for seed in range(1, max(counts.values()) + 1):
        for name in names:
            if seed <= counts[name] and (name, seed) not in done:
                line = measure_other(OTHERS[name], seed) if name in OTHERS else measure_recipe(get_recipe(name), seed)
                print(f"{name} seed {seed}: {line['accuracy']:.2%}, {line['seconds']:.1f} s", flush=True)
                append_line({"name": name, "seed": seed, **line})


def measure_recipe(recipe: Recipe, seed: int) -> dict[str, Any]:
    """One training from `load_dataset` on, and how many test images it then reads rightly."""
    from inklens.training.torch_twin import Mirror

    started = time.perf_counter()
    dataset = load_dataset()
    loading = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as place:
        run = train(recipe, dataset, Path(place) / "run", seed=seed)
        whole = time.perf_counter() - started
        network = run.model()
    with Workers() as workers:
        from inklens.training.trainer import predict

        answers = predict(Mirror(network), dataset.test.images, workers).argmax(axis=1)
    return {
        "accuracy": float((answers == dataset.test.labels).mean()),
        "validation_accuracy": run.metrics["validation_accuracy"],
        "validation_ece": run.metrics["validation_ece"],
        "seconds": round(loading + run.metrics["seconds"], 3),
        "whole_seconds": round(whole, 3),
        "parameters": int(run.metrics["parameters"]),
        "parameters_trained": int(run.metrics["parameters_trained"]),
        "recipe": recipe.to_json(),
        **conditions(),
    }


def measure_other(way: ModuleType, seed: int) -> dict[str, Any]:
    """One training in another way, on torch's own threads."""
    started = time.perf_counter()
    dataset = load_dataset()
    loading = time.perf_counter() - started
    import_torch().set_num_threads(cores())
    network, seconds = way.train(dataset, seed, progress=lambda text: print(text, flush=True))
    parameters = way.parameters(network)
    return {
        "accuracy": way.accuracy(network, dataset.test),
        "validation_accuracy": way.accuracy(network, dataset.validation),
        "seconds": round(loading + seconds, 3),
        "parameters": parameters,
        "parameters_trained": parameters,
        "recipe": {"epochs": way.EPOCHS, "batch": way.BATCH},
        **conditions(),
    }


def conditions() -> dict[str, Any]:
    """Machine, threads and versions, and what else kept the machine busy at the end of the measurement."""
    return {"environment": describe_environment(cores()), "load": round(os.getloadavg()[0], 1)}


def read_lines(path: Path | None = None, others: Collection[str] = OTHERS) -> list[dict[str, Any]]:
    """The lines of a file, LINES if none is given, measured with the recipes as they stand, and those of `others`."""
    path = path or LINES
    if not path.exists():
        return []
    lines = [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["name"] in others or is_current(line)]


def is_current(line: dict[str, Any]) -> bool:
    name = line["name"]
    return name in RECIPES and Recipe.from_json(line["recipe"]) == RECIPES[name]


def append_line(line: dict[str, Any], path: Path | None = None) -> None:
    path = path or LINES
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def summarise() -> None:
    """Write results/recipes.json, and the package's evidence from the same figures."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for line in read_lines():
        groups.setdefault(line["name"], []).append(line)
    order = [name for name in [*RECIPES, *OTHERS] if name in groups]
    summary = {name: summarise_lines(groups[name]) for name in order}
    write_json(SUMMARY, summary)
    write_json(EVIDENCE, {name: evidence(values) for name, values in summary.items() if name in RECIPES})


def summarise_lines(lines: list[dict[str, Any]]) -> dict[str, Any]:
    accuracies = [line["accuracy"] for line in lines]
    seconds = [line["seconds"] for line in lines]
    first = lines[0]
    return {
        "seeds": len(lines),
        "accuracy": statistics.mean(accuracies),
        "spread": spread(accuracies),
        "lowest": min(accuracies),
        "validation_accuracy": statistics.mean(line["validation_accuracy"] for line in lines),
        "seconds": statistics.mean(seconds),
        "seconds_median": statistics.median(seconds),
        "seconds_spread": spread(seconds),
        "load": statistics.median(line["load"] for line in lines),
        "parameters": first["parameters"],
        "parameters_trained": first["parameters_trained"],
        "environment": first["environment"],
        "inklens": metadata.version("inklens"),
        "recipe": first["recipe"],
    }


def spread(values: list[float]) -> float:
    """Sample standard deviation; 0 for a single value."""
    return statistics.stdev(values) if len(values) > 1 else 0.0


def evidence(summary: dict[str, Any]) -> dict[str, Any]:
    """The fields of `inklens.training.evidence.Evidence`."""
    same = ("seeds", "accuracy", "spread", "lowest", "seconds", "parameters", "parameters_trained", "recipe")
    environment = dict(summary["environment"])
    machine, threads = environment.pop("machine"), environment.pop("threads")
    return {
        **{name: summary[name] for name in same},
        "machine": f"{machine}, {threads} threads",
        "versions": environment,
    }


if __name__ == "__main__":
    main()
