"""The report as text, numbers and one page."""

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from inklens.errors import MissingExtra, OutputError
from inklens.evaluation.html import save_html
from inklens.evaluation.pictures import save_pictures
from inklens.evaluation.report import Answer, Contested, Report
from inklens.metrics.calibration import reliability
from inklens.metrics.proportions import percent, span, wilson_interval

HISTORY = [
    {"epoch": 1, "loss": 0.9, "accuracy": 0.7, "validation_loss": 0.5, "validation_accuracy": 0.85},
    {"epoch": 2, "loss": 0.4, "accuracy": 0.9, "validation_loss": 0.3, "validation_accuracy": 0.95},
]


def report_of_five(**changes: object) -> Report:
    """Five images of two classes, two of them read wrong, one of those contested.

    Two bins of confidence hold them, ECE = (3 * |2/3 - 0.8917| + 2 * |1/2 - 0.775|) / 5 = 0.245; with the columns
    swapped, right is wrong: (3 * |1/3 - 0.8917| + 2 * |1/2 - 0.775|) / 5 = 0.445.
    """
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 12:16] = 255
    wrong = (
        Answer(3, image, "<b>", "1", 0.875, 0.125, contested=True),
        Answer(1, image, "1", "<b>", 0.75, 0.25),
    )
    probabilities = np.array([[0.9, 0.1], [0.75, 0.25], [0.1, 0.9], [0.125, 0.875], [0.2, 0.8]])
    values = {
        "model": "runs/one & two",
        "data": "five",
        "split": "test",
        "labels": ("<b>", "1"),
        "confusion": np.array([[1, 1], [1, 2]]),
        "loss": 0.7654321,
        "calibration": reliability(probabilities, np.array([0, 1, 1, 0, 1])),
        "worst": wrong,
        "temperature": 1.25,
        "calibration_before": reliability(probabilities[:, ::-1], np.array([0, 1, 1, 0, 1])),
        "contested": Contested((wrong[0],), 4, 3),
        "history": HISTORY,
        "environment": {"recipe": "fast", "machine": "<script>"},
    }
    return Report(**(values | changes))


def test_report_prints_itself_as_one_table_after_another():
    assert str(report_of_five()) == (
        """\
runs/one & two on five, test: 5 images

accuracy           60.00 %   95 % interval 23.07 to 88.24 %
                   75.00 %   30.06 to 95.44 %, without the 1 contested label
mistakes           2
loss               0.7654
calibration error  24.50 %   in 15 bins of confidence; 44.50 % before temperature 1.250

class  images  precision  recall      F1
<b>         2      50.00   50.00   50.00
1           3      66.67   66.67   66.67

confusion (rows true, columns predicted)
      <b>    1
 <b>    1    1
   1    1    2

most frequent      <b> read as 1 (1), 1 read as <b> (1)
most confident     image  label  read as  confidence
                       3    <b>        1      87.5 %  contested label
                       1      1      <b>      75.0 %"""
    )


def test_flawless_report_says_so_and_a_wide_matrix_is_left_to_the_files():
    labels = tuple(chr(97 + index) for index in range(20))
    report = report_of_five(
        labels=labels, confusion=np.eye(20, dtype=np.int64), worst=(), contested=None, calibration_before=None
    )
    lines = str(report).splitlines()
    assert lines[2] == "accuracy           100.00 %   95 % interval 83.89 to 100.00 %"
    assert lines[-3:] == [
        "The confusion matrix of 20 classes is in the JSON and the HTML report.",
        "",
        "No mistakes.",
    ]


def test_wilson_interval_matches_published_values_and_stays_between_0_and_1():
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29
    for right, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson_interval(right, n) == pytest.approx((low, high), abs=5e-5)
    assert wilson_interval(10_000, 10_000)[1] == 1.0


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.98768, "98.77"), (1.0, "100.00"), (0.99999, "99.99"), (0.00001, "0.01"), (0.0, "0.00"), (float("nan"), "–")],
)
def test_percent_never_rounds_up_to_all_nor_down_to_nothing(share, text):
    assert percent(share) == text


def test_confidence_just_below_all_is_not_told_as_100_percent():
    assert [percent(share, 1) for share in (0.99996, 0.9994, 1.0, 0.00004)] == ["99.9", "99.9", "100.0", "0.1"]


def test_span_reads_from_low_to_high():
    assert span((0.5, 0.98765)) == "50.00 to 98.77"


