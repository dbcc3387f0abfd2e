"""Inspections and their findings, in the caller's area."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from gis_app.storage.models import Finding, Inspection
from gis_app.storage.models.base import table_of

# The newest boundary of a code carries its names; an area whose township is not in scope has none.
_COLUMNS = """
SELECT i.id, i.kind, i.area_code, i.planned_for, i.state, i.is_unannounced, i.checklist_version, i.answers, i.note,
       i.account, i.inspected_by, i.unit_code, i.body_hash, i.started_at, i.ended_at, i.day, i.version, i.changed_at,
       i.by_path, i.scope_path, i.is_synthetic, a.level AS area_level, a.name_zh AS area_zh, a.name_en AS area_en,
       p.name_zh AS township_zh, p.name_en AS township_en, u.name_zh AS unit_zh, u.name_en AS unit_en
FROM inspection i
LEFT JOIN LATERAL (
    SELECT level, name_zh, name_en, parent_id FROM area WHERE code = i.area_code
    ORDER BY valid_from DESC LIMIT 1) a ON true
LEFT JOIN area p ON p.id = a.parent_id AND p.level = 'township'
LEFT JOIN unit u ON u.code = i.unit_code"""
_ONE = text(f"{_COLUMNS} WHERE i.id = :id")
_LOCKED = text(f"{_COLUMNS} WHERE i.id = :id FOR UPDATE OF i")
# What is under way comes first, then what is to come, the next first, then what is over, the last first.
_LISTED = text(f"""
{_COLUMNS}
WHERE (:kind = '' OR i.kind = :kind) AND (:state = '' OR i.state = :state)
  AND (:area = '' OR i.area_code = :area
       OR starts_with(i.scope_path, (SELECT max(scope_path) FROM area WHERE code = :area)))
  AND coalesce(i.day, i.planned_for) BETWEEN :first_day AND :last_day
ORDER BY array_position(ARRAY['under_way', 'planned', 'done', 'cancelled'], i.state),
         CASE WHEN i.state = 'planned' THEN i.planned_for - date '1970-01-01'
              ELSE date '1970-01-01' - coalesce(i.day, i.planned_for) END, i.area_code, i.id
LIMIT :most""")  # noqa: S608
_FINDINGS_OF = text("SELECT inspection_id, count(*) AS count FROM finding WHERE inspection_id = ANY(:ids) GROUP BY 1")
_ADD = text("""
INSERT INTO inspection (id, kind, area_code, planned_for, is_unannounced, checklist_version, note, account, unit_code,
                        body_hash, by_path, scope_path)
VALUES (:id, :kind, :area_code, :planned_for, :is_unannounced, :checklist_version, :note, :account, :unit_code,
        :body_hash, :by_path, :scope_path)
ON CONFLICT DO NOTHING RETURNING id""")
STORABLE = ("state", "answers", "note", "inspected_by", "unit_code", "started_at", "ended_at", "day")
_FINDINGS = text("""
SELECT f.id, f.item, f.at, f.account, h.id AS hazard_id, h.number, h.title, h.stage, h.severity, h.category_code,
       c.name_zh AS category_zh, c.name_en AS category_en
FROM finding f JOIN hazard h ON h.id = f.hazard_id JOIN hazard_category c ON c.code = h.category_code
WHERE f.inspection_id = :id ORDER BY f.at, f.id""")
_FINDING = text("SELECT id, inspection_id, hazard_id, item, account FROM finding WHERE id = :id")
_ADD_FINDING = text("""
INSERT INTO finding (id, inspection_id, hazard_id, item, account, at, scope_path)
VALUES (:id, :inspection_id, :hazard_id, :item, :account, :at, :scope_path)
ON CONFLICT DO NOTHING RETURNING id""")
_AREA = text("""
SELECT code, level, name_zh, name_en, scope_path FROM area
WHERE code = :code AND level IN ('township', 'village') AND valid_to IS NULL""")
_AREAS_BELOW = text("""
SELECT a.code, a.level, a.name_zh, a.name_en, p.name_zh AS township_zh, p.name_en AS township_en
FROM area a LEFT JOIN area p ON p.id = a.parent_id AND p.level = 'township'
WHERE a.level IN ('township', 'village') AND a.valid_to IS NULL AND a.scope_path <> :path
ORDER BY a.scope_path""")
_OUTLINE = text("""
SELECT ST_AsGeoJSON(ST_SimplifyPreserveTopology(geom, 0.0001), 6) AS shape, ST_X(label_point) AS lon,
       ST_Y(label_point) AS lat
