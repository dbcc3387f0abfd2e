import csv
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_app import paths
from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import CITY_TIME
from gis_app.domain.work_clock import Light, Limit, LimitUnit, Suspension, deadline, due_at, light, spent
from gis_app.domain.working_calendar import read_calendar

with (paths.data() / "working_calendar.csv").open(encoding="utf-8", newline="") as file:
    CHINA = read_calendar(csv.DictReader(file))


def city(year, month, day, hour=0, minute=0):
    return datetime(year, month, day, hour, minute, tzinfo=CITY_TIME)


def november(day, hour, minute=0):
    return city(2026, 11, day, hour, minute)


@pytest.mark.parametrize(
    ("start", "value", "unit", "due"),
    [
        # 2026: off 15 to 23 February; Saturdays 14 and 28 are worked.
        # Friday 16:00 -> Saturday 14 -> Tuesday 24 -> Wednesday 25, each at 16:00.
        (city(2026, 2, 13, 16), 3, "work_day", city(2026, 2, 25, 16)),
        # 1.5 h on Friday, 7 h on Saturday, 0.5 h on Tuesday after the holiday.
        (city(2026, 2, 13, 16), 9, "work_hour", city(2026, 2, 24, 9)),
        # Thursday 26 -> Friday 27 -> the make-up Saturday 28.
        (city(2026, 2, 26, 10), 2, "work_day", city(2026, 2, 28, 10)),
        # Found on New Year's Eve: a full day's work ends on Tuesday 24 at 17:30.
        (city(2026, 2, 16, 20), 1, "work_day", city(2026, 2, 24, 17, 30)),
        (city(2026, 2, 16, 20), 24, "urgent_hour", city(2026, 2, 17, 20)),
        (city(2026, 2, 10, 9), 15, "natural_day", city(2026, 2, 25, 9)),
        # 2025: off 28 January to 4 February; Sunday 26 January and Saturday 8 February are worked.
        (city(2025, 1, 25, 10), 1, "work_day", city(2025, 1, 26, 17, 30)),
        # 2.5 h on Monday 27, then 5.5 h on Wednesday 5: 3.5 until noon, 2 from 14:00.
        (city(2025, 1, 27, 15), 8, "work_hour", city(2025, 2, 5, 16)),
        # Thursday 6, Friday 7, the make-up Saturday 8, Monday 10.
        (city(2025, 2, 5, 11), 4, "work_day", city(2025, 2, 10, 11)),
        # 2024: off 10 to 17 February; Sundays 4 and 18 are worked. Friday 9 was New Year's Eve and a working day.
        (city(2024, 2, 9, 10), 2, "work_day", city(2024, 2, 19, 10)),
        (city(2024, 2, 2, 9), 1, "work_day", city(2024, 2, 4, 9)),
        # National Day 2025: off 1 to 8 October. Half an hour on 30 September, half an hour on Thursday 9.
        (city(2025, 9, 30, 17), 1, "work_hour", city(2025, 10, 9, 9)),
        # Over lunch, over a plain weekend, from before work and from after.
        (november(23, 11), 2, "work_hour", november(23, 15)),
        (november(27, 16), 1, "work_day", november(30, 16)),
        (november(23, 6), 1, "work_hour", november(23, 9, 30)),
        (november(23, 19), 1, "work_hour", november(24, 9, 30)),
        (november(23, 12, 30), 1, "work_day", november(24, 12)),
    ],
)
def test_limits_over_holidays_and_make_up_days(start, value, unit, due):
    assert due_at(start, Limit(value, LimitUnit(unit)), calendar=CHINA) == due


@pytest.mark.parametrize("unit", list(LimitUnit))
@pytest.mark.parametrize("start", [november(23, 10), november(22, 3), november(23, 13)])
def test_a_limit_of_nothing_is_due_at_once(start, unit):
    assert due_at(start, Limit(0, unit), calendar=CHINA) == start


def test_deadlines_are_in_utc():
    for unit in LimitUnit:
        assert due_at(november(23, 10), Limit(1, unit), calendar=CHINA).tzinfo is UTC


def test_a_suspension_leaves_out_the_work_that_would_have_been_done():
    # Two days from Monday 9:00 end on Wednesday 9:00. Monday 15:00 to Tuesday 15:00 are 2.5 + 4.5 = 7 hours: one day.
    stop = Suspension(november(2, 15), november(3, 15))
    assert due_at(november(2, 9), Limit(2, LimitUnit.WORK_DAY), calendar=CHINA, suspensions=[stop]) == november(5, 9)
    assert due_at(november(2, 9), Limit(48, LimitUnit.URGENT_HOUR), calendar=CHINA, suspensions=[stop]) == november(
        5, 9
    )


def test_a_suspension_at_night_costs_work_nothing():
    stop = Suspension(november(2, 18), november(3, 8))
    assert due_at(november(2, 9), Limit(2, LimitUnit.WORK_DAY), calendar=CHINA, suspensions=[stop]) == november(4, 9)


def test_suspensions_that_overlap_count_once_and_those_outside_not_at_all():
    stops = [
        Suspension(november(3, 12), november(3, 20)),
        Suspension(november(2, 15), november(3, 15)),
        Suspension(november(1, 1), november(1, 5)),
        Suspension(november(20, 1), november(21, 1)),
        Suspension(november(3, 13), november(3, 14)),
    ]
    # From 2 November 15:00 to 3 November 20:00: 29 hours.
    assert due_at(november(2, 9), Limit(48, LimitUnit.URGENT_HOUR), calendar=CHINA, suspensions=stops) == november(
        5, 14
    )


