"""A Keras network as plain torch operations: the same layers and answers without the framework's cost.

Keras on torch permutes every image to and fro around each convolution. Here the variables are copied once into
torch's own layout, trained there, and written back. A step of the tutorial's network takes a third of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own convention)
from torch import Tensor

from inklens.errors import RecipeError


@dataclass(frozen=True)
class _Step:
    run: Callable[..., Tensor]
    inputs: tuple[int, ...]
    output: int


class Mirror:
    """The torch twin of a functional Keras model of images; a softmax Dense at its end is left to the loss.

    `weights` are the trained tensors by "layer.variable", `state` the moving statistics. Raises RecipeError for layers
    that it does not know. A `twin` lends its weights: both change together, but each has gradients and moving
    statistics of its own. Products are computed in `dtype`; the weights themselves stay float32.
    """

    def __init__(self, model: Any, *, twin: Mirror | None = None, dtype: torch.dtype = torch.float32) -> None:
        self.model, self._twin, self._dtype = model, twin, dtype
        self.weights: dict[str, Tensor] = {}
        self.state: dict[str, Tensor] = {}
        layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
        self._last = layers[-1].name
        self._pooled = _relu_before_pool(layers)
        self._input = id(model.inputs[0])
        self._steps = [self._step(layer) for layer in layers]
        self._output = id(model.outputs[0])

    def __call__(self, images: Tensor, *, dropout: torch.Generator | None = None) -> Tensor:
        """Logits [n, classes], or maps [n, channels, h, w], of images [n, height, width] (pixels 0–255, any dtype).

        With `dropout` it is a training pass.
        """
        n, height, width = images.shape
        x = images.reshape(n, height, width, 1).permute(0, 3, 1, 2)
        values = {self._input: x}
        for step in self._steps:
            values[step.output] = step.run(*(values[key] for key in step.inputs), dropout)
        return values[self._output]

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Logits float32 [n, classes] of images uint8 [n, 28, 28], without gradients."""
        with torch.inference_mode():
            return self(torch.tensor(images)).float().numpy()

    @property
    def tensors(self) -> dict[str, Tensor]:
        """Everything that training changes: the weights, then the moving statistics."""
        return {**self.weights, **self.state}

    def write_back(self) -> None:
        """Copy the weights and statistics into the Keras model."""
        for key, tensor in self.tensors.items():
            name, variable = key.rsplit(".", 1)
            layer = self.model.get_layer(name)
            value = tensor.detach()
            if value.ndim == 4:
                value = value.permute((2, 3, 0, 1) if _is_depthwise(layer) else (2, 3, 1, 0))
            getattr(layer, variable).assign(value.contiguous())

    def _step(self, layer: Any) -> _Step:
        kind = type(layer).__name__
        make = getattr(self, f"_make_{kind.lower()}", None)
        if make is None:
            raise RecipeError(f"layer {layer.name} is a {kind}, which training does not know.")
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        return _Step(make(layer), tuple(id(x) for x in inputs), id(layer.output))

    def _kernel(self, layer: Any) -> Tensor:
        value = layer.kernel.value.detach().clone()
        if value.ndim == 4:
            value = value.permute((2, 3, 0, 1) if _is_depthwise(layer) else (3, 2, 0, 1))
            value = value.contiguous(memory_format=torch.channels_last)
        return self._keep(layer, "kernel", value)

    def _keep(self, layer: Any, name: str, value: Tensor) -> Tensor:
        if not layer.trainable:
            return value
        key = f"{layer.name}.{name}"
        self.weights[key] = (self._twin.weights[key].detach() if self._twin else value).requires_grad_()
        return self.weights[key]

    def _bias(self, layer: Any) -> Tensor | None:
        return self._keep(layer, "bias", layer.bias.value.detach().clone()) if layer.use_bias else None

    def _make_rescaling(self, layer: Any) -> Callable[..., Tensor]:
        scale, offset = float(layer.scale), float(layer.offset)
        # a multiplication by a float turns uint8 pixels into float32 on the way
        return lambda x, _: (x * scale if offset == 0 else x * scale + offset).to(self._dtype)

    def _make_conv2d(self, layer: Any) -> Callable[..., Tensor]:
        return self._convolution(layer, self._kernel(layer), groups=layer.groups)

    def _make_depthwiseconv2d(self, layer: Any) -> Callable[..., Tensor]:
        kernel = self._kernel(layer)
        if kernel.shape[1] != 1:
            raise RecipeError(f"layer {layer.name} has a depth multiplier of {kernel.shape[1]}; training knows 1.")
        return self._convolution(layer, kernel, groups=kernel.shape[0])

    def _convolution(self, layer: Any, kernel: Tensor, *, groups: int) -> Callable[..., Tensor]:
        bias, strides = self._bias(layer), tuple(layer.strides)
        height, width = layer.input.shape[1:3]
        pads = _same_padding((height, width), layer.kernel_size, strides) if layer.padding == "same" else (0, 0, 0, 0)
        relu = _has_relu(layer) and layer.name not in self._pooled
        symmetric = pads[0] == pads[1] and pads[2] == pads[3]
        inner = (pads[2], pads[0]) if symmetric else (0, 0)

        def run(x: Tensor, _: torch.Generator | None) -> Tensor:
            x = x if symmetric else F.pad(x, pads)
            x = F.conv2d(
                x, kernel.to(x.dtype), None if bias is None else bias.to(x.dtype), strides, inner, groups=groups
            )
            return F.relu(x) if relu else x

        return run

    def _make_batchnormalization(self, layer: Any) -> Callable[..., Tensor]:
        scale = self._keep(layer, "gamma", layer.gamma.value.detach().clone()) if layer.scale else None
        shift = self._keep(layer, "beta", layer.beta.value.detach().clone()) if layer.center else None
        mean = self.state[f"{layer.name}.moving_mean"] = layer.moving_mean.value.detach().clone()
        variance = self.state[f"{layer.name}.moving_variance"] = layer.moving_variance.value.detach().clone()
        momentum, epsilon = 1 - layer.momentum, layer.epsilon
        return lambda x, dropout: F.batch_norm(x, mean, variance, scale, shift, dropout is not None, momentum, epsilon)

    def _make_maxpooling2d(self, layer: Any) -> Callable[..., Tensor]:
        size, strides = _pool_shape(layer)
        relu = layer.name in self._pooled.values()

        def run(x: Tensor, _: torch.Generator | None) -> Tensor:
            x = F.max_pool2d(x, size, strides)
            return F.relu(x) if relu else x

        return run

    def _make_averagepooling2d(self, layer: Any) -> Callable[..., Tensor]:
        size, strides = _pool_shape(layer)
        return lambda x, _: F.avg_pool2d(x, size, strides)

    def _make_globalaveragepooling2d(self, layer: Any) -> Callable[..., Tensor]:  # noqa: ARG002 (one signature for all)
        return lambda x, _: x.mean((2, 3))

    def _make_globalmaxpooling2d(self, layer: Any) -> Callable[..., Tensor]:  # noqa: ARG002
        return lambda x, _: x.amax((2, 3))

    def _make_flatten(self, layer: Any) -> Callable[..., Tensor]:  # noqa: ARG002
        return lambda x, _: x.permute(0, 2, 3, 1).flatten(1) if x.ndim == 4 else x

    def _make_dense(self, layer: Any) -> Callable[..., Tensor]:
        kernel, bias = self._kernel(layer), self._bias(layer)
        if layer.name == self._last:
            if layer.activation.__name__ != "softmax":
                raise RecipeError(f"the last layer {layer.name} must end in a softmax.")
            relu = False
        else:
            relu = _has_relu(layer)

        def run(x: Tensor, _: torch.Generator | None) -> Tensor:
            weight = kernel.to(x.dtype)
            x = x @ weight if bias is None else torch.addmm(bias.to(x.dtype), x, weight)
            return F.relu(x) if relu else x

        return run

    def _make_dropout(self, layer: Any) -> Callable[..., Tensor]:
        keep = 1 - layer.rate

        def run(x: Tensor, dropout: torch.Generator | None) -> Tensor:
            if dropout is None or keep == 1:
                return x
            return x * torch.empty_like(x, requires_grad=False).bernoulli_(keep, generator=dropout).div_(keep)

        return run

    def _make_relu(self, layer: Any) -> Callable[..., Tensor]:
        if layer.max_value is not None or layer.negative_slope or layer.threshold:
            raise RecipeError(f"layer {layer.name} is not a plain ReLU, which is what training knows.")
        return lambda x, _: F.relu(x)

    def _make_upsampling2d(self, layer: Any) -> Callable[..., Tensor]:
        if layer.interpolation != "nearest":
            raise RecipeError(f"layer {layer.name} enlarges {layer.interpolation}; training knows nearest only.")
        if tuple(layer.size) != (2, 2):
            raise RecipeError(f"layer {layer.name} enlarges {layer.size} times; training knows 2 only.")
        return lambda x, _: _Enlarge.apply(x)

    def _make_add(self, layer: Any) -> Callable[..., Tensor]:  # noqa: ARG002
        return lambda *x: sum(x[1:-1], x[0])

    def _make_concatenate(self, layer: Any) -> Callable[..., Tensor]:
        if layer.axis not in (-1, 3):
            raise RecipeError(f"layer {layer.name} joins axis {layer.axis}; training knows the channels only.")
        return lambda *x: torch.cat(x[:-1], 1)


