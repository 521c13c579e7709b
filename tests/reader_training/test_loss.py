from __future__ import annotations

import numpy as np
import torch

from inklens.reader_training.loss import Targets, decode_boxes, giou, locator_loss, make_targets
from inklens.reading.find import decode
from inklens.reading.maps import CHANNELS
from inklens.reading.views import View

BOXES = np.array([[30, 40, 50, 80], [200, 100, 260, 220], [303, 221, 320, 240], [0, 0, 9, 14]], np.int16)
LABELS = np.array([7, 0, 3, 9])
NOTHING = np.zeros((0, 4), np.int16)


def targets(boxes: np.ndarray = BOXES, labels: np.ndarray = LABELS, ignore: np.ndarray = NOTHING) -> Targets:
    return make_targets([boxes], [labels], [ignore], width=320, height=256)


def ideal_maps(wanted: Targets) -> torch.Tensor:
    """Maps that answer exactly what is wanted."""
    pages, rows, columns = wanted.hill.shape
    maps = torch.zeros((pages, len(CHANNELS), rows, columns))
    maps[:, 0] = torch.logit(wanted.hill.clamp(1e-4, 1 - 1e-4))
    page, row, column = wanted.cells.unbind(1)
    x0, y0, x1, y1 = wanted.boxes.unbind(1)
    for channel, value in enumerate(
        ((x0 + x1) / 8 - column - 0.5, (y0 + y1) / 8 - row - 0.5, ((x1 - x0) / 16).log(), ((y1 - y0) / 16).log()), 1
    ):
        maps[page, channel, row, column] = value
    maps[page, 5 + wanted.labels, row, column] = 30.0
    return maps


def test_ideal_maps_decode_to_the_boxes_that_they_were_made_of() -> None:
    maps = ideal_maps(targets())[0].numpy()
    found = decode(maps, View(0, 0, 0, 320, 256, 320, 256), 0.5, (320, 256))
    wanted = sorted((tuple(box), label) for box, label in zip(BOXES.tolist(), LABELS.tolist(), strict=True))
    assert sorted((mark.box, int(mark.names.argmax())) for mark in found) == wanted


def test_ideal_maps_cost_next_to_nothing_and_others_more() -> None:
    wanted = targets()
    maps = ideal_maps(wanted)
    loss, right = locator_loss(maps, wanted, 4.0)
    assert right == 1.0
    worse, wrong = locator_loss(torch.roll(maps, 3, dims=3), wanted, 4.0)
    assert float(worse) > 10 * float(loss)
    assert wrong < 1


def test_hill_is_one_in_the_cell_of_each_centre_only() -> None:
    hill = targets().hill[0]
    assert [tuple(place) for place in (hill >= 1).nonzero().tolist()] == [(1, 1), (15, 10), (40, 57), (57, 77)]
    assert 0 < float(hill[15, 11]) < 1
    assert float(hill[30, 30]) == 0


def test_shares_of_a_digit_s_cells_sum_to_one() -> None:
    wanted = targets()
    for box, label in zip(BOXES, LABELS, strict=True):
        own = (wanted.boxes == torch.from_numpy(box.astype(np.float32))).all(1)
        np.testing.assert_allclose(float(wanted.share[own].sum()), 1, rtol=1e-6)
        assert (wanted.labels[own] == label).all()
    assert wanted.digits == 4


def test_ignored_places_cost_nothing_unless_a_digit_is_there() -> None:
    wanted = targets(ignore=np.array([[40, 40, 120, 120], [-20, 230, 10, 300]], np.int16))
    heed = wanted.heed[0]
    assert (heed[22:30, 18:30] == 0).all()
    assert (heed[58:, :2] == 0).all()
    assert heed[15, 10] == 1  # the first digit's centre lies in the ignored box
    assert heed[5, 60] == 1
    maps = ideal_maps(wanted)
    loss, _ = locator_loss(maps, wanted, 4.0)
    maps[0, 0, 25, 25] = 9.0  # a false find where nobody can say
    assert float(locator_loss(maps, wanted, 4.0)[0]) == float(loss)
    maps[0, 0, 5, 60] = 9.0
    assert float(locator_loss(maps, wanted, 4.0)[0]) > float(loss) + 1


def test_pages_without_digits_have_a_loss() -> None:
    blank = make_targets([NOTHING] * 2, [np.zeros(0, np.int64)] * 2, [NOTHING] * 2, width=320, height=256)
    maps = torch.zeros((2, 15, 64, 80), requires_grad=True)
    loss, right = locator_loss(maps, blank, 4.0)
    loss.backward()
    assert right == 0
    assert loss.item() > 0
    assert maps.grad is not None
    assert torch.isfinite(maps.grad).all()


def test_centre_beside_the_page_is_put_at_its_edge() -> None:
    wanted = targets(np.array([[310, 230, 350, 300]], np.int16), np.array([1]))
    assert (wanted.hill[0] >= 1).nonzero().tolist() == [[63, 79]]


def test_boxes_are_decoded_in_pixels() -> None:
    found = decode_boxes(torch.tensor([[0.5, -0.5, 0.0, float(np.log(2.0))]]), torch.tensor([3]), torch.tensor([9]))
    torch.testing.assert_close(found, torch.tensor([[32.0, -4.0, 48.0, 28.0]]))


def test_generalised_overlap_by_hand() -> None:
    one = torch.tensor([[0.0, 0, 2, 2], [0, 0, 1, 1], [0, 0, 2, 2]])
    two = torch.tensor([[0.0, 0, 2, 2], [2, 0, 3, 1], [1, 0, 3, 2]])
    torch.testing.assert_close(giou(one, two), torch.tensor([1.0, -1 / 3, 1 / 3]))
