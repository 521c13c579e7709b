from __future__ import annotations

import numpy as np
import pytest
import torch

from inklens.reader_training.locator_network import build_locator, fuse_locator
from inklens.reading.maps import CHANNELS
from inklens.training.torch_twin import Mirror

PAGES = np.random.default_rng(0).integers(0, 256, (2, 96, 128), dtype=np.uint8)


def shaken(model: object) -> object:
    """The model with statistics that are not those of an untrained one, so that no normalisation is idle."""
    rng = np.random.default_rng(1)
    for layer in model.layers:  # type: ignore[attr-defined]
        if layer.name.endswith("_norm"):
            layer.set_weights([rng.uniform(0.2, 0.8, value.shape).astype(np.float32) for value in layer.get_weights()])
    return model


def answers(model: object) -> np.ndarray:
    return model(PAGES[..., None].astype(np.float32)).detach().numpy()  # type: ignore[operator, no-any-return]


def test_maps_have_a_cell_for_four_pixels_and_a_channel_each() -> None:
    maps = answers(build_locator(np.random.default_rng(0), width=128, height=96))
    assert maps.shape == (2, 24, 32, len(CHANNELS))


def test_kept_form_and_twin_answer_as_the_trained_network() -> None:
    model = shaken(build_locator(np.random.default_rng(0), width=128, height=96))
    expected = answers(model)
    assert np.ptp(expected) > 0.1
    tolerance = 1e-4 * np.abs(expected).max()
    np.testing.assert_allclose(answers(fuse_locator(model, width=128, height=96)), expected, atol=tolerance)
    twin = np.moveaxis(Mirror(model).predict(PAGES), 1, -1)
    np.testing.assert_allclose(twin, expected, atol=tolerance)


def test_weights_do_not_depend_on_the_page_s_size() -> None:
    one = build_locator(np.random.default_rng(3), width=128, height=96).get_weights()
    two = build_locator(np.random.default_rng(3), width=320, height=256).get_weights()
    assert all((a == b).all() for a, b in zip(one, two, strict=True))


def test_locator_is_within_its_budget() -> None:
    network = fuse_locator(build_locator(np.random.default_rng(0), width=640, height=480), width=640, height=480)
    assert network.count_params() <= 390_000
    total = 0
    for layer in network.layers:
        if type(layer).__name__ == "Conv2D":
            _, height, width, channels = layer.output.shape
            total += height * width * channels * layer.kernel.shape[0] * layer.kernel.shape[1] * layer.kernel.shape[2]
    assert total <= 700_000_000


@pytest.mark.parametrize("shape", [(1, 3, 4, 5), (2, 8, 6, 6)])
def test_gradient_of_enlargement_is_torch_s_own(shape: tuple[int, ...]) -> None:
    from inklens.training.torch_twin import _Enlarge

    x = torch.randn(shape, generator=torch.Generator().manual_seed(0), requires_grad=True)
    weights = torch.randn((*shape[:2], 2 * shape[2], 2 * shape[3]), generator=torch.Generator().manual_seed(1))
    [ours] = torch.autograd.grad((_Enlarge.apply(x) * weights).sum(), x)
    plain = torch.nn.functional.interpolate(x, scale_factor=2, mode="nearest")
    [wanted] = torch.autograd.grad((plain * weights).sum(), x)
    torch.testing.assert_close(ours, wanted)
