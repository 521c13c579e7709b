"""Training on a few hundred images: repeatable, resumable, whole on disk, and clear when it cannot be done."""

import json
from dataclasses import replace

import numpy as np
import pytest

from inklens.data import Dataset
from inklens.errors import OutputError, RunError
from inklens.training.recipes import get_recipe
from inklens.training.run import Run
from inklens.training.train import train
from tests.training.small import RECIPE, small_dataset

FILES = {"recipe.json", "environment.json", "history.csv", "curves.png", "model.keras", "metrics.json"}


def weights(run):
    return [value.tobytes() for value in run.model().get_weights()]


def stop_at(epoch, step):
    def progress(state):
        if (state.epoch, state.step) == (epoch, step):
            raise KeyboardInterrupt

    return progress


def interrupted(recipe, out, *, seed=1, at=(2, 1)):
    with pytest.raises(RunError):
        train(recipe, small_dataset(), out, seed=seed, progress=stop_at(*at))
    return out


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return train(RECIPE, small_dataset(), tmp_path_factory.mktemp("run") / "run")


def test_a_finished_run_holds_its_files_and_loads_as_it_was_returned(finished):
    assert {path.name for path in finished.path.iterdir()} == FILES
    again = Run.load(finished.path)
    assert (again.recipe, again.seed, again.history, again.metrics) == (
        RECIPE,
        1,
        finished.history,
        finished.metrics,
    )
    assert again.dataset["names"] == list("0123456789")


def test_history_has_a_row_an_epoch_with_what_the_curves_need(finished):
    columns = ["epoch", "seconds", "loss", "accuracy", "validation_loss", "validation_accuracy"]
    assert [list(row) for row in finished.history] == [columns, columns]
    assert [row["epoch"] for row in finished.history] == [1, 2]


@pytest.mark.parametrize("optimizer", ["adadelta", "adamw", "sgd"])
def test_the_same_seed_gives_the_same_weights_and_a_resumed_run_too(tmp_path, optimizer):
    recipe = replace(RECIPE, optimizer=optimizer)
    whole = train(recipe, small_dataset(), tmp_path / "whole", seed=5)
    again = train(recipe, small_dataset(), tmp_path / "again", seed=5)
    folder = interrupted(recipe, tmp_path / "stopped", seed=5)
    resumed = train(recipe, small_dataset(), folder, seed=5, resume=True)
    assert weights(whole) == weights(again) == weights(resumed)
    without_time = [{**row, "seconds": 0} for row in whole.history]
    assert [{**row, "seconds": 0} for row in resumed.history] == without_time
    assert resumed.temperature == whole.temperature


def test_dropout_is_repeated_when_a_run_is_resumed(tmp_path):
    recipe = replace(get_recipe("tutorial"), epochs=2, batch=128)
    whole = train(recipe, small_dataset(), tmp_path / "whole")
    resumed = train(recipe, small_dataset(), interrupted(recipe, tmp_path / "stopped"), resume=True)
    assert weights(whole) == weights(resumed)


def test_a_run_stopped_before_its_first_epoch_ended_starts_again(tmp_path, finished):
    folder = interrupted(RECIPE, tmp_path / "run", at=(1, 3))
    assert weights(train(RECIPE, small_dataset(), folder, resume=True)) == weights(finished)


def test_fewer_images_than_a_batch_are_one_smaller_batch(tmp_path):
    large = replace(get_recipe("fast"), epochs=3, batch=256, chunk=40)
    runs = [train(replace(large, batch=batch), small_dataset(60), tmp_path / str(batch)) for batch in (256, 60)]
    assert weights(runs[0]) == weights(runs[1])


def test_another_seed_gives_other_weights(tmp_path, finished):
    assert weights(train(RECIPE, small_dataset(), tmp_path / "run", seed=2)) != weights(finished)


def test_the_temperature_is_inside_the_model_and_its_metrics(finished):
    validation = small_dataset().validation
    model = finished.model()
    probabilities = model(validation.images[..., None].astype(np.float32)).detach().numpy()
    assert probabilities.shape == (200, 10)
    assert probabilities.dtype == np.float32
    assert np.mean(probabilities.argmax(1) == validation.labels) == finished.metrics["validation_accuracy"]
    loss = -np.log(probabilities[np.arange(200), validation.labels]).mean()
    assert loss == pytest.approx(finished.metrics["validation_loss"], rel=1e-4)
    assert finished.temperature == finished.metrics["temperature"] != 1


