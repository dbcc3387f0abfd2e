"""GeoJSON (RFC 7946) and sequences of it (RFC 8142): one feature at a time, with plain json and shapely; no GDAL."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import shapely
from shapely.geometry.base import BaseGeometry

from gis_app.domain.errors import Refused
from gis_app.importers import encodings, shapes
from gis_app.importers.records import MAX_FIELDS, FileFacts, Record, Shape, Wanted

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
_LONGEST_LINE = 8_000_000
_RECORD_SEPARATOR = "\x1e"
_URN = re.compile(r"^urn:ogc:def:crs:(?P<authority>OGC|EPSG):[^:]*:(?P<code>\w+)$", re.IGNORECASE)


def read_geojson(source: BinaryIO, wanted: Wanted, facts: FileFacts) -> Iterator[Record]:
    """Yield the features of a FeatureCollection, numbered from 1.

    Only one feature at a time is held as Python objects, so memory stays near the size of the text.

    Raises
    ------
    Refused
        If the file is not UTF-8, not JSON, nested too deep, or not a FeatureCollection.
    """
    try:
        yield from _records(_Cursor(_decoded(source, facts)), wanted.shape, facts)
    except RecursionError:
        raise Refused(
            "The file is nested too deep to be GeoJSON.", remedy="Export the data again from the program it came from."
        ) from None
    except ValueError as error:
        raise Refused(
            "The file is not GeoJSON: {reason} near character {place}.",
            remedy="Export the data again as GeoJSON in UTF-8, or name the format the file has.",
            reason=str(error).split(":")[0],
            place=error.pos if isinstance(error, json.JSONDecodeError) else "unknown",
        ) from None


def read_geojsonseq(source: BinaryIO, wanted: Wanted, facts: FileFacts) -> Iterator[Record]:
    """Yield the features of a file with one GeoJSON feature per line (RFC 8142 or newline-delimited), numbered from 1.

    GeoJSON without a ``crs`` member does not say its datum; each feature may have one of its own, which is not read.

    Raises
    ------
    Refused
        If a line is not a feature, or too long.
    """
    facts.encoding = encodings.detect(source)
    text = io.TextIOWrapper(source, encoding=facts.encoding, errors="strict", newline="\n")
    row = 0
    for number, line in enumerate(iter(lambda: text.readline(_LONGEST_LINE), ""), start=1):
        content = line.strip().lstrip(_RECORD_SEPARATOR).strip()
        if not content:
            continue
        row += 1
        try:
            feature = json.loads(content)
        except (ValueError, RecursionError):
            feature = None
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise Refused(
                "Line {line} is not a GeoJSON feature.",
                remedy="Write one feature on each line, or bring the data as one FeatureCollection.",
                line=number,
            )
        yield _record(row, feature, wanted.shape, facts)


def _decoded(source: BinaryIO, facts: FileFacts) -> str:
    try:
        facts.encoding = encodings.detect(source)
        return source.read().decode(facts.encoding)
    except Refused:
        source.seek(0)
        place = _first_bad_byte(source.read())
        raise Refused(
            "The file is not GeoJSON: byte {place} is not UTF-8 text.",
            remedy="Export the data again as GeoJSON in UTF-8, or name the format the file has.",
            place=place,
        ) from None


def _first_bad_byte(content: bytes) -> int:
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return error.start
    return content.find(b"\0")


class _Cursor:
    """A place in a JSON text, moved on value by value."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def takes(self, mark: str) -> bool:
        """Step over ``mark`` if it comes next."""
        self._skip_space()
        found = self._text.startswith(mark, self._at)
        self._at += len(mark) if found else 0
        return found

    def expect(self, mark: str) -> None:
        """Step over ``mark``, which has to come next."""
        if not self.takes(mark):
            raise json.JSONDecodeError(f"'{mark}' was expected", self._text, self._at)

    def value(self) -> Any:
        """Return the next value and step over it."""
        self._skip_space()
        found, self._at = _DECODER.raw_decode(self._text, self._at)
        return found

    def expect_end(self) -> None:
        """Make sure that nothing follows."""
        self._skip_space()
        if self._at != len(self._text):
            raise json.JSONDecodeError("Text follows the end of the data", self._text, self._at)

    def _skip_space(self) -> None:
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at


