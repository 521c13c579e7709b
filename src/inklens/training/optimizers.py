"""The optimisers and learning-rate schedules that recipes name."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from inklens.training.recipes import Recipe


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
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99), fused=True)


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """The rate of step `step` (from 0) of `steps`."""
    if recipe.schedule == "constant":
        return recipe.learning_rate
    rising = max(1.0, recipe.warmup * steps)
    if step < rising:
        return recipe.learning_rate * (step + 1) / (rising + 1)
    return recipe.learning_rate * (steps - step) / (steps - rising + 1)
