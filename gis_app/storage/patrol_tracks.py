"""Patrols whose track does not know of all fixes yet, and changes that coverage does not know of yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from geoalchemy2.shape import from_shape
from sqlalchemy import Connection, case, not_, text

from gis_app.storage.frames import frame_of
from gis_app.storage.models import Patrol
from gis_app.storage.models.base import table_of

TRACK_FLAGS = 7
"""The flags that cleaning gives; those of the device's clock were given when the fix came."""
_STALE = text("SELECT id FROM patrol WHERE is_stale ORDER BY id")
_IS_BEHIND = text("""
SELECT EXISTS (SELECT FROM patrol WHERE is_stale) OR EXISTS (SELECT FROM uncounted_change)""")
_COUNT = text("SELECT fix_count FROM patrol WHERE id = :patrol")
_FIXES = text("""
SELECT device, recorded_at, sequence, flag, ST_X(geom) AS lon, ST_Y(geom) AS lat
FROM track_point WHERE patrol_id = :patrol ORDER BY device, recorded_at, sequence""")
_FLAG = text("""
UPDATE track_point SET flag = (flag & ~7) | :new_flag
WHERE device = :device AND recorded_at = :recorded_at AND sequence = :sequence""")


# Notes are added, never changed: whoever writes one waits for nobody, not for an import that takes minutes either.
_NOTE = text("INSERT INTO uncounted_change DEFAULT VALUES")
_UNCOUNTED = text("SELECT id FROM uncounted_change")
_COUNTED = text("DELETE FROM uncounted_change WHERE id = ANY(:notes)")


def stale(connection: Connection) -> list[int]:
    """Return ids of patrols whose track is to be made anew."""
    return list(connection.execute(_STALE).scalars())


def are_behind(connection: Connection) -> bool:
    """Say whether there are such patrols, or changes that coverage does not know of."""
    return bool(connection.execute(_IS_BEHIND).scalar_one())


def note_change(connection: Connection) -> None:
    """Note that tracks, grids or streets changed: coverage is to be computed."""
    connection.execute(_NOTE)


def uncounted(connection: Connection) -> Sequence[int]:
    """Return the notes of changes that coverage does not know of yet."""
    return connection.execute(_UNCOUNTED).scalars().all()


def forget_notes(connection: Connection, notes: Sequence[int]) -> None:
    """Forget notes, coverage having been computed since ``uncounted`` returned them."""
    connection.execute(_COUNTED, {"notes": list(notes)})


def fix_count(connection: Connection, patrol: int) -> int:
    """Return how many fixes a patrol is known to have; 0 if there is none such."""
    return int(connection.execute(_COUNT, {"patrol": patrol}).scalar() or 0)


def fixes_of(connection: Connection, patrol: int) -> pd.DataFrame:
    """Return the fixes of a patrol: device, recorded_at, sequence, flag, lon, lat."""
    result = connection.execute(_FIXES, {"patrol": patrol})
    frame = frame_of(result)
    return frame.assign(recorded_at=pd.to_datetime(frame["recorded_at"], utc=True))


def store(connection: Connection, patrol: int, *, geom: Any, length_m: float, fix_count: int, known_count: int) -> None:
    """Store the track of a patrol made of ``known_count`` fixes; it is stale no longer, unless more came meanwhile.

    The change is to be counted, whatever happens after this transaction. Nothing is locked while the track is made, so
    no device waits for it.
    """
    table = table_of(Patrol)
    is_newest = table.c.fix_count == known_count
    values = {
        "geom": from_shape(geom, srid=4326),
        "length_m": length_m,
        "fix_count": case((is_newest, fix_count), else_=table.c.fix_count),
        "is_stale": not_(is_newest),
    }
    connection.execute(table.update().where(table.c.id == patrol).values(values))
    note_change(connection)


def store_flags(connection: Connection, fixes: pd.DataFrame, flags: Any) -> None:
    """Store what is doubtful about some fixes, beside what their clock told."""
    rows = [
        {"device": row.device, "recorded_at": row.recorded_at, "sequence": row.sequence, "new_flag": int(flag)}
        for row, flag in zip(fixes.itertuples(index=False), flags, strict=True)
    ]
    if rows:
        connection.execute(_FLAG, rows)
