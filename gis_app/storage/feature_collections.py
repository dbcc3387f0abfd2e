"""Layers as collections of features: their columns, and pages of them as GeoJSON, under row-level security."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Double,
    Integer,
    String,
    Text,
    Uuid,
    cast,
    column,
    func,
    literal,
    select,
    table,
    text,
    type_coerce,
)
from sqlalchemy.types import NullType, TypeEngine

from gis_app.storage.cql2 import Term
from gis_app.storage.crs import CRS84, Crs

GEOMETRY = "geom"
_NUMBER, _TEXT = (Double, "number"), (String, "text")
_TYPES: Mapping[str, tuple[type[TypeEngine[Any]], str]] = MappingProxyType(
    {
        **dict.fromkeys(("int2", "int4", "int8"), (Integer, "number")),
        **dict.fromkeys(("float4", "float8", "numeric"), _NUMBER),
        **dict.fromkeys(("text", "varchar", "bpchar"), _TEXT),
        "uuid": (Uuid, "text"),
        "bool": (Boolean, "boolean"),
        "timestamptz": (DateTime, "moment"),
        "date": (Date, "date"),
        "geometry": (NullType, "geometry"),
    }
)
_COLUMNS = text("""
    SELECT a.attname AS name, t.typname AS type FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = to_regclass(:view) AND a.attnum > 0 AND NOT a.attisdropped""")


@dataclass(frozen=True)
class FeatureSource:
    """A view with ``id`` and ``geom`` (EPSG:4326), and those of its columns that are told.

    Parameters
    ----------
    types
        Type in the database by column; ``id`` and ``geom`` among them.
    """

    view: str
    types: Mapping[str, str]

    def column(self, name: str) -> ColumnElement[Any]:
        """Return a column."""
        kind = self.types[name]
        if kind.startswith("_"):
            return column(name, ARRAY(Text()))
        made = _TYPES[kind][0]
        return column(name, DateTime(timezone=True) if made is DateTime else made())

    def kind(self, name: str) -> str:
        """Return the kind of a column's values, as filters know them."""
        return "array" if self.types[name].startswith("_") else _TYPES[self.types[name]][1]

    def terms(self) -> dict[str, Term]:
        """Return every column as an operand of filters."""
        return {
            name: Term(cast(self.column(name), String) if kind == "uuid" else self.column(name), self.kind(name))
            for name, kind in self.types.items()
        }

    @property
    def properties(self) -> tuple[str, ...]:
        """Every column but the identifier and the shape."""
        return tuple(name for name in self.types if name not in ("id", GEOMETRY))


@dataclass(frozen=True)
class FeaturePage:
    """What is asked for.

    Parameters
    ----------
    order
        Columns with whether they descend; ties, and all without an order, go by ``id``.
    after
        The last ``id`` of the page before; only without an order.
    """

    limit: int
    conditions: Sequence[ColumnElement[bool]] = ()
    order: Sequence[tuple[str, bool]] = ()
    after: int | uuid.UUID | None = None
    offset: int = 0
    crs: Crs = CRS84
    properties: Sequence[str] | None = None
    with_geometry: bool = True


def source_of(connection: Connection, view: str, told: Sequence[str]) -> FeatureSource:
    """Return a view with the columns that are told, as far as it has them and their type is known."""
    types = {row.name: row.type for row in connection.execute(_COLUMNS, {"view": view})}
    usable = (*_TYPES, "_text", "_varchar")
    return FeatureSource(
        view, {name: types[name] for name in dict.fromkeys(("id", GEOMETRY, *told)) if types.get(name) in usable}
    )


def page(connection: Connection, source: FeatureSource, wanted: FeaturePage) -> list[tuple[Any, str]]:
    """Return features as (identifier, GeoJSON text)."""
    identity = source.column("id")
    query = select(identity, _feature(source, wanted)).select_from(table(source.view)).where(*wanted.conditions)
    if wanted.after is not None:
        query = query.where(identity > wanted.after)
    ordered = [source.column(name).desc() if down else source.column(name) for name, down in wanted.order]
    query = query.order_by(*ordered, identity).limit(wanted.limit)
    if wanted.offset:
        query = query.offset(wanted.offset)
    return [(row[0], row[1]) for row in connection.execute(query)]


def count(connection: Connection, source: FeatureSource, conditions: Sequence[ColumnElement[bool]]) -> int:
    """Return how many features there are."""
    query = select(func.count()).select_from(table(source.view)).where(*conditions)
    return int(connection.execute(query).scalar_one())


def one(connection: Connection, source: FeatureSource, identity: int | uuid.UUID, crs: Crs) -> str | None:
    """Return one feature as GeoJSON text, None if there is none in the caller's area."""
    wanted = FeaturePage(1, [source.column("id") == identity], crs=crs)
    return next((feature for _, feature in page(connection, source, wanted)), None)


def _feature(source: FeatureSource, wanted: FeaturePage) -> ColumnElement[str]:
    """Return the SQL of a feature's text: made in the database, a page of a thousand costs no more than reading it."""
    shape: ColumnElement[Any] = source.column(GEOMETRY)
    if wanted.crs.srid != CRS84.srid:
        shape = func.ST_Transform(shape, wanted.crs.srid)
    if wanted.crs.flips:
        shape = func.ST_FlipCoordinates(shape)
    names = source.properties if wanted.properties is None else wanted.properties
    pairs = [part for name in names for part in (literal(name), source.column(name))]
    geometry = func.coalesce(func.ST_AsGeoJSON(shape, wanted.crs.decimals), "null") if wanted.with_geometry else "null"
    parts = (
        '{"type":"Feature","id":',
        cast(func.to_json(source.column("id")), String),
        ',"geometry":',
        geometry,
        ',"properties":',
        cast(func.json_build_object(*pairs), String),
        "}",
    )
    return type_coerce(func.concat(*parts), String)
