"""The network and schedule of PyTorch's examples/mnist, in plain torch: the figure that most readers know.

Conv 32 3×3, Conv 64 3×3, max pooling, dropout 0.25, Dense 128, dropout 0.5, Dense 10: 1,199,882 parameters. Adadelta at
rate 1.0, times 0.7 after each epoch, batch 64, 14 epochs. The images are in memory already normalised, which the
example does anew for every image of every epoch; so the time here flatters it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from inklens.data import Dataset, Split

EPOCHS, BATCH, RATE, FADE = 14, 64, 1.0, 0.7
MEAN, SPREAD = 0.1307, 0.3081  # of MNIST's training pixels


def build() -> nn.Sequential:
    """The example's network, ending in logits."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
    )


def normalise(split: Split) -> torch.Tensor:
    """Images float32 [n, 1, 28, 28] of mean 0 and spread 1."""
    return (torch.from_numpy(split.images).float().div_(255).unsqueeze(1) - MEAN) / SPREAD


def train(
    dataset: Dataset, seed: int, *, epochs: int = EPOCHS, progress: Callable[[str], object] | None = None
) -> tuple[nn.Module, float]:
    """Train on the dataset's training images. Returns the network and the seconds that it took."""
    torch.manual_seed(seed)
    network = build()
    started = time.perf_counter()
    images, labels = normalise(dataset.train), torch.from_numpy(dataset.train.labels)
    optimizer = torch.optim.Adadelta(network.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, FADE)
    for epoch in range(epochs):
        order = torch.randperm(len(labels))
        for rows in order.split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images[rows]), labels[rows]).backward()
            optimizer.step()
        schedule.step()
        if progress:
            progress(f"pytorch-example seed {seed}: epoch {epoch + 1}/{epochs}, {time.perf_counter() - started:.0f} s")
    return network, time.perf_counter() - started


def accuracy(network: nn.Module, split: Split) -> float:
    """Share of the split's images that the network names rightly."""
    network.eval()
    with torch.inference_mode():
        answers = torch.cat([network(part).argmax(1) for part in normalise(split).split(500)])
    return float(np.mean(answers.numpy() == split.labels))


def parameters(network: nn.Module) -> int:
    """How many numbers the network has learnt."""
    return sum(weight.numel() for weight in network.parameters())
