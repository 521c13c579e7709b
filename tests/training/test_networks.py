"""The recipes' networks: their sizes, their first weights, and the form that is kept."""

import numpy as np
import pytest

from inklens.training.networks import NETWORKS, build_network, fuse_network

IMAGES = np.random.default_rng(0).uniform(0, 255, (4, 28, 28, 1)).astype(np.float32)


def build(name, seed=0, **options):
    return build_network(name, classes=10, rng=np.random.default_rng(seed), **options)


def test_the_tutorials_network_is_the_origins():
    model = build("tutorial")
    shapes = [(type(layer).__name__, layer.output.shape[1:]) for layer in model.layers[1:]]
    assert shapes == [
        ("Rescaling", (28, 28, 1)),
        ("Conv2D", (28, 28, 32)),
        ("MaxPooling2D", (14, 14, 32)),
        ("Conv2D", (14, 14, 32)),
        ("MaxPooling2D", (7, 7, 32)),
        ("Conv2D", (7, 7, 32)),
        ("MaxPooling2D", (3, 3, 32)),
        ("Dropout", (3, 3, 32)),
        ("Flatten", (288,)),
        ("Dense", (500,)),
        ("Dropout", (500,)),
        ("Dense", (10,)),
    ]
    assert [layer.rate for layer in model.layers if hasattr(layer, "rate")] == [0.3, 0.4]
    assert model.count_params() == 158_086


@pytest.mark.parametrize(("name", "most"), [("accurate", 160_000), ("tiny", 5_000)])
def test_parameters_stay_under_their_limit_with_the_normalisations(name, most):
    assert build(name, fused=True).count_params() < build(name).count_params() <= most


@pytest.mark.parametrize("name", NETWORKS)
def test_the_kept_form_answers_as_the_trained_one(name):
    model = build(name)
    rng = np.random.default_rng(1)
    model.set_weights([value + rng.uniform(0, 0.1, value.shape).astype(np.float32) for value in model.get_weights()])
    fused = fuse_network(model, classes=10)
    assert "BatchNormalization" not in {type(layer).__name__ for layer in fused.layers}
    expected = model(IMAGES).detach().numpy()
    np.testing.assert_allclose(fused(IMAGES).detach().numpy(), expected, atol=1e-5)
    assert np.ptp(expected) > 1e-3


def test_first_weights_come_from_the_generator_alone():
    first, again, other = (build("fast", seed).get_weights() for seed in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_classes_decide_the_last_layer():
    model = build_network("fast", classes=4, rng=np.random.default_rng(0))
    np.testing.assert_allclose(model(IMAGES).detach().numpy().sum(1), 1, atol=1e-6)
    assert model.output_shape == (None, 4)
