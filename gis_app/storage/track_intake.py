"""Fixes as devices send them, stored once with their patrols and last positions by ``receive_fixes`` (0022)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

_PROMISED = text("SELECT 1 FROM track_batch WHERE account_id = :account_id AND client_id = :client_id")
_RECEIVE = text("""
SELECT receive_fixes(
    :account_id, :client_id, :body_hash, :device, :team_code, :now, :live_after, :live_until,
    CAST(:night AS date[]), CAST(:recorded_at AS timestamptz[]), CAST(:sequence AS int[]), CAST(:lon AS float8[]),
    CAST(:lat AS float8[]), CAST(:accuracy AS real[]), CAST(:speed AS real[]), CAST(:flag AS smallint[]),
    CAST(:facts AS jsonb))""")
_FORGET_BATCHES = text("DELETE FROM track_batch WHERE created_at < :before")
_FORGET_POSITIONS = text("DELETE FROM live_position WHERE received_at < :before")
_FIRST_TEAMS = text("""
SELECT code, mode, ST_X(m.xy) AS x, ST_Y(m.xy) AS y
FROM team CROSS JOIN LATERAL (SELECT ST_Transform(station, :srid) AS xy) m ORDER BY code LIMIT :most""")
_POSITIONS = text("""
SELECT l.patrol_id, p.mode, l.recorded_at, l.received_at, ST_X(l.geom) AS lon, ST_Y(l.geom) AS lat
FROM live_position l JOIN patrol p ON p.id = l.patrol_id
WHERE l.received_at > CAST(:since AS timestamptz) ORDER BY l.received_at LIMIT 2000""")


def is_promised(connection: Connection, account_id: int, client_id: uuid.UUID) -> bool:
    """Say whether a batch was stored before."""
    return connection.execute(_PROMISED, {"account_id": account_id, "client_id": client_id}).first() is not None


def receive(connection: Connection, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Store the fixes of a batch that are not stored yet, and promise the answer: one call of the database.

    Parameters
    ----------
    values
        ``account_id``, ``client_id``, ``body_hash``, ``device``, ``team_code``, ``now``; between ``live_after`` and
        ``live_until`` a fix tells where a patrol is now; lists of one length: ``night``, ``recorded_at``,
        ``sequence``, ``lon``, ``lat`` (EPSG:4326), ``accuracy``, ``speed``, ``flag``; and ``facts``, the answer so far,
        whose ``known`` counts all fixes of the batch.

    Returns
    -------
    ``outcome`` and what belongs to it: "stored" (``answer``, ``is_first`` of a night, ``team``, ``scope_path``),
    "known" (``answer``), "other body", "no team", "foreign", "forgotten" (``night``), "overtaken" by another request.
    After the last five the transaction is to be rolled back.
    """
    given = {**values, "facts": json.dumps(values["facts"])}
    outcome: Mapping[str, Any] = connection.execute(_RECEIVE, given).scalar_one()
    return outcome


def forget_old(connection: Connection, *, batches_before: datetime, positions_before: datetime) -> int:
    """Delete what was answered to old batches, and old last positions; return how many."""
    gone = connection.execute(_FORGET_BATCHES, {"before": batches_before}).rowcount
    return int(gone + connection.execute(_FORGET_POSITIONS, {"before": positions_before}).rowcount)


def first_teams(connection: Connection, *, most: int, srid: int) -> Sequence[RowMapping]:
    """Return code, mode and station (x, y, projected) of the first teams of the caller's area."""
    return connection.execute(_FIRST_TEAMS, {"most": most, "srid": srid}).mappings().all()


def positions_since(connection: Connection, since: datetime) -> Sequence[RowMapping]:
    """Return last positions of the caller's area that came after a moment: without team or device."""
    return connection.execute(_POSITIONS, {"since": since}).mappings().all()
