"""Models on spoilt digits: what counts, what is printed, and that a network trained on clean digits falls."""

import json

import numpy as np
import pytest

from inklens.data import Split, load_dataset
from inklens.evaluation.corruptions import CORRUPTIONS, corrupt
from inklens.evaluation.robustness import evaluate_corruptions
from inklens.models.predictor import Predictor, load_predictor
from tests.test_cli import call

FIFTEEN = [name for name in CORRUPTIONS if name != "identity"]


def few(count: int) -> Split:
    test = load_dataset("mnist").test
    return Split(test.images[:count], test.labels[:count])


def brightest(labels: tuple[str, ...]) -> Predictor:
    """Says the last label of images brighter than 90 on the mean, the first of all others."""

    def predict(images: np.ndarray) -> np.ndarray:
        answers = np.where(images.mean((1, 2)) > 90, len(labels) - 1, 0)
        return np.eye(len(labels), dtype=np.float32)[answers]

    return Predictor("brightest", labels, predict)


def test_none_counts_as_wrong_though_a_model_may_say_it():
    digits = Split(few(40).images, np.zeros(40, np.int64))
    result = evaluate_corruptions(brightest(("0", "1", "none")), digits, names=["0", "1"])
    assert result.clean.accuracy == 1
    assert (result.accuracies["brightness"], result.accuracies["stripe"]) == (0, 0)
    assert result.reports["stripe"].confusion.tolist() == [[0, 0, 40], [0, 0, 0], [0, 0, 0]]
    assert result.accuracies["rotate"] == 1


def test_the_mean_is_that_of_the_fifteen_without_clean_images():
    digits = Split(few(40).images, np.zeros(40, np.int64))
    result = evaluate_corruptions(brightest(("0", "1")), digits, names=["0", "1"])
    assert list(result.accuracies) == FIFTEEN
    assert result.mean == pytest.approx(np.mean([result.accuracies[name] for name in FIFTEEN]))
    assert 0 < result.mean < 1


def test_each_model_meets_the_same_spoilt_images():
    seen = []

    def predict(images: np.ndarray) -> np.ndarray:
        seen.append(images.copy())
        return np.full((len(images), 10), 0.1, np.float32)

    digits, told = few(20), []
    predictor = Predictor("watching", tuple("0123456789"), predict)
    for seed in (1, 1, 2):
        evaluate_corruptions(predictor, digits, seed=seed, progress=lambda *done: told.append(done))
    first, again, other = (np.concatenate(seen[turn * 16 : turn * 16 + 16]) for turn in range(3))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(first[20:40], corrupt(digits.images, "impulse_noise", 1))
    assert told[:16] == [(20 * turn, 320) for turn in range(1, 17)]


def test_the_table_tells_each_corruption_the_mean_and_clean_images():
    digits = Split(few(40).images, np.zeros(40, np.int64))
    result = evaluate_corruptions(brightest(("0", "1")), digits, data="forty", names=["0", "1"])
    lines = str(result).splitlines()
    assert lines[0] == "brightest on forty, test: 40 images, each spoilt in 15 ways"
    assert lines[2].split() == ["corruption", "accuracy,", "%", "calibration", "error,", "%"]
    assert [line.split()[0] for line in lines[3:18]] == FIFTEEN
    assert lines[3:18][FIFTEEN.index("stripe")].split() == ["stripe", "0.00", "100.00"]
    assert lines[19].split()[:5] == ["mean", "of", "the", "15", f"{100 * result.mean:.2f}"]
    assert lines[20].split() == ["clean", "100.00", "0.00"]
    assert len(lines) == 21


def test_the_command_prints_one_line_of_json_in_which_clean_digits_are_read_better(run_folder, digits):
    code, line, _ = call("evaluate", run_folder, "--corruptions", "--data", digits, "--json")
    assert (code, line.count("\n")) == (0, 1)
    result = json.loads(line)
    assert {"model", "data", "split", "n", "accuracy", "ece", "mean_corrupted"} <= set(result)
    assert (result["model"], result["n"], list(result["corruptions"])) == (str(run_folder), 400, FIFTEEN)
    assert result["accuracy"] > 0.9
    assert result["mean_corrupted"] == pytest.approx(np.mean(list(result["corruptions"].values())), abs=1e-6)
    assert result["mean_corrupted"] < result["accuracy"] - 0.1
    # what a network that saw neither grey paper nor bent columns cannot read
    for name in ("impulse_noise", "glass_blur", "brightness", "translate", "stripe", "fog", "canny_edges"):
        assert result["corruptions"][name] < result["accuracy"] - 0.05, name


def test_the_command_prints_the_table_that_python_gives(run_folder, digits):
    _, table, _ = call("evaluate", run_folder, "--corruptions", "--data", digits)
    dataset = load_dataset(digits)
    result = evaluate_corruptions(load_predictor(run_folder), dataset.test, data=str(digits))
    assert table.splitlines()[1:] == str(result).splitlines()[1:]


def test_a_page_of_corruptions_is_refused_as_wrong_usage(run_folder, tmp_path):
    for more in (("--report", tmp_path / "page.html"), ("--reading",)):
        assert call("evaluate", run_folder, "--corruptions", *more)[0] == 2
    assert list(tmp_path.iterdir()) == []
