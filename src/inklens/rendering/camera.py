"""How a page becomes a picture: where the camera stands, what its lens, its sensor and its software do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inklens.rendering.opencv import cv2

CAMERA: dict[str, float] = {
    "rotation": 0.6,
    "perspective": 0.45,
    "blur": 0.5,
    "motion": 0.1,
    "resample": 0.25,
    "exposure": 0.5,
    "noise": 0.6,
    "sharpen": 0.25,
    "scan": 0.1,
    "jpeg": 0.6,
    "inverted": 0.03,
}
"""Every effect by name, and how often it is found at full dirt."""


@dataclass(frozen=True)
class View:
    """Where the sheet's points lie in the picture: a homography, float64 [3, 3], of pixels to pixels."""

    matrix: np.ndarray

    def place(self, points: np.ndarray) -> np.ndarray:
        """Points [n, 2] of the sheet in the picture, float32."""
        mapped = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        return (mapped[:, :2] / np.maximum(mapped[:, 2:], 0.05)).astype(np.float32)

    def scale(self, x: float, y: float) -> float:
        """How many pixels of the picture a pixel of the sheet is long at (x, y), the mean of all directions."""
        square = self.place(np.array([[x, y], [x + 1, y], [x, y + 1]], float))
        (a, b), (c, d) = square[1] - square[0], square[2] - square[0]
        return float(np.sqrt(abs(a * d - b * c)))


def stand(rng: np.random.Generator, kinds: list[str], width: int, height: int, dirt: float, shrink: float) -> View:
    """Choose a place for the camera. `shrink` below 1 stands further back, so that the sheet's edges show."""
    angle = 0.0
    if "rotation" in kinds:
        angle = np.radians(rng.normal(0, 3) if rng.random() < 0.85 else rng.normal(0, 14)) * (0.3 + 0.7 * dirt)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    middle = np.array([width, height]) / 2
    cos, sin = np.cos(angle) * shrink, np.sin(angle) * shrink
    moved = (corners - middle) @ np.array([[cos, sin], [-sin, cos]]) + middle
    if "perspective" in kinds:
        moved = moved + rng.uniform(-0.5, 0.5, (4, 2)) * np.array([width, height]) * 0.16 * dirt
    if shrink < 1:
        moved = moved + rng.uniform(-0.5, 0.5, 2) * (1 - shrink) * middle
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32))
    return View(np.asarray(matrix, np.float64))


@dataclass
class Damage:
    """What the camera did to fine detail: the blur's standard deviation in pixels and the noise's in grey levels."""

    blur: float = 0.0
    noise: float = 0.0


def take(rng: np.random.Generator, page: np.ndarray, kinds: list[str], dirt: float) -> tuple[np.ndarray, Damage]:
    """Take a picture of `page`, float32 [height, width, channels] of 0 to 255; returns uint8 of its shape."""
    damage = Damage()
    height, width = page.shape[:2]
    if "blur" in kinds:
        damage.blur = float(np.exp(rng.uniform(np.log(0.4), np.log(0.5 + 1.8 * dirt))))
        page = _keep_channels(cv2.GaussianBlur(page, (0, 0), damage.blur))
    if "motion" in kinds:
        length = rng.uniform(2, 2 + 7 * dirt)
        page = _keep_channels(
            cv2.filter2D(page, -1, _streak(length, rng.uniform(0, np.pi)), borderType=cv2.BORDER_REFLECT)
        )
        damage.blur = float(np.hypot(damage.blur, 0.29 * length))
    if "resample" in kinds:
        factor = float(np.exp(rng.uniform(np.log(0.28), np.log(0.9))))  # small pictures are enlarged to be read
        small = cv2.resize(page, (round(width * factor), round(height * factor)), interpolation=cv2.INTER_AREA)
        way = cv2.INTER_LINEAR if rng.random() < 0.6 else cv2.INTER_CUBIC
        page = _keep_channels(cv2.resize(small, (width, height), interpolation=way))
        damage.blur = float(np.hypot(damage.blur, 0.5 / factor))
    if "exposure" in kinds:
        gain, gamma = np.exp(rng.normal(-0.05, 0.22 * dirt)), np.exp(rng.normal(0, 0.18 * dirt))
        page = 255 * np.power(np.clip(page * gain, 0, 255) / 255, gamma)
    if "noise" in kinds:
        damage.noise = float(np.exp(rng.uniform(np.log(0.8), np.log(1.5 + 9 * dirt))))
        noise = rng.standard_normal((height, width, 1), dtype=np.float32)
        if rng.random() < 0.4:
            noise = _keep_channels(cv2.GaussianBlur(noise, (0, 0), 0.7)) * 2
        page = page + damage.noise * noise * np.sqrt(0.35 + np.clip(page, 0, 255) / 200)
    if "sharpen" in kinds:
        soft = _keep_channels(cv2.GaussianBlur(page, (0, 0), rng.uniform(0.8, 2.0)))
        page = page + rng.uniform(0.4, 1.8) * (page - soft)
    if "scan" in kinds:
        page = _scan(rng, page)
    picture = np.clip(np.rint(page), 0, 255).astype(np.uint8)
    if "jpeg" in kinds:
        quality = int(rng.uniform(95 - 65 * dirt, 96))
        data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        way = cv2.IMREAD_COLOR if picture.shape[2] == 3 else cv2.IMREAD_GRAYSCALE
        picture = _keep_channels(np.asarray(cv2.imdecode(data, way)))[..., ::-1]
    if "inverted" in kinds:
        picture = 255 - picture
    return np.ascontiguousarray(picture), damage


def _scan(rng: np.random.Generator, page: np.ndarray) -> np.ndarray:
    """What a scanner's software does: the paper becomes white, the ink stronger."""
    height, width = page.shape[:2]
    small = cv2.resize(page.mean(axis=2), (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    if float(np.median(small)) < 110:
        return page  # a board: nobody's scanner takes that for paper
    if rng.random() < 0.6:  # the light is taken out
        level = cv2.dilate(small, np.ones((7, 7), np.uint8))
        level = cv2.resize(cv2.GaussianBlur(level, (0, 0), 6), (width, height))
        page = page * (225 / np.maximum(level, 60))[..., None]
        small = cv2.resize(page.mean(axis=2), (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    paper, ink = np.percentile(small, [60, 1])
    span = max(40.0, float(paper - ink))
    white, black = paper - rng.uniform(0.05, 0.3) * span, paper - span * rng.uniform(0.75, 1.0)
    stretched: np.ndarray = (page - black) * (255 / (white - black))
    return stretched


def _streak(length: float, angle: float) -> np.ndarray:
    """A kernel that moves a picture along a straight line of `length` pixels."""
    size = int(np.ceil(length)) | 1
    kernel = np.zeros((size, size), np.float32)
    centre, half = size / 2 - 0.5, length / 2 - 0.5
    step = np.array([np.cos(angle), np.sin(angle)]) * half
    ends = [tuple(round(float(v) * 16) for v in centre + way * step) for way in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_8, 4)
    return kernel / max(float(kernel.sum()), 1.0)


def _keep_channels(page: np.ndarray) -> np.ndarray:
    """OpenCV drops a single channel's axis; put it back."""
    return page if page.ndim == 3 else page[..., None]
