"""The report as one page."""

import re
import sys
from html.parser import HTMLParser

import pytest

from inklens.errors import MissingExtra, OutputError
from inklens.evaluation.html import save_html
from tests.evaluation.reports import report_of_five


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
