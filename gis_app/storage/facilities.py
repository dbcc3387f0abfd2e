"""Facilities, changed one by one inside the caller's area."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, text

CHANGEABLE = ("kind", "name_zh", "name_en", "area_id", "scope_path")
_ONE = text("SELECT kind, name_zh, name_en, scope_path FROM facility WHERE id = :id FOR UPDATE")
_ADD = text("""
INSERT INTO facility (kind, name_zh, name_en, area_id, scope_path, geom, is_synthetic)
VALUES (:kind, :name_zh, :name_en, :area_id, :scope_path, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), false)
RETURNING id""")
_CHANGE = "UPDATE facility SET {assignments} WHERE id = :id"
_REMOVE = text("DELETE FROM facility WHERE id = :id")


def facility(connection: Connection, facility_id: int) -> RowMapping | None:
    """Return a facility, held until the transaction ends; None if there is none in the caller's area."""
    return connection.execute(_ONE, {"id": facility_id}).mappings().first()


def add_facility(connection: Connection, values: Mapping[str, Any]) -> int:
    """Store a new facility of all ``CHANGEABLE`` columns, ``lon`` and ``lat``; return its identifier."""
    return int(connection.execute(_ADD, values).scalar_one())


def change_facility(connection: Connection, facility_id: int, values: Mapping[str, Any]) -> None:
    """Store new values of some of the ``CHANGEABLE`` columns; with ``lon`` and ``lat`` the place too."""
    assignments = [f"{name} = :{name}" for name in CHANGEABLE if name in values]
    if "lon" in values:
        assignments.append("geom = ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)")
    statement = _CHANGE.format(assignments=", ".join(assignments))
    connection.execute(text(statement), {**values, "id": facility_id})


def remove_facility(connection: Connection, facility_id: int) -> None:
    """Remove a facility."""
    connection.execute(_REMOVE, {"id": facility_id})
