from __future__ import annotations

import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest

from inklens.errors import DataError
from inklens.rendering import render
from inklens.rendering.generators import GENERATORS
from inklens.rendering.inks import INKS, fill_pot, opacity_map
from inklens.rendering.negatives import NEGATIVES
from inklens.rendering.render import RenderedPage, RenderOptions, page_rng, render_page, render_pages

NO_PRINT = frozenset({"print"})
ALONE = frozenset(NEGATIVES) | frozenset(GENERATORS["ruling"]) | {"inverted"}  # digits on bare paper


def clean(*only: str, **options: object) -> RenderOptions:
    return RenderOptions(dirt=0.0, blank=0.0, without=ALONE, only=frozenset(only), **options)  # type: ignore[arg-type]


def assert_same(one: RenderedPage, two: RenderedPage) -> None:
    for field in fields(RenderedPage):
        a, b = getattr(one, field.name), getattr(two, field.name)
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b)
        else:
            assert a == b


def test_page_has_the_shapes_and_types_it_promises() -> None:
    for number in range(12):
        page = render_page(page_rng(1, number), RenderOptions(width=200, height=120, without=NO_PRINT, colour=True))
        assert page.page.shape == (120, 200)
        assert page.page.dtype == np.uint8
        assert page.colour is not None
        assert page.colour.shape == (120, 200, 3)
        assert page.boxes.dtype == np.int32
        assert page.labels.dtype == np.int64
        assert len(page.boxes) == len(page.labels)
        assert len(page.negatives) == len(page.families)
        for boxes in (page.boxes, page.ignore, page.negatives):
            assert boxes.shape[1:] == (4,)
            assert (boxes[:, :2] < boxes[:, 2:]).all()
            assert (boxes >= 0).all()
            assert (boxes <= [200, 120, 200, 120]).all()


def test_boxes_are_tight_on_the_ink() -> None:
    checked = 0
    for number in range(40):
        page = render_page(page_rng(2, number), clean("single", "white", "fineliner"))
        if len(page.labels) != 1 or len(page.ignore):
            continue
        paper = int(np.median(page.page))
        ink = np.abs(page.page.astype(int) - paper) > 0.3 * np.abs(page.page.astype(int) - paper).max()
        rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
        found = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        assert np.abs(page.boxes[0] - found).max() <= 1
        checked += 1
    assert checked >= 15


def test_box_follows_the_ink_through_a_turned_and_tilted_camera() -> None:
    options = RenderOptions(
        dirt=1.0,
        blank=0.0,
        without=ALONE | set(GENERATORS["wear"]) | set(GENERATORS["light"]),
        only=frozenset({"single", "white", "marker", "perspective", "rotation"}),
    )
    checked = 0
    for number in range(30):
        page = render_page(page_rng(3, number), options)
        if len(page.labels) != 1 or len(page.ignore):
            continue
        difference = np.abs(page.page.astype(int) - int(np.median(page.page)))
        ink = difference > 0.4 * difference.max()
        rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
        assert np.abs(page.boxes[0] - [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]).max() <= 2
        checked += 1
    assert checked >= 8


def test_nothing_but_paper_lies_round_a_digit() -> None:
    for number in range(25):
        page = render_page(page_rng(4, number), clean())
        beyond = np.ones(page.page.shape, bool)
        for x0, y0, x1, y1 in [*page.boxes.tolist(), *page.ignore.tolist()]:
            beyond[max(0, y0 - 5) : y1 + 5, max(0, x0 - 5) : x1 + 5] = False  # a pen's end may taper out of its box
        assert len(np.unique(page.page[beyond])) == 1
        for x0, y0, x1, y1 in page.boxes.tolist():
            inside = page.page[y0:y1, x0:x1]
            assert np.isin(inside, np.unique(page.page[beyond])).mean() > 0.02  # the paper shows between the strokes


@pytest.mark.parametrize("name", INKS)
def test_ink_covers_nothing_where_no_pen_went(name: str) -> None:
    rng = np.random.default_rng(0)
    pen = np.zeros((60, 90), np.uint8)
    pen[20:40, 30:34] = 255
    opacity = opacity_map(fill_pot(INKS[name], rng), pen, rng, 1.0)
    assert opacity.shape == (60, 90)
    assert (opacity[pen == 0] == 0).all()
    assert opacity[pen > 0].mean() > 0.1
    assert opacity.max() <= 1


def test_same_state_gives_the_same_page() -> None:
    options = RenderOptions(without=NO_PRINT, colour=True)
    for number in range(4):
        assert_same(render_page(page_rng(5, number), options), render_page(page_rng(5, number), options))


def test_pages_are_the_same_on_one_process_and_on_two() -> None:
    options = RenderOptions(width=160, height=120, heights=(10.0, 60.0), without=NO_PRINT)
    alone = list(render_pages(20, options, seed=6))
    together = list(render_pages(20, options, seed=6, processes=2))
    assert len(together) == 20
    for one, two in zip(alone, together, strict=True):
        assert_same(one, two)
    (later,) = render_pages(1, options, seed=6, start=13)
    assert_same(later, alone[13])


