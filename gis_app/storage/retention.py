"""Forgetting raw tracks: the fixes, and the cleaned lines made of them. What was computed from them stays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from gis_app.domain.periods import night_of
from gis_app.storage.engine import EVERYTHING

_RUN_LOCK = 330381004
# Dropping a month asks for the table alone; while it waits, all who come after it wait too.
_BEGIN = text("SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '10s', true)")
_COUNT = text("""
SELECT (SELECT count(*) FROM track_point WHERE recorded_at < :before) AS fix_count,
       (SELECT count(*) FROM patrol WHERE night < :first_night AND geom IS NOT NULL) AS line_count,
       EXISTS (SELECT FROM patrol WHERE night < :first_night AND geom IS NOT NULL AND NOT is_synthetic)
           OR EXISTS (SELECT FROM track_point WHERE recorded_at < :before AND NOT is_synthetic) AS has_real""")
_OLDEST = text("""
SELECT (SELECT min(recorded_at) FROM track_point WHERE recorded_at < :before) AS recorded_at,
       (SELECT min(night) FROM patrol WHERE night < :first_night AND geom IS NOT NULL) AS night""")
_FORGET_MONTHS = text("SELECT forget_tracks_before(:day)")
_FORGET_FIXES = text("DELETE FROM track_point WHERE recorded_at < :before")
_FORGET_LINES = text("UPDATE patrol SET geom = NULL WHERE night < :first_night AND geom IS NOT NULL")
_CITY_PATH = text("SELECT scope_path FROM area WHERE level = 'city' ORDER BY valid_to DESC NULLS FIRST LIMIT 1")
_MEASURED_TO = text("""
SELECT (SELECT max(ended_at) FROM patrol WHERE night < :first_night AND geom IS NOT NULL) AS ended_at,
       (SELECT data_to FROM analysis_run WHERE kind = 'grid_coverage' AND is_current) AS measured_to""")


@dataclass(frozen=True)
class TrackCount:
    """Fixes and cleaned lines, to be forgotten or just forgotten; ``has_real``: not all of them are made up."""

    fix_count: int
    line_count: int
    has_real: bool = True

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.fix_count or self.line_count)

    def __add__(self, other: TrackCount) -> TrackCount:
        """Return both together."""
        return TrackCount(self.fix_count + other.fix_count, self.line_count + other.line_count)


def begin(connection: Connection) -> None:
    """Let statements of this transaction take their time, but not keep others waiting for a lock."""
    connection.execute(_BEGIN)


def take_turn(connection: Connection) -> None:
    """Wait for another run that forgets at this very moment; the turn ends with the transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _RUN_LOCK})


def count_tracks(connection: Connection, *, before: datetime, first_night: date) -> TrackCount:
    """Return how many fixes lie before a moment, and how many lines before a night."""
    row = connection.execute(_COUNT, {"before": before, "first_night": first_night}).one()
    return TrackCount(row.fix_count, row.line_count, row.has_real)


def oldest_night(connection: Connection, *, before: datetime, first_night: date) -> date | None:
    """Return the night of the oldest fix before a moment or of the oldest line before a night, None for neither."""
    row = connection.execute(_OLDEST, {"before": before, "first_night": first_night}).one()
    nights = [night_of(row.recorded_at)] if row.recorded_at else []
    return min([*nights, *([row.night] if row.night else [])], default=None)


def forget_months(connection: Connection, day: date) -> TrackCount:
    """Forget the months (UTC) that ended before a day, at least 7 days back, and the lines of the nights before it."""
    # The lines first: the table is to itself only while the months are dropped.
    lines = connection.execute(_FORGET_LINES, {"first_night": day}).rowcount
    return TrackCount(int(connection.execute(_FORGET_MONTHS, {"day": day}).scalar_one()), lines)


def forget_tracks(connection: Connection, *, before: datetime, first_night: date) -> TrackCount:
    """Forget fixes before a moment and lines before a night, a row at a time."""
    fixes = connection.execute(_FORGET_FIXES, {"before": before}).rowcount
    return TrackCount(fixes, connection.execute(_FORGET_LINES, {"first_night": first_night}).rowcount)


def is_measured(connection: Connection, *, first_night: date) -> bool:
    """Return whether coverage was computed from all lines before a night."""
    row = connection.execute(_MEASURED_TO, {"first_night": first_night}).one()
    return row.ended_at is None or (row.measured_to is not None and row.measured_to >= row.ended_at)


def city_path(connection: Connection) -> str:
    """Return the city's scope path, that of everything before any city was loaded."""
    return str(connection.execute(_CITY_PATH).scalar() or EVERYTHING)
