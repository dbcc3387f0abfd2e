"""Every class of emerging hot spots from a series made for it, and steps cut from a history."""

import numpy as np
import pytest

from gis_app.analysis.emerging import EMERGING_CLASSES, RULES, emerging_classes, gi_star_by_period
from gis_app.analysis.event_history import event_history
from gis_app.analysis.gi_star import getis_ord_gi_star
from gis_app.analysis.lattice import Lattice, queen_pairs_of_cells

RISE = [0.1 * step for step in range(10)]
SERIES = {
    # z of ten steps; hot above 2, cold below -2.
    "new": [0, 1, 0, 1, 0, 1, 0, 1, 0, 3],
    "consecutive": [0, 1, 0, 1, 0, 1, 0, 3, 3.5, 3],
    "intensifying": [2.5 + rise for rise in RISE],
    "persistent": [3, 4, 3, 4, 3, 4, 3, 4, 3, 4],
    "diminishing": [4.5 - rise for rise in RISE],
    "sporadic": [0, 3, 0, 1, 3, 0, 1, 0, 0, 3],
    "oscillating": [-3, 3, 0, -3, 1, 0, 3, 0, 1, 3],
    "historical": [3, 4, 3, 4, 3, 4, 3, 4, 3, 0],
}


@pytest.mark.parametrize("side", ["hot", "cold"])
@pytest.mark.parametrize("name", SERIES)
def test_each_class_is_told_from_a_series_made_for_it(name, side):
    way = {"hot": 1.0, "cold": -1.0}[side]
    z = way * np.array([SERIES[name]]).T
    significance = np.sign(z) * (np.abs(z) > 2)
    assert emerging_classes(z, significance).tolist() == [f"{side}_{name}"]


def test_there_is_a_series_for_every_rule():
    assert {name for name, _ in RULES} == set(SERIES)
    assert len(EMERGING_CLASSES) == 17


def test_what_was_hot_once_and_is_no_longer_has_no_class():
    z = np.array([[0, 3, 3, 0, 0]], dtype=float).T
    assert emerging_classes(z, z > 2).tolist() == ["none"]


def test_cells_are_classed_each_on_its_own():
    z = np.array(list(SERIES.values()), dtype=float).T
    assert emerging_classes(z, np.sign(z) * (np.abs(z) > 2)).tolist() == [f"hot_{name}" for name in SERIES]


def test_steps_of_different_shape_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        emerging_classes(np.zeros((3, 2)), np.zeros((3, 3)))


def test_periods_are_cut_from_the_end_and_scored_one_by_one():
    lattice = Lattice(100.0, 0, 0, np.ones((6, 6), dtype=bool))
    chance = np.random.default_rng(3)
    x, y, day = chance.random(300) * 600, chance.random(300) * 600, chance.random(300) * 30
    history = event_history(lattice, x, y=y, day=day, until=30)
    z, significance = gi_star_by_period(history, period_days=10, steps=2)
    for step, begin in enumerate((10, 20)):
        count = history.before(begin + 10).count - history.before(begin).count
        assert z[step] == pytest.approx(getis_ord_gi_star(count, queen_pairs_of_cells(lattice)))
    assert set(np.unique(significance)) <= {-1, 0, 1}


def test_a_period_without_events_is_neither_hot_nor_cold():
    lattice = Lattice(100.0, 0, 0, np.ones((3, 3), dtype=bool))
    z, significance = gi_star_by_period(event_history(lattice, [], y=[], day=[], until=9), period_days=1, steps=3)
    assert not z.any()
    assert not significance.any()
