"""The HTML page of a reader's evaluation, in the style of a classifier's."""

from __future__ import annotations

from pathlib import Path

from inklens.evaluation.html import draw_calibration, fill_template
from inklens.reader_evaluation.report import ReadingReport
from inklens.writing import write_whole


def render_reading(report: ReadingReport) -> str:
    """The whole page as text. Raises MissingExtra where Matplotlib or Jinja2 is not installed."""
    calibration = report.total.calibration
    return fill_template(
        "reading.html", report=report, calibration=draw_calibration(calibration) if calibration else ""
    )


def save_html(report: ReadingReport, path: str | Path) -> None:
    """Write one self-contained page: no request leaves it. Needs the train extra (Matplotlib, Jinja2).

    Raises OutputError where `path` cannot be written; an older file there stays whole until then.
    """
    page = render_reading(report)
    write_whole(Path(path), lambda part: part.write_text(page, encoding="utf-8"))
