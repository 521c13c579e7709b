"""The model contract: its JSON text, and what a reader refuses."""

import json

import pytest

from inklens.errors import ContractError
from inklens.models.contract import ClassifierContract, LocatorContract, parse_contract

DIGITS = tuple("0123456789")
CLASSIFIER = (
    '{"contract": 1, "kind": "classifier", "size": [28, 28], "ink": "bright", "labels": ["0", "1"], "none": null, '
    '"preparation": 1, "threshold": 0.5, "recipe": "fast", "seed": 1, "accuracy": 0.991, "n": 10000}'
)
LOCATOR = (
    '{"contract": 1, "kind": "locator", "size": [640, 480], "ink": "any", "stride": 4, "channels": ["centre"], '
    '"peak": 0.4, "overlap": 0.5, "recipe": null, "seed": null}'
)


def changed(**values: object) -> str:
    return json.dumps({**json.loads(CLASSIFIER), **values})


def test_classifier_is_written_as_the_design_shows_it():
    contract = ClassifierContract(labels=("0", "1"), threshold=0.5, recipe="fast", seed=1, accuracy=0.991, n=10000)
    assert contract.to_json() == CLASSIFIER


def test_locator_is_written_with_its_own_keys():
    assert LocatorContract(channels=("centre",), peak=0.4, overlap=0.5).to_json() == LOCATOR


@pytest.mark.parametrize("text", [CLASSIFIER, LOCATOR])
def test_text_survives_reading_and_writing(text):
    assert parse_contract(text).to_json() == text


def test_unknown_keys_are_ignored():
    assert parse_contract(changed(colour="blue")) == parse_contract(CLASSIFIER)


def test_labels_may_be_any_writing():
    labels = ("一", "二", "none")
    text = ClassifierContract(labels=labels, none="none", threshold=0.5).to_json()
    assert parse_contract(text).labels == labels


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "is a list; expected an object"),
        (changed(contract=2), "contract of version 2; this inklens knows version 1. Update inklens."),
        (changed(contract=0), "contract of version 0; this inklens knows version 1. Export the model again."),
        (changed(contract="1"), "version is '1'; expected a number such as 1"),
        (changed(contract=True), "version is True; expected a number such as 1"),
        (changed(kind="oracle"), "kind is 'oracle'; expected one of classifier, locator"),
        (changed(size=[28]), "size is [28]; expected two whole numbers, width and height"),
        (changed(size=[28, 0]), "size is [28, 0]; expected two whole numbers, width and height"),
        (changed(ink="blue"), 'ink is "blue"; expected bright, dark or any'),
        (changed(labels=["0", "0"]), 'labels is ["0", "0"]; expected a list of texts, each once and none empty'),
        (changed(labels="01"), 'labels is "01"; expected a list of texts, each once and none empty'),
        (changed(none="x"), "none is 'x', which is not one of its labels (0, 1)"),
        (changed(preparation=0), "preparation is 0; expected a whole number from 1"),
        (changed(threshold=1.5), "threshold is 1.5; expected a number from 0 to 1"),
        (changed(threshold=float("nan")), "threshold is NaN; expected a number from 0 to 1"),
        (changed(seed="one"), 'seed is "one"; expected a whole number from 0, or null'),
        (changed(accuracy=99.1), "accuracy is 99.1; expected a number from 0 to 1, or null"),
        (changed(n=0), "n is 0; expected a whole number from 1, or null"),
        ('{"contract": 1, "kind": "classifier"}', "of a classifier lacks size, ink, labels, preparation, threshold"),
        (
            '{"contract": 1, "kind": "locator", "size": [9, 9]}',
            "of a locator lacks ink, stride, channels, peak, overlap",
        ),
    ],
)
def test_wrong_contract_is_refused_with_what_was_expected(text, message):
    with pytest.raises(ContractError) as error:
        parse_contract(text)
    assert message in str(error.value)


def test_wrong_contract_cannot_be_made():
    with pytest.raises(ContractError, match="threshold is 2"):
        ClassifierContract(labels=DIGITS, threshold=2)
