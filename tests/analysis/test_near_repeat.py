"""Knox tables against a list of all pairs, on the Burkitt data that ships with libpysal, and on made repeats."""

import geopandas
import numpy as np
import pytest
from libpysal import examples
from scipy.spatial.distance import pdist

from gis_app.analysis.event_history import event_history
from gis_app.analysis.lattice import Lattice
from gis_app.analysis.near_repeat import KnoxTable, knox_test
from gis_app.analysis.near_repeat_risk import near_repeat_risk, shrunken_ratio


def burkitt():
    cases = geopandas.read_file(examples.get_path("burkitt.shp"))
    return cases["X"].to_numpy(float), cases["Y"].to_numpy(float), cases["T"].to_numpy(float)


def test_tables_of_the_burkitt_cases_are_those_of_all_pairs():
    x, y, day = burkitt()
    table = knox_test(x, y, day=day, distance_bands_m=[5, 20, 40], time_bands_days=[30, 90, 180], permutations=19)
    apart, between = pdist(np.column_stack([x, y])), pdist(day[:, None])
    rows = [apart <= 5, (apart > 5) & (apart <= 20), (apart > 20) & (apart <= 40)]
    columns = [between <= 30, (between > 30) & (between <= 90), (between > 90) & (between <= 180)]
    assert table.observed.tolist() == [[int((row & column).sum()) for column in columns] for row in rows]
    expected = [[row.sum() * column.sum() / len(apart) for column in columns] for row in rows]
    assert np.abs(table.expected - expected).max() < 1e-9


def test_three_events_by_hand():
    # Distances 50, 300 and 350 m; days apart 1, 9 and 10.
    table = knox_test(
        [0, 50, 350], [0, 0, 0], day=[0, 1, 10], distance_bands_m=[100, 300], time_bands_days=[1, 9], permutations=0
    )
    assert table.observed.tolist() == [[1, 0], [0, 1]]
    assert table.expected == pytest.approx(np.full((2, 2), 1 / 3))
    assert table.ratio.tolist() == [[3, 0], [0, 3]]


def made(near_share, count=600):
    chance = np.random.default_rng(5)
    x, y, day = chance.random(count) * 5000, chance.random(count) * 5000, chance.integers(0, 300, count).astype(float)
    followers = np.nonzero(chance.random(count) < near_share)[0]
    first = chance.integers(0, count, len(followers))
    x[followers], y[followers] = (v[first] + chance.normal(0, 30, len(first)) for v in (x, y))
    day[followers] = day[first] + chance.integers(0, 7, len(first))
    return x, y, day


def test_repeats_are_found_in_the_first_band_and_chance_is_not():
    repeats = knox_test(*made(0.2)[:2], day=made(0.2)[2], permutations=199)
    assert repeats.ratio[0, 0] > 3
    assert repeats.p[0, 0] == 1 / 200
    chance = knox_test(*made(0.0)[:2], day=made(0.0)[2], permutations=199)
    assert chance.p.min() > 0.02


def test_a_seed_gives_the_same_table_again():
    x, y, day = made(0.05)
    tables = [knox_test(x, y, day=day, permutations=50, seed=4) for _ in range(2)]
    assert np.array_equal(tables[0].p, tables[1].p)


@pytest.mark.parametrize("bands", [[], [0, 5], [5, 5]])
def test_bands_that_do_not_rise_are_refused(bands):
    with pytest.raises(ValueError, match="rise"):
        knox_test([0, 1], [0, 1], day=[0, 1], distance_bands_m=bands)


def test_one_event_makes_no_table():
    with pytest.raises(ValueError, match="two events"):
        knox_test([0], [0], day=[0])


def test_few_pairs_say_little():
    table = KnoxTable(np.array([[4, 400]]), np.array([[1.0, 100.0]]), np.ones((1, 2)))
    assert shrunken_ratio(table) == pytest.approx(np.array([[24 / 21, 420 / 120]]))


def test_risk_rises_around_a_recent_event_where_repeats_are_known():
    lattice = Lattice(100.0, 0, 0, np.ones((55, 55), dtype=bool))

    def lift(near_share):
        x, y, day = made(near_share)
        history = event_history(lattice, np.append(x, 2550), y=np.append(y, 2550), day=np.append(day, 399), until=400)
        cell = history.cells[-1]
        fresh = near_repeat_risk(history, horizon_days=7)[cell]
        old = near_repeat_risk(history.before(399), horizon_days=7)
        return fresh / max(old[cell], old.mean())

    assert lift(0.3) > 2 * lift(0.0)


def test_without_pairs_the_risk_is_the_lasting_one():
    lattice = Lattice(100.0, 0, 0, np.ones((5, 5), dtype=bool))
    history = event_history(lattice, [250], y=[250], day=[0], until=1)
    assert np.argmax(near_repeat_risk(history, horizon_days=7)) == 12
