"""Histories are cut cleanly; known cells lie around the events."""

import numpy as np
import pytest

from gis_app.analysis.event_history import event_history, far_from_the_rest, study_lattice
from gis_app.analysis.lattice import Lattice

NINE = Lattice(100.0, 0, 0, np.ones((3, 3), dtype=bool))


def test_a_history_holds_what_came_before_and_nothing_else():
    history = event_history(NINE, [50, 150, 250, 50], y=[50, 50, 50, 150], day=[3, 1, 2, 4], until=4)
    assert history.day.tolist() == [1, 2, 3]
    assert history.x.tolist() == [150, 250, 50]
    assert history.before(3).day.tolist() == [1, 2]
    assert history.before(3).until == 3
    assert history.since(2).day.tolist() == [2, 3]
    assert history.count.tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 0]
    assert history.before(3).count.tolist() == [0, 1, 1, 0, 0, 0, 0, 0, 0]
    assert history.span_days == 3


def test_the_order_of_rows_changes_nothing():
    chance = np.random.default_rng(1)
    x, y, day = chance.random(40) * 300, chance.random(40) * 300, chance.integers(0, 5, 40).astype(float)
    shuffled = chance.permutation(40)
    once = event_history(NINE, x, y=y, day=day, until=9)
    again = event_history(NINE, x[shuffled], y=y[shuffled], day=day[shuffled], until=9)
    assert np.array_equal(once.x, again.x)
    assert np.array_equal(once.cells, again.cells)


def test_a_moment_cannot_be_moved_on():
    assert event_history(NINE, [1], y=[1], day=[1], until=4).before(9).until == 4


@pytest.mark.parametrize(("x", "said"), [([1, 2], "one shape"), ([np.nan], "finite")])
def test_events_without_a_place_are_refused(x, said):
    with pytest.raises(ValueError, match=said):
        event_history(NINE, x, y=[1], day=[1], until=4)


def test_known_cells_reach_a_set_way_around_an_event():
    lattice = study_lattice([1050], y=[2050], cell_m=100, reach_cells=2)
    # A disc of radius 2 around cell (10, 20): 1 + 4 + 4 + 4 cells.
    assert lattice.cell_count == 13
    assert [8, 20] in lattice.cells.tolist()
    assert [9, 19] in lattice.cells.tolist()
    assert [8, 19] not in lattice.cells.tolist()


def test_a_hole_between_events_is_known_too():
    angle = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    lattice = study_lattice(2000 * np.cos(angle), y=2000 * np.sin(angle), cell_m=100)
    assert [0, 0] in lattice.cells.tolist()


def test_a_place_of_zero_is_far_from_a_city():
    chance = np.random.default_rng(2)
    x, y = chance.normal(500_000, 8_000, 300), chance.normal(3_000_000, 8_000, 300)
    x[7], y[7] = 0.0, 0.0
    x[9] = np.inf
    assert np.nonzero(far_from_the_rest(x, y=y, cell_m=250))[0].tolist() == [7, 9]


def test_a_village_a_day_from_town_is_not_far():
    x = np.concatenate([np.linspace(0, 5_000, 100), [20_000.0]])
    assert not far_from_the_rest(x, y=np.zeros(101), cell_m=250).any()


def test_places_that_are_all_unknown_are_all_far():
    assert far_from_the_rest([np.inf, np.nan], y=[0, 0], cell_m=250).all()


def test_a_lattice_without_events_is_refused():
    with pytest.raises(ValueError, match="need an event"):
        study_lattice([], y=[], cell_m=250)


def test_too_many_cells_are_refused():
    with pytest.raises(ValueError, match="use larger cells"):
        study_lattice([0, 1e7], y=[0, 1e7], cell_m=250)
