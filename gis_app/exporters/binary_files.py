"""GeoPackage, shapefile, GeoParquet and XLSX, written chunk by chunk."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import shapely
from pyproj import CRS

from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import CITY_TIME
from gis_app.exporters.chunks import Chunk, Field, Target
from gis_app.exporters.text_files import as_text, placed_rows

SHAPEFILE_NAME_BYTES, SHAPEFILE_TEXT_BYTES = 10, 254
SHAPEFILE_ENCODING = "GB18030"
MOST_SHEET_ROWS = 1_048_575
_NUMPY = {"whole": np.int64, "number": np.float64, "boolean": np.bool_}


def write_geopackage(path: Path, fields: Sequence[Field], chunks: Iterable[Chunk], *, target: Target) -> None:
    """Write one layer called ``data``; moments as ISO 8601 text in UTC."""
    _write_with_gdal(path, fields, chunks, target=target, driver="GPKG")


def write_shapefile(path: Path, fields: Sequence[Field], chunks: Iterable[Chunk], *, target: Target) -> None:
    """Write a zipped shapefile with GB18030 text and a .cpg that says so.

    Raises
    ------
    InvalidInput
        If a text or a name is longer than a shapefile holds; nothing is cut off silently.
    """
    short = [Field(_short(field.name), field.kind) for field in fields]
    if len({field.name for field in short}) < len(short):
        raise InvalidInput("The names of the columns are too long for a shapefile.", remedy="Choose GeoPackage.")
    with TemporaryDirectory(prefix="jingwei-export-") as folder:
        renamed = (_renamed(chunk, fields, short) for chunk in chunks)
        made = Path(folder) / "data.shp"
        _write_with_gdal(made, short, renamed, target=target, driver="ESRI Shapefile", encoding=SHAPEFILE_ENCODING)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(Path(folder).glob("data.*")):
                archive.write(part, part.name)


_SHORT_NAMES = {
    "external_id": "编号", "category_code": "隐患类别", "discovered_by": "发现方式", "description": "描述",
    "discovered_at": "发现时间", "assigned_at": "交办时间", "feedback_at": "反馈时间", "verified_at": "核查时间",
    "is_supervised": "挂牌督办", "reopened_count": "返工次数", "township_code": "乡镇代码",
    "village_code": "村社代码", "household_count": "户数",
}  # fmt: skip
"""Names that a shapefile has no room for, and those by which the importer knows them too."""


def _short(name: str) -> str:
    fitting = _SHORT_NAMES.get(name, name) if len(name) > SHAPEFILE_NAME_BYTES else name
    return fitting[:SHAPEFILE_NAME_BYTES]


def _renamed(chunk: Chunk, fields: Sequence[Field], short: Sequence[Field]) -> Chunk:
    columns = {new.name: chunk.columns[old.name] for old, new in zip(fields, short, strict=True)}
    for name, values in columns.items():
        for value in values:
            if isinstance(value, str) and len(value.encode(SHAPEFILE_ENCODING, "replace")) > SHAPEFILE_TEXT_BYTES:
                raise InvalidInput(
                    "A text in {name} is longer than the {limit} bytes a shapefile holds.",
                    remedy="Choose GeoPackage, or leave the column out.",
                    name=name,
                    limit=SHAPEFILE_TEXT_BYTES,
                )
    return Chunk(columns, chunk.geometries)


def _write_with_gdal(
    path: Path, fields: Sequence[Field], chunks: Iterable[Chunk], *, target: Target, driver: str, **options: Any
) -> None:
    from pyogrio import raw

    is_new = True
    for chunk in chunks:
        columns = [_array(field, chunk.columns[field.name]) for field in fields]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a missing reference system, which offset datums do not have
            raw.write(
                str(path),
                np.array([None if g is None else shapely.to_wkb(g) for g in chunk.geometries], dtype=object),
                [values for values, _ in columns],
                [field.name for field in fields],
                field_mask=[mask for _, mask in columns],
                driver=driver,
                layer="data",
                geometry_type=_geometry_type(chunk) if is_new else None,
                crs=target.epsg,
                append=not is_new,
                promote_to_multi=False,
                **options,
            )
        is_new = False


def _geometry_type(chunk: Chunk) -> str:
    kinds = {shape.geom_type for shape in chunk.geometries if shape is not None}
    return kinds.pop() if len(kinds) == 1 else "Unknown"


def _array(field: Field, values: list[Any]) -> tuple[Any, Any]:
    """Return values as an array, and which of them are missing (None where they can say so themselves)."""
    kind = _NUMPY.get(field.kind)
    if kind is None:
        return np.array([as_text(value) for value in values], dtype=object), None
    mask = np.array([value is None for value in values])
    return np.array([kind(0) if value is None else value for value in values], dtype=kind), mask


def write_geoparquet(path: Path, fields: Sequence[Field], chunks: Iterable[Chunk], *, target: Target) -> None:
    """Write GeoParquet 1.1 with WKB; the offset datums, which no register knows, have a null ``crs``."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"whole": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(), "date": pa.date32(),
             "moment": pa.timestamp("us", "UTC")}  # fmt: skip
    crs = None if target.epsg is None else json.loads(CRS.from_user_input(target.epsg).to_json())
    geo = {"version": "1.1.0", "primary_column": "geometry",
           "columns": {"geometry": {"encoding": "WKB", "geometry_types": [], "crs": crs}}}  # fmt: skip
    schema = pa.schema(
        [*((field.name, kinds.get(field.kind, pa.string())) for field in fields), ("geometry", pa.binary())],
        metadata={"geo": json.dumps(geo)},
    )
    with pq.ParquetWriter(path, schema) as writer:
        for chunk in chunks:
            columns = [
                values if field.kind in kinds else [as_text(value) for value in values]
                for field, values in ((field, chunk.columns[field.name]) for field in fields)
            ]
            wkb = [None if shape is None else shapely.to_wkb(shape) for shape in chunk.geometries]
            writer.write_table(pa.table([*columns, wkb], schema=schema))


def write_xlsx(path: Path, fields: Sequence[Field], chunks: Iterable[Chunk], *, target: Target) -> None:
    """Write a sheet: text as text and never as a formula, moments as dates in city time.

    Raises
    ------
    InvalidInput
        If there are more rows than a sheet holds.
    """
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    page = book.add_worksheet("data")
    formats = {
        "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
    }
    for row, (values, x, y, wkt) in enumerate(placed_rows(chunks, fields, plain=False), start=1):
        place: Mapping[str, Any] = {"lon": x, "lat": y} if wkt is None else {"wkt": wkt}
        if row == 1:
            page.write_row(0, 0, [*(field.name for field in fields), *place])
        if row > MOST_SHEET_ROWS:
            raise InvalidInput("A sheet holds at most {limit} rows.", remedy="Choose another format, or fewer rows.",
                               limit=MOST_SHEET_ROWS)  # fmt: skip
        for column, (value, kind) in enumerate(
            [*zip(values, (f.kind for f in fields), strict=True), *((value, "place") for value in place.values())]
        ):
            _write_cell(page, row, column, value=value, form=formats.get(kind))
    book.close()


def _write_cell(page: Any, row: int, column: int, *, value: Any, form: Any) -> None:
    if value is None or value == "":
        return
    if form is not None:
        local = value.astimezone(CITY_TIME).replace(tzinfo=None) if isinstance(value, datetime) else value
        page.write_datetime(row, column, local, form)
    elif isinstance(value, bool):
        page.write_boolean(row, column, value)
    elif isinstance(value, int | float):
        page.write_number(row, column, value)
    else:
        page.write_string(row, column, str(as_text(value)))
