"""Which hours are worked: the city's working hours, the public holidays and the make-up workdays."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType

from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import CITY_TIME

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
"""The calendar counts working days from and to here."""
_KINDS = {"holiday": False, "workday": True}
_SATURDAY = 5
_MICROSECOND = timedelta(microseconds=1)
DEFAULT_SESSIONS = ((time(8, 30), time(12, 0)), (time(14, 0), time(17, 30)))


@dataclass(frozen=True, eq=False)
class WorkingCalendar:
    """The working days and hours of a city, as a clock that runs while people work.

    Parameters
    ----------
    exceptions
        Days that are worked (True) or not (False) against the rule that Monday to Friday are.
    sessions
        Hours worked on a working day, in the city's time: begin and end of each, in order.

    Raises
    ------
    InvalidInput
        If a session ends before it begins or before the one before it ends.

    Notes
    -----
    Holidays are published a year at a time. In a year of which no exception is known Monday to Friday are worked, so
    that work goes on in December when the next year's holidays are not loaded; ``knows`` says which years are certain.
    """

    exceptions: Mapping[date, bool]
    sessions: tuple[tuple[time, time], ...] = DEFAULT_SESSIONS

    def __post_init__(self) -> None:
        object.__setattr__(self, "exceptions", MappingProxyType(dict(self.exceptions)))
        moments = [moment for session in self.sessions for moment in session]
        if not moments or any(later <= earlier for earlier, later in pairwise(moments)):
            raise InvalidInput(
                "The working hours are not in order.",
                remedy="Give sessions such as 08:30-12:00 and 14:00-17:30, each after the one before.",
            )

    @cached_property
    def years(self) -> frozenset[int]:
        """Years whose holidays are known."""
        return frozenset(day.year for day in self.exceptions)

    def knows(self, start: datetime, end: datetime) -> bool:
        """Return whether the holidays of every year from one moment to another are known."""
        first, last = start.astimezone(CITY_TIME).year, end.astimezone(CITY_TIME).year
        return all(year in self.years for year in range(first, last + 1))

    def is_working_day(self, day: date) -> bool:
        """Return whether a day is worked."""
        return self.exceptions.get(day, day.weekday() < _SATURDAY)

    @cached_property
    def day_length(self) -> timedelta:
        """Hours of a full working day."""
        return self._session_ends[-1] * _MICROSECOND

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from one moment to another; negative if they are the other way round."""
        return (self._work_until(end) - self._work_until(start)) * _MICROSECOND

    def after(self, start: datetime, work: timedelta) -> datetime:
        """Return the earliest moment at which so much working time has passed since ``start``, UTC.

        Raises
        ------
        InvalidInput
            If that is not within the years the calendar counts.
        """
        if work <= timedelta(0):
            return start.astimezone(UTC)
        length = self._session_ends[-1]
        # One microsecond less, then one more: the end of a session, not the beginning of the next.
        day, last = divmod(self._work_until(start) + work // _MICROSECOND - 1, length)
        if day >= len(self._working_days):
            raise _beyond()
        session = bisect_right(self._session_ends, last)
        before = self._session_ends[session - 1] if session else 0
        begins = datetime.combine(
            date.fromordinal(self._working_days[day]), self.sessions[session][0], CITY_TIME
        ).astimezone(UTC)
        return begins + (last - before + 1) * _MICROSECOND

    def _work_until(self, moment: datetime) -> int:
        """Microseconds worked since the first day."""
        if moment.tzinfo is None:
            raise ValueError("A moment needs a time zone.")
        local = moment.astimezone(CITY_TIME)
        position = local.toordinal() - FIRST_DAY.toordinal()
        if not 0 <= position < len(self._days_before) - 1:
            raise _beyond()
        before = self._days_before[position]
        within = 0
        if self._days_before[position + 1] > before:
            now = _since_midnight(local.time())
            within = sum(max(0, min(now, end) - begin) for begin, end in self._session_bounds)
        return before * self._session_ends[-1] + within

    @cached_property
    def _session_bounds(self) -> tuple[tuple[int, int], ...]:
        return tuple((_since_midnight(begin), _since_midnight(end)) for begin, end in self.sessions)

    @cached_property
    def _session_ends(self) -> tuple[int, ...]:
        """Microseconds worked at the end of each session."""
        ends, total = [], 0
        for begin, end in self._session_bounds:
            total += end - begin
            ends.append(total)
        return tuple(ends)

    @cached_property
    def _working_days(self) -> tuple[int, ...]:
        """Ordinals of all working days."""
        days = (date.fromordinal(ordinal) for ordinal in range(FIRST_DAY.toordinal(), LAST_DAY.toordinal() + 1))
        return tuple(day.toordinal() for day in days if self.is_working_day(day))

    @cached_property
    def _days_before(self) -> tuple[int, ...]:
        """Working days before each day, and before the day after the last."""
        worked, counts = set(self._working_days), [0]
        for ordinal in range(FIRST_DAY.toordinal(), LAST_DAY.toordinal() + 1):
            counts.append(counts[-1] + (ordinal in worked))
        return tuple(counts)


def read_calendar(
    rows: Iterable[Mapping[str, str]], sessions: tuple[tuple[time, time], ...] = DEFAULT_SESSIONS
) -> WorkingCalendar:
    """Return the calendar of a table with the columns ``day`` (ISO date) and ``kind`` (holiday, workday).

    Raises
    ------
    InvalidInput
        If a row has no date, an unknown kind or a day that was there before; names the row.
    """
    exceptions: dict[date, bool] = {}
    for number, row in enumerate(rows, start=2):
        try:
            day = date.fromisoformat(row["day"])
            is_worked = _KINDS[row["kind"]]
        except (KeyError, ValueError, TypeError):
            raise InvalidInput(
                "Row {row} of the working calendar is not readable.",
                remedy="Give day as 2026-10-01 and kind as holiday or workday.",
                row=number,
            ) from None
        if day in exceptions:
            raise InvalidInput(
                "Row {row} of the working calendar repeats {day}.", remedy="Keep one row a day.", row=number, day=day
            )
        exceptions[day] = is_worked
    return WorkingCalendar(exceptions, sessions)


def _since_midnight(moment: time) -> int:
    return ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1_000_000 + moment.microsecond


def _beyond() -> InvalidInput:
    return InvalidInput(
        "The time lies outside {first} to {last}.",
        remedy="Check the date and the limit.",
        first=FIRST_DAY,
        last=LAST_DAY,
    )
