"""A reader: the locator that finds marks on pages and the classifier that names them, from model files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inklens import coreml
from inklens.errors import ModelError
from inklens.models.contract import CONTRACT_KEY, PREPARATION, ClassifierContract, LocatorContract, parse_contract
from inklens.models.predictor import Precision, Predictor, as_predictor, onnx_session
from inklens.models.shipped import shipped_path
from inklens.reading.find import Locate
from inklens.reading.maps import CHANNELS, DIGITS, STRIDE

if TYPE_CHECKING:
    from inklens.training.run import Run


@dataclass(frozen=True)
class Reader:
    """What reads a page: `locate` makes a picture's maps, `classify` names marks of 28 × 28 pixels; with contracts."""

    locate: Locate
    locator: LocatorContract
    classify: Predictor
    classifier: ClassifierContract

    @property
    def labels(self) -> tuple[str, ...]:
        """What the classifier may call a mark, without its none."""
        return tuple(self.classifier.labels[place] for place in self.classifier.symbols)

    @property
    def names_digits(self) -> bool:
        """Whether the classifier's labels are the digits, which the locator has an opinion of too."""
        return self.labels == DIGITS


def load_reader(
    model: Predictor | Run | str | Path | None = None, *, threads: int = 0, folder: Path | None = None
) -> Reader:
    """The shipped locator with the shipped namer, or with another classifier of 28 × 28 pixels.

    model: a predictor, a run, a run folder or a model file; None for the shipped namer. threads: of ONNX Runtime, 0
    for as many as it likes. folder: where both networks lie if not in the package. Raises ModelError, ContractError or
    RunError.
    """
    locate, locator = load_locator(shipped_path("locator", folder), threads=threads)
    classify = as_predictor(shipped_path("namer", folder) if model is None else model, threads=threads)
    return Reader(locate, locator, classify, classifier_contract(classify))


def classifier_contract(classify: Predictor) -> ClassifierContract:
    """What a classifier says of itself; one without a contract has only its labels, and a threshold of a half.

    Raises ModelError where it expects dark ink or marks prepared in another way.
    """
    contract = classify.contract or ClassifierContract(labels=classify.labels, threshold=0.5)
    if contract.ink == "dark":
        raise ModelError(f"{classify.name} expects dark ink; marks are prepared with bright ink on 0")
    if contract.preparation != PREPARATION:
        raise ModelError(
            f"{classify.name} expects marks of preparation {contract.preparation}; this inklens makes {PREPARATION}"
        )
    return contract


def load_locator(
    path: str | Path, *, threads: int = 0, precision: Precision = "float32"
) -> tuple[Locate, LocatorContract]:
    """A locator and its contract from a Core ML or ONNX file. Raises ModelError for any other model."""
    path = Path(path)
    if path.suffix == ".onnx":
        session = onnx_session(path, path, threads=threads)
        contract = _locator_contract(session.get_modelmeta().custom_metadata_map, path)
        name = session.get_inputs()[0].name
        return lambda picture: np.asarray(session.run(None, {name: picture[None]})[0][0], np.float32), contract
    model = coreml.load(path, threads=threads, precision=precision)
    contract = _locator_contract(model.metadata, path)
    [image], [maps] = model.description.inputs, model.description.outputs

    def locate(picture: np.ndarray) -> np.ndarray:
        from PIL import Image

        answer: dict[str, Any] = model.predict({image.name: Image.fromarray(picture)})
        return np.asarray(answer[maps.name], np.float32)[0]

    return locate, contract


def _locator_contract(metadata: Mapping[str, str], path: Path) -> LocatorContract:
    contract = parse_contract(metadata[CONTRACT_KEY]) if CONTRACT_KEY in metadata else None
    if not isinstance(contract, LocatorContract):
        found = "the contract of a classifier" if contract else "no contract"
        raise ModelError(f"{path} is no locator: its metadata have {found}")
    if contract.channels != CHANNELS or contract.stride != STRIDE:
        raise ModelError(
            f"{path} has the maps {', '.join(contract.channels)} of stride {contract.stride}; "
            f"this inklens reads {', '.join(CHANNELS)} of stride {STRIDE}"
        )
    return contract


@cache
def shipped_reader() -> Reader:
    """The shipped reader, loaded once."""
    return load_reader()
