"""From a picture of one digit to the pen strokes that it was written with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inklens.rendering.opencv import cv2

ENLARGED = 3  # the skeleton of a 28 px digit has steps of a third of its stroke; at three times they smooth away
_INK = 105  # of 255: where MNIST's grey edge is cut; keeps the stroke's mean width
_SPACING = 2.4  # enlarged pixels between the points of a stroke
_WEIGHTS = np.array([[1, 2, 4], [128, 0, 8], [64, 32, 16]], np.float32)


@dataclass(frozen=True)
class Trace:
    """Strokes in pixels of the enlarged picture.

    `strokes`: float32 [n, 3] each: x, y and the ink's radius there. `faithful`: whether drawing the strokes with
    those radii gives the picture back; a filled loop, say, is lost in a skeleton.
    """

    strokes: tuple[np.ndarray, ...]
    faithful: bool


def enlarge(image: np.ndarray) -> np.ndarray:
    """The ink of a digit as uint8 [84, 84], 0 or 1, smooth-edged; `image` uint8 [28, 28], ink bright."""
    large = cv2.resize(image, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    ink = (cv2.GaussianBlur(large, (0, 0), 0.9) > _INK).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    if count > 2:
        areas = stats[1:, cv2.CC_STAT_AREA]
        kept = np.flatnonzero(areas >= 0.04 * areas.max()) + 1
        ink = np.isin(labels, kept).astype(np.uint8)
    return ink


def trace(ink: np.ndarray) -> Trace:
    """Find the strokes of `ink`, uint8 [h, w] of 0 and 1, by its skeleton and its distance field."""
    distance = cv2.distanceTransform(ink, cv2.DIST_L2, 5)
    paths = _join(_prune(_paths(thin(ink)), distance), distance)
    strokes = tuple(_smooth(path, distance) for path in paths)
    return Trace(strokes, bool(strokes) and _faithful(strokes, ink))


def thin(ink: np.ndarray) -> np.ndarray:
    """The skeleton of `ink`, uint8 [h, w] of 0 and 1, by the two-pass thinning of Zhang and Suen (1984)."""
    skeleton = ink.copy()
    while True:
        before = int(skeleton.sum())
        for table in _DELETE:
            codes = cv2.filter2D(skeleton, cv2.CV_8U, _WEIGHTS, borderType=cv2.BORDER_CONSTANT)
            skeleton &= table[codes]
        if int(skeleton.sum()) == before:
            return skeleton


def _zhang_suen() -> tuple[np.ndarray, np.ndarray]:
    """For each neighbourhood code, 0 where the pixel goes, 1 where it stays, in the first and the second pass."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1  # from the top left, clockwise
    p9, p2, p3, p4, p5, p6, p7, p8 = bits.T
    ring = np.stack([p2, p3, p4, p5, p6, p7, p8, p9, p2], axis=1)
    turns = ((ring[:, :-1] == 0) & (ring[:, 1:] == 1)).sum(axis=1)
    edge = (turns == 1) & (bits.sum(axis=1) >= 2) & (bits.sum(axis=1) <= 6)
    first = edge & (p2 * p4 * p6 == 0) & (p4 * p6 * p8 == 0)
    second = edge & (p2 * p4 * p8 == 0) & (p2 * p6 * p8 == 0)
    return (~first).astype(np.uint8), (~second).astype(np.uint8)


_DELETE = _zhang_suen()
_STEPS = ((-1, 0), (0, 1), (1, 0), (0, -1), (-1, -1), (-1, 1), (1, 1), (1, -1))

Pixel = tuple[int, int]


