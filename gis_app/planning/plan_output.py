"""A plan as JSON, GeoJSON and GPX."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import shapely

from gis_app.domain.periods import CITY_TIME
from gis_app.planning.explanation import LeftOut
from gis_app.planning.patrol_plan import PatrolPlan, PlannedRoute
from gis_app.planning.patrol_task import PatrolTask

FloatArray = npt.NDArray[np.float64]
GPX_NAMESPACE = "http://www.topografix.com/GPX/1/1"
DECIMALS = 6
"""Of degrees: a tenth of a metre."""


def as_json(
    task: PatrolTask,
    plan: PatrolPlan,
    *,
    length_m: Mapping[str, float],
    reasons: tuple[LeftOut, ...],
    extra: Mapping[str, Any],
) -> str:
    """Return the plan with its reasons.

    Parameters
    ----------
    task, plan
        The plan for the task.
    length_m
        Metres each team goes, by its code; none for teams that stay.
    reasons
        Of stops left out.
    extra
        What else the document says, such as the value of the greedy plan.
    """
    document = {
        "value": round(plan.value, 6),
        **extra,
        "missed_required": plan.missed_required,
        "short_villages": plan.short_villages,
        "routes": [
            {
                "team": route.team,
                "departs_at": _local(route.departs_at),
                "returns_at": _local(route.returns_at),
                "length_m": round(length_m.get(route.team, 0.0), 1),
                "visits": _visits(task, route),
            }
            for route in plan.routes
        ],
        "left_out": [
            {
                "stop": reason.stop,
                "because": reason.because.value,
                "prize_parts": reason.prize_parts,
                "team": reason.team,
                "instead_of": reason.instead_of,
                "added_s": None if reason.added_s is None else round(reason.added_s, 1),
                "lost": None if reason.lost is None else round(reason.lost, 6),
            }
            for reason in reasons
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _visits(task: PatrolTask, route: PlannedRoute) -> list[dict[str, Any]]:
    return [
        {
            "stop": visit.stop,
            "arrives_at": _local(visit.arrives_at),
            "begins_at": _local(visit.begins_at),
            "leaves_at": _local(visit.leaves_at),
            "prize_parts": task.stop_by_code[visit.stop].prize_parts,
            "is_required": task.stop_by_code[visit.stop].is_required,
        }
        for visit in route.visits
    ]


def _local(instant: datetime) -> str:
    return instant.astimezone(CITY_TIME).isoformat(timespec="seconds")


def as_geojson(plan: PatrolPlan, *, lines: Mapping[str, shapely.LineString], points: Mapping[str, FloatArray]) -> str:
    """Return a line for each team that goes out and a point for each visit, longitude and latitude.

    Parameters
    ----------
    plan
        The plan.
    lines
        The way of each team that goes out, by its code, degrees.
    points
        Shape ``(2,)`` for each stop visited, by its code, degrees.
    """
    features = []
    for route in plan.routes:
        if route.team in lines:
            coordinates = np.round(shapely.get_coordinates(lines[route.team]), DECIMALS).tolist()
            way = {"type": "LineString", "coordinates": coordinates}
            times = {"departs_at": _local(route.departs_at), "returns_at": _local(route.returns_at)}
            features.append(_feature(way, {"kind": "route", "team": route.team, **times}))
        for order, visit in enumerate(route.visits, start=1):
            place = {"type": "Point", "coordinates": np.round(points[visit.stop], DECIMALS).tolist()}
            begins = {"begins_at": _local(visit.begins_at), "leaves_at": _local(visit.leaves_at)}
            features.append(
                _feature(place, {"kind": "visit", "team": route.team, "order": order, "stop": visit.stop, **begins})
            )
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False) + "\n"


def _feature(geometry: Any, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def as_gpx(plan: PatrolPlan, *, lines: Mapping[str, shapely.LineString], points: Mapping[str, FloatArray]) -> str:
    """Return GPX 1.1: for each team that goes out a route of its stops with times, and a track of its way.

    Parameters
    ----------
    plan, lines, points
        As for GeoJSON.
    """
    root = ElementTree.Element("gpx", {"version": "1.1", "creator": "Jingwei", "xmlns": GPX_NAMESPACE})
    out = [route for route in plan.routes if route.team in lines]
    for route in out:
        element = ElementTree.SubElement(root, "rte")
        ElementTree.SubElement(element, "name").text = route.team
        for visit in route.visits:
            at = _gpx_point(element, "rtept", points[visit.stop])
            ElementTree.SubElement(at, "time").text = visit.begins_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            ElementTree.SubElement(at, "name").text = visit.stop
    for route in out:
        element = ElementTree.SubElement(root, "trk")
        ElementTree.SubElement(element, "name").text = route.team
        segment = ElementTree.SubElement(element, "trkseg")
        for place in shapely.get_coordinates(lines[route.team]):
            _gpx_point(segment, "trkpt", place)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _gpx_point(parent: ElementTree.Element, tag: str, place: FloatArray) -> ElementTree.Element:
    lon, lat = place.tolist()
    return ElementTree.SubElement(parent, tag, {"lat": f"{lat:.{DECIMALS}f}", "lon": f"{lon:.{DECIMALS}f}"})
