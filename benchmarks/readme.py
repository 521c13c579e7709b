"""Writes benchmarks/README.md and the recipes' table of the project's README from the JSON in results/.

No figure in them is typed by hand.

python -m benchmarks.readme
"""

from __future__ import annotations

from typing import Any

from benchmarks.coreml_runtime import RESULTS as RUNTIME
from benchmarks.reader_seeds import RESULTS as SEEDS
from benchmarks.reader_seeds import seeds_table
from benchmarks.reading_table import RESULTS as READING
from benchmarks.reading_table import front_table, reading_tables
from benchmarks.recipes import HERE, SUMMARY
from benchmarks.robustness import RESULTS as ROBUSTNESS
from benchmarks.steady_table import RESULTS as STEADY
from benchmarks.steady_table import steady_table
from benchmarks.throughput import RESULTS as THROUGHPUT
from benchmarks.web import RESULTS as WEB
from inklens.training.run import read_json

README = HERE / "README.md"
TITLES = {
    "keras-fit": "the tutorial by Keras' own `fit`",
    "pytorch-example": "PyTorch examples/mnist, plain torch",
    "zoo": "ONNX model zoo mnist-12's shape",
}
MISSING = "Not measured yet."
FRONT_PAGES = (HERE.parent / "README.md", HERE.parent / "README.zh-CN.md")
MARKS = ("<!-- recipes -->", "<!-- end of recipes -->")
READING_PAGE = HERE.parent / "docs" / "reading.md"
READING_MARKS = ("<!-- reading -->", "<!-- end of reading -->")
TEXT = """# Benchmarks

`make bench` measures everything here and writes this page; each part can be run alone. Recipes, epochs and settings
were chosen on validation images; the last epoch counts. Accuracy is that of the 10,000 test images: mean ± standard
deviation over the seeds. Seconds run from `load_dataset` to the last weights, imports excluded (the writing of files
and all validations but the last, which the temperature is fitted on, are left out for every recipe).

## Recipes

`python -m benchmarks.recipes` → [results/recipes.jsonl](results/recipes.jsonl), one line a training, and
[results/recipes.json](results/recipes.json).

{recipes}

{speedup}

Parameters are those of the kept network; the normalisations that training adds are counted in brackets. Load is how
many programs wanted the machine's cores (one-minute average, median of the trainings): above their number, the seconds
are too high.
{conditions}

## Digits a second

`python -m benchmarks.throughput` → [results/throughput.json](results/throughput.json): the exported ONNX files on one
thread of ONNX Runtime.

{throughput}

{advantage}

## Core ML files without a Mac

`python -m benchmarks.coreml_runtime` → [results/coreml_runtime.json](results/coreml_runtime.json): our runtime beside
ONNX Runtime on the tutorial's network, 158,086 parameters.

{runtime}

## Reading pages

`python -m benchmarks.reading [DIR]` → [results/reading.json](results/reading.json): the shipped reader beside other
networks in the namer's place, and beside readers without a locator.

{reading}

### Other seeds

`python -m benchmarks.reader_seeds [DIR]` → [results/reader_seeds.json](results/reader_seeds.json): the shipped recipe
trained again; `make reader` ships seed 1, which was chosen before any was measured.

{seeds}

## Steady labels

`python -m benchmarks.steady` → [results/steady-reader.json](results/steady-reader.json): rendered videos of 15 frames a
second, read by the shipped reader frame by frame. `changes` are of what is shown of a digit in view; `wrong` is the
share of the time in which another label is shown.

{steady}

The same with the marks of a model of a reader's faults (5 to 10 % missed, 3 % mistaken for another digit, a false mark
in every tenth frame) → [results/steady.json](results/steady.json):

{noise}

## The live page

`python -m benchmarks.web` → [results/web.json](results/web.json): headless Chromium, one worker thread, a camera of
640 × 480 pixels with twelve digits before it.

{web}

## Spoilt digits

`python -m benchmarks.robustness` → [results/robustness.json](results/robustness.json): the 10,000 test images spoilt in
the 15 ways of MNIST-C (arXiv 1906.02337), made again from their published parameters. Nothing was trained on them or
chosen by them. `robust` learns from images disturbed in other, generic ways (`training/disturb.py`: random filters,
tones, light, edges, strokes, blur, noise); some of these are relatives of the fifteen. The target is 95 % on average.

{robustness}
"""


