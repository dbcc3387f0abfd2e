"""What open pages are told beside the steps of hazards: alerts that changed, and what the walls shall show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from gis_app.storage.alerts import ALERT
from gis_app.storage.models import ScreenEvent
from gis_app.storage.models.base import table_of
from gis_app.storage.notices import CHANNEL

_SIGNAL = text(f"NOTIFY {CHANNEL}")
# An alert is told as it is now: who hears of several changes at once hears the last state each time.
_AFTER = text(f"""
SELECT e.id AS event_id, e.kind AS event_kind, e.at AS event_at, w.scene AS wall_scene, w.is_paused AS wall_paused,
       w.number AS wall_number, x.*
FROM screen_event e
LEFT JOIN wall_command w ON e.kind = 'wall' AND w.scope_path = e.desk_path
LEFT JOIN LATERAL ({ALERT} WHERE a.id = e.alert_id) x ON true
WHERE e.id > :after AND e.desk_path = :desk ORDER BY e.id LIMIT :most""")  # noqa: S608
_NEWEST = text("SELECT coalesce(max(id), 0) FROM screen_event")
_COMMAND = text("SELECT scene, is_paused, number, at FROM wall_command WHERE scope_path = :path")
_STEER = text("""
INSERT INTO wall_command AS w (scope_path, scene, is_paused, account, at)
VALUES (:path, :scene, :is_paused, :account, :at)
ON CONFLICT (scope_path) DO UPDATE SET scene = excluded.scene, is_paused = excluded.is_paused,
    number = w.number + 1, account = excluded.account, at = excluded.at
RETURNING scene, is_paused, number, at""")


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add events; only while the audit's head is locked, as notices are. Whoever listens is woken by the commit."""
    connection.execute(table_of(ScreenEvent).insert(), list(rows))
    connection.execute(_SIGNAL)


def after(connection: Connection, event_id: int, *, desk_path: str, most: int) -> Sequence[RowMapping]:
    """Return the events of exactly one desk after one, the oldest first."""
    return connection.execute(_AFTER, {"after": event_id, "desk": desk_path, "most": most}).mappings().all()


def newest_id(connection: Connection) -> int:
    """Return the id of the newest event of the caller's area, 0 for none."""
    return int(connection.execute(_NEWEST).scalar_one())


def wall_command(connection: Connection, scope_path: str) -> RowMapping | None:
    """Return what the walls of an area were last told, None if nothing ever."""
    return connection.execute(_COMMAND, {"path": scope_path}).mappings().first()


def steer(connection: Connection, values: Mapping[str, Any]) -> RowMapping:
    """Tell the walls of an area what to show."""
    return connection.execute(_STEER, dict(values)).mappings().one()
