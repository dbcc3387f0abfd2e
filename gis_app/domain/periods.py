"""Nights and time windows in the city's own time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from gis_app.domain.errors import InvalidInput

CITY_TIME = ZoneInfo("Asia/Shanghai")
NOON = timedelta(hours=12)


def night_of(moment: datetime) -> date:
    """Return the night a moment belongs to: a shift that spans midnight belongs to the night it began.

    A night runs from noon to noon in the city's time.

    Raises
    ------
    ValueError
        If the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("A moment needs a time zone.")
    return (moment.astimezone(CITY_TIME) - NOON).date()


def night_end(night: date) -> datetime:
    """Return the noon at which a night ends, UTC."""
    return (datetime.combine(night, datetime.min.time(), CITY_TIME) + timedelta(days=1) + NOON).astimezone(UTC)


@dataclass(frozen=True)
class TimeWindow:
    """Whole days in the city's time, both ends included."""

    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise InvalidInput(
                "The time window ends on {last}, before it begins on {first}.",
                remedy="Swap the two days.",
                first=self.first_day,
                last=self.last_day,
            )

    @property
    def start(self) -> datetime:
        """First instant, UTC."""
        return datetime.combine(self.first_day, datetime.min.time(), CITY_TIME).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """Instant after the last, UTC (exclusive)."""
        return datetime.combine(self.last_day + timedelta(days=1), datetime.min.time(), CITY_TIME).astimezone(UTC)

    @property
    def days(self) -> int:
        """Number of days, at least 1."""
        return (self.last_day - self.first_day).days + 1


def last_days(today: date, count: int) -> TimeWindow:
    """Return the window of ``count`` days that ends today."""
    return TimeWindow(today - timedelta(days=count - 1), today)
