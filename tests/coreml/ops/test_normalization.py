from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.coreml.engines import Input, both, numbers

F = torch.nn.functional


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("affine", [False, True])
def test_batch_norm_is_torchs(rank: int, affine: bool) -> None:
    x, mean, variance = numbers(2, 4, *[5, 3, 2][:rank]), numbers(4, seed=1), numbers(4, seed=2, low=0.1)
    gamma, beta = (numbers(4, seed=3), numbers(4, seed=4)) if affine else (None, None)
    result = both("batch_norm", x=Input(x), mean=mean, variance=variance, gamma=gamma, beta=beta, epsilon=1e-3)
    weights = [None if item is None else torch.tensor(item) for item in (gamma, beta)]
    expected = F.batch_norm(*map(torch.tensor, (x, mean, variance)), *weights, eps=1e-3).numpy()
    np.testing.assert_allclose(result, expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 4, 5), (2, 4, 5, 3)])
@pytest.mark.parametrize("unknown", [False, True])
def test_instance_norm_is_torchs(shape: tuple[int, ...], unknown: bool) -> None:
    x, gamma, beta = numbers(*shape), numbers(4, seed=1), numbers(4, seed=2)
    result = both("instance_norm", x=Input(x), gamma=gamma, beta=beta, unknown=unknown)
    expected = F.instance_norm(torch.tensor(x), weight=torch.tensor(gamma), bias=torch.tensor(beta)).numpy()
    np.testing.assert_allclose(result, expected, atol=1e-5)
    bare = both("instance_norm", x=Input(x), epsilon=0.1)
    np.testing.assert_allclose(bare, F.instance_norm(torch.tensor(x), eps=0.1).numpy(), atol=1e-5)


@pytest.mark.parametrize("unknown", [False, True])
def test_layer_norm_over_the_last_axes_is_torchs(unknown: bool) -> None:
    x, gamma, beta = numbers(2, 3, 4, 5), numbers(4, 5, seed=1), numbers(4, 5, seed=2)
    result = both("layer_norm", x=Input(x), gamma=gamma, beta=beta, axes=[-2, -1], unknown=unknown)
    expected = F.layer_norm(torch.tensor(x), (4, 5), torch.tensor(gamma), torch.tensor(beta)).numpy()
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_layer_norm_normalises_axes_in_the_middle() -> None:
    x, gamma, beta = numbers(2, 3, 4), numbers(3, seed=1), numbers(3, seed=2)
    result = both("layer_norm", x=Input(x), gamma=gamma, beta=beta, axes=[1], epsilon=1e-2)
    turned = torch.tensor(x.transpose(0, 2, 1))
    expected = F.layer_norm(turned, (3,), torch.tensor(gamma), torch.tensor(beta), 1e-2).numpy().transpose(0, 2, 1)
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_layer_norm_without_axes_normalises_everything() -> None:
    x = numbers(2, 3, 4)
    expected = (x - x.mean()) / np.sqrt(x.var() + 1e-5)
    np.testing.assert_allclose(both("layer_norm", x=Input(x)), expected, atol=1e-5)


def test_l2_norm_divides_by_the_length_of_the_last_three_axes() -> None:
    x = numbers(2, 3, 4, 5)
    expected = x / np.sqrt((x**2).reshape(2, -1).sum(axis=1) + 1e-6).reshape(2, 1, 1, 1)
    np.testing.assert_allclose(both("l2_norm", x=Input(x)), expected, atol=1e-6)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("shape", [(2, 6, 4), (2, 6, 4, 3), (1, 6, 2, 3, 2)])
@pytest.mark.parametrize("unknown", [False, True])
def test_local_response_norm_sums_over_neighbouring_channels(size: int, shape: tuple[int, ...], unknown: bool) -> None:
    x = numbers(*shape)
    result = both("local_response_norm", x=Input(x), size=size, alpha=0.3, beta=0.6, k=1.5, unknown=unknown)
    total = np.zeros_like(x)
    for channel in range(6):
        near = slice(max(0, channel - (size - 1) // 2), channel + size // 2 + 1)
        total[:, channel] = (x[:, near] ** 2).sum(axis=1)
    np.testing.assert_allclose(result, x / (1.5 + 0.3 / size * total) ** 0.6, atol=1e-5)
