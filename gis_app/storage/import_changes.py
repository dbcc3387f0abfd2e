"""What an import changed: kept before it is changed, put back when the import is undone."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

KEYS: Mapping[str, str] = {
    "hazard": "id",
    "facility": "id",
    "street_segment": "id",
    "team": "id",
    "area": "id",
    "grid": "area_id",
}
"""Tables that imports change, and the column that names a row; areas before grids, for grids refer to them."""
_GEOMETRIES: Mapping[str, Sequence[str]] = {
    "area": ("geom", "label_point"),
    "team": ("station",),
    "grid": (),
}
_OWN_PARTS = frozenset({("hazard", "hazard_event"), ("hazard", "notice"), ("area", "grid")})
"""What belongs to a row and goes with it: referred, referring."""
_REFERENCES = text("""
SELECT r.relname AS table_name, a.attname AS column_name,
       EXISTS (SELECT FROM pg_attribute i WHERE i.attrelid = r.oid AND i.attname = 'import_id') AS has_import
FROM pg_constraint f JOIN pg_class r ON r.oid = f.conrelid JOIN pg_attribute a ON a.attrelid = r.oid
     AND a.attnum = f.conkey[1]
WHERE f.contype = 'f' AND f.confrelid = to_regclass(:table) AND NOT r.relispartition ORDER BY 1, 2""")

_KEEP_FIXES = text("""
INSERT INTO import_change (import_id, table_name, was, scope_path)
VALUES (:import_id, 'track_point', :was, :path)""").bindparams(bindparam("was", type_=JSONB))
_TAKE_BACK = text("""
WITH gone AS (
    SELECT c.was ->> 'device' AS device, CAST(f ->> 0 AS timestamptz) AS recorded_at, CAST(f ->> 1 AS int) AS sequence
    FROM import_change c CROSS JOIN LATERAL jsonb_array_elements(c.was -> 'fixes') f
    WHERE c.import_id = :id AND c.table_name = 'track_point')
DELETE FROM track_point t USING gone g
WHERE t.device = g.device AND t.recorded_at = g.recorded_at AND t.sequence = g.sequence
RETURNING t.patrol_id""")
# A patrol without any fix never was; the track of the others is drawn anew by the next look of the housekeeping.
_EMPTY_PATROLS = text("""
DELETE FROM patrol p WHERE p.id = ANY(:ids) AND NOT EXISTS (SELECT FROM track_point t WHERE t.patrol_id = p.id)""")
_SHORTER_PATROLS = text("""
UPDATE patrol p SET is_stale = true, started_at = t.first_at, ended_at = t.last_at
FROM (SELECT patrol_id, min(recorded_at) AS first_at, max(recorded_at) AS last_at FROM track_point
      WHERE patrol_id = ANY(:ids) GROUP BY patrol_id) t