def test_seeds_and_numbers_give_different_pages() -> None:
    pages = [next(render_pages(1, clean(), seed=seed, start=start)).page for seed in (1, 2) for start in (0, 1)]
    assert len({page.tobytes() for page in pages}) == 4


def test_endless_stream_follows_a_curriculum() -> None:
    stream = render_pages(None, lambda number: clean(width=100 + number, height=80, heights=(10.0, 40.0)), seed=7)
    assert [next(stream).page.shape for _ in range(4)] == [(80, 100), (80, 101), (80, 102), (80, 103)]


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, ns in GENERATORS.items() for n in (ns[0], ns[-1])])
def test_generator_that_is_left_out_makes_no_page(kind: str, name: str) -> None:
    options = RenderOptions(width=160, height=120, heights=(10.0, 60.0), without=NO_PRINT | {name})
    used = [page.generators.get(kind, ()) for page in render_pages(14, options, seed=8)]
    assert not any(name in names for names in used)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("ink", {"chalk"}),
        ("paper", {"kraft", "cream"}),
        ("layout", {"matrix"}),
        ("negative", {"brackets"}),
        ("light", {"shadow"}),
        ("camera", {"motion"}),
        ("ruling", {"squared"}),
        ("wear", {"stains"}),
    ],
)
def test_kind_that_is_restricted_uses_nothing_else(kind: str, names: set[str]) -> None:
    options = RenderOptions(width=160, height=120, heights=(10.0, 60.0), blank=0.0, only=frozenset(names))
    for page in render_pages(8, options, seed=9):
        assert set(page.generators[kind]) <= names
        assert page.generators[kind]


def test_pages_of_our_own_strokes_need_no_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "load_digits", lambda _: pytest.fail("MNIST was read"))
    options = RenderOptions(without=NO_PRINT, only=frozenset({"strokes", "flags", "bars"}))
    used = {name for page in render_pages(20, options, seed=10) for name in page.generators.get("digit", ())}
    assert {"strokes", "flags"} <= used <= {"strokes", "flags", "bars"}


def test_unknown_generator_is_named_with_all_there_are() -> None:
    with pytest.raises(DataError, match="no generator is called 'papyrus'; there are digit: mnist, strokes"):
        render_page(np.random.default_rng(0), RenderOptions(without=frozenset({"papyrus"})))


def test_leaving_out_everything_of_a_kind_is_refused() -> None:
    with pytest.raises(DataError, match="no ink is left to render with; there are ballpoint"):
        render_page(np.random.default_rng(0), RenderOptions(without=frozenset(INKS)))


def test_ink_is_dark_on_paper_and_light_on_a_board() -> None:
    for only, sign in ((("white", "marker"), -1), (("blackboard", "chalk"), 1)):
        for number in range(5):
            page = render_page(page_rng(11, number), clean(*only))
            paper = float(np.median(page.page))
            for x0, y0, x1, y1 in page.boxes.tolist():
                assert sign * (float(page.page[y0:y1, x0:x1].mean()) - paper) > 0


def test_inverted_page_is_the_same_page_with_light_and_dark_exchanged() -> None:
    options = RenderOptions(dirt=0.0, without=ALONE - {"inverted"} | NO_PRINT, only=frozenset({"inverted", "white"}))
    page = render_page(page_rng(12, 0), options)
    assert float(np.median(page.page)) < 30
    assert page.generators["camera"][-1:] == ("inverted",)


def test_no_two_generators_share_a_name() -> None:
    names = [name for members in GENERATORS.values() for name in members]
    assert len(names) == len(set(names))


def test_blank_pages_have_no_digit() -> None:
    options = RenderOptions(width=160, height=120, blank=1.0, without=NO_PRINT)
    pages = list(render_pages(20, options, seed=13))
    assert all(len(page.labels) == 0 and page.lines == () for page in pages)
    assert any(len(page.negatives) for page in pages)
    assert any(not len(page.negatives) and not len(page.ignore) for page in pages)


def test_lines_and_strings_hold_each_digit_once_from_left_to_right() -> None:
    for page in render_pages(15, RenderOptions(without=NO_PRINT, blank=0.0), seed=14):
        assert sorted(index for line in page.lines for index in line) == list(range(len(page.labels)))
        members = [index for string in page.strings for index in string]
        assert len(members) == len(set(members)) <= len(page.labels)
        for group in (*page.lines, *page.strings):
            assert page.boxes[list(group), 0].tolist() == sorted(page.boxes[list(group), 0].tolist())


def test_renderer_names_the_extra_that_it_needs_and_the_light_core_does_not() -> None:
    code = (
        "import sys; sys.modules['cv2'] = None; import inklens.reading; from inklens.errors import MissingExtra\n"
        "try:\n    import inklens.rendering.render\n"
        "except MissingExtra as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "rendering pages needs the train extra: pip install 'inklens[train]'\n"
