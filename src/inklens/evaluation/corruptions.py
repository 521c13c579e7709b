"""The 15 corruptions of MNIST-C: ways in which a digit can be spoilt that no recipe here has seen in training.

Source: Mu, Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision", 2019 (arXiv 1906.02337). Written anew from
the published parameters, one fixed strength each; the published images themselves differ in their random draws.

Every corruption takes images uint8 [n, 28, 28], ink bright on 0, and a np.random.Generator, and returns new images of
the same shape and dtype; signs, angles, rows and noise are drawn for each image on its own. They exist to measure
with: no module that trains imports this one, and a test watches that.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inklens.errors import InklensError

Corruption = Callable[[np.ndarray, np.random.Generator], np.ndarray]

SIZE = 28
MIDDLE = 13.5  # of rows and columns, which count from 0
LINE_REACH = 2.3  # pixels above and below a line's middle where its brightness, 1 + ln(1 - d/2.3), would fall to -inf
FOG_MAP, FOG_DECAY, FOG_STRENGTH = 256, 1.4, 3.0
FOG_CHUNK = 32  # maps at once: 8 MB, which caches hold


def corrupt(images: np.ndarray, name: str, seed: int) -> np.ndarray:
    """Spoil images by one of CORRUPTIONS; the same images, name and seed give the same result.

    images: uint8 [n, 28, 28], ink bright on 0. Returns the same shape and dtype; the given images stay as they are.
    Raises InklensError for a name that is not there or images of another kind.
    """
    if name not in CORRUPTIONS:
        raise InklensError(f"no corruption is called {name!r}; there are {', '.join(CORRUPTIONS)}.")
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (SIZE, SIZE):
        raise InklensError(
            f"corruptions take images uint8 [n, {SIZE}, {SIZE}], not {images.dtype} {list(images.shape)}."
        )
    return CORRUPTIONS[name](images, np.random.default_rng([seed, list(CORRUPTIONS).index(name)]))


def identity(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:  # noqa: ARG001 (one signature for all)
    """The images as they are."""
    return images.copy()


def shot_noise(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Too little light: each pixel counts photons, three on the average where it is white."""
    return _pixels(rng.poisson(_fractions(images) * 3) / 3)


