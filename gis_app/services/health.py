"""Whether the parts that a request needs work."""

from __future__ import annotations

from sqlalchemy import Engine

from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.schema import current_revision, newest_revision


def check(engine: Engine) -> dict[str, str]:
    """Return the state of the database: ``ok``, or ``outdated`` when its tables are not those of this program.

    Raises
    ------
    Unavailable
        If the database does not answer.
    """
    with scoped(engine, system_scope()) as connection:
        is_current = current_revision(connection) == newest_revision()
    return {"status": "ok" if is_current else "outdated"}
