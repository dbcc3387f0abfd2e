"""Fixes as devices send them: batches promised once, rows stored once, their patrols and last positions."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

# One device's batches wait for each other; a night's patrol is made by one of them.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('device ' || :device, 330381007))")
# Only a month without a partition is prepared, by one transaction at a time.
_LOCK_MONTHS = text("""
SELECT pg_advisory_xact_lock(330381008) FROM unnest(CAST(:months AS date[])) month
WHERE to_regclass('track_point_' || to_char(month, 'YYYY_MM')) IS NULL LIMIT 1""")
_PREPARE = text("""
SELECT prepare_track_month(month) FROM unnest(CAST(:months AS date[])) month
WHERE to_regclass('track_point_' || to_char(month, 'YYYY_MM')) IS NULL""")
_BATCH = text("SELECT body_hash, answer FROM track_batch WHERE account_id = :account_id AND client_id = :client_id")
_PROMISE = text("""
INSERT INTO track_batch (account_id, client_id, body_hash, answer, created_at, scope_path)
VALUES (:account_id, :client_id, :body_hash, CAST(:answer AS jsonb), :now, :scope_path)
ON CONFLICT DO NOTHING RETURNING 1""")
_FORGET_BATCHES = text("DELETE FROM track_batch WHERE created_at < :before")
_FORGET_POSITIONS = text("DELETE FROM live_position WHERE received_at < :before")
_TEAM = text("SELECT id, mode, scope_path FROM team WHERE code = :code")
_FIRST_TEAMS = text("""
SELECT code, mode, ST_X(m.xy) AS x, ST_Y(m.xy) AS y
FROM team CROSS JOIN LATERAL (SELECT ST_Transform(station, :srid) AS xy) m ORDER BY code LIMIT :most""")
_PATROL = text("""
SELECT id, team_id, geom IS NULL AS is_forgotten FROM patrol WHERE device = :device AND night = :night""")
_ADD_PATROL = text("""
INSERT INTO patrol (team_id, night, started_at, ended_at, mode, length_m, fix_count, device, is_stale, geom, scope_path)
VALUES (:team_id, :night, :first, :last, :mode, 0, 0, :device, true, ST_GeomFromText('MULTILINESTRING EMPTY', 4326),
        :scope_path)
ON CONFLICT DO NOTHING RETURNING id""")
_GROW_PATROL = text("""
UPDATE patrol SET started_at = least(started_at, :first), ended_at = greatest(ended_at, :last),
                  fix_count = fix_count + :added, is_stale = true
WHERE id = :patrol""")
_ADD_FIXES = text("""
INSERT INTO track_point (device, recorded_at, sequence, patrol_id, speed_mps, accuracy_m, flag, scope_path, geom)
SELECT :device, f.recorded_at, f.sequence, :patrol, f.speed, f.accuracy, f.flag, :scope_path,
       ST_SetSRID(ST_MakePoint(f.lon, f.lat), 4326)
FROM unnest(CAST(:recorded_at AS timestamptz[]), CAST(:sequence AS int[]), CAST(:lon AS float8[]),
            CAST(:lat AS float8[]), CAST(:accuracy AS real[]), CAST(:speed AS real[]),
            CAST(:flag AS smallint[]))
            f (recorded_at, sequence, lon, lat, accuracy, speed, flag)
ON CONFLICT DO NOTHING""")
# What another area's device of the same name holds is neither changed nor seen, so it must not be acknowledged.
_COUNT = text("""
SELECT count(*) FROM unnest(CAST(:recorded_at AS timestamptz[]), CAST(:sequence AS int[])) f (recorded_at, sequence)
JOIN track_point p ON p.device = :device AND p.recorded_at = f.recorded_at AND p.sequence = f.sequence""")
_MOVE = text("""
INSERT INTO live_position (patrol_id, recorded_at, received_at, speed_mps, geom, scope_path)
VALUES (:patrol, :at, clock_timestamp(), :speed, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), :scope_path)
ON CONFLICT (patrol_id) DO UPDATE
SET recorded_at = excluded.recorded_at, received_at = excluded.received_at, speed_mps = excluded.speed_mps,
    geom = excluded.geom
