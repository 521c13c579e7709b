"""Compressed weights of every kind and width against coremltools' own decompression."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inklens.coreml.blobs import unpack_bits
from inklens.coreml.compression import fold_constexpr
from inklens.coreml.package import find_model, read_spec
from inklens.coreml.program import lower_program
from inklens.coreml.protobuf import decode
from inklens.errors import ModelError

WEIGHTS = {"conv": (16, 8, 3, 3), "dense": (32, 64)}


def packed_lsb(values: np.ndarray, bits: int) -> np.ndarray:
    """The slow and obvious packing: bit i of number n is bit n * bits + i of the stream."""
    stream = [(int(value) & (1 << bits) - 1) >> bit & 1 for value in values for bit in range(bits)]
    return np.packbits(np.array(stream, np.uint8), bitorder="little")


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 6, 8])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("count", [1, 5, 64, 101])
def test_packed_numbers_of_every_width_unpack(bits: int, signed: bool, count: int) -> None:
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    values = np.random.default_rng(bits).integers(low, high, count)
    assert unpack_bits(packed_lsb(values, bits), bits, count, signed=signed).tolist() == values.tolist()


def network(target: str, precision: str = "float32") -> Any:
    """An ML Program with a convolution and a dense layer of random weights."""
    ct = pytest.importorskip("coremltools")
    from coremltools.converters.mil import Builder as mb  # noqa: N813

    rng = np.random.default_rng(1)
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in WEIGHTS.items()}

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 8, 6, 6))], opset_version=ct.target[target])
    def build(x: Any) -> Any:
        y = mb.relu(x=mb.conv(x=x, weight=weights["conv"], pad_type="valid", name="conv"))
        y = mb.reshape(x=mb.reduce_max(x=y, axes=[3]), shape=[1, 64])
        return mb.linear(x=y, weight=weights["dense"], name="dense")

    return ct.convert(
        build,
        source="milinternal",
        convert_to="mlprogram",
        minimum_deployment_target=ct.target[target],
        compute_precision=getattr(ct.precision, precision.upper()),
        skip_model_load=True,
    )


def palettize(mode: str = "kmeans", **options: Any) -> Callable[[Any], Any]:
    def apply(model: Any) -> Any:
        from coremltools.optimize import coreml as cto

        config = cto.OpPalettizerConfig(mode=mode, weight_threshold=10, **options)
        return cto.palettize_weights(model, cto.OptimizationConfig(global_config=config))

    return apply


def quantize(**options: Any) -> Callable[[Any], Any]:
    def apply(model: Any) -> Any:
        from coremltools.optimize import coreml as cto

        config = cto.OpLinearQuantizerConfig(weight_threshold=10, **options)
        return cto.linear_quantize_weights(model, cto.OptimizationConfig(global_config=config), **joint(model))

    return apply


def joint(model: Any) -> dict[str, bool]:
    kinds = {
        op.type for op in next(iter(model._spec.mlProgram.functions["main"].block_specializations.values())).operations
    }
    return {"joint_compression": True} if any(kind.startswith("constexpr_") for kind in kinds) else {}


def prune(sparsity: float) -> Callable[[Any], Any]:
    def apply(model: Any) -> Any:
        from coremltools.optimize import coreml as cto

        config = cto.OpMagnitudePrunerConfig(target_sparsity=sparsity, weight_threshold=10)
        return cto.prune_weights(model, cto.OptimizationConfig(global_config=config))

    return apply


def prune_then(*, palette: int | None = None) -> Callable[[Any], Any]:
    def apply(model: Any) -> Any:
        from coremltools.optimize import coreml as cto

        pruned = prune(0.6)(model)
        if palette is None:
            config = cto.OpLinearQuantizerConfig(weight_threshold=10, mode="linear_symmetric")
            return cto.linear_quantize_weights(
                pruned, cto.OptimizationConfig(global_config=config), joint_compression=True
            )
        config = cto.OpPalettizerConfig(mode="uniform", nbits=palette, weight_threshold=10)
        return cto.palettize_weights(pruned, cto.OptimizationConfig(global_config=config), joint_compression=True)

    return apply


CASES = {
    **{f"iOS16 table {bits} bit": ("iOS16", palettize("uniform", nbits=bits)) for bits in (1, 2, 4, 6, 8)},
    **{f"iOS18 table {bits} bit": ("iOS18", palettize("uniform", nbits=bits)) for bits in (1, 2, 3, 4, 6, 8)},
    "iOS18 tables for groups": (
        "iOS18",
        palettize("uniform", nbits=3, granularity="per_grouped_channel", group_size=4),
    ),
    "iOS18 tables for groups, scaled channels": (
        "iOS18",
        palettize("uniform", nbits=4, granularity="per_grouped_channel", group_size=8, enable_per_channel_scale=True),
    ),
    "iOS16 linear": ("iOS16", quantize(mode="linear")),
    "iOS16 linear symmetric": ("iOS16", quantize(mode="linear_symmetric", dtype="uint8")),
    "iOS16 linear for the tensor": ("iOS16", quantize(granularity="per_tensor")),
    "iOS18 linear 8 bit": ("iOS18", quantize(mode="linear", dtype="uint8")),
    "iOS18 linear 4 bit in blocks": ("iOS18", quantize(dtype="int4", granularity="per_block", block_size=4)),
    "iOS18 linear unsigned 4 bit": ("iOS18", quantize(mode="linear", dtype="uint4")),
    "iOS16 sparse": ("iOS16", prune(0.6)),
    "iOS18 sparse": ("iOS18", prune(0.6)),
    "iOS18 sparse table": ("iOS18", prune_then(palette=4)),
    "iOS18 sparse linear": ("iOS18", prune_then()),
}


@cache
def made(case: str, precision: str) -> Any:
    target, compress = CASES[case]
    return compress(network(target, precision))


@pytest.mark.parametrize(
    ("case", "precision"),
    [(case, "float32") for case in CASES]
    + [(case, "float16") for case in ("iOS16 linear", "iOS18 linear 4 bit in blocks", "iOS18 sparse table")],
)
def test_compressed_weights_unfold_as_coremltools_unfolds_them(case: str, precision: str, tmp_path: Path) -> None:
    compressed = made(case, precision)
    compressed.save(str(tmp_path / "small.mlpackage"))
    from coremltools.optimize import coreml as cto

    cto.decompress_weights(compressed).save(str(tmp_path / "plain.mlpackage"))
    found = {}
    for name in ("small", "plain"):
        files = find_model(tmp_path / f"{name}.mlpackage")
        graph = lower_program(decode(read_spec(files), "Model"), files.folder / "weights")
        found[name] = {
            node.op: node.arguments["weight"]
            for node in graph.nodes
            if isinstance(node.arguments.get("weight"), np.ndarray)
        }
    assert set(found["small"]) == set(found["plain"]) == {"conv", "linear"}
    for kind, weight in found["small"].items():
        assert weight.shape == found["plain"][kind].shape
        assert np.abs(weight).max() > 0.1
        rounding = 2e-3 if precision == "float16" else 1e-6
        np.testing.assert_allclose(weight, found["plain"][kind], rtol=rounding, atol=rounding)


def test_the_kinds_of_compression_are_those_meant() -> None:
    """The cases above exercise every constexpr operation that coremltools writes."""
    from inklens.coreml.compression import FOLDS

    seen = set()
    for case in CASES:
        model = made(case, "float32")
        blocks = model._spec.mlProgram.functions["main"].block_specializations.values()
        seen |= {op.type for block in blocks for op in block.operations if op.type.startswith("constexpr_")}
    assert seen == set(FOLDS) - {"constexpr_cast"}


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_tables_of_vectors_unfold_as_coremltools_unfolds_them(axis: int) -> None:
    pytest.importorskip("coremltools")
    from coremltools.converters.mil.mil.ops.defs.iOS18 import compression

    rng = np.random.default_rng(3)
    indices = rng.integers(0, 4, (4, 3, 5)).astype(np.uint8)
    lut = rng.normal(size=(2, 1, 1, 4, 3)).astype(np.float32)
    (dense,) = fold_constexpr(
        "constexpr_lut_to_dense", "w", {"indices": indices, "lut": lut, "vector_axis": np.int32(axis)}, 1 << 20
    )
    if axis >= 0:
        np.testing.assert_array_equal(dense, compression.constexpr_lut_to_dense.decompress(indices, lut, axis))
    mask = (rng.random((4, 3, 5)) < 0.5).astype(np.uint8)
    arguments = {"indices_mask": mask, "indices_nonzero_data": indices[mask != 0], "lut": lut}
    places, values = fold_constexpr(
        "constexpr_lut_to_sparse", "w", {**arguments, "vector_axis": np.int32(axis)}, 1 << 20
    )
    full = np.zeros(places.shape, np.float32)
    full[places != 0] = values
    np.testing.assert_array_equal(full, dense * places)
    if axis >= 0:
        expected = compression.constexpr_lut_to_sparse.decompress(mask, indices[mask != 0], lut, axis)
        np.testing.assert_array_equal(places, expected[0])
        np.testing.assert_array_equal(values, expected[1])


def test_a_cast_constant_is_widened() -> None:
    (value,) = fold_constexpr(
        "constexpr_cast", "w", {"source_val": np.array([0.5, 2], np.float16), "output_dtype": "fp32"}, 1 << 20
    )
    assert value.dtype == np.float32
    assert value.tolist() == [0.5, 2.0]


@pytest.mark.parametrize(
    ("op", "arguments", "problem"),
    [
        (
            "constexpr_lut_to_dense",
            {"indices": np.zeros(2, np.uint8), "lut": np.zeros(4, np.float32), "shape": np.array([1 << 20, 1 << 20])},
            "it would unfold to 4,398,046,511,104 bytes",
        ),
        (
            "constexpr_lut_to_dense",
            {"indices": np.zeros(2, np.uint8), "lut": np.zeros(4, np.float32), "shape": np.array([9])},
            "2 bytes for 9 numbers of 2 bits",
        ),
        (
            "constexpr_lut_to_dense",
            {"indices": np.array([3], np.uint8), "lut": np.zeros((1, 2, 1), np.float32)},
            "index 3 into a table of 2 entries",
        ),
        (
            "constexpr_sparse_to_dense",
            {"nonzero_data": np.zeros(3, np.float32), "mask": np.array([1, 0, 1], np.uint8)},
            "2 places are set in the mask, for 3 values",
        ),
        (
            "constexpr_blockwise_shift_scale",
            {"data": np.zeros((4, 6), np.int8), "scale": np.ones((4, 4), np.float32)},
            "4 blocks do not divide 6 places along axis 1",
        ),
        (
            "constexpr_affine_dequantize",
            {
                "quantized_data": np.zeros((4, 6), np.int8),
                "zero_point": np.int8(0),
                "scale": np.ones(3, np.float32),
                "axis": np.int32(1),
            },
            "3 values for 6 places along axis 1",
        ),
        ("constexpr_lut_to_dense", {"lut": np.zeros(4, np.float32)}, "does not fit together"),
        ("constexpr_new", {}, "the compression constexpr_new at w is not supported. Supported: constexpr_affine"),
    ],
)
def test_damaged_compression_is_refused(op: str, arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ModelError) as caught:
        fold_constexpr(op, "w", arguments, 1 << 20)
    assert problem in str(caught.value)
