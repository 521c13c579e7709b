"""Fold the compressed constants of ML Programs (`constexpr_*`) into arrays.

Two generations share their names. Up to iOS 17 the parameters are attributes of the operation and data are packed into
uint8; since iOS 18 they are inputs, typed down to single bits, and may be chained: sparse tables give a mask and the
values under it, which `constexpr_sparse_to_dense` joins. Both kinds are told apart by their parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from inklens.coreml.blobs import unpack_bits
from inklens.coreml.ir import Constant
from inklens.errors import ModelError

Fold = Callable[..., tuple[np.ndarray, ...]]

FOLDS: dict[str, Fold] = {}


def fold_constexpr(op: str, place: str, arguments: Mapping[str, Constant], limit: int) -> tuple[np.ndarray, ...]:
    """The outputs of the operation `op`, in its order. `place` names it in errors, `limit` is in bytes."""
    fold = FOLDS.get(op)
    if fold is None:
        raise ModelError(f"the compression {op} at {place} is not supported. Supported: {', '.join(sorted(FOLDS))}")
    try:
        largest = _result_size(arguments)
        if largest > limit:
            raise ModelError(f"it would unfold to {largest:,} bytes, and {limit:,} are allowed for a file of this size")
        return fold(**arguments)
    except ModelError as problem:
        raise ModelError(f"the compressed constant {place} ({op}) is damaged: {problem}") from None
    except (TypeError, ValueError, IndexError, AttributeError) as problem:
        raise ModelError(f"the compressed constant {place} ({op}) does not fit together: {problem}") from None


def _result_size(arguments: Mapping[str, Any]) -> int:
    """How many bytes the result has at most, before anything is allocated."""
    if "shape" in arguments:
        return 4 * math.prod(int(size) for size in arguments["shape"])
    vector = arguments["lut"].shape[-1] if "lut" in arguments else 1
    return 4 * vector * max(np.size(value) for value in arguments.values())


def _folds(function: Fold) -> Fold:
    FOLDS[function.__name__] = function
    return function


@_folds
def constexpr_cast(*, source_val: np.ndarray, output_dtype: str) -> tuple[np.ndarray, ...]:
    if output_dtype not in ("fp32", "fp16"):
        raise ModelError(f"a constant cannot be cast to {output_dtype!r}")
    return (source_val.astype(np.float32 if output_dtype == "fp32" else np.float16),)


@_folds
def constexpr_affine_dequantize(
    *, quantized_data: np.ndarray, zero_point: np.ndarray, scale: np.ndarray, axis: np.ndarray
) -> tuple[np.ndarray, ...]:
    """`scale * (quantized_data - zero_point)`, each a scalar or one number for each place along `axis`."""
    shape = [1] * quantized_data.ndim
    where = int(axis)
    if not -quantized_data.ndim <= where < quantized_data.ndim:
        raise ModelError(f"axis {where} of a constant with {quantized_data.ndim} dimensions")
    shape[where] = quantized_data.shape[where]

    def along(values: np.ndarray) -> np.ndarray:
        if values.size not in (1, shape[where]):
            raise ModelError(f"{values.size} values for {shape[where]} places along axis {where}")
        return values.astype(np.float32).reshape(shape if values.size != 1 else [1] * quantized_data.ndim)

    return ((along(scale) * (quantized_data.astype(np.float32) - along(zero_point))).astype(scale.dtype),)


@_folds
def constexpr_blockwise_shift_scale(
    *, data: np.ndarray, scale: np.ndarray, offset: np.ndarray | None = None
) -> tuple[np.ndarray, ...]:
    """`scale * (data - offset)`, each number of `scale` serving a block of `data`."""
    centred = data.astype(np.float32)
    if offset is not None:
        if offset.shape != scale.shape:
            raise ModelError(f"an offset of shape {list(offset.shape)} beside a scale of {list(scale.shape)}")
        centred = centred - _in_blocks(offset.astype(np.float32), data.shape)
    return ((centred * _in_blocks(scale.astype(np.float32), data.shape)).astype(scale.dtype),)


def _in_blocks(values: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """`values` repeated along each axis until they have `shape`."""
    if values.ndim != len(shape):
        raise ModelError(f"blocks of shape {list(values.shape)} for a constant of shape {list(shape)}")
    for axis, (have, want) in enumerate(zip(values.shape, shape, strict=True)):
        if have == 0 or want % have:
            raise ModelError(f"{have} blocks do not divide {want} places along axis {axis}")
        if have not in (1, want):
            values = np.repeat(values, want // have, axis)
    return values


@_folds
def constexpr_lut_to_dense(
    *,
    indices: np.ndarray,
    lut: np.ndarray,
    shape: np.ndarray | None = None,
    vector_axis: np.ndarray | None = None,
) -> tuple[np.ndarray, ...]:
    """Entries of a table. With `shape` (iOS 16): one flat table, packed indices; else tables for blocks of indices."""
    if shape is None:
        return (_look_up(indices, lut, vector_axis),)
    sizes = [int(size) for size in shape]
    bits = (lut.size - 1).bit_length()
    if lut.size not in (2, 4, 16, 64, 256):
        raise ModelError(f"a table of {lut.size} entries; it has 2, 4, 16, 64 or 256")
    places = _unpack(indices, bits, sizes)
    return (lut.reshape(-1)[places].reshape(sizes),)


def _unpack(packed: np.ndarray, bits: int, shape: Sequence[int]) -> np.ndarray:
    count = math.prod(shape)
    if packed.size != (count * bits + 7) // 8:
        raise ModelError(f"{packed.size:,} bytes for {count:,} numbers of {bits} bits")
    return unpack_bits(packed.reshape(-1).view(np.uint8), bits, count)


def _look_up(indices: np.ndarray, lut: np.ndarray, vector_axis: np.ndarray | None) -> np.ndarray:
    """`lut` has the shape of blocks of `indices`, then [entries, length of an entry]."""
    if lut.ndim != indices.ndim + 2:
        raise ModelError(f"a table of shape {list(lut.shape)} for indices of shape {list(indices.shape)}")
    entries, length = lut.shape[-2:]
    if indices.size and int(indices.max()) >= entries:
        raise ModelError(f"index {int(indices.max())} into a table of {entries} entries")
    blocks = []
    for axis, (tables, places) in enumerate(zip(lut.shape[:-2], indices.shape, strict=True)):
        if tables == 0 or places % tables:
            raise ModelError(f"{tables} tables do not divide {places} places along axis {axis}")
        block = np.arange(places) // max(places // tables, 1)
        blocks.append(block.reshape([-1 if other == axis else 1 for other in range(indices.ndim)]))
    found = lut[(*blocks, indices)]  # [*indices.shape, length]
    if length == 1:
        return found[..., 0]
    if vector_axis is None:
        raise ModelError(f"entries of {length} numbers, but no vector_axis to lay them along")
    axis = _axis(vector_axis, indices.ndim)
    shape = list(indices.shape)
    shape[axis] *= length
    return np.moveaxis(found, -1, axis + 1).reshape(shape)


def _axis(axis: np.ndarray, rank: int) -> int:
    if not -rank <= int(axis) < rank:
        raise ModelError(f"axis {int(axis)} of a constant with {rank} dimensions")
    return int(axis) % rank


@_folds
def constexpr_sparse_to_dense(
    *, nonzero_data: np.ndarray, mask: np.ndarray, shape: np.ndarray | None = None
) -> tuple[np.ndarray, ...]:
    """Zeros, but `nonzero_data` in order where `mask` is set. With `shape` (iOS 16) the mask's bits are packed."""
    if shape is not None:
        sizes = [int(size) for size in shape]
        mask = _unpack(mask, 1, sizes).reshape(sizes)
    return (_scatter(nonzero_data, mask),)


