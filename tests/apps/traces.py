"""Answers of the reference for the Swift package that are too long to keep: steady labels, and orders of pages."""

import json
from pathlib import Path
from typing import Any

from inklens.reading.golden.vectors import Numbers
from inklens.reading.order import find_strings
from inklens.reading.track import Seen, SteadyLabels

LABELS = 3


def write_traces(path: Path, count: int = 24, frames: int = 60) -> None:
    """Write what `SteadyLabels` tells of some sequences, a JSON array of traces."""
    path.write_text(json.dumps([trace(seed, frames) for seed in range(count)]), encoding="utf-8")


def write_orders(path: Path, count: int = 200) -> None:
    """Write the strings that `find_strings` finds on some pages, a JSON array."""
    path.write_text(json.dumps([order(seed) for seed in range(count)]), encoding="utf-8")


def order(seed: int) -> dict[str, Any]:
    """A page of lines in one or two columns, tilted, with gaps, raised and stacked marks; or of scattered marks."""
    numbers = Numbers(9000 + seed)
    rise, boxes = numbers.below(41) - 20, []
    for column in range(1 + numbers.below(2)):
        for line in range(1 + numbers.below(5)):
            x, y = 300 * column + numbers.below(20), 60 * line + numbers.below(25)
            for _ in range(1 + numbers.below(9)):
                wide, high = 4 + numbers.below(22), 12 + numbers.below(24)
                lift = numbers.below(30) - 15 if numbers.below(6) == 0 else numbers.below(5) - 2
                top = y + lift + x * rise // 100 if seed % 5 else numbers.below(400)
                boxes.append((x, top, x + wide, top + high))
                x += wide + numbers.below(9) + (numbers.below(40) if numbers.below(4) == 0 else 0)
                x -= wide if numbers.below(12) == 0 else 0
    boxes.sort(key=lambda box: (box[2] * 7919 + box[1] * 104729) % 1009)
    return {"boxes": boxes, "strings": find_strings(boxes)}


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
