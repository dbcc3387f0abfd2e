"""Shifts: by day from 8 to 20 o'clock of the city's clock, by night from 20 to 8."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gis_app.domain.desk_shifts import Shift, ShiftName, shift_at


@pytest.mark.parametrize(
    ("moment", "day", "name"),
    [
        (datetime(2026, 6, 15, 0, 0, tzinfo=UTC), 15, ShiftName.DAY),  # 08:00
        (datetime(2026, 6, 15, 11, 59, tzinfo=UTC), 15, ShiftName.DAY),  # 19:59
        (datetime(2026, 6, 15, 12, 0, tzinfo=UTC), 15, ShiftName.NIGHT),  # 20:00
        (datetime(2026, 6, 15, 16, 0, tzinfo=UTC), 15, ShiftName.NIGHT),  # 00:00 of the 16th
        (datetime(2026, 6, 15, 23, 59, tzinfo=UTC), 15, ShiftName.NIGHT),  # 07:59 of the 16th
    ],
)
def test_a_moment_belongs_to_the_shift_that_began_before_it(moment, day, name):
    shift = shift_at(moment)
    assert shift == Shift(date(2026, 6, day), name)
    assert shift.begins_at <= moment < shift.ends_at


def test_shifts_follow_one_another_without_a_gap():
    shift = Shift(date(2026, 2, 28), ShiftName.DAY)
    for _ in range(5):
        assert shift.after.begins_at == shift.ends_at
        assert shift.after.before == shift
        shift = shift.after
    assert shift == Shift(date(2026, 3, 2), ShiftName.NIGHT)
    assert shift.ends_at - shift.begins_at == timedelta(hours=12)


def test_a_moment_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        shift_at(datetime(2026, 6, 15, 12))
