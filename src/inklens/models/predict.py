"""Ask a model file about a picture file, as an app would: the whole picture stretched to the model's input."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from inklens.data.pictures import Picture, to_picture
from inklens.errors import ModelError
from inklens.models.predictor import CORE_ML_SUFFIXES, SIZE, Predictor, as_predictor

if TYPE_CHECKING:
    from inklens.training.run import Run

MUCH_LARGER = 4  # times the input's side: a scan or a photo rather than a cut-out digit
MOSTLY_BRIGHT = 127  # mean grey level; MNIST's images have a mean of 33, paper of about 200


@dataclass(frozen=True)
class Prediction:
    """What a model answered about one picture.

    outputs: as Core ML returns them, `classLabel` and `classLabel_probs` for our models, a foreign model's own names
    else. seen: the picture as it entered the model, stretched to its input. warning: what speaks against trusting the
    answer, or None.
    """

    image: str
    outputs: dict[str, object]
    seen: Image.Image
    warning: str | None

    def __repr__(self) -> str:
        answers = ", ".join(f"{name} {value}" for name, value in self.outputs.items() if isinstance(value, str | int))
        return f"<Prediction of {self.image}: {answers or ', '.join(self.outputs)}>"

    def to_json(self) -> dict[str, object]:
        """Every output as plain JSON values, under the model's own names."""
        return {"image": self.image} | {name: _plain(value) for name, value in self.outputs.items()}


@dataclass(frozen=True)
class PictureModel:
    """A model that takes one picture of a fixed size: `answer` maps a Pillow image of that size and mode to outputs."""

    size: tuple[int, int]
    mode: str
    answer: Callable[[Image.Image], dict[str, object]]

    def predict(self, source: Picture) -> Prediction:
        """Ask about a picture, as `to_picture` takes it, stretched to the input as Vision's `scaleFill` does."""
        picture = to_picture(source)
        name = str(source) if isinstance(source, str | Path) else f"a picture of {picture.width} × {picture.height}"
        grey = picture.convert("L")
        seen = picture.convert("RGB" if self.mode == "RGB" else "L").resize(self.size, Image.Resampling.BILINEAR)
        if self.mode == "F":
            seen = seen.convert("F")
        return Prediction(name, self.answer(seen), seen, self._doubt(grey))

    def _doubt(self, grey: Image.Image) -> str | None:
        if self.mode == "RGB":
            return None
        reasons = []
        brightness = float(np.asarray(grey).mean())
        if brightness > MOSTLY_BRIGHT:
            reasons.append(f"mostly bright (mean {brightness:.0f} of 255)")
        if max(grey.width / self.size[0], grey.height / self.size[1]) >= MUCH_LARGER:
            reasons.append(f"much larger than the model's input ({grey.width} × {grey.height})")
        if not reasons:
            return None
        return (
            f"the picture is {' and '.join(reasons)}; the model expects one digit, bright ink on black, "
            f"{self.size[0]} × {self.size[1]}. For photos and scans use `inklens read`."
        )


def open_picture_model(model: Predictor | Run | str | Path) -> PictureModel:
    """Open a run, a run folder or any model file that takes one picture.

    A Core ML file may be anybody's: an image input of any size and colour, or an array the shape of one grey picture.
    Raises ModelError, with what it takes, for a model that needs anything else.
    """
    if isinstance(model, str | Path) and Path(model).suffix in CORE_ML_SUFFIXES:
        return _open_core_ml(Path(model))
    predictor = as_predictor(model)

    def answer(picture: Image.Image) -> dict[str, object]:
        probabilities = predictor(np.asarray(picture)[None])[0]
        by_label = {label: float(p) for label, p in zip(predictor.labels, probabilities, strict=True)}
        return {"classLabel": max(by_label, key=by_label.__getitem__), "classLabel_probs": by_label}

    return PictureModel((SIZE, SIZE), "L", answer)


def _open_core_ml(path: Path) -> PictureModel:
    from inklens import coreml
    from inklens.coreml.description import ArrayType, ImageType

    model = coreml.load(path)
    required = [feature for feature in model.description.inputs if not feature.optional]
    if len(required) == 1:
        name, kind = required[0].name, required[0].type
        if isinstance(kind, ImageType):
            return PictureModel((kind.width, kind.height), kind.mode, lambda picture: model.predict({name: picture}))
        if isinstance(kind, ArrayType) and len(kind.shape) >= 2 and math.prod(kind.shape[:-2]) == 1:
            shape, dtype = kind.shape, kind.dtype
            return PictureModel(
                (shape[-1], shape[-2]),
                "L",
                lambda picture: model.predict({name: np.asarray(picture, dtype).reshape(shape)}),
            )
    takes = ", ".join(f"{feature.name}: {feature.type}" for feature in required) or "nothing"
    raise ModelError(f"{path} takes {takes}; expected a model with one picture as its input.")


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Image.Image):
        return {"mode": value.mode, "width": value.width, "height": value.height}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value