def main() -> None:
    README.write_text(render(), encoding="utf-8")
    for page in FRONT_PAGES:
        page.write_text(fill(page.read_text(encoding="utf-8")), encoding="utf-8")
    READING_PAGE.write_text(fill_reading(READING_PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def fill(page: str) -> str:
    """A front page with the table of the recipes between its two marks."""
    return put_between(page, MARKS, recipe_table(read_json(SUMMARY)) if SUMMARY.exists() else MISSING)


def fill_reading(page: str) -> str:
    """The page about reading with the reader's figures between its two marks."""
    return put_between(page, READING_MARKS, front_table(read_json(READING)) if READING.exists() else MISSING)


def put_between(page: str, marks: tuple[str, str], text: str) -> str:
    """A page with a text between two marks."""
    before, _, rest = page.partition(marks[0])
    return f"{before}{marks[0]}\n\n{text}\n\n{marks[1]}{rest.partition(marks[1])[2]}"


def render() -> str:
    """The whole page."""
    summary = read_json(SUMMARY) if SUMMARY.exists() else {}
    models = read_json(THROUGHPUT)["models"] if THROUGHPUT.exists() else {}
    return TEXT.format(
        recipes=recipe_table(summary) if summary else MISSING,
        speedup=speedup(summary),
        conditions=conditions(next(iter(summary.values()))["environment"]) if summary else "",
        throughput=throughput_table(models) if models else MISSING,
        advantage=advantage(models) if models else "",
        runtime=runtime_table(read_json(RUNTIME)) if RUNTIME.exists() else MISSING,
        reading=reading_tables(read_json(READING)) if READING.exists() else MISSING,
        seeds=seeds_table(read_json(SEEDS)) if SEEDS.exists() else MISSING,
        steady=steady_table(read_json(STEADY["reader"])) if STEADY["reader"].exists() else MISSING,
        noise=steady_table(read_json(STEADY["noise"])) if STEADY["noise"].exists() else MISSING,
        web=web_table(read_json(WEB)) if WEB.exists() else MISSING,
        robustness=robustness_table(read_json(ROBUSTNESS)) if ROBUSTNESS.exists() else MISSING,
    )


def recipe_table(summary: dict[str, Any]) -> str:
    rows = [
        "| recipe | test accuracy | lowest | seeds | seconds (median) | load | parameters |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, entry in summary.items():
        trained = entry["parameters_trained"]
        more = f" ({trained:,})" if trained != entry["parameters"] else ""
        seconds = f"{entry['seconds']:.1f} ({entry['seconds_median']:.1f})"
        rows.append(
            f"| {TITLES.get(name, f'`{name}`')} | {accuracy(entry)} | {entry['lowest']:.2%} | {entry['seeds']} | "
            f"{seconds} | {entry['load']:.1f} | {entry['parameters']:,}{more} |"
        )
    return "\n".join(rows)


def accuracy(entry: dict[str, Any]) -> str:
    around = f" ± {entry['spread'] * 100:.2f}" if entry["seeds"] > 1 else ""
    return f"{entry['accuracy']:.2%}{around}"


def speedup(summary: dict[str, Any]) -> str:
    """How many times `fast`'s seconds the others take, by medians; nothing where one of them is missing."""
    sentences = []
    subjects = {
        "tutorial": "`tutorial`",
        "keras-fit": "The tutorial by Keras' own `fit`",
        "pytorch-example": "PyTorch's example",
    }
    for name, subject in subjects.items():
        if {name, "fast"} <= set(summary):
            ratio = summary[name]["seconds_median"] / summary["fast"]["seconds_median"]
            sentences.append(f"{subject} takes {ratio:.1f} times as long as `fast` (medians).")
    return " ".join(sentences)


def conditions(environment: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {environment[name]}" for name in ("python", "keras", "torch", "numpy"))
    return f"Measured on {environment['machine']}, {environment['threads']} threads; {versions}."


def throughput_table(models: dict[str, Any]) -> str:
    batches = list(models["zoo"]["digits_a_second"])
    rows = [
        f"| network | test error | parameters | bytes | {' | '.join(f'batch {batch}' for batch in batches)} |",
        f"| --- | --- | --- | --- |{' --- |' * len(batches)}",
    ]
    for name, entry in models.items():
        rates = " | ".join(f"{entry['digits_a_second'][batch]:,}" for batch in batches)
        rows.append(
            f"| {TITLES.get(name, f'`{name}`')} | {1 - entry['accuracy']:.2%} | {entry['parameters']:,} | "
            f"{entry['bytes']:,} | {rates} |"
        )
    return "\n".join(rows)


def runtime_table(figures: dict[str, Any]) -> str:
    """What the Core ML runtime was asked, what it reached, and on which machine."""
    ratio, load, imports = (between(figures, name) for name in ("ratio", "load_seconds", "import_seconds"))
    busy = f", load {figures['load']} when it began" if "load" in figures else ""
    return "\n".join(
        [
            "| measured | result | target |",
            "| --- | --- | --- |",
            f"| images a second, batches of {figures['batch']} | {figures['images_per_second']:,} | |",
            f"| ONNX Runtime itself, on the same network | {figures['onnxruntime_images_per_second']:,} | |",
            f"| ratio, median of {figures['repeats']} turns{ratio} | {figures['ratio']:.2f} | ≥ 0.9 |",
            f"| largest difference of a probability | {figures['largest_difference']:.1e} | |",
            f"| loading a package of {figures['package_bytes'] / 1e6:.1f} MB, seconds{load} | "
            f"{figures['load_seconds']:.2f} | < 0.5 |",
            f"| importing it, NumPy included, seconds{imports} | {figures['import_seconds']:.2f} | < 0.3 |",
            f"| NumPy evaluator, times slower | {figures['reference_slowdown']:.1f} | ≤ 20 |",
            "",
            f"{figures['images']:,} random images; {figures['machine']}{busy}, Python {figures['python']}, "
            f"ONNX Runtime {figures['onnxruntime']}, NumPy {figures['numpy']}.",
        ]
    )


def web_table(figures: dict[str, Any]) -> str:
    """How fast the page is beside its targets, what it weighs, and what eight bits a weight change."""
    camera, first, pen, bits = (figures[name] for name in ("camera", "first_box_ms", "canvas_ms", "eight_bits"))
    steps = ", ".join(f"{name} {value:.1f}" for name, value in camera["steps_ms"].items())
    environment = figures["conditions"]["environment"]
    return "\n".join(
        [
            "| measured | result | target |",
            "| --- | --- | --- |",
            f"| frames a second, {camera['digits']} digits | {camera['frames_per_second']:.1f} | ≥ 20 |",
            f"| first box after navigation, ms: median, worst of {first['n']} | {first['median']:.0f}, "
            f"{first['worst']:.0f} | ≤ 700 |",
            f"| digit after the pen's lift, ms: median, worst of {pen['n']} | {pen['median']:.0f}, "
            f"{pen['worst']:.0f} | ≤ 30 |",
            f"| MB of heap, before and after {camera['minutes']:g} minutes | {camera['heap_mb'][0]:.1f}, "
            f"{camera['heap_mb'][1]:.1f} | no growth |",
            f"| bytes of the site's files | {figures['bytes']:,} | ≤ 750,000 |",
            "",
            f"Milliseconds a frame: {steps}. With 8 bits a weight {bits['same']:,} of {bits['marks']:,} marks on "
            f"{bits['pages']} rendered pages are read the same; of {bits['digits']:,} digits {bits['right'][1]:,} are "
            f"read right, and {bits['right'][0]:,} with the shipped weights.",
            "",
            f"Chromium {figures['chromium']}; {environment['machine']}, load {figures['conditions']['load']} when it "
            f"ended.",
        ]
    )


def robustness_table(figures: dict[str, Any]) -> str:
    """A column for each network, a row for each way in which the digits are spoilt."""
    entries = list(figures.values())
    rows = [
        "| | " + " | ".join(f"`{name}`" for name in figures) + " |",
        "| --- |" + " --- |" * len(figures),
        "| seeds | " + " | ".join(str(entry["seeds"]) for entry in entries) + " |",
        "| clean | " + " | ".join(f"{entry['accuracy']:.2%}" for entry in entries) + " |",
        "| mean of the 15 | " + " | ".join(f"{entry['mean_corrupted']:.1%}" for entry in entries) + " |",
    ]
    for corruption in entries[0]["corruptions"]:
        cells = " | ".join(f"{entry['corruptions'][corruption]:.1%}" for entry in entries)
        rows.append(f"| {corruption.replace('_', ' ')} | {cells} |")
    return "\n".join([*rows, "", conditions(entries[0]["environment"])])


def between(figures: dict[str, Any], name: str) -> str:
    """The lowest and the highest of the timings that a median was taken of, where they were kept."""
    ends = figures.get(f"{name}_range")
    return f" ({ends[0]:.2f} to {ends[1]:.2f})" if ends else ""


def advantage(models: dict[str, Any]) -> str:
    """How each of our files compares with the zoo's shape at batch 1, by single calls and by batches."""
    base = models["zoo"]
    lines = []
    for name, entry in models.items():
        if name == "zoo":
            continue
        single = entry["digits_a_second"]["1"] / base["digits_a_second"]["1"]
        batched = max(entry["digits_a_second"].values()) / base["digits_a_second"]["1"]
        error = (1 - entry["accuracy"]) / (1 - base["accuracy"])
        lines.append(
            f"- `{name}`: {error:.2f} times the error; {single:.1f} times the digits a second one by one, and "
            f"{batched:.1f} times when its digits come in batches and the zoo's one by one."
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
