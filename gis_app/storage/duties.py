"""What compliance with duties is computed from: areas with the days they were valid, and inspections made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import Connection, RowMapping, text

_AREAS = text("""
SELECT a.code, a.name_zh, a.name_en, a.scope_path, a.valid_from, a.valid_to, p.code AS township_code,
       p.name_zh AS township_zh, p.name_en AS township_en
FROM area a LEFT JOIN area p ON p.id = a.parent_id AND p.level = 'township'
WHERE a.level = :level AND a.valid_from <= :last_day AND (a.valid_to IS NULL OR a.valid_to > :first_day)
ORDER BY a.scope_path, a.valid_from""")
_MADE = text("""
SELECT id, area_code, planned_for, day FROM inspection
WHERE kind = :kind AND state = 'done' AND day BETWEEN :first_day AND :last_day""")

# The newest boundary of a code, drawn for the map of a whole city: about 20 m.
_SHAPES = text("""
SELECT DISTINCT ON (code) code, ST_AsGeoJSON(ST_SimplifyPreserveTopology(geom, 0.0002), 5) AS shape
FROM area WHERE level = :level AND code = ANY(:codes) ORDER BY code, valid_from DESC""")


def areas(connection: Connection, level: str, *, first_day: date, last_day: date) -> Sequence[RowMapping]:
    """Return every version of the areas of a level that were there on any of the days, the oldest of a code first."""
    values = {"level": level, "first_day": first_day, "last_day": last_day}
    return connection.execute(_AREAS, values).mappings().all()


def made(connection: Connection, kind: str, *, first_day: date, last_day: date) -> Sequence[RowMapping]:
    """Return the finished inspections of a kind that count on any of the days."""
    values = {"kind": kind, "first_day": first_day, "last_day": last_day}
    return connection.execute(_MADE, values).mappings().all()


def shapes(connection: Connection, level: str, codes: Sequence[str]) -> Mapping[str, str]:
    """Return the outlines of areas of a level by code, as GeoJSON texts."""
    rows = connection.execute(_SHAPES, {"level": level, "codes": list(codes)}).mappings()
    return {row["code"]: row["shape"] for row in rows}
