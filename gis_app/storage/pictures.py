"""Pictures of hazards in the database; their files lie in a ``FileStore``."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from gis_app.storage.models import HazardPicture
from gis_app.storage.models.base import table_of

_COLUMNS = """
p.hazard_id, p.id, p.kind, p.sent_hash, p.full_name, p.thumbnail_name, p.width, p.height, p.taken_at, p.distance_m,
p.account, p.created_at, p.withdrawn_at"""
_OF_CASE = text(f"""
SELECT {_COLUMNS} FROM hazard_picture p
WHERE p.hazard_id = :hazard_id AND p.withdrawn_at IS NULL ORDER BY p.kind DESC, p.created_at, p.id""")  # noqa: S608
_ONE = text(f"SELECT {_COLUMNS} FROM hazard_picture p WHERE p.hazard_id = :hazard_id AND p.id = :id")  # noqa: S608
_DISTANCE = text("""
SELECT ST_DistanceSphere(geom, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)) FROM hazard WHERE id = :hazard_id""")
_PATH = text("SELECT scope_path FROM hazard WHERE id = :hazard_id FOR UPDATE")
_WITHDRAW = text("""
UPDATE hazard_picture SET withdrawn_at = :at WHERE hazard_id = :hazard_id AND id = :id AND withdrawn_at IS NULL""")


def of_case(connection: Connection, hazard_id: uuid.UUID) -> Sequence[RowMapping]:
    """Return the pictures of a hazard that were not withdrawn: those before its handling, then those after."""
    return connection.execute(_OF_CASE, {"hazard_id": hazard_id}).mappings().all()


def one(connection: Connection, hazard_id: uuid.UUID, picture_id: uuid.UUID) -> RowMapping | None:
    """Return a picture, also a withdrawn one; None if there is none in the caller's area."""
    return connection.execute(_ONE, {"hazard_id": hazard_id, "id": picture_id}).mappings().first()


def path_of_hazard(connection: Connection, hazard_id: uuid.UUID) -> str | None:
    """Lock a hazard and return its scope path, None if there is none in the caller's area."""
    found: str | None = connection.execute(_PATH, {"hazard_id": hazard_id}).scalar_one_or_none()
    return found


def distance_m(connection: Connection, hazard_id: uuid.UUID, *, lon: float, lat: float) -> float:
    """Return how far a place in WGS-84 degrees lies from a hazard, in metres on the sphere."""
    return float(connection.execute(_DISTANCE, {"hazard_id": hazard_id, "lon": lon, "lat": lat}).scalar_one())


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    """Add a picture."""
    connection.execute(table_of(HazardPicture).insert(), [dict(values)])


def withdraw(connection: Connection, hazard_id: uuid.UUID, picture_id: uuid.UUID, *, at: datetime) -> bool:
    """Show a picture no more; return whether it was shown."""
    return connection.execute(_WITHDRAW, {"hazard_id": hazard_id, "id": picture_id, "at": at}).rowcount > 0


def names(connection: Connection) -> set[str]:
    """Return the names of all files that pictures refer to; those of withdrawn ones may go."""
    query = text("SELECT full_name, thumbnail_name FROM hazard_picture WHERE withdrawn_at IS NULL")
    return {name for row in connection.execute(query) for name in row}
