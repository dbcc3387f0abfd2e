"""GPX 1.0 and 1.1: waypoints as places, track points as fixes, by expat with every DOCTYPE and entity refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO
from xml.parsers import expat

from gis_app.domain.errors import Refused
from gis_app.importers import shapes
from gis_app.importers.records import MAX_FIELD_CHARS, FileFacts, Record, Shape, Wanted

_CHUNK_BYTES = 65_536
_MAX_DEPTH = 32
_NAMESPACES = ("", "http://www.topografix.com/GPX/1/0", "http://www.topografix.com/GPX/1/1")
_WITHOUT_ZONE = re.compile(r"[^T]+T[0-9:.,]+")
_ELEMENT_OF = {Shape.POINT: "wpt", Shape.FIX: "trkpt"}


def read_gpx(source: BinaryIO, wanted: Wanted, facts: FileFacts) -> Iterator[Record]:
    """Yield waypoints (for places) or track points (for fixes), numbered from 1 in file order.

    A track point takes its track's ``name`` as ``device``. Times without a zone are UTC, as the standard says.

    Raises
    ------
    Refused
        If the file is not GPX, holds a DOCTYPE or an entity, or the import wants lines or polygons.
    """
    if wanted.shape not in _ELEMENT_OF:
        raise Refused(
            "GPX holds points and tracks, not lines with attributes or polygons.",
            remedy="Bring this data as GeoJSON or as CSV with a WKT column.",
        )
    facts.declared_datum = "wgs84"
    handler = _Handler(_ELEMENT_OF[wanted.shape], facts)
    while chunk := source.read(_CHUNK_BYTES):
        handler.feed(chunk, is_last=False)
        yield from handler.take()
    handler.feed(b"", is_last=True)
    yield from handler.take()


class _Handler:
    """Expat's callbacks; keeps only the point being read and the records not yet taken."""

    def __init__(self, wanted: str, facts: FileFacts) -> None:
        self._wanted = wanted
        self._facts = facts
        self._path: list[str] = []
        self._text: list[str] = []
        self._text_chars = 0
        self._point: dict[str, object] | None = None
        self._track_name: str | None = None
        self._row = 0
        self._done: list[Record] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartDoctypeDeclHandler = _refuse_declaration
        self._parser.EntityDeclHandler = _refuse_declaration
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def feed(self, chunk: bytes, *, is_last: bool) -> None:
        """Parse the next bytes; raises ``Refused`` where they are not XML."""
        try:
            self._parser.Parse(chunk, is_last)
        except expat.ExpatError as error:
            raise Refused(
                "The file is not GPX: {reason}.",
                remedy="Export the track again as GPX 1.1, or name the format the file has.",
                reason=str(error),
            ) from None

    def take(self) -> list[Record]:
        """Return the records finished since the last call."""
        done, self._done = self._done, []
        return done

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition(" ")
        if not self._path and (name != "gpx" or namespace not in _NAMESPACES):
            raise Refused(
                "The file is not GPX: it begins with <{name}>.",
                remedy="Export the track again as GPX 1.1, or name the format the file has.",
                name=name[:80],
            )
        if len(self._path) >= _MAX_DEPTH:
            raise Refused("The file is nested too deep to be GPX.", remedy="Export the track again.")
        self._path.append(name if namespace in _NAMESPACES else "")
        self._text, self._text_chars = [], 0
        if name == self._wanted:
            self._point = {"lon": attributes.get("lon"), "lat": attributes.get("lat")}
        elif name == "trk":
            self._track_name = None

    def _characters(self, text: str) -> None:
        self._text_chars += len(text)
        if self._text_chars > MAX_FIELD_CHARS:
            raise Refused("A text in the GPX file is too long.", remedy="Shorten it to {limit} characters.",
                          limit=MAX_FIELD_CHARS)  # fmt: skip
        self._text.append(text)

    def _end(self, _tag: str) -> None:
        name = self._path.pop()
        parent = self._path[-1] if self._path else ""
        text = "".join(self._text).strip()
        if name == self._wanted and self._point is not None:
            self._finish(self._point)
            self._point = None
        elif self._point is not None and parent == self._wanted and name:
            self._point[name] = text
        elif name == "name" and parent == "trk":
            self._track_name = text
        self._text, self._text_chars = [], 0

    def _finish(self, point: dict[str, object]) -> None:
        self._row += 1
        lon, lat, height = point.pop("lon"), point.pop("lat"), point.pop("ele", None)
        if self._wanted == "trkpt":
            point["device"] = self._track_name
            point.pop("name", None)
        moment = str(point.get("time", ""))
        if _WITHOUT_ZONE.fullmatch(moment):
            point["time"] = f"{moment}Z"
        try:
            xy = shapes.text_position(lon, lat, height=height is not None, facts=self._facts)
            self._done.append(Record(self._row, point, xy=xy))
        except shapes.BadGeometry as bad:
            self._done.append(Record(self._row, point, fault=bad.fault))


def _refuse_declaration(*_: object) -> None:
    raise Refused(
        "The file declares a DOCTYPE or an entity, which GPX does not need and Jingwei does not read.",
        remedy="Remove the <!DOCTYPE ...> part, or export the track again.",
    )
