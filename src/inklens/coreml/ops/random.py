"""Random numbers. A seed of -1 means other numbers at every run; the engines agree in distribution alone."""

from __future__ import annotations

import numpy as np

from inklens.coreml.ops.registry import Array, Emitter, Value, op
from inklens.errors import ModelError


def _generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(None if seed < 0 else seed)


def _seed(seed: int) -> float | None:
    return None if seed < 0 else float(seed)


def _emit_scaled(emit: Emitter, operator: str, shape: Value, scale: float, shift: float, seed: int) -> Value:
    # ONNX Runtime ends the process where a distribution has no width, so ours is always of width 1.
    zeros = emit("ConstantOfShape", emit.longs(shape), dtype=np.float32, value=np.zeros(1, np.float32))
    return emit("Add", emit("Mul", emit(operator, zeros, seed=_seed(seed)), scale), shift)


@op("random_normal", pure=False)
def random_normal(shape: Array, *, mean: float = 0.0, stddev: float = 1.0, seed: int = -1) -> Array:
    return _generator(seed).standard_normal(shape) * stddev + mean


@random_normal.onnx
def _(emit: Emitter, shape: Value, *, mean: float, stddev: float, seed: int) -> Value:
    return _emit_scaled(emit, "RandomNormalLike", shape, stddev, mean, seed)


@op("random_uniform", pure=False)
def random_uniform(shape: Array, *, low: float = 0.0, high: float = 1.0, seed: int = -1) -> Array:
    return _generator(seed).random(shape) * (high - low) + low


@random_uniform.onnx
def _(emit: Emitter, shape: Value, *, low: float, high: float, seed: int) -> Value:
    return _emit_scaled(emit, "RandomUniformLike", shape, high - low, low, seed)


@op("random_bernoulli", pure=False)
def random_bernoulli(shape: Array, *, prob: float = 0.5, seed: int = -1) -> Array:
    return (_generator(seed).random(shape) < prob).astype(np.float32)


@random_bernoulli.onnx
def _(emit: Emitter, shape: Value, *, prob: float, seed: int) -> Value:
    # Not ONNX's Bernoulli: ONNX Runtime 1.32 gives ones where zeros are due.
    uniform = _emit_scaled(emit, "RandomUniformLike", shape, 1, 0, seed)
    return emit.cast(emit("Less", uniform, prob), np.float32)


def _require_mode(mode: str) -> None:
    if mode not in ("logits", "probs"):
        raise ModelError(f"its mode is {mode!r}; expected logits or probs")


@op("random_categorical", pure=False)
def random_categorical(x: Array, *, mode: str = "logits", size: int = 1, seed: int = -1) -> Array:
    """Classes drawn from the last axis: [*D, classes] gives float32 [*D, size]."""
    _require_mode(mode)
    rows = x.reshape(-1, x.shape[-1]).astype(np.float64)
    weights = np.exp(rows - rows.max(axis=1, keepdims=True)) if mode == "logits" else rows
    chances = weights / weights.sum(axis=1, keepdims=True)
    generator = _generator(seed)
    drawn = [generator.choice(x.shape[-1], size, p=row) for row in chances]
    return np.array(drawn, np.float32).reshape(*x.shape[:-1], size)


@random_categorical.onnx
def _(emit: Emitter, x: Value, *, mode: str, size: int, seed: int) -> Value:
    _require_mode(mode)
    logits = emit.cast(x, np.float32)
    logits = logits if mode == "logits" else emit("Log", logits)
    rows = emit.reshape(logits, (-1, None if x.shape is None else x.shape[-1])) if x.rank != 2 else logits
    drawn = emit("Multinomial", rows, dtype=np.int32, sample_size=size, seed=_seed(seed))
    drawn = emit.cast(drawn, np.float32)
    if x.rank == 2:
        return drawn
    return emit("Reshape", drawn, emit("Concat", emit("Shape", x, start=0, end=-1), np.array([size]), axis=0))
