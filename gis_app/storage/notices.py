"""Notices of what happened to hazards: added with the step, read by those whose turn it is, sent on to programs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from gis_app.storage.models import Notice
from gis_app.storage.models.base import table_of

# One's own steps are no news, and what is long past waits in the queue anyway.
_FOR_ME = """
n.at > :since AND n.account <> :login AND n.duties && CAST(:duties AS text[]) AND :level = ANY(n.levels)
AND (n.unit_code IS NULL OR n.unit_code = :unit)"""
_CASE = """
h.number, h.title, h.category_code, c.name_zh AS category_zh, c.name_en AS category_en, h.severity, h.due_at,
v.code AS village_code, v.name_zh AS village_zh, v.name_en AS village_en"""
_JOINS = """
JOIN hazard h ON h.id = n.hazard_id
JOIN hazard_category c ON c.code = h.category_code
JOIN area v ON v.id = h.village_id"""
_NEWEST = text(f"""
SELECT n.id, n.kind, n.at, n.hazard_id, n.stage, {_CASE}
FROM notice n {_JOINS} WHERE {_FOR_ME} ORDER BY n.id DESC LIMIT :most""")  # noqa: S608
_UNREAD = text(f"""
SELECT count(*) FROM (SELECT FROM notice n WHERE n.id > :read_upto AND {_FOR_ME} LIMIT :most) few""")  # noqa: S608
_READ_UPTO = text("SELECT notices_read_upto FROM account WHERE id = :account_id")
_MARK_READ = text("""
UPDATE account SET notices_read_upto = greatest(notices_read_upto, least(:upto, (SELECT max(id) FROM notice)))
WHERE id = :account_id""")
_FORGET = text("""
DELETE FROM notice
WHERE at < :before AND NOT EXISTS (
    SELECT FROM webhook w
    WHERE w.is_active AND w.told_upto < notice.id AND starts_with(notice.scope_path, w.scope_path))""")

CHANNEL = "jingwei_notice"
_SIGNAL = text(f"NOTIFY {CHANNEL}")


@dataclass(frozen=True)
class Reader:
    """Whom notices are read for: an account with its duties, level and unit."""

    account_id: int
    login: str
    duties: Collection[str]
    level: str
    unit: str | None


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add notices; only while the audit's head is locked, so that their ids grow in the order of the commits.

    Whoever listens is woken by the commit.
    """
    connection.execute(table_of(Notice).insert(), list(rows))
    connection.execute(_SIGNAL)


def newest(connection: Connection, reader: Reader, *, since: datetime, most: int) -> Sequence[RowMapping]:
    """Return what a reader was told since a moment, the newest first."""
    return connection.execute(_NEWEST, {**_values(reader), "since": since, "most": most}).mappings().all()


def read_upto(connection: Connection, reader: Reader) -> int:
    """Return the last notice that a reader has marked as read."""
    return int(connection.execute(_READ_UPTO, {"account_id": reader.account_id}).scalar_one())


def unread_count(connection: Connection, reader: Reader, *, since: datetime, most: int) -> int:
    """Return how many notices a reader has not read, counted up to ``most``."""
    values = {**_values(reader), "since": since, "most": most, "read_upto": read_upto(connection, reader)}
    return int(connection.execute(_UNREAD, values).scalar_one())


def mark_read(connection: Connection, reader: Reader, *, upto: int) -> None:
    """Mark all notices up to one as read."""
    connection.execute(_MARK_READ, {"account_id": reader.account_id, "upto": upto})


def forget(connection: Connection, *, before: datetime) -> int:
    """Delete notices from before a moment that every webhook was told of, and return how many."""
    return connection.execute(_FORGET, {"before": before}).rowcount


def _values(reader: Reader) -> dict[str, Any]:
    return {
        "login": reader.login,
        "duties": sorted(reader.duties),
        "level": reader.level,
        "unit": reader.unit or "",
    }
