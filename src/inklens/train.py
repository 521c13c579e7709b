"""Training: a recipe and a dataset become a run."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inklens.augment import augment
from inklens.backend import import_torch
from inklens.calibration import expected_calibration_error, fit_temperature
from inklens.data import Dataset
from inklens.errors import OutputError, RunError
from inklens.networks import build_network, fuse_network
from inklens.recipes import Recipe
from inklens.run import (
    CHECKPOINT,
    ENVIRONMENT,
    METRICS,
    MODEL,
    Run,
    describe_environment,
    read_history,
    read_start,
    write_history,
    write_json,
    write_start,
)
from inklens.writing import write_whole

if TYPE_CHECKING:
    import torch

    from inklens.mirror import Mirror


@dataclass(frozen=True)
class Progress:
    """Where a training stands: epoch and step count from 1; loss and accuracy are this epoch's means so far."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    accuracy: float


def train(
    recipe: Recipe,
    dataset: Dataset,
    out: str | Path,
    *,
    seed: int = 1,
    progress: Callable[[Progress], object] | None = None,
    resume: bool = False,
) -> Run:
    """Train `recipe` on the dataset's training images and leave the run in the folder `out`.

    Only the training split teaches; the validation split fits the temperature and is reported; the test split is not
    touched. The same recipe, data, seed, machine and versions give the same weights. After each epoch a checkpoint is
    written: a stopped run continues with `resume` to the very weights that it would have reached.

    Raises OutputError if `out` holds something already or cannot be written, RunError if there is nothing to resume
    or the run is of another recipe, seed or dataset, and RunError, with how to continue, when Ctrl-C stops it.
    """
    folder, description = Path(out), describe_dataset(dataset)
    if resume:
        _check_same(folder, recipe, seed, description)
        learner = Learner(recipe, dataset, seed)
        history = _restore(folder, learner)
    else:
        _make_folder(folder)
        learner, history = Learner(recipe, dataset, seed), []
        write_json(folder / ENVIRONMENT, describe_environment(import_torch().get_num_threads()))
        write_start(folder, recipe, seed, description)
    try:
        while learner.epoch < recipe.epochs:
            history.append(learner.learn_epoch(progress))
            # history first: a stop between the two leaves a row too many, which resuming cuts off
            write_history(folder, history)
            write_whole(folder / CHECKPOINT, learner.save)
        network, metrics = learner.finish()
        _save_model(network, folder)
        write_json(folder / METRICS, metrics)
    except KeyboardInterrupt:
        raise RunError(
            f"training stopped after {len(history)} of {recipe.epochs} epochs; continue with "
            f"`inklens train {recipe.name} --out {folder} --seed {seed} --resume`."
        ) from None
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return Run.load(folder)