def test_weights_of_a_float16_recipe_are_exact_in_float16(finished):
    for value in finished.model().get_weights():
        assert np.array_equal(value, value.astype(np.float16).astype(np.float32))


def test_the_kept_model_has_no_normalisation_left(finished):
    assert "BatchNormalization" not in {type(layer).__name__ for layer in finished.model().layers}
    assert finished.metrics["parameters"] < finished.metrics["parameters_trained"]


def test_a_step_is_reported_with_the_means_of_its_epoch(tmp_path):
    states = []
    run = train(replace(RECIPE, epochs=1), small_dataset(), tmp_path / "run", progress=states.append)
    assert [(state.epoch, state.epochs, state.step, state.steps) for state in states] == [
        (1, 1, step, 7) for step in range(1, 8)
    ]
    assert (states[-1].loss, states[-1].accuracy) == (run.history[0]["loss"], run.history[0]["accuracy"])


def test_ctrl_c_says_how_to_continue(tmp_path):
    with pytest.raises(RunError) as caught:
        train(RECIPE, small_dataset(), tmp_path / "run", seed=3, progress=stop_at(2, 2))
    assert str(caught.value) == (
        "training stopped after 1 of 2 epochs; continue with "
        f"`inklens train small --out {tmp_path / 'run'} --seed 3 --resume`."
    )
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "recipe.json",
        "environment.json",
        "history.csv",
        "checkpoint.pt",
    }


def test_an_unfinished_run_is_not_loaded(tmp_path):
    folder = interrupted(RECIPE, tmp_path / "run")
    with pytest.raises(RunError, match=r"stopped after 1 of 2 epochs; continue it with --resume"):
        Run.load(folder)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(
        OutputError, match=r"is not empty; name another folder, or continue a stopped run with --resume"
    ):
        train(RECIPE, small_dataset(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_the_folders_place_is_refused(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(OutputError, match="is a file; expected the name of a folder"):
        train(RECIPE, small_dataset(), tmp_path / "run")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written: Not a directory"):
        train(RECIPE, small_dataset(), tmp_path / "file" / "run")


def test_nothing_to_resume_is_said(tmp_path):
    with pytest.raises(RunError, match="no run at"):
        train(RECIPE, small_dataset(), tmp_path / "run", resume=True)
    with pytest.raises(RunError, match=r"is not a run: it has no recipe\.json"):
        train(RECIPE, small_dataset(), tmp_path, resume=True)


def test_a_finished_run_is_not_resumed(finished):
    with pytest.raises(RunError, match="is finished; there is nothing to resume"):
        train(RECIPE, small_dataset(), finished.path, resume=True)


def test_a_run_is_resumed_only_as_it_was_started(tmp_path):
    folder = interrupted(RECIPE, tmp_path / "run")
    data = small_dataset()
    shorter = Dataset("shorter", data.names, data.validation, data.validation, data.test)
    with pytest.raises(RunError, match=r"another recipe \(epochs, learning_rate differ\)"):
        train(replace(RECIPE, epochs=3, learning_rate=0.5), data, folder, resume=True)
    with pytest.raises(RunError, match="is a run of seed 1, not 2; resume it with --seed 1"):
        train(RECIPE, data, folder, seed=2, resume=True)
    with pytest.raises(RunError, match=r"other data \(small\)"):
        train(RECIPE, shorter, folder, resume=True)


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint", None])
def test_a_damaged_checkpoint_is_named(tmp_path, damage):
    folder = interrupted(RECIPE, tmp_path / "run")
    path = folder / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:2000] if damage is None else damage)
    with pytest.raises(RunError, match=r"checkpoint\.pt is damaged .* train the run again in another folder"):
        train(RECIPE, small_dataset(), folder, resume=True)


def test_no_part_of_a_file_is_left_beside_it(tmp_path):
    folder = interrupted(RECIPE, tmp_path / "run")
    assert not [path.name for path in folder.iterdir() if "part" in path.name]
    assert json.loads((folder / "recipe.json").read_text())["recipe"]["name"] == "small"
