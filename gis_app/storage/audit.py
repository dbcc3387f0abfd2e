"""The audit chain in the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text
from sqlalchemy.dialects.postgresql import JSONB

from gis_app.domain.audit_chain import AuditEntry, Head, entry_hash
from gis_app.storage.models import AuditEntry as AuditRow
from gis_app.storage.models.base import table_of

# Held until the commit: one entry after another, each chained to what was really committed before it.
_LOCK_HEAD = text("SELECT sequence, hash FROM audit_head WHERE id = 1 FOR UPDATE")
_MOVE_HEAD = text("UPDATE audit_head SET sequence = :sequence, hash = :hash WHERE id = 1")
# A moment that Python has not was never written by us: any other stands for it, so that its hash betrays it.
_ALL = text("""
SELECT sequence, CASE WHEN at BETWEEN '0002-01-01Z' AND '9998-12-31Z' THEN at ELSE '0002-01-01Z' END AS at,
       account, action, subject, detail, scope_path, previous_hash, hash
FROM audit_entry ORDER BY sequence""")
_NEWEST = text("""
SELECT sequence, at, account, action, subject, detail FROM audit_entry
WHERE sequence < :before AND (:action = '' OR action = :action) AND (:account = '' OR account = :account)
ORDER BY sequence DESC LIMIT :most""")
_BATCH = 5000


@dataclass(frozen=True)
class AuditEvent:
    """Something done, before it is chained.

    Parameters
    ----------
    action
        What, as ``subject.verb``: ``account.disable``.
    subject
        To what, as ``kind:name``.
    scope_path
        The area it concerns; who may see that area may read the entry.
    detail
        More, as JSON of texts, whole numbers, booleans, lists and objects.
    """

    action: str
    subject: str
    scope_path: str
    detail: Mapping[str, Any] = field(default_factory=dict)


def append(connection: Connection, events: Sequence[AuditEvent], *, account: str, at: datetime) -> Head:
    """Chain events to the audit and return its new head; call it last, for all others wait until the commit."""
    newest = connection.execute(_LOCK_HEAD).one()
    sequence, previous = int(newest.sequence), bytes(newest.hash)
    rows = []
    for event in events:
        sequence += 1
        facts: dict[str, Any] = {
            "sequence": sequence,
            "at": at.astimezone(UTC),
            "account": account,
            "action": event.action,
            "subject": event.subject,
            "detail": dict(event.detail),
            "scope_path": event.scope_path,
        }
        link = entry_hash(previous, **facts)
        rows.append({**facts, "previous_hash": previous, "hash": link})
        previous = link
    connection.execute(table_of(AuditRow).insert(), rows)
    connection.execute(_MOVE_HEAD, {"sequence": sequence, "hash": previous})
    return Head(sequence, previous)


def entries(connection: Connection) -> Iterator[AuditEntry]:
    """Yield all entries of the caller's area in order, a few at a time."""
    rows = connection.execute(_ALL.columns(detail=JSONB), execution_options={"yield_per": _BATCH})
    for row in rows.mappings():
        yield AuditEntry(
            **{
                **row,
                "at": row["at"].astimezone(UTC),
                "previous_hash": bytes(row["previous_hash"]),
                "hash": bytes(row["hash"]),
            }
        )


def newest_entries(
    connection: Connection, *, before: int, action: str = "", account: str = "", most: int = 100
) -> Sequence[RowMapping]:
    """Return the newest entries of the caller's area with a lower sequence, perhaps of one action or account."""
    values = {"before": before, "action": action, "account": account, "most": most}
    return connection.execute(_NEWEST, values).mappings().all()
