"""What streets are called: by their names, or by what lies next to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

# A street without a name is told by one with a name that it meets, else by the village nearest to it.
_NAMES = text("""
SELECT s.id, s.kind, s.is_bridge, s.name_zh, s.name_en,
       coalesce(c.name_zh, v.name_zh) AS near_zh, CASE WHEN c.id IS NULL THEN v.name_en ELSE c.name_en END AS near_en
FROM street_segment s
LEFT JOIN LATERAL (
    SELECT o.id, o.name_zh, o.name_en FROM street_segment o
    WHERE o.geom && s.geom AND o.id <> s.id AND o.name_zh IS NOT NULL AND ST_Intersects(o.geom, s.geom)
    ORDER BY o.id LIMIT 1) c ON s.name_zh IS NULL AND s.name_en IS NULL
LEFT JOIN LATERAL (
    SELECT a.name_zh, a.name_en FROM area a
    WHERE a.level = 'village' AND a.valid_to IS NULL ORDER BY a.geom <-> s.geom LIMIT 1) v
    ON c.id IS NULL AND s.name_zh IS NULL AND s.name_en IS NULL
WHERE s.id = ANY(:ids)""")


def street_names(connection: Connection, ids: Sequence[int]) -> dict[str, dict[str, Any]]:
    """Return by id: kind, is_bridge, name_zh, name_en, and what a street without a name is near, near_zh, near_en.

    That is a street with a name that it meets, else the nearest village within the caller's area.
    """
    if not ids:
        return {}
    rows = connection.execute(_NAMES, {"ids": list(ids)}).mappings()
    return {str(row["id"]): {name: row[name] for name in row if name != "id"} for row in rows}
