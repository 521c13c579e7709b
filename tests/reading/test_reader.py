from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inklens.errors import ModelError
from inklens.models.contract import ClassifierContract
from inklens.models.predictor import Predictor
from inklens.models.shipped import shipped_path
from inklens.reading.maps import DIGITS
from inklens.reading.reader import classifier_contract, load_reader
from tests.reading.readers import NAMER, block_reader


def predictor(contract: ClassifierContract | None = None) -> Predictor:
    return Predictor("mine", DIGITS, lambda images: np.zeros((len(images), 10), np.float32), contract=contract)


def test_classifier_without_a_contract_has_its_labels_and_a_threshold_of_a_half() -> None:
    assert classifier_contract(predictor()) == ClassifierContract(labels=DIGITS, threshold=0.5)


def test_classifier_that_cannot_be_fed_by_prepared_marks_is_refused() -> None:
    for contract, message in (
        (replace(NAMER, ink="dark"), "mine expects dark ink; marks are prepared with bright ink on 0"),
        (replace(NAMER, preparation=2), "mine expects marks of preparation 2; this inklens makes 1"),
    ):
        with pytest.raises(ModelError, match=message):
            classifier_contract(predictor(contract))
    assert classifier_contract(predictor(replace(NAMER, ink="any"))).ink == "any"


def test_reader_tells_its_labels_without_none() -> None:
    reader = block_reader()
    assert reader.labels == DIGITS
    assert reader.names_digits
    assert not replace(reader, classifier=ClassifierContract(labels=("a", "b"), threshold=0.5)).names_digits


def test_missing_networks_are_named_with_what_makes_them(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        load_reader(folder=tmp_path)
    assert str(caught.value) == "this inklens has no shipped locator; `make reader` trains and exports both networks."
    with pytest.raises(ModelError, match="has no shipped other"):
        shipped_path("other")
