"""Readers on photos and on rendered pages, by fakes that answer from the truth, or wrong on purpose."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inklens.errors import DataError, ImageError
from inklens.models.contract import ClassifierContract, LocatorContract
from inklens.models.predictor import Predictor
from inklens.reader_evaluation import measure, suites
from inklens.reader_evaluation.evaluate import evaluate_photos, evaluate_reading
from inklens.reader_evaluation.html import save_html
from inklens.reader_evaluation.suites import Suite, evaluate_rendered, list_suites, tell_apart
from inklens.reading.find import Found
from inklens.reading.judge import Mark
from inklens.reading.maps import CHANNELS, DIGITS
from inklens.reading.read import Line, Reading
from inklens.reading.reader import Reader
from inklens.rendering.generators import GENERATORS, HELD_OUT
from inklens.rendering.render import RenderedPage, RenderOptions, page_rng, render_page

NOTHING_ELSE = frozenset(GENERATORS["negative"]) | frozenset(GENERATORS["wear"])


def classifier(answer: Callable[[np.ndarray], np.ndarray]) -> Reader:
    """A reader whose classifier answers marks uint8 [n, 28, 28] with rows of eleven probabilities, none the last."""
    contract = ClassifierContract(labels=(*DIGITS, "none"), none="none", threshold=0.5)

    def locate(picture: np.ndarray) -> np.ndarray:
        return np.full((15, picture.shape[0] // 4, picture.shape[1] // 4), -9, np.float32)  # sees nothing anywhere

    return Reader(
        locate,
        LocatorContract(channels=CHANNELS, peak=0.4, overlap=0.5),
        Predictor("fake", contract.labels, answer),
        contract,
    )


def always(label: int, probability: float) -> Callable[[np.ndarray], np.ndarray]:
    row = np.full(11, (1 - probability) / 10, np.float32)
    row[label] = probability
    return lambda images: np.repeat(row[None], len(images), axis=0)


def reading(marks: list[tuple[tuple[int, ...], str, float]], page: np.ndarray) -> Reading:
    made = tuple(Mark(tuple(box), label, sure, (), np.zeros(11, np.float32)) for box, label, sure in marks)  # type: ignore[arg-type]
    return Reading(
        page.shape[1], page.shape[0], made, tuple(Line(mark.label or "", (i,)) for i, mark in enumerate(made))
    )


@dataclass
class Answers:
    """Stands for `read_page`: the next page's marks, one page after the other; remembers the pages."""

    marks: list[list[tuple[tuple[int, ...], str, float]]]
    pages: list[np.ndarray] = field(default_factory=list)

    def __call__(self, page: np.ndarray, _reader: Reader) -> Reading:
        self.pages.append(page)
        return reading(self.marks[len(self.pages) - 1], page)


def write_photos(folder: Path) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6  # lies on its side: upright it is 60 wide and 80 high
    Image.new("RGB", (80, 60), "white").save(folder / "a.jpg", exif=turned)
    Image.new("L", (90, 50), 255).save(folder / "b.png")
    entries = [
        {
            "file": "a.jpg",
            "digits": [{"label": "7", "box": [5, 60, 15, 80]}, {"label": "1", "box": [30, 5, 40, 25]}],
            "ignore": [[0, 0, 10, 10]],
            "tags": ["pencil"],
        },
        {"file": "b.png", "digits": [], "tags": ["pencil", "empty"]},
    ]
    (folder / "labels.json").write_text(json.dumps(entries), encoding="utf-8")