def _paths(skeleton: np.ndarray) -> list[list[Pixel]]:
    """The skeleton's pixels as paths between ends and junctions; a ring is a path that ends where it starts."""
    pixels = {(int(y), int(x)) for y, x in zip(*np.nonzero(skeleton), strict=True)}
    near = {pixel: _neighbours(pixel, pixels) for pixel in pixels}
    nodes = {pixel for pixel, around in near.items() if len(around) != 2}
    used: set[tuple[Pixel, Pixel]] = set()
    paths = []
    for node in sorted(nodes):
        for first in near[node]:
            if (node, first) in used:
                continue
            path = [node, first]
            while path[-1] not in nodes:
                a, b = near[path[-1]]
                path.append(b if a == path[-2] else a)
            used.update([(path[0], path[1]), (path[-1], path[-2])])
            paths.append(path)
    left = pixels - nodes - {pixel for path in paths for pixel in path}
    while left:
        start = min(left)
        path = [start, near[start][0]]
        while path[-1] != start:
            a, b = near[path[-1]]
            path.append(b if a == path[-2] else a)
        left -= set(path)
        paths.append(path)
    return paths


def _neighbours(pixel: Pixel, pixels: set[Pixel]) -> list[Pixel]:
    """Skeleton pixels beside one; a diagonal one only where no straight one leads there too."""
    y, x = pixel
    found = []
    for dy, dx in _STEPS:
        other = (y + dy, x + dx)
        if other in pixels and not (dy and dx and ((y + dy, x) in pixels or (y, x + dx) in pixels)):
            found.append(other)
    return found


def _prune(paths: list[list[Pixel]], distance: np.ndarray) -> list[list[Pixel]]:
    """Drop the hairs that a skeleton grows towards the bumps of an outline, shortest first."""
    while True:
        degree = _degrees(paths)
        hairs = [
            (len(path), index)
            for index, path in enumerate(paths)
            if (degree[path[0]] == 1) != (degree[path[-1]] == 1)
            and len(path) < 1.3 * max(float(distance[path[0]]), float(distance[path[-1]])) + 2
        ]
        if not hairs:
            return paths
        paths = _weld([path for index, path in enumerate(paths) if index != min(hairs)[1]])


def _weld(paths: list[list[Pixel]]) -> list[list[Pixel]]:
    """Make one path of two wherever nothing else meets them."""
    degree = _degrees(paths)
    for node in sorted(node for node, count in degree.items() if count == 2):
        ends = [path for path in paths if node in (path[0], path[-1])]
        if len(ends) == 2:
            one, two = ends
            one = one if one[-1] == node else one[::-1]
            two = two if two[0] == node else two[::-1]
            paths = [path for path in paths if path is not ends[0] and path is not ends[1]] + [one + two[1:]]
    return paths


def _degrees(paths: list[list[Pixel]]) -> dict[Pixel, int]:
    degree: dict[Pixel, int] = {}
    for path in paths:
        for end in (path[0], path[-1]):
            degree[end] = degree.get(end, 0) + 1
    return degree