def test_json_adds_temperature_and_contested_labels_where_they_are_known():
    values = report_of_five().to_json()
    assert values["temperature"] == 1.25
    assert values["ece_before"] == 0.445
    assert values["contested"] == {
        "n": 4,
        "accuracy": 0.75,
        "accuracy_interval": [0.300642, 0.954413],
        "answers": [{"index": 3, "label": "<b>", "predicted": "1", "confidence": 0.875, "chance": 0.125}],
    }
    assert json.loads(json.dumps(values)) == values
    bare = report_of_five(contested=None, temperature=None, calibration_before=None).to_json()
    assert {"temperature", "ece_before", "contested"} & set(bare) == set()


class Page(HTMLParser):
    """Collects a page's addresses, images and text, and checks that every element is closed in order."""

    VOID = ("meta", "img", "br", "link", "input")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "srcset")]
        if tag == "img":
            self.images.append(values)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "new" / "report.html"
    save_html(report_of_five(), path)
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]
    return path.read_text(encoding="utf-8")


def test_page_is_whole_and_asks_nobody_for_anything(page):
    parsed = Page(page)
    assert parsed.open == []
    assert "script" not in parsed.tags
    assert "link" not in parsed.tags
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in parsed.addresses)
    assert not re.search(r"@import|url\((?!#)", page)


def test_page_says_what_the_report_knows(page):
    text = " ".join(Page(page).text.split())
    for part in (
        "runs/one & two",
        "60.00 %",
        "95 % interval 23.07 to 88.24 %",
        "Without the 1 contested label: 75.00 % of 4.",
        "0.7654",
        "44.50 % before temperature 1.250",
        "<b> read as 1",
        "87.5 % #3",
        "contested label",
        "All 2, the most confident first",
        "How it learned",
        "machine<script>",
    ):
        assert part in text, part


def test_every_picture_of_the_page_has_words_for_who_cannot_see_it(page):
    parsed = Page(page)
    assert [image["alt"] for image in parsed.images] == [
        "image 3, labelled <b>",
        "image 1, labelled 1",
        "image 3, labelled <b>",
    ]
    labels = re.findall(r'<svg role="img" aria-label="([^"]+)"', page)
    assert labels == [
        "Reliability picture: accuracy against confidence in 15 bins, expected calibration error 24.50 %",
        "Loss and accuracy over 2 epochs; at the end the validation loss is 0.3000 and the validation accuracy 95.00 %",
    ]


def test_page_follows_a_dark_screen_and_keeps_no_fixed_ink_in_its_charts(page):
    assert "prefers-color-scheme: dark" in page
    charts = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(charts) == 2
    for chart in charts:
        assert set(re.findall(r"(?:fill|stroke): (#\w+)", chart)) == set()
        assert "var(--ink)" in chart


def test_same_report_gives_the_same_page(tmp_path, page):
    path = tmp_path / "again.html"
    save_html(report_of_five(), path)
    assert path.read_text(encoding="utf-8") == page


def test_page_without_a_run_or_contested_labels_leaves_those_parts_out(tmp_path):
    path = tmp_path / "bare.html"
    bare = report_of_five(
        contested=None, temperature=None, calibration_before=None, history=(), environment={}, worst=()
    )
    save_html(bare, path)
    text = Page(path.read_text(encoding="utf-8")).text
    for part in ("contested labels", "How it learned", "Where it was made", "before temperature"):
        assert part not in text, part


def test_page_that_cannot_be_written_leaves_the_old_one_and_says_why(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OutputError) as error:
        save_html(report_of_five(), folder)
    assert str(error.value) == f"{folder} is a folder; expected the name of a file to write."
    file = tmp_path / "file"
    file.write_text("kept")
    with pytest.raises(OutputError) as error:
        save_html(report_of_five(), file / "report.html")
    assert str(error.value) == f"{file / 'report.html'} cannot be written: {file} is not a folder."
    assert file.read_text() == "kept"


@pytest.mark.parametrize("module", ["jinja2", "matplotlib"])
def test_page_without_the_train_extra_names_it(monkeypatch, tmp_path, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=r"needs the train extra: pip install 'inklens\[train\]'"):
        save_html(report_of_five(), tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_pictures_of_a_report_are_written_by_name(tmp_path):
    names = ["confusion.png", "calibration.png", "mistakes.png", "curves.png"]
    assert save_pictures(report_of_five(), tmp_path / "out") == [tmp_path / "out" / name for name in names]
    assert {path.name: path.read_bytes()[:4] for path in Path(tmp_path / "out").iterdir()} == dict.fromkeys(
        names, b"\x89PNG"
    )
    assert [path.name for path in save_pictures(report_of_five(worst=(), history=()), tmp_path / "few")] == names[:2]
