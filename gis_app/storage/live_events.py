"""What happened to hazards, one after the other, and the signal that wakes who waits for it.

The events are the notices: written in the transaction of the change while the audit's head is locked, so that their ids
grow in the order of the commits. Who has seen one has missed none before it, however many write at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import psycopg
from sqlalchemy import Connection, Engine, RowMapping, text

from gis_app.storage import screen_events
from gis_app.storage.notices import CHANNEL

# Both tables stand under the policy: neither an event of another area is told, nor one of a hazard that moved there.
_AFTER = text("""
SELECT n.id, n.kind, n.at, n.stage, n.hazard_id, h.number, h.title, h.severity, h.due_at, h.is_supervised,
       c.name_zh AS category_zh, c.name_en AS category_en, v.name_zh AS village_zh, v.name_en AS village_en,
       ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat
FROM notice n
JOIN hazard h ON h.id = n.hazard_id
JOIN hazard_category c ON c.code = h.category_code
JOIN area v ON v.id = h.village_id
WHERE n.id > :after ORDER BY n.id LIMIT :most""")
_NEWEST = text("SELECT coalesce(max(id), 0) FROM notice")
_WAIT_S = 1.0


def after(connection: Connection, event_id: int, *, most: int) -> Sequence[RowMapping]:
    """Return the events of the caller's area after one, the oldest first."""
    return connection.execute(_AFTER, {"after": event_id, "most": most}).mappings().all()


def newest_id(connection: Connection) -> int:
    """Return the id of the newest event of the caller's area, 0 for none."""
    return max(int(connection.execute(_NEWEST).scalar_one()), screen_events.newest_id(connection))


def signals(engine: Engine, is_wanted: Callable[[], bool]) -> Iterator[None]:
    """Yield once when the signals are listened to, then at each of them, on a connection beside the pool.

    Raises
    ------
    psycopg.Error
        If the database does not answer, or no longer.
    """
    _, parameters = engine.dialect.create_connect_args(engine.url)
    with closing(psycopg.connect(**parameters, autocommit=True)) as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        yield None
        while is_wanted():
            for _ in connection.notifies(timeout=_WAIT_S, stop_after=1):
                yield None
