"""Rows of a layer to write into files, streamed under row-level security.

Layers of things that can be imported have the columns of the importer, so that what is written can be read again.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, column, func, select, text
from sqlalchemy.sql.selectable import Select

from gis_app.storage.feature_collections import GEOMETRY, FeatureSource

ROWS_PER_CHUNK = 5_000
_AREA = """SELECT a.id, a.code, a.name_zh, a.name_en, p.code AS {parent}, {extra} a.valid_from, a.geom
    FROM area a LEFT JOIN area p ON p.id = a.parent_id {join}"""
IMPORTABLE: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        "hazards": (
            """SELECT id, external_id, category_code, severity, stage, discovered_by, title, description, place,
            discovered_at, filed_at, assigned_at, due_at, feedback_at, verified_at, closed_at, is_supervised,
            reopened_count, geom FROM hazard""",
            dict.fromkeys(
                ("discovered_at", "filed_at", "assigned_at", "due_at", "feedback_at", "verified_at", "closed_at"),
                "moment",
            )
            | {"is_supervised": "boolean", "reopened_count": "whole"},
        ),
        "villages": (_AREA.format(parent="township_code", extra="", join=""), {"valid_from": "date"}),
        "grids": (
            _AREA.format(
                parent="village_code", extra="g.kind, g.household_count,", join="JOIN grid g ON g.area_id = a.id"
            ),
            {"valid_from": "date", "household_count": "whole"},
        ),
        "facilities": ("SELECT id, external_id, kind, name_zh, name_en, geom FROM facility", {}),
        "streets": (
            "SELECT id, external_id, name_zh, name_en, kind, is_bridge, one_way, geom FROM street_segment",
            {"is_bridge": "boolean", "one_way": "boolean"},
        ),
    }
)
"""For each layer the importer's columns, by name in the database, and the kinds of those that are no text."""
_WHOLE = frozenset({"int2", "int4", "int8"})
_KINDS = {"number": "number", "boolean": "boolean", "moment": "moment", "date": "date"}


def columns_of(connection: Connection, layer: str, source: FeatureSource) -> dict[str, str]:
    """Return the columns that are written of a layer, with what they hold."""
    if layer in IMPORTABLE:
        statement, kinds = IMPORTABLE[layer]
        names = connection.execute(text(f"SELECT * FROM ({statement}) k LIMIT 0")).keys()  # noqa: S608 - our own words
        return {name: kinds.get(name, "text") for name in names if name not in ("id", GEOMETRY)}
    return {
        name: "whole" if source.types[name] in _WHOLE else _KINDS.get(source.kind(name), "text")
        for name in source.properties
    }


def chunks(
    connection: Connection,
    layer: str,
    source: FeatureSource,
    *,
    names: Sequence[str],
    conditions: Sequence[ColumnElement[bool]],
) -> Generator[Sequence[Sequence[Any]], None, None]:
    """Yield rows in chunks, each the values of ``names`` and then the shape as WKB (EPSG:4326), ordered by id."""
    statement = _statement(layer, source, names, conditions)
    # Closed also when whoever writes the rows gives up: the cursor would outlive its transaction.
    with connection.execute(statement, execution_options={"yield_per": ROWS_PER_CHUNK}) as result:
        for part in result.partitions():
            yield [tuple(row) for row in part]


def _statement(
    layer: str, source: FeatureSource, names: Sequence[str], conditions: Sequence[ColumnElement[bool]]
) -> Select[Any]:
    shape = func.ST_AsBinary(column(GEOMETRY))
    if layer not in IMPORTABLE:
        told = [source.column(name) for name in names]
        return select(*told, shape).select_from(source.table).where(*conditions).order_by(source.column("id"))
    wanted = select(source.column("id")).select_from(source.table).where(*conditions)
    told = [column(name) for name in names]
    rows = text(f"({IMPORTABLE[layer][0]}) k")
    return select(*told, shape).select_from(rows).where(column("id").in_(wanted)).order_by(column("id"))
