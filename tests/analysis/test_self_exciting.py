"""The mixture's weights against a general optimiser; what it learns from events whose law is known."""

import numpy as np
import pytest
from scipy import optimize

from gis_app.analysis.event_history import event_history
from gis_app.analysis.lattice import Lattice
from gis_app.analysis.self_exciting import (
    PRIOR_EVENTS,
    SEASON_SPREADS_CELLS,
    learning_moments,
    learnt_weights,
    mixture_weights,
    self_exciting,
)

SIDE = 20
LATTICE = Lattice(100.0, 0, 0, np.ones((SIDE, SIDE), dtype=bool))


def made_history(*, near_share, seed=5, days=240, count=3000):
    """Half of the events on a lasting slope to the west, ``near_share`` of them near one of the last three days."""
    chance = np.random.default_rng(seed)
    day = np.sort(chance.random(count) * days)
    x, y = chance.beta(1, 3, count) * SIDE * 100, chance.random(count) * SIDE * 100
    for late in range(50, count):
        recent = np.searchsorted(day, day[late] - 3)
        if recent < late and chance.random() < near_share:
            earlier = chance.integers(recent, late)
            x[late], y[late] = (np.clip(v[earlier] + chance.normal(0, 30), 0, SIDE * 100 - 1) for v in (x, y))
    return event_history(LATTICE, x, y=y, day=day, until=days)


def test_the_weights_are_the_likeliest():
    chance = np.random.default_rng(6)
    maps, count = chance.gamma(0.5, 1.0, (60, 4)), chance.integers(1, 9, 60)

    def unlikelihood(free):
        w = np.exp(free - free.max())
        w /= w.sum()
        return -(count * np.log(maps @ w)).sum() - PRIOR_EVENTS / 4 * np.log(w).sum()

    oracle = optimize.minimize(unlikelihood, np.zeros(4), options={"gtol": 1e-8}).x
    expected = np.exp(oracle - oracle.max())
    assert mixture_weights(maps, count) == pytest.approx(expected / expected.sum(), abs=2e-3)


def test_expectations_add_up_to_one_and_leave_no_cell_out():
    expected = self_exciting(made_history(near_share=0.0, count=500), horizon_days=20)
    assert expected.sum() == pytest.approx(1.0)
    assert expected.min() > 0


def test_a_recent_event_counts_for_more_where_events_set_off_others():
    def lift(near_share):
        history = made_history(near_share=near_share)
        seen = self_exciting(history, horizon_days=5)
        before = self_exciting(history.before(history.until - 5), horizon_days=5)
        fresh = np.unique(history.cells[history.day > history.until - 2])
        return float((seen[fresh] / before[fresh]).mean())

    assert lift(0.6) > 1.5 * lift(0.0)


def test_without_a_past_to_learn_from_all_maps_count_alike():
    history = event_history(LATTICE, [50, 150], y=[50, 50], day=[0, 1], until=1.5)
    assert learning_moments(history, horizon_days=7) == []
    expected = self_exciting(history, horizon_days=7)
    assert set(np.argsort(expected)[-2:]) == {0, 1}


def test_windows_are_learnt_from_up_to_now_and_not_beyond():
    history = made_history(near_share=0.0, count=300)
    moments = learning_moments(history, horizon_days=15)
    assert moments == pytest.approx(np.arange(75, 240, 15), abs=1e-9)


def test_last_years_season_is_told_from_two_years_and_not_from_one():
    chance = np.random.default_rng(8)
    day = np.sort(chance.uniform(0, 2 * 365.25 + 30, 4000))
    # The west in one half of the year, the east in the other.
    west = chance.random(4000) < 0.5 + 0.45 * np.cos(2 * np.pi * day / 365.25)
    x = np.where(west, 0, 1500) + chance.uniform(0, 500, 4000)
    history = event_history(LATTICE, x, y=chance.uniform(0, 2000, 4000), day=day, until=2 * 365.25)
    season = slice(-1 - len(SEASON_SPREADS_CELLS), -1)
    assert learnt_weights(history, horizon_days=30)[season].sum() > 0.3
    assert learnt_weights(history.before(400), horizon_days=30)[season].sum() == 0
    expected = self_exciting(history, horizon_days=30)
    in_west = LATTICE.cells[:, 0] < 5
    assert expected[in_west].sum() > 0.8 * expected.sum()