def test_photos_are_read_upright_and_scored_by_photo_and_by_tag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photos(tmp_path)
    answers = Answers([[((5, 60, 15, 80), "7", 0.9), ((0, 0, 10, 9), "0", 0.6)], [((1, 1, 9, 9), "5", 0.5)]])
    monkeypatch.setattr(measure, "read_page", answers)
    steps: list[tuple[int, int]] = []
    report = evaluate_photos(tmp_path, classifier(always(1, 0.8)), progress=lambda *step: steps.append(step))
    assert [page.shape for page in answers.pages] == [(80, 60), (50, 90)]
    assert steps == [(1, 2), (2, 2)]
    assert [(group.kind, group.name) for group in report.groups] == [
        ("photo", "a.jpg"),
        ("photo", "b.png"),
        ("tag", "pencil"),
        ("tag", "empty"),
    ]
    shown = report.to_json()
    assert list(shown)[:2] == ["reader", "data"]
    expected = {
        "photos": 2,
        "digits": 2,
        "marks": 3,
        "right": 1,
        "precision": 0.333333,
        "recall": 0.5,
        "f1": 0.4,
        "macro_f1": 0.5,
        "exact": 0.0,
        "false_per_blank": 1.0,
        "found_f1": 0.4,
        "f1_without_others": 0.5,
        "named": 0.5,
        "string_accuracy": None,
        "ece": round((0.1 + 0.6 + 0.5) / 3, 6),
    }
    assert {name: shown[name] for name in expected} == expected
    assert report.of("tag")["empty"].false_per_blank == 1.0
    assert str(report).splitlines()[:5] == [
        f"fake on {tmp_path}",
        "",
        "                  pages     digits  precision     recall         F1      exact      names      false",
        "in all                2          2       33.3       50.0       40.0        0.0       50.0      1.000",
        "photo: a.jpg          1          2       50.0       50.0       50.0        0.0       50.0          –",
    ]


def test_photo_that_cannot_be_read_or_labels_that_do_not_fit_stop_the_evaluation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photos(tmp_path)
    monkeypatch.setattr(measure, "read_page", Answers([[], []]))
    (tmp_path / "b.png").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"b\.png is no picture that can be read"):
        evaluate_reading(tmp_path, classifier(always(1, 0.8)))
    Image.new("RGB", (80, 60), "white").save(tmp_path / "a.jpg")  # no longer on its side
    with pytest.raises(DataError, match=r"a\.jpg: the box \[5, 60, 15, 80\] reaches beyond the picture"):
        evaluate_reading(tmp_path, classifier(always(1, 0.8)))


def page_marks(page: RenderedPage) -> list[tuple[tuple[int, ...], str, float]]:
    return [(tuple(box), str(label), 1.0) for box, label in zip(page.boxes.tolist(), page.labels.tolist(), strict=True)]


def test_rendered_pages_are_scored_by_suite_and_by_height(monkeypatch: pytest.MonkeyPatch) -> None:
    options = RenderOptions(
        width=200, height=150, heights=(14, 40), digits="validation", dirt=0.0, blank=0.0, without=NOTHING_ELSE,
        only=frozenset({"rows", "white", "felt"}),
    )  # fmt: skip
    blank = replace(options, blank=1.0)
    chosen = [Suite("paper", "white", options, 2), Suite("blank", "plain", blank, 1)]
    pages = [render_page(page_rng(9, number), one) for number, one in enumerate((options, options, blank))]
    right = [page_marks(page) for page in pages[:2]]
    label = str((int(right[0][0][1]) + 1) % 10)
    right[0][0] = (right[0][0][0], label, 1.0)  # one digit is read as another
    answers = Answers([*right, [((3, 3, 20, 30), "0", 0.5)]])
    monkeypatch.setattr(measure, "read_page", answers)
    report = evaluate_rendered(classifier(always(3, 0.9)), chosen, seed=9, processes=1)
    for page, seen in zip(pages, answers.pages, strict=True):
        np.testing.assert_array_equal(page.page, seen)
    digits = sum(len(page.labels) for page in pages)
    assert (report.total.digits, report.total.marks, report.total.right) == (digits, digits + 1, digits - 1)
    assert (report.of("paper")["white"].exact_pages, report.of("blank")["plain"].false_per_blank) == (1, 1.0)
    heights = np.concatenate([page.boxes[:, 3] - page.boxes[:, 1] for page in pages])
    bands = report.of("height")
    assert list(bands) == ["8 to 13 px", "14 to 19 px", "20 to 31 px", "32 to 63 px", "64 to 127 px", "128 px and more"]
    assert bands["20 to 31 px"].digits == ((heights >= 20) & (heights < 32)).sum()
    threes = sum((page.labels == 3).sum() for page in pages)
    assert report.total.named == threes / digits


