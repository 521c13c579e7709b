"""The page of a file: types, inputs, labels, operations, precision, weights by storage."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from inklens import coreml
from inklens.coreml.inspection.page import Storage
from inklens.errors import ModelError
from tests.coreml import files

CONV, DENSE = 8 * 9 + 8, 10 * 8 * 14 * 14


def test_the_page_of_an_ml_program_has_what_xcode_shows(tmp_path: Path) -> None:
    ct = files.coremltools()
    model = files.digit_program(compute_precision=ct.precision.FLOAT16)
    model.author, model.license, model.short_description, model.version = "A. Uthor", "MIT", "Reads digits", "2"
    model.user_defined_metadata["inklens.contract"] = '{"contract": 1}'
    path = files.save(model, tmp_path)
    page = coreml.inspect(path)
    facts = page.to_json()
    assert (facts["type"], facts["specification"]) == ("ML Program Classifier", 6)
    assert facts["requires"] == "iOS 15, macOS 12 or newer"
    assert facts["inputs"] == [
        {
            "name": "x", "type": "image", "colour": "GRAYSCALE", "width": 28, "height": 28,
            "optional": False, "description": "",
        }
    ]  # fmt: skip
    assert [(one["name"], one["type"]) for one in facts["outputs"]] == [
        ("classLabel", "string"),
        ("classLabel_probs", "dictionary"),
    ]
    assert facts["labels"] == files.DIGITS
    assert (facts["metadata"]["author"], facts["metadata"]["license"]) == ("A. Uthor", "MIT")
    assert facts["contract"] == {"contract": 1}
    assert facts["operations"]["conv"] == 1
    assert facts["precision"].split(", ")[0] == "float16"
    stored = facts["weights"]["float16"]
    assert DENSE + 72 <= stored["values"] <= CONV + DENSE + 10
    assert stored["bytes"] == stored["values"] * 2
    assert facts["bytes"] == sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    json.dumps(facts)
    printed = str(page)
    assert printed.startswith(f"{path}\nType  ")
    for text in ("x: image (greyscale, 28 × 28)", "author: A. Uthor", "Labels (10)", "conv × 1", "31.5 kB"):
        assert text in printed


def test_the_page_of_a_neural_network_counts_layers_and_weights(tmp_path: Path) -> None:
    spec = files.digit_network()
    page = coreml.inspect(files.save(spec, tmp_path))
    assert page.type == "Neural Network Classifier"
    assert page.labels == tuple(files.DIGITS)
    assert page.operations == {
        "activation": 1, "convolution": 1, "flatten": 1, "innerProduct": 1, "pooling": 1, "softmax": 1,
    }  # fmt: skip
    assert page.weights == {"float32": Storage(CONV + DENSE, 4 * (CONV + DENSE))}
    assert page.bytes == len(spec.SerializeToString())


@pytest.mark.parametrize(
    ("target", "how", "kind"),
    [
        ("iOS16", {"nbits": 6}, "6-bit palettized"),
        ("iOS18", {"nbits": 3}, "3-bit palettized"),
        ("iOS16", {}, "8-bit linear"),
        ("iOS18", {"dtype": "int4"}, "4-bit linear"),
        ("iOS18", {"target_sparsity": 0.5}, "sparse"),
    ],
)
def test_compressed_weights_are_named_by_kind_and_width(target: str, how: dict, kind: str, tmp_path: Path) -> None:
    files.coremltools()
    from coremltools.optimize import coreml as cto

    model = files.digit_program(target=target)
    if "nbits" in how:
        config = cto.OpPalettizerConfig(mode="uniform", weight_threshold=500, **how)
        model = cto.palettize_weights(model, cto.OptimizationConfig(global_config=config))
    elif "target_sparsity" in how:
        config = cto.OpMagnitudePrunerConfig(weight_threshold=500, **how)
        model = cto.prune_weights(model, cto.OptimizationConfig(global_config=config))
    else:
        config = cto.OpLinearQuantizerConfig(weight_threshold=500, **how)
        model = cto.linear_quantize_weights(model, cto.OptimizationConfig(global_config=config))
    weights = coreml.inspect(files.save(model, tmp_path)).weights
    assert weights[kind].values == DENSE
    if "bit" in kind:
        bits = int(kind.split("-")[0])
        assert DENSE * bits / 8 <= weights[kind].bytes <= DENSE * bits / 8 + 400


def test_quantized_neural_network_weights_are_named_by_kind_and_width(tmp_path: Path) -> None:
    ct = files.coremltools()
    from coremltools.models.neural_network import quantization_utils

    full = ct.models.MLModel(files.digit_network(), skip_model_load=True)
    for bits, mode, kind in (
        (16, "linear", "float16"),
        (8, "linear", "8-bit linear"),
        (4, "linear_lut", "4-bit palettized"),
    ):
        small = quantization_utils.quantize_weights(full, bits, mode)
        small = small.get_spec() if hasattr(small, "get_spec") else small
        weights = coreml.inspect(files.save(small, tmp_path, f"{bits}")).weights
        assert weights[kind].values >= DENSE


def test_a_model_that_cannot_be_run_can_be_inspected(tmp_path: Path) -> None:
    ct = files.coremltools()
    spec = ct.proto.Model_pb2.Model(specificationVersion=1)
    spec.description.input.add(name="x").type.doubleType.SetInParent()
    spec.description.output.add(name="y").type.doubleType.SetInParent()
    spec.treeEnsembleRegressor.SetInParent()
    (tmp_path / "tree.mlmodel").write_bytes(spec.SerializeToString())
    page = coreml.inspect(tmp_path / "tree.mlmodel")
    assert (page.type, page.requires) == ("treeEnsembleRegressor", "iOS 11, macOS 10.13 or newer")
    assert "x: double" in str(page)


def test_the_page_of_an_onnx_file(tmp_path: Path) -> None:
    model = coreml.load(files.save(files.digit_program(), tmp_path))
    path = model.to_onnx(tmp_path / "digits.onnx")
    facts = coreml.inspect(path).to_json()
    onnx = pytest.importorskip("onnx")
    proto = onnx.load(path)
    assert facts["type"] == f"ONNX, written by {proto.producer_name}"
    assert facts["specification"] == proto.opset_import[0].version
    assert facts["inputs"][0]["shape"] == [1, 1, 28, 28]
    assert facts["outputs"][0]["name"] == "classLabel_probs"
    assert sum(facts["operations"].values()) == len(proto.graph.node)
    assert facts["labels"] == files.DIGITS
    values = sum(int(np.prod(one.dims)) for one in proto.graph.initializer if one.data_type == 1)
    assert facts["weights"]["float32"] == {"values": values, "bytes": 4 * values}
    assert facts["bytes"] == path.stat().st_size


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"\x08\x08")
    with pytest.raises(ModelError, match="is no ONNX model: it has no graph"):
        coreml.inspect(tmp_path / "a.onnx")
    with pytest.raises(ModelError, match="there is no model at"):
        coreml.inspect(tmp_path / "b.onnx")
