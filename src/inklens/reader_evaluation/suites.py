"""Rendered pages of one condition after the other, to see where a reader is weak and what it makes of the unseen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np

from inklens.metrics.calibration import expected_calibration_error
from inklens.reader_evaluation.measure import measure
from inklens.reader_evaluation.report import Group, ReadingReport, Rejection
from inklens.reader_evaluation.score import OVERLAP, PageScore, Score, Truth, area_under_curve, intersection_over_union
from inklens.reading.find import Found, find_marks
from inklens.reading.judge import judge
from inklens.reading.read import classify_marks
from inklens.reading.reader import Reader
from inklens.rendering.generators import GENERATORS, HELD_OUT
from inklens.rendering.render import RenderedPage, RenderOptions, render_pages

PAGES = 12  # of each condition: two to three minutes on two cores
SEED = 21  # no page of it is trained on or chosen by
WIDTH, HEIGHT, HEIGHTS = 640, 480, (14.0, 300.0)
BANDS = (8, 14, 20, 32, 64, 128, 1000)  # pixels of a digit's height
_LEAST_PEAK = 0.01  # how sure the locator must be of a place for its opinion to count where the true box is given
_SMALLEST = 8  # pixels: lower signs nobody tells apart

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Suite:
    """So many pages of one condition, and what they are rendered with."""

    kind: str
    name: str
    options: RenderOptions
    pages: int


def list_suites(pages: int = PAGES, *, plain: int | None = None, unseen: int | None = None) -> list[Suite]:
    """Every condition, each with so many pages; `plain` and `unseen` of the two kinds of blank pages, else as many.

    `dirt`: everything that training shows, from clean to harsh. `paper`, `ink`, `light`, `ruling`, `negative`: one
    generator of a kind on every page. The same kinds with `unseen` before them: generators that no training page
    shows. `blank`: pages without digits, plain ones and ruled, stained, shadowed ones of papers never trained on.
    """
    base = RenderOptions(
        width=WIDTH, height=HEIGHT, heights=HEIGHTS, digits="validation", without=HELD_OUT, dirt=(0.0, 1.0)
    )
    suites = [
        Suite("dirt", name, replace(base, dirt=dirt), pages)
        for name, dirt in (("0 clean", 0.0), ("0.33", 0.33), ("0.67", 0.67), ("1 harsh", 1.0))
    ]
    for kind in ("paper", "ink", "ruling", "light", "negative"):
        for name in GENERATORS[kind]:
            unseen_kind = f"unseen {kind}" if name in HELD_OUT else kind
            options = replace(base, only=frozenset({name}), without=HELD_OUT - {name}, blank=0.0)
            suites.append(Suite(unseen_kind, name, options, pages))
    suites.sort(key=lambda suite: suite.kind.startswith("unseen"))  # stable: what is never trained on comes last
    papers = HELD_OUT & set(GENERATORS["paper"])
    rulings = frozenset(GENERATORS["ruling"])
    nothing = frozenset(GENERATORS["negative"])
    bare = replace(base, blank=1.0, without=HELD_OUT | nothing | rulings | set(GENERATORS["wear"]))
    worn = replace(bare, without=nothing, only=papers | rulings | {"stains", "shadow"}, dirt=(0.3, 1.0))
    return [
        *suites,
        Suite("blank", "plain", bare, pages if plain is None else plain),
        Suite("blank", "ruled, stained, shadowed", worn, pages if unseen is None else unseen),
    ]


def evaluate_rendered(
    reader: Reader,
    suites: Sequence[Suite] | None = None,
    *,
    seed: int = SEED,
    processes: int = 2,
    progress: Progress | None = None,
) -> ReadingReport:
    """Read the pages of every suite, by default those of `list_suites`, rendered on several processes.

    The total is that of all pages together. Raises MissingExtra without the train extra, DataError where a font of the
    renderer is missing (see `fonts.py`).
    """
    suites = list_suites() if suites is None else suites
    schedule = [suite for suite in suites for _ in range(suite.pages)]
    rendered = render_pages(
        len(schedule), partial(_options, [suite.options for suite in schedule]), seed=seed, processes=processes
    )
    scores: dict[tuple[str, str], list[PageScore]] = {(suite.kind, suite.name): [] for suite in suites}
    shown: list[tuple[bool, float, float]] = []
    clean: list[tuple[np.ndarray, np.ndarray]] = []
    for number, (suite, page) in enumerate(zip(schedule, rendered, strict=True)):
        name = f"{suite.kind} {suite.name} {number}"
        scores[suite.kind, suite.name].append(measure(name, page.page, truth_of(page), reader))
        if suite.kind == "unseen negative":
            shown += tell_apart(page, suite.name, reader)
        if suite.options.dirt == 0.0 and len(page.boxes):
            clean.append(_classify(page, page.boxes, reader))
        if progress is not None:
            progress(number + 1, len(schedule))
    groups = [Group(kind, name, Score(tuple(pages))) for (kind, name), pages in scores.items()]
    total = Score(tuple(page for pages in scores.values() for page in pages))
    for low, high in pairwise(BANDS):
        name = f"{low} to {high - 1} px" if high < BANDS[-1] else f"{low} px and more"
        groups.append(Group("height", name, total.of_heights(low, high)))
    return ReadingReport(reader.classify.name, "rendered pages", total, tuple(groups), _rejection(shown, clean, reader))


def _options(options: list[RenderOptions], number: int) -> RenderOptions:
    return options[number]


def truth_of(page: RenderedPage) -> Truth:
    """What is true of a rendered page."""
    return Truth(
        page.boxes.astype(np.int64),
        tuple(str(label) for label in page.labels.tolist()),
        page.negatives.astype(np.int64),
        page.ignore.astype(np.int64),
        page.strings,
    )


def tell_apart(page: RenderedPage, family: str, reader: Reader) -> list[tuple[bool, float, float]]:
    """For each digit of a page, and each sign of a family: whether it is a digit, and how probable one digit is there.

    The first probability is the classifier's of its likeliest digit, given the true box; the second the reader's, for
    which the locator must have seen something in that place.
    """
    signs = page.negatives[[one == family for one in page.families]] if len(page.negatives) else page.negatives
    signs = signs[(signs[:, 2:] - signs[:, :2]).max(axis=1, initial=0) >= _SMALLEST]
    boxes = np.concatenate([page.boxes, signs]).astype(np.int64)
    if not len(boxes):
        return []
    answers, _ = _classify(page, boxes, reader)
    found = find_marks(page.page, reader.locate, replace(reader.locator, peak=_LEAST_PEAK))
    places = np.array([one.box for one in found], np.int64).reshape(-1, 4)
    shared = intersection_over_union(boxes, places)
    told = []
    for index, (box, answer) in enumerate(zip(boxes.tolist(), answers, strict=True)):
        best = int(shared[index].argmax()) if len(found) else -1
        seen = best >= 0 and shared[index, best] >= OVERLAP
        x0, y0, x1, y1 = box
        place = found[best] if seen else Found((x0, y0, x1, y1), 0.0, np.zeros(10, np.float32), 1.0)
        mark = judge(place, answer, reader.classifier)
        told.append((index < len(page.boxes), _likeliest(answer, reader), mark.confidence))
    return told


def _classify(page: RenderedPage, boxes: np.ndarray, reader: Reader) -> tuple[np.ndarray, np.ndarray]:
    """The classifier's answers, float32 [n, classes], to the marks in boxes, and the labels of the page's digits."""
    return classify_marks(page.page, boxes.tolist(), reader), page.labels


def _likeliest(answer: np.ndarray, reader: Reader) -> float:
    """How probable the likeliest label is, none left aside."""
    return float(answer[reader.classifier.symbols].max())


def _rejection(
    shown: list[tuple[bool, float, float]], clean: list[tuple[np.ndarray, np.ndarray]], reader: Reader
) -> Rejection | None:
    if not shown or not clean:
        return None
    digit = np.array([one[0] for one in shown])
    classifier, both = (np.array([one[place] for one in shown]) for place in (1, 2))
    answers = np.concatenate([one for one, _ in clean])
    labels = [reader.classifier.labels.index(str(label)) for _, some in clean for label in some.tolist()]
    return Rejection(
        int(digit.sum()),
        int((~digit).sum()),
        area_under_curve(classifier[digit], classifier[~digit]),
        area_under_curve(both[digit], both[~digit]),
        expected_calibration_error(answers, np.array(labels)),
    )
