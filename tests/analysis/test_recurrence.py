from datetime import UTC, datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point

from gis_app.analysis.recurrence import RecurrenceRule, cases_of, duplicates, recurrences

START = datetime(2026, 11, 1, tzinfo=UTC)
EAST, NORTH = 560_000, 3_070_000


def hazards(*rows):
    """Rows of metres east and north of a corner in Rui'an, category, day found, day closed."""
    frame = gpd.GeoDataFrame(
        {"category_code": [row[2] for row in rows]},
        geometry=[Point(EAST + row[0], NORTH + row[1]) for row in rows],
        crs="EPSG:4549",
    )
    for column, place in (("discovered_at", 3), ("closed_at", 4)):
        days = [None if row[place] is None else START + timedelta(days=row[place]) for row in rows]
        frame[column] = pd.to_datetime(pd.Series(days), utc=True)
    return frame


RULE = RecurrenceRule(reopen_m=20, flag_m=100, days=30)


def test_the_same_category_near_and_soon_after_closing_is_reopened_or_flagged():
    closed = hazards(
        (0, 0, "fire", -10, 0),  # 0
        (12, 16, "fire", -10, 5),  # 1: 20 m off
        (60, 80, "fire", -10, 2),  # 2: 100 m off
        (60, 80.1, "fire", -10, 2),  # 3: too far
        (1, 1, "gas", -10, 5),  # 4: another category
        (1, 1, "fire", -10, None),  # 5: not closed
        (1, 1, "fire", -40, -20.5),  # 6: closed 30.5 days before
        (1, 1, "fire", -10, 10.5),  # 7: closed after the report
    )
    pairs = recurrences(hazards((0, 0, "fire", 10, None)), closed, rule=RULE)
    assert pairs["earlier"].tolist() == [0, 1, 2]
    assert pairs["distance_m"].tolist() == pytest.approx([0, 20, 100])
    assert pairs["days"].tolist() == pytest.approx([10, 5, 8])
    assert pairs["advice"].tolist() == ["reopen", "reopen", "flag"]


def test_the_limits_of_days_belong_to_the_rule_and_the_moment_of_closing_does_not():
    closed = hazards((0, 0, "fire", -10, 0))
    reports = hazards((0, 0, "fire", 0, None), (0, 0, "fire", 30, None), (0, 0, "fire", 30 + 1 / 86_400, None))
    assert recurrences(reports, closed, rule=RULE)["report"].tolist() == [1]


def test_of_equally_near_hazards_the_last_closed_comes_first():
    closed = hazards((0, 5, "fire", -10, 0), (5, 0, "fire", -10, 4), (0, 1, "fire", -10, -3))
    assert recurrences(hazards((0, 0, "fire", 10, None)), closed, rule=RULE)["earlier"].tolist() == [2, 1, 0]


def test_a_hazard_is_not_its_own_recurrence():
    frame = hazards((0, 0, "fire", 0, 0), (0, 0, "fire", 1, 2), (0, 0, "fire", 3, None))
    pairs = recurrences(frame, frame, rule=RULE)
    assert list(zip(pairs["report"], pairs["earlier"], strict=True)) == [(1, 0), (2, 1), (2, 0)]


def test_reports_of_one_place_category_and_day_are_candidates_for_one_case():
    reports = hazards(
        (0, 0, "fire", 0.5, None),  # 0
        (18, 24, "fire", 0, None),  # 1: 30 m off, half a day before
        (0, 0, "fire", 1.5, None),  # 2: a day after 0, a day and a half after 1
        (0, 0, "gas", 0.5, None),  # 3
        (0, 31, "fire", 0.6, None),  # 4: 31 m from 0, 19.3 m from 1
        (0, 0, "fire", 0.5, None),  # 5: at the moment of 0
    )
    pairs = duplicates(reports, distance_m=30, days=1)
    assert list(zip(pairs["report"], pairs["earlier"], strict=True)) == [(0, 1), (2, 0), (2, 5), (4, 1), (5, 0), (5, 1)]
    assert pairs["distance_m"].tolist() == pytest.approx([30, 0, 0, np.hypot(18, 7), 0, 30])
    # 1 opens; 0 and 5 join it, and 4; 2 is near 0 and 5 only, which opened nothing.
    assert cases_of(pairs, reports).tolist() == [1, 1, 2, 3, 1, 1]