def test_every_generator_has_a_suite_and_what_is_held_out_is_called_unseen() -> None:
    listed = list_suites(5, plain=100, unseen=300)
    named = {(suite.kind.removeprefix("unseen "), suite.name) for suite in listed}
    for kind in ("paper", "ink", "ruling", "light", "negative"):
        assert {(kind, name) for name in GENERATORS[kind]} <= named
    for suite in listed:
        assert suite.kind.startswith("unseen") == (suite.name in HELD_OUT)
        assert suite.options.digits == "validation"
    assert [(suite.kind, suite.name, suite.pages) for suite in listed[-2:]] == [
        ("blank", "plain", 100),
        ("blank", "ruled, stained, shadowed", 300),
    ]


@pytest.mark.parametrize("number", range(4))
def test_blank_suites_are_plain_or_ruled_stained_and_shadowed_papers_never_trained_on(number: int) -> None:
    *_, plain, worn = (replace(suite.options, width=160, height=120) for suite in list_suites(1))
    page = render_page(page_rng(3, number), plain)
    assert (len(page.labels), len(page.negatives), len(page.ignore)) == (0, 0, 0)
    assert not {"ruling", "wear", "negative"} & set(page.generators)
    page = render_page(page_rng(3, number), worn)
    assert (len(page.labels), len(page.negatives), len(page.ignore)) == (0, 0, 0)
    assert page.generators["paper"][0] in HELD_OUT
    assert (page.generators["wear"], page.generators["light"]) == (("stains",), ("shadow",))
    assert len(page.generators["ruling"]) == 1


def test_signs_are_told_apart_by_the_classifier_and_by_both_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    options = RenderOptions(
        width=200, height=150, heights=(20, 40), digits="validation", dirt=0.0, blank=0.0,
        only=frozenset({"kana", "scatter", "white", "felt"}),
    )  # fmt: skip
    page = render_page(page_rng(4, 1), options)
    digits, signs = len(page.boxes), len(page.negatives)
    assert digits > 2
    assert signs > 1
    first = tuple(page.boxes[0].tolist())
    monkeypatch.setattr(suites, "find_marks", lambda *_: [Found(first, 0.8, np.eye(10, dtype=np.float32)[2], 1.0)])
    told = tell_apart(page, "kana", classifier(always(10, 0.4)))  # none at 0.4, each digit at 0.06
    assert [one[0] for one in told] == [True] * digits + [False] * signs
    np.testing.assert_allclose([one[1] for one in told], 0.06, atol=1e-6)
    there = 1.6 * (0.6 / 0.4) ** 0.75 * (0.8 / 0.2) ** 0.5  # odds; a quarter of the locator's opinion names the digit
    assert told[0][2] == pytest.approx(there / (1 + there) / (1 + 9 * 1e-6**0.25), abs=1e-4)
    assert max(one[2] for one in told[1:]) < 0.001  # where the locator saw nothing


def test_report_of_unseen_signs_tells_the_area_under_the_curve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kana = RenderOptions(
        width=200, height=150, heights=(20, 40), digits="validation", dirt=0.0, blank=0.0,
        only=frozenset({"kana", "scatter", "white", "felt"}),
    )  # fmt: skip
    monkeypatch.setattr(measure, "read_page", lambda page, _: reading([], page))
    chosen = [Suite("unseen negative", "kana", kana, 3)]
    report = evaluate_rendered(classifier(always(10, 0.4)), chosen, seed=4, processes=1)
    assert report.rejection is not None
    assert report.rejection.others > 1
    assert (report.rejection.classifier, report.rejection.reader) == (0.5, 0.5)  # all alike
    # of digits it says none with 0.4: never right
    assert report.rejection.error == pytest.approx(0.4, abs=1e-6)
    assert report.to_json()["rejection"]["auroc"] == 0.5
    save_html(report, tmp_path / "reading.html")
    page = (tmp_path / "reading.html").read_text("utf-8")
    assert "<h2>By unseen negative</h2>" in page
    assert '<th scope="row">kana</th><td>3</td>' in page
    assert "AUROC" in page
    assert "http" not in page.replace("http://www.w3.org", "")