WHERE excluded.recorded_at > live_position.recorded_at""")
_POSITIONS = text("""
SELECT l.patrol_id, p.mode, l.recorded_at, l.received_at, ST_X(l.geom) AS lon, ST_Y(l.geom) AS lat
FROM live_position l JOIN patrol p ON p.id = l.patrol_id
WHERE l.received_at > CAST(:since AS timestamptz) ORDER BY l.received_at LIMIT 2000""")


def take_turn(connection: Connection, device: str) -> None:
    """Wait for another batch of the same device; the turn ends with the transaction."""
    connection.execute(_LOCK, {"device": device})


def promised(connection: Connection, account_id: int, client_id: uuid.UUID) -> RowMapping | None:
    """Return body_hash and answer of a batch that was stored before."""
    return connection.execute(_BATCH, {"account_id": account_id, "client_id": client_id}).mappings().first()


def promise(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Keep what is answered to a batch; False if another request just did."""
    return connection.execute(_PROMISE, {**values, "answer": json.dumps(values["answer"])}).first() is not None


def forget_old(connection: Connection, *, batches_before: datetime, positions_before: datetime) -> int:
    """Delete what was answered to old batches, and old last positions; return how many."""
    gone = connection.execute(_FORGET_BATCHES, {"before": batches_before}).rowcount
    return int(gone + connection.execute(_FORGET_POSITIONS, {"before": positions_before}).rowcount)


def team(connection: Connection, code: str) -> RowMapping | None:
    """Return id, mode and scope_path of a team of the caller's area."""
    return connection.execute(_TEAM, {"code": code}).mappings().first()


def first_teams(connection: Connection, *, most: int, srid: int) -> Sequence[RowMapping]:
    """Return code, mode and station (x, y, projected) of the first teams of the caller's area."""
    return connection.execute(_FIRST_TEAMS, {"most": most, "srid": srid}).mappings().all()


def patrol_of(connection: Connection, device: str, night: date) -> RowMapping | None:
    """Return id, team_id and is_forgotten of a device's patrol of a night."""
    return connection.execute(_PATROL, {"device": device, "night": night}).mappings().first()


def add_patrol(connection: Connection, values: Mapping[str, Any]) -> int | None:
    """Begin a patrol and return its id; None where the device belongs to another area."""
    found = connection.execute(_ADD_PATROL, dict(values)).scalar()
    return None if found is None else int(found)


def add_fixes(connection: Connection, patrol: int, columns: Mapping[str, Any]) -> int:
    """Store fixes that are not there yet, and return how many these are.

    Parameters
    ----------
    columns
        ``device`` and ``scope_path``, and lists: recorded_at, sequence, lon, lat, accuracy, speed, flag.
    """
    months = sorted({moment.date().replace(day=1) for moment in columns["recorded_at"]})
    if connection.execute(_LOCK_MONTHS, {"months": months}).first() is not None:
        connection.execute(_PREPARE, {"months": months})
    return connection.execute(_ADD_FIXES, {**columns, "patrol": patrol}).rowcount


def count_stored(connection: Connection, columns: Mapping[str, Any]) -> int:
    """Return how many of some fixes are stored in the caller's area."""
    return int(
        connection.execute(_COUNT, {name: columns[name] for name in ("device", "recorded_at", "sequence")}).scalar_one()
    )


def grow_patrol(connection: Connection, patrol: int, *, first: datetime, last: datetime, added: int) -> None:
    """Tell a patrol of its new fixes; its track is made anew later."""
    connection.execute(_GROW_PATROL, {"patrol": patrol, "first": first, "last": last, "added": added})


def move(connection: Connection, values: Mapping[str, Any]) -> None:
    """Keep a patrol's last position, unless a later one is known."""
    connection.execute(_MOVE, dict(values))


def positions_since(connection: Connection, since: datetime) -> Sequence[RowMapping]:
    """Return last positions of the caller's area that came after a moment: without team or device."""
    return connection.execute(_POSITIONS, {"since": since}).mappings().all()
