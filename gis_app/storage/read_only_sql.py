"""Statements of the SQL page: run as a role of their own that reads, within a caller's area and limits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import shapely
from sqlalchemy import Connection, text

from gis_app.domain.errors import Unavailable
from gis_app.domain.questions import Answer
from gis_app.storage.engine import bound_heavy

READER_ROLE = "jingwei_reader"
MAKE_READER = f"CREATE ROLE {READER_ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE"
_HAS_READER = text("SELECT coalesce(pg_has_role(session_user, to_regrole(:role)::oid, 'MEMBER'), false)")
_GEOMETRY_OID = text("SELECT 'geometry'::regtype::oid")
# The tables a view reads are granted with it: views run with the rights of who asks, so that row-level security holds.
_READ_BY = text("""
SELECT DISTINCT d.refobjid::regclass::text AS name FROM pg_rewrite r
JOIN pg_depend d ON d.objid = r.oid AND d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
JOIN pg_class c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p', 'v', 'f')
WHERE r.ev_class = to_regclass(:view)""")
_COLUMNS = text("""
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type FROM pg_attribute a
WHERE a.attrelid = to_regclass(:view) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum""")
_KINDS = {20: "number", 21: "number", 23: "number", 700: "number", 701: "number", 1700: "number", 16: "boolean"}
_KINDS |= {1184: "moment", 1114: "moment", 1082: "date"}


def grant_views(owner: Connection, views: Sequence[str]) -> bool:
    """Let the reading role read the views; return whether there is such a role."""
    if not owner.execute(text("SELECT to_regrole(:role) IS NOT NULL"), {"role": READER_ROLE}).scalar_one():
        return False
    names, seen = list(views), set[str]()
    while names:
        name = names.pop()
        if name in seen or owner.execute(text("SELECT to_regclass(:name)"), {"name": name}).scalar() is None:
            continue
        seen.add(name)
        owner.execute(text(f"GRANT SELECT ON {name} TO {READER_ROLE}"))
        names += [row.name for row in owner.execute(_READ_BY, {"view": name})]
    return True


def columns_of(connection: Connection, view: str) -> list[tuple[str, str]]:
    """Return name and type of a view's columns."""
    return [(row.name, row.type) for row in connection.execute(_COLUMNS, {"view": view})]


def answer(connection: Connection, statement: str, *, limit: int, seconds: float) -> Answer:
    """Run a checked statement and return its rows; the first geometry is their shape.

    The transaction reads only from here on, and its role cannot be left: no function that could do so is let through.

    Raises
    ------
    Unavailable
        If the database has no role that reads.
    """
    _become_reader(connection, seconds)
    # Plain text without values: a per cent sign in it is one.
    cursor = connection.connection.cursor()
    cursor.execute(f"SELECT * FROM ({statement}) AS answer LIMIT {limit + 1}")  # noqa: S608 - checked_sql() made it
    described: Any = cursor.description or ()
    heads = [(str(each[0]), int(each[1])) for each in described]
    rows = cursor.fetchall()
    geometry = int(connection.execute(_GEOMETRY_OID).scalar_one())
    places = [at for at, (_, oid) in enumerate(heads) if oid == geometry]
    shown = [at for at in range(len(heads)) if at not in places[:1]]
    return Answer(
        columns=tuple(heads[at][0] for at in shown),
        kinds={heads[at][0]: _KINDS.get(heads[at][1], "text") for at in shown},
        rows=tuple(tuple(_plain(row[at], at in places) for at in shown) for row in rows[:limit]),
        shapes=tuple(_shape(row[places[0]]) for row in rows[:limit]) if places else (),
        is_cut=len(rows) > limit,
    )


def plan_of(connection: Connection, statement: str, *, seconds: float) -> str:
    """Return how the database would run a checked statement."""
    _become_reader(connection, seconds)
    cursor = connection.connection.cursor()
    cursor.execute(f"EXPLAIN {statement}")
    return "\n".join(str(row[0]) for row in cursor.fetchall())


def _become_reader(connection: Connection, seconds: float) -> None:
    if not connection.execute(_HAS_READER, {"role": READER_ROLE}).scalar_one():
        raise Unavailable(
            "Reading with SQL needs the role {role} in the database.",
            remedy="Have a superuser run: {statement}; GRANT {role} TO the role of DATABASE_URL;",
            role=READER_ROLE,
            statement=MAKE_READER,
        )
    bound_heavy(connection, seconds=seconds)
    connection.execute(text("SET LOCAL work_mem = '32MB'"))
    connection.execute(text(f"SET LOCAL ROLE {READER_ROLE}"))
    connection.execute(text("SET TRANSACTION READ ONLY"))


def _shape(value: Any) -> str | None:
    return None if value is None else str(shapely.to_geojson(shapely.from_wkb(value)))


def _plain(value: Any, is_geometry: bool) -> Any:
    """Return a value as JSON knows it; a further geometry as its text."""
    if value is None or isinstance(value, bool | int | float | str):
        return shapely.from_wkb(str(value)).wkt[:200] if is_geometry and value else value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return [_plain(each, False) for each in value] if isinstance(value, list) else str(value)
