"""Look before you train: the data and the network as pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inklens import figures
from inklens.data import Dataset, Split
from inklens.training.recipes import LOCATOR
from inklens.writing import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from inklens.training.recipes import Recipe

SHOWN = 6  # digits, as many as the tutorial shows


@dataclass(frozen=True)
class Layer:
    """A row of a network's table: its kind, its settings in words, its output's shape and its parameters."""

    kind: str
    settings: str
    shape: tuple[int, ...]
    parameters: int


def look(recipe: Recipe, dataset: Dataset, out: str | Path) -> list[Path]:
    """Draw the data and the recipe's network into the folder `out` and return the files in order.

    `digits.png` the first six training images, `pixels.png` the first with every pixel's value, `one-hot.png`,
    `classes.png` how many images each class has, `network.png` and `network.txt` the layers. The same data and
    recipe give the same bytes. Needs the train extra; raises OutputError where `out` cannot be written.
    """
    out, first = Path(out), first_images(dataset, SHOWN)
    names = [dataset.names[label] for label in first.labels]
    counts = {
        part: np.bincount(split.labels, minlength=len(dataset.names))
        for part, split in (("train", dataset.train), ("validation", dataset.validation), ("test", dataset.test))
    }
    table = NetworkTable(recipe, classes=len(dataset.names))
    drawings: dict[str, Callable[[], Figure]] = {
        "digits.png": partial(figures.draw_digits, first.images, names),
        "pixels.png": partial(figures.draw_pixels, first.images[0], names[0]),
        "one-hot.png": partial(figures.draw_one_hot, first.images, first.labels, dataset.names),
        "classes.png": partial(figures.draw_class_counts, counts, dataset.names),
        "network.png": table.draw,
    }
    for name, draw in drawings.items():
        write_whole(out / name, partial(Path.write_bytes, data=figures.png(draw())))
    write_whole(out / "network.txt", partial(Path.write_text, data=f"{table}\n", encoding="utf-8"))
    return [out / name for name in (*drawings, "network.txt")]


def first_images(dataset: Dataset, count: int) -> Split:
    """The first training images in the order of the dataset's own file, the validation images among them."""
    train, held = dataset.train, dataset.validation
    if train.places is None or held.places is None:
        return Split(train.images[:count], train.labels[:count])
    places = np.concatenate([train.places[:count], held.places[:count]])
    order = np.argsort(places)[:count]
    images = np.concatenate([train.images[:count], held.images[:count]])[order]
    return Split(images, np.concatenate([train.labels[:count], held.labels[:count]])[order], places[order])


def _build(recipe: Recipe, classes: int, *, fused: bool) -> Any:
    rng = np.random.default_rng(0)
    if recipe.network == LOCATOR:
        from inklens.reader_training.locator_network import build_locator
        from inklens.reading.views import LONG, SHORT

        return build_locator(rng, width=LONG, height=SHORT, fused=fused)
    from inklens.training.networks import build_network

    return build_network(recipe.network, classes=classes, rng=rng, fused=fused)


class NetworkTable:
    """The network of a recipe as a table of layers; prints itself, and draws itself."""

    columns = ("layer", "settings", "output", "parameters")

    def __init__(self, recipe: Recipe, *, classes: int) -> None:
        trained, kept = (_build(recipe, classes, fused=fused) for fused in (False, True))
        self.layers = describe_layers(trained)
        self.title = f"The network of the recipe {recipe.name}"
        self.note = f"{trained.count_params():,} parameters; shapes are rows × columns × channels"
        if kept.count_params() != trained.count_params():
            self.note = (
                f"{trained.count_params():,} parameters in training, {kept.count_params():,} kept: each normalisation "
                "becomes part of its convolution"
            )

    @property
    def rows(self) -> list[tuple[str, str, str, str]]:
        """The cells of each layer as text."""
        return [
            (layer.kind, layer.settings, " × ".join(map(str, layer.shape)), f"{layer.parameters:,}")
            for layer in self.layers
        ]

    def draw(self) -> Figure:
        """The table as a Matplotlib Figure, with each layer's share of the parameters as a bar."""
        most = max(layer.parameters for layer in self.layers)
        shares = [layer.parameters / most for layer in self.layers]
        return figures.draw_table(self.title, self.note, self.columns, self.rows, shares)

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        lines = []
        for *texts, number in (self.columns, *self.rows):
            cells = [f"{text:<{width}}" for text, width in zip(texts, widths, strict=False)]
            lines.append("  ".join([*cells, f"{number:>{widths[-1]}}"]))
        return "\n".join([self.title, self.note, "", *lines])


def describe_layers(model: Any) -> list[Layer]:
    """The layers of a keras.Model in order."""
    return [
        Layer(type(layer).__name__, _settings(layer), tuple(layer.output.shape[1:]), layer.count_params())
        for layer in model.layers
    ]


def _settings(layer: Any) -> str:
    """What decides the layer, in words; empty where its kind says all."""
    config = layer.get_config()
    words = []
    if "filters" in config:
        words.append(f"{config['filters']} filters of {_by(config['kernel_size'])}")
    elif "kernel_size" in config:
        words.append(f"filters of {_by(config['kernel_size'])}")
    if "units" in config:
        words.append(f"{config['units']} units")
    if "pool_size" in config:
        words.append(
            f"largest of {_by(config['pool_size'])}" if "Max" in type(layer).__name__ else _by(config["pool_size"])
        )
    if "rate" in config:
        words.append(f"drops {100 * config['rate']:g} % while training")
    if isinstance(config.get("scale"), float):
        words.append(f"× 1/{1 / config['scale']:g}")
    if "kernel_size" in config:
        if set(config["strides"]) != {1}:
            words.append(f"stride {_by(config['strides'])}")
        words.append("padding same" if config["padding"] == "same" else "no padding")
    if config.get("activation") not in (None, "linear"):
        words.append(str(config["activation"]))
    return ", ".join(words)


def _by(size: tuple[int, ...]) -> str:
    return " × ".join(map(str, size))
