"""Arithmetic, comparison, logic and elementary functions, element by element with NumPy's broadcasting."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from inklens.coreml.ops.registry import Array, Emitter, Value, op

FLOAT32_TINY = 1e-45  # rounds to the smallest float32, the specification's default epsilon of log


def _binary(name: str, function: Callable[[Array, Array], Array], operator: str) -> None:
    @op(name)
    def binary(x: Array, y: Array) -> Array:
        return function(*_alike(x, y))

    @binary.onnx
    def _(emit: Emitter, x: Value, y: Value) -> Value:
        return emit(operator, *emit.alike(x, y))


def _alike(x: Array, y: Array) -> tuple[Array, Array]:
    """Two arrays of one type; a float with an integer gives float32, not NumPy's float64."""
    if x.dtype == y.dtype:
        return x, y
    common = np.float32 if "f" in (x.dtype.kind, y.dtype.kind) else np.result_type(x, y)
    return x.astype(common), y.astype(common)


_binary("add", np.add, "Add")
_binary("sub", np.subtract, "Sub")
_binary("mul", np.multiply, "Mul")
_binary("maximum", np.maximum, "Max")
_binary("minimum", np.minimum, "Min")
_binary("equal", np.equal, "Equal")
_binary("greater", np.greater, "Greater")
_binary("greater_equal", np.greater_equal, "GreaterOrEqual")
_binary("less", np.less, "Less")
_binary("less_equal", np.less_equal, "LessOrEqual")


@op("not_equal")
def not_equal(x: Array, y: Array) -> Array:
    return np.not_equal(x, y)


@not_equal.onnx
def _(emit: Emitter, x: Value, y: Value) -> Value:
    return emit("Not", emit("Equal", *emit.alike(x, y)))


@op("pow")
def power(x: Array, y: Array) -> Array:
    # Through float64, as an integer to a negative power is a float before it is rounded to the declared type.
    return np.power(x.astype(np.float64), y)


@power.onnx
def _(emit: Emitter, x: Value, y: Value) -> Value:
    return emit("Pow", emit.cast(x, np.float32), emit.cast(y, np.float32))


@op("real_div")
def real_div(x: Array, y: Array) -> Array:
    return np.true_divide(*_alike(x, y))


@real_div.onnx
def _(emit: Emitter, x: Value, y: Value) -> Value:
    return emit("Div", emit.cast(x, np.float32), emit.cast(y, np.float32))


@op("floor_div")
def floor_div(x: Array, y: Array) -> Array:
    x, y = _alike(x, y)
    return np.floor(np.true_divide(x, y))


@floor_div.onnx
def _(emit: Emitter, x: Value, y: Value) -> Value:
    # Integers go through float64: ONNX divides them towards zero, and float32 holds only 24 bits.
    wide = np.float64 if emit.alike(x, y)[0].dtype.kind == "i" else np.float32
    return emit("Floor", emit("Div", emit.cast(x, wide), emit.cast(y, wide)))


@op("mod")
def mod(x: Array, y: Array) -> Array:
    return np.mod(*_alike(x, y))


@mod.onnx
def _(emit: Emitter, x: Value, y: Value) -> Value:
    x, y = emit.alike(x, y)
    if x.dtype.kind == "i":
        return emit("Mod", x, y)
    return emit("Sub", x, emit("Mul", emit("Floor", emit("Div", x, y)), y))


def _logical(name: str, function: Callable[[Array, Array], Array], operator: str) -> None:
    @op(name)
    def logical(x: Array, y: Array) -> Array:
        return function(x, y)

    @logical.onnx
    def _(emit: Emitter, x: Value, y: Value) -> Value:
        return emit(operator, emit.cast(x, np.bool_), emit.cast(y, np.bool_))


_logical("logical_and", np.logical_and, "And")
_logical("logical_or", np.logical_or, "Or")
_logical("logical_xor", np.logical_xor, "Xor")


@op("logical_not")
def logical_not(x: Array) -> Array:
    return np.logical_not(x)


@logical_not.onnx
def _(emit: Emitter, x: Value) -> Value:
    return emit("Not", emit.cast(x, np.bool_))


def _unary(name: str, function: Callable[[Array], Array], operator: str) -> None:
    @op(name)
    def unary(x: Array) -> Array:
        return function(x)

    @unary.onnx
    def _(emit: Emitter, x: Value) -> Value:
        return emit(operator, x)


def _real(name: str, function: Callable[[Array], Array], operator: str) -> None:
    """A function of real numbers; integers are computed as float32."""

    @op(name)
    def unary(x: Array) -> Array:
        return function(x.astype(np.float32))

    @unary.onnx
    def _(emit: Emitter, x: Value) -> Value:
        return emit(operator, emit.cast(x, np.float32))