WHERE p.id = t.patrol_id""")


def image_of(table: str, row: str = "t") -> str:
    """Return SQL for a whole row as JSON, geometries to the last bit."""
    exact = ", ".join(f"'{name}', encode(ST_AsEWKB({row}.{name}), 'hex')" for name in _GEOMETRIES.get(table, ("geom",)))
    return f"to_jsonb({row}) || jsonb_build_object({exact})"


def keep(connection: Connection, import_id: uuid.UUID, table: str, chosen: str, **values: object) -> int:
    """Keep rows as they are, and return how many.

    Parameters
    ----------
    chosen
        SQL after SELECT's columns: ``FROM table t ... WHERE ...``, the rows of ``t`` being kept; each is kept once.
    """
    path = "'/'" if table == "street_segment" else "t.scope_path"
    key = KEYS[table]
    query = text(f"""
        INSERT INTO import_change (import_id, table_name, was, scope_path)
        SELECT DISTINCT ON (t.{key}) CAST(:import_id AS uuid), '{table}', {image_of(table)}, {path} {chosen}
          AND NOT EXISTS (SELECT FROM import_change c WHERE c.import_id = :import_id AND c.table_name = '{table}'
                          AND c.was ->> '{key}' = t.{key}::text)""")  # noqa: S608 - names of our own tables
    return connection.execute(query, {"import_id": import_id, **values}).rowcount


def later_change(connection: Connection, import_id: uuid.UUID) -> str | None:
    """Return the name of a file imported later that changed rows which an import added or changed."""
    keys = " OR ".join(
        f"c.table_name = '{table}' AND c.was ->> '{key}' = own.was ->> '{key}'" for table, key in KEYS.items()
    )
    query = text(f"""
        SELECT r.file_name FROM import_change c JOIN import_run r ON r.id = c.import_id
        WHERE c.import_id <> :id AND (c.was ->> 'import_id' = CAST(:id AS text) OR EXISTS (
            SELECT FROM import_change own WHERE own.import_id = :id AND own.id < c.id
              AND own.table_name = c.table_name AND ({keys})))
        ORDER BY c.id LIMIT 1""")  # noqa: S608
    return connection.execute(query, {"id": import_id}).scalar_one_or_none()


def hazards_moved_since(connection: Connection, import_id: uuid.UUID) -> list[str]:
    """Return numbers of hazards of an import, at most ten, that people worked on since."""
    query = text("""
        SELECT h.number FROM hazard h JOIN import_run r ON r.id = h.import_id
        WHERE h.import_id = :id AND h.changed_at > r.created_at ORDER BY h.number LIMIT 10""")
    return list(connection.execute(query, {"id": import_id}).scalars())


def began_a_city(connection: Connection, import_id: uuid.UUID) -> bool:
    """Return whether an import began the city."""
    query = text("SELECT EXISTS (SELECT FROM area WHERE level = 'city' AND import_id = :id)")
    return bool(connection.execute(query, {"id": import_id}).scalar_one())


def put_back(connection: Connection, import_id: uuid.UUID) -> int:
    """Give the rows that an import changed their former values; return how many."""
    count = 0
    for table, key in KEYS.items():
        columns = connection.execute(
            text("""
            SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
            WHERE attrelid = to_regclass(:table) AND attnum > 0 AND NOT attisdropped AND attidentity = ''
              AND attgenerated = '' AND attname <> :key"""),
            {"table": table, "key": key},
        ).scalar_one()
        query = text(f"""
            UPDATE {table} t SET ({columns}) = (
                SELECT {columns} FROM jsonb_populate_record(CAST(NULL AS {table}), c.was))
            FROM import_change c
            WHERE c.import_id = :id AND c.table_name = '{table}' AND c.was ->> '{key}' = t.{key}::text""")  # noqa: S608
        count += connection.execute(query, {"id": import_id}).rowcount
    return count


def dependents(connection: Connection, import_id: uuid.UUID) -> Mapping[str, int]:
    """Return how many rows of which tables refer to rows that an import added; what it added itself does not count."""
    found: dict[str, int] = {}
    for table, key in KEYS.items():
        if table == "grid":
            continue
        for reference in connection.execute(_REFERENCES, {"table": table}).all():
            if (table, reference.table_name) in _OWN_PARTS:
                continue
            own = " AND r.import_id IS DISTINCT FROM :id" if reference.has_import else ""
            query = text(f"""
                SELECT count(*) FROM {reference.table_name} r
                WHERE r.{reference.column_name} IN (SELECT {key} FROM {table} WHERE import_id = :id){own}""")  # noqa: S608
            count = int(connection.execute(query, {"id": import_id}).scalar_one())
            if count:
                found[reference.table_name] = found.get(reference.table_name, 0) + count
    inspections = text("""
        SELECT count(*) FROM inspection WHERE area_code IN (SELECT code FROM area WHERE import_id = :id)
          AND area_code NOT IN (SELECT code FROM area WHERE import_id IS DISTINCT FROM :id)""")
    count = int(connection.execute(inspections, {"id": import_id}).scalar_one())
    return found | ({"inspection": count} if count else {})


def remove_added(connection: Connection, import_id: uuid.UUID) -> int:
    """Delete the rows that an import added, once those it changed were put back; return how many."""
    count = 0
    for table in KEYS:
        if table == "grid":
            continue
        # The areas of one import may hold one another: the check of references comes at the statement's end.
        query = text(f"DELETE FROM {table} WHERE import_id = :id")  # noqa: S608
        count += connection.execute(query, {"id": import_id}).rowcount
    return count


def forget_run(connection: Connection, import_id: uuid.UUID) -> None:
    """Delete the record of an import and of what it changed, so that its file may be imported again."""
    connection.execute(text("DELETE FROM import_run WHERE id = :id"), {"id": import_id})


def months_and_villages(connection: Connection, import_id: uuid.UUID) -> tuple[list[date], list[str]]:
    """Return the months and villages of the hazards that an import added or changed, as they are and as they were."""
    query = text("""
        SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'Asia/Shanghai')::date AS month, path
        FROM (SELECT discovered_at AS at, scope_path AS path FROM hazard WHERE import_id = :id
              UNION ALL SELECT (was ->> 'discovered_at')::timestamptz, was ->> 'scope_path' FROM import_change
              WHERE import_id = :id AND table_name = 'hazard') touched""")
    rows = connection.execute(query, {"id": import_id}).all()
    return sorted({row.month for row in rows}), sorted({row.path for row in rows})


def keep_fixes(
    connection: Connection, import_id: uuid.UUID, *, device: str, night: str, fixes: Sequence[object], path: str
) -> None:
    """Note which fixes of a device an import adds in a night: moments and sequence numbers."""
    was = {"device": device, "night": night, "fixes": list(fixes)}
    connection.execute(_KEEP_FIXES, {"import_id": import_id, "was": was, "path": path})


def take_back_fixes(connection: Connection, import_id: uuid.UUID) -> int:
    """Delete the fixes that an import added, and patrols that have none left; return how many fixes."""
    patrols = list(connection.execute(_TAKE_BACK, {"id": import_id}).scalars())
    ids = {"ids": sorted(set(patrols))}
    connection.execute(_EMPTY_PATROLS, ids)
    connection.execute(_SHORTER_PATROLS, ids)
    return len(patrols)
