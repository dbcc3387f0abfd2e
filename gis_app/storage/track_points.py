"""GPS fixes and the patrols made of them: partitions by month, what is known of a night, and its new state."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from geoalchemy2.shape import from_shape
from sqlalchemy import Connection, bindparam, text

from gis_app.storage.bulk_load import copy_rows
from gis_app.storage.frames import frame_of
from gis_app.storage.models import Patrol, TrackPoint
from gis_app.storage.models.base import table_of

_PREPARE = text("SELECT prepare_track_month(month) FROM unnest(CAST(:months AS date[])) month")
_TEAMS = text("SELECT code AS team_code, id AS team_id, mode, scope_path FROM team WHERE code = ANY(:codes)")
_KNOWN = text("""
SELECT device, recorded_at, sequence, patrol_id, ST_X(geom) AS lon, ST_Y(geom) AS lat, speed_mps, accuracy_m,
       flag & 24 AS clock_flag
FROM track_point WHERE recorded_at >= :start AND recorded_at < :end AND device = ANY(:devices)""")
_FORGET = text(
    "DELETE FROM track_point WHERE patrol_id = ANY(:patrols) AND recorded_at >= :start AND recorded_at < :end"
)

_FORGOTTEN = text("SELECT team_id, night FROM patrol WHERE geom IS NULL AND night BETWEEN :first AND :last")


def forgotten_patrols(connection: Connection, *, first: date, last: date) -> set[tuple[int, date]]:
    """Return team_id and night of the patrols whose tracks were deleted after their time."""
    return {(row.team_id, row.night) for row in connection.execute(_FORGOTTEN, {"first": first, "last": last})}


def prepare_months(connection: Connection, moments: pd.Series) -> None:
    """Make sure that fixes of these moments (UTC) have a partition to go to."""
    months: Collection[date] = {moment.date().replace(day=1) for moment in moments.dt.floor("D").unique()}
    connection.execute(_PREPARE, {"months": sorted(months)})


def teams_of(connection: Connection, codes: Collection[str]) -> pd.DataFrame:
    """Return team_code, team_id, mode and scope_path of the teams with these codes."""
    rows = connection.execute(_TEAMS, {"codes": list(codes)})
    return pd.DataFrame(rows.all(), columns=["team_code", "team_id", "mode", "scope_path"])


def known_fixes(connection: Connection, devices: Collection[str], *, start: datetime, end: datetime) -> pd.DataFrame:
    """Return the stored fixes of some devices in ``[start, end)``, with the patrol they belong to."""
    result = connection.execute(_KNOWN, {"devices": list(devices), "start": start, "end": end})
    frame = frame_of(result)
    return frame.assign(recorded_at=pd.to_datetime(frame["recorded_at"], utc=True).astype("datetime64[us, UTC]"))


def forget_fixes(connection: Connection, patrols: Sequence[int], *, start: datetime, end: datetime) -> None:
    """Delete the fixes of some patrols, to be stored anew."""
    connection.execute(_FORGET, {"patrols": list(patrols), "start": start, "end": end})


def store_patrols(connection: Connection, patrols: Sequence[Mapping[str, Any]]) -> list[int]:
    """Add or change patrols and return their ids, in order.

    Parameters
    ----------
    patrols
        Values by column; ``geom`` a shapely MultiLineString, EPSG:4326; ``id`` None for a new one.
    """
    table = table_of(Patrol)
    rows = [{**patrol, "geom": from_shape(patrol["geom"], srid=4326)} for patrol in patrols]
    ids = [row.pop("id") for row in rows]
    fresh = [row for row, known in zip(rows, ids, strict=True) if known is None]
    changed = [{**row, "known_id": known} for row, known in zip(rows, ids, strict=True) if known is not None]
    given: list[int] = []
    if fresh:
        insert = table.insert().returning(table.c.id, sort_by_parameter_order=True)
        given = list(connection.execute(insert, fresh).scalars())
    if changed:
        values: dict[str, Any] = {name: bindparam(name) for name in rows[0]}
        connection.execute(table.update().where(table.c.id == bindparam("known_id")).values(values), changed)
    new_ids = iter(given)
    return [next(new_ids) if known is None else int(known) for known in ids]


def add_fixes(connection: Connection, fixes: pd.DataFrame) -> int:
    """Store fixes: columns of the table, with ``lon`` and ``lat`` for the place; return how many."""
    names = ("device", "recorded_at", "sequence", "patrol_id", "speed_mps", "accuracy_m", "flag", "scope_path")
    columns: dict[str, Any] = {name: fixes[name] for name in names}
    columns["geom"] = fixes[["lon", "lat"]].to_numpy(dtype=np.float64)
    return copy_rows(connection, table_of(TrackPoint), columns)
