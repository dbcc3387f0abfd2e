import csv
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_app import paths
from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import CITY_TIME
from gis_app.domain.working_calendar import WorkingCalendar, read_calendar

with (paths.data() / "working_calendar.csv").open(encoding="utf-8", newline="") as file:
    CHINA = read_calendar(csv.DictReader(file))

# The notices of the State Council's General Office, year by year: days off from and to, and weekends worked instead.
NOTICES = {
    2024: (
        [(101, 101), (210, 217), (404, 406), (501, 505), (610, 610), (915, 917), (1001, 1007)],
        [204, 218, 407, 428, 511, 914, 929, 1012],
    ),
    2025: (
        [(101, 101), (128, 204), (404, 406), (501, 505), (531, 602), (1001, 1008)],
        [126, 208, 427, 928, 1011],
    ),
    2026: (
        [(101, 103), (215, 223), (404, 406), (501, 505), (619, 621), (925, 927), (1001, 1007)],
        [104, 214, 228, 509, 920, 1010],
    ),
}


def city(year, month, day, hour=0, minute=0):
    return datetime(year, month, day, hour, minute, tzinfo=CITY_TIME)


def days_of(year):
    return [date(year, 1, 1) + timedelta(days=number) for number in range(366 if year % 4 == 0 else 365)]


@pytest.mark.parametrize("year", NOTICES)
def test_every_day_of_a_published_year_is_as_the_notice_says(year):
    spans, weekends = NOTICES[year]
    for day in days_of(year):
        key = day.month * 100 + day.day
        is_off = any(first <= key <= last for first, last in spans)
        expected = key in weekends or (day.weekday() < 5 and not is_off)
        assert CHINA.is_working_day(day) is expected, day


# Make-up days only move work within a year: the year's days less its weekends (104 each) and the statutory holidays,
# 11 of them up to 2024 and 13 from 2025.
@pytest.mark.parametrize(("year", "working_days"), [(2024, 251), (2025, 248), (2026, 248)])
def test_the_working_days_of_a_year_add_up_to_what_the_law_leaves(year, working_days):
    assert sum(map(CHINA.is_working_day, days_of(year))) == working_days


def test_holidays_fall_on_weekdays_or_weekends_but_make_up_days_on_weekends_only():
    assert [day for day, is_worked in CHINA.exceptions.items() if is_worked and day.weekday() < 5] == []


def test_the_years_it_knows_are_those_of_its_days():
    assert CHINA.years == {2024, 2025, 2026}
    assert CHINA.knows(city(2024, 1, 1), city(2026, 12, 31, 23, 59))
    assert not CHINA.knows(city(2026, 12, 30), city(2027, 1, 1))
    # 31 December 2026, 17:00 UTC, is New Year in the city.
    assert not CHINA.knows(city(2026, 12, 30), datetime(2026, 12, 31, 17, tzinfo=UTC))


def test_in_a_year_without_notice_monday_to_friday_are_worked():
    assert [CHINA.is_working_day(date(2027, 1, day)) for day in range(1, 8)] == [True, False, False, *[True] * 4]


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        (city(2026, 11, 23, 8, 30), city(2026, 11, 23, 17, 30), 7),
        (city(2026, 11, 23, 0, 0), city(2026, 11, 24, 0, 0), 7),
        (city(2026, 11, 23, 11, 0), city(2026, 11, 23, 15, 0), 2),
        (city(2026, 11, 23, 12, 0), city(2026, 11, 23, 14, 0), 0),
        (city(2026, 11, 21, 0, 0), city(2026, 11, 23, 8, 30), 0),
        # Friday 13 February to Wednesday 25: Friday, the make-up Saturday, Tuesday 24 after the holiday.
        (city(2026, 2, 13, 0, 0), city(2026, 2, 25, 0, 0), 21),
        (city(2026, 11, 23, 15, 0), city(2026, 11, 23, 11, 0), -2),
    ],
)
def test_working_time_between_two_moments(start, end, hours):
    assert CHINA.worked(start, end) == timedelta(hours=hours)


