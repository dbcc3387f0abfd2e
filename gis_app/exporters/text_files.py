"""GeoJSON, KML and CSV, written row by row."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import numpy.typing as npt
import shapely

from gis_app.domain.errors import InvalidInput
from gis_app.exporters.chunks import Chunk, Field, Target

# A spreadsheet runs a cell that begins so; one more apostrophe keeps what was an apostrophe before.
_RUNS = re.compile(r"'*[=+\-@\t\r]")
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMES = ("name", "name_zh")
_EPSG_URN = "urn:ogc:def:crs:EPSG::"


def as_text(value: Any) -> Any:
    """Return moments in UTC and days as ISO 8601, lists joined, anything else as it is."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value)
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _rows(chunks: Iterable[Chunk], fields: Sequence[Field]) -> Iterator[tuple[list[Any], Any]]:
    for chunk in chunks:
        columns = [chunk.columns[field.name] for field in fields]
        for at, shape in enumerate(chunk.geometries):
            yield [as_text(column[at]) for column in columns], shape


def write_geojson(path: Path, fields: Sequence[Field], chunks: Iterable[Chunk], *, target: Target) -> None:
    """Write a FeatureCollection; other systems than WGS-84 are named in a ``crs`` member, offset datums cannot be."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{"type":"FeatureCollection"')
        if target.epsg is not None:
            crs = {"type": "name", "properties": {"name": _EPSG_URN + target.epsg.removeprefix("EPSG:")}}
            file.write(',"crs":' + json.dumps(crs))
        file.write(',"features":[')
        for number, (values, shape) in enumerate(_rows(chunks, fields)):
            properties = json.dumps(dict(zip((f.name for f in fields), values, strict=True)), ensure_ascii=False)
            geometry = "null" if shape is None else json.dumps(shapely.geometry.mapping(shape))
            comma = "," if number else ""
            file.write(f'{comma}\n{{"type":"Feature","geometry":{geometry},"properties":{properties}}}')
        file.write("\n]}\n")


def write_csv(path: Path, fields: Sequence[Field], chunks: Iterable[Chunk], *, target: Target) -> None:
    """Write CSV in UTF-8 with its mark: points as lon and lat, other shapes as WKT; formulas made harmless."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        for number, (values, x, y, wkt) in enumerate(placed_rows(chunks, fields)):
            place = [x, y] if wkt is None else [wkt]
            if number == 0:
                writer.writerow([*(field.name for field in fields), *(["lon", "lat"] if wkt is None else ["wkt"])])
            writer.writerow([*(_harmless(value) for value in values), *place])


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and _RUNS.match(value) else value


def placed_rows(
    chunks: Iterable[Chunk], fields: Sequence[Field], *, plain: bool = True
) -> Iterator[tuple[list[Any], float | None, float | None, str | None]]:
    """Yield values with x and y, or with WKT if the shapes of the first chunk are no points."""
    is_point: bool | None = None
    for chunk in chunks:
        columns = [chunk.columns[field.name] for field in fields]
        if is_point is None:
            is_point = bool((shapely.get_type_id(chunk.geometries) <= shapely.GeometryType.POINT).all())
        for at, shape in enumerate(chunk.geometries):
            values = [as_text(column[at]) if plain else column[at] for column in columns]
            if is_point:
                yield values, *((None, None) if shape is None else (shape.x, shape.y)), None
            else:
                yield values, None, None, "" if shape is None else shapely.to_wkt(shape, rounding_precision=-1)


def write_kml(path: Path, fields: Sequence[Field], chunks: Iterable[Chunk], *, target: Target) -> None:
    """Write KML 2.2; raises ``InvalidInput`` for another system than WGS-84, which KML is by its standard."""
    if target.name != "EPSG:4326":
        raise InvalidInput(
            "KML is WGS-84 by its standard, not {name}.", remedy="Choose wgs84, or another format.", name=target.name
        )
    names = [field.name for field in fields]
    title = next((name for name in ("title", *_NAMES) if name in names), None)
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>')
        for values, shape in _rows(chunks, fields):
            told = dict(zip(names, values, strict=True))
            file.write("\n<Placemark>")
            if title and told[title]:
                file.write(f"<name>{_xml(told[title])}</name>")
            if title in _NAMES:
                del told[title]  # the importer reads it from the name
            file.write("<ExtendedData>")
            for name, value in told.items():
                if value is not None:
                    file.write(f"<Data name={quoteattr(name)}><value>{_xml(value)}</value></Data>")
            file.write(f"</ExtendedData>{'' if shape is None else _kml_shape(shape)}</Placemark>")
        file.write("\n</Document></kml>\n")


def _xml(value: Any) -> str:
    return escape(_NO_XML.sub("", str(value)))


def _kml_shape(shape: Any) -> str:
    if shape.geom_type in ("MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"):
        return "<MultiGeometry>" + "".join(_kml_shape(part) for part in shape.geoms) + "</MultiGeometry>"
    if shape.geom_type == "Polygon":
        rings = [("outer", shape.exterior), *(("inner", ring) for ring in shape.interiors)]
        return (
            "<Polygon>"
            + "".join(
                f"<{side}BoundaryIs><LinearRing>{_coordinates(ring)}</LinearRing></{side}BoundaryIs>"
                for side, ring in rings
            )
            + "</Polygon>"
        )
    return f"<{shape.geom_type}>{_coordinates(shape)}</{shape.geom_type}>"


def _coordinates(shape: Any) -> str:
    xy: npt.NDArray[np.float64] = shapely.get_coordinates(shape)
    return "<coordinates>" + " ".join(f"{x!r},{y!r}" for x, y in xy.tolist()) + "</coordinates>"