def test_a_clock_suspended_before_it_started_starts_when_it_is_resumed():
    stop = Suspension(november(1, 9), november(3, 9))
    assert due_at(november(2, 9), Limit(1, LimitUnit.NATURAL_DAY), calendar=CHINA, suspensions=[stop]) == november(4, 9)


def test_nothing_is_due_while_the_clock_stands():
    limit = Limit(10, LimitUnit.URGENT_HOUR)
    times = deadline(november(2, 9), limit, calendar=CHINA, suspensions=[Suspension(november(2, 18))])
    assert (times.yellow_at, times.due_at) == (november(2, 17), None)
    assert light(november(9, 9), times) is Light.SUSPENDED
    late = deadline(november(2, 9), limit, calendar=CHINA, suspensions=[Suspension(november(2, 20))])
    assert light(november(9, 9), late) is Light.RED


def test_an_extension_adds_to_the_limit_on_its_own_clock():
    limit = Limit(3, LimitUnit.WORK_DAY).extended(2)
    # Wednesday 11 February, five days on: 12, 13, the make-up 14, 24, 25.
    assert due_at(city(2026, 2, 11, 15), limit, calendar=CHINA) == city(2026, 2, 25, 15)


def test_the_light_is_green_to_80_percent_yellow_to_the_deadline_and_red_past_it():
    # Ten work hours from Monday 9:00: 8 h are up on Tuesday 10:00 (6.5 on Monday, 1.5), 10 h on Tuesday 12:00.
    times = deadline(november(2, 9), Limit(10, LimitUnit.WORK_HOUR), calendar=CHINA)
    assert (times.yellow_at, times.due_at, times.is_certain) == (november(3, 10), november(3, 12), True)
    moment = timedelta(microseconds=1)
    assert light(november(3, 10) - moment, times) is Light.GREEN
    assert light(november(3, 10), times) is Light.YELLOW
    assert light(november(3, 12), times) is Light.YELLOW
    assert light(november(3, 12) + moment, times) is Light.RED


def test_a_deadline_in_a_year_without_notice_says_that_it_is_uncertain():
    # Wednesday 30 December 2026 and two days: Thursday 31, then Friday 1 January by the rule of weekdays.
    times = deadline(city(2026, 12, 30, 10), Limit(2, LimitUnit.WORK_DAY), calendar=CHINA)
    assert (times.due_at, times.is_certain) == (city(2027, 1, 1, 10), False)
    assert deadline(city(2026, 12, 30, 10), Limit(2, LimitUnit.NATURAL_DAY), calendar=CHINA).is_certain


def test_negative_limits_and_suspensions_that_end_before_they_begin_are_refused():
    with pytest.raises(InvalidInput, match="negative"):
        Limit(1, LimitUnit.WORK_DAY).extended(-2)
    with pytest.raises(InvalidInput, match="ends before"):
        Suspension(november(3, 1), november(2, 1))


MOMENTS = st.datetimes(datetime(2023, 6, 1), datetime(2027, 6, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
UNITS = st.sampled_from(list(LimitUnit))
VALUES = st.integers(0, 60)


@st.composite
def stops(draw):
    starts = draw(st.lists(MOMENTS, max_size=4))
    return [Suspension(start, start + draw(st.timedeltas(timedelta(0), timedelta(days=20)))) for start in starts]


@given(MOMENTS, VALUES, VALUES, UNITS)
def test_limits_add_up(start, first, second, unit):
    at_once = due_at(start, Limit(first + second, unit), calendar=CHINA)
    in_turn = due_at(due_at(start, Limit(first, unit), calendar=CHINA), Limit(second, unit), calendar=CHINA)
    assert at_once == in_turn


@given(MOMENTS, MOMENTS, VALUES, VALUES, UNITS, stops())
def test_a_later_start_and_a_longer_limit_are_never_due_earlier(first, second, value, more, unit, suspensions):
    start, later = sorted((first, second))
    due = due_at(start, Limit(value, unit), calendar=CHINA, suspensions=suspensions)
    assert due <= due_at(start, Limit(value + more, unit), calendar=CHINA, suspensions=suspensions)
    if value:
        assert due <= due_at(later, Limit(value, unit), calendar=CHINA, suspensions=suspensions)
    assert start <= due


@given(MOMENTS, VALUES, UNITS, stops())
def test_the_time_spent_at_the_deadline_is_the_limit(start, value, unit, suspensions):
    limit = Limit(value, unit)
    due = due_at(start, limit, calendar=CHINA, suspensions=suspensions)
    assert spent(start, due, unit=unit, calendar=CHINA, suspensions=suspensions) == limit.length(CHINA)


@given(MOMENTS, VALUES, UNITS, stops(), MOMENTS)
def test_the_light_only_ever_goes_from_green_to_yellow_to_red(start, value, unit, suspensions, now):
    times = deadline(start, Limit(value, unit), calendar=CHINA, suspensions=suspensions)
    order = [Light.GREEN, Light.YELLOW, Light.RED]
    assert times.yellow_at <= times.due_at
    assert order.index(light(now, times)) <= order.index(light(now + timedelta(hours=7), times))
    assert light(times.due_at, times) is Light.YELLOW


@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=400)), UNITS, stops())
def test_suspensions_only_ever_give_time(start, wait, unit, suspensions):
    end = start + wait
    without = spent(start, end, unit=unit, calendar=CHINA)
    assert timedelta(0) <= spent(start, end, unit=unit, calendar=CHINA, suspensions=suspensions) <= without
    assert spent(end, start, unit=unit, calendar=CHINA, suspensions=suspensions) == timedelta(0)
