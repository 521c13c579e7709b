"""The torch twin of a Keras network gives Keras' answers, forwards and backwards."""

import numpy as np
import pytest
import torch

from inklens.backend import keras
from inklens.errors import RecipeError
from inklens.training.networks import NETWORKS, build_network
from inklens.training.torch_twin import Mirror

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 28, 28), dtype=np.uint8)


def probabilities(model, images):
    return model(images[..., None].astype(np.float32)).detach().numpy()


def shaken(model):
    """The model with random weights and statistics, so that no layer is idle."""
    rng = np.random.default_rng(1)
    model.set_weights(
        [
            rng.uniform(0.02, 0.3, value.shape).astype(np.float32) - 0.1 * (value.ndim > 1)
            for value in model.get_weights()
        ]
    )
    return model


def assert_same_answers(model):
    expected = probabilities(shaken(model), IMAGES)
    assert np.ptp(expected) > 1e-3
    logits = Mirror(model).predict(IMAGES)
    np.testing.assert_allclose(torch.softmax(torch.from_numpy(logits), 1), expected, atol=2e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_the_recipes_answer_alike(name):
    assert_same_answers(build_network(name, classes=10, rng=np.random.default_rng(0)))


def test_every_known_layer_answers_alike():
    layers = keras().layers
    image = keras().Input((28, 28, 1))
    x = layers.Rescaling(1 / 128, offset=-1)(image)
    x = layers.Conv2D(4, (3, 2), strides=2, padding="same", activation="relu")(x)
    y = layers.DepthwiseConv2D(3, padding="same", strides=1, use_bias=False)(x)
    y = layers.BatchNormalization()(y)
    x = layers.Add()([x, layers.ReLU()(y), y])
    x = layers.Concatenate()([x, layers.Conv2D(4, 1, groups=2)(x)])
    x = layers.AveragePooling2D(2)(x)
    x = layers.Conv2D(6, 2, padding="same", activation="relu")(x)
    z = layers.MaxPooling2D(3, strides=2)(x)
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(z), layers.GlobalMaxPooling2D()(x), layers.Flatten()(z)])
    x = layers.Dense(12, use_bias=False, activation="relu")(layers.Dropout(0.5)(x))
    assert_same_answers(keras().Model(image, layers.Dense(3, activation="softmax")(x)))


def test_gradients_are_those_of_keras():
    model = build_network("tutorial", classes=10, rng=np.random.default_rng(0))
    for layer in model.layers:
        if hasattr(layer, "rate"):
            layer.rate = 0.0  # Keras draws its own dropout
    labels = torch.arange(6)
    mirror = Mirror(model)
    logits = mirror(torch.from_numpy(IMAGES), dropout=torch.Generator())
    torch.nn.functional.cross_entropy(logits, labels).backward()
    expected = model(IMAGES[..., None].astype(np.float32))
    torch.nn.functional.nll_loss(expected.log(), labels).backward()
    for key, weight in mirror.weights.items():
        layer, variable = key.split(".")
        wanted = getattr(model.get_layer(layer), variable).value.grad
        found = weight.grad.permute(2, 3, 1, 0) if weight.ndim == 4 else weight.grad
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-3)


def test_changed_weights_are_written_back():
    model = build_network("tiny", classes=10, rng=np.random.default_rng(0))
    mirror = Mirror(model)
    with torch.no_grad():
        for tensor in mirror.tensors.values():
            tensor.add_(0.01)
    mirror.write_back()
    expected = torch.softmax(torch.from_numpy(mirror.predict(IMAGES)), 1)
    np.testing.assert_allclose(probabilities(model, IMAGES), expected, atol=2e-5)


def test_twins_share_weights_and_nothing_else():
    model = build_network("tiny", classes=10, rng=np.random.default_rng(0))
    first = Mirror(model)
    twin = Mirror(model, twin=first)
    for name, weight in first.weights.items():
        assert weight.data_ptr() == twin.weights[name].data_ptr()
    twin(torch.from_numpy(IMAGES), dropout=torch.Generator()).sum().backward()
    assert all(weight.grad is None for weight in first.weights.values())
    assert not torch.equal(first.state["conv1_norm.moving_mean"], twin.state["conv1_norm.moving_mean"])


def test_a_frozen_layer_is_not_among_the_weights():
    model = build_network("fast", classes=10, rng=np.random.default_rng(0))
    model.get_layer("conv1").trainable = False
    assert "conv1.kernel" not in Mirror(model).weights


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda layers, x: layers.LayerNormalization(name="norm")(x), "norm is a LayerNormalization, which training"),
        (lambda layers, x: layers.Conv2D(2, 3, activation="gelu", name="conv")(x), "conv ends in gelu; training knows"),
        (lambda layers, x: layers.ReLU(max_value=6, name="relu6")(x), "relu6 is not a plain ReLU"),
        (lambda layers, x: layers.MaxPooling2D(2, padding="same", name="pool")(x), "pool pads same; training knows"),
        (lambda layers, x: layers.DepthwiseConv2D(3, depth_multiplier=2, name="deep")(x), "depth multiplier of 2"),
    ],
)
def test_an_unknown_layer_is_named(make, message):
    layers = keras().layers
    image = keras().Input((28, 28, 1))
    x = layers.Flatten()(make(layers, image))
    with pytest.raises(RecipeError, match=message):
        Mirror(keras().Model(image, layers.Dense(2, activation="softmax")(x)))
