"""Evaluation on answers small enough to count by hand, and on MNIST's own contested labels."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from inklens.data import Split, load_dataset
from inklens.errors import ModelError
from inklens.evaluation.evaluate import CONTESTED, contested_places, evaluate


@dataclass
class Answers:
    """A predictor that answers image i with row i of a table: the image's first pixel says which row."""

    rows: np.ndarray
    labels: tuple[str, ...]
    name: str = "answers"

    def __call__(self, images: np.ndarray) -> np.ndarray:
        return self.rows[images[:, 0, 0]]


@dataclass
class Batches:
    """A predictor that answers the next batch of images with the next of its batches."""

    answers: Iterator[np.ndarray]
    labels: tuple[str, ...] = tuple("0123456789")
    name: str = "batches"

    def __call__(self, images: np.ndarray) -> np.ndarray:
        answers = next(self.answers)
        assert len(answers) == len(images)
        return answers


def numbered(labels: list[int]) -> Split:
    images = np.zeros((len(labels), 28, 28), np.uint8)
    images[:, 0, 0] = np.arange(len(labels))
    return Split(images, np.array(labels, np.int64))


ROWS = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.1, 0.2, 0.7], [0.05, 0.9, 0.05], [0.3, 0.2, 0.5]], np.float32)
TRUE = [0, 1, 2, 2, 2]  # answers: 0, 0, 2, 1, 2


def test_scores_match_the_hand_count():
    report = evaluate(Answers(ROWS, ("a", "b", "c")), numbered(TRUE), data="five")
    assert report.confusion.tolist() == [[1, 0, 0], [1, 0, 0], [0, 1, 2]]
    assert (report.n, report.mistakes, report.accuracy) == (5, 2, 0.6)
    assert report.loss == pytest.approx(-np.log([0.8, 0.3, 0.7, 0.05, 0.5]).mean(), rel=1e-6)
    scores = [(score.label, score.images, score.precision, score.recall, score.f1) for score in report.classes]
    assert scores == [("a", 1, 0.5, 1.0, 2 / 3), ("b", 1, 0.0, 0.0, 0.0), ("c", 3, 1.0, 2 / 3, 0.8)]
    assert report.confusions == [("b", "a", 1), ("c", "b", 1)]
    # each of 0.8, 0.6, 0.7, 0.9, 0.5 is alone in its bin of width 1/15
    assert report.ece == pytest.approx((0.2 + 0.6 + 0.3 + 0.9 + 0.5) / 5, rel=1e-6)


def test_worst_mistakes_come_most_confident_first():
    worst = evaluate(Answers(ROWS, ("a", "b", "c")), numbered(TRUE)).worst
    found = [(answer.index, answer.label, answer.predicted, answer.contested) for answer in worst]
    assert found == [(3, "c", "b", False), (1, "b", "a", False)]
    assert [answer.confidence for answer in worst] == pytest.approx([0.9, 0.6])
    assert [answer.chance for answer in worst] == pytest.approx([0.05, 0.3])
    assert [answer.image[0, 0] for answer in worst] == [3, 1]


def test_contested_images_are_left_out_beside_the_raw_accuracy():
    report = evaluate(Answers(ROWS, ("a", "b", "c")), numbered(TRUE), contested=[3, 4])
    assert report.accuracy == 0.6
    assert report.contested is not None
    assert (report.contested.n, report.contested.accuracy) == (3, 2 / 3)
    assert [(a.index, a.label, a.predicted, a.contested) for a in report.contested.answers] == [
        (3, "c", "b", True),
        (4, "c", "c", True),
    ]


def test_only_mnists_own_test_set_has_the_fifteen_contested_labels():
    dataset = load_dataset("mnist")
    assert contested_places(dataset.test) == CONTESTED
    assert len(CONTESTED) == 15
    assert contested_places(dataset.validation) == ()
    changed = dataset.test.labels.copy()
    changed[0] += 1
    assert contested_places(Split(dataset.test.images, changed)) == ()


def test_right_answers_to_all_of_mnist_count_ten_thousand_and_batches_report_progress():
    test = load_dataset("mnist").test
    right = np.eye(10, dtype=np.float32)[test.labels]
    seen = []
    report = evaluate(Batches(iter(np.split(right, 10))), test, progress=lambda done, total: seen.append((done, total)))
    assert (report.n, report.mistakes, report.loss, report.ece, report.worst) == (10_000, 0, 0.0, 0.0, ())
    assert seen == [(count, 10_000) for count in range(1000, 10_001, 1000)]
    assert report.contested is not None
    assert (report.contested.n, report.contested.right) == (9_985, 9_985)


