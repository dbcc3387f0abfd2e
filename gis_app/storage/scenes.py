"""Scenes of the map: views under a name, per area."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from gis_app.storage.models import MapScene
from gis_app.storage.models.base import table_of

_COLUMNS = """
s.id, s.name, s.view, s.dwell_s, s.on_wall, s.place, s.account, s.changed_at, s.version, s.scope_path,
a.code AS area_code, a.name_zh AS area_zh, a.name_en AS area_en"""
_FROM = "FROM map_scene s LEFT JOIN area a ON a.scope_path = s.scope_path AND a.valid_to IS NULL"
_ALL = text(f"SELECT {_COLUMNS} {_FROM} ORDER BY s.scope_path, s.place, s.name, s.id")
_ONE = text(f"SELECT {_COLUMNS} {_FROM} WHERE s.id = :id")
_OF_NAME = text(f"SELECT {_COLUMNS} {_FROM} WHERE s.scope_path = :path AND s.name = :name")
_NEXT_PLACE = text("SELECT coalesce(max(place) + 1, 0) FROM map_scene WHERE scope_path = :path")
_REMOVE = text("DELETE FROM map_scene WHERE id = :id RETURNING name, scope_path")


def all_scenes(connection: Connection) -> Sequence[RowMapping]:
    """Return the scenes of the caller's area and of those in it, by area and place."""
    return connection.execute(_ALL).mappings().all()


def one_scene(connection: Connection, scene_id: uuid.UUID) -> RowMapping | None:
    """Return one scene, None if there is none in the caller's area."""
    return connection.execute(_ONE, {"id": scene_id}).mappings().first()


def scene_of_name(connection: Connection, scope_path: str, name: str) -> RowMapping | None:
    """Return the scene of a name in exactly one area."""
    return connection.execute(_OF_NAME, {"path": scope_path, "name": name}).mappings().first()


def next_place(connection: Connection, scope_path: str) -> int:
    """Return the place after an area's last scene."""
    return int(connection.execute(_NEXT_PLACE, {"path": scope_path}).scalar_one())


def add_scene(connection: Connection, row: Mapping[str, Any]) -> uuid.UUID:
    """Add a scene and return its id."""
    table = table_of(MapScene)
    made: uuid.UUID = connection.execute(table.insert().returning(table.c.id), dict(row)).scalar_one()
    return made


def change_scene(
    connection: Connection, scene_id: uuid.UUID, row: Mapping[str, Any], *, version: int, now: datetime
) -> bool:
    """Change a scene that is still at a version; whether it was."""
    table = table_of(MapScene)
    statement = table.update().where(table.c.id == scene_id, table.c.version == version)
    changed = connection.execute(statement.values(**row, version=version + 1, changed_at=now))
    return changed.rowcount == 1


def remove_scene(connection: Connection, scene_id: uuid.UUID) -> RowMapping | None:
    """Remove a scene and return its name and scope path, None if there was none in the caller's area."""
    return connection.execute(_REMOVE, {"id": scene_id}).mappings().first()
