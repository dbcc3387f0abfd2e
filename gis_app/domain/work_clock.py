"""Time limits: when something is due, how much of its time is spent, and the light that shows it.

There are two clocks. Urgent hours and natural days run round the clock; work hours and work days only while people
work, so that one work day after Friday 16:00 is Monday 16:00. A suspension stops either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from gis_app.domain.errors import InvalidInput
from gis_app.domain.working_calendar import WorkingCalendar

WARNING_PERCENT = 80
"""Share of the limit from which the light is yellow."""


class LimitUnit(StrEnum):
    """Units of a limit."""

    URGENT_HOUR = "urgent_hour"
    WORK_HOUR = "work_hour"
    WORK_DAY = "work_day"
    NATURAL_DAY = "natural_day"


class Light(StrEnum):
    """How a limit stands."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    SUSPENDED = "suspended"


_WORKED_UNITS = frozenset({LimitUnit.WORK_HOUR, LimitUnit.WORK_DAY})


@dataclass(frozen=True)
class Limit:
    """So many units.

    Raises
    ------
    InvalidInput
        If the value is negative.
    """

    value: int
    unit: LimitUnit

    def __post_init__(self) -> None:
        if self.value < 0:
            raise InvalidInput("A limit of {value} is negative.", remedy="Give 0 or more.", value=self.value)

    def extended(self, value: int) -> Limit:
        """Return the limit with so many units of its own added."""
        return replace(self, value=self.value + value)

    def length(self, calendar: WorkingCalendar) -> timedelta:
        """Return the time it stands for on its clock."""
        if self.unit is LimitUnit.WORK_DAY:
            return self.value * calendar.day_length
        return self.value * (timedelta(days=1) if self.unit is LimitUnit.NATURAL_DAY else timedelta(hours=1))


@dataclass(frozen=True)
class Suspension:
    """A time during which the clock stands; no end while it still does.

    Raises
    ------
    InvalidInput
        If it ends before it begins.
    """

    start: datetime
    end: datetime | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.end < self.start:
            raise InvalidInput("A suspension ends before it begins.", remedy="Swap the two moments.")


@dataclass(frozen=True)
class Deadline:
    """When the light changes.

    Parameters
    ----------
    yellow_at, due_at
        UTC; None while a suspension without end keeps the moment from coming.
    is_certain
        Whether the holidays of all years it spans are known; if not, it moves when they are.
    """

    yellow_at: datetime | None
    due_at: datetime | None
    is_certain: bool


def deadline(
    start: datetime, limit: Limit, *, calendar: WorkingCalendar, suspensions: Iterable[Suspension] = ()
) -> Deadline:
    """Return when something begun at ``start`` turns yellow and is due.

    Raises
    ------
    InvalidInput
        If that is beyond the years the calendar counts.
    """
    stops = tuple(_merged(suspensions, start))
    length = limit.length(calendar)
    warning = length * WARNING_PERCENT // 100
    due = _reached(start, length, limit.unit, calendar=calendar, stops=stops)
    return Deadline(
        yellow_at=_reached(start, warning, limit.unit, calendar=calendar, stops=stops),
        due_at=due,
        is_certain=limit.unit not in _WORKED_UNITS or calendar.knows(start, due or start),
    )


def due_at(
    start: datetime, limit: Limit, *, calendar: WorkingCalendar, suspensions: Iterable[Suspension] = ()
) -> datetime | None:
    """Return when something begun at ``start`` is due, UTC; None while it is suspended before that."""
    stops = tuple(_merged(suspensions, start))
    return _reached(start, limit.length(calendar), limit.unit, calendar=calendar, stops=stops)


def spent(
    start: datetime,
    end: datetime,
    *,
    unit: LimitUnit,
    calendar: WorkingCalendar,
    suspensions: Iterable[Suspension] = (),
) -> timedelta:
    """Return the time that passed on the unit's clock, suspensions left out; 0 if ``end`` is not after ``start``."""
    total, begin = timedelta(0), start
    for stop in _merged(suspensions, start):
        total += _passed(begin, min(end, stop.start), unit, calendar=calendar)
        if stop.end is None or stop.end >= end:
            return total
        begin = stop.end
    return total + _passed(begin, end, unit, calendar=calendar)


def light(now: datetime, times: Deadline) -> Light:
    """Return green before 80 % of the limit, yellow up to the deadline itself, red past it.

    What is suspended before it was due has no light of its own; what was overdue then stays red.
    """
    if times.due_at is None:
        return Light.SUSPENDED
    if now > times.due_at:
        return Light.RED
    return Light.YELLOW if times.yellow_at is not None and now >= times.yellow_at else Light.GREEN


def _reached(
    start: datetime, length: timedelta, unit: LimitUnit, *, calendar: WorkingCalendar, stops: tuple[Suspension, ...]
) -> datetime | None:
    begin, left = start, length
    for stop in stops:
        passed = _passed(begin, stop.start, unit, calendar=calendar)
        if passed >= left:
            break
        if stop.end is None:
            return None
        begin, left = stop.end, left - passed
    return calendar.after(begin, left) if unit in _WORKED_UNITS else begin.astimezone(UTC) + left


def _passed(start: datetime, end: datetime, unit: LimitUnit, *, calendar: WorkingCalendar) -> timedelta:
    if end <= start:
        return timedelta(0)
    return calendar.worked(start, end) if unit in _WORKED_UNITS else end - start


def _merged(suspensions: Iterable[Suspension], start: datetime) -> Iterator[Suspension]:
    """Yield the suspensions in order, none touching another, from ``start`` on."""
    current: Suspension | None = None
    for each in sorted(suspensions, key=lambda suspension: suspension.start):
        if each.end is not None and each.end <= max(start, each.start):
            continue
        clipped = replace(each, start=max(start, each.start))
        if current is None or (current.end is not None and clipped.start > current.end):
            if current is not None:
                yield current
            current = clipped
        elif current.end is not None:
            current = replace(current, end=None if clipped.end is None else max(current.end, clipped.end))
    if current is not None:
        yield current