def test_temperature_of_the_run_is_taken_back_for_the_calibration_before():
    raw = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.9, 0.1]])
    folded = raw**0.5 / (raw**0.5).sum(axis=1, keepdims=True)  # temperature 2: 0.75 to 0.25
    run = SimpleNamespace(
        temperature=2.0,
        history=[{"loss": 1.0}],
        environment={"keras": "3"},
        recipe=SimpleNamespace(name="fast"),
        seed=7,
    )
    report = evaluate(Answers(folded.astype(np.float32), ("a", "b")), numbered([0, 0, 0, 1]), run=run)
    assert report.ece == pytest.approx(0.0, abs=1e-6)
    assert report.calibration_before is not None
    assert report.calibration_before.error == pytest.approx(0.15, abs=1e-6)
    assert report.temperature == 2.0
    assert report.history == [{"loss": 1.0}]
    assert report.environment == {"recipe": "fast", "seed": 7, "keras": "3"}


def test_columns_are_matched_by_name_and_extra_classes_come_last():
    # the model knows the classes in another order, and one more: none
    rows = np.array([[0.1, 0.7, 0.1, 0.1], [0.0, 0.2, 0.2, 0.6]], np.float32)
    report = evaluate(Answers(rows, ("b", "a", "c", "none")), numbered([0, 2]), names=["a", "b", "c"])
    assert report.labels == ("a", "b", "c", "none")
    assert report.confusion.tolist() == [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert report.confusions == [("c", "none", 1)]


def test_own_names_of_as_many_classes_are_matched_by_place():
    report = evaluate(Answers(ROWS, ("zero", "one", "two")), numbered(TRUE), names=["0", "1", "2"])
    assert report.labels == ("zero", "one", "two")
    assert report.accuracy == 0.6


def test_model_of_other_classes_is_refused_with_both_lists():
    with pytest.raises(ModelError) as error:
        evaluate(Answers(ROWS, ("a", "b", "c")), numbered([0]), names=["0", "1"])
    assert str(error.value) == (
        "the model tells 3 classes apart (a, b, c), the data has 2 (0, 1); expected the same classes."
    )


def test_label_that_the_model_cannot_answer_is_refused():
    with pytest.raises(ModelError, match="the data has a label 3, but the model tells only 3 classes apart"):
        evaluate(Answers(ROWS, ("a", "b", "c")), numbered([3]))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.array([[4.0, -1.0]]), "answers with values from -1 to 4 whose rows sum to 3 to 3, expected probabilities"),
        (np.array([[0.5, np.nan]]), "expected probabilities"),
        (np.array([[0.2, 0.3, 0.5]]), r"answers with shape \(1, 3\), expected \(1, 2\)"),
    ],
)
def test_answers_that_are_no_probabilities_are_refused(rows, message):
    with pytest.raises(ModelError, match=message):
        evaluate(Answers(rows, ("a", "b")), numbered([0]))


def test_json_has_the_promised_keys_and_survives_a_class_that_never_occurs():
    rows = np.array([[0.5, 0.25, 0.25]], np.float32)
    report = evaluate(Answers(rows, ("a", "b", "c")), numbered([1]), data="one")
    values = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert values == {
        "model": "answers",
        "data": "one",
        "split": "test",
        "n": 1,
        "accuracy": 0.0,
        "accuracy_interval": [0.0, 0.793451],
        "loss": 1.386294,
        "ece": 0.5,
        "ece_bins": 15,
        "labels": ["a", "b", "c"],
        "confusion": [[0, 0, 0], [1, 0, 0], [0, 0, 0]],
        "classes": [
            {"label": "a", "images": 0, "precision": 0.0, "recall": None, "f1": 0.0},
            {"label": "b", "images": 1, "precision": None, "recall": 0.0, "f1": 0.0},
            {"label": "c", "images": 0, "precision": None, "recall": None, "f1": None},
        ],
        "mistakes": 1,
        "worst": [{"index": 0, "label": "b", "predicted": "a", "confidence": 0.5, "chance": 0.25}],
    }
