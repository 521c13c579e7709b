"""Synthetic pages of handwriting: MNIST's training digits and our own strokes, on anything, in any light.

`render_page` makes one page with the boxes of its digits; `render_pages` makes many on several cores, the same for a
seed whatever their number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count as count_from
from itertools import islice
from multiprocessing import get_context

import numpy as np

from inklens.rendering import camera, hands, inks, layout, negatives, papers, tokens
from inklens.rendering.compose import LUMA, Drawn, Shot, draw_marks, lay_page, lay_writing, photograph
from inklens.rendering.digits import Part, load_digits
from inklens.rendering.fonts import load_faces
from inklens.rendering.generators import GENERATORS, Chooser
from inklens.rendering.sheet import DIGIT, Sheet
from inklens.rendering.truth import RenderedPage, describe, find_unreadable

__all__ = [
    "GENERATORS",
    "RenderOptions",
    "RenderedPage",
    "Schedule",
    "WrittenSheet",
    "page_rng",
    "render_page",
    "render_pages",
    "render_sheet",
]

_CHUNK = 8  # pages that a process renders for one request
_MANY = 2000  # pages from which on tracing all digits beforehand (two to three minutes) is less work


@dataclass(frozen=True, kw_only=True)
class RenderOptions:
    """What pages to render.

    `width`, `height` in pixels; `heights` the range of a digit's height in pixels, sampled log-uniformly (10 to 220 at
    320 × 240). `dirt` 0 to 1, or a range to choose from for each page: how strong and how frequent wear, light
    and camera effects are; 0 is clean ink on even paper.
    `blank`: the share of pages without any digit. `digits`: MNIST's training digits for networks to learn from, or the
    validation digits that no network is trained on. `without`, `only`: names of generators (see GENERATORS) to leave
    out, or to restrict their kinds to. `colour`: keep the picture in colour too.
    """

    width: int = 320
    height: int = 240
    heights: tuple[float, float] = (10.0, 220.0)
    dirt: float | tuple[float, float] = (0.0, 1.0)
    blank: float = 0.07
    digits: Part = "train"
    without: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    colour: bool = False


Schedule = RenderOptions | Callable[[int], RenderOptions]


def render_page(rng: np.random.Generator, options: RenderOptions | None = None) -> RenderedPage:
    """Render one page. All chance comes from `rng`: the same state gives the same page.

    Raises DataError for a generator that does not exist and for a font that is missing (see `fonts.py`).
    """
    options = options or RenderOptions()
    chooser, dirt = _begin(rng, options)
    paper, ink = _choose_paper_and_ink(chooser)
    sheet, size = _fill_sheet(chooser, options, ink)
    wear = chooser.several("wear", papers.WEAR, dirt)
    shots = chooser.several("camera", camera.CAMERA, dirt)
    shrink = float(rng.uniform(0.72, 0.97)) if "edges" in wear else 1.0
    view = camera.stand(rng, shots, options.width, options.height, dirt, shrink)
    page = lay_page(chooser, paper, sheet, view, size, dirt)
    writing = draw_marks(sheet, view, (options.height, options.width))
    shot = photograph(chooser, page, writing, ink, dirt, colour=options.colour)
    for drawn in writing.drawn:
        chooser.note("digit" if drawn.mark.role == DIGIT else "negative", drawn.mark.family)
    return describe(shot, writing.drawn, chooser.used)


@dataclass(frozen=True)
class WrittenSheet:
    """A sheet with what is written on it, evenly lit and seen from straight above: `grey` float32 [height, width], 0
    black to 255 white, and those of its `digits` that can be read."""

    grey: np.ndarray
    digits: tuple[Drawn, ...]


def render_sheet(rng: np.random.Generator, options: RenderOptions) -> WrittenSheet:
    """Render a page as it is before any light or camera, to take many pictures of. Errors as in `render_page`."""
    chooser, dirt = _begin(rng, options)
    paper, ink = _choose_paper_and_ink(chooser)
    sheet, size = _fill_sheet(chooser, options, ink)
    chooser.several("wear", papers.WEAR, dirt)
    view = camera.View(np.eye(3))
    page = lay_page(chooser, paper, sheet, view, size, dirt)
    writing = draw_marks(sheet, view, (options.height, options.width))
    grey = lay_writing(rng, page, writing, ink, dirt, LUMA[:, None])
    unreadable = find_unreadable(Shot(grey, np.abs(grey[..., 0] - page @ LUMA), camera.Damage()), writing.drawn)
    digits = [drawn for drawn in writing.drawn if drawn.mark.role == DIGIT and id(drawn) not in unreadable]
    return WrittenSheet(grey[..., 0], tuple(digits))


def render_pages(
    count: int | None, options: Schedule | None = None, *, seed: int, processes: int = 1, start: int = 0
) -> Iterator[RenderedPage]:
    """Render pages number `start` to `start + count` of `seed`, in order; without end if `count` is None.

    options: the same for all, or a function from a page's number to its options, a curriculum. Page number i of a seed
    is the same whatever `processes`, `start` and `count`. The first long run on several processes of a user traces all
    digits before its first page, which takes two to three minutes of one core. Errors as in `render_page`.
    """
    schedule = options or RenderOptions()
    numbers = iter(range(start, start + count)) if count is not None else count_from(start)
    requests = ((seed, n, schedule(n) if callable(schedule) else schedule) for n in numbers)
    if processes <= 1:
        for request in requests:
            yield _render_numbered(request)
        return
    if count is None or count >= _MANY:
        first = schedule(start) if callable(schedule) else schedule
        if "mnist" not in first.without:
            load_digits(first.digits).trace_all()  # once for a user; else every process traces its own
    # spawned, because forking a process in which torch has threads may hang
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        waiting: deque[Future[list[RenderedPage]]] = deque()
        try:
            while True:
                while len(waiting) < 3 * processes:
                    chunk = list(islice(requests, _CHUNK))
                    if not chunk:
                        break
                    waiting.append(pool.submit(_render_chunk, chunk))
                if not waiting:
                    return
                yield from waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def page_rng(seed: int, number: int) -> np.random.Generator:
    """The generator that page `number` of `seed` is made from."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))


