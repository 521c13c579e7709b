"""Writes a locator's run as a model file, and lets it stand only if its bytes find what the run finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inklens.coreml.onnx import Storage
from inklens.errors import ExportError, ParityError
from inklens.exporting.coreml import Metadata, write_mlpackage
from inklens.exporting.onnx import onnx_bytes
from inklens.exporting.target import check_target, written_beside
from inklens.exporting.weights import exact_in_float16, in_float16
from inklens.lowering.fold import fold
from inklens.lowering.graph import lower
from inklens.models.contract import CONTRACT_KEY, LocatorContract
from inklens.models.predictor import WEIGHTS_KEY, file_bytes
from inklens.reading.maps import CHANNELS, STRIDE
from inklens.reading.views import LONG, SHORT
from inklens.training.recipes import LOCATOR

if TYPE_CHECKING:
    from inklens.training.run import Run

MAPS = "maps"
SIZES = ((LONG, SHORT), (SHORT, LONG))  # width and height of the pictures that it takes, the first by default
PEAK = 0.08  # a centre below it is no digit, however sure the namer is; frames of a video add up those above it
OVERLAP = 0.45  # the share of their joint area from which two boxes are one digit
ALLOWED = {"float32": 1e-3, "float16": 2e-3, "declared": 0.25}  # largest difference of a map's values, which reach ±15


@dataclass(frozen=True)
class LocatorReport:
    """What a comparison of a locator's file with its run found on `n` pictures.

    max_difference, mean_difference: of all values of the maps. max_declared: with every result rounded to float16
    where the file declares so, None elsewhere. agreement: the share of cells that both take for centres among those
    that either does, at the contract's peak.
    """

    name: str
    n: int
    bytes: int
    max_difference: float
    mean_difference: float
    max_declared: float | None
    agreement: float
    ok: bool

    def __str__(self) -> str:
        declared = "" if self.max_declared is None else f"; with float16 results {self.max_declared:.1e}"
        return (
            f"{self.name}, {self.bytes:,} bytes: largest difference of the maps on {self.n} pictures "
            f"{self.max_difference:.1e}, mean {self.mean_difference:.1e}{declared}; "
            f"{self.agreement:.2%} of the centres alike"
        )

    def to_json(self) -> dict[str, object]:
        """The figures by name."""
        return dict(vars(self))


def is_locator(model: Run | str | Path) -> bool:
    """Whether a run, or the run in a folder, is of the locator."""
    from inklens.training.run import RECIPE, read_start

    if isinstance(model, (str, Path)):
        return (Path(model) / RECIPE).is_file() and read_start(Path(model))["recipe"].network == LOCATOR
    return model.recipe.network == LOCATOR


def parity_pictures() -> list[np.ndarray]:
    """Rendered pages of validation digits, wide and high ones, that a locator's file is compared with its run on."""
    from inklens.rendering.render import RenderOptions, render_pages

    return [
        page.page
        for width, height in SIZES
        for page in render_pages(
            12,
            # printed letters need fonts, which exporting does not
            RenderOptions(
                width=width, height=height, heights=(14, 300), digits="validation", without=frozenset({"print"})
            ),
            seed=7,
        )
    ]


