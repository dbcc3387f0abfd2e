"""Programs that are told of notices: their addresses, how far each was told, and what it is told next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

_COLUMNS = """
w.id, w.name, w.url, w.is_active, w.created_at, w.told_upto, w.told_at, w.try_count, w.next_try_at, w.fault,
w.refused_count, w.scope_path"""
_ALL = text(f"""
SELECT {_COLUMNS}, a.name_zh, a.name_en,
       (SELECT count(*) FROM (
           SELECT FROM notice n WHERE n.id > w.told_upto AND starts_with(n.scope_path, w.scope_path) LIMIT 1000) few
       ) AS waiting
FROM webhook w LEFT JOIN area a ON a.scope_path = w.scope_path AND a.valid_to IS NULL ORDER BY w.id""")  # noqa: S608
# From now on: what happened before somebody wanted to be told is not sent.
_ADD = text("""
INSERT INTO webhook (name, url, secret, created_at, scope_path, told_upto)
VALUES (:name, :url, :secret, :now, :scope_path, coalesce((SELECT max(id) FROM notice), 0)) RETURNING id""")
_REMOVE = text("DELETE FROM webhook WHERE id = :id RETURNING name, scope_path")
_SWITCH = text("""
UPDATE webhook SET is_active = :active, try_count = 0, next_try_at = NULL WHERE id = :id RETURNING name, scope_path""")
_TAKE = text("""
UPDATE webhook SET taken_until = :until WHERE id = (
    SELECT w.id FROM webhook w
    WHERE w.is_active AND coalesce(w.taken_until < :now, true) AND coalesce(w.next_try_at <= :now, true)
      AND EXISTS (SELECT FROM notice n WHERE n.id > w.told_upto AND starts_with(n.scope_path, w.scope_path))
    ORDER BY w.told_at NULLS FIRST LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, name, url, secret, told_upto, try_count, scope_path""")
_NEXT = text("""
SELECT n.id, n.kind, n.at, n.hazard_id, n.stage, n.unit_code, n.scope_path, h.number, h.category_code, h.severity,
       h.due_at, v.code AS village_code
FROM notice n JOIN hazard h ON h.id = n.hazard_id JOIN area v ON v.id = h.village_id
WHERE n.id > :upto AND starts_with(n.scope_path, :path) ORDER BY n.id LIMIT :most""")
_TOLD = text("""
UPDATE webhook SET told_upto = :upto, told_at = :now, try_count = 0, next_try_at = NULL, fault = :fault,
    refused_count = refused_count + :refused, taken_until = :until
WHERE id = :id AND is_active""")
_FAILED = text("""
UPDATE webhook SET try_count = try_count + 1, next_try_at = :next_try_at, fault = :fault, taken_until = NULL
WHERE id = :id""")
_GIVE_BACK = text("UPDATE webhook SET taken_until = NULL WHERE id = :id")


def all_webhooks(connection: Connection) -> Sequence[RowMapping]:
    """Return the webhooks of the caller's area without their secrets, with how many notices wait, up to 1,000."""
    return connection.execute(_ALL).mappings().all()


def add(connection: Connection, *, name: str, url: str, secret: str, now: datetime, scope_path: str) -> int:
    """Add a webhook that is told of what happens from now on in an area."""
    values = {"name": name, "url": url, "secret": secret, "now": now, "scope_path": scope_path}
    return int(connection.execute(_ADD, values).scalar_one())


def remove(connection: Connection, webhook_id: int) -> RowMapping | None:
    """Remove a webhook and return its name and area, None if there is none."""
    return connection.execute(_REMOVE, {"id": webhook_id}).mappings().first()


def switch(connection: Connection, webhook_id: int, *, active: bool) -> RowMapping | None:
    """Pause or resume a webhook; a resumed one is tried at once."""
    return connection.execute(_SWITCH, {"id": webhook_id, "active": active}).mappings().first()


def take(connection: Connection, *, now: datetime, until: datetime) -> RowMapping | None:
    """Take a webhook with something to tell, whom nobody else tells until a moment; None if there is none."""
    return connection.execute(_TAKE, {"now": now, "until": until}).mappings().first()


def next_notices(connection: Connection, hook: RowMapping, *, upto: int, most: int) -> Sequence[RowMapping]:
    """Return what a webhook is told after ``upto``, in order."""
    return connection.execute(_NEXT, {"upto": upto, "path": hook["scope_path"], "most": most}).mappings().all()


def told(
    connection: Connection, webhook_id: int, *, upto: int, now: datetime, until: datetime, fault: str = ""
) -> bool:
    """Note that a webhook took a notice, or refused it for good with ``fault``; return whether it is still active."""
    values: dict[str, Any] = {"id": webhook_id, "upto": upto, "now": now, "until": until, "fault": fault}
    return connection.execute(_TOLD, {**values, "refused": int(bool(fault))}).rowcount > 0


def failed(connection: Connection, webhook_id: int, *, next_try_at: datetime, fault: str) -> None:
    """Note that a webhook could not be told, and when it is tried again."""
    connection.execute(_FAILED, {"id": webhook_id, "next_try_at": next_try_at, "fault": fault})


def give_back(connection: Connection, webhook_id: int) -> None:
    """Let others tell a webhook."""
    connection.execute(_GIVE_BACK, {"id": webhook_id})
