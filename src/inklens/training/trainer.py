"""The loop that teaches a network, step by step and epoch by epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from inklens.errors import RunError
from inklens.metrics.calibration import expected_calibration_error, fit_temperature
from inklens.training.augment import augment
from inklens.training.disturb import disturb
from inklens.training.networks import build_network, fuse_network
from inklens.training.optimizers import learning_rate, make_optimizer
from inklens.training.recipes import Recipe
from inklens.training.threads import Workers, has_fast_bfloat16
from inklens.training.torch_twin import Mirror


@dataclass(frozen=True)
class Progress:
    """Where a training stands: epoch and step count from 1; loss and accuracy are this epoch's means so far."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    accuracy: float


class Chance:
    """The random draws of one chunk's place in the batch throughout an epoch."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.dropout = torch.Generator().manual_seed(int(rng.integers(2**63)))


class Learner:
    """A network on its way through a recipe.

    A batch is parted into chunks, each of which passes through a mirror of its own, on as many threads as there are
    cores; the gradients are summed in the chunks' order. So the weights depend neither on the number of threads nor
    on their timing. Every epoch draws from its own generators, made of the seed and the epoch's number, so a restored
    learner goes on as if it had never stopped.
    """

    def __init__(self, recipe: Recipe, dataset: Any, seed: int, workers: Workers) -> None:
        self.recipe, self.dataset, self.seed, self.workers = recipe, dataset, seed, workers
        self.network = self._build(np.random.default_rng([seed, 0]))
        # learning from rendered pages is long enough for less exact products; the weights themselves stay float32
        dtype = torch.bfloat16 if recipe.pages and has_fast_bfloat16() else torch.float32
        self.mirror = Mirror(self.network, dtype=dtype)
        chunks = -(-min(recipe.batch, len(dataset.train)) // recipe.chunk)
        self.mirrors = [self.mirror] + [Mirror(self.network, twin=self.mirror, dtype=dtype) for _ in range(1, chunks)]
        self.optimizer = make_optimizer(recipe, self.mirror.weights.values())
        self.average = {name: tensor.detach().clone() for name, tensor in self.mirror.tensors.items()}
        self.steps = -(-len(dataset.train) // recipe.batch)  # an epoch; the last step takes what is left
        self.epoch = 0
        self.validation_seconds = 0.0  # of the last pass over the validation images
        self._validated: tuple[int, np.ndarray] | None = None

    def learn_epoch(self, progress: Callable[[Progress], object] | None = None) -> dict[str, float]:
        """Pass once over the training images. Returns the epoch's row of the history: `seconds` of learning, mean
        `loss` and `accuracy` while learning, and the kept weights' validation loss and accuracy."""
        started = time.perf_counter()
        self.epoch += 1
        rng = np.random.default_rng([self.seed, self.epoch])
        order = self._order(rng)
        chances = [Chance(child) for child in rng.spawn(len(self.mirrors))]
        seen, loss, right = 0, 0.0, 0.0
        for step in range(self.steps):
            rows = order[step * self.recipe.batch : (step + 1) * self.recipe.batch]
            step_loss, step_right = self._learn_step(rows, chances, (self.epoch - 1) * self.steps + step)
            seen, loss, right = seen + len(rows), loss + step_loss, right + step_right
            if progress:
                progress(Progress(self.epoch, self.recipe.epochs, step + 1, self.steps, loss / seen, right / seen))
        self._share_statistics(self.mirrors)
        seconds = time.perf_counter() - started
        validation_loss, validation_accuracy = self._validate()
        return {
            "epoch": self.epoch,
            "seconds": round(seconds, 3),
            "loss": loss / seen,
            "accuracy": right / seen,
            "validation_loss": validation_loss,
            "validation_accuracy": validation_accuracy,
        }

    def finish(self) -> tuple[Any, float]:
        """The keras.Model to keep and the temperature, fitted on the validation images, that is folded into it."""
        with self._kept_weights():
            self.mirror.write_back()
        network = fuse_network(self.network, classes=len(self.dataset.names))
        temperature = fit_temperature(self._validation_logits(), self.dataset.validation.labels)
        fold_temperature(network, temperature)
        if self.recipe.float16:
            round_to_float16(network)
        return network, temperature

    def measure(self, network: Any) -> dict[str, float]:
        """How the finished network does on the validation images, and how large it is."""
        labels = self.dataset.validation.labels
        before = self._validation_logits()
        after = predict(Mirror(network), self.dataset.validation.images, self.workers)
        return {
            "validation_accuracy": float(np.mean(after.argmax(axis=1) == labels)),
            "validation_loss": cross_entropy(after, labels),
            "validation_ece_before": expected_calibration_error(softmax(before), labels),
            "validation_ece": expected_calibration_error(softmax(after), labels),
            "parameters": network.count_params(),
            "parameters_trained": self.network.count_params(),  # with the statistics of the normalisations
        }

    def save(self, path: Path) -> None:
        """Write everything that later epochs depend on."""
        torch.save(
            {
                "epoch": self.epoch,
                "tensors": {name: tensor.detach() for name, tensor in self.mirror.tensors.items()},
                "average": self.average,
                "optimizer": self.optimizer.state_dict(),
            },
            path,
        )

    def restore(self, path: Path) -> None:
        """Go on where `save` was called. Raises RunError if the file is damaged or of another network."""
        try:
            saved = torch.load(path, weights_only=True)
            with torch.no_grad():
                for name, tensor in self.mirror.tensors.items():
                    tensor.copy_(saved["tensors"][name])
                    self.average[name].copy_(saved["average"][name])
            self.optimizer.load_state_dict(saved["optimizer"])
            self.epoch = int(saved["epoch"])
            self._share_statistics(self.mirrors[:1])
        except Exception as error:  # torch raises whatever its zip and pickle readers do
            raise RunError(f"{path} is damaged ({error!r:.80}); train the run again in another folder.") from error

    def _build(self, rng: np.random.Generator) -> Any:
        """The network with its first weights."""
        return build_network(self.recipe.network, classes=len(self.dataset.names), rng=rng)

    def _order(self, rng: np.random.Generator) -> np.ndarray:
        """The order in which this epoch goes through the training images."""
        return rng.permutation(len(self.dataset.train))

    def _validate(self) -> tuple[float, float]:
        """Loss and accuracy of the kept weights on the validation images."""
        logits, labels = self._validation_logits(), self.dataset.validation.labels
        return cross_entropy(logits, labels), float(np.mean(logits.argmax(axis=1) == labels))

    def _learn_step(self, rows: np.ndarray, chances: list[Chance], step: int) -> tuple[float, float]:
        """One step on the images `rows`; returns their summed loss and how many were right."""
        chunk = self.recipe.chunk
        parts = [rows[start : start + chunk] for start in range(0, len(rows), chunk)]
        results = self.workers.map(self._learn_chunk, parts, self.mirrors, chances, [len(rows)] * len(parts))
        gradients, losses, right = zip(*results, strict=True)
        for weight, shares in zip(self.mirror.weights.values(), zip(*gradients, strict=True), strict=True):
            weight.grad = sum(shares[1:], shares[0])
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.recipe, step, self.steps * self.recipe.epochs)
        self.optimizer.step()
        if self.recipe.average:
            decay = min(self.recipe.average, (step + 1) / (step + 10))  # the first steps are soon forgotten
            with torch.no_grad():
                torch._foreach_lerp_(list(self.average.values()), list(self.mirror.tensors.values()), 1 - decay)
        return sum(losses), sum(right)

    def _learn_chunk(
        self, rows: np.ndarray, mirror: Mirror, chance: Chance, batch: int
    ) -> tuple[tuple[Tensor, ...], float, float]:
        """The gradients of one chunk's share of the batch's mean loss, its summed loss, and how many were right."""
        images = self.dataset.train.images[rows]
        if self.recipe.augmentation:
            images = augment(images, chance.rng, self.recipe.augmentation)
        if self.recipe.disturbance:
            images = disturb(images, chance.rng, self.recipe.disturbance)
        labels = torch.from_numpy(self.dataset.train.labels[rows])
        logits = mirror(torch.from_numpy(images), dropout=chance.dropout).float()
        loss = torch.nn.functional.cross_entropy(
            logits, labels, reduction="sum", label_smoothing=self.recipe.label_smoothing
        )
        gradients = torch.autograd.grad(loss / batch, list(mirror.weights.values()))
        return gradients, loss.item(), int((logits.argmax(1) == labels).sum())

    def _share_statistics(self, sources: list[Mirror]) -> None:
        """Give every mirror the mean of the sources' moving statistics."""
        for name in self.mirror.state:
            mean = torch.stack([mirror.state[name] for mirror in sources]).mean(0)
            for mirror in self.mirrors:
                mirror.state[name].copy_(mean)

    def _validation_logits(self) -> np.ndarray:
        """Logits of the kept weights after the last epoch, worked out once."""
        if self._validated is None or self._validated[0] != self.epoch:
            started = time.perf_counter()
            with self._kept_weights():
                self._validated = self.epoch, predict(self.mirror, self.dataset.validation.images, self.workers)
            self.validation_seconds = time.perf_counter() - started
        return self._validated[1]

    @contextmanager
    def _kept_weights(self) -> Iterator[None]:
        """The moving averages in the network's place, if the recipe keeps them."""
        if not self.recipe.average:
            yield
            return
        learning = {name: tensor.detach().clone() for name, tensor in self.mirror.tensors.items()}
        try:
            with torch.no_grad():
                for name, tensor in self.mirror.tensors.items():
                    tensor.copy_(self.average[name])
            yield
        finally:
            with torch.no_grad():
                for name, tensor in self.mirror.tensors.items():
                    tensor.copy_(learning[name])


def predict(mirror: Mirror, images: np.ndarray, workers: Workers, *, chunk: int = 250) -> np.ndarray:
    """Logits float32 [n, classes] of images uint8 [n, 28, 28], without gradients."""
    parts = [images[start : start + chunk] for start in range(0, len(images), chunk)]
    return np.concatenate(workers.map(mirror.predict, parts))


def fold_temperature(network: Any, temperature: float) -> None:
    """Divide the logits of the last Dense layer by `temperature`, in its weights."""
    last = network.layers[-1]
    last.set_weights([value / np.float32(temperature) for value in last.get_weights()])


def round_to_float16(network: Any) -> None:
    """Move every weight to the nearest number that float16 holds."""
    for layer in network.layers:
        layer.set_weights([value.astype(np.float16).astype(np.float32) for value in layer.get_weights()])


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities [n, classes] of logits [n, classes]."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean negative log-likelihood in nats of `labels` int [n] under logits [n, classes]."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]))
