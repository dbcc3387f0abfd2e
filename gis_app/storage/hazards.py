"""Single hazards: read, reported and corrected in the caller's area. Village, grid and scope come from the place."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

_COLUMNS = """
SELECT h.id, h.number, h.category_code, h.severity, h.stage, h.discovered_by, h.title, h.description, h.place,
       h.discovered_at, h.due_at, h.closed_at, h.version, h.changed_at, v.code AS village_code, g.code AS grid_code,
       h.scope_path, ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat, h.is_synthetic
FROM hazard h JOIN area v ON v.id = h.village_id LEFT JOIN area g ON g.id = h.grid_id"""
_ONE = text(f"{_COLUMNS} WHERE h.id = :id")
_LOCKED = text(f"{_COLUMNS} WHERE h.id = :id FOR UPDATE OF h")
# The box first: its operator alone keeps the spatial index under row-level security.
_LISTED = """
{columns}
WHERE h.discovered_at >= :start AND h.discovered_at < :end {box}
  AND (h.discovered_at, h.id) < (:before_at, :before_id)
ORDER BY h.discovered_at DESC, h.id DESC LIMIT :most"""
_IN_BOX = "AND h.geom && ST_MakeEnvelope(:west, :south, :east, :north, 4326)"
# On a border the older area, as for whole files; of the grids one of that village.
_PLACED = text("""
WITH spot AS (SELECT ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS geom),
held AS (
    SELECT a.id, a.level, a.scope_path FROM area a, spot
    WHERE a.level IN ('village', 'grid') AND a.geom && spot.geom AND ST_Intersects(a.geom, spot.geom)
      AND a.valid_from <= :day AND (a.valid_to IS NULL OR a.valid_to > :day)),
village AS (SELECT id, scope_path FROM held WHERE level = 'village' ORDER BY id LIMIT 1)
SELECT v.id AS village_id, v.scope_path,
       (SELECT min(g.id) FROM held g WHERE g.level = 'grid' AND starts_with(g.scope_path, v.scope_path)) AS grid_id
FROM village v""")
_ADD = text("""
INSERT INTO hazard (id, number, category_code, severity, stage, discovered_by, title, description, place, discovered_at,
                    village_id, grid_id, scope_path, geom, source_datum, source_x, source_y)
VALUES (:id, :number, :category_code, :severity, 'reported', :discovered_by, :title, :description, :place,
        :discovered_at, :village_id, :grid_id, :scope_path, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), :source_datum,
        :source_x, :source_y)
ON CONFLICT (number) DO NOTHING RETURNING id""")
_CORRECT = """
UPDATE hazard SET {assignments}, version = version + 1, changed_at = clock_timestamp() WHERE id = :id"""
_PROMISED = text(
    "SELECT body_hash, hazard_id FROM client_write WHERE account_id = :account_id AND client_id = :client_id"
)
_PROMISE = text("""
INSERT INTO client_write (account_id, client_id, body_hash, hazard_id, created_at, scope_path)
VALUES (:account_id, :client_id, :body_hash, :hazard_id, :now, :scope_path)
ON CONFLICT DO NOTHING RETURNING hazard_id""")
PLACE_COLUMNS = ("village_id", "grid_id", "scope_path", "source_datum", "source_x", "source_y")
CORRECTABLE = ("category_code", "severity", "title", "description", "place")


@dataclass(frozen=True)
class HazardPage:
    """Which hazards: found in ``[start, end)``, perhaps in a box, older than a place in the list."""

    start: datetime
    end: datetime
    box: tuple[float, float, float, float] | None
    before: tuple[datetime, uuid.UUID]
    most: int


def hazard(connection: Connection, hazard_id: uuid.UUID, *, for_change: bool = False) -> RowMapping | None:
    """Return one hazard of the caller's area, locked until the transaction ends when it is to be changed."""
    return connection.execute(_LOCKED if for_change else _ONE, {"id": hazard_id}).mappings().first()


def hazards(connection: Connection, wanted: HazardPage) -> Sequence[RowMapping]:
    """Return hazards of the caller's area, the newest first."""
    values: dict[str, Any] = {
        "start": wanted.start,
        "end": wanted.end,
        "before_at": wanted.before[0],
        "before_id": wanted.before[1],
        "most": wanted.most,
    }
    if wanted.box:
        values |= dict(zip(("west", "south", "east", "north"), wanted.box, strict=True))
    query = text(_LISTED.format(columns=_COLUMNS, box=_IN_BOX if wanted.box else ""))
    return connection.execute(query, values).mappings().all()


def placed(connection: Connection, lon: float, lat: float, *, day: date) -> dict[str, Any] | None:
    """Return village, grid and scope path of a place on a day; None outside the caller's own villages."""
    row = connection.execute(_PLACED, {"lon": lon, "lat": lat, "day": day}).mappings().first()
    return None if row is None else dict(row)


def add_hazard(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Store a reported hazard; False if its number is taken."""
    return connection.execute(_ADD, values).first() is not None


def correct_hazard(connection: Connection, hazard_id: uuid.UUID, values: Mapping[str, Any]) -> None:
    """Store new values of some of the ``CORRECTABLE`` columns; with ``lon`` and ``lat`` the ``PLACE_COLUMNS`` too."""
    names = [name for name in (*CORRECTABLE, *PLACE_COLUMNS) if name in values]
    assignments = [f"{name} = :{name}" for name in names]
    if "lon" in values:
        assignments.append("geom = ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)")
    statement = _CORRECT.format(assignments=", ".join(assignments))
    connection.execute(text(statement), {**values, "id": hazard_id})


def promised(connection: Connection, account_id: int, client_id: uuid.UUID) -> RowMapping | None:
    """Return what a client's identifier stands for already: the hash of the body then, and the hazard made of it."""
    return connection.execute(_PROMISED, {"account_id": account_id, "client_id": client_id}).mappings().first()


def promise(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Bind a client's identifier to a hazard; False if another request just did."""
    return connection.execute(_PROMISE, values).first() is not None


def category_codes(connection: Connection) -> Sequence[str]:
    """Return the codes of all categories, in their order."""
    return connection.execute(text("SELECT code FROM hazard_category ORDER BY sort")).scalars().all()
