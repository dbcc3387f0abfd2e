"""KML 2.x and KMZ: every placemark a row, by expat; links to other files are never followed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

import shapely
from shapely.geometry.base import BaseGeometry

from gis_app.domain.errors import Refused
from gis_app.importers import archive, shapes
from gis_app.importers.records import MAX_FIELDS, FileFacts, Record, Shape, Wanted
from gis_app.importers.xml_reading import XmlReader

_ZIP_MAGIC = b"PK\x03\x04"
_PARTS = ("Point", "LineString", "Polygon")
_OUTER, _INNER = "outerBoundaryIs", "innerBoundaryIs"


def read_kml(source: BinaryIO, wanted: Wanted, facts: FileFacts) -> Iterator[Record]:
    """Yield the placemarks of a KML or KMZ file, numbered from 1; KML is WGS-84 by its standard.

    ``name``, ``description``, the time and everything in ``ExtendedData`` are its values.

    Raises
    ------
    Refused
        If it is not KML, declares a DOCTYPE, or is an archive that is hostile or holds none.
    """
    facts.declared_datum = "wgs84"
    is_archive = source.read(4) == _ZIP_MAGIC
    source.seek(0)
    yield from _Placemarks(wanted.shape, facts).read(_unpacked(source) if is_archive else source)


def _unpacked(source: BinaryIO) -> BinaryIO:
    opened = archive.vetted(source)
    found = archive.by_suffix(opened, (".kml",))[".kml"]
    if not found:
        raise Refused("The archive holds no KML file.", remedy="Save it again as KMZ, or send the KML itself.")
    main = next((member for member in found if member.filename == "doc.kml"), found[0])
    return io.BytesIO(archive.content(opened, main))


class _Placemarks:
    """What expat finds, placemark by placemark."""

    def __init__(self, shape: Shape, facts: FileFacts) -> None:
        self._shape = shape
        self._facts = facts
        self._row = 0
        self._values: dict[str, object] | None = None
        self._data_name = ""
        self._parts: list[tuple[str, list[str]]] = []
        self._xml: XmlReader[Record] = XmlReader("kml", "KML")
        self._xml.on_start, self._xml.on_end = self._start, self._end

    def read(self, source: BinaryIO) -> Iterator[Record]:
        return self._xml.read(source)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "NetworkLink":
            self._facts.note("The KML file links to others; they were not read.")
        elif name == "Placemark":
            self._values, self._parts = {}, []
        elif name in ("Data", "SimpleData"):
            self._data_name = attributes.get("name", "")[:200]
        elif name in _PARTS and self._values is not None:
            self._parts.append((name, []))

    def _end(self, name: str, text: str) -> None:
        if self._values is None:
            return
        parent = self._xml.path[-2] if len(self._xml.path) > 1 else ""
        if name == "Placemark":
            self._finish(self._values)
            self._values = None
        elif name == "coordinates" and self._parts:
            inside = _INNER if _INNER in self._xml.path else _OUTER
            self._parts[-1][1].append(f"{inside} {text}")
        elif parent == "Placemark" and name in ("name", "description"):
            self._values[name] = text
        elif name == "when":
            self._values["time"] = text
        elif (name == "value" and parent == "Data") or name == "SimpleData":
            self._values[self._data_name] = text
        if len(self._values or ()) > MAX_FIELDS:
            raise Refused(
                "Feature {row} has {count} properties; at most {limit} are read.",
                remedy="Export the needed properties only.",
                row=self._row + 1,
                count=MAX_FIELDS + 1,
                limit=MAX_FIELDS,
            )

    def _finish(self, values: dict[str, object]) -> None:
        self._row += 1
        try:
            geometry = shapes.checked(self._geometry(), self._shape)
            self._xml.done.append(shapes.as_record(self._row, values, geometry))
        except shapes.BadGeometry as bad:
            self._xml.done.append(Record(self._row, values, fault=bad.fault))

    def _geometry(self) -> BaseGeometry:
        if not self._parts:
            raise shapes.BadGeometry("The feature has no geometry.", "Give every feature a geometry.")
        made = [self._part(kind, texts) for kind, texts in self._parts]
        if len(made) == 1:
            return made[0]
        kinds = {kind for kind, _ in self._parts}
        collected: BaseGeometry = shapely.GeometryCollection(made)
        return collected if len(kinds) > 1 else _multi(kinds.pop(), made)

    def _part(self, kind: str, texts: list[str]) -> BaseGeometry:
        rings: dict[str, list[list[list[float]]]] = {_OUTER: [], _INNER: []}
        for text in texts:
            inside, _, coordinates = text.partition(" ")
            rings[inside].append(_positions(coordinates))
        if not rings[_OUTER] or not rings[_OUTER][0]:
            raise shapes.BadGeometry("The geometry is empty.", "Give it at least one position.")
        if kind == "Point":
            return shapely.Point(shapes.position(rings[_OUTER][0][0], self._facts))
        if kind == "LineString":
            return shapes.line_string(rings[_OUTER][0], self._facts)
        return shapes.polygon([rings[_OUTER][0], *rings[_INNER]], self._facts)


def _multi(kind: str, parts: list[Any]) -> BaseGeometry:
    if kind == "Point":
        return shapely.MultiPoint(parts)
    return shapely.MultiLineString(parts) if kind == "LineString" else shapely.MultiPolygon(parts)


def _positions(text: str) -> list[list[float]]:
    try:
        return [[float(number) for number in position.split(",")] for position in text.split()]
    except ValueError:
        raise shapes.BadGeometry(
            "The coordinates {text} are not numbers.", "Write them as longitude,latitude.", text=repr(text[:40])
        ) from None
