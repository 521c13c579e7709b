"""The benchmarks' tables say what the lines say, and the page in the repository is the one that they make."""

import json
from dataclasses import replace

import pytest

from benchmarks import reading_evidence, readme, recipes
from inklens.training.evidence import Evidence
from inklens.training.recipes import RECIPES
from inklens.training.run import METRICS, MODEL, write_history, write_json, write_start


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


def write_run(folder, recipe, seed, accuracy=None):
    """A run's files as training leaves them; without an accuracy those of one that stopped."""
    folder.mkdir()
    write_start(folder, recipe, seed, {"name": "pages", "names": [], "fingerprint": ""})
    write_history(folder, [{"epoch": 1.0}])
    write_json(folder / "environment.json", {"machine": "m", "threads": 2, "python": "3"})
    if accuracy is not None:
        (folder / MODEL).write_bytes(b"")
        sizes = {"parameters": 100, "parameters_trained": 120}
        write_json(folder / METRICS, {"validation_accuracy": accuracy, "seconds": 10.0 * seed, **sizes})


def test_the_reader_s_evidence_is_that_of_all_finished_runs_of_today_s_recipes(tmp_path, monkeypatch):
    monkeypatch.setattr(reading_evidence, "RUNS", tmp_path)
    monkeypatch.setattr(reading_evidence, "EVIDENCE", tmp_path / "evidence.json")
    write_run(tmp_path / "locator-1", RECIPES["locator"], 1, 0.5)
    write_run(tmp_path / "locator-2", RECIPES["locator"], 2, 0.75)
    write_run(tmp_path / "locator-3", RECIPES["locator"], 3)
    write_run(tmp_path / "namer-1", replace(RECIPES["namer"], epochs=1), 1, 0.9)
    with pytest.raises(SystemExit) as caught:
        reading_evidence.main()
    name = tmp_path.name
    assert str(caught.value) == f"{name}/ has no finished run of today's recipe namer; `make reader` trains it."
    assert not (tmp_path / "evidence.json").exists()
    write_run(tmp_path / "namer-2", RECIPES["namer"], 2, 0.875)
    reading_evidence.main()
    found = json.loads((tmp_path / "evidence.json").read_text())
    assert list(found) == ["locator", "namer"]
    assert Evidence(**found["locator"]) == Evidence(
        seeds=2,
        accuracy=0.625,
        spread=pytest.approx(0.25 / 2**0.5),
        lowest=0.5,
        seconds=15.0,
        parameters=100,
        parameters_trained=120,
        machine="m, 2 threads",
        versions={"python": "3"},
        recipe=json.loads(json.dumps(RECIPES["locator"].to_json())),
        measured="of the digits on 1,000 rendered validation pages named where they are",
    )
    assert (found["namer"]["seeds"], found["namer"]["accuracy"], found["namer"]["spread"]) == (1, 0.875, 0.0)


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
