"""The pictures of an evaluation report, as files."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from inklens import figures
from inklens.evaluation.report import Report
from inklens.writing import write_whole


def save_pictures(report: Report, folder: str | Path) -> list[Path]:
    """Write `confusion.png`, `calibration.png`, `mistakes.png` and, if a run is behind the report, `curves.png` into
    `folder`; returns the files. Needs the train extra; raises OutputError where `folder` cannot be written.
    """
    drawings = {
        "confusion.png": figures.draw_confusion(report.confusion, report.labels),
        "calibration.png": figures.draw_reliability(report.calibration, report.calibration_before),
    }
    if report.worst:
        shown = report.worst[:24]
        note = f"{len(shown)} of {report.mistakes:,}, by confidence; # is the place in the split"
        drawings["mistakes.png"] = figures.draw_gallery(shown, title="The most confident mistakes", note=note)
    if report.history:
        drawings["curves.png"] = figures.draw_curves(report.history)
    for name, figure in drawings.items():
        write_whole(Path(folder) / name, partial(Path.write_bytes, data=figures.png(figure)))
    return [Path(folder) / name for name in drawings]