def test_a_row_of_reports_along_a_street_does_not_become_one_case():
    reports = hazards(*[(20 * number, 0, "fire", number / 100, None) for number in range(5)])
    assert cases_of(duplicates(reports, distance_m=30, days=1), reports).tolist() == [0, 0, 2, 2, 4]


def test_where_there_is_nothing_there_are_no_pairs():
    none = hazards()
    one = hazards((0, 0, "fire", 0, None))
    for reports, closed in ((none, one), (one, none), (one, one)):
        pairs = recurrences(reports, closed)
        assert len(pairs) == 0
        assert list(pairs.columns) == ["report", "earlier", "distance_m", "days", "advice"]
    assert len(duplicates(none)) == 0
    assert cases_of(duplicates(one), one).tolist() == [0]


def test_degrees_lines_and_missing_places_are_refused():
    frame = hazards((0, 0, "fire", 0, 1))
    with pytest.raises(ValueError, match="geographic"):
        duplicates(frame.to_crs("EPSG:4326"))
    for shape in (LineString([(0, 0), (1, 1)]), Point(), None):
        with pytest.raises(ValueError, match="points"):
            duplicates(frame.set_geometry(gpd.GeoSeries([shape], crs="EPSG:4549")))


def test_rules_that_make_no_sense_are_refused():
    for wrong in ({"reopen_m": -1}, {"reopen_m": 200, "flag_m": 100}, {"days": 0}, {"days": float("nan")}):
        with pytest.raises(ValueError, match="recurrence"):
            RecurrenceRule(**wrong)
    with pytest.raises(ValueError, match="duplicate"):
        duplicates(hazards(), distance_m=-1)


PLACE = st.integers(0, 12).map(lambda step: step * 10)
DAY = st.integers(-8, 8).map(lambda step: step * 5)
ROWS = st.lists(
    st.tuples(PLACE, PLACE, st.sampled_from(["fire", "gas", None]), DAY, st.one_of(st.none(), DAY)), max_size=14
)


def compare_all(reports, closed):
    for place, report in enumerate(reports):
        for number, old in enumerate(closed):
            yield place, number, report, old


@settings(max_examples=60)
@given(ROWS, ROWS)
def test_the_tree_finds_what_comparing_every_pair_finds(reports, closed):
    expected = {
        (place, number)
        for place, number, report, old in compare_all(reports, closed)
        if old[4] is not None and report[2] == old[2] is not None
        if 0 < report[3] - old[4] <= 30 and np.hypot(report[0] - old[0], report[1] - old[1]) <= 50
    }
    pairs = recurrences(hazards(*reports), hazards(*closed), rule=RecurrenceRule(reopen_m=20, flag_m=50, days=30))
    assert set(zip(pairs["report"], pairs["earlier"], strict=True)) == expected
    assert len(pairs) == len(expected)


@settings(max_examples=60)
@given(ROWS)
def test_every_report_joins_a_case_that_opened_before_it_and_near_it(rows):
    reports = hazards(*rows)
    pairs = duplicates(reports, distance_m=30, days=10)
    expected = {
        (later, earlier)
        for later, earlier, report, old in compare_all(rows, rows)
        if report[2] == old[2] is not None and later != earlier
        if (old[3], earlier) < (report[3], later) and report[3] - old[3] <= 10
        if np.hypot(report[0] - old[0], report[1] - old[1]) <= 30
    }
    assert set(zip(pairs["report"], pairs["earlier"], strict=True)) == expected
    case = cases_of(pairs, reports)
    assert (case[case] == case).all()
    for report, opener in enumerate(case):
        assert report == opener or (report, opener) in expected
