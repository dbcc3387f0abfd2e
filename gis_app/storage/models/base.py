"""The declarative base and the column shapes that repeat."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, cast

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import Boolean, DateTime, MetaData, Table, Text, false
from sqlalchemy.orm import DeclarativeBase, mapped_column

STORAGE_SRID = 4326


class Base(DeclarativeBase):
    """Base of all tables; constraints get predictable names so that migrations can drop them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def table_of(model: type[Base]) -> Table:
    """Return the table of a model."""
    return cast(Table, model.__table__)


ScopePath = Annotated[str, mapped_column(Text(collation="C"))]
"""Chain of area codes from the city down; row-level security compares it with the caller's path."""

Synthetic = Annotated[bool, mapped_column(Boolean, server_default=false())]
"""True for rows of the demo city, which every page labels."""

Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]


def geometry(kind: str) -> Geometry:
    """Return the column type of a geometry of ``kind`` in the storage CRS (EPSG:4326, lon, lat)."""
    return Geometry(kind, srid=STORAGE_SRID)


Point = Annotated[WKBElement, mapped_column(geometry("POINT"))]
LineString = Annotated[WKBElement, mapped_column(geometry("LINESTRING"))]
Polygon = Annotated[WKBElement, mapped_column(geometry("POLYGON"))]
MultiPolygon = Annotated[WKBElement, mapped_column(geometry("MULTIPOLYGON"))]