class Learner:
    """A network on its way through a recipe. Every epoch draws from its own generator, made of the seed and the
    epoch's number, so a restored learner needs no generator's state to go on as if it had never stopped."""

    def __init__(self, recipe: Recipe, dataset: Dataset, seed: int) -> None:
        torch = import_torch()
        from inklens.mirror import Mirror
        from inklens.optimise import make_optimizer

        self.recipe, self.dataset, self.seed = recipe, dataset, seed
        self.network = build_network(recipe.network, classes=len(dataset.names), rng=np.random.default_rng([seed, 0]))
        self.mirror: Mirror = Mirror(self.network)
        self.optimizer: torch.optim.Optimizer = make_optimizer(recipe, self.mirror.weights.values())
        self.average = {name: tensor.detach().clone() for name, tensor in self.mirror.tensors.items()}
        self.labels = torch.from_numpy(dataset.train.labels)
        self.steps = -(-len(dataset.train) // recipe.batch)  # an epoch; the last step takes what is left
        self.epoch = 0

    def learn_epoch(self, progress: Callable[[Progress], object] | None = None) -> dict[str, float]:
        """Pass once over the training images. Returns the epoch's row of the history: `seconds` of learning, mean
        `loss` and `accuracy` while learning, and the kept weights' validation loss and accuracy."""
        started = time.perf_counter()
        self.epoch += 1
        rng = np.random.default_rng([self.seed, self.epoch])
        dropout = import_torch().Generator().manual_seed(int(rng.integers(2**63)))
        order = rng.permutation(len(self.dataset.train))
        seen, loss, right = 0, 0.0, 0
        for step in range(self.steps):
            rows = order[step * self.recipe.batch : (step + 1) * self.recipe.batch]
            step_loss, step_right = self._learn_step(rows, rng, dropout, (self.epoch - 1) * self.steps + step)
            seen, loss, right = seen + len(rows), loss + step_loss, right + step_right
            if progress:
                progress(Progress(self.epoch, self.recipe.epochs, step + 1, self.steps, loss / seen, right / seen))
        seconds = time.perf_counter() - started
        with self._kept_weights():
            logits = self.mirror.predict(self.dataset.validation.images)
        labels = self.dataset.validation.labels
        return {
            "epoch": self.epoch,
            "seconds": round(seconds, 3),
            "loss": loss / seen,
            "accuracy": right / seen,
            "validation_loss": cross_entropy(logits, labels),
            "validation_accuracy": float(np.mean(logits.argmax(axis=1) == labels)),
        }

    def finish(self) -> tuple[Any, dict[str, float]]:
        """The keras.Model to keep, temperature folded in, and its metrics on the validation images."""
        from inklens.mirror import Mirror

        with self._kept_weights():
            self.mirror.write_back()
        network = fuse_network(self.network, classes=len(self.dataset.names))
        images, labels = self.dataset.validation.images, self.dataset.validation.labels
        before = Mirror(network).predict(images)
        temperature = fit_temperature(before, labels)
        fold_temperature(network, temperature)
        if self.recipe.float16:
            round_to_float16(network)
        after = Mirror(network).predict(images)
        return network, {
            "temperature": temperature,
            "validation_accuracy": float(np.mean(after.argmax(axis=1) == labels)),
            "validation_loss": cross_entropy(after, labels),
            "validation_ece_before": expected_calibration_error(softmax(before), labels),
            "validation_ece": expected_calibration_error(softmax(after), labels),
            "parameters": network.count_params(),
            "parameters_trained": self.network.count_params(),  # with the statistics of the normalisations
        }

    def save(self, path: Path) -> None:
        """Write everything that later epochs depend on."""
        import_torch().save(
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
        torch = import_torch()
        try:
            saved = torch.load(path, weights_only=True)
            with torch.no_grad():
                for name, tensor in self.mirror.tensors.items():
                    tensor.copy_(saved["tensors"][name])
                    self.average[name].copy_(saved["average"][name])
            self.optimizer.load_state_dict(saved["optimizer"])
            self.epoch = int(saved["epoch"])
        except Exception as error:  # torch raises whatever its zip and pickle readers do
            raise RunError(f"{path} is damaged ({error!r:.80}); train the run again in another folder.") from error

    def _learn_step(
        self, rows: np.ndarray, rng: np.random.Generator, dropout: torch.Generator, step: int
    ) -> tuple[float, int]:
        torch = import_torch()
        from inklens.optimise import learning_rate

        images = self.dataset.train.images[rows]
        if self.recipe.augmentation:
            images = augment(images, rng, self.recipe.augmentation)
        chunk = self.recipe.chunk
        loss_sum, right = 0.0, 0
        for some, labels in zip(
            torch.from_numpy(images).split(chunk), self.labels[torch.from_numpy(rows)].split(chunk), strict=True
        ):
            logits = self.mirror(some, dropout=dropout)
            loss = torch.nn.functional.cross_entropy(
                logits, labels, reduction="sum", label_smoothing=self.recipe.label_smoothing
            )
            (loss / len(rows)).backward()
            loss_sum += loss.item()
            right += int((logits.argmax(1) == labels).sum())
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.recipe, step, self.steps * self.recipe.epochs)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self._update_average(step)
        return loss_sum, right

    def _update_average(self, step: int) -> None:
        decay = min(self.recipe.average, (step + 1) / (step + 10))  # the first steps are soon forgotten
        torch = import_torch()
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.values()), list(self.mirror.tensors.values()), 1 - decay)

    @contextmanager
    def _kept_weights(self) -> Iterator[None]:
        """The moving averages in the network's place, if the recipe keeps them."""
        if not self.recipe.average:
            yield
            return
        torch = import_torch()
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


def describe_dataset(dataset: Dataset) -> dict[str, Any]:
    """Name, labels and a fingerprint of the images and labels that decide a run."""
    digest = hashlib.sha256()
    for split in (dataset.train, dataset.validation):
        digest.update(split.images.tobytes())
        digest.update(split.labels.tobytes())
    return {"name": dataset.name, "names": list(dataset.names), "fingerprint": digest.hexdigest()}


def _make_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; expected the name of a folder for the run.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        empty = next(folder.iterdir(), None) is None
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}.") from None
    if not empty:
        raise OutputError(f"{folder} is not empty; name another folder, or continue a stopped run with --resume.")


def _check_same(folder: Path, recipe: Recipe, seed: int, dataset: dict[str, Any]) -> None:
    start = read_start(folder)
    if (folder / METRICS).exists():
        raise RunError(f"the run in {folder} is finished; there is nothing to resume.")
    if start["recipe"] != recipe:
        different = [name for name, value in recipe.to_json().items() if start["recipe"].to_json()[name] != value]
        raise RunError(
            f"{folder} is a run of another recipe ({', '.join(different)} differ); resume it as it was started."
        )
    if start["seed"] != seed:
        raise RunError(f"{folder} is a run of seed {start['seed']}, not {seed}; resume it with --seed {start['seed']}.")
    if start["dataset"] != dataset:
        raise RunError(
            f"{folder} is a run on other data ({start['dataset'].get('name')}); resume it with the same data."
        )


def _restore(folder: Path, learner: Learner) -> list[dict[str, float]]:
    """Bring `learner` to the checkpoint, if the first epoch had ended, and return the history up to there."""
    path = folder / CHECKPOINT
    if not path.exists():
        return []
    learner.restore(path)
    history = read_history(folder)[: learner.epoch]
    if len(history) < learner.epoch:
        raise RunError(f"{folder} has {len(history)} rows of history for {learner.epoch} epochs; train the run again.")
    return history


def _save_model(network: Any, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / MODEL
        network.save(path)
        write_whole(folder / MODEL, lambda part: shutil.copyfile(path, part))
