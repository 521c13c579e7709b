"""What the commands show on a terminal: pictures of digits, bars, and progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

if TYPE_CHECKING:
    from inklens.training.train import Progress as TrainingStep

SHADES = " ░▒▓█"
HALF_BLOCK = "▀"  # its ink takes the upper pixel's grey, its ground the lower one's: two pixels in one character
WIDEST = 64  # columns
BAR = 20  # characters of a probability of 1


def draw_picture(picture: Image.Image, *, colour: bool) -> Text:
    """A picture as text, 28 × 14 characters for a digit: true greys where the terminal has colour, shades where not."""
    width = min(picture.width, WIDEST)
    height = max(2, round(picture.height * width / picture.width / 2) * 2)
    grey = np.asarray(picture.convert("L").resize((width, height), Image.Resampling.BOX))
    upper, lower = grey[0::2], grey[1::2]
    text = Text(no_wrap=True)
    for row in range(len(upper)):
        for above, below in zip(upper[row].tolist(), lower[row].tolist(), strict=True):
            if colour:
                style = f"rgb({above},{above},{above}) on rgb({below},{below},{below})"
                text.append(HALF_BLOCK, style=style)
            else:
                text.append(SHADES[(above + below) * len(SHADES) // 512])
        text.append("\n")
    text.right_crop(1)
    return text


def draw_bar(probability: float) -> str:
    """A probability as a bar of at most BAR characters."""
    return "█" * round(min(max(probability, 0.0), 1.0) * BAR)


@contextmanager
def training_bar(console: Console) -> Iterator[Callable[[TrainingStep], None]]:
    """A progress bar over all epochs that shows loss and accuracy as they come."""
    columns = (
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(),
        TextColumn("loss {task.fields[loss]:.4f}  accuracy {task.fields[accuracy]:.4f}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: list[TaskID] = []

        def show(step: TrainingStep) -> None:
            fields: dict[str, Any] = {
                "epoch": f"{step.epoch}/{step.epochs}",
                "loss": step.loss,
                "accuracy": step.accuracy,
            }
            if not tasks:  # the bar appears with the first step
                tasks.append(bar.add_task("train", total=step.epochs * step.steps, **fields))
            bar.update(tasks[0], completed=(step.epoch - 1) * step.steps + step.step, **fields)

        yield show


@contextmanager
def progress_bar(console: Console, text: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar for a job that calls back with how much is done and how much there is."""
    columns = (TextColumn(text), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: list[TaskID] = []

        def show(done: int, total: int) -> None:
            if not tasks:
                tasks.append(bar.add_task(text, total=total))
            bar.update(tasks[0], completed=done, total=total)

        yield show
