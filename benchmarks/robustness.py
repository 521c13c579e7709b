"""How the recipes and the shipped namer read digits spoilt in ways that they never learnt from.

    python -m benchmarks.robustness                     3 seeds of fast, accurate and robust; the namer
    python -m benchmarks.robustness --only fast         a part
    python -m benchmarks.robustness --seeds 1           less

Each measured network is one line of results/robustness.jsonl, and one that is there already is not measured again;
the runs lie in build/robustness, and a training that was stopped goes on from its last epoch. The 15 corruptions of
MNIST-C spoil the test images; nothing is trained on them or chosen by them. Ends with results/robustness.json, the
means over the seeds.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any

from benchmarks.recipes import HERE, append_line, conditions, read_lines, spread
from inklens.backend import keras
from inklens.data import Dataset, load_dataset
from inklens.evaluation.robustness import evaluate_corruptions
from inklens.models.predictor import Predictor, load_predictor
from inklens.models.shipped import shipped_path
from inklens.training.recipes import get_recipe
from inklens.training.run import METRICS, RECIPE, write_json
from inklens.training.train import train

LINES = HERE / "results" / "robustness.jsonl"
RESULTS = HERE / "results" / "robustness.json"
RUNS = HERE.parent / "build" / "robustness"
NAMER = "namer"
NAMES = ("fast", "accurate", "robust", NAMER)
SEEDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    arguments = parser.parse_args()
    keras()
    measure(arguments.only, arguments.seeds)
    summarise()


def measure(names: list[str], seeds: int) -> None:
    """Measure what is not in the lines yet, one seed of each recipe after the other."""
    done = {(line["name"], line["seed"]) for line in read_lines(LINES, [NAMER])}
    dataset = load_dataset()
    for seed in range(1, seeds + 1):
        for name in names:
            if (name, seed) in done or (name == NAMER and seed > 1):
                continue
            recipe = {} if name == NAMER else {"recipe": get_recipe(name).to_json()}
            predictor = load_predictor(shipped_path(NAMER)) if name == NAMER else trained(name, seed, dataset)
            report = evaluate_corruptions(predictor, dataset.test, data=dataset.name, names=dataset.names)
            print(f"{name} seed {seed}: clean {report.clean.accuracy:.2%}, spoilt {report.mean:.2%}", flush=True)
            append_line({**report.to_json(), "name": name, "seed": seed, **recipe, **conditions()}, LINES)


def trained(name: str, seed: int, dataset: Dataset) -> Predictor:
    """A recipe's network, trained now if its run is not there."""
    folder = RUNS / f"{name}-{seed}"
    if not (folder / METRICS).is_file():
        train(get_recipe(name), dataset, folder, seed=seed, resume=(folder / RECIPE).is_file())
    return load_predictor(folder)


def summarise() -> None:
    """Write results/robustness.json: means over the seeds, and the spread of the two headline figures."""
    lines = read_lines(LINES, [NAMER])
    groups = {name: [line for line in lines if line["name"] == name] for name in NAMES}
    write_json(RESULTS, {name: summarise_lines(group) for name, group in groups.items() if group})


def summarise_lines(lines: list[dict[str, Any]]) -> dict[str, Any]:
    def column(key: str) -> list[float]:
        return [line[key] for line in lines]

    def means(key: str) -> dict[str, float]:
        return {name: round(statistics.mean(line[key][name] for line in lines), 6) for name in lines[0][key]}

    return {
        "seeds": len(lines),
        "n": lines[0]["n"],
        "accuracy": statistics.mean(column("accuracy")),
        "accuracy_spread": spread(column("accuracy")),
        "mean_corrupted": statistics.mean(column("mean_corrupted")),
        "mean_corrupted_spread": spread(column("mean_corrupted")),
        "corruptions": means("corruptions"),
        "corruptions_ece": means("corruptions_ece"),
        "environment": lines[0]["environment"],
    }


if __name__ == "__main__":
    main()