def _render_numbered(request: tuple[int, int, RenderOptions]) -> RenderedPage:
    seed, number, options = request
    return render_page(page_rng(seed, number), options)


def _render_chunk(requests: list[tuple[int, int, RenderOptions]]) -> list[RenderedPage]:
    return [_render_numbered(request) for request in requests]


def _begin(rng: np.random.Generator, options: RenderOptions) -> tuple[Chooser, float]:
    """The page's chooser and its dirt; a font that is missing is noticed here."""
    chooser = Chooser(rng, options.without, options.only)
    if "print" in chooser.allowed("negative"):
        load_faces()
    return chooser, options.dirt if isinstance(options.dirt, float | int) else float(rng.uniform(*options.dirt))


def _choose_paper_and_ink(chooser: Chooser) -> tuple[papers.Paper, inks.Ink]:
    """Choose a paper and something that writes on it."""
    usable = set(chooser.allowed("ink"))
    shares = {
        name: papers.PAPERS[name].share for name in chooser.allowed("paper") if usable & set(papers.PAPERS[name].inks)
    }
    if not shares:
        shares = {name: papers.PAPERS[name].share for name in chooser.allowed("paper")}
    paper = papers.PAPERS[chooser.pick("paper", shares)]
    fitting = usable & set(paper.inks) or usable
    ink = inks.INKS[chooser.pick("ink", dict.fromkeys(sorted(fitting), 1.0))]
    return paper, ink


def _fill_sheet(chooser: Chooser, options: RenderOptions, ink: inks.Ink) -> tuple[Sheet, float]:
    """Write digits, and what is none, on a sheet; returns it with the height that its digits have."""
    rng = chooser.rng
    families = frozenset(chooser.allowed("negative"))
    sources = frozenset(chooser.allowed("digit"))
    bank = load_digits(options.digits) if "mnist" in sources else None
    hand = hands.draw_hand(rng, ink.pens, sources)
    sheet = Sheet(rng, options.width, options.height, hand, bank, families)
    size = float(np.exp(rng.uniform(*np.log(options.heights))))
    blank = rng.random() < options.blank
    if not blank:
        shares = {name: share for name, (_, share, most) in layout.LAYOUTS.items() if size <= most * options.height}
        if not any(name in shares for name in chooser.allowed("layout")):
            shares = {name: share for name, (_, share, _) in layout.LAYOUTS.items()}
        lay, _, most = layout.LAYOUTS[chooser.pick("layout", shares)]
        lay(sheet, min(size, most * options.height))
    written = [mark.size for mark in sheet.marks if mark.role == DIGIT]
    size = float(np.median(written)) if written else min(size, 0.4 * options.height)
    chances = {name: chance for name, (_, chance) in negatives.NEGATIVES.items()}
    chosen = chooser.several("negative", chances, 2.2 if blank and rng.random() < 0.75 else 0.0 if blank else 1.0)
    for name in chosen:
        add = negatives.NEGATIVES[name][0]
        if add is not None:
            sheet.pot = 1 if rng.random() < 0.25 else 0
            add(sheet, size)
    if blank and rng.random() < 0.4 and chosen:
        sheet.write(tokens.marks(rng), 0.3 * size, rng.uniform(size, options.height), size)
    sheet.pot = 0
    return sheet, size