def impulse_noise(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Salt and pepper: 17 % of the pixels become black or white, as likely the one as the other."""
    hit, salt = rng.random(images.shape) < 0.17, rng.random(images.shape) < 0.5
    return np.where(hit, np.where(salt, 255, 0), images).astype(np.uint8)


def glass_blur(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Frosted glass: blurred by sigma 0.7, pixels swapped with close ones, blurred again.

    Two passes from the bottom right to the top left; each pixel changes places, with a chance of 1/2, with one that
    lies 0 or 1 to the left and 0 or 1 above.
    """
    x = _blur(_fractions(images), 0.7)
    everyone = np.arange(len(x))
    for _ in range(2):
        for row in range(SIZE - 1, 1, -1):
            for column in range(SIZE - 1, 1, -1):
                moves = rng.random(len(x)) < 0.5
                up, left = rng.integers(0, 2, (2, len(x))) * moves
                swapped = x[everyone, row - up, column - left]
                x[everyone, row - up, column - left] = x[:, row, column]
                x[:, row, column] = swapped
    return _pixels(_blur(x, 0.7))


def motion_blur(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The hand moved: smeared along a line of up to 20 pixels by half a Gaussian of sigma 3, at -45 to 45 degrees.

    That is ImageMagick's motion blur of radius 10: whole pixels on the line, the border repeated outwards.
    """
    x, angles = _fractions(images), np.deg2rad(rng.uniform(-45, 45, len(images)))
    steps = np.arange(21)
    weights = np.exp(-(steps**2) / (2 * 3.0**2))
    weights /= weights.sum()
    everyone, places = np.arange(len(x))[:, None, None], np.arange(SIZE)
    smeared = np.zeros_like(x)
    for step, weight in zip(steps, weights.astype(np.float32), strict=True):
        across, down = (np.ceil(step * way(angles) - 0.5).astype(int) for way in (np.cos, np.sin))
        rows, columns = (np.clip(places + shift[:, None], 0, SIZE - 1) for shift in (down, across))
        smeared += weight * x[everyone, rows[:, :, None], columns[:, None, :]]
    return _pixels(smeared)


def shear(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Slanted about the middle: the downward axis turned by 0.4 radians to either side, the axis across kept."""
    angle = 0.4 * _signs(rng, len(images))
    one, nought = np.ones_like(angle), np.zeros_like(angle)
    return _warp(images, np.array([[one, -np.sin(angle)], [nought, np.cos(angle)]]))


def scale(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:  # noqa: ARG001
    """70 % as large, about the middle."""
    return _warp(images, np.tile(np.eye(2)[:, :, None] / 0.7, (1, 1, len(images))))


def rotate(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turned about the middle by 0.4 radians (22.9 degrees) to either side."""
    angle = 0.4 * _signs(rng, len(images))
    return _warp(images, np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]))


def brightness(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:  # noqa: ARG001
    """Half of the range added to every pixel: paper becomes grey, ink stays white."""
    return _pixels(_fractions(images) + 0.5)


def translate(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Moved by 3 pixels to the left or right, and by 3 up or down."""
    padded = np.pad(images, ((0, 0), (3, 3), (3, 3)))
    rows, columns = (np.arange(SIZE) + 3 - 3 * _signs(rng, len(images))[:, None].astype(int) for _ in range(2))
    return padded[np.arange(len(images))[:, None, None], rows[:, :, None], columns[:, None, :]]


def stripe(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:  # noqa: ARG001
    """The seven columns at the left and the seven at the right inverted."""
    striped = images.copy()
    for columns in (slice(0, 7), slice(21, 28)):
        striped[:, :, columns] = 255 - striped[:, :, columns]
    return striped


def fog(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Clouds three times as bright as the ink laid over it, then all darkened to fit the range."""
    x = _fractions(images)
    brightest = x.max(axis=(1, 2), keepdims=True, initial=0)
    return _pixels((x + FOG_STRENGTH * _clouds(len(x), rng)) * brightest / (brightest + FOG_STRENGTH))


def spatter(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Drops of mud: grey spots with soft edges where a blurred field of noise is above its mean."""
    field = _blur(rng.normal(0.65, 0.3, images.shape).astype(np.float32), 1.0)
    mud = _blur((field > 0.65).astype(np.float32), 1.5)
    mud[mud < 0.8] = 0
    return _pixels(_fractions(images) * (1 - mud) + 63 / 255 * mud)


def dotted_line(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A straight line from the left side to the right, of which two columns are left out and two are drawn in turn."""
    start, end = rng.integers(0, 27, (2, len(images))).astype(float)
    line = _line(np.zeros(len(images)), start, np.full(len(images), 27.0), end)
    return _pixels(_fractions(images) + line * (np.arange(SIZE) // 2 % 2 == 1))


def zigzag(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A zigzag from column 2 to 25 about a line that starts in any row and ends within -5 to 4 rows of it.

    It reaches 2 pixels to either side of that line and changes its way every 4 pixels.
    """
    start = rng.integers(0, 27, len(images)).astype(float)
    angle = np.arctan(rng.integers(-5, 5, len(images)) / (25 - 2))
    length = (25 - 2) / np.cos(angle)  # between 23 and 23.6, so that there are always six peaks
    peaks = 2.0 * (-1) ** np.arange(6)
    # the published zigzag ends a little beside its line
    along = np.concatenate([np.tile([0, *range(2, 23, 4)], (len(images), 1)), length[:, None]], 1)
    aside = np.concatenate([np.tile([0, *peaks], (len(images), 1)), (peaks[-1] / (2 * (length - 20)))[:, None]], 1)
    columns = 2 + along * np.cos(angle)[:, None] - aside * np.sin(angle)[:, None]
    rows = start[:, None] + along * np.sin(angle)[:, None] + aside * np.cos(angle)[:, None]
    x = _fractions(images)
    for piece in range(along.shape[1] - 1):
        x = x + _line(columns[:, piece], rows[:, piece], columns[:, piece + 1], rows[:, piece + 1])
    return _pixels(x)


def canny_edges(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:  # noqa: ARG001
    """Only the edges, white and one pixel thin, by Canny's detector with sigma 1 and thresholds 0.1 and 0.2.

    Source: Canny, "A Computational Approach to Edge Detection", PAMI 8 (1986); gradients by Sobel's unscaled filters.
    """
    x = _blur(_fractions(images), 1.0)
    smooth_rows = x[:, :-2] + 2 * x[:, 1:-1] + x[:, 2:]
    smooth_columns = x[:, :, :-2] + 2 * x[:, :, 1:-1] + x[:, :, 2:]
    across = smooth_rows[:, :, 2:] - smooth_rows[:, :, :-2]
    down = smooth_columns[:, 2:] - smooth_columns[:, :-2]
    slope = np.pad(np.hypot(across, down), ((0, 0), (1, 1), (1, 1)))  # nothing is found on the border itself
    thin = _is_crest(slope, across, down)
    possible, certain = thin & (slope >= 0.1), thin & (slope >= 0.2)
    return np.where(_grow(certain, possible), 255, 0).astype(np.uint8)


CORRUPTIONS: dict[str, Corruption] = {
    function.__name__: function
    for function in (
        shot_noise,
        impulse_noise,
        glass_blur,
        motion_blur,
        shear,
        scale,
        rotate,
        brightness,
        translate,
        stripe,
        fog,
        spatter,
        dotted_line,
        zigzag,
        canny_edges,
        identity,
    )
}


def _fractions(images: np.ndarray) -> np.ndarray:
    """Pixels as float32, 0 to 1."""
    return images.astype(np.float32) / 255


def _pixels(x: np.ndarray) -> np.ndarray:
    """Values cut off at 0 and 1, as uint8."""
    return np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8)


def _signs(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.choice([-1.0, 1.0], n)


def _blur(x: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian blur of x [n, 28, 28], cut off at 4 sigma, the border repeated outwards."""
    reach = int(4 * sigma + 0.5)
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-(steps**2) / (2 * sigma**2))
    places = np.arange(SIZE)[:, None]
    matrix = np.zeros((SIZE, SIZE))
    np.add.at(matrix, (places, np.clip(places + steps, 0, SIZE - 1)), weights / weights.sum())
    matrix = matrix.astype(x.dtype)
    return np.asarray(matrix @ x @ matrix.T)


def _warp(images: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Each pixel read from elsewhere, bilinear, 0 outside. matrices: float [2, 2, n], from an output pixel's (x, y)
    about the middle to where it is read."""
    padded = np.pad(_fractions(images), ((0, 0), (1, 2), (1, 2)))
    down, across = np.mgrid[:SIZE, :SIZE] - MIDDLE
    everyone = np.arange(len(images))[:, None, None]

    def source(row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Whole part, in the padded images, and fraction; far outside is as good as just outside."""
        place = np.clip(row[0][:, None, None] * across + row[1][:, None, None] * down + MIDDLE, -1, SIZE) + 1
        whole = np.floor(place).astype(int)
        return whole, (place - whole).astype(np.float32)

    (column, right), (row, below) = source(matrices[0]), source(matrices[1])
    top = padded[everyone, row, column] * (1 - right) + padded[everyone, row, column + 1] * right
    bottom = padded[everyone, row + 1, column] * (1 - right) + padded[everyone, row + 1, column + 1] * right
    return _pixels(top * (1 - below) + bottom * below)


def _clouds(n: int, rng: np.random.Generator) -> np.ndarray:
    """The top left 28×28 of n plasma fractals of 256×256 whose values fill 0 to 1: float32 [n, 28, 28].

    Diamond-square (Fournier, Fussell, Carpenter, CACM 25, 1982) on a torus: each new point is the mean of its four
    neighbours and a random step. The published steps are a number times a draw between minus and plus that number, and
    the number falls by the decay from one grid to the next finer one: so they shrink by its square.
    """
    crops = np.empty((n, SIZE, SIZE), np.float32)
    for start in range(0, n, FOG_CHUNK):
        count = min(FOG_CHUNK, n - start)
        clouds = np.zeros((count, FOG_MAP, FOG_MAP), np.float32)
        gap, step = FOG_MAP, np.float32(1.0)
        while gap >= 2:
            half = gap // 2

            def draw(points: int, step: np.float32 = step, count: int = count) -> np.ndarray:
                return np.asarray((rng.random((count, points, points), np.float32) * 2 - 1) * step)

            corners = clouds[:, ::gap, ::gap]
            pairs = corners + np.roll(corners, -1, 1)
            middles = (pairs + np.roll(pairs, -1, 2)) / 4 + draw(FOG_MAP // gap)
            clouds[:, half::gap, half::gap] = middles
            beside = corners + np.roll(corners, -1, 2) + middles + np.roll(middles, 1, 1)
            clouds[:, ::gap, half::gap] = beside / 4 + draw(FOG_MAP // gap)
            above = corners + np.roll(corners, -1, 1) + middles + np.roll(middles, 1, 2)
            clouds[:, half::gap, ::gap] = above / 4 + draw(FOG_MAP // gap)
            gap, step = half, np.float32(step / FOG_DECAY**2)
        lowest, highest = (edge(clouds, axis=(1, 2), keepdims=True) for edge in (np.min, np.max))
        crops[start : start + count] = (clouds[:, :SIZE, :SIZE] - lowest) / (highest - lowest)
    return crops


def _line(x0: np.ndarray, y0: np.ndarray, x1: np.ndarray, y1: np.ndarray) -> np.ndarray:
    """The brightness, 0 to 1, of a straight line from column x0 and row y0 to x1 and y1, each float [n]: [n, 28, 28].

    Columns from the one that holds x0 to the one before x1; 1 + ln(1 - d/2.3) at a vertical distance of d pixels.
    """
    columns, rows = np.arange(SIZE), np.arange(SIZE)[:, None]
    middle = y0[:, None] + ((y1 - y0) / (x1 - x0))[:, None] * (columns - x0[:, None])
    distance = np.minimum(np.abs(rows - middle[:, None, :]), LINE_REACH - 1e-9)
    light = np.maximum(1 + np.log1p(-distance / LINE_REACH), 0)
    drawn = (columns >= np.floor(x0)[:, None]) & (columns < np.ceil(x1)[:, None])
    return np.asarray(light * drawn[:, None, :])


def _is_crest(slope: np.ndarray, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Where the slope [n, 28, 28] is no less than on either side along its gradient (both [n, 26, 26], without the
    border), interpolated between the two neighbours there: bool [n, 28, 28]."""
    steep = np.abs(down) > np.abs(across)
    larger, smaller = (pick(np.abs(down), np.abs(across)) for pick in (np.maximum, np.minimum))
    share = np.divide(smaller, larger, out=np.zeros_like(larger), where=larger > 0)
    sign_x, sign_y = np.where(across < 0, -1, 1), np.where(down < 0, -1, 1)
    image, row, column = np.ogrid[: len(slope), 1 : SIZE - 1, 1 : SIZE - 1]
    crest = np.ones(across.shape, bool)
    for way in (1, -1):
        straight = slope[image, row + way * sign_y * steep, column + way * sign_x * ~steep]
        diagonal = slope[image, row + way * sign_y, column + way * sign_x]
        crest &= slope[:, 1:-1, 1:-1] >= straight * (1 - share) + diagonal * share
    return np.pad(crest, ((0, 0), (1, 1), (1, 1)))


def _grow(certain: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """The parts of `possible`, joined over sides and corners, that hold a `certain` pixel: bool [n, 28, 28]."""
    grown, count = certain, -1
    while count != (count := int(grown.sum())):
        wide = np.pad(grown, ((0, 0), (0, 0), (1, 1)))
        wide = wide[:, :, :-2] | wide[:, :, 1:-1] | wide[:, :, 2:]
        high = np.pad(wide, ((0, 0), (1, 1), (0, 0)))
        grown = (high[:, :-2] | high[:, 1:-1] | high[:, 2:]) & possible
    return grown
