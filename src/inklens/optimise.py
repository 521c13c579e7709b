"""The optimisers and learning-rate schedules that recipes name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from inklens.recipes import Recipe


def make_optimizer(recipe: Recipe, weights: Iterable[Tensor]) -> torch.optim.Optimizer:
    """The recipe's optimiser over `weights`; its weight decay leaves biases and shifts (one dimension) alone."""
    tensors = list(weights)
    groups = [
        {"params": [tensor for tensor in tensors if tensor.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [tensor for tensor in tensors if tensor.ndim == 1], "weight_decay": 0.0},
    ]
    rate = recipe.learning_rate
    if recipe.optimizer == "adadelta":
        # Keras' rho and epsilon
        return torch.optim.Adadelta(groups, lr=rate, rho=0.95, eps=1e-7, foreach=True)
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=rate, momentum=0.9, nesterov=True, fused=True)
    if recipe.optimizer == "muon":
        return Muon(groups, lr=rate)
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99), fused=True)


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """The rate of step `step` (from 0) of `steps`."""
    if recipe.schedule == "constant":
        return recipe.learning_rate
    rising = max(1.0, recipe.warmup * steps)
    if step < rising:
        return recipe.learning_rate * (step + 1) / (rising + 1)
    return recipe.learning_rate * (steps - step) / (steps - rising + 1)


class Muon(torch.optim.Optimizer):
    """Momentum whose step for a matrix is made orthogonal; convolution kernels count as matrices by output channel.

    Everything with one dimension follows Adam at the same rate times `flat`. Source: Jordan et al., "Muon: An
    optimizer for hidden layers in neural networks", 2024.
    """

    def __init__(self, groups: Any, *, lr: float, momentum: float = 0.9, flat: float = 0.1) -> None:
        super().__init__(groups, {"lr": lr, "momentum": momentum, "flat": flat, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move every weight that has a gradient."""
        del closure
        for group in self.param_groups:
            rate, momentum = group["lr"], group["momentum"]
            for weight in group["params"]:
                state = self.state[weight]
                mean = state.setdefault("mean", torch.zeros_like(weight))
                if weight.ndim == 1:
                    square = state.setdefault("square", torch.zeros_like(weight))
                    state["steps"] = count = state.get("steps", 0) + 1
                    mean.lerp_(weight.grad, 1 - momentum)
                    square.lerp_(weight.grad.square(), 0.01)
                    step = mean / (1 - momentum**count) / ((square / (1 - 0.99**count)).sqrt_() + 1e-8)
                    weight.add_(step, alpha=-rate * group["flat"])
                    continue
                mean.mul_(momentum).add_(weight.grad)
                matrix = weight.grad.add(mean, alpha=momentum).flatten(1)
                step = orthogonalise(matrix).view_as(weight) * max(1, matrix.shape[0] / matrix.shape[1]) ** 0.5
                weight.mul_(1 - rate * group["weight_decay"]).add_(step, alpha=-rate)


def orthogonalise(matrix: Tensor, *, steps: int = 5) -> Tensor:
    """A matrix with the same singular vectors and singular values near 1 (0.7 to 1.2), by Newton–Schulz iteration."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix / (matrix.norm() + 1e-7)
    if flip := x.shape[0] > x.shape[1]:
        x = x.T
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if flip else x
