"""Elementwise layers: arithmetic, comparison, logic, rounding and trigonometry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np

from inklens.coreml.neural_network.builder import Blob, Builder, Given, broadcast
from inklens.coreml.neural_network.layer import Layer, lowering
from inklens.coreml.neural_network.weights import load_weights
from inklens.errors import ModelError

_UNARY = {
    "ceil": "ceil", "floor": "floor", "sign": "sign", "round": "round", "exp2": "exp2", "erf": "erf",
    "sin": "sin", "cos": "cos", "tan": "tan", "asin": "asin", "acos": "acos", "atan": "atan",
    "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "asinh": "asinh", "acosh": "acosh", "atanh": "atanh",
}  # fmt: skip
_BINARY = {
    "addBroadcastable": "add", "subtractBroadcastable": "sub", "multiplyBroadcastable": "mul",
    "divideBroadcastable": "real_div", "floorDivBroadcastable": "floor_div", "modBroadcastable": "mod",
    "powBroadcastable": "pow", "minBroadcastable": "minimum", "maxBroadcastable": "maximum",
}  # fmt: skip
_COMPARISONS = {
    "equal": "equal", "notEqual": "not_equal", "lessThan": "less", "lessEqual": "less_equal",
    "greaterThan": "greater", "greaterEqual": "greater_equal",
}  # fmt: skip
_LOGIC = {"logicalAnd": "logical_and", "logicalOr": "logical_or", "logicalXor": "logical_xor"}
_FUNCTIONS = ("SQRT", "RSQRT", "INVERSE", "POWER", "EXP", "LOG", "ABS", "THRESHOLD")
_EPSILON = 1e-6  # of the unary layer, if not set or 0


def combine(build: Builder, op: str, x: Blob, y: Blob | float, dtype: str = "fp32") -> Blob:
    """An operation on two tensors with NumPy's broadcasting, or on a tensor and a number."""
    if not isinstance(y, Blob):
        return build.pointwise(op, x, dtype, y=float(y))
    return aligned(build, lambda a, b: build.emit(op, broadcast(a.shape, b.shape), dtype, x=a, y=b), x, y)


def aligned(build: Builder, operation: Callable[..., Blob], *blobs: Blob) -> Blob:
    """`operation` of the four-dimensional forms of `blobs` where they broadcast alike, else of the blobs themselves."""
    shape = broadcast(*(blob.shape for blob in blobs))
    lead = shape[:-3]
    alike = len(shape) > 4 and all(
        blob.rank == len(shape) and (blob.shape[:-3] == lead or set(blob.shape[:-3]) == {1}) for blob in blobs
    )
    if not alike:
        return operation(*blobs)
    return build.expand(operation(*(build.collapse(blob) for blob in blobs)), lead)


@lowering(*_UNARY)
def unary_layer(layer: Layer) -> Blob:
    return layer.build.pointwise(_UNARY[layer.kind], layer.input)


@lowering(*_BINARY)
def binary_layer(layer: Layer) -> Blob:
    x, y = layer.take(2)
    return combine(layer.build, _BINARY[layer.kind], x, y)


@lowering(*_COMPARISONS)
def comparison(layer: Layer) -> Blob:
    """Of two tensors, or of one with `alpha`; 1.0 where true."""
    x, *others = layer.take(1, 2)
    return combine(layer.build, _COMPARISONS[layer.kind], x, others[0] if others else layer.params.alpha, "bool")


@lowering(*_LOGIC)
def logic(layer: Layer) -> Blob:
    x, y = (truth(layer.build, blob) for blob in layer.take(2))
    return combine(layer.build, _LOGIC[layer.kind], x, y, "bool")


@lowering("logicalNot")
def logical_not(layer: Layer) -> Blob:
    return layer.build.pointwise("equal", layer.input, "bool", y=0.0)


def truth(build: Builder, blob: Blob) -> Blob:
    """True where `blob` is not zero."""
    return build.pointwise("not_equal", blob, "bool", y=0.0)


@lowering("whereBroadcastable")
def where(layer: Layer) -> Blob:
    condition, x, y = layer.take(3)
    build = layer.build

    def select(cond: Blob, a: Blob, b: Blob) -> Blob:
        return build.emit("select", broadcast(cond.shape, a.shape, b.shape), cond=cond, a=a, b=b)

    return aligned(build, select, truth(build, condition), x, y)


