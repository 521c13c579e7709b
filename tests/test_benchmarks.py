"""The benchmarks' tables say what the lines say, and the page in the repository is the one that they make."""

import json

import pytest

from benchmarks import readme, recipes
from inklens.recipes import RECIPES


def line(name, seed, accuracy, seconds):
    environment = {"machine": "m", "threads": 2, "python": "3", "keras": "3", "torch": "2", "numpy": "2"}
    recipe = RECIPES[name].to_json() if name in RECIPES else {}
    common = {"parameters": 100, "parameters_trained": 120, "recipe": recipe, "environment": environment}
    figures = {"accuracy": accuracy, "seconds": seconds, "validation_accuracy": 0.9, "load": 1.5}
    return {"name": name, "seed": seed, **figures, **common}


LINES = [line("fast", 1, 0.99, 2.0), line("fast", 2, 0.992, 4.0), line("tutorial", 1, 0.985, 60.0)]


@pytest.fixture
def results(tmp_path, monkeypatch):
    for name in ("LINES", "SUMMARY", "EVIDENCE"):
        monkeypatch.setattr(recipes, name, tmp_path / name)
    for entry in LINES:
        recipes.append_line(entry)
    return tmp_path


def test_lines_are_summed_up_over_their_seeds(results):
    recipes.summarise()
    summary = json.loads((results / "SUMMARY").read_text())
    assert list(summary) == ["tutorial", "fast"]
    fast = summary["fast"]
    assert (fast["seeds"], fast["lowest"], fast["seconds"], fast["seconds_median"]) == (2, 0.99, 3.0, 3.0)
    assert fast["accuracy"] == pytest.approx(0.991)
    assert fast["spread"] == pytest.approx(0.002 / 2**0.5)
    evidence = json.loads((results / "EVIDENCE").read_text())["fast"]
    assert evidence["machine"] == "m, 2 threads"
    assert evidence["recipe"] == json.loads(json.dumps(RECIPES["fast"].to_json()))


def test_what_is_there_already_is_not_trained_again(results, monkeypatch):
    trained = []

    def measure_recipe(recipe, seed):
        trained.append((recipe.name, seed))
        return {key: value for key, value in line(recipe.name, seed, 0.99, 3.0).items() if key not in ("name", "seed")}

    monkeypatch.setattr(recipes, "measure_recipe", measure_recipe)
    recipes.measure(["tutorial", "fast"], 3)
    assert trained == [("tutorial", 2), ("tutorial", 3), ("fast", 3)]
    assert len(recipes.read_lines()) == 6
    assert results.exists()


def test_lines_of_a_changed_recipe_do_not_count(results):
    stale = line("fast", 3, 0.999, 1.0)
    stale["recipe"] = {**stale["recipe"], "epochs": 9}
    recipes.append_line(stale)
    assert [entry["seed"] for entry in recipes.read_lines() if entry["name"] == "fast"] == [1, 2]
    assert results.exists()


def test_tables_show_means_spreads_and_ratios(results):
    recipes.summarise()
    summary = json.loads((results / "SUMMARY").read_text())
    assert readme.recipe_table(summary).splitlines()[2:] == [
        "| `tutorial` | 98.50% | 98.50% | 1 | 60.0 (60.0) | 1.5 | 100 (120) |",
        "| `fast` | 99.10% ± 0.14 | 99.00% | 2 | 3.0 (3.0) | 1.5 | 100 (120) |",
    ]
    assert readme.speedup(summary) == "`tutorial` takes 20.0 times as long as `fast` (medians)."


def test_the_advantage_compares_with_the_zoos_shape():
    models = {
        "zoo": {"accuracy": 0.988, "digits_a_second": {"1": 1000, "256": 3000}},
        "tiny": {"accuracy": 0.994, "digits_a_second": {"1": 2000, "256": 9000}},
    }
    assert readme.advantage(models) == (
        "- `tiny`: 0.50 times the error; 2.0 times the digits a second one by one, "
        "and 9.0 times when its digits come in batches and the zoo's one by one."
    )


def test_the_pages_are_made_of_the_results():
    assert readme.README.read_text(encoding="utf-8") == readme.render(), "run `python -m benchmarks.readme`"
    for page in readme.FRONT_PAGES:
        text = page.read_text(encoding="utf-8")
        assert text == readme.fill(text), "run `python -m benchmarks.readme`"
