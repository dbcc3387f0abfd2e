"""Imports under way: their queue, which any worker may serve, and the profiles of sources."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB, insert

from gis_app.domain.imports import WORKING, ImportState
from gis_app.storage.models import ImportJob
from gis_app.storage.models.base import table_of

_WORKING = ", ".join(f"'{state}'" for state in WORKING)
_TURN = 330381010
_ONE = text("SELECT * FROM import_job WHERE id = :id")
_LOCKED = text("SELECT * FROM import_job WHERE id = :id FOR UPDATE")
_LISTED = text("SELECT * FROM import_job ORDER BY created_at DESC, id LIMIT :most")
_RECEIVED = text("""
UPDATE import_job SET received_bytes = :received, state = :state, file_sha256 = :sha256, changed_at = :at,
    version = version + 1
WHERE id = :id""")
_MOVE = text("""
UPDATE import_job SET state = :state, options = :options, datum = :datum, file_format = :file_format,
    profile = :profile, progress = '{}', problem = NULL, claim = NULL, claimed_until = NULL, attempts = 0,
    changed_at = :at, version = version + 1
WHERE id = :id""").bindparams(bindparam("options", type_=JSONB))
# One import at a time on the whole machine: each takes a core, and two of the same rows would wait for each other.
_CLAIM = text(f"""
UPDATE import_job SET claim = :claim, claimed_until = :until, attempts = attempts + 1
WHERE id = (
    SELECT id FROM import_job WHERE state IN ({_WORKING}) AND (claimed_until IS NULL OR claimed_until < :now)
      AND NOT EXISTS (SELECT FROM import_job WHERE state IN ({_WORKING}) AND claimed_until >= :now)
    ORDER BY changed_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, kind, state, attempts, account, scope_path""")  # noqa: S608
_BEAT = text(f"""
UPDATE import_job SET claimed_until = :until, progress = :progress
WHERE id = :id AND claim = :claim AND state IN ({_WORKING}) RETURNING id""").bindparams(  # noqa: S608
    bindparam("progress", type_=JSONB)
)
_FINISH = text(f"""
UPDATE import_job SET state = :state, report = report || :report, problem = :problem, datum = :datum, claim = NULL,
    claimed_until = NULL, progress = '{{}}', changed_at = :at, version = version + 1
WHERE id = :id AND claim = :claim AND state IN ({_WORKING}) RETURNING id""").bindparams(  # noqa: S608
    bindparam("report", type_=JSONB), bindparam("problem", type_=JSONB(none_as_null=True))
)
_PROFILES = text("SELECT kind, name, settings, account, changed_at, scope_path FROM import_profile ORDER BY kind, name")
_KEEP_PROFILE = text("""
INSERT INTO import_profile AS p (kind, name, settings, account, changed_at, scope_path)
VALUES (:kind, :name, :settings, :account, :at, :scope_path)
ON CONFLICT (scope_path, kind, name) DO UPDATE SET settings = EXCLUDED.settings, account = EXCLUDED.account,
    changed_at = EXCLUDED.changed_at""").bindparams(bindparam("settings", type_=JSONB))


def add(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Store an import, and return whether its id was free."""
    # The id may be another area's, which is not seen here.
    table = table_of(ImportJob)
    statement = insert(table).values(**values).on_conflict_do_nothing().returning(table.c.id)
    return connection.execute(statement).first() is not None


def one(connection: Connection, job_id: uuid.UUID, *, for_change: bool = False) -> RowMapping | None:
    """Return an import of the caller's area, locked if it is to be changed."""
    return connection.execute(_LOCKED if for_change else _ONE, {"id": job_id}).mappings().first()


def listed(connection: Connection, *, most: int) -> Sequence[RowMapping]:
    """Return the imports of the caller's area, the newest first."""
    return connection.execute(_LISTED, {"most": most}).mappings().all()


def receive(
    connection: Connection, job_id: uuid.UUID, *, received: int, state: ImportState, sha256: str, at: datetime
) -> None:
    """Note how much of the file has come."""
    values = {"id": job_id, "received": received, "state": state.value, "sha256": sha256, "at": at}
    connection.execute(_RECEIVED, values)


def move(connection: Connection, job_id: uuid.UUID, values: Mapping[str, Any], *, at: datetime) -> None:
    """Store the state that a step leads to, with what the importer chose; nobody works on it then."""
    connection.execute(_MOVE, {**values, "id": job_id, "at": at})


def claim(connection: Connection, *, claim_id: uuid.UUID, now: datetime, until: datetime) -> RowMapping | None:
    """Take the import that waits longest, unless one is being worked on; None if there is nothing to do."""
    if not connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _TURN}).scalar_one():
        return None
    values = {"claim": claim_id, "now": now, "until": until}
    return connection.execute(_CLAIM, values).mappings().first()


def beat(
    connection: Connection, job_id: uuid.UUID, claim_id: uuid.UUID, *, until: datetime, progress: Mapping[str, Any]
) -> bool:
    """Keep a claim and note the progress; False if the claim is lost: the import was cancelled, or taken over."""
    values = {"id": job_id, "claim": claim_id, "until": until, "progress": dict(progress)}
    return connection.execute(_BEAT, values).first() is not None


def finish(connection: Connection, job_id: uuid.UUID, claim_id: uuid.UUID, values: Mapping[str, Any]) -> bool:
    """Store what came of the work, in the transaction that did it; False if the claim is lost."""
    return connection.execute(_FINISH, {**values, "id": job_id, "claim": claim_id}).first() is not None


def store_undone(connection: Connection, job_id: uuid.UUID, counts: Mapping[str, int], *, at: datetime) -> None:
    """Note that an import was undone."""
    query = text("""
        UPDATE import_job SET state = 'undone', report = report || jsonb_build_object('undone', CAST(:counts AS jsonb)),
            changed_at = :at, version = version + 1
        WHERE id = :id""")
    connection.execute(query, {"id": job_id, "counts": json.dumps(dict(counts)), "at": at})


def profiles(connection: Connection) -> Sequence[RowMapping]:
    """Return the profiles of sources in the caller's area."""
    return connection.execute(_PROFILES).mappings().all()


def keep_profile(connection: Connection, values: Mapping[str, Any]) -> None:
    """Store a profile under its name, in place of the one that had it."""
    connection.execute(_KEEP_PROFILE, dict(values))


def ids_in_hand(connection: Connection, states: Sequence[str], *, since: datetime) -> set[str]:
    """Return the ids of the imports in some states that were changed since a moment."""
    query = text("SELECT id FROM import_job WHERE state = ANY(:states) AND changed_at >= :since")
    return {str(each) for each in connection.execute(query, {"states": list(states), "since": since}).scalars()}


def as_json(value: Any) -> Any:
    """Return a value as JSON holds it: moments, days and ids as text."""
    return json.loads(json.dumps(value, default=str))
