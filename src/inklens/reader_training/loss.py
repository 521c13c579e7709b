"""What the locator should have answered to a page, and how far its maps are from that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own convention)
from torch import Tensor

from inklens.reading.maps import STRIDE, UNIT

_SPREAD = 0.1  # of a box's side: the standard deviation of the hill that stands on its centre
_LEAST_SPREAD = 0.35  # cells
_NEAR = 0.3  # height of the hill from which a cell learns the box and the digit too
_BOX_WEIGHT, _DIGIT_WEIGHT = 2.0, 1.0
_SMOOTHING = 0.05


@dataclass(frozen=True)
class Targets:
    """What is true of the cells of some pages.

    `hill` float32 [n, h, w]: 1 in the cell of a digit's centre, falling off round it; `heed` float32 [n, h, w]: 0 where
    nobody can say whether there is a digit. The cells that learn boxes: `cells` int64 [m, 3] (page, row, column),
    `share` float32 [m] (they sum to 1 for each digit), `boxes` float32 [m, 4] in pixels, `labels` int64 [m].
    """

    hill: Tensor
    heed: Tensor
    cells: Tensor
    share: Tensor
    boxes: Tensor
    labels: Tensor
    digits: int


def make_targets(
    boxes: list[np.ndarray], labels: list[np.ndarray], ignore: list[np.ndarray], *, width: int, height: int
) -> Targets:
    """Targets for pages of `width` × `height` pixels with these boxes [k, 4], their labels [k], and boxes to ignore."""
    rows, columns = height // STRIDE, width // STRIDE
    hill = np.zeros((len(boxes), rows, columns), np.float32)
    heed = np.ones_like(hill)
    owner = np.full(hill.shape, -1, np.int64)
    number = 0
    for page, (page_boxes, page_ignore) in enumerate(zip(boxes, ignore, strict=True)):
        for x0, y0, x1, y1 in (page_ignore / STRIDE).tolist():
            heed[page, max(0, int(y0)) : int(y1 + 1), max(0, int(x0)) : int(x1 + 1)] = 0
        for x0, y0, x1, y1 in (page_boxes / STRIDE).tolist():
            _raise_hill(hill[page], owner[page], number, (x0, y0, x1, y1))
            number += 1
    heed[hill > _NEAR] = 1
    place = np.nonzero((owner >= 0) & (hill >= _NEAR))
    owners, heights = owner[place], hill[place]
    totals = np.bincount(owners, heights, minlength=max(1, number))
    every = np.concatenate(boxes) if boxes else np.zeros((0, 4))
    named = np.concatenate(labels) if labels else np.zeros(0)
    return Targets(
        hill=torch.from_numpy(hill),
        heed=torch.from_numpy(heed),
        cells=torch.from_numpy(np.stack(place, axis=1)),
        share=torch.from_numpy((heights / totals[owners]).astype(np.float32)),
        boxes=torch.from_numpy(every[owners].astype(np.float32)),
        labels=torch.from_numpy(named[owners].astype(np.int64)),
        digits=number,
    )


def _raise_hill(hill: np.ndarray, owner: np.ndarray, number: int, box: tuple[float, float, float, float]) -> None:
    """Put a hill on a box's centre, and the cells where it is the highest under `number`; `box` in cells."""
    x0, y0, x1, y1 = box
    column = min(max(int((x0 + x1) / 2), 0), hill.shape[1] - 1)
    row = min(max(int((y0 + y1) / 2), 0), hill.shape[0] - 1)
    across, down = (max(_LEAST_SPREAD, _SPREAD * side) for side in (x1 - x0, y1 - y0))
    reach_x, reach_y = int(3 * across) + 1, int(3 * down) + 1
    top, left = max(0, row - reach_y), max(0, column - reach_x)
    part = np.s_[top : row + reach_y + 1, left : column + reach_x + 1]
    high, wide = hill[part].shape
    bell_y = np.exp(-0.5 * ((np.arange(top, top + high) - row) / down) ** 2)
    bell_x = np.exp(-0.5 * ((np.arange(left, left + wide) - column) / across) ** 2)
    bell = (bell_y[:, None] * bell_x).astype(np.float32)
    higher = bell > hill[part]
    hill[part][higher] = bell[higher]
    owner[part][higher] = number


def locator_loss(maps: Tensor, targets: Targets, digits: float) -> tuple[Tensor, float]:
    """The loss of maps [n, 15, h, w] as a share of a batch that has `digits` in all, and the share of the pages' own
    digits that are named rightly where they are.

    The focal loss of Zhou et al. 2019 on the centres; the generalised IoU of Rezatofighi et al. 2019 on the boxes and
    the cross-entropy on the digits of the cells near a centre, weighted by the hill (after Liu et al. 2020, "TTFNet").
    """
    maps = maps.float()
    logits, truth = maps[:, 0], targets.hill
    sure = torch.sigmoid(logits)
    peak = (truth >= 1).float()
    gain = peak * (1 - sure) ** 2 * F.logsigmoid(logits)
    cost = (1 - peak) * (1 - truth) ** 4 * sure**2 * F.logsigmoid(-logits)
    centre = -((gain + cost) * targets.heed).sum() / digits
    page, row, column = targets.cells.unbind(1)
    found = maps[page, :, row, column]
    overlap = giou(decode_boxes(found[:, 1:5], row, column), targets.boxes)
    box = (targets.share * (1 - overlap)).sum() / digits
    named = F.cross_entropy(found[:, 5:], targets.labels, reduction="none", label_smoothing=_SMOOTHING)
    name = (targets.share * named).sum() / digits
    right = (targets.share * (found[:, 5:].argmax(1) == targets.labels)).sum().item()
    return centre + _BOX_WEIGHT * box + _DIGIT_WEIGHT * name, right / max(1, targets.digits)


def decode_boxes(found: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """Boxes [m, 4] in pixels of the values [m, 4] of the maps right, down, log_width, log_height at those cells."""
    x = (column + 0.5 + found[:, 0]) * STRIDE
    y = (row + 0.5 + found[:, 1]) * STRIDE
    half = torch.exp(found[:, 2:].clamp(-4, 4)) * (UNIT / 2)
    return torch.stack([x - half[:, 0], y - half[:, 1], x + half[:, 0], y + half[:, 1]], dim=1)


def giou(one: Tensor, two: Tensor) -> Tensor:
    """The generalised intersection over union of boxes [m, 4] with boxes [m, 4], -1 to 1."""
    low, high = torch.maximum(one[:, :2], two[:, :2]), torch.minimum(one[:, 2:], two[:, 2:])
    common = (high - low).clamp(min=0).prod(1)
    joined = (one[:, 2:] - one[:, :2]).prod(1) + (two[:, 2:] - two[:, :2]).prod(1) - common
    span = (torch.maximum(one[:, 2:], two[:, 2:]) - torch.minimum(one[:, :2], two[:, :2])).prod(1)
    return common / joined.clamp(min=1e-6) - (span - joined) / span.clamp(min=1e-6)
