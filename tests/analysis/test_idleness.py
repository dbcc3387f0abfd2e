import math
from datetime import UTC, datetime, timedelta

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis_app.analysis.idleness import idle_days, last_visits, night_states, summarise_idleness

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GRIDS = [shapely.box(x, 0, x + 100, 100) for x in (0, 100, 200)]
THROUGH_FIRST_TWO = shapely.LineString([(50, 50), (150, 50)])
IN_SECOND = shapely.LineString([(120, 20), (180, 80)])


def test_the_last_visit_is_the_end_of_the_last_patrol_that_entered_the_grid():
    ended_at = [NOW - timedelta(days=2), NOW - timedelta(hours=12)]
    visits = last_visits(GRIDS, [THROUGH_FIRST_TWO, IN_SECOND], ended_at=ended_at, now=NOW)
    assert idle_days(visits, NOW)[:2].tolist() == [2.0, 0.5]
    assert math.isnan(idle_days(visits, NOW)[2])
    assert np.isnat(visits).tolist() == [False, False, True]


def test_a_patrol_that_ends_later_or_never_is_no_visit_yet():
    ended_at = [NOW + timedelta(seconds=1), None]
    assert np.isnat(last_visits(GRIDS, [THROUGH_FIRST_TWO, IN_SECOND], ended_at=ended_at, now=NOW)).all()
    assert not np.isnat(last_visits(GRIDS, [IN_SECOND], ended_at=[NOW], now=NOW)).all()


def test_without_patrols_no_grid_was_visited():
    assert np.isnat(last_visits(GRIDS, [], ended_at=[], now=NOW)).tolist() == [True, True, True]


def test_the_order_of_patrols_does_not_matter():
    lines, ended_at = [IN_SECOND, THROUGH_FIRST_TWO], [NOW - timedelta(days=1), NOW - timedelta(days=5)]
    forward = last_visits(GRIDS, lines, ended_at=ended_at, now=NOW)
    backward = last_visits(GRIDS, lines[::-1], ended_at=ended_at[::-1], now=NOW)
    assert forward.astype(int).tolist() == backward.astype(int).tolist()


def test_a_track_without_an_end_time_and_grids_in_degrees_are_refused():
    with pytest.raises(ValueError, match="one end"):
        last_visits(GRIDS, [IN_SECOND], ended_at=[], now=NOW)
    with pytest.raises(ValueError, match="geographic"):
        last_visits(gpd.GeoSeries(GRIDS, crs=4326), [IN_SECOND], ended_at=[NOW], now=NOW)


def test_a_grid_is_clear_only_if_somebody_looked():
    states = night_states([0, 0, 0, 0, 2, 1], [0.0, 0.05, 0.1, math.nan, 0.5, 0.0])
    assert states.tolist() == ["unchecked", "unchecked", "checked_clear", "unchecked", "found", "found"]


@given(st.lists(st.integers(0, 3), min_size=1), st.floats(1e-6, 1))
def test_a_grid_without_a_track_is_never_shown_as_safe(found, checked_share):
    assert "checked_clear" not in night_states(found, np.zeros(len(found)), checked_share=checked_share)


def test_a_checked_share_of_nothing_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        night_states([0], [0.0], checked_share=0)


def test_idleness_is_summed_up_with_the_grids_never_visited_over_any_interval():
    summary = summarise_idleness([1.0, 8.0, math.nan, 7.0], 7)
    assert summary.mean_days == pytest.approx(16 / 3)
    assert (summary.worst_days, summary.share_over, summary.never_visited) == (8.0, 0.5, 1)


def test_where_there_is_nothing_to_sum_up_there_is_no_data():
    nothing, never = summarise_idleness([], 7), summarise_idleness([math.nan], 7)
    assert (nothing.mean_days, nothing.worst_days, nothing.share_over, nothing.never_visited) == (None, None, None, 0)
    assert (never.mean_days, never.worst_days, never.share_over, never.never_visited) == (None, None, 1.0, 1)
