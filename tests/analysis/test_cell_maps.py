"""Faded and smoothed maps against hand arithmetic and a sum over events."""

import numpy as np
import pytest
from scipy.special import ndtr

from gis_app.analysis.cell_maps import cell_map, sharpened, steady_map
from gis_app.analysis.event_history import event_history
from gis_app.analysis.lattice import Lattice

ROW = Lattice(100.0, 0, 0, np.ones((1, 3), dtype=bool))


def square(side):
    return Lattice(100.0, 0, 0, np.ones((side, side), dtype=bool))


def test_an_event_counts_half_after_a_half_life():
    history = event_history(ROW, [50, 150], y=[50, 50], day=[0, 10], until=10.0001)
    assert cell_map(history, half_life_days=10) == pytest.approx([1 / 3, 2 / 3, 0], abs=1e-5)
    assert cell_map(history) == pytest.approx([0.5, 0.5, 0])


def test_a_later_map_is_built_upon_an_earlier_one():
    chance = np.random.default_rng(4)
    x, y, day = chance.random(200) * 1000, chance.random(200) * 1000, chance.random(200) * 100
    together = event_history(square(10), x, y=y, day=day, until=100)
    for moment in (30, 60, 45, 100):
        alone = event_history(square(10), x, y=y, day=day, until=moment)
        built = cell_map(together.before(moment), half_life_days=20)
        assert built == pytest.approx(cell_map(alone, half_life_days=20), rel=1e-9)


@pytest.mark.parametrize("spread", [1.0, 3.0])
def test_smoothing_spreads_an_event_as_a_gaussian(spread):
    lattice = square(41)
    # In the middle of the middle cell, as far as nodes tell: the four nodes around it.
    x, y = [2025, 2075, 2025, 2075], [2025, 2025, 2075, 2075]
    history = event_history(lattice, x, y=y, day=[0] * 4, until=1)
    edges = np.arange(42) - 20.5
    along = np.diff(ndtr(edges / spread))
    expected = np.outer(along, along)
    error = np.abs(lattice.raster(cell_map(history, spread_cells=spread)) - expected)
    assert error.max() < 0.06 * expected.max()


def test_nothing_known_is_even():
    history = event_history(ROW, [950], y=[50], day=[0], until=1)
    assert cell_map(history).tolist() == [1 / 3] * 3


def test_maps_have_a_total_of_one():
    history = event_history(square(5), [10, 20, 480], y=[10, 20, 480], day=[0, 1, 2], until=3)
    assert cell_map(history, half_life_days=2, spread_cells=4.0).sum() == pytest.approx(1.0)


def test_a_burst_counts_once_in_the_periods_with_an_event():
    # Five at once in the first cell; two in the second, ten days apart; in periods of seven days those are two.
    x = [50, 50, 50, 50, 50, 150, 150]
    history = event_history(ROW, x, y=[50] * 7, day=[3, 3, 3, 3, 3, 1, 11], until=12.0)
    assert steady_map(history, period_days=7.0) == pytest.approx([1 / 3, 2 / 3, 0])
    # In one period that holds all of them, each cell is busy once.
    assert steady_map(history, period_days=30.0) == pytest.approx([1 / 2, 1 / 2, 0])
    assert steady_map(history.before(0.5), period_days=7.0) == pytest.approx([1 / 3] * 3)


def test_a_sharpened_map_is_hotter_where_it_is_hot():
    assert sharpened(np.array([0.6, 0.3, 0.1]), 2.0) == pytest.approx([0.36 / 0.46, 0.09 / 0.46, 0.01 / 0.46])
