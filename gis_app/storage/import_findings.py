"""What a loaded import is told of before it is committed: hazards outside any grid, areas around it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, text

_NO_GRID = text("""
SELECT number, ST_X(geom) AS lon, ST_Y(geom) AS lat, count(*) OVER () AS whole
FROM hazard WHERE import_id = :import_id AND grid_id IS NULL ORDER BY number LIMIT :most""")
_AREAS = text("""
SELECT a.id, a.code, a.name_zh, a.name_en, p.code AS parent_code, ST_AsBinary(a.geom) AS shape
FROM area a JOIN area p ON p.id = a.parent_id
WHERE a.level = :level AND a.valid_to IS NULL AND p.code = ANY(:parents) ORDER BY a.code""")
_AREAS_BEFORE = text("""
SELECT a.code, a.name_zh, a.name_en, ST_AsBinary(a.geom) AS shape
FROM area a JOIN area p ON p.id = a.parent_id
WHERE a.level = :level AND a.valid_to IS NULL AND a.import_id IS DISTINCT FROM :import_id AND p.code = ANY(:parents)
  AND NOT EXISTS (SELECT FROM import_change c WHERE c.import_id = :import_id AND c.table_name = 'area'
                  AND c.was ->> 'id' = a.id::text)
UNION ALL
SELECT a.code, a.name_zh, a.name_en, ST_AsBinary(a.geom)
FROM import_change c CROSS JOIN LATERAL jsonb_populate_record(CAST(NULL AS area), c.was) a
JOIN area p ON p.id = a.parent_id
WHERE c.import_id = :import_id AND c.table_name = 'area' AND a.level = :level AND a.valid_to IS NULL
  AND p.code = ANY(:parents)
ORDER BY code""")
# What belongs to an area that ends with this import and that no area of the same code follows.
_ORPHANS = text("""
WITH ended AS (
    SELECT a.id FROM area a JOIN import_change c ON c.was ->> 'id' = a.id::text
    WHERE c.import_id = :import_id AND c.table_name = 'area' AND a.valid_to IS NOT NULL
      AND NOT EXISTS (SELECT FROM area n WHERE n.code = a.code AND n.valid_to IS NULL))
SELECT (SELECT count(*) FROM ended) AS areas,
       (SELECT count(*) FROM account WHERE area_id IN (SELECT id FROM ended) AND is_active) AS accounts,
       (SELECT count(*) FROM team WHERE area_id IN (SELECT id FROM ended)) AS teams,
       (SELECT count(*) FROM facility WHERE area_id IN (SELECT id FROM ended)) AS facilities""")
_PARENTS = text("""
SELECT code, ST_AsBinary(geom) AS shape FROM area
WHERE level = :level AND valid_to IS NULL AND code = ANY(:codes) ORDER BY code""")
_LINK = text("""
UPDATE hazard SET external_id = :external_id WHERE id = :id AND external_id IS NULL
  AND NOT EXISTS (SELECT FROM hazard WHERE external_id = :external_id)""")


def without_grid(connection: Connection, import_id: uuid.UUID, *, most: int) -> Sequence[RowMapping]:
    """Return hazards of an import that lie in no grid, and how many there are in all."""
    return connection.execute(_NO_GRID, {"import_id": import_id, "most": most}).mappings().all()


def areas_of(connection: Connection, *, level: str, parents: Sequence[str]) -> Sequence[RowMapping]:
    """Return the areas of a level that are valid now in some parents, with their shapes as WKB."""
    return connection.execute(_AREAS, {"level": level, "parents": list(parents)}).mappings().all()


def areas_before(
    connection: Connection, import_id: uuid.UUID, *, level: str, parents: Sequence[str]
) -> Sequence[RowMapping]:
    """Return the areas of a level in some parents as they were before an import, with their shapes as WKB."""
    values = {"import_id": import_id, "level": level, "parents": list(parents)}
    return connection.execute(_AREAS_BEFORE, values).mappings().all()


def orphans(connection: Connection, import_id: uuid.UUID) -> dict[str, int]:
    """Return how many areas end with an import, and the accounts, teams and facilities that belong to them."""
    return dict(connection.execute(_ORPHANS, {"import_id": import_id}).mappings().one())


def grounds(connection: Connection, *, level: str, codes: Sequence[str]) -> Sequence[RowMapping]:
    """Return areas valid now by their codes, with their shapes as WKB."""
    return connection.execute(_PARENTS, {"level": level, "codes": list(codes)}).mappings().all()


def link(connection: Connection, hazard_id: uuid.UUID, external_id: str) -> bool:
    """Give a hazard without an external number one, unless another has it; return whether it has it now."""
    values: dict[str, Any] = {"id": hazard_id, "external_id": external_id}
    return connection.execute(_LINK, values).rowcount > 0


def hazard_for_merge(connection: Connection, hazard_id: uuid.UUID) -> RowMapping | None:
    """Return number and path of a hazard of the caller's area, locked."""
    query = text("SELECT id, number, scope_path, external_id FROM hazard WHERE id = :id FOR UPDATE")
    return connection.execute(query, {"id": hazard_id}).mappings().first()