def _join(paths: list[list[Pixel]], distance: np.ndarray) -> list[list[Pixel]]:
    """Lead strokes straight on through their junctions, as the pen did, so that smoothing does not cut corners.

    A short path between two junctions is where strokes cross or run along one another: its ends count as one place.
    """
    place: dict[Pixel, Pixel] = {end: end for path in paths for end in (path[0], path[-1])}
    kept = []
    for path in paths:
        a, b = place[path[0]], place[path[-1]]
        if a != b and len(path) < 1.6 * float(distance[path[0]]) + 1 and _degrees(paths)[path[0]] > 2:
            middle = path[len(path) // 2]
            place = {end: middle if home in (a, b) else home for end, home in place.items()}
        else:
            kept.append(path)
    if not kept:
        return paths
    ends: dict[Pixel, list[tuple[int, bool]]] = {}
    for index, path in enumerate(kept):
        ends.setdefault(place[path[0]], []).append((index, False))
        ends.setdefault(place[path[-1]], []).append((index, True))
    partner: dict[tuple[int, bool], tuple[int, bool]] = {}
    for meeting in ends.values():
        free = list(meeting)
        pairs = sorted(
            (float(_heading(kept[a[0]], a[1]) @ _heading(kept[b[0]], b[1])), a, b)
            for i, a in enumerate(free)
            for b in free[i + 1 :]
            if a[0] != b[0] or len(free) == 2
        )
        for cosine, a, b in pairs:
            if a in free and b in free and (cosine < -0.5 or len(meeting) == 2):
                partner[a], partner[b] = b, a
                free = [end for end in free if end not in (a, b)]
    return _chains(kept, partner)


def _heading(path: list[Pixel], at_end: bool) -> np.ndarray:
    """The direction in which a path leaves its end, from the pixels up to nine away."""
    walk = path[::-1] if at_end else path
    away = np.subtract(walk[min(9, len(walk) - 1)], walk[min(1, len(walk) - 1)]).astype(float)
    return away / max(float(np.linalg.norm(away)), 1e-6)


def _chains(paths: list[list[Pixel]], partner: dict[tuple[int, bool], tuple[int, bool]]) -> list[list[Pixel]]:
    chains, used = [], set()
    starts = [(index, end) for index in range(len(paths)) for end in (False, True)]
    for start in sorted(starts, key=lambda end: end in partner):  # loose ends first, then rings
        index, at_end = start
        if index in used:
            continue
        chain: list[Pixel] = []
        while index not in used:
            used.add(index)
            chain += paths[index][::-1] if at_end else paths[index]
            following = partner.get((index, not at_end))
            if following is None:
                break
            index, at_end = following
        chains.append(chain)
    return chains


def _smooth(path: list[Pixel], distance: np.ndarray) -> np.ndarray:
    """A path of pixels as a smooth stroke float32 [n, 3] of x, y and radius, its loose ends led to the ink's tips."""
    rows, columns = np.array(path).T
    samples = np.stack([columns, rows, distance[rows, columns]], axis=1).astype(np.float64)
    closed = len(path) > 8 and max(abs(path[0][0] - path[-1][0]), abs(path[0][1] - path[-1][1])) <= 1
    width = min(8, len(samples) - 1)
    if width > 0:
        if closed:
            padded = np.concatenate([samples[-width - 1 : -1], samples, samples[1 : width + 1]])
        else:
            mirrored = 2 * samples[0] - samples[width:0:-1], 2 * samples[-1] - samples[-2 : -width - 2 : -1]
            padded = np.concatenate([mirrored[0], samples, mirrored[1]])
        kernel = np.exp(-0.5 * (np.arange(-width, width + 1) / 2.2) ** 2)
        samples = np.stack([np.convolve(column, kernel / kernel.sum(), "valid") for column in padded.T], axis=1)
        samples[:, 2] = np.maximum(samples[:, 2], 0.5)
    if closed:
        samples[-1] = samples[0]
    elif len(samples) > 3:
        samples = np.concatenate([_tip(samples), samples, _tip(samples[::-1])])
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(samples[:, :2], axis=0), axis=1))])
    steps = np.linspace(0, length[-1], max(2, round(length[-1] / _SPACING) + 1))
    return np.stack([np.interp(steps, length, column) for column in samples.T], axis=1).astype(np.float32)


def _tip(samples: np.ndarray) -> np.ndarray:
    """The point half a radius before the first: a skeleton stops short of the ink's end."""
    away = samples[0, :2] - samples[min(3, len(samples) - 1), :2]
    away /= max(float(np.linalg.norm(away)), 1e-6)
    return np.append(samples[0, :2] + 0.5 * samples[0, 2] * away, samples[0, 2])[None]


def _faithful(strokes: tuple[np.ndarray, ...], ink: np.ndarray) -> bool:
    """Whether the strokes cover the ink and little else, and none of them is a filled loop."""
    canvas = np.zeros(ink.shape, np.uint8)
    for stroke in strokes:
        for x, y, radius in stroke:
            cv2.circle(canvas, (round(x * 16), round(y * 16)), round(radius * 16), 1, -1, cv2.LINE_8, 4)
    overlap = int((canvas & ink).sum()) / max(1, int((canvas | ink).sum()))
    radii = np.concatenate(strokes)[:, 2]
    return overlap > 0.8 and float(radii.max()) < 1.75 * float(np.median(radii)) + 0.5
