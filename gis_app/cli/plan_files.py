"""The files of `jingwei plan`: tables and streets in, plans out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer

from gis_app.domain.errors import InvalidInput
from gis_app.importers import datums
from gis_app.planning.explanation import left_out
from gis_app.planning.patrol_area import PatrolArea
from gis_app.planning.patrol_plan import PatrolPlan
from gis_app.planning.plan_output import as_geojson, as_gpx, as_json
from gis_app.planning.street_network import StreetNetwork
from gis_app.planning.street_segments import network_of

FloatArray = npt.NDArray[np.float64]
SUFFIXES = (".json", ".geojson", ".gpx")


def read_text(file: Path) -> str:
    """Return the text of a file."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(
            "{file} is not a text in UTF-8.", remedy="Save it as UTF-8 and run again.", file=file
        ) from None


def in_metres(places: Sequence[tuple[float, float]], *, datum: str, srid: int) -> FloatArray:
    """Return coordinates of a datum in metres of a projected CRS, shape ``(n, 2)``."""
    x, y = np.array(places, dtype=np.float64).reshape(-1, 2).T
    lon, lat = datums.to_wgs84(datum)(x, y)
    east, north = Transformer.from_crs(4326, srid, always_xy=True).transform(lon, lat)
    return np.column_stack([east, north])


def to_degrees(xy: FloatArray, *, srid: int) -> FloatArray:
    """Return metres of a projected CRS as longitude and latitude in WGS-84, shape ``(n, 2)``."""
    return np.column_stack(Transformer.from_crs(srid, 4326, always_xy=True).transform(*xy.T))


def read_streets(file: Path, *, datum: str, srid: int) -> StreetNetwork:
    """Return the network of a GeoJSON file of LineStrings with kind, and optional id and one_way.

    Raises
    ------
    InvalidInput
        If it is no such file; names the feature.
    """
    try:
        features = json.loads(read_text(file))["features"]
        rows = [_segment(feature, number, file) for number, feature in enumerate(features, start=1)]
    except (ValueError, KeyError, TypeError):
        raise InvalidInput(
            "{file} is not a GeoJSON collection of features.", remedy="Export the streets as GeoJSON.", file=file
        ) from None
    if not rows:
        raise InvalidInput("{file} has no streets.", remedy="Export the streets as GeoJSON.", file=file)
    lines = [shapely.LineString(in_metres(row.pop("places"), datum=datum, srid=srid)) for row in rows]
    return network_of(gpd.GeoDataFrame(rows, geometry=lines, crs=srid))


def _segment(feature: dict[str, Any], number: int, file: Path) -> dict[str, Any]:
    geometry, properties = feature["geometry"], feature["properties"] or {}
    places = [tuple(place[:2]) for place in geometry["coordinates"]] if geometry["type"] == "LineString" else []
    if len(places) < 2 or not isinstance(properties.get("kind"), str):
        raise InvalidInput(
            "{file}, feature {number}: a LineString with a kind was expected.",
            remedy="Give each street as one LineString, and its kind (such as residential) as a property.",
            file=file,
            number=number,
        )
    return {
        "id": str(properties.get("id", feature.get("id", number))),
        "kind": properties["kind"],
        "one_way": properties.get("one_way") in (True, 1, "yes", "true"),
        "places": places,
    }


def write_plan(area: PatrolArea, plan: PatrolPlan, outs: Sequence[Path], *, srid: int, extra: dict[str, Any]) -> None:
    """Write a plan to files, each in the format its suffix names."""
    lines = area.lines(plan.routes)
    length_m = {team: float(line.length) for team, line in lines.items()}
    degrees = {team: shapely.transform(line, lambda xy: to_degrees(xy, srid=srid)) for team, line in lines.items()}
    places = to_degrees(area.points, srid=srid)
    points = {stop.code: places[stop.place] for stop in area.task.stops}
    for out in outs:
        if out.suffix == ".gpx":
            text = as_gpx(plan, lines=degrees, points=points)
        elif out.suffix == ".geojson":
            text = as_geojson(plan, lines=degrees, points=points)
        else:
            text = as_json(area.task, plan, length_m=length_m, reasons=left_out(area.task, plan), extra=extra)
        out.write_text(text, encoding="utf-8")
