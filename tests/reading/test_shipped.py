"""The two networks that the package carries: within their bounds, and able to read."""

import math

import numpy as np
import pytest

from inklens import coreml
from inklens.coreml.ir import Ref
from inklens.models.contract import ClassifierContract, LocatorContract
from inklens.models.predictor import file_bytes
from inklens.models.shipped import shipped_path
from inklens.reader_training.calibrate import match_page
from inklens.reading.maps import CHANNELS, DIGITS
from inklens.reading.read import read_page
from inklens.reading.reader import load_reader, shipped_reader
from inklens.rendering.render import RenderOptions, render_pages


def convolutions(name, height, width):
    """(weights, multiply-adds) of each convolution and dense layer of a shipped network for one picture."""
    graph = coreml.load(shipped_path(name)).graph()
    sizes = {graph.inputs[0].name: (height, width)}
    for node in graph.nodes:
        size = next((sizes[value.name] for value in node.arguments.values() if isinstance(value, Ref)), (1, 1))
        if node.op in ("conv", "max_pool"):
            size = tuple(-(-side // int(step)) for side, step in zip(size, node.arguments["strides"], strict=True))
        elif node.op == "upsample_nearest_neighbor":
            size = tuple(2 * side for side in size)
        sizes[node.outputs[0].name] = size
        if node.op in ("conv", "linear"):
            weight = node.arguments["weight"]
            yield weight.size + len(weight), weight.size * (math.prod(size) if node.op == "conv" else 1)


@pytest.mark.parametrize(
    ("name", "picture", "weights", "products"),
    [("locator", (480, 640), 390_000, 700e6), ("namer", (28, 28), 100_000, 14e6)],
)
def test_networks_stay_within_what_phones_and_pages_can_carry(name, picture, weights, products):
    sizes = list(convolutions(name, *picture))
    assert 0.5 * weights < sum(size for size, _ in sizes) <= weights
    assert 0.5 * products < sum(count for _, count in sizes) <= products


def test_both_packages_together_are_small():
    assert file_bytes(shipped_path("locator")) + file_bytes(shipped_path("namer")) <= 1_200_000


def test_contracts_tell_clients_all_they_need():
    reader = shipped_reader()
    assert isinstance(reader.locator, LocatorContract)
    assert (reader.locator.size, reader.locator.stride, reader.locator.channels) == ((640, 480), 4, CHANNELS)
    assert isinstance(reader.classifier, ClassifierContract)
    assert (reader.classifier.labels, reader.classifier.none) == ((*DIGITS, "none"), "none")
    assert (reader.locator.recipe, reader.classifier.recipe) == ("locator", "namer")


def test_clean_pages_of_unseen_digits_are_read():
    options = RenderOptions(
        width=640, height=480, heights=(24, 120), dirt=0.2, digits="validation", without=frozenset({"print"}), blank=0.0
    )
    right = marks = digits = 0
    for page in render_pages(12, options, seed=5):
        reading = read_page(page.page, load_reader())
        boxes = np.array([mark.box for mark in reading.marks]).reshape(-1, 4)
        truth = match_page(boxes, np.array([mark.confidence for mark in reading.marks]), page)
        right += sum(
            digit >= 0 and mark.label == str(page.labels[digit])
            for mark, digit in zip(reading.marks, truth, strict=True)
        )
        marks, digits = marks + int((truth > -2).sum()), digits + len(page.boxes)
    assert digits > 100
    assert right / marks > 0.95
    assert right / digits > 0.8


@pytest.mark.parametrize("level", [30, 128, 250])
def test_nothing_is_read_on_even_paper(level):
    noise = np.random.default_rng(level).normal(level, 3, (480, 640))
    reading = read_page(np.clip(noise, 0, 255).astype(np.uint8), shipped_reader())
    assert reading.marks == ()
    assert reading.text == ""
