"""Steps of the page that answer as Python's on made-up pages and videos, beside the shared golden vectors."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from inklens.reading.order import find_strings
from inklens.reading.track import Seen, SteadyLabels
from tests.web.needs import needs

HERE = Path(__file__).parent


def ask(module: str, name: str, calls: Any) -> Any:
    needs("node", "nodejs")
    ran = subprocess.run(
        [shutil.which("node") or "node", "ask.mjs", module, name],
        input=json.dumps(calls),
        cwd=HERE,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def made_up_page(rng: np.random.Generator) -> list[list[int]]:
    """Boxes of lines with numbers, tilted, some of them raised, in columns or scattered."""
    tilt, size, boxes = rng.normal(0, 0.1), int(rng.integers(8, 60)), []
    for column in range(int(rng.integers(1, 4))):
        for row in range(int(rng.integers(1, 7))):
            x = column * size * 14 + rng.normal(0, size)
            for _ in range(int(rng.integers(1, 9))):
                wide, high = size * rng.uniform(0.3, 0.8), size * rng.uniform(0.5, 1.1)
                y = row * size * 1.6 + tilt * x + rng.normal(0, 0.1 * size) + 200
                boxes.append([int(x), int(y), int(x + wide) + 1, int(y + high) + 1])
                x += wide + size * rng.choice([0.1, 0.3, 1.2])
    if rng.random() < 0.2:
        x, y = rng.integers(0, 600, (2, 12))
        boxes += np.stack([x, y, x + size // 2 + 1, y + size], axis=1).tolist()
    return [boxes[index] for index in rng.permutation(len(boxes))]


def test_lines_and_strings_are_found_as_in_python_on_500_pages() -> None:
    rng = np.random.default_rng(5)
    pages = [made_up_page(rng) for _ in range(500)] + [[]]
    assert ask("order", "findStrings", [[page] for page in pages]) == [find_strings(page) for page in pages]


def made_up_video(rng: np.random.Generator) -> list[tuple[float, list[Seen]]]:
    """Frames of a moving page: marks that tremble, hide, change their label and come back; pauses and repeats."""
    places = [rng.uniform(20, 400, 2) for _ in range(int(rng.integers(1, 8)))]
    labels, time, frames = rng.integers(0, 10, len(places)), 0.0, []
    page = np.zeros(2)
    for _ in range(60):
        time += float(rng.choice([0.033, 0.066, 0.2, 0, 1.5], p=[0.5, 0.3, 0.1, 0.05, 0.05]))
        page = page + rng.normal(0, 6, 2) if rng.random() < 0.5 else page
        marks = []
        for place, label in zip(places, labels, strict=True):
            if rng.random() < 0.2:
                continue
            x, y = np.rint(place + page + rng.normal(0, 1, 2)).astype(int).tolist()
            weights = rng.uniform(0, 0.3, 11)
            weights[rng.integers(11) if rng.random() < 0.1 else label] += 3
            marks.append(Seen((x, y, x + 20 + int(rng.integers(3)), y + 30), (weights / weights.sum()).tolist()))
        frames.append((time, marks))
    return frames


def test_marks_of_videos_are_followed_as_in_python() -> None:
    rng = np.random.default_rng(6)
    videos = [made_up_video(rng) for _ in range(40)]
    calls = [
        {
            "labels": 10,
            "frames": [
                {"time": time, "marks": [{"box": mark.box, "probabilities": mark.probabilities} for mark in marks]}
                for time, marks in video
            ],
        }
        for video in videos
    ]
    for video, answer in zip(videos, ask("steady", "SteadyLabels", calls), strict=True):
        steady = SteadyLabels(10)
        for (time, marks), shown in zip(video, answer, strict=True):
            expected = [
                [m.id, list(m.box), m.state, m.label, m.confidence, m.runner_up, m.just_committed]
                for m in steady.update(time, marks)
            ]
            keys = ("id", "box", "state", "label", "confidence", "runnerUp", "justCommitted")
            assert [[mark[key] for key in keys] for mark in shown] == expected
