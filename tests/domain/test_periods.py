from datetime import UTC, date, datetime

import pytest

from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import CITY_TIME, TimeWindow, last_days, night_of


@pytest.mark.parametrize(
    ("moment", "night"),
    [
        (datetime(2026, 11, 22, 19, 0, tzinfo=CITY_TIME), date(2026, 11, 22)),
        (datetime(2026, 11, 23, 0, 40, tzinfo=CITY_TIME), date(2026, 11, 22)),
        (datetime(2026, 11, 23, 11, 59, tzinfo=CITY_TIME), date(2026, 11, 22)),
        (datetime(2026, 11, 23, 12, 0, tzinfo=CITY_TIME), date(2026, 11, 23)),
        (datetime(2026, 11, 22, 17, 0, tzinfo=UTC), date(2026, 11, 22)),
    ],
)
def test_a_shift_that_spans_midnight_belongs_to_the_night_it_began(moment, night):
    assert night_of(moment) == night


def test_a_moment_without_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        night_of(datetime(2026, 11, 22, 19, 0))


def test_a_window_is_whole_days_of_the_city_in_utc():
    window = TimeWindow(date(2026, 11, 1), date(2026, 11, 30))
    assert window.start == datetime(2026, 10, 31, 16, 0, tzinfo=UTC)
    assert window.end == datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    assert window.days == 30


def test_the_last_thirty_days_end_today():
    assert last_days(date(2026, 11, 23), 30) == TimeWindow(date(2026, 10, 25), date(2026, 11, 23))


def test_a_window_that_ends_before_it_begins_names_both_days_and_the_remedy():
    with pytest.raises(InvalidInput) as caught:
        TimeWindow(date(2026, 11, 2), date(2026, 11, 1))
    assert caught.value.message == "The time window ends on 2026-11-01, before it begins on 2026-11-02."
    assert caught.value.remedy == "Swap the two days."
