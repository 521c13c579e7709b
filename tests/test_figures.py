"""Pictures: what is drawn where, and the same bytes every time."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from inklens import figures
from inklens.errors import MissingExtra
from inklens.evaluation.report import Answer
from inklens.metrics.calibration import reliability

IMAGES = np.zeros((2, 28, 28), np.uint8)
IMAGES[0, 4:24, 12:16] = 255
IMAGES[1, 4:24, 6:10] = IMAGES[1, 4:24, 18:22] = 200
ANSWERS = [Answer(7, IMAGES[0], "1", "7", 0.9, 0.05), Answer(8, IMAGES[1], "0", "0", 0.6, 0.6, contested=True)]
BINS = reliability(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([0, 0]))
HISTORY = [{"loss": 1.0, "accuracy": 0.5, "validation_loss": 0.9, "validation_accuracy": 0.6}] * 2
DRAWINGS = {
    "digits": lambda: figures.draw_digits(IMAGES, ["1", "0"]),
    "pixels": lambda: figures.draw_pixels(IMAGES[0], "1"),
    "one_hot": lambda: figures.draw_one_hot(IMAGES, np.array([1, 0]), ["0", "1"]),
    "classes": lambda: figures.draw_class_counts({"train": np.array([30, 20]), "test": np.array([5, 6])}, ["0", "1"]),
    "table": lambda: figures.draw_table("A", "b", ("kind", "number"), [("x", "1"), ("y", "0")], [1.0, 0.0]),
    "curves": lambda: figures.draw_curves(HISTORY),
    "confusion": lambda: figures.draw_confusion(np.array([[50, 2], [0, 40]]), ["0", "1"]),
    "reliability": lambda: figures.draw_reliability(BINS, BINS),
    "gallery": lambda: figures.draw_gallery(ANSWERS, title="Title", note="note"),
}


def texts(figure) -> list[str]:
    """Every text of a figure, in drawing order."""
    return [text.get_text() for axes in figure.axes for text in axes.texts if text.get_text()]


@pytest.mark.parametrize("name", DRAWINGS)
def test_same_input_gives_the_same_bytes_without_a_date(name):
    first, second = figures.png(DRAWINGS[name]()), figures.png(DRAWINGS[name]())
    assert first == second
    picture = Image.open(io.BytesIO(first))
    assert picture.format == "PNG"
    assert set(picture.info) <= {"dpi"}
    # the four corners are paper: nothing runs out of the picture
    corners = [(0, 0), (picture.width - 1, 0), (0, picture.height - 1), (picture.width - 1, picture.height - 1)]
    assert [picture.convert("RGB").getpixel(corner) for corner in corners] == [(255, 255, 255)] * 4


@pytest.mark.parametrize("name", [name for name in DRAWINGS if name not in ("curves", "reliability")])
def test_no_text_is_cut_off_or_lies_on_another(name):
    figure = DRAWINGS[name]()
    figure.draw_without_rendering()
    width, height = figure.canvas.get_width_height()
    shown = [text for axes in figure.axes for text in axes.texts if text.get_text()]
    left, bottom, right, top = np.array([text.get_window_extent().extents for text in shown]).T
    assert left.min() >= 0
    assert bottom.min() >= 0
    assert right.max() <= width
    assert top.max() <= height
    wide = np.minimum.outer(right, right) - np.maximum.outer(left, left)
    high = np.minimum.outer(top, top) - np.maximum.outer(bottom, bottom)
    meeting = np.minimum(wide, high) > 0.5
    assert [(shown[a].get_text(), shown[b].get_text()) for a, b in np.argwhere(meeting) if a < b] == []


def test_every_pixel_has_its_value_in_its_cell_light_on_dark_and_dark_on_light():
    image = np.arange(28 * 28).reshape(28, 28).astype(np.uint8)
    figure = figures.draw_pixels(image, "5")
    cells = [text for text in figure.axes[0].texts if text.get_text().isdigit()]
    values = [text for text in cells if text.get_color() in ("white", "black", "#8a8a8a")]
    assert [int(text.get_text()) for text in values] == image.flatten().tolist()
    for text in values:
        value = int(text.get_text())
        assert text.get_color() == ("#8a8a8a" if value == 0 else "white" if value < 118 else "black")
    places = np.array([text.get_position() for text in values]).reshape(28, 28, 2)
    assert (np.diff(places[:, :, 0], axis=1) > 0).all()
    assert (np.diff(places[:, :, 1], axis=0) > 0).all()
    assert np.ptp(places[:, :, 0], axis=0).max() == 0


def test_one_hot_row_has_its_one_at_the_class():
    found = texts(figures.draw_one_hot(IMAGES, np.array([1, 0]), ["a", "b"]))
    assert found[2:] == ["a", "b", "b", "0", "1", "a", "1", "0"]


def test_class_counts_are_written_beside_their_bars():
    figure = figures.draw_class_counts({"train": np.array([3000, 20]), "test": np.array([5, 6])}, ["0", "1"])
    assert texts(figure)[1:] == ["3,031 in all; each panel has a scale of its own", "3,000", "20", "5", "6"]
    assert [axes.get_title("left") for axes in figure.axes[1:]] == ["train  3,020", "test  11"]


def test_confusion_shows_counts_recall_and_precision_but_no_zeros():
    found = texts(figures.draw_confusion(np.array([[50, 2], [0, 40]]), ["0", "1"]))
    assert found[1] == "92 images, 2 mistakes (red: the redder, the more)"
    assert found[2:] == [
        *("0", "50", "2", "96.2 %"),
        *("1", "40", "100.0 %"),
        *("0", "100.0", "1", "95.2"),
        *("predicted", "true", "recall", "precision, %"),
    ]


def test_gallery_names_label_answer_confidence_and_place():
    assert texts(figures.draw_gallery(ANSWERS, title="Title", note="note")) == [
        *("Title", "note"),
        *("1 read as 7", "90.0 %  #7"),
        *("0 read as 0", "contested label", "60.0 %  #8"),
    ]


def test_users_matplotlib_style_changes_nothing():
    import matplotlib

    plain = figures.png(DRAWINGS["curves"]())
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.bbox": "tight", "figure.dpi": 300}):
        assert figures.png(DRAWINGS["curves"]()) == plain


def test_drawing_without_matplotlib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra) as error:
        figures.draw_curves(HISTORY)
    assert str(error.value) == "drawing needs the train extra: pip install 'inklens[train]'"
