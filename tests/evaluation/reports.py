"""A report for the tests: small enough to be computed by hand."""

import numpy as np

from inklens.evaluation.report import Answer, Contested, Report
from inklens.metrics.calibration import reliability

HISTORY = [
    {"epoch": 1, "loss": 0.9, "accuracy": 0.7, "validation_loss": 0.5, "validation_accuracy": 0.85},
    {"epoch": 2, "loss": 0.4, "accuracy": 0.9, "validation_loss": 0.3, "validation_accuracy": 0.95},
]


def report_of_five(**changes: object) -> Report:
    """Five images of two classes, two of them read wrong, one of those contested.

    Two bins of confidence hold them, ECE = (3 * |2/3 - 0.8917| + 2 * |1/2 - 0.775|) / 5 = 0.245; with the columns
    swapped, right is wrong: (3 * |1/3 - 0.8917| + 2 * |1/2 - 0.775|) / 5 = 0.445.
    """
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 12:16] = 255
    wrong = (
        Answer(3, image, "<b>", "1", 0.875, 0.125, contested=True),
        Answer(1, image, "1", "<b>", 0.75, 0.25),
    )
    probabilities = np.array([[0.9, 0.1], [0.75, 0.25], [0.1, 0.9], [0.125, 0.875], [0.2, 0.8]])
    values = {
        "model": "runs/one & two",
        "data": "five",
        "split": "test",
        "labels": ("<b>", "1"),
        "confusion": np.array([[1, 1], [1, 2]]),
        "loss": 0.7654321,
        "calibration": reliability(probabilities, np.array([0, 1, 1, 0, 1])),
        "worst": wrong,
        "temperature": 1.25,
        "calibration_before": reliability(probabilities[:, ::-1], np.array([0, 1, 1, 0, 1])),
        "contested": Contested((wrong[0],), 4, 3),
        "history": HISTORY,
        "environment": {"recipe": "fast", "machine": "<script>"},
    }
    return Report(**(values | changes))
