"""What an export starts from: a finished run, or a `.keras` file of a plain network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from inklens.backend import import_torch, keras
from inklens.coreml.ir import Argument, Graph, Node, Ref, Tensor
from inklens.coreml.reference import evaluate
from inklens.errors import ExportError, ModelError
from inklens.lowering.fold import fold
from inklens.lowering.graph import SCORES, lower, rename
from inklens.training.recipes import LOCATOR

if TYPE_CHECKING:
    from inklens.training.run import Run

Scale = Literal["0-1", "0-255", "-1-1"]
Ink = Literal["bright", "dark"]
SCALES = {"0-255": (1.0, 0.0), "0-1": (1 / 255, 0.0), "-1-1": (1 / 127.5, -1.0)}  # y = a * pixel + b
INKS = ("bright", "dark")
# Operations whose results are no probabilities yet but scores, to which a softmax belongs.
SCORING = ("linear", "conv", "add", "sub", "mul", "reshape", "reduce_mean", "reduce_max", "batch_norm")


@dataclass(frozen=True)
class Source:
    """A Keras network and what is known of it.

    pixels: how a pixel of the contract (0–255, ink bright) becomes the network's input: (a, b) of a * pixel + b.
    recipe, seed: of the run, None for a `.keras` file. answered: probabilities by the digest of the images.
    """

    name: str
    labels: tuple[str, ...]
    model: Any
    pixels: tuple[float, float] = (1.0, 0.0)
    recipe: str | None = None
    seed: int | None = None
    answered: dict[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def graph(self) -> Graph:
        """The network from pixels to probabilities, folded; ExportError names every layer that cannot be carried."""
        return _with_softmax(self._lowered) if self.adds_softmax else self._lowered

    @cached_property
    def adds_softmax(self) -> bool:
        """Whether the network ends in scores, so that its softmax is added."""
        last = self._lowered.nodes[-1].op
        if last not in ("softmax", *SCORING):
            raise ExportError(
                f"{self.name} ends in {last}, whose values are no distribution over the classes; "
                "expected a softmax, or a plain dense layer to which one can be added"
            )
        return last != "softmax"

    @cached_property
    def _lowered(self) -> Graph:
        graph = fold(_with_pixels(lower(self.model), self.pixels))
        shape = graph.nodes[-1].outputs[0].shape
        if len(shape) != 2:
            raise ExportError(f"{self.name} answers with shape {list(shape)}; expected one probability for each class")
        return graph

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Probabilities float32 [n, classes] by Keras itself; images uint8 or float32 [n, 28, 28], pixels 0–255."""
        scale, offset = (np.float32(value) for value in self.pixels)
        x = images.astype(np.float32)
        if (scale, offset) != (1, 0):
            x = x * scale + offset
        with import_torch().no_grad():
            answer = self.model(x.reshape(len(x), *self.model.inputs[0].shape[1:]), training=False)
        values = np.asarray(answer.detach().cpu().numpy(), np.float32).reshape(len(images), -1)
        if self.adds_softmax:
            values = np.exp(values - values.max(axis=1, keepdims=True))
            values /= values.sum(axis=1, keepdims=True)
        return values

    def trace(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """The values of every operation of the lowered network for one image, uint8 [28, 28]."""
        names = tuple(output.name for node in self.graph.nodes for output in node.outputs)
        return evaluate(replace(self.graph, outputs=names), {self.graph.inputs[0].name: image[None, None]})


def load_source(
    model: Run | str | Path,
    *,
    labels: Sequence[str] | None = None,
    scale: str | None = None,
    ink: str | None = None,
) -> Source:
    """A finished run or a `.keras` file, ready to be asked and exported.

    labels: one for each class; a run knows its own. scale, ink: what a `.keras` file was trained on, needed there and
    refused for a run, which takes pixels 0–255 with bright ink. Raises RunError, ModelError or ExportError.
    """
    from inklens.training.run import Run

    if isinstance(model, (str, Path)) and Path(model).suffix == ".keras":
        return _keras_file(Path(model), labels, scale, ink)
    run = model if isinstance(model, Run) else Run.load(model)
    if run.recipe.network == LOCATOR:
        raise ModelError(
            f"{run.path} is a run of the locator, which finds digits on pages; expected one of a classifier. "
            "`inklens evaluate --reading` measures the whole reader."
        )
    if scale is not None or ink is not None:
        raise ExportError("a run takes pixels 0–255 with bright ink; scale and ink are for .keras files")
    return Source(
        run.path.name,
        _checked_labels(labels if labels is not None else run.dataset["names"], len(run.dataset["names"])),
        run.model(),
        recipe=run.recipe.name,
        seed=run.seed,
    )


def _keras_file(path: Path, labels: Sequence[str] | None, scale: str | None, ink: str | None) -> Source:
    if not path.exists():
        raise ModelError(f"there is no model at {path}")
    if scale not in SCALES or ink not in INKS:
        raise ExportError(
            f"{path.name} does not say which pixels it was trained on: give scale as one of {', '.join(SCALES)} "
            f"(0-255 if the network scales them itself) and ink as bright (on black, as MNIST) or dark (on white); "
            f"given: scale {scale or 'nothing'}, ink {ink or 'nothing'}"
        )
    try:
        model = keras().models.load_model(path, compile=False)
    except Exception as error:  # Keras raises whatever its zip, JSON and HDF5 readers do
        reason = str(error).strip().splitlines()
        raise ModelError(f"{path} cannot be read by Keras: {reason[0] if reason else type(error).__name__}") from error
    if not getattr(model, "inputs", None) or not getattr(model, "outputs", None):
        raise ExportError(f"{path.name} is no Sequential or functional Keras model with a fixed input")
    slope, start = SCALES[scale]
    pixels = (slope, start) if ink == "bright" else (-slope, 255 * slope + start)
    classes = model.outputs[0].shape[-1]
    return Source(path.name, _checked_labels(labels or [str(i) for i in range(classes)], classes), model, pixels)


def _checked_labels(labels: Sequence[str], classes: int) -> tuple[str, ...]:
    if len(labels) != classes:
        raise ExportError(f"{len(labels)} labels were given ({', '.join(labels)}), but there are {classes} classes")
    doubled = sorted({label for label in labels if list(labels).count(label) > 1})
    if doubled or not all(labels):
        what = f"{', '.join(doubled)} given twice" if doubled else "an empty one"
        raise ExportError(f"labels must differ and say something: {what}")
    return tuple(labels)


def _with_pixels(graph: Graph, pixels: tuple[float, float]) -> Graph:
    """The graph that first turns the contract's pixels into those that the network was trained on."""
    [image] = graph.inputs
    scale, offset = pixels
    steps = [("mul", "scaled_pixels", scale)] * (scale != 1) + [("add", "moved_pixels", offset)] * (offset != 0)
    name, nodes = image.name, []
    for op, result, constant in steps:
        arguments: dict[str, Argument] = {"x": Ref(name), "y": np.asarray(constant, np.float32)}
        nodes.append(Node(op, result, arguments, (replace(image, name=result),)))
        name = result
    return Graph((image,), (*nodes, *rename(graph, {image.name: name}).nodes), graph.outputs)


def _with_softmax(graph: Graph) -> Graph:
    *nodes, last = graph.nodes
    [output] = graph.outputs
    scores = Tensor(SCORES, "fp32", last.outputs[0].shape)
    arguments: dict[str, Argument] = {"x": Ref(SCORES), "axis": np.asarray(-1, np.int32)}
    softmax = Node("softmax", output, arguments, (replace(scores, name=output),))
    return replace(graph, nodes=(*nodes, replace(last, name=SCORES, outputs=(scores,)), softmax))
