"""Plans as files: GPX, KML, GeoJSON and calendars, of one team or of all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree

from sqlalchemy import RowMapping

KML_NAMESPACE = "http://www.opengis.net/kml/2.2"
GPX_NAMESPACE = "http://www.topografix.com/GPX/1/1"
_LINE_BYTES = 73
"""Lines of a calendar have at most 75 bytes, the space that goes before a folded part counted."""


def plan_file(plan: RowMapping, kind: str, *, team: str = "") -> tuple[str, str]:
    """Return the text of a file and its content type.

    Parameters
    ----------
    plan
        With its content.
    kind
        A key of ``PLAN_FILES``.
    team
        Code of the only team wanted, empty for all that go out.
    """
    write, content_type = PLAN_FILES[kind]
    content = plan["content"]
    names = {row["code"]: row["name_zh"] for row in content["teams"]}
    stops = {stop["code"]: stop for stop in content["stops"]}
    routes = [
        {**route, "name": names.get(route["team"], route["team"]), "stops": _stops(route, stops)}
        for route in content["result"]["routes"]
        if route["visits"] and team in ("", route["team"])
    ]
    return write(plan, routes), content_type


def _stops(route: Mapping[str, Any], stops: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**stops[visit["stop"]], **visit, "order": n} for n, visit in enumerate(route["visits"], start=1)]


def _geojson(plan: RowMapping, routes: Sequence[Mapping[str, Any]]) -> str:
    features = []
    for route in routes:
        line = {"type": "LineString", "coordinates": route["line"]} if _leads_on(route) else None
        facts = {"kind": "route", "team": route["team"], "name": route["name"], "length_m": route["length_m"]}
        features.append({"type": "Feature", "geometry": line, "properties": facts})
        for stop in route["stops"]:
            place = {"type": "Point", "coordinates": [stop["lon"], stop["lat"]]}
            told = {name: stop[name] for name in ("stop", "order", "begins_at", "leaves_at", "village", "prize_parts")}
            facts = {"kind": "visit", "team": route["team"], **told}
            features.append({"type": "Feature", "geometry": place, "properties": facts})
    return (
        json.dumps({"type": "FeatureCollection", "plan": str(plan["id"]), "features": features}, ensure_ascii=False)
        + "\n"
    )


def _gpx(plan: RowMapping, routes: Sequence[Mapping[str, Any]]) -> str:
    root = ElementTree.Element("gpx", {"version": "1.1", "creator": "Jingwei", "xmlns": GPX_NAMESPACE})
    for route in routes:
        rte = _child(root, "rte")
        _child(rte, "name", route["name"])
        for stop in route["stops"]:
            at = _child(rte, "rtept", lat=str(stop["lat"]), lon=str(stop["lon"]))
            _child(at, "time", _utc(stop["begins_at"]).strftime("%Y-%m-%dT%H:%M:%SZ"))
            _child(at, "name", _label(stop))
    for route in filter(_leads_on, routes):
        trk = _child(root, "trk")
        _child(trk, "name", route["name"])
        segment = _child(trk, "trkseg")
        for lon, lat in route["line"]:
            _child(segment, "trkpt", lat=str(lat), lon=str(lon))
    return _xml(root)


def _kml(plan: RowMapping, routes: Sequence[Mapping[str, Any]]) -> str:
    root = ElementTree.Element("kml", {"xmlns": KML_NAMESPACE})
    document = _child(root, "Document")
    for route in routes:
        folder = _child(document, "Folder")
        _child(folder, "name", route["name"])
        if _leads_on(route):
            way = _child(folder, "Placemark")
            _child(way, "name", route["name"])
            _child(_child(way, "LineString"), "coordinates", " ".join(f"{lon},{lat}" for lon, lat in route["line"]))
        for stop in route["stops"]:
            mark = _child(folder, "Placemark")
            _child(mark, "name", _label(stop))
            _child(_child(mark, "TimeSpan"), "begin", _utc(stop["begins_at"]).strftime("%Y-%m-%dT%H:%M:%SZ"))
            _child(_child(mark, "Point"), "coordinates", f"{stop['lon']},{stop['lat']}")
    return _xml(root)


def _calendar(plan: RowMapping, routes: Sequence[Mapping[str, Any]]) -> str:
    # The same event sent again after an edit is newer by its stamp, so calendars take it over.
    changed = _whole_seconds(plan["changed_at"])
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Jingwei//Patrol plan//ZH"]
    for route in routes:
        for stop in route["stops"]:
            lines += [
                "BEGIN:VEVENT",
                f"UID:{plan['id']}-{stop['stop']}@jingwei",
                f"DTSTAMP:{changed}",
                f"DTSTART:{_stamp(stop['begins_at'])}",
                f"DTEND:{_stamp(stop['leaves_at'])}",
                f"SUMMARY:{_escaped(route['name'] + ' ' + _label(stop))}",
                f"GEO:{stop['lat']};{stop['lon']}",
                "END:VEVENT",
            ]
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _leads_on(route: Mapping[str, Any]) -> bool:
    """Whether a route has a way: a stop at the station itself is reached without one, and a line has two ends."""
    return len(route["line"]) > 1


def _label(stop: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (f"{stop['order']}.", stop["village_zh"], stop["stop"])))


def _utc(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(UTC)


def _stamp(moment: str) -> str:
    return _whole_seconds(_utc(moment))


def _whole_seconds(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Return a line broken where it would have too many bytes, never within a character."""
    parts, now, size = [], "", 0
    for sign in line:
        width = len(sign.encode())
        if size + width > _LINE_BYTES:
            parts.append(now)
            now, size = "", 0
        now, size = now + sign, size + width
    return "\r\n ".join([*parts, now])


def _child(parent: ElementTree.Element, tag: str, words: str = "", **attributes: str) -> ElementTree.Element:
    made = ElementTree.SubElement(parent, tag, attributes)
    made.text = words or None
    return made


def _xml(root: ElementTree.Element) -> str:
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


Writer = Callable[[RowMapping, Sequence[Mapping[str, Any]]], str]
PLAN_FILES: Mapping[str, tuple[Writer, str]] = MappingProxyType(
    {
        "geojson": (_geojson, "application/geo+json"),
        "gpx": (_gpx, "application/gpx+xml"),
        "kml": (_kml, "application/vnd.google-earth.kml+xml"),
        "ics": (_calendar, "text/calendar"),
    }
)
"""Formats, each with its writer and content type."""
