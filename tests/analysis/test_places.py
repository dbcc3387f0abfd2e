"""Maps on grids and on streets: counts by hand, neighbours, what is spread, no future in the past."""

from itertools import pairwise

import geopandas
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point, box

from gis_app.analysis.gi_star import getis_ord_gi_star
from gis_app.analysis.hotspot_series import map_series, steps_of
from gis_app.analysis.near_repeat_risk import PLACE_BANDS_M, excess_to_come, near_repeat_places
from gis_app.analysis.pieces_of_streets import street_pieces
from gis_app.analysis.place_frames import hotspot_places
from gis_app.analysis.place_history import place_history
from gis_app.analysis.place_maps import place_map
from gis_app.analysis.place_methods import PLACE_METHODS
from gis_app.analysis.places import PlaceKind, grid_places, street_places
from gis_app.analysis.rolling_origin import choose_method

UNTIL = 400.0
WEEKLY = [UNTIL - 7.0 * week for week in range(40, -1, -1)]


def grids_of_a_town(side=6):
    """Return grids of 500 m, the last column twice as wide."""
    widths = [0, *(500 * n for n in range(1, side)), 500 * (side + 1)]
    return [box(west, 500 * row, east, 500 * row + 500) for row in range(side) for west, east in pairwise(widths)]


def streets_of_a_town(side=6):
    nodes = [(500 * i, 500 * j) for i in range(side + 1) for j in range(side + 1)]
    return [
        LineString([(x, y), end]) for x, y in nodes for end in ((x + 500, y), (x, y + 500)) if max(end) <= 500 * side
    ]


KINDS = {
    PlaceKind.GRIDS: lambda: grid_places(grids_of_a_town()),
    PlaceKind.STREETS: lambda: street_places(street_pieces(streets_of_a_town())),
}


def history(kind, seed=3, count=700, moved_from=None):
    chance = np.random.default_rng(seed)
    place = chance.uniform(0, 3000, (count, 2))
    hot = chance.random(count) < 0.5
    place[hot] = np.clip(chance.normal((1020, 2010), 120, (hot.sum(), 2)), 0, 2999)
    day = chance.uniform(0, UNTIL, count)
    if moved_from is not None:
        place[day >= moved_from] = place[day >= moved_from][:, ::-1]
    return place_history(KINDS[kind](), place[:, 0], y=place[:, 1], day=day, until=UNTIL)


def test_events_are_counted_in_grids_per_km2():
    past = place_history(KINDS["grids"](), [10, 20, 2600, 9999], y=[10, 400, 10, 10], day=[1, 2, 3, 4], until=10)
    assert past.count[[0, 5]].tolist() == [2, 1]
    assert past.count.sum() == 3
    score = PLACE_METHODS["grids"]["count_so_far"].score(past, horizon_days=28)
    # Two on a quarter of a km2, one on half of one.
    assert score[[0, 5, 7]].tolist() == [8.0, 2.0, 0.0]


def test_events_are_counted_on_streets_per_km():
    past = place_history(KINDS["streets"](), [150, 149, 1e4], y=[3, -2, 0], day=[1, 2, 3], until=10)
    assert past.count.tolist()[:3] == [0, 2, 0]
    assert PLACE_METHODS["streets"]["count_so_far"].score(past, horizon_days=28)[1] == pytest.approx(20.0)


@pytest.mark.parametrize("kind", list(KINDS))
def test_what_is_spread_stays_whole_and_near(kind):
    places = KINDS[kind]()
    mass = np.zeros(len(places))
    mass[14] = 1.0
    for spread_m in places.spreads_m:
        spread = places.spread(mass, spread_m)
        assert spread.sum() == pytest.approx(1.0)
        assert spread.argmax() in (14, *places.pairs[places.pairs[:, 0] == 14, 1])
    assert places.spread(mass, 0.0) is mass


@pytest.mark.parametrize("kind", list(KINDS))
def test_gi_star_of_places_is_that_of_their_densities_and_neighbours(kind):
    past = history(kind)
    z = getis_ord_gi_star(past.count / past.sizes, past.places.pairs)
    score = PLACE_METHODS[kind]["gi_star"].score(past, horizon_days=28)
    assert np.array_equal(np.argsort(score), np.argsort(z))


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_method_scores_every_place_and_the_best_one_beats_chance(kind):
    past = history(kind)
    for name, method in PLACE_METHODS[kind].items():
        score = method.score(past, horizon_days=28, **method.choices[0])
        assert score.shape == (len(past.places),), name
        assert np.isfinite(score).all(), name
    expected = PLACE_METHODS[kind]["self_exciting"].score(past, horizon_days=28)
    assert (expected * past.sizes).sum() == pytest.approx(1.0)
    choice = choose_method(past, horizon_days=28, methods=PLACE_METHODS[kind])
    assert choice.records[choice.name].hit_rate[:, 3].mean() > 0.25


