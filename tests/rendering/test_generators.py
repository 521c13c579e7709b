"""What is held out stays out of every page that networks learn from, and is there where it is asked for."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from inklens.reader_training import page_store
from inklens.reader_training.page_store import page_options, validation_options
from inklens.rendering import compose, generators, inks, light, negatives, papers
from inklens.rendering.generators import GENERATORS, HELD_OUT
from inklens.rendering.hands import LOOKALIKES
from inklens.rendering.render import RenderedPage, RenderOptions, page_rng, render_page, render_pages
from inklens.rendering.strokes import load_held_out_skeletons, load_skeletons


def content(page: RenderedPage) -> list[object]:
    values = [getattr(page, field.name) for field in fields(page)]
    return [value.tobytes() if isinstance(value, np.ndarray) else value for value in values]


def learnt_pages() -> list[list[object]]:
    wanted = [(page_options, (0, 8000, 8001)), (validation_options, (3, 4)), (lambda _: RenderOptions(), (5, 6, 7))]
    return [
        content(render_page(page_rng(1, number), options(number))) for options, several in wanted for number in several
    ]


def forget_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take what is held out away from every list of the renderer, as if nobody had written it."""
    monkeypatch.setattr(generators, "HELD_OUT", frozenset())
    for listed in (inks.INKS, papers.PAPERS, papers.RULINGS, light.LIGHTS, negatives.NEGATIVES):
        for name in HELD_OUT & set(listed):
            monkeypatch.delitem(listed, name)
    for kind, names in GENERATORS.items():
        monkeypatch.setitem(GENERATORS, kind, tuple(name for name in names if name not in HELD_OUT))
    for name, paper in papers.PAPERS.items():
        usable = tuple(ink for ink in paper.inks if ink not in HELD_OUT)
        monkeypatch.setitem(papers.PAPERS, name, replace(paper, inks=usable))


@pytest.mark.usefixtures("bundled_fonts")
def test_pages_to_learn_from_are_the_same_as_if_nothing_were_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    there = learnt_pages()
    forget_held_out(monkeypatch)
    assert not HELD_OUT & {name for names in GENERATORS.values() for name in names}
    # `without` may not name what does not exist any more
    monkeypatch.setattr(page_store, "HELD_OUT", frozenset())
    assert learnt_pages() == there


def test_second_pen_of_a_page_is_none_that_is_held_out() -> None:
    rng = np.random.default_rng(0)
    others = {compose._other_ink(rng, inks.INKS["felt"]).name for _ in range(300)}
    assert others == set(inks.DARK_INKS)
    assert not others & HELD_OUT


def test_pages_name_no_generator_that_is_held_out() -> None:
    options = RenderOptions(width=160, height=120, heights=(10.0, 60.0), without=frozenset({"print"}))
    for page in render_pages(40, options, seed=3):
        assert not HELD_OUT & {name for names in page.generators.values() for name in names}


@pytest.mark.parametrize("name", sorted(HELD_OUT))
def test_generator_that_is_held_out_is_used_where_it_is_asked_for(name: str) -> None:
    [kind] = [kind for kind, names in GENERATORS.items() if name in names]
    only = frozenset({name} | ({"white"} if kind == "ink" else {"ballpoint", "rows"}))
    options = RenderOptions(
        width=200, height=150, heights=(14.0, 40.0), blank=0.0, without=frozenset({"print"}), only=only
    )
    pages = list(render_pages(4, options, seed=4))
    assert all(page.generators[kind] == (name,) for page in pages)
    if kind == "negative":
        assert sum(page.families.count(name) for page in pages) > 0
    else:
        plain = replace(options, only=only - {name} | {GENERATORS[kind][0]})
        assert all(
            a.page.tobytes() != b.page.tobytes() for a, b in zip(pages, render_pages(4, plain, seed=4), strict=True)
        )


def test_signs_that_are_held_out_are_no_signs_of_the_training_pages() -> None:
    assert not set(load_held_out_skeletons()) & (set(load_skeletons()) | LOOKALIKES)


def test_pen_with_two_nibs_leaves_the_middle_of_a_stroke_free() -> None:
    rng = np.random.default_rng(0)
    pen = np.zeros((60, 90), np.uint8)
    pen[20:40, 10:80] = 255
    opacity = inks.opacity_map(inks.fill_pot(inks.INKS["twin-liner"], rng), pen, rng, 0.0)
    assert (opacity[27:33, 20:70] == 0).all()
    assert (opacity[20:22, 20:70] > 0.5).all()