def export_locator(
    model: Run | str | Path,
    path: str | Path,
    *,
    author: str | None = None,
    licence: str | None = None,
    description: str | None = None,
    version: str | None = None,
    weights: str | None = None,
) -> LocatorReport:
    """Writes a finished run of the locator as `.mlpackage` or `.onnx`, under the locator contract.

    A calibration among the run's metrics is folded in.

    The file is written beside `path`, read back, asked for the maps of two dozen rendered pages, and renamed only if
    they are the run's. weights: `float16`, which an `.mlpackage` computes in too. Raises ExportError, ParityError,
    OutputError, RunError or MissingExtra.
    """
    from inklens.exporting.calibration import Calibration, fold_calibration
    from inklens.training.run import Run
    from inklens.training.trainer import round_to_float16

    target = Path(path)
    run = model if isinstance(model, Run) else Run.load(model)
    if target.suffix == ".mlmodel" or weights not in (None, "float16"):
        raise ExportError("a locator is written as .mlpackage or .onnx, with weights float32 or float16")
    check_target(target, weights)
    network = run.model()
    fold_calibration(network, Calibration.of(run.metrics))
    if run.recipe.float16:
        round_to_float16(network)
    graph = fold(lower(network, output_name=MAPS))
    contract = LocatorContract(
        size=SIZES[0],
        stride=STRIDE,
        channels=CHANNELS,
        peak=PEAK,
        overlap=OVERLAP,
        recipe=run.recipe.name,
        seed=run.seed,
    )
    about = Metadata(
        description=description or "Finds handwritten digits on a page.",
        input_description=f"Grey picture of a page, {LONG} × {SHORT} or {SHORT} × {LONG}, pixels 0–255, not scaled.",
        output_descriptions={MAPS: f"For each cell of {STRIDE} × {STRIDE} pixels: {', '.join(CHANNELS)}."},
        author=author,
        licence=licence,
        version=version,
        user_defined={CONTRACT_KEY: contract.to_json(), WEIGHTS_KEY: weights or "float32"},
    )
    with written_beside(target) as part:
        if target.suffix == ".onnx":
            storage: Storage = "float16" if weights == "float16" or exact_in_float16(graph) else "float32"
            part.write_bytes(onnx_bytes(graph, labels=None, metadata=about, weights=storage, any_size=True))
        else:
            stored = in_float16(graph) if weights == "float16" else graph
            write_mlpackage(stored, part, labels=None, metadata=about, sizes=SIZES)
        report = compare(network, part, parity_pictures(), name=target.name, contract=contract)
        if not report.ok:
            raise ParityError(f"{report}. Nothing was written.")
    return report


def compare(
    model: object, path: Path, pictures: Sequence[np.ndarray], *, name: str, contract: LocatorContract
) -> LocatorReport:
    """The maps of a file against those of a keras.Model."""
    from inklens.reading.reader import load_locator
    from inklens.training.torch_twin import Mirror

    reference = keras_maps(Mirror(model))
    locate, _ = load_locator(path)
    half = path.suffix == ".mlpackage" and _declares_float16(path)
    rounded = load_locator(path, precision="declared")[0] if half else None
    limit = float(np.log(contract.peak / (1 - contract.peak)))
    largest, means, declared = list[float](), list[float](), list[float]()
    alike, either = 0, 0
    for picture in pictures:
        expected, found = reference(picture), locate(picture)
        difference = np.abs(expected - found)
        largest.append(float(difference.max()))
        means.append(float(difference.mean()))
        one, two = expected[0] >= limit, found[0] >= limit
        alike, either = alike + int((one & two).sum()), either + int((one | two).sum())
        if rounded is not None:
            declared.append(float(np.abs(expected - rounded(picture)).max()))
    # NumPy's maximum keeps what is no number, which no limit allows
    most, most_declared = float(np.max(largest)), float(np.max(declared)) if declared else None
    ok = most <= ALLOWED["float16" if half else "float32"] and (
        most_declared is None or most_declared <= ALLOWED["declared"]
    )
    return LocatorReport(
        name,
        len(pictures),
        file_bytes(path),
        most,
        float(np.mean(means)),
        most_declared,
        alike / either if either else 1.0,
        ok,
    )


def keras_maps(mirror: object) -> Callable[[np.ndarray], np.ndarray]:
    """The maps float32 [15, h, w] of one picture by the twin of a Keras locator."""
    return lambda picture: mirror.predict(picture[None])[0]  # type: ignore[attr-defined]


def _declares_float16(path: Path) -> bool:
    from inklens import coreml

    return any(output.dtype == "fp16" for node in coreml.load(path).graph().nodes for output in node.outputs)