_unary("abs", np.abs, "Abs")
_unary("sign", np.sign, "Sign")
_real("ceil", np.ceil, "Ceil")
_real("floor", np.floor, "Floor")
_real("round", np.rint, "Round")  # halves to even, both of them
_real("exp", np.exp, "Exp")
_real("sqrt", np.sqrt, "Sqrt")
_real("sin", np.sin, "Sin")
_real("cos", np.cos, "Cos")
_real("tan", np.tan, "Tan")
_real("asin", np.arcsin, "Asin")
_real("acos", np.arccos, "Acos")
_real("atan", np.arctan, "Atan")
_real("sinh", np.sinh, "Sinh")
_real("cosh", np.cosh, "Cosh")
_real("asinh", np.arcsinh, "Asinh")
_real("acosh", np.arccosh, "Acosh")
_real("atanh", np.arctanh, "Atanh")
_real("erf", lambda x: np.vectorize(math.erf, otypes=[np.float32])(x), "Erf")


@op("exp2")
def exp2(x: Array) -> Array:
    return np.exp2(x.astype(np.float32))


@exp2.onnx
def _(emit: Emitter, x: Value) -> Value:
    return emit("Pow", np.float32(2), emit.cast(x, np.float32))


@op("square")
def square(x: Array) -> Array:
    return np.square(x)


@square.onnx
def _(emit: Emitter, x: Value) -> Value:
    return emit("Mul", x, x)


@op("log")
def log(x: Array, *, epsilon: float = FLOAT32_TINY) -> Array:
    return np.log(x + np.float32(epsilon))


@log.onnx
def _(emit: Emitter, x: Value, *, epsilon: float) -> Value:
    return emit("Log", emit("Add", x, epsilon))


@op("rsqrt")
def rsqrt(x: Array, *, epsilon: float = 1e-12) -> Array:
    return 1 / np.sqrt(x + np.float32(epsilon))


@rsqrt.onnx
def _(emit: Emitter, x: Value, *, epsilon: float) -> Value:
    return emit("Reciprocal", emit("Sqrt", emit("Add", x, epsilon)))


@op("inverse")
def inverse(x: Array, *, epsilon: float = 1e-4) -> Array:
    return 1 / (x + np.float32(epsilon))


@inverse.onnx
def _(emit: Emitter, x: Value, *, epsilon: float) -> Value:
    return emit("Reciprocal", emit("Add", x, epsilon))


@op("clip")
def clip(x: Array, *, alpha: float, beta: float) -> Array:
    return np.minimum(np.maximum(x, x.dtype.type(alpha)), x.dtype.type(beta))


@clip.onnx
def _(emit: Emitter, x: Value, *, alpha: float, beta: float) -> Value:
    return emit("Clip", x, alpha, beta)


@op("threshold")
def threshold(x: Array, *, alpha: float) -> Array:
    return np.maximum(x, x.dtype.type(alpha))


@threshold.onnx
def _(emit: Emitter, x: Value, *, alpha: float) -> Value:
    return emit("Max", x, alpha)


@op("select")
def select(cond: Array, a: Array, b: Array) -> Array:
    return np.where(cond, *_alike(a, b))


@select.onnx
def _(emit: Emitter, cond: Value, a: Value, b: Value) -> Value:
    a, b = emit.alike(a, b)
    return emit("Where", emit.cast(cond, np.bool_), a, b, dtype=a.dtype)


@op("identity")
def identity(x: Array) -> Array:
    return x


@identity.onnx
def _(_emit: Emitter, x: Value) -> Value:
    return x


# How many bits an integer type has, and whether it is signed: what a cast to it wraps to.
_INTEGERS = {"int8": np.int8, "uint8": np.uint8, "int16": np.int16, "uint16": np.uint16, "int32": np.int32}
_REALS = ("fp16", "fp32", "fp64")


@op("cast")
def cast(x: Array, *, dtype: str) -> Array:
    if dtype == "bool":
        return x != 0
    return x.astype(_INTEGERS.get(dtype, np.float32))


@cast.onnx
def _(emit: Emitter, x: Value, *, dtype: str) -> Value:
    if dtype in _REALS:
        return emit.cast(x, np.float32)
    if dtype == "bool":
        return emit.cast(x, np.bool_)
    if dtype not in _INTEGERS:
        return emit.cast(x, np.int32)
    return emit.cast(emit.cast(x, np.int32), _INTEGERS[dtype])
