"""A locator's run becomes a file for pictures of both shapes, and only if its bytes find what the run finds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inklens.errors import ExportError, ModelError, ParityError
from inklens.exporting import export_locator, is_locator, locator
from inklens.exporting.locator import compare, keras_maps
from inklens.models.contract import LocatorContract
from inklens.models.keras_model import load_source
from inklens.reader_training.locator_network import build_locator, fuse_locator
from inklens.reading.maps import CHANNELS
from inklens.reading.reader import load_locator
from inklens.training.recipes import get_recipe
from inklens.training.run import HISTORY, METRICS, MODEL, Run, write_json, write_start
from inklens.training.torch_twin import Mirror
from inklens.training.trainer import round_to_float16

PICTURES = [
    np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    for seed, shape in enumerate(((480, 640), (640, 480)))
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of an untrained locator."""
    folder = tmp_path_factory.mktemp("run")
    network = fuse_locator(build_locator(np.random.default_rng(1), width=640, height=480), width=640, height=480)
    round_to_float16(network)
    write_start(
        folder,
        replace(get_recipe("locator"), epochs=1),
        3,
        {"name": "pages", "names": list("0123456789"), "fingerprint": "1"},
    )
    network.save(folder / MODEL)
    (folder / HISTORY).write_text("epoch,loss\n1,2.5\n")
    write_json(folder / "environment.json", {"machine": "none"})
    write_json(
        folder / METRICS, {"validation_loss": 2.5, "validation_accuracy": 0.1, "seconds": 1.0, "temperature": 1.0}
    )
    return Run.load(folder)


@pytest.fixture(autouse=True)
def _few_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locator, "parity_pictures", lambda: PICTURES)


@pytest.fixture(scope="module")
def package(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("package") / "locator.mlpackage"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locator, "parity_pictures", lambda: PICTURES)
        report = export_locator(run.path, path, weights="float16", author="Ada")
    assert report.ok
    assert (report.n, report.name, report.agreement) == (2, "locator.mlpackage", report.agreement)
    assert report.max_declared is not None
    return path


def test_file_answers_as_its_run_in_both_picture_sizes(run: Run, package: Path) -> None:
    locate, contract = load_locator(package)
    reference = keras_maps(Mirror(run.model()))
    for picture in PICTURES:
        maps = locate(picture)
        assert (maps.shape, maps.dtype) == ((15, picture.shape[0] // 4, picture.shape[1] // 4), np.float32)
        np.testing.assert_allclose(maps, reference(picture), atol=2e-3)
    assert contract == LocatorContract(channels=CHANNELS, peak=0.08, overlap=0.45, recipe="locator", seed=3)


def test_onnx_file_answers_too(run: Run, tmp_path: Path) -> None:
    report = export_locator(run, tmp_path / "locator.onnx")
    assert report.ok
    assert json.loads(json.dumps(report.to_json()))["max_declared"] is None
    locate, contract = load_locator(tmp_path / "locator.onnx")
    for picture in PICTURES:
        np.testing.assert_allclose(locate(picture), keras_maps(Mirror(run.model()))(picture), atol=1e-3)
    assert contract.seed == 3


def test_file_with_other_weights_is_caught_and_not_written(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = locator.lower

    def lower_another(network: object, **options: str) -> object:
        layer = network.get_layer("mix_eighth")  # type: ignore[attr-defined]
        kernel, bias = layer.get_weights()
        kernel[0, 0, 0, 0] += 0.5
        layer.set_weights([kernel, bias])
        graph = whole(network, **options)
        kernel[0, 0, 0, 0] -= 0.5
        layer.set_weights([kernel, bias])
        return graph

    monkeypatch.setattr(locator, "lower", lower_another)
    with pytest.raises(ParityError, match=r"largest difference of the maps on 2 pictures .*Nothing was written"):
        export_locator(run, tmp_path / "locator.mlpackage")
    assert list(tmp_path.iterdir()) == []


def test_file_that_answers_with_no_numbers_is_caught(run: Run, package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = np.full((15, 120, 160), np.nan, np.float32)
    contract = LocatorContract(channels=CHANNELS, peak=0.08, overlap=0.45)
    monkeypatch.setattr("inklens.reading.reader.load_locator", lambda *_, **__: (lambda _: empty, contract))
    assert not compare(run.model(), package, PICTURES[:1], name="nan", contract=contract).ok


@pytest.mark.parametrize(("name", "weights"), [("locator.mlmodel", None), ("locator.mlpackage", "8bit")])
def test_other_formats_are_refused_in_words(run: Run, tmp_path: Path, name: str, weights: str | None) -> None:
    with pytest.raises(ExportError, match=r"a locator is written as \.mlpackage or \.onnx"):
        export_locator(run, tmp_path / name, weights=weights)
    assert list(tmp_path.iterdir()) == []


def test_runs_of_locators_are_known(run: Run, tmp_path: Path) -> None:
    assert is_locator(run)
    assert is_locator(run.path)
    write_start(tmp_path, get_recipe("fast"), 1, {})
    assert not is_locator(tmp_path)
    assert not is_locator(tmp_path / "nothing.keras")


def test_locator_with_other_maps_is_refused(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locator, "CHANNELS", ("centre", "right"))
    monkeypatch.setattr(
        locator, "compare", lambda *_, **__: locator.LocatorReport("x", 1, 1, 0.0, 0.0, None, 1.0, True)
    )
    export_locator(run, tmp_path / "other.onnx")
    with pytest.raises(
        ModelError, match="has the maps centre, right of stride 4; this inklens reads centre, right, down"
    ):
        load_locator(tmp_path / "other.onnx")


def test_locator_s_run_is_no_classifier(run: Run) -> None:
    with pytest.raises(ModelError) as caught:
        load_source(run.path)
    assert str(caught.value) == (
        f"{run.path} is a run of the locator, which finds digits on pages; expected one of a classifier. "
        "`inklens evaluate --reading` measures the whole reader."
    )
