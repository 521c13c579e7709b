from __future__ import annotations

import numpy as np
import pytest

from inklens.errors import DataError
from inklens.rendering import tokens
from inklens.rendering.glyphs import add_bar, add_flag
from inklens.rendering.strokes import load_skeletons, parse_skeletons


def test_every_digit_has_several_ways_of_about_a_digits_height() -> None:
    skeletons = load_skeletons()
    for digit in "0123456789":
        assert len(skeletons[digit]) >= 4
        for way in skeletons[digit]:
            left, top, right, bottom = way.write(np.random.default_rng(0), wobble=0).bounds()
            assert (round(top, 1), round(bottom, 1)) in {(-1.0, 0.0), (-1.0, -0.0), (-0.9, 0.0), (-1.0, 0.1)}, way
            assert right - left < 0.75


def test_ways_that_mnist_lacks_are_there() -> None:
    variants = {character: {way.variant for way in ways} for character, ways in load_skeletons().items()}
    assert {"flag", "flag-long", "serif"} <= variants["1"]
    assert {"crossed", "crossed-curved"} <= variants["7"]
    assert {"open", "lightning"} <= variants["4"]
    assert "curled" in variants["9"]
    assert "looped" in variants["2"]


def test_every_character_that_is_written_has_strokes() -> None:
    rng = np.random.default_rng(0)
    written = {c for _ in range(3000) for c in tokens.text(rng) + tokens.marks(rng)} - {" "}
    assert written <= set(load_skeletons())


def test_curve_runs_through_its_points_and_breaks_at_corners() -> None:
    (way,) = parse_skeletons("[digits]\n7 plain 1 0,0 60,0 / 20,100")["7"]
    (stroke,) = way.write(np.random.default_rng(0), wobble=0).strokes
    for point in ([0, -1], [0.6, -1], [0.2, 0]):
        assert np.abs(stroke - np.array(point)).sum(axis=1).min() < 1e-6
    assert np.allclose(stroke[:7, 1], -1)


def test_damaged_line_is_named() -> None:
    with pytest.raises(DataError, match="line 3: expected a character, a variant, a weight and points"):
        parse_skeletons("[digits]\n1 plain 1 0,0 0,100\n2 plain one 0,0 0,100")
    with pytest.raises(DataError, match="line 1: no section is called 'numbers'; there are digits, letters"):
        parse_skeletons("[numbers]")


def test_flag_and_bar_are_new_strokes_that_meet_the_stem() -> None:
    rng = np.random.default_rng(5)
    (plain,) = (way for way in load_skeletons()["1"] if way.variant == "plain")
    one = plain.write(rng, wobble=0)
    flagged = add_flag(one, rng)
    assert len(flagged.strokes) == 2
    tip, top = flagged.strokes[1][0], flagged.strokes[1][-1]
    assert tip[0] < top[0] - 0.05
    assert tip[1] > top[1] + 0.05
    np.testing.assert_allclose(top, one.strokes[0][one.strokes[0][:, 1].argmin()], atol=1e-6)
    (plain,) = (way for way in load_skeletons()["7"] if way.variant == "plain")
    bar = add_bar(plain.write(rng, wobble=0), rng).strokes[1]
    assert -0.6 < bar[:, 1].mean() < -0.35
    assert np.ptp(bar[:, 0]) > 0.2
