"""Images made larger or smaller: upsampling by a factor, resizing to a target."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from inklens.coreml.ops.registry import Array, Emitter, Value, op
from inklens.errors import ModelError

# ONNX's names for the grids that it knows; the others are interpolated by gathering neighbours.
_ONNX_GRIDS = {
    "DEFAULT": "asymmetric",
    "STRICT_ALIGN_CORNERS": "align_corners",
    "ALIGN_CORNERS": "align_corners",
    "UNALIGN_CORNERS": "half_pixel",
}
SAMPLING_MODES = (*_ONNX_GRIDS, "OFFSET_CORNERS")


def grid(size: int, target: int, mode: str) -> Array:
    """Where `target` samples of a line of `size` pixels lie, float64 [target], in 0 … size - 1.

    The five sampling modes of MIL's resize_bilinear.
    """
    steps = np.arange(target)
    if mode in ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS"):
        middle = (size - 1) / 2 if mode == "ALIGN_CORNERS" else 0
        points = steps * (size - 1) / (target - 1) if target > 1 else np.array([middle])
    elif mode == "DEFAULT":
        points = steps * size / target
    elif mode == "OFFSET_CORNERS":
        points = (steps + 0.5) * max(1, size - 1) / target
    elif mode == "UNALIGN_CORNERS":
        points = (steps + 0.5) * size / target - 0.5
    else:
        raise ModelError(f"its sampling_mode is {mode!r}; expected one of {', '.join(SAMPLING_MODES)}")
    return np.clip(points, 0, size - 1)


def _nearest(points: Array, rounding: bool) -> Array:
    """Whole positions: rounded with halves down, or cut off."""
    return (np.ceil(points - 0.5) if rounding else np.floor(points)).astype(np.int64)


def _resize(x: Array, targets: Sequence[int], mode: str, linear: bool, rounding: bool = False) -> Array:
    """`x` with its last axes resized to `targets`, one axis after the other."""
    for axis, target in zip(range(x.ndim - len(targets), x.ndim), targets, strict=True):
        points = grid(x.shape[axis], target, mode)
        if not linear:
            x = np.take(x, _nearest(points, rounding), axis=axis)
            continue
        low, high, weight = _neighbours(points, x.shape[axis], x.ndim - 1 - axis)
        x = np.take(x, low, axis=axis) * (1 - weight) + np.take(x, high, axis=axis) * weight
    return x


def _neighbours(points: Array, size: int, following: int) -> tuple[Array, Array, Array]:
    """The pixels on both sides of each point, and the weight of the second, shaped to broadcast before more axes."""
    low = np.floor(points).astype(np.int64)
    weight = (points - low).astype(np.float32).reshape(-1, *[1] * following)
    return low, np.minimum(low + 1, size - 1), weight


def _emit_resize(
    emit: Emitter, x: Value, targets: Sequence[int | None], mode: str, linear: bool, rounding: bool = False
) -> Value:
    """The same in ONNX, for targets known when the model is written."""
    first = x.rank - len(targets)
    sizes = (x.shape or ())[first:]
    wanted = [target for target in targets if target is not None]
    known = [size for size in sizes if size is not None]
    native = linear and x.rank == 4 and len(targets) == 2 and mode in _ONNX_GRIDS
    native = native and not (mode == "ALIGN_CORNERS" and 1 in wanted) and x.dtype == np.float32
    if native or len(known) < len(sizes) or len(wanted) < len(targets):
        if len(wanted) < len(targets):
            raise ModelError("its target size is not known")
        return _native(emit, x, emit.value(wanted), mode, linear, rounding)
    for axis, size, target in zip(range(first, x.rank), known, wanted, strict=True):
        points = grid(size, target, mode)
        if size == target and np.array_equal(points, np.arange(size)):
            continue
        if not linear:
            x = Value(*_gathered(emit, x, _nearest(points, rounding), axis))
            continue
        low, high, weight = _neighbours(points, size, x.rank - 1 - axis)
        left = emit("Mul", emit("Gather", emit.cast(x, np.float32), low, axis=axis), 1 - weight)
        right = emit("Mul", emit("Gather", emit.cast(x, np.float32), high, axis=axis), weight)
        shape = None if x.shape is None else (*x.shape[:axis], target, *x.shape[axis + 1 :])
        x = emit("Add", left, right, shape=shape)
    return x


def _gathered(emit: Emitter, x: Value, places: Array, axis: int) -> tuple[str, np.dtype, tuple[int | None, ...] | None]:
    shape = None if x.shape is None else (*x.shape[:axis], len(places), *x.shape[axis + 1 :])
    value = emit("Gather", x, places, axis=axis)
    return value.name, value.dtype, shape


def _native(emit: Emitter, x: Value, targets: Value, mode: str, linear: bool, rounding: bool) -> Value:
    """ONNX's Resize of the last axes, whose sizes may be known only when the model runs."""
    if mode not in _ONNX_GRIDS:
        raise ModelError(f"its sampling_mode {mode} needs an input of known size")
    count = targets.shape[0] if targets.shape else 2
    head = emit.shape(x)
    if head.constant is not None:
        leading: Value = emit.value(head.constant[: x.rank - (count or 2)].tolist())
    else:
        leading = emit("Shape", x, start=0, end=x.rank - (count or 2))
    sizes = emit("Concat", leading, targets, axis=0)
    return emit(
        "Resize",
        emit.cast(x, np.float32),
        None,
        None,
        sizes,
        mode="linear" if linear else "nearest",
        coordinate_transformation_mode=_ONNX_GRIDS[mode],
        nearest_mode=None if linear else "round_prefer_floor" if rounding else "floor",
    )


