"""The report as pictures."""

from pathlib import Path

from inklens.evaluation.pictures import save_pictures
from tests.evaluation.reports import report_of_five


def test_pictures_of_a_report_are_written_by_name(tmp_path):
    names = ["confusion.png", "calibration.png", "mistakes.png", "curves.png"]
    assert save_pictures(report_of_five(), tmp_path / "out") == [tmp_path / "out" / name for name in names]
    assert {path.name: path.read_bytes()[:4] for path in Path(tmp_path / "out").iterdir()} == dict.fromkeys(
        names, b"\x89PNG"
    )
    assert [path.name for path in save_pictures(report_of_five(worst=(), history=()), tmp_path / "few")] == names[:2]
