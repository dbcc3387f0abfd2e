"""Villages and grids of an import: a changed boundary becomes a new version, the old one keeps its days."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from gis_app.storage import import_changes
from gis_app.storage.imported_rows import LoadCount

EVER = date(2000, 1, 1)
"""From when an area is valid whose file names no day."""
INSIDE_SHARE = 0.99
"""Share of a grid that must lie in its village; the rest is drawing error."""

_FIND = """
UPDATE {staged} s SET parent_id = p.id, scope_path = p.scope_path || s.code || '/', current_id = c.id,
    current_from = c.valid_from, current_level = c.level, current_path = c.scope_path,
    is_equal = coalesce(c.name_zh = s.name_zh AND c.name_en IS NOT DISTINCT FROM s.name_en
        AND c.geom::bytea = s.geom::bytea, false),
    inside_share = {inside_share}
FROM {staged} o
LEFT JOIN area p ON p.code = o.parent_code AND p.level = :parent_level AND p.valid_to IS NULL
LEFT JOIN area c ON c.code = o.code AND c.valid_to IS NULL
WHERE o.source_row = s.source_row"""
_SHARE_INSIDE = "CASE WHEN p.geom && o.geom THEN ST_Area(ST_Intersection(o.geom, p.geom)) / ST_Area(o.geom) ELSE 0 END"
_CLOSE = """
UPDATE area a SET valid_to = coalesce(s.valid_from, :today) FROM {staged} s
WHERE a.id = s.current_id AND NOT s.is_equal AND a.valid_from < coalesce(s.valid_from, :today)"""
_CORRECT = """
UPDATE area a SET name_zh = s.name_zh, name_en = s.name_en, geom = s.geom, label_point = s.label_point,
    area_m2 = s.area_m2, import_id = :import_id, is_synthetic = false
FROM {staged} s WHERE a.id = s.current_id AND NOT s.is_equal AND a.valid_to IS NULL"""
# On ground that was nobody's an area counts as if it had always been there; on another's it begins with the day.
_ADD = """
INSERT INTO area (code, level, name_zh, name_en, parent_id, scope_path, geom, label_point, area_m2, valid_from,
                  import_id, is_synthetic)
SELECT s.code, CAST(:level AS text), s.name_zh, s.name_en, s.parent_id, s.scope_path, s.geom, s.label_point,
       s.area_m2,
       coalesce(s.valid_from, CASE WHEN s.current_id IS NULL AND NOT EXISTS (
           SELECT FROM area e
           WHERE e.level = CAST(:level AS text) AND e.import_id IS DISTINCT FROM CAST(:import_id AS uuid)
             AND e.geom && s.label_point AND ST_Intersects(e.geom, s.label_point))
           THEN CAST(:ever AS date) ELSE CAST(:today AS date) END),
       CAST(:import_id AS uuid), false