@lowering("add", "multiply")
def add_or_multiply(layer: Layer) -> Blob:
    """Of any number of tensors; of one with `alpha`."""
    op = "add" if layer.kind == "add" else "mul"
    blobs = layer.some()
    if len(blobs) == 1:
        return combine(layer.build, op, blobs[0], layer.params.alpha)
    return _chain(layer.build, op, blobs)


@lowering("average", "max", "min")
def average_or_extreme(layer: Layer) -> Blob:
    op = {"average": "add", "max": "maximum", "min": "minimum"}[layer.kind]
    blobs = layer.some()
    result = _chain(layer.build, op, blobs)
    return combine(layer.build, "mul", result, 1 / len(blobs)) if layer.kind == "average" and len(blobs) > 1 else result


def _chain(build: Builder, op: str, blobs: Sequence[Blob]) -> Blob:
    return reduce(lambda x, y: combine(build, op, x, y), blobs)


@lowering("dot")
def dot(layer: Layer) -> Blob:
    """The product of vectors along axis -3, of their directions if `cosineSimilarity`."""
    build = layer.build
    x, y = layer.take(2)

    def product(a: Blob, b: Blob) -> Blob:
        if a.rank < 3 or b.rank != a.rank:
            raise ModelError(
                f"tensors of shapes {a.shape} and {b.shape} cannot be multiplied; expected at least 3 dimensions"
            )
        terms = combine(build, "mul", a, b)
        shape = tuple(1 if axis == terms.rank - 3 else size for axis, size in enumerate(terms.shape))
        return build.emit("reduce_sum", shape, x=terms, axes=[-3], keep_dims=True)

    result = product(x, y)
    if not layer.params.cosineSimilarity:
        return result
    lengths = build.pointwise("sqrt", combine(build, "mul", product(x, x), product(y, y)))
    return combine(build, "real_div", result, lengths)


@lowering("unary")
def unary(layer: Layer) -> Blob:
    """f(scale * x + shift); scale 0 means 1, epsilon 0 means 1e-6."""
    build, params, x = layer.build, layer.params, layer.input
    if not 0 <= params.type < len(_FUNCTIONS):
        raise ModelError(f"there is no unary function {params.type}; there are {', '.join(_FUNCTIONS)}")
    scale, shift = params.scale or 1.0, params.shift
    if scale != 1.0:
        x = build.pointwise("mul", x, y=scale)
    if shift != 0.0:
        x = build.pointwise("add", x, y=shift)
    epsilon = params.epsilon or _EPSILON
    function = _FUNCTIONS[params.type]
    op, more = {
        "SQRT": ("sqrt", {}),
        "RSQRT": ("rsqrt", {"epsilon": epsilon}),
        "INVERSE": ("inverse", {"epsilon": epsilon}),
        "POWER": ("pow", {"y": params.alpha}),
        "EXP": ("exp", {}),
        "LOG": ("log", {"epsilon": params.epsilon} if params.epsilon else {}),
        "ABS": ("abs", {}),
        "THRESHOLD": ("threshold", {"alpha": params.alpha}),
    }[function]
    arguments: dict[str, Given] = dict(more)
    return build.pointwise(op, x, **arguments)


@lowering("clip")
def clip(layer: Layer) -> Blob:
    return layer.build.pointwise("clip", layer.input, alpha=layer.params.minVal, beta=layer.params.maxVal)


@lowering("bias")
def bias(layer: Layer) -> Blob:
    values = _by_channel(layer.params.bias, layer.params.shape)
    return _with_weights(layer.build, "add", layer.input, values)


@lowering("scale")
def scale(layer: Layer) -> Blob:
    params = layer.params
    result = _with_weights(layer.build, "mul", layer.input, _by_channel(params.scale, params.shapeScale))
    if not params.hasBias:
        return result
    return _with_weights(layer.build, "add", result, _by_channel(params.bias, params.shapeBias))


def _by_channel(params: object, sizes: Sequence[int]) -> np.ndarray:
    """Weights declared as [1], [C], [1, H, W] or [C, H, W], in a shape that broadcasts against [C, H, W]."""
    shape = [int(size) for size in sizes]
    values = load_weights(params, shape)  # type: ignore[arg-type]
    return values.reshape(-1, 1, 1) if len(shape) == 1 else values


def _with_weights(build: Builder, op: str, x: Blob, weights: np.ndarray) -> Blob:
    source = build.collapse(x)
    result = build.emit(op, broadcast(source.shape, weights.shape), x=source, y=weights)
    return build.expand(result, x.shape[:-3])
