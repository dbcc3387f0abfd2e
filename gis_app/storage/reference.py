"""Reference data: hazard categories, the bounds of the city, and the record of imports."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pandas as pd
from sqlalchemy import Connection, RowMapping, text

from gis_app.domain.hazards import CaseType
from gis_app.storage.bulk_load import copy_rows
from gis_app.storage.models import CityProfile, HazardCategory, ImportRun
from gis_app.storage.models.base import table_of

_BOUNDS = text("""
SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
FROM (SELECT ST_Extent(geom) AS box FROM area WHERE level = 'city' AND valid_to IS NULL) whole WHERE box IS NOT NULL""")
_SAME_FILE = text("""
SELECT created_at FROM import_run WHERE kind = :kind AND file_sha256 = :sha256 AND datum = :datum
ORDER BY created_at DESC LIMIT 1""")
_PLACES = text("""
SELECT a.code, a.name_zh, a.name_en, ST_X(a.label_point) AS lon, ST_Y(a.label_point) AS lat,
       array_remove(ARRAY[p.name_zh, CASE WHEN g.level <> 'city' THEN g.name_zh END], NULL) AS within
FROM area a LEFT JOIN area p ON p.id = a.parent_id LEFT JOIN area g ON g.id = p.parent_id
WHERE a.level IN ('village', 'grid') AND a.valid_to IS NULL""")
OF_TYPE = "type:"
CASE_TYPES: Mapping[CaseType, Sequence[str]] = MappingProxyType(
    {
        CaseType.HAZARD: ("全部隐患", "All hazards"),
        CaseType.DISPUTE: ("全部纠纷", "All disputes"),
        CaseType.SERVICE: ("全部服务", "All services"),
    }
)
"""What lists are narrowed to beside single categories."""


def load_categories(connection: Connection, categories: pd.DataFrame) -> int:
    """Load hazard categories, columns as in the table; return how many."""
    return copy_rows(connection, table_of(HazardCategory), {str(name): categories[name] for name in categories})


def category_names(connection: Connection) -> Mapping[str, Sequence[str]]:
    """Return the names of every hazard category by its code."""
    rows = connection.execute(text("SELECT code, name_zh, name_en FROM hazard_category ORDER BY sort"))
    return {row.code: (row.name_zh, row.name_en) for row in rows}


def category_choices(connection: Connection) -> Mapping[str, Sequence[str]]:
    """Return what a list may be narrowed to: every case type as ``type:dispute``, and every category by its code."""
    types = {f"{OF_TYPE}{case_type.value}": names for case_type, names in CASE_TYPES.items()}
    return {**types, **category_names(connection)}


def city_bounds(connection: Connection) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north of the city's area in degrees, None before there is one."""
    row = connection.execute(_BOUNDS).one_or_none()
    return None if row is None else (row[0], row[1], row[2], row[3])


def named_places(connection: Connection) -> Sequence[RowMapping]:
    """Return the present villages and grids: code, names, those around them, and a point inside."""
    return connection.execute(_PLACES).mappings().all()


def current_area_id(connection: Connection, code: str) -> int:
    """Return the id of the area that bears a code now."""
    query = text("SELECT id FROM area WHERE code = :code AND valid_to IS NULL")
    return int(connection.execute(query, {"code": code}).scalar_one())


def store_profile(
    connection: Connection, *, names: tuple[str, str], srid: int, bounds: tuple[float, float, float, float]
) -> None:
    """Write the profile of a real city: its Chinese and English name, projected CRS, and bounds in degrees."""
    corners = dict(zip(("west", "south", "east", "north"), bounds, strict=True))
    profile = {"id": 1, "name_zh": names[0], "name_en": names[1], "metric_srid": srid, "is_synthetic": False}
    connection.execute(table_of(CityProfile).insert().values(**profile, **corners))


def was_imported(connection: Connection, kind: str, *, sha256: str, datum: str) -> bool:
    """Return whether this very file was imported before, as this kind and in this datum."""
    values = {"kind": kind, "sha256": sha256, "datum": datum}
    return connection.execute(_SAME_FILE, values).one_or_none() is not None


def record_import(
    connection: Connection,
    kind: str,
    *,
    import_id: uuid.UUID,
    file_name: str,
    sha256: str,
    datum: str,
    row_count: int,
    account: str,
    scope_path: str,
) -> None:
    """Write down an import; its rows carry its id."""
    connection.execute(
        table_of(ImportRun)
        .insert()
        .values(
            id=import_id,
            kind=kind,
            file_name=file_name,
            file_sha256=sha256,
            datum=datum,
            row_count=row_count,
            account=account,
            scope_path=scope_path,
        )
    )


def own_scope(connection: Connection) -> str:
    """Return the path of the area that the transaction works in."""
    return str(connection.execute(text("SELECT current_setting('jingwei.scope', true)")).scalar_one() or "")


def own_city_or_area(connection: Connection) -> str:
    """Return the path of the transaction's area; for one that sees everything the city's, once there is one."""
    path = own_scope(connection)
    if path != "/":
        return path
    query = text("SELECT scope_path FROM area WHERE level = 'city' AND valid_to IS NULL")
    return str(connection.execute(query).scalar_one_or_none() or path)
