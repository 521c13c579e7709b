"""Layers that make tensors out of nothing: loadConstant, fill, range, constantPad, random."""

from __future__ import annotations

import numpy as np

from inklens.coreml.neural_network.builder import Blob, Builder, Given, constant, integers, known
from inklens.coreml.neural_network.layer import Layer, lowering
from inklens.coreml.neural_network.weights import MAX_ELEMENTS, load_weights
from inklens.errors import ModelError


@lowering("loadConstant")
def load_constant(layer: Layer) -> Blob:
    """[C, H, W] as a tensor of shape [1, 1, C, H, W]."""
    shape = integers(layer.params.shape)
    if len(shape) != 3:
        raise ModelError(f"its shape is {shape}; expected [C, H, W]")
    return constant(load_weights(layer.params.data, shape).reshape(1, 1, *shape))


@lowering("loadConstantND")
def load_constant_nd(layer: Layer) -> Blob:
    shape = integers(layer.params.shape)
    return constant(load_weights(layer.params.data, shape or [1]))


@lowering("fillStatic")
def fill_static(layer: Layer) -> Blob:
    return _filled(layer.build, integers(layer.params.targetShape), layer.params.value)


@lowering("fillDynamic")
def fill_dynamic(layer: Layer) -> Blob:
    return _filled(layer.build, layer.build.whole_numbers(layer.input, "its shape"), layer.params.value)


@lowering("fillLike")
def fill_like(layer: Layer) -> Blob:
    build, x = layer.build, layer.input
    if known(x.shape):
        return _filled(build, [size or 0 for size in x.shape], layer.params.value)
    shape = build.emit("shape", (x.rank,), "int32", x=x)
    return build.emit("fill", x.shape, shape=shape, value=layer.params.value)


def _filled(build: Builder, shape: list[int], value: float) -> Blob:
    return build.emit("fill", shape, shape=shape, value=value)


@lowering("rangeStatic")
def range_static(layer: Layer) -> Blob:
    params = layer.params
    return _range(params.startValue, params.endValue, params.stepSizeValue)


@lowering("rangeDynamic")
def range_dynamic(layer: Layer) -> Blob:
    """Inputs: the end, the start, the step; the last two may be parameters."""
    params = layer.params
    values = [0.0, params.startValue, params.stepSizeValue]
    for place, blob in enumerate(layer.take(1, 3)):
        values[place] = float(layer.build.numbers(blob, ("its end", "its start", "its step")[place])[0])
    end, start, step = values
    return _range(start, end, step)


def _range(start: float, end: float, step: float) -> Blob:
    if step == 0 or not np.isfinite([start, end, step]).all():
        raise ModelError(f"no range goes from {start} to {end} by steps of {step}")
    if abs((end - start) / step) > MAX_ELEMENTS // 64:
        raise ModelError(f"the range from {start} to {end} by steps of {step} is too long")
    return constant(np.arange(start, end, step).astype(np.float32))


@lowering("constantPad")
def constant_pad(layer: Layer) -> Blob:
    """Before and after every axis; amounts may come as a second input, or say the size to pad to."""
    build, params = layer.build, layer.params
    x, *given = layer.take(1, 2)
    amounts = build.whole_numbers(given[0], "its padding") if given else integers(params.padAmounts)
    if len(amounts) != 2 * x.rank or not known(x.shape) or any(amount < 0 for amount in amounts):
        raise ModelError(f"its padding is {amounts}, its input has shape {x.shape}: expected two numbers for each axis")
    if params.padToGivenOutputSizeMode:
        amounts = [max(amount - (x.shape[place // 2] or 0), 0) for place, amount in enumerate(amounts)]
    shape = [(size or 0) + amounts[2 * axis] + amounts[2 * axis + 1] for axis, size in enumerate(x.shape)]
    return build.emit("pad", shape, x=x, pad=amounts, mode="constant", constant_val=params.value)


_DISTRIBUTIONS = {
    "Normal": ("random_normal", {"mean": "mean", "stddev": "stdDev"}),
    "Uniform": ("random_uniform", {"low": "minVal", "high": "maxVal"}),
    "Bernoulli": ("random_bernoulli", {"prob": "prob"}),
}


@lowering(*(f"random{name}{kind}" for name in _DISTRIBUTIONS for kind in ("Like", "Static", "Dynamic")))
def random(layer: Layer) -> Blob:
    """Numbers of a distribution, in the shape of the input, of a parameter, or that the input holds."""
    build, params = layer.build, layer.params
    name, kind = next((name, layer.kind.removeprefix(f"random{name}")) for name in _DISTRIBUTIONS if name in layer.kind)
    if kind == "Static":
        shape = integers(params.outputShape)
    elif kind == "Dynamic":
        shape = build.whole_numbers(layer.input, "its shape")
    elif known(layer.input.shape):
        shape = [size or 0 for size in layer.input.shape]
    else:
        raise ModelError("the shape of its input is not known before the model runs")
    op, fields = _DISTRIBUTIONS[name]
    arguments: dict[str, Given] = {parameter: getattr(params, field) for parameter, field in fields.items()}
    return build.emit(op, shape, shape=shape, seed=_seed(params.seed), **arguments)


@lowering("categoricalDistribution")
def categorical_distribution(layer: Layer) -> Blob:
    """`numSamples` drawn from the logits or probabilities along the last axis."""
    build, params, x = layer.build, layer.params, layer.input
    samples = integers([params.numSamples])[0]
    if samples < 1:
        raise ModelError(f"it draws {samples} samples; expected at least 1")
    if params.temperature not in (0.0, 1.0):
        if not params.isLogits:
            x = build.pointwise("log", x, epsilon=params.eps or 1e-10)
        x = build.pointwise("mul", x, y=1 / params.temperature)
    logits = params.isLogits or params.temperature not in (0.0, 1.0)
    return build.emit(
        "random_categorical",
        (*x.shape[:-1], samples),
        x=x,
        mode="logits" if logits else "probs",
        size=samples,
        seed=_seed(params.seed),
    )


def _seed(seed: int) -> int:
    return seed if abs(seed) < 1 << 31 else seed % (1 << 31)
