"""What villages are rated by: hazards found, by what they are and how they were found, and households."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

_VILLAGES = text("""
SELECT v.code, v.name_zh, v.name_en, p.name_zh AS township_zh, p.name_en AS township_en
FROM area v LEFT JOIN area p ON p.id = v.parent_id
WHERE v.level = 'village' AND v.valid_to IS NULL ORDER BY v.code""")
_FOUND = text("""
SELECT v.code, h.category_code, h.severity, h.discovered_by, count(*) AS count
FROM hazard h JOIN area v ON v.id = h.village_id
WHERE h.stage <> 'void' AND h.discovered_at >= :start AND h.discovered_at < :end
GROUP BY v.code, h.category_code, h.severity, h.discovered_by""")
# A village in which the households of one grid are not known has no number of them.
_HOUSEHOLDS = text("""
SELECT v.code, CASE WHEN count(*) = count(g.household_count) THEN sum(g.household_count) END AS households
FROM area a JOIN area v ON v.id = a.parent_id LEFT JOIN grid g ON g.area_id = a.id
WHERE a.level = 'grid' AND a.valid_to IS NULL AND v.valid_to IS NULL GROUP BY v.code""")

_STORE_STARS = text("""
INSERT INTO village_stars (village_id, stars, score, vetoed_by, data_from, data_to, scope_path)
SELECT id, :stars, :score, :vetoed_by, :data_from, :data_to, scope_path
FROM area WHERE level = 'village' AND valid_to IS NULL AND code = :code""")


def villages(connection: Connection) -> Sequence[RowMapping]:
    """Return code, names and township's names of the villages there are now, by code."""
    return connection.execute(_VILLAGES).mappings().all()


def hazards_found(connection: Connection, *, start: datetime, end: datetime) -> Sequence[RowMapping]:
    """Return how many hazards were found in ``[start, end)``, by village, category, severity and way of discovery."""
    return connection.execute(_FOUND, {"start": start, "end": end}).mappings().all()


def households(connection: Connection) -> Mapping[str, int]:
    """Return the households of each village of whose every grid they are known and not 0."""
    return {row.code: int(row.households) for row in connection.execute(_HOUSEHOLDS) if row.households}


def store_stars(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put the stars of all villages in the place of those before."""
    connection.execute(text("DELETE FROM village_stars"))
    if rows:
        connection.execute(_STORE_STARS, rows)