def _scaled(sizes: Sequence[int | None], height: float, width: float) -> list[int | None]:
    factors = (height, width)
    return [
        None if size is None else math.floor(size * factor + 1e-6)  # 0.1 * 30 is 3 in float32
        for size, factor in zip(sizes, factors, strict=True)
    ]


def _emit_upsample(emit: Emitter, x: Value, height: float, width: float, mode: str, linear: bool) -> Value:
    targets = _scaled((x.shape or (None, None))[-2:], height, width)
    if None not in targets:
        return _emit_resize(emit, x, targets, mode, linear)
    factors = np.array([height, width], np.float32)
    sizes = emit.cast(emit("Shape", x, start=x.rank - 2), np.float32)
    scaled = emit.cast(emit("Floor", emit("Mul", sizes, factors)), np.int64)
    return _native(emit, x, Value(scaled.name, scaled.dtype, (2,)), mode, linear, False)


@op("upsample_nearest_neighbor")
def upsample_nearest_neighbor(x: Array, *, scale_factor_height: float = 1, scale_factor_width: float = 1) -> Array:
    height, width = _scaled(x.shape[-2:], scale_factor_height, scale_factor_width)
    return _resize(x, (height or 0, width or 0), "DEFAULT", linear=False)


@upsample_nearest_neighbor.onnx
def _(emit: Emitter, x: Value, *, scale_factor_height: float, scale_factor_width: float) -> Value:
    return _emit_upsample(emit, x, scale_factor_height, scale_factor_width, "DEFAULT", linear=False)


@op("resize_nearest_neighbor")
def resize_nearest_neighbor(x: Array, *, target_size_height: int, target_size_width: int) -> Array:
    return _resize(x, (target_size_height, target_size_width), "DEFAULT", linear=False)


@resize_nearest_neighbor.onnx
def _(emit: Emitter, x: Value, *, target_size_height: int, target_size_width: int) -> Value:
    return _emit_resize(emit, x, (target_size_height, target_size_width), "DEFAULT", linear=False)


def _bilinear_mode(align_corners: bool, half_pixel_centers: bool | None) -> str:
    if align_corners:
        return "STRICT_ALIGN_CORNERS"
    return "DEFAULT" if half_pixel_centers is False else "UNALIGN_CORNERS"


@op("upsample_bilinear")
def upsample_bilinear(
    x: Array,
    *,
    scale_factor_height: float = 1,
    scale_factor_width: float = 1,
    align_corners: bool = True,
    half_pixel_centers: bool | None = None,
) -> Array:
    """`half_pixel_centers` is the opposite of `align_corners` unless given."""
    height, width = _scaled(x.shape[-2:], scale_factor_height, scale_factor_width)
    return _resize(x, (height or 0, width or 0), _bilinear_mode(align_corners, half_pixel_centers), linear=True)


@upsample_bilinear.onnx
def _(
    emit: Emitter,
    x: Value,
    *,
    scale_factor_height: float,
    scale_factor_width: float,
    align_corners: bool,
    half_pixel_centers: bool | None,
) -> Value:
    mode = _bilinear_mode(align_corners, half_pixel_centers)
    return _emit_upsample(emit, x, scale_factor_height, scale_factor_width, mode, linear=True)


@op("resize_bilinear")
def resize_bilinear(
    x: Array, *, target_size_height: int = 1, target_size_width: int = 1, sampling_mode: str = "DEFAULT"
) -> Array:
    return _resize(x, (target_size_height, target_size_width), sampling_mode, linear=True)


@resize_bilinear.onnx
def _(emit: Emitter, x: Value, *, target_size_height: int, target_size_width: int, sampling_mode: str) -> Value:
    return _emit_resize(emit, x, (target_size_height, target_size_width), sampling_mode, linear=True)


def _is_linear(interpolation_mode: str) -> bool:
    if interpolation_mode not in ("LINEAR", "NEAREST_NEIGHBOR"):
        raise ModelError(f"its interpolation_mode is {interpolation_mode!r}; expected LINEAR or NEAREST_NEIGHBOR")
    return interpolation_mode == "LINEAR"


@op("resize")
def resize(
    x: Array,
    shape: Array,
    *,
    resized_dims: int,
    interpolation_mode: str = "LINEAR",
    sampling_mode: str = "DEFAULT",
) -> Array:
    """The last `resized_dims` numbers of `shape` are targets, a 0 keeps the size; nearest neighbours are rounded."""
    last = x.shape[x.ndim - resized_dims :]
    targets = [int(size) or old for size, old in zip(shape[len(shape) - resized_dims :], last, strict=True)]
    return _resize(x, targets, sampling_mode, _is_linear(interpolation_mode), rounding=True)


@resize.onnx
def _(
    emit: Emitter, x: Value, shape: Value, *, resized_dims: int, interpolation_mode: str, sampling_mode: str
) -> Value:
    linear = _is_linear(interpolation_mode)
    if shape.constant is not None:
        last = (x.shape or ())[x.rank - resized_dims :]
        sizes = shape.constant[len(shape.constant) - resized_dims :].tolist()
        targets = [size or old for size, old in zip(sizes, last, strict=True)]
        return _emit_resize(emit, x, targets, sampling_mode, linear, rounding=True)
    wanted = emit("Slice", emit.longs(shape), [-resized_dims], [np.iinfo(np.int64).max], [0])
    own = emit("Shape", x, start=x.rank - resized_dims)
    wanted = emit("Where", emit("Equal", wanted, np.int64(0)), own, wanted, dtype=np.int64)
    return _native(emit, x, Value(wanted.name, wanted.dtype, (resized_dims,)), sampling_mode, linear, True)