def test_the_end_of_work_is_the_end_of_a_session_not_the_beginning_of_the_next():
    assert CHINA.after(city(2026, 11, 23, 8, 30), timedelta(hours=3.5)) == city(2026, 11, 23, 12)
    assert CHINA.after(city(2026, 11, 23, 8, 30), timedelta(hours=7)) == city(2026, 11, 23, 17, 30)
    assert CHINA.after(city(2026, 11, 23, 8, 30), timedelta(hours=3.5, microseconds=1)) == city(
        2026, 11, 23, 14
    ) + timedelta(microseconds=1)


def test_other_working_hours():
    summer = WorkingCalendar({}, sessions=((time(8), time(12)), (time(15), time(18)), (time(19), time(20))))
    assert summer.day_length == timedelta(hours=8)
    assert summer.after(city(2026, 7, 6, 11), timedelta(hours=5)) == city(2026, 7, 6, 20)


@pytest.mark.parametrize(
    "sessions", [(), ((time(12), time(8)),), ((time(8), time(12)), (time(11), time(17))), ((time(8), time(8)),)]
)
def test_working_hours_out_of_order_are_refused(sessions):
    with pytest.raises(InvalidInput, match="in order"):
        WorkingCalendar({}, sessions=sessions)


@pytest.mark.parametrize(
    "row",
    [{"day": "2026-13-01", "kind": "holiday"}, {"day": "2026-10-01", "kind": "feast"}, {"day": "2026-10-01"}, {}],
)
def test_an_unreadable_row_is_named(row):
    with pytest.raises(InvalidInput, match="Row 3 "):
        read_calendar([{"day": "2026-01-01", "kind": "holiday"}, row])


def test_a_day_that_comes_twice_is_named():
    rows = [{"day": "2026-01-01", "kind": "holiday"}, {"day": "2026-01-01", "kind": "workday"}]
    with pytest.raises(InvalidInput, match="Row 3 of the working calendar repeats 2026-01-01"):
        read_calendar(rows)


def test_times_beyond_what_is_counted_and_times_without_a_zone_are_refused():
    with pytest.raises(InvalidInput, match="2000-01-01 to 2099-12-31"):
        CHINA.worked(city(1999, 12, 31), city(2000, 1, 1))
    with pytest.raises(InvalidInput, match="outside"):
        CHINA.after(city(2099, 12, 1), timedelta(hours=7 * 40))
    with pytest.raises(ValueError, match="time zone"):
        CHINA.worked(datetime(2026, 1, 1), city(2026, 1, 2))


MOMENTS = st.datetimes(datetime(2023, 6, 1), datetime(2027, 6, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
WORK = st.timedeltas(timedelta(0), timedelta(hours=900))


@given(MOMENTS, WORK)
def test_after_is_the_earliest_moment_at_which_the_work_is_done(start, work):
    end = CHINA.after(start, work)
    assert CHINA.worked(start, end) == work
    if work:
        assert CHINA.worked(start, end - timedelta(microseconds=1)) == work - timedelta(microseconds=1)


@given(MOMENTS, MOMENTS, MOMENTS)
def test_working_time_adds_up_and_never_exceeds_the_time(first, second, third):
    assert CHINA.worked(first, third) == CHINA.worked(first, second) + CHINA.worked(second, third)
    begin, end = sorted((first, second))
    assert timedelta(0) <= CHINA.worked(begin, end) <= end - begin


@given(MOMENTS, st.integers(0, 48 * 21))
def test_working_time_is_what_counting_half_hours_gives(start, count):
    begin = start.replace(minute=0, second=0, microsecond=0)
    half_hours = [begin + timedelta(minutes=30 * step) for step in range(count)]
    counted = sum(
        CHINA.is_working_day(local.date())
        and (time(8, 30) <= local.time() < time(12) or time(14) <= local.time() < time(17, 30))
        for local in (moment.astimezone(CITY_TIME) for moment in half_hours)
    )
    assert CHINA.worked(begin, begin + timedelta(minutes=30 * count)) == timedelta(minutes=30 * counted)
