"""Shifts of the duty desk: by day and by night, in the city's own time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from gis_app.domain.periods import CITY_TIME

DAY_BEGINS, NIGHT_BEGINS = 8, 20
"""Hours of the city's clock at which the two shifts begin."""


class ShiftName(StrEnum):
    """Which of the two."""

    DAY = "day"
    NIGHT = "night"


class EntryKind(StrEnum):
    """What a line of the log is: a note, the shift given over to the next, the shift taken over."""

    NOTE = "note"
    HANDOVER = "handover"
    TAKEOVER = "takeover"


@dataclass(frozen=True)
class Shift:
    """One shift; that of a night belongs to the day it began."""

    day: date
    name: ShiftName

    @property
    def begins_at(self) -> datetime:
        """First instant, UTC."""
        hour = DAY_BEGINS if self.name is ShiftName.DAY else NIGHT_BEGINS
        return datetime.combine(self.day, time(hour), CITY_TIME).astimezone(UTC)

    @property
    def ends_at(self) -> datetime:
        """Instant after the last, UTC."""
        return self.begins_at + timedelta(hours=12)

    @property
    def before(self) -> Shift:
        """The shift before this one."""
        if self.name is ShiftName.NIGHT:
            return Shift(self.day, ShiftName.DAY)
        return Shift(self.day - timedelta(days=1), ShiftName.NIGHT)

    @property
    def after(self) -> Shift:
        """The shift after this one."""
        if self.name is ShiftName.DAY:
            return Shift(self.day, ShiftName.NIGHT)
        return Shift(self.day + timedelta(days=1), ShiftName.DAY)


def shift_at(moment: datetime) -> Shift:
    """Return the shift a moment belongs to.

    Raises
    ------
    ValueError
        If the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("A moment needs a time zone.")
    local = moment.astimezone(CITY_TIME)
    if DAY_BEGINS <= local.hour < NIGHT_BEGINS:
        return Shift(local.date(), ShiftName.DAY)
    began = local.date() if local.hour >= NIGHT_BEGINS else local.date() - timedelta(days=1)
    return Shift(began, ShiftName.NIGHT)