@pytest.mark.parametrize("kind", list(KINDS))
def test_maps_of_places_before_a_moment_do_not_know_what_follows(kind):
    moment, methods = WEEKLY[-9], PLACE_METHODS[kind]
    series = []
    for past in (history(kind), history(kind, moved_from=moment)):
        steps = steps_of(past, WEEKLY, map_count=12, methods=methods)
        series.append(
            {step.until: (step, one) for step, one, _ in map_series(past, steps, weekly=WEEKLY, methods=methods)}
        )
    for at in WEEKLY[-12:]:
        (step, one), (other_step, other) = (each[at] for each in series)
        same = all(np.array_equal(one.scores[name], other.scores[name]) for name in one.scores)
        assert same == (step.digest == other_step.digest) == (at <= moment)


@pytest.mark.parametrize("kind", list(KINDS))
def test_near_repeats_raise_the_own_place_and_those_nearby_by_what_the_table_says(kind):
    places, chance = KINDS[kind](), np.random.default_rng(9)
    first = chance.uniform(0, 3000, (400, 2))
    again = np.clip(first + chance.normal(0, 40, first.shape), 0, 2999)
    day = chance.uniform(0, UNTIL - 40, 400)
    x, y = np.concatenate([first, again, [[1020.0, 2010.0]]]).T
    past = place_history(places, x, y=y, day=[*day, *(day + 2), UNTIL - 1], until=UNTIL)
    excess = excess_to_come(past, PLACE_BANDS_M, horizon_days=7)
    assert excess.shape == (4, 1)
    assert excess[0, 0] > 5 * excess[2:, 0].max()
    risk = near_repeat_places(past, horizon_days=7)
    calm = 0.5 * place_map(past) + 0.5 * place_map(past, spread_m=places.spreads_m[0])
    apart = np.hypot(*(places.middles - [1020, 2010]).T)
    expected = 1 + np.append(excess[:, 0], 0)[np.searchsorted(PLACE_BANDS_M, apart)]
    expected[past.place[-1]] = 1 + excess[0, 0]
    assert risk * past.sizes == pytest.approx(calm * expected)
    assert (expected > 1).sum() > 1


def test_places_without_events_are_scored_by_their_size_alone():
    past = place_history(KINDS["grids"](), [], y=[], day=[], until=10.0)
    assert PLACE_METHODS["grids"]["decayed_count"].score(past, horizon_days=28, half_life_days=30) == pytest.approx(
        [1 / 10.5] * 36
    )
    assert not PLACE_METHODS["grids"]["emerging"].score(past, horizon_days=28).any()


def test_what_is_no_place_is_refused():
    with pytest.raises(ValueError, match="each grid an area"):
        grid_places([box(0, 0, 0, 1)])
    with pytest.raises(ValueError, match="must be finite"):
        place_history(KINDS["grids"](), [np.nan], y=[1.0], day=[1.0], until=10.0)
    with pytest.raises(ValueError, match="one shape"):
        place_history(KINDS["grids"](), [1.0], y=[1.0], day=[1.0, 2.0], until=10.0)


@pytest.mark.parametrize(("places", "kind"), [(grids_of_a_town(), "grids"), (streets_of_a_town(), "streets")])
def test_a_frame_of_places_is_ranked_and_tells_what_came(places, kind):
    past = history(kind)
    times = pd.Timestamp("1970-01-01", tz="UTC") + pd.to_timedelta(past.day, unit="D")
    events = geopandas.GeoDataFrame({"time": times}, geometry=geopandas.points_from_xy(past.x, past.y), crs=4549)
    until = pd.Timestamp("1970-12-01", tz="UTC").to_pydatetime()
    frame = hotspot_places(events, until, geopandas.GeoDataFrame(geometry=places, crs=4549))
    assert frame.attrs["kind"] == kind
    assert frame["rank"].tolist() == list(range(1, len(past.places) + 1))
    assert frame["score"].is_monotonic_decreasing
    assert frame["event_count"].sum() == ((past.day < 334) & (past.place >= 0)).sum()
    later = (past.day >= 334) & (past.day < 334 + frame.attrs["horizon_days"]) & (past.place >= 0)
    assert frame["later_count"].sum() == later.sum()
    assert frame.geometry[0].distance(Point(1020, 2010)) < 400
    with pytest.raises(ValueError, match="No method 'luck'"):
        hotspot_places(events, until, geopandas.GeoDataFrame(geometry=places, crs=4549), method="luck")
    with pytest.raises(ValueError, match="one CRS"):
        hotspot_places(events, until, geopandas.GeoDataFrame(geometry=places, crs=32651))
    with pytest.raises(ValueError, match="No event lies"):
        hotspot_places(events.iloc[:0], until, geopandas.GeoDataFrame(geometry=places, crs=4549))