FROM area WHERE code = :code AND level IN ('township', 'village') ORDER BY valid_from DESC LIMIT 1""")

_AREAS_TO_LOAD = text("""
SELECT a.code, a.level, a.scope_path, p.code AS parent_code FROM area a LEFT JOIN area p ON p.id = a.parent_id
WHERE a.level IN ('city', 'township', 'village') AND a.valid_to IS NULL ORDER BY a.scope_path""")
_FOUND_BY_INSPECTION = text("""
SELECT h.id, h.discovered_at, h.category_code, h.scope_path, v.code AS village_code, t.code AS township_code
FROM hazard h JOIN area v ON v.id = h.village_id JOIN area t ON t.id = v.parent_id
WHERE h.discovered_by = 'inspection' AND h.discovered_at >= :since ORDER BY h.discovered_at, h.number""")


@dataclass(frozen=True)
class InspectionFilter:
    """Which inspections a list shows; empty stands for all. By the day they count on, or are planned for."""

    first_day: date
    last_day: date
    kind: str = ""
    state: str = ""
    area: str = ""
    most: int = 300


def inspection(connection: Connection, inspection_id: uuid.UUID, *, for_change: bool = False) -> RowMapping | None:
    """Return one inspection that the caller may see, locked when it is to be changed."""
    return connection.execute(_LOCKED if for_change else _ONE, {"id": inspection_id}).mappings().first()


def inspections(connection: Connection, wanted: InspectionFilter) -> Sequence[RowMapping]:
    """Return inspections that the caller may see: under way, then planned, then those that are over."""
    return connection.execute(_LISTED, vars(wanted)).mappings().all()


def finding_counts(connection: Connection, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, int]:
    """Return how many findings inspections have, for those that have any."""
    rows = connection.execute(_FINDINGS_OF, {"ids": list(ids)}).mappings()
    return {row["inspection_id"]: row["count"] for row in rows}


def add_inspection(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Store a planned inspection; False if its id is taken."""
    return connection.execute(_ADD, values).first() is not None


def store_inspection(connection: Connection, inspection_id: uuid.UUID, values: Mapping[str, Any]) -> None:
    """Store new values of some of the ``STORABLE`` columns and count the version."""
    given = {name: values[name] for name in STORABLE if name in values}
    if "answers" in given:
        given["answers"] = json.dumps(given["answers"], ensure_ascii=False)
    assignments = [f"{name} = CAST(:{name} AS jsonb)" if name == "answers" else f"{name} = :{name}" for name in given]
    statement = (
        f"UPDATE inspection SET {', '.join(assignments)}, version = version + 1, changed_at = clock_timestamp() "  # noqa: S608
        "WHERE id = :id"
    )
    connection.execute(text(statement), {**given, "id": inspection_id})


def findings(connection: Connection, inspection_id: uuid.UUID) -> Sequence[RowMapping]:
    """Return the findings of an inspection with their hazards, the oldest first."""
    return connection.execute(_FINDINGS, {"id": inspection_id}).mappings().all()


def finding(connection: Connection, finding_id: uuid.UUID) -> RowMapping | None:
    """Return one finding, None if there is none in the caller's area."""
    return connection.execute(_FINDING, {"id": finding_id}).mappings().first()


def add_finding(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Store a finding; False if its id is taken."""
    return connection.execute(_ADD_FINDING, values).first() is not None


def area_of_code(connection: Connection, code: str) -> RowMapping | None:
    """Return the township or village of a code as it is now; None outside the caller's area."""
    return connection.execute(_AREA, {"code": code}).mappings().first()


def areas_below(connection: Connection, scope_path: str) -> Sequence[RowMapping]:
    """Return the townships and villages below an area of the caller's, townships before their villages."""
    return connection.execute(_AREAS_BELOW, {"path": scope_path}).mappings().all()


def outline(connection: Connection, code: str) -> RowMapping | None:
    """Return an area's outline as GeoJSON text, drawn for a small map, and a point inside it."""
    return connection.execute(_OUTLINE, {"code": code}).mappings().first()


def areas_to_load(connection: Connection) -> list[RowMapping]:
    """Return the city, then townships and villages with the code of the area above each."""
    return list(connection.execute(_AREAS_TO_LOAD).mappings())


def found_by_inspection(connection: Connection, since: datetime) -> Sequence[RowMapping]:
    """Return hazards that inspections found since a moment, the oldest first."""
    return connection.execute(_FOUND_BY_INSPECTION, {"since": since}).mappings().all()


def load(connection: Connection, rows: Sequence[Mapping[str, Any]], of_findings: Sequence[Mapping[str, Any]]) -> None:
    """Add many inspections with their findings at once."""
    for model, values in ((Inspection, rows), (Finding, of_findings)):
        if values:
            connection.execute(table_of(model).insert(), [dict(each) for each in values])
