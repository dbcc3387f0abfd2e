"""Layers as collections of features: their columns, and pages of them as GeoJSON, under row-level security."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnClause,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Double,
    FromClause,
    Integer,
    Select,
    String,
    Text,
    Uuid,
    and_,
    cast,
    column,
    func,
    literal_column,
    null,
    select,
    table,
    text,
    type_coerce,
)
from sqlalchemy.types import NullType, TypeEngine

from gis_app.storage.cql2 import Term
from gis_app.storage.crs import CRS84, Crs

GEOMETRY = "geom"
MOST_KEPT = 100
"""Forms of a feature that are kept: of reference systems and choices of properties."""
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
    origin
        What the rows are read from where that is no view of this name.
    """

    view: str
    types: Mapping[str, str]
    origin: FromClause | None = field(default=None, compare=False)
    _made: dict[tuple[object, ...], ColumnElement[str]] = field(default_factory=dict, compare=False)

    def column(self, name: str) -> ColumnClause[Any]:
        """Return a column."""
        kind = self.types[name]
        if kind.startswith("_"):
            return column(name, ARRAY(Text()))
        made = _TYPES[kind][0]
        return column(name, DateTime(timezone=True) if made is DateTime else made())

    def kind(self, name: str) -> str:
        """Return the kind of a column's values, as filters know them."""
        return "array" if self.types[name].startswith("_") else _TYPES[self.types[name]][1]

    @cached_property
    def table(self) -> FromClause:
        """The view with its columns, as a statement names it."""
        if self.origin is not None:
            return self.origin
        return table(self.view, *(self.column(name) for name in self.types))

    @cached_property
    def terms(self) -> Mapping[str, Term]:
        """Return every column as an operand of filters."""
        return {
            name: Term(cast(self.column(name), String) if kind == "uuid" else self.column(name), self.kind(name))
            for name, kind in self.types.items()
        }

    def points_in(self, box: Sequence[float]) -> ColumnElement[bool]:
        """Return the condition that a point lies in ``[west, south, east, north]`` of CRS84, its border included."""
        west, south, east, north = box
        shape = self.column(GEOMETRY)
        # The operator reaches the index, and compares in single precision; the numbers decide.
        return and_(
            shape.op("&&")(func.ST_MakeEnvelope(west, south, east, north, CRS84.srid)),
            func.ST_X(shape).between(west, east),
            func.ST_Y(shape).between(south, north),
        )

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


@dataclass(frozen=True)
class FoundPage:
    """A page of features.

    Parameters
    ----------
    text
        The features as GeoJSON, with commas between them.
    returned
        How many they are.
    has_more
        Whether others follow.
    last
        The identifier of the last one of a full page.
    matched
        How many there are without the limit, None where that was not asked.
    """

    text: str
    returned: int
    has_more: bool
    last: Any
    matched: int | None


def page(connection: Connection, source: FeatureSource, wanted: FeaturePage, *, with_count: bool = False) -> FoundPage:
    """Return a page of features, and with ``with_count`` how many there are without the limit.

    Which rows they are is asked first: what the view joins to name things is looked up for those of the page alone.
    """
    chosen = _chosen(source, wanted, with_count=with_count).cte("chosen").prefix_with("MATERIALIZED")
    view = source.table
    told = (
        select(chosen.c.position, chosen.c.id, chosen.c.matched, _feature(source, wanted).label("feature"))
        .select_from(view.join(chosen, chosen.c.id == view.c.id))
        .where(chosen.c.position <= wanted.limit)
        .order_by(chosen.c.position)
        .subquery("told_features")
    )
    # One text, not a thousand: the server hands it on as it is.
    row = connection.execute(
        select(
            func.coalesce(func.string_agg(told.c.feature, ","), ""),
            func.count(),
            func.max(told.c.matched),
            func.array_agg(told.c.id).filter(told.c.position == wanted.limit),
            select(func.count()).select_from(chosen).scalar_subquery(),
        )
    ).one()
    return FoundPage(row[0], row[1], row[4] > wanted.limit, row[3][0] if row[3] else None, row[2])


def _chosen(source: FeatureSource, wanted: FeaturePage, *, with_count: bool) -> Select[Any]:
    """Return the query for the rows of a page and one more, which tells whether others follow."""
    identity = source.column("id")
    order = [source.column(name).desc() if down else source.column(name) for name, down in wanted.order]
    conditions = list(wanted.conditions)
    if wanted.after is not None:
        conditions.append(identity > wanted.after)
    matched = func.count().over() if with_count else cast(null(), Integer)
    found = select(identity, matched.label("matched")).select_from(source.table).where(*conditions)
    found = found.order_by(*order, identity).limit(wanted.limit + 1)
    if wanted.offset:
        found = found.offset(wanted.offset)
    kept = found.subquery("found")
    return select(kept.c.id, kept.c.matched, func.row_number().over().label("position"))


def count(connection: Connection, source: FeatureSource, conditions: Sequence[ColumnElement[bool]]) -> int:
    """Return how many features there are."""
    query = select(func.count()).select_from(source.table).where(*conditions)
    return int(connection.execute(query).scalar_one())


def one(connection: Connection, source: FeatureSource, identity: int | uuid.UUID, crs: Crs) -> str | None:
    """Return one feature as GeoJSON text, None if there is none in the caller's area."""
    wanted = FeaturePage(1, [source.column("id") == identity], crs=crs)
    return page(connection, source, wanted).text or None


def _feature(source: FeatureSource, wanted: FeaturePage) -> ColumnElement[str]:
    """Return the SQL of a feature's text, made once for all who ask for the same."""
    key = (wanted.crs.uri, None if wanted.properties is None else tuple(wanted.properties), wanted.with_geometry)
    if key not in source._made:
        if len(source._made) > MOST_KEPT:
            source._made.clear()
        source._made[key] = _new_feature(source, wanted, source.table)
    return source._made[key]


def _new_feature(source: FeatureSource, wanted: FeaturePage, view: FromClause) -> ColumnElement[str]:
    """Return the SQL of a feature's text: made in the database, a page of a thousand costs no more than reading it."""
    shape: ColumnElement[Any] = view.c[GEOMETRY]
    if wanted.crs.srid != CRS84.srid:
        shape = func.ST_Transform(shape, wanted.crs.srid)
    if wanted.crs.flips:
        shape = func.ST_FlipCoordinates(shape)
    names = source.properties if wanted.properties is None else wanted.properties
    told = select(*(view.c[name] for name in names)).correlate(view).subquery("told")
    geometry = func.coalesce(func.ST_AsGeoJSON(shape, wanted.crs.decimals), "null") if wanted.with_geometry else "null"
    parts = (
        '{"type":"Feature","id":',
        cast(func.to_json(view.c.id), String),
        ',"geometry":',
        geometry,
        ',"properties":',
        # A row has its names from the statement; an object built of pairs looks the type of each up again.
        cast(select(func.row_to_json(literal_column("told"))).select_from(told).scalar_subquery(), String)
        if names
        else "{}",
        "}",
    )
    return type_coerce(func.concat(*parts), String)