class _Enlarge(torch.autograd.Function):
    """Nearest-neighbour enlargement by 2; its gradient by a pooling, ten times as fast as torch's own."""

    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:
        return F.interpolate(x, scale_factor=2.0, mode="nearest")

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        return F.avg_pool2d(gradient, 2) * 4


def _relu_before_pool(layers: list[Any]) -> dict[str, str]:
    """Convolutions whose ReLU may wait until after the max pooling that alone reads them: the same values, a quarter
    of the work."""
    readers: dict[int, list[Any]] = {}
    for layer in layers:
        for x in layer.input if isinstance(layer.input, list) else [layer.input]:
            readers.setdefault(id(x), []).append(layer)
    pairs = {}
    for layer in layers:
        kinds = [type(reader).__name__ for reader in readers.get(id(layer.output), [])]
        if type(layer).__name__ == "Conv2D" and _has_relu(layer) and kinds == ["MaxPooling2D"]:
            pairs[layer.name] = readers[id(layer.output)][0].name
    return pairs


def _has_relu(layer: Any) -> bool:
    name = layer.activation.__name__
    if name not in ("relu", "linear"):
        raise RecipeError(f"layer {layer.name} ends in {name}; training knows relu and linear.")
    return bool(name == "relu")


def _is_depthwise(layer: Any) -> bool:
    return type(layer).__name__ == "DepthwiseConv2D"


def _pool_shape(layer: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    if layer.padding != "valid":
        raise RecipeError(f"layer {layer.name} pads {layer.padding}; training knows valid pooling only.")
    return tuple(layer.pool_size), tuple(layer.strides)


def _same_padding(size: tuple[int, int], kernel: tuple[int, int], strides: tuple[int, int]) -> tuple[int, ...]:
    """torch's (left, right, top, bottom) for Keras' padding "same", which puts the odd pixel right and below."""
    pads: list[int] = []
    for length, taps, stride in zip(reversed(size), reversed(kernel), reversed(strides), strict=True):
        total = max((-(-length // stride) - 1) * stride + taps - length, 0)
        pads += [total // 2, total - total // 2]
    return tuple(pads)
