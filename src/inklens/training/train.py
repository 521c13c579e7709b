"""Training: a recipe and a dataset become a run."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from inklens.backend import keras
from inklens.data import Dataset
from inklens.errors import OutputError, RunError
from inklens.training.recipes import Recipe
from inklens.training.run import (
    CHECKPOINT,
    CURVES,
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
    from inklens.training.threads import Workers
    from inklens.training.trainer import Learner, Progress


class Lessons(Protocol):
    """What a network learns from where that is no dataset of images: it brings what teaches it.

    `names` are the labels; `fingerprint` tells one set of lessons from another.
    """

    @property
    def names(self) -> Sequence[str]: ...

    @property
    def fingerprint(self) -> str: ...

    def learner(self, recipe: Recipe, seed: int, workers: Workers) -> Learner:
        """What teaches a network of `recipe` on these."""
        ...


def train(
    recipe: Recipe,
    dataset: Dataset | Lessons,
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
    keras()
    from inklens.figures import draw_curves, png
    from inklens.training.threads import Workers

    started = time.perf_counter()
    folder, description = Path(out), describe_dataset(dataset)
    history: list[dict[str, float]] = []
    if resume:
        _check_same(folder, recipe, seed, description)
    else:
        _make_folder(folder)
    try:
        with Workers() as workers:
            learner = _learner(recipe, dataset, seed, workers)
            if resume:
                history = _restore(folder, learner)
            else:
                write_json(folder / ENVIRONMENT, describe_environment(workers.count))
                write_start(folder, recipe, seed, description)
            setup = time.perf_counter() - started
            while learner.epoch < recipe.epochs:
                history.append(learner.learn_epoch(progress))
                # history first: a stop between the two leaves a row too many, which resuming cuts off
                write_history(folder, history)
                write_whole(folder / CHECKPOINT, learner.save)
            started = time.perf_counter()
            network, temperature = learner.finish()
            # what decides the weights: of the validations that of the last epoch, which the temperature is fitted on
            learning = sum(row["seconds"] for row in history) + learner.validation_seconds
            seconds = setup + learning + time.perf_counter() - started
            metrics = {"temperature": temperature, **learner.measure(network), "seconds": round(seconds, 3)}
        _save_model(network, folder)
        write_whole(folder / CURVES, lambda part: part.write_bytes(png(draw_curves(history))))
        write_json(folder / METRICS, metrics)
    except KeyboardInterrupt:
        raise RunError(
            f"training stopped after {len(history)} of {recipe.epochs} epochs; continue with "
            f"`inklens train {recipe.name} --out {folder} --seed {seed} --resume`."
        ) from None
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return Run.load(folder)


def _learner(recipe: Recipe, dataset: Dataset | Lessons, seed: int, workers: Workers) -> Learner:
    if not isinstance(dataset, Dataset):
        return dataset.learner(recipe, seed, workers)
    from inklens.training.trainer import Learner

    return Learner(recipe, dataset, seed, workers)


def describe_dataset(dataset: Dataset | Lessons) -> dict[str, Any]:
    """Name, labels and a fingerprint of what decides a run: its labels and, to save time, every eighth image."""
    if not isinstance(dataset, Dataset):
        return {"name": "pages", "names": list(dataset.names), "fingerprint": dataset.fingerprint}
    digest = hashlib.sha256()
    for split in (dataset.train, dataset.validation):
        digest.update(split.images[::8].tobytes())
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
