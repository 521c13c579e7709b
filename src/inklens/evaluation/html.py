"""The HTML page of an evaluation report: one file, no script, no request, light and dark, fit to print."""

from __future__ import annotations

import math
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from inklens import figures
from inklens.data.pictures import data_address
from inklens.errors import MissingExtra
from inklens.evaluation.report import Answer, Report
from inklens.metrics.calibration import Reliability
from inklens.metrics.proportions import counted, percent, span
from inklens.writing import write_whole

WIDEST_MATRIX = 40  # classes; beyond that a table of counts is no longer read


def render_page(report: Report) -> str:
    """The whole page as text. Raises MissingExtra where Matplotlib or Jinja2 is not installed."""
    return fill_template(
        "report.html",
        report=report,
        matrix=_matrix(report) if len(report.labels) <= WIDEST_MATRIX else None,
        calibration=draw_calibration(report.calibration, report.calibration_before),
        curves=_curves(report),
        gauge=_gauge(report),
    )


def save_html(report: Report, path: str | Path) -> None:
    """Write one self-contained page: no request leaves it. Needs the train extra (Matplotlib, Jinja2).

    Raises OutputError where `path` cannot be written; an older file there stays whole until then.
    """
    page = render_page(report)
    write_whole(Path(path), lambda part: part.write_text(page, encoding="utf-8"))


def fill_template(name: str, **values: object) -> str:
    """A file of `templates/` with values in it, as text. Raises MissingExtra where Jinja2 is not installed."""
    try:
        import jinja2
    except ImportError:
        raise MissingExtra("an HTML report needs the train extra: pip install 'inklens[train]'") from None
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("inklens.evaluation"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(counted=counted, percent=percent, span=span, picture=_picture)
    return environment.get_template(name).render(version=version("inklens"), **values)


def _picture(answer: Answer) -> str:
    """A digit as a data address: its 28 × 28 pixels, to be enlarged by the browser."""
    return data_address(Image.fromarray(answer.image))


def _matrix(report: Report) -> list[list[tuple[int, int]]]:
    """Count and strength of colour, 0 to 100, of each cell; the mistakes share a scale of their own."""
    confusion = report.confusion
    most = max(1, int((confusion - np.diag(confusion.diagonal())).max()))

    def strength(row: int, column: int) -> int:
        count = confusion[row, column]
        if count == 0:
            return 0
        # the root lifts the rare mistakes, which are most of them, out of the paper
        return 100 if row == column else round(12 + 76 * math.sqrt(count / most))

    places = range(len(report.labels))
    return [[(int(confusion[row, column]), strength(row, column)) for column in places] for row in places]


def draw_calibration(calibration: Reliability, before: Reliability | None = None) -> str:
    """Accuracy against confidence as an SVG element."""
    error = f"expected calibration error {percent(calibration.error)} %"
    description = f"Reliability picture: accuracy against confidence in {len(calibration.counts)} bins, {error}"
    return figures.svg(figures.draw_reliability(calibration, before), description=description)


def _curves(report: Report) -> str:
    if not report.history:
        return ""
    last = report.history[-1]
    description = (
        f"Loss and accuracy over {len(report.history)} epochs; at the end the validation loss is "
        f"{last['validation_loss']:.4f} and the validation accuracy {percent(last['validation_accuracy'])} %"
    )
    return figures.svg(figures.draw_curves(report.history), description=description)


def _gauge(report: Report) -> dict[str, Any]:
    """Where the accuracy and its interval lie on a scale that ends at 100 %, in per cent of its length."""
    low = report.interval[0]
    start = next(floor for floor in (0.99, 0.98, 0.95, 0.9, 0.8, 0.5, 0.0) if low >= floor)

    def place(share: float) -> float:
        return round(100 * (share - start) / (1 - start), 2)

    left, right = (place(bound) for bound in report.interval)
    return {"start": f"{100 * start:g} %", "left": left, "width": round(right - left, 2), "dot": place(report.accuracy)}