def _scatter(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    chosen = mask != 0
    if values.ndim != 1 or int(np.count_nonzero(chosen)) != values.size:
        raise ModelError(f"{np.count_nonzero(chosen):,} places are set in the mask, for {values.size:,} values")
    dense = np.zeros(mask.shape, values.dtype)
    dense[chosen] = values
    return dense


@_folds
def constexpr_lut_to_sparse(
    *,
    indices_mask: np.ndarray,
    indices_nonzero_data: np.ndarray,
    lut: np.ndarray,
    vector_axis: np.ndarray | None = None,
) -> tuple[np.ndarray, ...]:
    """The mask of the result, and the table's entries under it."""
    dense = _look_up(_scatter(indices_nonzero_data, indices_mask), lut, vector_axis)
    mask = indices_mask
    if lut.shape[-1] > 1 and vector_axis is not None:
        mask = np.repeat(mask, lut.shape[-1], _axis(vector_axis, mask.ndim))
    return mask, dense[mask != 0]


@_folds
def constexpr_sparse_blockwise_shift_scale(
    *, data_mask: np.ndarray, nonzero_data: np.ndarray, scale: np.ndarray, offset: np.ndarray | None = None
) -> tuple[np.ndarray, ...]:
    """The mask, and `scale * (nonzero_data - offset)` by the block that each value lies in."""
    dense = constexpr_blockwise_shift_scale(data=_scatter(nonzero_data, data_mask), scale=scale, offset=offset)[0]
    return data_mask, dense[data_mask != 0]
