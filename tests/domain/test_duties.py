"""Days, weeks and months that inspections count for, and duties as data."""

import tomllib
from datetime import UTC, date, datetime

import pytest

from gis_app import paths
from gis_app.domain.areas import AreaLevel
from gis_app.domain.duties import (
    InspectionKind,
    Interval,
    counted_period,
    day_of,
    duties_of,
    duty_in_force,
    period_name,
    period_of,
    periods_in,
)
from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import CITY_TIME, TimeWindow

WEEKLY = {
    "key": "weekly",
    "name": {"zh": "夜查", "en": "Night check"},
    "kind": "night_check",
    "interval": "week",
    "owed_by": "village",
    "done_by": "township",
    "due_days": 3,
    "valid_from": date(2020, 1, 1),
}


@pytest.mark.parametrize(
    ("kind", "moment", "day"),
    [
        # Monday, 00:40: still Sunday's night, and so the week before.
        (InspectionKind.NIGHT_CHECK, datetime(2026, 6, 15, 0, 40, tzinfo=CITY_TIME), date(2026, 6, 14)),
        (InspectionKind.NIGHT_CHECK, datetime(2026, 6, 15, 12, 0, tzinfo=CITY_TIME), date(2026, 6, 15)),
        # 17:30 UTC is 01:30 the next day in the city.
        (InspectionKind.NIGHT_CHECK, datetime(2026, 6, 14, 17, 30, tzinfo=UTC), date(2026, 6, 14)),
        # The morning of the first belongs to the new month: an inspection by day has no night.
        (InspectionKind.MONTHLY, datetime(2026, 7, 1, 9, 0, tzinfo=CITY_TIME), date(2026, 7, 1)),
        (InspectionKind.MONTHLY, datetime(2026, 6, 30, 17, 0, tzinfo=UTC), date(2026, 7, 1)),
        (InspectionKind.SPECIAL, datetime(2026, 6, 30, 15, 59, tzinfo=UTC), date(2026, 6, 30)),
    ],
)
def test_a_night_check_counts_on_the_night_it_began_and_other_inspections_on_their_day(kind, moment, day):
    assert day_of(kind, moment) == day


@pytest.mark.parametrize("kind", InspectionKind)
def test_a_moment_without_time_zone_counts_on_no_day(kind):
    with pytest.raises(ValueError, match="time zone"):
        day_of(kind, datetime(2026, 6, 15, 0, 40))


@pytest.mark.parametrize(
    ("day", "first", "last", "name"),
    [
        # 2026 has 53 ISO weeks: the last runs into January.
        (date(2026, 12, 28), date(2026, 12, 28), date(2027, 1, 3), "2026-W53"),
        (date(2027, 1, 3), date(2026, 12, 28), date(2027, 1, 3), "2026-W53"),
        (date(2027, 1, 4), date(2027, 1, 4), date(2027, 1, 10), "2027-W01"),
        # 2025 has 52: the first week of 2026 begins in December.
        (date(2025, 12, 31), date(2025, 12, 29), date(2026, 1, 4), "2026-W01"),
    ],
)
def test_weeks_are_those_of_iso_8601_also_where_the_year_changes(day, first, last, name):
    period = period_of(Interval.WEEK, day)
    assert period == TimeWindow(first, last)
    assert period_name(Interval.WEEK, period) == name


def test_months_end_on_their_last_day():
    assert period_of(Interval.MONTH, date(2024, 2, 10)) == TimeWindow(date(2024, 2, 1), date(2024, 2, 29))
    assert period_of(Interval.MONTH, date(2026, 12, 31)) == TimeWindow(date(2026, 12, 1), date(2026, 12, 31))
    assert period_name(Interval.MONTH, period_of(Interval.MONTH, date(2026, 5, 31))) == "2026-05"


def test_the_periods_of_a_window_are_all_that_touch_it():
    weeks = list(periods_in(Interval.WEEK, TimeWindow(date(2026, 12, 30), date(2027, 1, 11))))
    assert [period_name(Interval.WEEK, each) for each in weeks] == ["2026-W53", "2027-W01", "2027-W02"]
    months = list(periods_in(Interval.MONTH, TimeWindow(date(2026, 1, 31), date(2026, 3, 1))))
    assert [period_name(Interval.MONTH, each) for each in months] == ["2026-01", "2026-02", "2026-03"]


@pytest.mark.parametrize(
    ("planned_for", "day", "counted"),
    [
        (date(2026, 6, 10), date(2026, 6, 12), "2026-W24"),
        (date(2026, 6, 14), date(2026, 6, 15), "2026-W24"),  # made up for in the next week
        (date(2026, 6, 7), date(2026, 6, 15), "2026-W25"),  # two weeks on: no longer
        (date(2026, 6, 20), date(2026, 6, 12), "2026-W24"),  # made before its time
    ],
)
def test_an_inspection_counts_for_its_own_week_or_makes_up_for_the_one_it_was_planned_for(planned_for, day, counted):
    assert period_name(Interval.WEEK, counted_period(Interval.WEEK, planned_for=planned_for, day=day)) == counted


def test_the_duties_that_ship_are_a_night_check_a_week_and_an_inspection_a_month():
    duties = duties_of(tomllib.loads((paths.data() / "duties.toml").read_text("utf-8")))
    told = [(each.key, each.kind, each.interval, each.owed_by, each.done_by) for each in duties]
    assert told == [
        ("weekly_night_check", "night_check", "week", AreaLevel.VILLAGE, AreaLevel.TOWNSHIP),
        ("monthly_inspection", "monthly", "month", AreaLevel.TOWNSHIP, AreaLevel.CITY),
    ]
    assert duties[0].in_language("zh") == "每周一夜查"
    assert duties[0].in_language("en") == "Weekly night check"


def test_a_duty_that_changed_has_a_successor_from_its_last_day_on():
    old = WEEKLY | {"valid_to": date(2026, 7, 1)}
    new = WEEKLY | {"valid_from": date(2026, 7, 1), "due_days": 2}
    duties = duties_of({"duty": [old, new]})
    assert duty_in_force(duties, "weekly", date(2026, 6, 30)) == duties[0]
    assert duty_in_force(duties, "weekly", date(2026, 7, 1)) == duties[1]
    assert duty_in_force(duties, "weekly", date(2019, 12, 31)) is None
    assert duty_in_force(duties, "monthly", date(2026, 7, 1)) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "daily"}, "daily"),
        ({"interval": "year"}, "year"),
        ({"done_by": "village"}, "done_by"),
        ({"done_by": "grid"}, "done_by"),
        ({"valid_to": date(2019, 1, 1)}, "valid_to"),
        ({"due_days": "many"}, "many"),
    ],
)
def test_a_duty_that_makes_no_sense_is_refused_by_its_key(changes, words):
    with pytest.raises(InvalidInput, match=words) as caught:
        duties_of({"duty": [WEEKLY | changes]})
    assert "weekly" in str(caught.value)


def test_one_key_may_not_hold_twice_on_a_day():
    with pytest.raises(InvalidInput, match="twice"):
        duties_of({"duty": [WEEKLY, WEEKLY | {"valid_from": date(2021, 1, 1)}]})