FROM {staged} s
WHERE s.current_id IS NULL OR NOT EXISTS (SELECT FROM area a WHERE a.id = s.current_id AND a.valid_to IS NULL)"""
_ADOPT = """
UPDATE area child SET parent_id = now_valid.id
FROM {staged} s JOIN area now_valid ON now_valid.code = s.code AND now_valid.valid_to IS NULL
WHERE child.parent_id = s.current_id AND child.valid_to IS NULL AND child.parent_id <> now_valid.id"""
_GRID = """
INSERT INTO grid AS t (area_id, kind, household_count, scope_path, is_synthetic)
SELECT a.id, s.kind, s.household_count, s.scope_path, false
FROM {staged} s JOIN area a ON a.code = s.code AND a.valid_to IS NULL
ON CONFLICT (area_id) DO UPDATE SET kind = EXCLUDED.kind, household_count = EXCLUDED.household_count
WHERE (t.kind, t.household_count) IS DISTINCT FROM (EXCLUDED.kind, EXCLUDED.household_count)"""
# What the file does not bring of the parents it names, and what lies in that.
_GONE = """
FROM area t WHERE t.valid_to IS NULL AND EXISTS (
    SELECT FROM area gone
    WHERE gone.level = :level AND gone.valid_to IS NULL AND starts_with(t.scope_path, gone.scope_path)
      AND EXISTS (SELECT FROM {staged} s JOIN area p ON p.id = s.parent_id
                  WHERE gone.scope_path = p.scope_path || gone.code || '/')
      AND NOT EXISTS (SELECT FROM {staged} s WHERE s.code = gone.code))"""
_END = """
UPDATE area a SET valid_to = greatest(CAST(:ends AS date), a.valid_from + 1) WHERE a.id IN (SELECT t.id {gone})"""
_CHANGED = """
FROM area t JOIN {staged} s ON t.id = s.current_id OR t.parent_id = s.current_id AND t.valid_to IS NULL
WHERE NOT s.is_equal"""
_CHANGED_GRIDS = """
FROM grid t JOIN area a ON a.id = t.area_id JOIN {staged} s ON s.code = a.code AND a.valid_to IS NULL
WHERE (t.kind, t.household_count) IS DISTINCT FROM (s.kind, s.household_count)"""
_EXTRA_COLUMNS = (
    "parent_id bigint, scope_path text, current_id bigint, current_from date, current_level text, current_path text, "
    "is_equal boolean, inside_share double precision"
)


@dataclass(frozen=True)
class AreaFact:
    """What the database says of a staged area: its parent, the version that is there, how far it lies inside."""

    source_row: int
    code: str
    parent_code: str
    has_parent: bool
    inside_share: float
    current_level: str | None
    is_moved: bool
    begins_too_early: bool


def find_relations(connection: Connection, staged: str, *, level: str, parent_level: str) -> Sequence[AreaFact]:
    """Look up parent and present version of every staged area, and return what may be wrong with each."""
    connection.execute(text(f"ALTER TABLE {staged} ADD {_EXTRA_COLUMNS.replace(', ', ', ADD ')}"))
    query = _FIND.format(staged=staged, inside_share=_SHARE_INSIDE if level == "grid" else "1")
    connection.execute(text(query), {"parent_level": parent_level})
    rows = connection.execute(
        text(f"""
        SELECT source_row, code, parent_code, parent_id IS NOT NULL AS has_parent, inside_share,
               current_level, coalesce(current_path <> scope_path, false) AS is_moved,
               NOT is_equal AND coalesce(valid_from < current_from, false) AS begins_too_early
        FROM {staged} ORDER BY source_row""")  # noqa: S608
    )
    return [AreaFact(**row._mapping) for row in rows]


def store_areas(
    connection: Connection, staged: str, *, level: str, today: date, import_id: uuid.UUID, is_whole: bool = False
) -> LoadCount:
    """Store staged areas whose relations were found and are in order; what is changed is kept as it was.

    Parameters
    ----------
    is_whole
        The file brings all areas of the parents it names: those it does not bring end, with what lies in them, on the
        day from which the file's own are valid.
    """
    values = {"level": level, "today": today, "ever": EVER, "import_id": import_id}
    import_changes.keep(connection, import_id, "area", _CHANGED.format(staged=staged))
    if level == "grid":
        import_changes.keep(connection, import_id, "grid", _CHANGED_GRIDS.format(staged=staged))
    ended = _end_missing(connection, staged, level=level, today=today, import_id=import_id) if is_whole else 0

    def run(query: str) -> int:
        statement = text(query.format(staged=staged))
        return connection.execute(statement, {name: values[name] for name in statement.compile().params}).rowcount

    closed = run(_CLOSE)
    corrected = run(_CORRECT)
    added = run(_ADD)
    run(_ADOPT)
    regraded = run(_GRID) if level == "grid" else 0
    whole = int(connection.execute(text(f"SELECT count(*) FROM {staged}")).scalar_one())  # noqa: S608
    fresh = added - closed
    changed = max(closed + corrected, regraded - fresh)
    return LoadCount(fresh, changed, whole - fresh - changed, ended)


def _end_missing(connection: Connection, staged: str, *, level: str, today: date, import_id: uuid.UUID) -> int:
    gone = _GONE.format(staged=staged)
    import_changes.keep(connection, import_id, "area", gone, level=level)
    day = connection.execute(text(f"SELECT coalesce(min(valid_from), :today) FROM {staged}"), {"today": today})  # noqa: S608
    return connection.execute(text(_END.format(gone=gone)), {"level": level, "ends": day.scalar_one()}).rowcount