def _records(cursor: _Cursor, shape: Shape, facts: FileFacts) -> Iterator[Record]:
    members: dict[str, Any] = {}
    cursor.expect("{")
    while True:
        name = str(cursor.value())
        cursor.expect(":")
        if name == "features" and name not in members:
            members[name] = True
            for row, feature in enumerate(_items(cursor), start=1):
                yield _record(row, feature, shape, facts)
        else:
            members[name] = cursor.value()
        if not cursor.takes(","):
            break
    cursor.expect("}")
    cursor.expect_end()
    if members.get("type") != "FeatureCollection" or members.get("features") is not True:
        raise Refused(
            "The file is JSON, but not a GeoJSON FeatureCollection.",
            remedy="Export the data as one FeatureCollection with a list of features.",
        )
    facts.declared_datum = _declared_datum(members.get("crs"))


def _items(cursor: _Cursor) -> Iterator[Any]:
    cursor.expect("[")
    if cursor.takes("]"):
        return
    while True:
        yield cursor.value()
        if not cursor.takes(","):
            break
    cursor.expect("]")


def _record(row: int, feature: Any, shape: Shape, facts: FileFacts) -> Record:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    values = properties if isinstance(properties, dict) else {}
    if len(values) > MAX_FIELDS:
        raise Refused(
            "Feature {row} has {count} properties; at most {limit} are read.",
            remedy="Export the needed properties only.",
            row=row,
            count=len(values),
            limit=MAX_FIELDS,
        )
    try:
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        if not isinstance(geometry, dict):
            raise shapes.BadGeometry("The feature has no geometry.", "Give every feature a geometry.")
        return _located(row, values, geometry, shape, facts)
    except shapes.BadGeometry as bad:
        return Record(row, values, fault=bad.fault)


def _located(row: int, values: dict[str, Any], geometry: dict[str, Any], shape: Shape, facts: FileFacts) -> Record:
    kind, coordinates = str(geometry.get("type")), geometry.get("coordinates")
    if kind == "Point" and shape in (Shape.POINT, Shape.FIX):
        return Record(row, values, xy=shapes.position(coordinates, facts))
    build = _BUILDERS.get(kind)
    if build is None:
        raise shapes.BadGeometry(
            "The geometry type {found} is not read.", "Give points, lines or polygons.", found=kind[:40]
        )
    return shapes.as_record(row, values, shapes.checked(build(coordinates, facts), shape))


_Build = Callable[[object, FileFacts], BaseGeometry]


def _parts(build: _Build, collect: Callable[[list[Any]], BaseGeometry]) -> _Build:
    def build_all(coordinates: object, facts: FileFacts) -> BaseGeometry:
        if not isinstance(coordinates, list) or not coordinates:
            raise shapes.BadGeometry("The geometry is empty.", "Give it at least one part.")
        return collect([build(part, facts) for part in coordinates])

    return build_all


def _point(coordinates: object, facts: FileFacts) -> BaseGeometry:
    return shapely.Point(*shapes.position(coordinates, facts))


_BUILDERS: dict[str, _Build] = {
    "Point": _point,
    "LineString": shapes.line_string,
    "Polygon": shapes.polygon,
    "MultiPoint": _parts(_point, shapely.MultiPoint),
    "MultiLineString": _parts(shapes.line_string, shapely.MultiLineString),
    "MultiPolygon": _parts(shapes.polygon, shapely.MultiPolygon),
}


def _declared_datum(crs: object) -> str | None:
    """Return the datum a ``crs`` member of the 2008 format names; the present format has none."""
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = str(properties.get("name", "")) if isinstance(properties, dict) else ""
    urn = _URN.match(name)
    if urn:
        return "wgs84" if urn["authority"].upper() == "OGC" else f"EPSG:{urn['code']}"
    return name.upper() if re.fullmatch(r"EPSG:\d{4,6}", name, re.IGNORECASE) else None
