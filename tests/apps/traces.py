"""Traces of steady labels for the Swift package: marks that shake, jump, change their minds and vanish."""

import json
from pathlib import Path
from typing import Any

from inklens.reading.golden import Numbers
from inklens.reading.steady import Seen, SteadyLabels

LABELS = 3


def write_traces(path: Path, count: int = 24, frames: int = 60) -> None:
    """Write what `SteadyLabels` tells of some sequences, a JSON array of traces."""
    path.write_text(json.dumps([trace(seed, frames) for seed in range(count)]), encoding="utf-8")


def trace(seed: int, frames: int) -> dict[str, Any]:
    """One sequence of frames, each with its marks and with what is told of them."""
    numbers, steady = Numbers(5000 + seed), SteadyLabels(LABELS)
    places = [(60 * place + numbers.below(30), numbers.below(60)) for place in range(1 + numbers.below(5))]
    labels = [numbers.below(LABELS) for _ in places]
    time, across, told = 0.0, 0, []
    for _ in range(frames):
        time += (20 + numbers.below(100)) / 1000 if numbers.below(40) else 2.0
        across += numbers.below(9) - 4 + (30 if numbers.below(25) == 0 else 0)
        marks = []
        for place, (x, y) in enumerate(places):
            if numbers.below(30) == 0:
                labels[place] = numbers.below(LABELS)
            if numbers.below(8) == 0:
                continue
            left, top = x + across + numbers.below(5), y + numbers.below(5)
            box = (left, top, left + 20 + numbers.below(6), top + 28 + numbers.below(6))
            weights = [1 + numbers.below(20) for _ in range(LABELS + 1)]
            weights[labels[place]] += numbers.below(120)
            total = sum(weights)
            marks.append(Seen(box, [weight / total for weight in weights]))
        shown = steady.update(time, marks)
        told.append(
            {
                "time": time,
                "marks": [{"box": list(mark.box), "probabilities": list(mark.probabilities)} for mark in marks],
                "shown": [
                    {
                        "id": mark.id,
                        "box": list(mark.box),
                        "state": mark.state,
                        "label": mark.label,
                        "confidence": mark.confidence,
                        "runnerUp": mark.runner_up,
                        "justCommitted": mark.just_committed,
                    }
                    for mark in shown
                ],
            }
        )
    return {"labels": LABELS, "frames": told}
