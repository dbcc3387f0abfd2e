"""Duties: inspections that areas owe in every week or month, and the day and period an inspection counts for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from gis_app.domain.areas import AreaLevel
from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import CITY_TIME, TimeWindow, night_of


class InspectionKind(StrEnum):
    """What an inspection is for."""

    NIGHT_CHECK = "night_check"
    MONTHLY = "monthly"
    SPECIAL = "special"


class InspectionState(StrEnum):
    """How far an inspection is."""

    PLANNED = "planned"
    UNDER_WAY = "under_way"
    DONE = "done"
    CANCELLED = "cancelled"


class Interval(StrEnum):
    """How often a duty is owed: once an ISO week (Monday to Sunday), or once a month of the calendar."""

    WEEK = "week"
    MONTH = "month"


class DutyState(StrEnum):
    """How an area stands with a duty in a period."""

    DONE = "done"
    LATE = "late"
    MISSED = "missed"
    DUE = "due"
    NOT_YET_DUE = "not_yet_due"


LEVELS_OF: Mapping[InspectionKind, tuple[AreaLevel, ...]] = MappingProxyType(
    {
        InspectionKind.NIGHT_CHECK: (AreaLevel.VILLAGE,),
        InspectionKind.MONTHLY: (AreaLevel.TOWNSHIP,),
        InspectionKind.SPECIAL: (AreaLevel.TOWNSHIP, AreaLevel.VILLAGE),
    }
)
"""Areas of which levels are inspected so."""


def may_inspect(own: AreaLevel, other: AreaLevel) -> bool:
    """Return whether a level inspects another: only those above it do."""
    levels = list(AreaLevel)
    return levels.index(own) < levels.index(other)


def _calendar_day(moment: datetime) -> date:
    if moment.tzinfo is None:
        raise ValueError("A moment needs a time zone.")
    return moment.astimezone(CITY_TIME).date()


_DAY_OF: Mapping[InspectionKind, Callable[[datetime], date]] = MappingProxyType(
    {
        InspectionKind.NIGHT_CHECK: night_of,
        InspectionKind.MONTHLY: _calendar_day,
        InspectionKind.SPECIAL: _calendar_day,
    }
)


def day_of(kind: InspectionKind, moment: datetime) -> date:
    """Return the day an inspection that began at a moment counts on: for a night check the night it began in.

    Raises
    ------
    ValueError
        If the moment has no time zone.
    """
    return _DAY_OF[kind](moment)


@dataclass(frozen=True)
class Duty:
    """An inspection that areas of a level owe once in every period.

    Parameters
    ----------
    owed_by, done_by
        Level of the areas inspected, and the level above that inspects them.
    due_days
        So many days before the end of the period what is not done yet is due.
    valid_from, valid_to
        First day it holds, and first day it no longer does.
    """

    key: str
    name_zh: str
    name_en: str
    kind: InspectionKind
    interval: Interval
    owed_by: AreaLevel
    done_by: AreaLevel
    due_days: int
    valid_from: date
    valid_to: date | None = None

    def in_language(self, locale: str) -> str:
        """Return the name in a language."""
        return self.name_en if locale == "en" else self.name_zh


def duties_of(table: Mapping[str, Any]) -> tuple[Duty, ...]:
    """Return the duties of a table as ``data/duties.toml`` holds one.

    Raises
    ------
    InvalidInput
        If one is not usable, or two of one key hold on the same day; names it.
    """
    duties = tuple(_duty(row) for row in table.get("duty", ()))
    for number, duty in enumerate(duties):
        for other in duties[:number]:
            if other.key == duty.key and _overlap(duty, other):
                raise _unusable(duty.key, "it stands twice for the same days")
    return duties


def _overlap(one: Duty, other: Duty) -> bool:
    return one.valid_from < (other.valid_to or date.max) and other.valid_from < (one.valid_to or date.max)


def _duty(row: Mapping[str, Any]) -> Duty:
    key = str(row.get("key", "?"))
    try:
        duty = Duty(
            key=str(row["key"]),
            name_zh=str(row["name"]["zh"]),
            name_en=str(row["name"]["en"]),
            kind=InspectionKind(row["kind"]),
            interval=Interval(row["interval"]),
            owed_by=AreaLevel(row["owed_by"]),
            done_by=AreaLevel(row["done_by"]),
            due_days=int(row["due_days"]),
            valid_from=row["valid_from"],
            valid_to=row.get("valid_to"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _unusable(key, str(error)) from None
    if not may_inspect(duty.done_by, duty.owed_by):
        raise _unusable(key, "done_by is no level above owed_by")
    if not isinstance(duty.valid_from, date) or (duty.valid_to is not None and duty.valid_to <= duty.valid_from):
        raise _unusable(key, "valid_to lies before valid_from")
    return duty


def _unusable(key: str, reason: str) -> InvalidInput:
    return InvalidInput(
        "The duty {key!r} is not usable: {reason}.",
        remedy="Correct it as data/duties.toml explains.",
        key=key[:40],
        reason=reason,
    )


def period_of(interval: Interval, day: date) -> TimeWindow:
    """Return the week or month a day lies in."""
    if interval is Interval.WEEK:
        monday = day - timedelta(days=day.weekday())
        return TimeWindow(monday, monday + timedelta(days=6))
    first = day.replace(day=1)
    return TimeWindow(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def periods_in(interval: Interval, window: TimeWindow) -> Iterator[TimeWindow]:
    """Yield the periods that touch a window, the oldest first."""
    period = period_of(interval, window.first_day)
    while period.first_day <= window.last_day:
        yield period
        period = period_of(interval, period.last_day + timedelta(days=1))


def period_name(interval: Interval, period: TimeWindow) -> str:
    """Return a period's short name: ``2026-W53`` by ISO 8601, or ``2026-05``."""
    if interval is Interval.WEEK:
        year, week, _ = period.first_day.isocalendar()
        return f"{year}-W{week:02}"
    return f"{period.first_day:%Y-%m}"


def counted_period(interval: Interval, *, planned_for: date, day: date) -> TimeWindow:
    """Return the period an inspection counts for: that of its day.

    What was planned for a period and made in the very next one makes up for it, late; it counts once, not for both.
    """
    planned, own = period_of(interval, planned_for), period_of(interval, day)
    return planned if planned.last_day + timedelta(days=1) == own.first_day else own


def duty_in_force(duties: Sequence[Duty], key: str, day: date) -> Duty | None:
    """Return the duty of a key that holds on a day; None if none does."""
    held = (duty for duty in duties if duty.key == key and duty.valid_from <= day)
    return next((duty for duty in held if duty.valid_to is None or day < duty.valid_to), None)
