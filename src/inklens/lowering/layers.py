"""One handler for each Keras layer: how it looks in the intermediate representation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from inklens.lowering.activations import activate
from inklens.lowering.graph import Lowering, Unsupported, Value, array, floats, handles, image_order, ints


def same_padding(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Rows before and after for Keras' `same`: the odd one goes after."""
    total = max(0, (-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size)
    return total // 2, total - total // 2


# Convolutions and dense layers


def _convolution(
    net: Lowering,
    x: Value,
    weight: np.ndarray,
    bias: np.ndarray | None,
    *,
    strides: Sequence[int],
    padding: str,
    dilations: Sequence[int],
    groups: int,
    keras_shape: Sequence[int],
    suffix: str | None = None,
) -> Value:
    pads = [0, 0, 0, 0]
    if padding == "same":
        for axis in (0, 1):
            pads[2 * axis : 2 * axis + 2] = same_padding(
                x.shape[2 + axis], weight.shape[2 + axis], strides[axis], dilations[axis]
            )
    arguments: dict[str, Any] = {"x": x, "weight": weight}
    if bias is not None:
        arguments["bias"] = bias
    arguments |= {
        "strides": ints(*strides),
        "pad_type": "custom" if any(pads) else "valid",
        "pad": ints(*pads),
        "dilations": ints(*dilations),
        "groups": np.asarray(groups, np.int32),
    }
    return net.emit("conv", keras_shape, x.order, suffix=suffix, **arguments)


def _bias(layer: Any) -> np.ndarray | None:
    return array(layer.bias) if layer.use_bias else None


@handles("Conv2D")
def conv2d(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    x = net.image(inputs[0], layer.data_format)
    kernel = array(layer.kernel).transpose(3, 2, 0, 1)  # [kh, kw, in, out] -> [out, in, kh, kw]
    y = _convolution(
        net,
        x,
        np.ascontiguousarray(kernel),
        _bias(layer),
        strides=layer.strides,
        padding=layer.padding,
        dilations=layer.dilation_rate,
        groups=layer.groups,
        keras_shape=net.output_shape,
    )
    return activate(net, layer.activation, y)


def _depthwise_weight(kernel: Any) -> np.ndarray:
    """[kh, kw, in, multiplier] -> [in * multiplier, 1, kh, kw]"""
    kernel = array(kernel)
    height, width, channels, multiplier = kernel.shape
    return np.ascontiguousarray(kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width))


@handles("DepthwiseConv2D")
def depthwise_conv2d(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    x = net.image(inputs[0], layer.data_format)
    y = _convolution(
        net,
        x,
        _depthwise_weight(layer.kernel),
        _bias(layer),
        strides=layer.strides,
        padding=layer.padding,
        dilations=layer.dilation_rate,
        groups=x.shape[1],
        keras_shape=net.output_shape,
    )
    return activate(net, layer.activation, y)


@handles("SeparableConv2D")
def separable_conv2d(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    x = net.image(inputs[0], layer.data_format)
    weight = _depthwise_weight(layer.depthwise_kernel)
    middle = list(net.output_shape)
    middle[x.order[1]] = weight.shape[0]
    y = _convolution(
        net,
        x,
        weight,
        None,
        strides=layer.strides,
        padding=layer.padding,
        dilations=layer.dilation_rate,
        groups=x.shape[1],
        keras_shape=middle,
        suffix="depthwise",
    )
    y = _convolution(
        net,
        y,
        np.ascontiguousarray(array(layer.pointwise_kernel).transpose(3, 2, 0, 1)),
        _bias(layer),
        strides=(1, 1),
        padding="valid",
        dilations=(1, 1),
        groups=1,
        keras_shape=net.output_shape,
    )
    return activate(net, layer.activation, y)


@handles("Conv2DTranspose")
def conv2d_transpose(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    x = net.image(inputs[0], layer.data_format)
    kernel = array(layer.kernel)  # [kh, kw, out, in]
    order = image_order(layer.data_format)
    target = [net.output_shape[axis] for axis in order]
    full, before = [], []
    for axis in (0, 1):
        size, stride, dilation = x.shape[2 + axis], layer.strides[axis], layer.dilation_rate[axis]
        extent = (kernel.shape[axis] - 1) * dilation + 1
        full.append((size - 1) * stride + extent)
        # Keras crops what `same` would have padded on the way forward, the odd row at the end.
        before.append(max(0, extent - stride) // 2 if layer.padding == "same" else 0)
    if layer.output_padding is not None and layer.padding == "same":
        raise Unsupported("output_padding with padding='same'")
    spare = [target[2 + axis] - full[axis] + before[axis] for axis in (0, 1)]  # rows to add (crop if negative) after
    arguments: dict[str, Any] = {"x": x, "weight": np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))}
    extended = [max(0, extra) for extra in spare]
    bias = _bias(layer)
    if bias is not None and not any(extended):
        arguments["bias"] = bias
    pads = [before[0], max(0, -spare[0]), before[1], max(0, -spare[1])]
    arguments |= {
        "strides": ints(*layer.strides),
        "pad_type": "custom" if any(pads) else "valid",
        "pad": ints(*pads),
        "dilations": ints(*layer.dilation_rate),
        "groups": np.asarray(1, np.int32),
    }
    shape = list(net.output_shape)
    for axis in (0, 1):
        shape[order[2 + axis]] -= extended[axis]
    y = net.emit("conv_transpose", shape, order, **arguments)
    if any(extended):
        y = _pad(net, y, [(0, 0), (0, 0), (0, extended[0]), (0, extended[1])])
        if bias is not None:
            y = net.emit("add", y.keras_shape, order, x=y, y=bias.reshape(1, -1, 1, 1))
    return activate(net, layer.activation, y)


@handles("Dense")
def dense(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    [x] = inputs
    weight = np.ascontiguousarray(array(layer.kernel).T)
    bias = _bias(layer)
    if len(x.order) == 4:  # acts on the last axis: a 1x1 convolution of the same picture
        x = net.arrange(x, image_order("channels_last"))
        y = _convolution(
            net,
            x,
            weight[:, :, None, None],
            bias,
            strides=(1, 1),
            padding="valid",
            dilations=(1, 1),
            groups=1,
            keras_shape=net.output_shape,
        )
    elif len(x.order) <= 3:
        arguments: dict[str, Any] = {} if bias is None else {"bias": bias}
        y = net.emit("linear", net.output_shape, x=net.plain(x), weight=weight, **arguments)
    else:
        raise Unsupported(f"an input of rank {len(x.order)}")
    return activate(net, layer.activation, y)


# Normalization and scaling


def _along(x: Value, values: np.ndarray, keras_axis: int) -> np.ndarray:
    """A vector shaped so that it broadcasts along one axis of `x`."""
    shape = [1] * len(x.order)
    shape[x.axis(keras_axis)] = -1
    return values.reshape(shape)


def _scale_and_shift(net: Lowering, x: Value, scale: np.ndarray | None, shift: np.ndarray | None) -> Value:
    if scale is not None:
        x = net.emit("mul", x.keras_shape, x.order, x=x, y=scale)
    if shift is not None:
        x = net.emit("add", x.keras_shape, x.order, x=x, y=shift)
    return x


@handles("BatchNormalization")
def batch_normalization(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    [x] = inputs
    mean, variance = array(layer.moving_mean), array(layer.moving_variance)
    gamma = array(layer.gamma) if layer.scale else np.ones_like(mean)
    beta = array(layer.beta) if layer.center else np.zeros_like(mean)
    if len(x.order) == 4 and x.axis(layer.axis) == 1:
        return net.emit(
            "batch_norm",
            x.keras_shape,
            x.order,
            x=x,
            mean=mean,
            variance=variance,
            gamma=gamma,
            beta=beta,
            epsilon=floats(layer.epsilon),
        )
    scale = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + layer.epsilon)
    shift = (beta - mean * scale).astype(np.float32)
    return _scale_and_shift(net, x, _along(x, scale.astype(np.float32), layer.axis), _along(x, shift, layer.axis))


@handles("LayerNormalization")
def layer_normalization(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    axes = [layer.axis] if isinstance(layer.axis, int) else list(layer.axis)
    rank = len(inputs[0].order)
    axes = sorted(axis % rank for axis in axes)
    if layer.rms_scaling:
        raise Unsupported("rms_scaling=True")
    if axes != list(range(rank - len(axes), rank)):
        raise Unsupported(f"axis={layer.axis}: only the last axes")
    x = net.plain(inputs[0])
    shape = tuple(x.keras_shape[axis] for axis in axes)
    gamma = array(layer.gamma).reshape(shape) if layer.scale else np.ones(shape, np.float32)
    beta = array(layer.beta).reshape(shape) if layer.center else np.zeros(shape, np.float32)
    epsilon = floats(layer.epsilon)
    return net.emit("layer_norm", x.keras_shape, x=x, axes=ints(*axes), gamma=gamma, beta=beta, epsilon=epsilon)


@handles("Rescaling")
def rescaling(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    [x] = inputs

    def constant(value: Any, neutral: float) -> np.ndarray | None:
        values = array(value)
        if np.all(values == neutral):
            return None
        if values.ndim == 0:
            return values
        if values.ndim > 1:
            raise Unsupported("scale and offset with more than one axis")
        return _along(x, values, -1)

    return _scale_and_shift(net, x, constant(layer.scale, 1), constant(layer.offset, 0))


@handles("Normalization")
def normalization(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    [x] = inputs

    def constant(values: np.ndarray) -> np.ndarray:
        values = values.reshape((1,) * (len(x.order) - values.ndim) + values.shape)
        return values.reshape(()) if values.size == 1 else values.transpose(x.order)

    mean = array(layer.mean).astype(np.float64)
    deviation = np.maximum(np.sqrt(array(layer.variance).astype(np.float64)), 1e-7)  # keras.config.epsilon()
    if layer.invert:
        return _scale_and_shift(net, x, constant(deviation.astype(np.float32)), constant(mean.astype(np.float32)))
    x = net.emit("sub", x.keras_shape, x.order, x=x, y=constant(mean.astype(np.float32)))
    return net.emit("mul", x.keras_shape, x.order, x=x, y=constant((1 / deviation).astype(np.float32)))


# Pools


@handles("MaxPooling2D", "AveragePooling2D")
def pooling(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    x = net.image(inputs[0], layer.data_format)
    average = type(layer).__name__ == "AveragePooling2D"
    pads = [(0, 0), (0, 0)]
    if layer.padding == "same":
        pads = [same_padding(x.shape[2 + axis], layer.pool_size[axis], layer.strides[axis]) for axis in (0, 1)]
    if average and any(before != after for before, after in pads):
        # Keras on torch repeats the border here, and averages it in; with equal pads it leaves the padding out.
        x = _pad(net, x, [(0, 0), (0, 0), *pads], mode="replicate")
        pads = [(0, 0), (0, 0)]
    arguments: dict[str, Any] = {
        "x": x,
        "kernel_sizes": ints(*layer.pool_size),
        "strides": ints(*layer.strides),
        "pad_type": "custom" if any(map(any, pads)) else "valid",
        "pad": ints(*pads[0], *pads[1]),
    }
    if average:
        arguments["exclude_padding_from_average"] = np.asarray(True)
    return net.emit("avg_pool" if average else "max_pool", net.output_shape, x.order, **arguments)


@handles("GlobalAveragePooling2D", "GlobalMaxPooling2D")
def global_pooling(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    x = net.image(inputs[0], layer.data_format)
    op = "reduce_mean" if "Average" in type(layer).__name__ else "reduce_max"
    order = x.order if layer.keepdims else None
    return net.emit(op, net.output_shape, order, x=x, axes=ints(2, 3), keep_dims=np.asarray(bool(layer.keepdims)))


# Layers that do nothing outside training


@handles(
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "ActivityRegularization",
    "Identity",
    "RandomBrightness",
    "RandomContrast",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomInvert",
    "RandomPerspective",
    "RandomRotation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomZoom",
)
def identity(_net: Lowering, _layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    return inputs[0]


# Merging


def _fold(net: Lowering, op: str, inputs: Sequence[Value]) -> Value:
    """x0 op x1 op x2 … with broadcasting, all in the first one's order."""
    if len({len(value.order) for value in inputs}) != 1:
        raise Unsupported("inputs of different ranks")
    # The value that already lies as the biggest one does stays where it is.
    order = max(inputs, key=lambda value: int(np.prod(value.keras_shape))).order
    total = net.arrange(inputs[0], order)
    for value in inputs[1:]:
        shape = np.broadcast_shapes(total.keras_shape, value.keras_shape)
        total = net.emit(op, shape, order, x=total, y=net.arrange(value, order))
    return total


def _merging(op: str) -> Callable[..., Value]:
    def merge(net: Lowering, _layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
        return _fold(net, op, inputs)

    return merge


for _name, _op in (
    ("Add", "add"),
    ("Subtract", "sub"),
    ("Multiply", "mul"),
    ("Maximum", "maximum"),
    ("Minimum", "minimum"),
):
    handles(_name)(_merging(_op))


@handles("Average")
def average(net: Lowering, _layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    total = _fold(net, "add", inputs)
    return net.emit("mul", total.keras_shape, total.order, x=total, y=floats(1 / len(inputs)))


@handles("Concatenate")
def concatenate(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    order = inputs[0].order
    values = tuple(net.arrange(value, order) for value in inputs)
    axis = np.asarray(inputs[0].axis(layer.axis), np.int32)
    return net.emit("concat", net.output_shape, order, values=tuple(value.ref for value in values), axis=axis)


def _binary(op: str) -> Callable[..., Value]:
    """`x + y` on Keras tensors; one side may be a number."""

    def binary(net: Lowering, _layer: Any, inputs: Sequence[Value], call: Mapping) -> Value:
        if len(inputs) == 2:
            return _fold(net, op, inputs)
        left, right = (*call["args"], *(call[key] for key in ("x1", "x2") if key in call))[:2]
        constant = array(right if isinstance(left, Value) else left)
        if constant.ndim:
            raise Unsupported("an array as the other operand")
        [x] = inputs
        first, second = (x, constant) if isinstance(left, Value) else (constant, x)
        return net.emit(op, x.keras_shape, x.order, x=first, y=second)

    return binary


for _name, _op in (
    ("Add", "add"),
    ("Subtract", "sub"),
    ("Multiply", "mul"),
    ("Divide", "real_div"),
    ("TrueDivide", "real_div"),
    ("Maximum", "maximum"),
    ("Minimum", "minimum"),
):
    handles(f"ops.{_name}")(_binary(_op))


# Shapes


def _reshape(net: Lowering, x: Value, shape: Sequence[int]) -> Value:
    x = net.plain(x)  # row-major over Keras' own axes: height, width, channels
    return net.emit("reshape", shape, x=x, shape=ints(*shape))


@handles("Flatten")
def flatten(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    x = inputs[0]
    if layer.data_format == "channels_first" and len(x.order) == 4:
        x = Value(x.ref, tuple(x.keras_shape[a] for a in (0, 2, 3, 1)), tuple((0, 3, 1, 2)[a] for a in x.order))
    return _reshape(net, x, net.output_shape)


@handles("Reshape")
def reshape(net: Lowering, _layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    return _reshape(net, inputs[0], net.output_shape)


@handles("Permute")
def permute(_net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    """Nothing moves: the axes get other names. The next layer that cares moves them."""
    [x] = inputs
    dims = (0, *layer.dims)  # new Keras axis i is old axis dims[i]
    return Value(x.ref, tuple(x.keras_shape[axis] for axis in dims), tuple(dims.index(axis) for axis in x.order))


def _pad(net: Lowering, x: Value, amounts: Sequence[tuple[int, int]], mode: str = "constant") -> Value:
    """`amounts` before and after, axis by axis of the representation."""
    shape = list(x.keras_shape)
    for axis, (before, after) in enumerate(amounts):
        shape[x.order[axis]] += before + after
    return net.emit(
        "pad",
        shape,
        x.order,
        suffix=None if mode == "constant" else "border",
        x=x,
        pad=ints(*(amount for pair in amounts[2:] for amount in pair)),
        mode=mode,
        constant_val=floats(0),
    )


@handles("ZeroPadding2D")
def zero_padding(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    x = net.image(inputs[0], layer.data_format)
    return _pad(net, x, [(0, 0), (0, 0), *layer.padding])


@handles("Cropping2D")
def cropping(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    x = net.image(inputs[0], layer.data_format)
    (top, bottom), (left, right) = layer.cropping
    return net.emit(
        "slice_by_index",
        net.output_shape,
        x.order,
        x=x,
        begin=ints(0, 0, top, left),
        end=ints(0, 0, x.shape[2] - bottom, x.shape[3] - right),
        begin_mask=np.asarray((True, True, False, False)),
        end_mask=np.asarray((True, True, False, False)),
    )


@handles("UpSampling2D")
def up_sampling(net: Lowering, layer: Any, inputs: Sequence[Value], _: Mapping) -> Value:
    x = net.image(inputs[0], layer.data_format)
    height, width = (np.asarray(factor, np.float32) for factor in layer.size)
    factors: dict[str, Any] = {"scale_factor_height": height, "scale_factor_width": width}
    if layer.interpolation == "nearest":
        return net.emit("upsample_nearest_neighbor", net.output_shape, x.order, x=x, **factors)
    if layer.interpolation == "bilinear":
        return net.emit("upsample_bilinear", net.output_shape, x.order, x=x, **factors, align_corners=np.asarray(False))
    raise Unsupported(f"interpolation={layer.interpolation!r}")
