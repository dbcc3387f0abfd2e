"""When each recurring job ran last, and who runs it now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

# The row is locked by whoever comes first; the second finds the job taken when the first has committed.
_TAKE = text("""
INSERT INTO job_run AS j (name, last_run_at, detail)
VALUES (:name, to_timestamp(0), jsonb_build_object('taken_until', CAST(:until AS text)))
ON CONFLICT (name) DO UPDATE SET detail = j.detail || excluded.detail
WHERE j.last_run_at <= :due_before
  AND coalesce(CAST(j.detail ->> 'taken_until' AS timestamptz) <= :now, true)
RETURNING name""")
_FINISH = text("""
UPDATE job_run SET last_run_at = :began_at, detail = :detail WHERE name = :name""").bindparams(
    bindparam("detail", type_=JSONB)
)
_RUN = text("SELECT last_run_at, detail FROM job_run WHERE name = :name")


def take(connection: Connection, name: str, *, now: datetime, due_before: datetime, until: datetime) -> bool:
    """Take a job that ran last before a moment and that nobody has taken; whether it is ours, until ``until``."""
    values = {"name": name, "now": now, "due_before": due_before, "until": until.isoformat()}
    return connection.execute(_TAKE, values).first() is not None


def finish(connection: Connection, name: str, *, began_at: datetime, detail: Mapping[str, Any]) -> None:
    """Note that a job ran and what came of it, and give it back."""
    connection.execute(_FINISH, {"name": name, "began_at": began_at, "detail": dict(detail)})


def last_run(connection: Connection, name: str) -> Row[Any] | None:
    """Return ``last_run_at`` and ``detail`` of a job, None before its first run."""
    return connection.execute(_RUN, {"name": name}).first()
