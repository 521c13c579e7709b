"""Hostile files: a ModelError that says what and where, in little memory, and nothing else."""

from __future__ import annotations

import contextlib
import sys
import tracemalloc
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inklens import coreml
from inklens.coreml.model import from_spec
from inklens.errors import ModelError
from tests.coreml import files

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

import fuzz_coreml

LITTLE = 100 << 20  # bytes that refusing a file may take


@cache
def network() -> bytes:
    return files.digit_network().SerializeToString()


@cache
def program() -> tuple[bytes, Path]:
    model = files.digit_program()
    return model._spec.SerializeToString(), Path(model.weights_dir)


def edited_network(edit: Callable[[Any], object]) -> bytes:
    ct = files.coremltools()
    spec = ct.proto.Model_pb2.Model.FromString(network())
    edit(spec)
    return spec.SerializeToString()


def load_and_predict(data: bytes, weights: Path | None) -> None:
    model = from_spec(data, weights_folder=weights)
    model.predict({one.name: fuzz_coreml.example(one.type) for one in model.description.inputs})


def refused(data: bytes, weights: Path | None = None) -> str:
    """The message with which a file is refused, on reading or on the first prediction; little memory is asked for."""
    tracemalloc.start()
    try:
        with pytest.raises(ModelError) as caught:
            load_and_predict(data, weights)
        assert tracemalloc.get_traced_memory()[1] < LITTLE
    finally:
        tracemalloc.stop()
    return str(caught.value)


def layers(spec: Any) -> Any:
    return spec.neuralNetworkClassifier.layers


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda s: setattr(s.description.input[0].type.imageType, "width", 1 << 40), "at most 1,073,741,824 are run"),
        (lambda s: setattr(s.description.input[0].type.imageType, "height", -5), "has the size 28 × -5"),
        (lambda s: setattr(s.description.input[0].type.imageType, "colorSpace", 99), "has the colour space 99"),
        (lambda s: setattr(layers(s)[0].convolution, "outputChannels", 1 << 60), "layer conv (convolution)"),
        (lambda s: layers(s)[0].convolution.kernelSize.__setitem__(0, 1 << 40), "layer conv (convolution)"),
        (lambda s: layers(s)[0].convolution.stride.extend([0, 0]), "layer conv (convolution)"),
        (lambda s: layers(s)[0].convolution.weights.floatValue.__delitem__(slice(5, None)), "layer conv (convolution)"),
        (lambda s: setattr(layers(s)[4].innerProduct, "outputChannels", 1 << 50), "layer dense (innerProduct)"),
        (lambda s: layers(s)[0].input.__setitem__(0, "probabilities"), "'probabilities', which no input or earlier"),
        (lambda s: layers(s)[1].output.__setitem__(0, "conv"), "layer relu (activation) gives 'conv', which exists"),
        (lambda s: layers(s).__delitem__(slice(3, None)), "no layer gives the output 'probabilities'"),
        (lambda s: layers(s)[1].ClearField("layer"), "a layer without a kind (at layer relu)"),
        (lambda s: layers(s)[2].pooling.kernelSize.__setitem__(0, 0), "layer pool (pooling)"),
        (lambda s: s.neuralNetworkClassifier.stringClassLabels.vector.pop(), "10 probabilities for 9 class labels"),
        (lambda s: s.description.ClearField("output"), "the model describes no output"),
        (lambda s: s.description.output.add(name="more").type.doubleType.SetInParent(), "the output 'more'"),
        (lambda s: s.description.output.add().CopyFrom(s.description.output[0]), "two outputs of the model are called"),
        (lambda s: s.description.input.add().CopyFrom(s.description.input[0]), "two inputs of the model are called"),
        (lambda s: s.description.input[0].type.ClearField("imageType"), "has no type that is known"),
        (lambda s: setattr(s, "specificationVersion", 1000), "has specification version 1000; 1 to 10 are known"),
        (lambda s: s.ClearField("neuralNetworkClassifier"), "models of kind no type are not supported"),
    ],
)  # fmt: skip
def test_a_network_that_cannot_be_is_refused(edit: Callable[[Any], object], problem: str) -> None:
    assert problem in refused(edited_network(edit))


def test_layers_that_claim_more_than_memory_are_refused() -> None:
    coremltools = files.coremltools()
    assert coremltools is not None
    from coremltools.models import datatypes
    from coremltools.models.neural_network import NeuralNetworkBuilder

    def built(add: Callable[[Any], object]) -> bytes:
        builder = NeuralNetworkBuilder(
            [("x", datatypes.Array(1, 4, 4))], [("y", datatypes.Array(1))], disable_rank5_shape_mapping=True
        )
        add(builder)
        return builder.spec.SerializeToString()

    for add in (
        lambda b: b.add_tile("big", "x", "y", (1 << 20, 1 << 20, 1 << 20)),
        lambda b: b.add_fill_static("big", "y", (1 << 20, 1 << 20), 1.0),
        lambda b: b.add_upsample("big", 1 << 20, 1 << 20, "x", "y"),
        lambda b: b.add_constant_pad("big", "x", "y", 0.0, False, (0, 0, 1 << 30, 0, 0, 1 << 30)),
        lambda b: b.add_broadcast_to_static("big", "x", "y", (1 << 20, 1 << 20, 4, 4)),
        lambda b: b.add_resize_bilinear("big", "x", "y", 1 << 20, 1 << 20),
        lambda b: b.add_range_static("big", "y", None, 1e15, 0.0, 1.0),
        lambda b: b.add_one_hot("big", ["x"], "y", 1 << 40),
    ):
        assert "big" in refused(built(add))


