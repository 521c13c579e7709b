"""Pictures of data and results, drawn with Matplotlib: the same input gives the same bytes.

Every `draw_…` returns a Matplotlib Figure; `png` and `svg` turn one into a file's content. Needs the train extra.
"""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ParamSpec, Protocol

import numpy as np

from inklens.errors import MissingExtra
from inklens.metrics.calibration import Reliability
from inklens.metrics.proportions import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, LINE, FILL = "#1b2430", "#667085", "#d5dae1", "#f1f3f6"
BLUE, AMBER, RED = "#2f6fdb", "#d9822b", "#cf3f4d"
# The page has a dark side too: there a colour is the value of a variable of its style sheet.
VARIABLES = {
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
    FILL: "var(--fill)",
    BLUE: "var(--blue)",
    AMBER: "var(--amber)",
    RED: "var(--red)",
}
STYLE = {
    "font.family": "DejaVu Sans",  # comes with Matplotlib, so that a picture is the same on every machine
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlesize": 11,
    "axes.titlepad": 10,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "svg.fonttype": "none",
    "svg.hashsalt": "inklens",
}
DOTS_PER_INCH = 144
FIRM = 10  # images; the accuracy of fewer is chance more than calibration

Arguments = ParamSpec("Arguments")


def _styled(draw: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """Draw under our style alone, whatever the user's matplotlibrc says."""

    @functools.wraps(draw)
    def drawn(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Figure:
        try:
            from matplotlib import style
        except ImportError:
            raise MissingExtra("drawing needs the train extra: pip install 'inklens[train]'") from None
        with style.context(["default", STYLE]):
            return draw(*args, **kwargs)

    return drawn


def png(figure: Figure) -> bytes:
    """The figure as a PNG file on white, without a date or a version inside."""
    from matplotlib import style

    file = io.BytesIO()
    with style.context(["default", STYLE]):
        figure.savefig(file, format="png", facecolor="white", metadata={"Software": None})
    return file.getvalue()


def svg(figure: Figure, *, description: str) -> str:
    """The figure as an SVG element for a page: transparent, its colours variables of the page's style sheet."""
    from matplotlib import style

    file = io.StringIO()
    with style.context(["default", STYLE]):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' (width|height)="[\d.]+pt"', "", text, count=2)
    text = re.sub(r"'DejaVu Sans'[^;\"]*", "system-ui, sans-serif", text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, variable)
    return text.replace("<svg", f'<svg role="img" aria-label="{description}"', 1)


def _figure(width: float, height: float) -> Figure:
    """A figure of so many inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH)
    FigureCanvasAgg(figure)
    return figure


def _sheet(figure: Figure) -> Axes:
    """Axes over the whole figure that count inches from its top left corner, for drawings that are no charts."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return axes


def _headed(width: float, height: float, title: str, note: str) -> tuple[Figure, Axes]:
    """A sheet with a title and a note, of at least that width in inches, and as wide as its title and note need."""
    figure = _figure(max(width, 0.6 + 1.4 * _inches(title), 0.6 + _inches(note)), height)
    axes = _sheet(figure)
    axes.text(0.3, 0.42, title, fontsize=14, fontweight="bold", va="baseline")
    axes.text(0.3, 0.68, note, fontsize=9.5, color=SOFT, va="baseline")
    return figure, axes


def _inches(text: str) -> float:
    """The width of a text in bold at our size: no text of a table is wider."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    return (
        float(TextPath((0, 0), text, size=10, prop=FontProperties(weight="bold")).get_extents().width) / 72
        if text
        else 0.0
    )


def _digit(axes: Axes, image: np.ndarray, x: float, y: float, side: float) -> None:
    """A digit as it is stored, ink bright on black, each pixel a square, at (x, y) of a sheet."""
    limits = axes.get_xlim(), axes.get_ylim()
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, extent=(x, x + side, y + side, y), interpolation="nearest")
    axes.set(xlim=limits[0], ylim=limits[1], aspect="auto")  # imshow narrows the limits to its picture


@_styled
def draw_digits(images: np.ndarray, labels: Sequence[str]) -> Figure:
    """Digits in a row with their labels below. images: uint8 [n, 28, 28], ink bright on 0."""
    side, gap = 1.3, 0.2
    width = 0.6 + len(images) * (side + gap) - gap
    title = f"The first {len(images)} training images"
    figure, axes = _headed(width, 3.0, title, "28 × 28 pixels, ink bright on black; below, the label")
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        x = 0.3 + index * (side + gap)
        _digit(axes, image, x, 0.95, side)
        axes.text(x + side / 2, 0.95 + side + 0.38, label, fontsize=20, fontweight="bold", ha="center", va="center")
    return figure


@_styled
def draw_pixels(image: np.ndarray, label: str) -> Figure:
    """One image with every pixel's value in its cell, white on dark and black on light. image: uint8 [28, 28]."""
    rows, columns = image.shape
    cell, left, top = 0.36, 0.6, 1.25
    figure, axes = _headed(
        left + columns * cell + 0.3,
        top + rows * cell + 0.3,
        f"What the computer sees: a {label}",
        f"{rows} × {columns} numbers, 0 (black, paper) to 255 (white, ink); rows count downwards, columns to the right",
    )
    _digit(axes, image, left, top, columns * cell)
    for step in range(1, columns):
        axes.plot([left + step * cell] * 2, [top, top + rows * cell], color="#808080", alpha=0.28, linewidth=0.5)
    for step in range(1, rows):
        axes.plot([left, left + columns * cell], [top + step * cell] * 2, color="#808080", alpha=0.28, linewidth=0.5)
    for column in range(columns):
        x = left + (column + 0.5) * cell
        axes.text(x, top - 0.13, str(column), fontsize=7, color=SOFT, ha="center", va="center")
    for row in range(rows):
        y = top + (row + 0.5) * cell
        axes.text(left - 0.12, y, str(row), fontsize=7, color=SOFT, ha="right", va="center_baseline")
        for column in range(columns):
            value = int(image[row, column])
            x = left + (column + 0.5) * cell
            # zeros step back, so that the digit stands out of the numbers
            shade = (
                "#8a8a8a" if value == 0 else "white" if value < 118 else "black"
            )  # where black starts to read better
            axes.text(x, y, str(value), fontsize=7.5, color=shade, ha="center", va="center_baseline")
    return figure


@_styled
def draw_one_hot(images: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> Figure:
    """Labels as rows of zeros with a single one. images: uint8 [n, 28, 28]; labels: int [n], indices into names."""
    from matplotlib.patches import Rectangle

    cell, gap, left, top = 0.52, 0.14, 2.35, 1.35
    width, height = left + len(names) * cell + 0.3, top + len(images) * (cell + gap) + 0.2
    note = "the place of the 1 is the class; a perfect network would answer exactly this"
    figure, axes = _headed(width, height, "One-hot labels", note)
    for column, name in enumerate(names):
        x = left + (column + 0.5) * cell
        axes.text(x, top - 0.15, name, fontsize=10, color=SOFT, ha="center", va="baseline")
    for row, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
        y = top + row * (cell + gap)
        _digit(axes, image, 0.3, y, cell)
        axes.text(1.12, y + cell / 2, names[label], fontsize=16, fontweight="bold", ha="center", va="center_baseline")
        arrow = {"arrowstyle": "-|>", "color": SOFT, "linewidth": 1.0}
        axes.annotate("", (left - 0.2, y + cell / 2), (1.5, y + cell / 2), arrowprops=arrow)
        for column in range(len(names)):
            hot = column == label
            x = left + column * cell
            face = BLUE if hot else FILL
            axes.add_patch(Rectangle((x + 0.02, y + 0.02), cell - 0.04, cell - 0.04, facecolor=face, linewidth=0))
            axes.text(
                x + cell / 2,
                y + cell / 2,
                "1" if hot else "0",
                fontsize=12,
                fontweight="bold" if hot else "normal",
                color="white" if hot else SOFT,
                ha="center",
                va="center_baseline",
            )
    return figure


@_styled
def draw_class_counts(counts: Mapping[str, np.ndarray], names: Sequence[str]) -> Figure:
    """How many images each class has, a panel for each split. counts: int [classes] by the split's name."""
    total = sum(int(values.sum()) for values in counts.values())
    note = f"{total:,} in all; each panel has a scale of its own"
    figure, _ = _headed(10, 1.45 + 0.3 * len(names), "Images of each class", note)
    width, height = figure.get_size_inches()
    room = (width - 0.75) / len(counts)
    for index, (part, values) in enumerate(counts.items()):
        box = (0.65 + index * room) / width, 0.2 / height, (room - 0.35) / width, (height - 1.5) / height
        axes = figure.add_axes(box)
        axes.barh(range(len(names)), values, height=0.68, color=BLUE if part == "train" else LINE)
        axes.set(xlim=(0, 1.22 * values.max()), ylim=(len(names) - 0.4, -0.6), xticks=[])
        axes.set_yticks(range(len(names)), names, fontsize=10, color=INK)
        axes.tick_params(length=0)
        axes.spines[["bottom", "left"]].set_visible(False)
        for place, value in enumerate(values.tolist()):
            axes.text(
                value + 0.02 * float(values.max()), place, f"{value:,}", fontsize=9, color=SOFT, va="center_baseline"
            )
        axes.set_title(f"{part}  {int(values.sum()):,}", pad=6)
    return figure


@_styled
def draw_table(
    title: str, note: str, columns: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[float]
) -> Figure:
    """A table whose last column is continued by a bar of each row's share, 0 to 1."""
    from matplotlib.patches import Rectangle

    pitch, top, bar = 0.36, 1.4, 1.5
    widths = [max(map(_inches, (head, *cells))) + 0.3 for head, *cells in zip(columns, *rows, strict=True)]
    starts = 0.3 + np.cumsum([0.0, *widths])
    numbers = starts[-1] - 0.3  # the last column is numbers: flush right
    figure, axes = _headed(starts[-1] + bar + 0.2, top + len(rows) * pitch + 0.15, title, note)
    width = axes.get_xlim()[1]
    for index, head in enumerate(columns):
        last = index == len(columns) - 1
        x = numbers if last else starts[index]
        axes.text(x, top - 0.28, head, fontsize=9, color=SOFT, ha="right" if last else "left", va="baseline")
    axes.plot([0.3, width - 0.3], [top - 0.16] * 2, color=LINE, linewidth=1)
    for row, (cells, share) in enumerate(zip(rows, shares, strict=True)):
        y = top + (row + 0.3) * pitch
        for index, cell in enumerate(cells):
            last = index == len(columns) - 1
            x = numbers if last else starts[index]
            weight = "bold" if index == 0 else "normal"
            colour = SOFT if cell == "0" else INK
            side = "right" if last else "left"
            axes.text(x, y, cell, color=colour, fontweight=weight, ha=side, va="center_baseline")
        axes.add_patch(Rectangle((starts[-1] - 0.12, y - 0.09), bar * share, 0.18, facecolor=BLUE, linewidth=0))
    return figure


@_styled
def draw_curves(history: Sequence[Mapping[str, float]]) -> Figure:
    """Loss and accuracy of each epoch of a training run, in learning and in validation.

    history: a row for each epoch with `loss`, `accuracy`, `validation_loss`, `validation_accuracy`.
    """
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    figure = _figure(9.2, 3.5)
    for place, column in enumerate(("loss", "accuracy")):
        axes = figure.add_axes((0.075 + 0.5 * place, 0.15, 0.41, 0.7))
        axes.set_title(column.capitalize())
        axes.set_xlabel("epoch")
        axes.grid(axis="y")
        axes.set_axisbelow(True)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if column == "accuracy":
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        for prefix, label, colour in (("", "training", SOFT), ("validation_", "validation", BLUE)):
            values = [row[prefix + column] for row in history]
            epochs = np.arange(1, len(values) + 1)
            mark = "o" if len(values) <= 30 else ""
            axes.plot(epochs, values, color=colour, marker=mark, markersize=4, label=label)
        axes.legend(frameon=False, fontsize=9, loc="upper right" if column == "loss" else "lower right")
        if column == "loss":
            axes.set_ylim(bottom=0)
    return figure


@_styled
def draw_confusion(confusion: np.ndarray, labels: Sequence[str]) -> Figure:
    """The confusion matrix as a heat map with its counts, recall at the right, precision below.

    confusion: int [classes, classes], rows true, columns predicted.
    """
    from matplotlib.patches import Rectangle

    classes = len(labels)
    cell = 0.56 if classes <= 16 else 0.36
    left, top = 1.15, 1.7
    right = left + classes * cell
    bottom = top + classes * cell
    n, mistakes = int(confusion.sum()), int(confusion.sum() - confusion.trace())
    note = f"{n:,} images, {mistakes:,} mistakes (red: the redder, the more)"
    figure, axes = _headed(right + 1.15, bottom + 0.75, "Confusion matrix", note)
    wrong = confusion - np.diag(confusion.diagonal())
    most = max(1, int(wrong.max()))
    for row in range(classes):
        y = top + row * cell
        axes.text(left - 0.15, y + cell / 2, labels[row], fontweight="bold", ha="right", va="center_baseline")
        for column in range(classes):
            x, count = left + column * cell, int(confusion[row, column])
            # the root lifts the rare mistakes, which are most of them, out of the paper
            share = 1.0 if row == column else np.sqrt(count / most)
            strength = (0.85 if row == column else 0.9 * share) if count else 0.0
            corner = Rectangle((x + 0.015, y + 0.015), cell - 0.03, cell - 0.03, facecolor=FILL, linewidth=0)
            axes.add_patch(corner)
            colour = BLUE if row == column else RED
            tint = Rectangle(
                (x + 0.015, y + 0.015), cell - 0.03, cell - 0.03, facecolor=colour, alpha=strength, linewidth=0
            )
            axes.add_patch(tint)
            if count:
                text, size = ("white" if strength > 0.65 else INK), (9.5 if count < 1000 else 8.5)
                place = (x + cell / 2, y + cell / 2, str(count))
                axes.text(*place, fontsize=size, color=text, ha="center", va="center_baseline")
        recall = confusion[row, row] / confusion[row].sum() if confusion[row].sum() else np.nan
        axes.text(right + 0.15, y + cell / 2, _share(recall), fontsize=9, color=SOFT, va="center_baseline")
    for column in range(classes):
        x, said = left + (column + 0.5) * cell, confusion[:, column].sum()
        axes.text(x, top - 0.14, labels[column], fontweight="bold", ha="center", va="baseline")
        precision = _share(confusion[column, column] / said if said else np.nan, unit="")
        axes.text(x, bottom + 0.22, precision, fontsize=9, color=SOFT, ha="center", va="baseline")
    axes.text((left + right) / 2, top - 0.46, "predicted", color=SOFT, ha="center", va="baseline")
    axes.text(0.42, (top + bottom) / 2, "true", color=SOFT, rotation=90, ha="center", va="center")
    axes.text(right + 0.15, top - 0.14, "recall", fontsize=9, color=SOFT, va="baseline")
    axes.text(left - 0.15, bottom + 0.22, "precision, %", fontsize=9, color=SOFT, ha="right", va="baseline")
    return figure


def _share(value: float, unit: str = " %") -> str:
    return "–" if np.isnan(value) else f"{100 * value:.1f}{unit}"


@_styled
def draw_reliability(after: Reliability, before: Reliability | None = None) -> Figure:
    """Accuracy against confidence, bin by bin, over the number of images in each bin (logarithmic).

    before: the same before the temperature, drawn hollow. Bins of fewer than 10 images are drawn faint.
    """
    figure = _figure(5.6, 5.6)
    axes = figure.add_axes((0.13, 0.36, 0.82, 0.56))
    below = figure.add_axes((0.13, 0.11, 0.82, 0.19), sharex=axes)
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
    axes.text(0.14, 0.175, "perfect", fontsize=8.5, color=SOFT, rotation=31, ha="center", va="bottom")
    if before is not None:
        _draw_bins(axes, before, AMBER, f"before temperature, error {100 * before.error:.2f} %", face="none")
    name = "after temperature" if before is not None else "as it answers"
    _draw_bins(axes, after, BLUE, f"{name}, error {100 * after.error:.2f} %", face=BLUE)
    axes.set(xlim=(0, 1.01), ylim=(0, 1.03), ylabel="accuracy")
    axes.set_title(f"Calibration in {len(after.counts)} bins")
    axes.grid()
    axes.set_axisbelow(True)
    axes.tick_params(labelbottom=False)
    axes.legend(frameon=False, fontsize=9, loc="lower right", borderaxespad=0.8)
    width = after.edges[1] - after.edges[0]
    below.bar((after.edges[:-1] + after.edges[1:]) / 2, after.counts, width=0.86 * width, color=LINE)
    below.set(yscale="log", ylim=(0.7, None), xlabel="confidence, the probability of the answer", ylabel="images")
    below.tick_params(which="minor", length=0)
    return figure


def _draw_bins(axes: Axes, bins: Reliability, colour: str, label: str, *, face: str) -> None:
    """A dot for each bin that holds images, the larger the more; bins of a few images are faint and off the line."""
    firm, weak = bins.counts >= FIRM, (bins.counts > 0) & (bins.counts < FIRM)
    axes.plot(bins.confidence[firm], bins.accuracy[firm], color=colour, linewidth=1.4, alpha=0.8, clip_on=False)
    for chosen, opacity, name in ((firm, 1.0, label), (weak, 0.35, None)):
        axes.scatter(
            bins.confidence[chosen],
            bins.accuracy[chosen],
            s=16 + 14 * np.log10(bins.counts[chosen]),
            facecolors=face,
            edgecolors=colour,
            linewidths=1.4,
            alpha=opacity,
            zorder=3,
            clip_on=False,
            label=name,
        )


class Read(Protocol):
    """An image that a model read, as `evaluation.report.Answer` tells of it: uint8 [28, 28]; a confidence of 0 to 1."""

    @property
    def index(self) -> int: ...
    @property
    def image(self) -> np.ndarray: ...
    @property
    def label(self) -> str: ...
    @property
    def predicted(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def contested(self) -> bool: ...


@_styled
def draw_gallery(answers: Sequence[Read], *, title: str, note: str) -> Figure:
    """Images with their label, what was read, and how surely."""
    columns, side, gap, foot, top = 6, 1.3, 0.2, 0.62, 0.95
    rows = max(1, -(-len(answers) // columns))
    figure, axes = _headed(0.6 + columns * (side + gap) - gap, top + rows * (side + foot) + 0.1, title, note)
    for place, answer in enumerate(answers):
        row, column = divmod(place, columns)
        x, y = 0.3 + column * (side + gap), top + row * (side + foot)
        _digit(axes, answer.image, x, y, side)
        wrong = answer.predicted != answer.label
        text = f"{answer.label} read as {answer.predicted}"
        axes.text(x, y + side + 0.19, text, fontweight="bold", color=RED if wrong else INK, va="baseline")
        if answer.contested:
            axes.text(x + 0.07, y + 0.17, "contested label", fontsize=7.5, color="#f2b866", va="baseline")
        detail = f"{percent(answer.confidence, 1)} %  #{answer.index}"
        axes.text(x, y + side + 0.37, detail, fontsize=8, color=SOFT, va="baseline")
    return figure
