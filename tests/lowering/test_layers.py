"""Every layer that the export carries answers as Keras does, in both Core ML formats and in ONNX."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from inklens import coreml
from inklens.backend import keras
from inklens.coreml.ir import Graph
from inklens.coreml.reference import evaluate
from inklens.errors import ExportError
from inklens.exporting.coreml import Metadata, write_mlmodel, write_mlpackage
from inklens.exporting.onnx import onnx_bytes
from inklens.lowering.fold import fold
from inklens.lowering.graph import HANDLERS, lower
from tests.exporting.networks import LABELS, ask, functional, images, sequential

kl = keras().layers
ABOUT = Metadata(description="A test.", input_description="A picture.")
SMALL = {"strides": 2, "activation": "relu"}


def first() -> Any:
    """A convolution that leaves 13×13×3, so that what follows has channels and is quick."""
    return kl.Conv2D(3, 4, strides=2, name="first")


def merges(x: Any) -> Any:
    a, b = kl.Conv2D(4, 3, **SMALL)(x), kl.Conv2D(4, 3, strides=2)(x)
    y = kl.Subtract()([kl.Add()([a, b, a]), a])
    y = kl.Average()([kl.Multiply()([y, b]), a, b])
    y = kl.Concatenate()([kl.Maximum()([y, a]), kl.Minimum()([y, b]), a])
    gate = kl.Reshape((1, 1, 12))(kl.GlobalAveragePooling2D()(y))
    y = kl.Multiply()([kl.Conv2D(12, 1, activation="sigmoid")(gate), y])
    return kl.Concatenate()([kl.Flatten()(kl.MaxPooling2D(4)(y)), kl.GlobalMaxPooling2D()(y)])


def tensor_operations(x: Any) -> Any:
    ops = keras().ops
    y = first()(x)
    y = (1.0 - y) * 2.0 + y / 4.0
    return ops.gelu(ops.maximum(y, 0.1) - ops.silu(y), approximate=True)


def nested_and_shared(x: Any) -> Any:
    inner = keras().Sequential(
        [kl.Input((13, 13, 3)), kl.Conv2D(3, 3, padding="same", activation="relu"), kl.BatchNormalization()], name="in"
    )
    inlet = kl.Input((13, 13, 3))
    residual = keras().Model(inlet, kl.Add()([inner(inlet), inlet]), name="residual")
    shared = kl.Conv2D(3, 3, padding="same", activation="tanh", name="shared")
    return residual(shared(shared(inner(first()(x)))))


NETWORKS: dict[str, Callable[[], Any]] = {
    "conv: strides, same and valid": lambda: sequential(
        kl.Conv2D(4, 3, padding="same"), kl.Conv2D(4, (3, 2), strides=(2, 1)), kl.Conv2D(5, 3, 2, padding="same")
    ),
    "conv: even kernels, the odd row after": lambda: sequential(
        kl.Conv2D(4, 2, padding="same"), kl.Conv2D(4, 4, strides=3, padding="same"), kl.Conv2D(3, 2, 2, padding="same")
    ),
    "conv: dilation": lambda: sequential(
        kl.Conv2D(4, 3, dilation_rate=2, padding="same"), kl.Conv2D(4, (3, 2), dilation_rate=(2, 3))
    ),
    "conv: groups, no bias": lambda: sequential(
        kl.Conv2D(6, 3, strides=2), kl.Conv2D(6, 3, groups=3, use_bias=False), kl.Conv2D(4, 3, groups=2, strides=2)
    ),
    "depthwise": lambda: sequential(
        first(), kl.DepthwiseConv2D(3, depth_multiplier=2, padding="same", strides=2, activation="relu")
    ),
    "separable": lambda: sequential(
        first(), kl.SeparableConv2D(5, 3, depth_multiplier=2, padding="same", activation="relu")
    ),
    **{
        f"transposed: kernel {kernel}, stride {stride}, {padding}": (
            lambda kernel=kernel, stride=stride, padding=padding: sequential(
                kl.Conv2D(2, 5, strides=4), kl.Conv2DTranspose(3, kernel, strides=stride, padding=padding)
            )
        )
        for kernel, stride, padding in ((2, 2, "same"), (3, 2, "same"), (3, 1, "same"), (4, 3, "valid"), (2, 3, "same"))
    },
    "batch norm: after conv, alone, after dense, in front": lambda: sequential(
        kl.BatchNormalization(),
        kl.Conv2D(4, 3, strides=2),
        kl.BatchNormalization(),
        kl.ReLU(),
        kl.BatchNormalization(scale=False),
        kl.Flatten(),
        kl.Dense(5),
        kl.BatchNormalization(),
        kl.ReLU(),
        kl.BatchNormalization(center=False),
    ),
    **{
        f"{name} pool: {size} by {stride}, {padding}": (
            lambda cls=cls, size=size, stride=stride, padding=padding: sequential(
                first(), cls(size, strides=stride, padding=padding)
            )
        )
        for name, cls in (("max", kl.MaxPooling2D), ("average", kl.AveragePooling2D))
        for size, stride, padding in ((2, 2, "valid"), (2, 2, "same"), (3, 2, "same"), (3, 1, "same"), (2, 3, "same"))
    },
    "global average": lambda: sequential(first(), kl.GlobalAveragePooling2D()),
    "global max, dimensions kept": lambda: sequential(first(), kl.GlobalMaxPooling2D(keepdims=True)),
    **{
        f"activations: {', '.join(names)}": (
            lambda names=names: sequential(*(kl.Conv2D(3, 3, strides=2, activation=name) for name in names))
        )
        for names in (
            ("relu", "relu6", "leaky_relu"),
            ("elu", "selu", "gelu"),
            ("silu", "softplus", "mish"),
            ("linear", "hard_silu", "sigmoid"),
            ("tanh", "softsign", "hard_sigmoid"),
            ("exponential", "softmax"),
        )
    },
    "relu layers: highest value, slope, threshold": lambda: sequential(
        first(),
        kl.ReLU(max_value=1.0),
        kl.Conv2D(3, 2),
        kl.ReLU(negative_slope=0.1),
        kl.Conv2D(3, 2),
        kl.ReLU(threshold=0.1),
        kl.Conv2D(3, 2),
        kl.ReLU(max_value=0.5, negative_slope=0.2, threshold=0.1),
        kl.Conv2D(3, 2),
        kl.ReLU(max_value=0.4, negative_slope=0.2),
    ),
    "other activation layers": lambda: sequential(
        kl.Conv2D(3, 3, activation=kl.LeakyReLU(0.2)),
        kl.LeakyReLU(0.15),
        kl.Conv2D(3, 3, strides=2),
        kl.ELU(0.7),
        kl.Activation("gelu"),
        kl.Conv2D(3, 3),
        kl.PReLU(shared_axes=[1, 2]),
        kl.Conv2D(3, 3),
        kl.PReLU(),
        kl.Softmax(axis=1),
        kl.Flatten(),
        kl.Dense(5),
        kl.PReLU(),
    ),
    "layers that only act in training": lambda: sequential(
        kl.GaussianNoise(0.1),
        kl.RandomRotation(0.1),
        kl.RandomTranslation(0.1, 0.1),
        kl.RandomZoom(0.1),
        first(),
        kl.SpatialDropout2D(0.1),
        kl.Flatten(),
        kl.Dropout(0.3),
    ),
    "normalization and rescaling by channel": lambda: sequential(
        kl.Normalization(mean=0.2, variance=0.1),
        first(),
        kl.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0]),
        kl.ReLU(),
        kl.Rescaling([1.0, 2.0, 3.0], offset=[0.1, 0.2, 0.3]),
    ),
    "layer normalization": lambda: sequential(
        first(),
        kl.LayerNormalization(),
        kl.Conv2D(3, 3),
        kl.LayerNormalization(axis=[1, 2, 3]),
        kl.Flatten(),
        kl.Dense(6),
        kl.LayerNormalization(scale=False),
    ),
    "padding, cropping, upsampling": lambda: sequential(
        first(),
        kl.ZeroPadding2D(((1, 2), (3, 0))),
        kl.Cropping2D(((0, 1), (2, 1))),
        kl.Conv2D(2, 3, strides=2),
        kl.UpSampling2D(2),
        kl.UpSampling2D((2, 1), interpolation="bilinear"),
        kl.Conv2D(2, 3, strides=3),
        kl.UpSampling2D((2, 3), interpolation="bilinear"),
    ),
    "reshape and permute": lambda: sequential(
        first(),
        kl.Permute((3, 1, 2)),
        kl.Reshape((13, 39)),
        kl.Dense(7, activation="tanh"),
        kl.Reshape((13, 7, 1)),
        kl.Conv2D(3, 3),
        kl.Permute((2, 1, 3)),
        kl.Conv2D(3, 3),
        kl.Reshape((-1, 9)),
        kl.Permute((2, 1)),
    ),
    "dense on a picture": lambda: sequential(first(), kl.Dense(5, activation="relu")),
    "merging": lambda: functional(merges),
    "operations on tensors": lambda: functional(tensor_operations),
    "nested and shared": lambda: functional(nested_and_shared),
    "input without channels": lambda: sequential(kl.Reshape((28, 28, 1)), first(), shape=(28, 28)),
    "input without channels, dense": lambda: sequential(kl.Dense(5), shape=(28, 28)),
    "flat input": lambda: sequential(kl.Dense(20, activation="relu"), shape=(784,)),
    "channels first": lambda: sequential(
        kl.Conv2D(3, 3, data_format="channels_first"),
        kl.MaxPooling2D(data_format="channels_first"),
        kl.BatchNormalization(axis=1),
        kl.Flatten(data_format="channels_first"),
        shape=(1, 28, 28),
    ),
}


def answers(graph: Graph, pictures: np.ndarray, folder: Path) -> dict[str, np.ndarray]:
    """What the graph and the three files made of it answer."""
    session = onnxruntime.InferenceSession(onnx_bytes(graph, labels=LABELS, metadata=ABOUT))
    write_mlpackage(graph, folder / "net.mlpackage", labels=LABELS, metadata=ABOUT)
    write_mlmodel(graph, folder / "net.mlmodel", labels=LABELS, metadata=ABOUT)
    one_by_one = [
        evaluate(graph, {"image": picture[None, None].astype(np.float32)})["probabilities"] for picture in pictures
    ]
    return {
        "reference": np.concatenate(one_by_one),
        "onnx": session.run(["probabilities"], {"image": pictures})[0],
        "mlpackage": coreml.load(folder / "net.mlpackage").probabilities(pictures),
        "mlmodel": coreml.load(folder / "net.mlmodel").probabilities(pictures),
    }


@pytest.mark.parametrize("name", NETWORKS)
def test_network_answers_as_keras_in_every_format(name, tmp_path):
    model, pictures = NETWORKS[name](), images()
    expected = ask(model, pictures)
    assert expected.std(axis=0).max() > 0.02, "the network's answers hardly vary, so they would prove nothing"
    plain = lower(model)
    unfolded = [evaluate(plain, {"image": one[None, None].astype(np.float32)})["probabilities"] for one in pictures]
    np.testing.assert_allclose(np.concatenate(unfolded), expected, atol=1e-5, err_msg="lowered, not folded")
    for form, found in answers(fold(plain), pictures, tmp_path).items():
        np.testing.assert_allclose(found, expected, atol=1e-5, err_msg=form)


def test_every_handler_of_a_layer_is_tried():
    def layers(model: Any) -> set[str]:
        found = set()
        for layer in model._flatten_layers():
            found.add(type(layer).__name__)
            activation = getattr(layer, "activation", None)
            found.add(type(activation).__name__)
        return found

    tried = set().union(*(layers(build()) for build in NETWORKS.values()))
    left = {name for name in HANDLERS if "." not in name} - tried
    # They do nothing at inference, as their relatives above.
    idle = {
        "ActivityRegularization", "AlphaDropout", "GaussianDropout", "Identity", "RandomBrightness", "RandomContrast",
        "RandomElasticTransform", "RandomErasing", "RandomFlip", "RandomGaussianBlur", "RandomInvert",
        "RandomPerspective", "RandomSharpness", "RandomShear", "SpatialDropout1D",
    }  # fmt: skip
    assert left == idle


def test_every_unsupported_layer_is_named_at_once():
    model = sequential(
        kl.UnitNormalization(name="unit"),
        kl.Conv2D(3, 3, activation="squareplus", name="odd"),
        kl.GroupNormalization(1, name="groups"),
        kl.UpSampling2D(interpolation="bicubic", name="cubic"),
    )
    with pytest.raises(ExportError) as error:
        lower(model)
    assert str(error.value).startswith(
        "4 layers are not supported: UnitNormalization at layer unit; Conv2D at layer odd (activation squareplus); "
        "GroupNormalization at layer groups; "
        "UpSampling2D at layer cubic (interpolation='bicubic'). Supported: Activation, "
    )


def test_somebodys_own_layer_is_named_with_its_module():
    class Double(kl.Layer):
        def call(self, x):
            return x * 2

    with pytest.raises(ExportError, match="1 layer is not supported: Double at layer double"):
        lower(sequential(Double(name="double")))


def test_unsupported_layer_in_a_nested_model_is_named_by_its_path():
    inner = keras().Sequential([kl.Input((28, 28, 1)), kl.UnitNormalization(name="unit")], name="inner")
    with pytest.raises(ExportError, match="UnitNormalization at layer inner_unit"):
        lower(sequential(inner))


def test_subclassed_model_is_refused():
    class Own(keras().Model):
        def call(self, x):
            return x

    with pytest.raises(ExportError, match="Own is not a Sequential or functional Keras model"):
        lower(Own())


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((28, 28, 3), r"takes \[None, 28, 28, 3\]; expected one grey image"),
        ((None, None, 1), r"takes \[None, None, None, 1\]: every dimension but the first must be fixed"),
    ],
)
def test_input_that_is_no_grey_picture_is_refused(shape, message):
    model = keras().Sequential([kl.Input(shape), kl.Conv2D(2, 3), kl.GlobalMaxPooling2D()])
    with pytest.raises(ExportError, match=message):
        lower(model)


def test_two_outputs_are_refused():
    image = kl.Input((28, 28, 1))
    model = keras().Model(image, [kl.Flatten()(image), kl.ReLU()(image)])
    with pytest.raises(ExportError, match="1 inputs and 2 outputs; expected one of each"):
        lower(model)