class Program:
    """A program under edit: its operations by their output's name, its block, and the kernel's constant."""

    def __init__(self, spec: Any) -> None:
        self.block = next(iter(spec.mlProgram.functions["main"].block_specializations.values()))
        self.operations = {one.outputs[0].name: one for one in self.block.operations}

    def __getitem__(self, name: str) -> Any:
        return self.operations[name]

    @property
    def kernel(self) -> Any:
        named = (one for name, one in self.operations.items() if name.startswith("conv_weight"))
        return next(named).attributes["val"]

    @property
    def kernel_type(self) -> Any:
        return self.kernel.type.tensorType


def edited_program(edit: Callable[[Program], object]) -> bytes:
    ct = files.coremltools()
    spec = ct.proto.Model_pb2.Model.FromString(program()[0])
    edit(Program(spec))
    return spec.SerializeToString()


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda p: p.block.outputs.append("lost"), "returns 'lost', which no operation gives"),
        (lambda p: p.block.outputs.__delitem__(slice(None)), "the function 'main' returns nothing"),
        (
            lambda p: setattr(p["conv"].inputs["x"].arguments[0], "name", "dense"),
            "conv.x uses 'dense', which nothing before it gives",
        ),
        (lambda p: setattr(p["conv"].outputs[0], "name", "x"), "two values are called 'x'; the second is at conv"),
        (lambda p: p["conv"].ClearField("outputs"), "the operation conv (conv) has no output"),
        (
            lambda p: p["conv"].inputs["x"].ClearField("arguments"),
            "the parameter 'x' of conv (conv) is bound to nothing",
        ),
        (lambda p: p["conv"].inputs.pop("weight"), "conv (at conv) lacks its parameter weight"),
        (lambda p: setattr(p.kernel.blobFileValue, "offset", 1 << 40), "would reach to byte"),
        (lambda p: setattr(p.kernel.blobFileValue, "offset", 65), "has no blob at byte 65"),
        (lambda p: setattr(p.kernel.blobFileValue, "fileName", "@model_path/../../x"), "which is not a path inside"),
        (lambda p: setattr(p.kernel_type.dimensions[0].constant, "size", 1 << 31), "at most 1,073,741,824 are run"),
        (lambda p: setattr(p.kernel_type.dimensions[0].constant, "size", 9), "its type needs"),
        (lambda p: setattr(p.kernel_type, "rank", 3), "declares 3 dimensions and lists 4"),
        (lambda p: setattr(p.kernel_type, "dataType", 77), "unknown data type 77"),
        (
            lambda p: setattr(p["conv"].outputs[0].type.tensorType.dimensions[1].constant, "size", 1 << 62),
            "elements; at most",
        ),
    ],
)
def test_a_program_that_cannot_be_is_refused(edit: Callable[[Program], object], problem: str) -> None:
    assert problem in refused(edited_program(edit), program()[1])


def test_a_program_without_its_weights_is_refused(tmp_path: Path) -> None:
    assert "weight.bin cannot be read: No such file" in refused(program()[0], tmp_path)
    assert "but the model was given without a folder" in refused(program()[0])


def test_every_truncation_is_refused() -> None:
    for data, weights in ((network(), None), program()):
        for end in {*range(0, 200, 7), *range(0, len(data), max(1, len(data) // 60))}:
            refused(data[:end], weights)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), which=st.sampled_from(["network", "program"]))
def test_mutated_models_give_results_or_model_errors(seed: int, which: str) -> None:
    """The same damages as tools/fuzz_coreml.py makes, over the structure of two small models."""
    rng = np.random.default_rng(seed)
    data, weights = (network(), None) if which == "network" else program()
    with contextlib.suppress(ModelError):
        structured = rng.random() < 0.5
        damaged = fuzz_coreml.mutate_structure(data, "Model", rng) if structured else fuzz_coreml.mutate(data, rng)
        load_and_predict(damaged, weights)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_mutated_files_can_be_inspected_or_are_refused(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    weights = (program()[1] / "weight.bin").read_bytes()
    damaged = fuzz_coreml.damaged_files(fuzz_coreml.Seed("program", program()[0], weights, ".mlpackage"), rng)
    path = fuzz_coreml.write(fuzz_coreml.Seed("program", b"", None, ".mlpackage"), damaged, tmp_path / "case")
    with contextlib.suppress(ModelError):
        coreml.inspect(path)
