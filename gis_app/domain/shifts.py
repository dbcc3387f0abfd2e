"""Shifts: which part of the day a moment belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from gis_app.domain.periods import CITY_TIME


class Shift(StrEnum):
    """A part of the day in which a team is out."""

    DAY = "day"
    EVENING = "evening"
    NIGHT = "night"


BEGINS_AT_HOUR: Mapping[Shift, int] = MappingProxyType({Shift.DAY: 6, Shift.EVENING: 18, Shift.NIGHT: 22})
"""Hours of the city's day; each lasts until the next begins."""


def shift_of_hour(hour: int) -> Shift:
    """Return the shift of an hour of the city's day, 0 to 23."""
    begun = [shift for shift, begins in BEGINS_AT_HOUR.items() if begins <= hour]
    return begun[-1] if begun else Shift.NIGHT


def shift_of(moment: datetime) -> Shift:
    """Return the shift of a moment.

    Raises
    ------
    ValueError
        If the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("A moment needs a time zone.")
    return shift_of_hour(moment.astimezone(CITY_TIME).hour)
