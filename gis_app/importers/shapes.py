"""Geometry from coordinates, checked before any database sees it: finite, flat, not too large, valid.

Runs inside the sandbox, because GEOS is native code and the coordinates are hostile until proven otherwise. Validity
is decided here by GEOS and an invalid polygon is refused with the place of its fault: a repair inside PostgreSQL can
crash the whole cluster.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis_app.importers.records import MAX_VERTICES, FileFacts, GeometryFault, Record, Shape

_WANTED = {
    Shape.POINT: ("Point", "a point"),
    Shape.FIX: ("Point", "a point"),
    Shape.LINE: ("LineString", "a line"),
    Shape.POLYGON: ("MultiPolygon", "a polygon"),
}
_PLACE = re.compile(r"^(?P<reason>[^\[]+)\[(?P<place>[^\]]*)\]$")


class BadGeometry(Exception):  # noqa: N818
    """Carries the fault of one geometry up to the reader."""

    def __init__(self, problem: str, remedy: str, **params: str | int | float) -> None:
        super().__init__(problem)
        self.fault = GeometryFault(problem, remedy, dict(params))


def position(pair: object, facts: FileFacts) -> tuple[float, float]:
    """Return x and y of a GeoJSON position; a height is dropped and counted.

    Raises
    ------
    BadGeometry
        If it is not two or three finite numbers.
    """
    if not isinstance(pair, list) or len(pair) not in (2, 3):
        raise BadGeometry("A position is not two numbers.", "Write every position as [longitude, latitude].")
    x, y = pair[0], pair[1]
    if type(x) not in (int, float) or type(y) not in (int, float):
        raise BadGeometry("A coordinate is not a number.", "Write every position as [longitude, latitude].")
    return finite(x, y, height=len(pair) == 3, facts=facts)


def finite(x: float, y: float, *, height: bool, facts: FileFacts) -> tuple[float, float]:
    """Return ``(x, y)`` as floats if both are finite; counts a height as dropped."""
    try:
        east, north = float(x), float(y)
    except OverflowError:
        east = north = float("inf")
    if not (isfinite(east) and isfinite(north)):
        raise BadGeometry("A coordinate is not a finite number.", "Give both coordinates as ordinary numbers.")
    facts.dropped_heights += height
    return east, north


def positions(ring: object, facts: FileFacts) -> list[tuple[float, float]]:
    """Return the positions of a line or ring."""
    if not isinstance(ring, list):
        raise BadGeometry("The coordinates of a line are not a list.", "Write a line as a list of positions.")
    if len(ring) > MAX_VERTICES:
        raise _too_many(len(ring))
    return [position(pair, facts) for pair in ring]


def checked(geometry: BaseGeometry, shape: Shape) -> BaseGeometry:
    """Return ``geometry`` as the one type stored for ``shape`` (polygons become MultiPolygon).

    Raises
    ------
    BadGeometry
        If it is empty, of another type, has more than ``MAX_VERTICES`` vertices or is not valid.
    """
    wanted, article = _WANTED[shape]
    if geometry.is_empty:
        raise BadGeometry("The geometry is empty.", "Give {wanted}.", wanted=article)
    if geometry.geom_type == f"Multi{wanted}" and shapely.get_num_geometries(geometry) == 1:
        geometry = shapely.get_parts(geometry)[0]
    if wanted == "MultiPolygon" and isinstance(geometry, shapely.Polygon):
        geometry = shapely.MultiPolygon([geometry])
    if geometry.geom_type != wanted:
        raise BadGeometry("The geometry is {found}, not {wanted}.", "Give {wanted}; split a collection into rows.",
                          found=geometry.geom_type, wanted=article)  # fmt: skip
    vertices = shapely.count_coordinates(geometry)
    if vertices > MAX_VERTICES:
        raise _too_many(vertices)
    _require_valid(geometry)
    return geometry


def _require_valid(geometry: BaseGeometry) -> None:
    if geometry.is_valid:
        return
    told = shapely.is_valid_reason(geometry)
    match = _PLACE.match(told)
    raise BadGeometry(
        "The geometry is not valid: {reason} at {place}.",
        "Mend the shape in a GIS program (QGIS: Fix geometries) and look at the result before you import it again.",
        reason=(match["reason"] if match else told).strip(),
        place=match["place"] if match else "an unknown place",
    )


def _too_many(vertices: int) -> BadGeometry:
    return BadGeometry(
        "The geometry has {vertices} vertices; at most {limit} are allowed.",
        "Simplify the shape or split it.",
        vertices=vertices,
        limit=MAX_VERTICES,
    )


def line_string(coordinates: object, facts: FileFacts) -> BaseGeometry:
    """Return a LineString; raises ``BadGeometry`` if it has fewer than two positions."""
    found = positions(coordinates, facts)
    if len(set(found)) < 2:
        raise BadGeometry("A line has fewer than two different positions.", "Give at least two positions.")
    return shapely.LineString(found)


def polygon(rings: object, facts: FileFacts) -> BaseGeometry:
    """Return a Polygon with holes; raises ``BadGeometry`` if a ring is short or open."""
    if not isinstance(rings, list) or not rings:
        raise BadGeometry("The coordinates of a polygon are not a list of rings.", "Write a list of rings.")
    vertices = sum(len(ring) for ring in rings if isinstance(ring, list))
    if vertices > MAX_VERTICES:
        raise _too_many(vertices)
    closed = [_ring(ring, facts) for ring in rings]
    return shapely.Polygon(closed[0], closed[1:])


def _ring(ring: object, facts: FileFacts) -> Sequence[tuple[float, float]]:
    found = positions(ring, facts)
    if len(found) < 4 or found[0] != found[-1]:
        raise BadGeometry(
            "A ring is not closed or has fewer than four positions.",
            "End every ring with its first position and give at least four.",
        )
    return found


def as_record(row: int, values: dict[str, object], geometry: BaseGeometry) -> Record:
    """Return the record of a row whose geometry was checked."""
    if geometry.geom_type == "Point":
        return Record(row, values, xy=(float(shapely.get_x(geometry)), float(shapely.get_y(geometry))))
    return Record(row, values, wkb=shapely.to_wkb(geometry, hex=True))


def text_position(x: object, y: object, *, height: bool, facts: FileFacts) -> tuple[float, float]:
    """Return x and y given as text (CSV, GPX).

    Raises
    ------
    BadGeometry
        If one is missing, not a number or not finite.
    """
    if x in (None, "") or y in (None, ""):
        raise BadGeometry("A coordinate is missing.", "Give both longitude (x) and latitude (y).")
    try:
        if "_" in f"{x}{y}":  # Python reads 1_0 as 10
            raise ValueError
        return finite(float(str(x)), float(str(y)), height=height, facts=facts)
    except ValueError:
        raise BadGeometry(
            "The coordinates {x}, {y} are not numbers.",
            "Write coordinates as decimal numbers, without degree signs.",
            x=repr(str(x)[:40]),
            y=repr(str(y)[:40]),
        ) from None


def with_finite_coordinates(geometry: BaseGeometry) -> BaseGeometry:
    """Return ``geometry`` itself if all its coordinates are finite; raises ``BadGeometry`` if not."""
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise BadGeometry("A coordinate is not a finite number.", "Give all coordinates as ordinary numbers.")
    return geometry


def flat(geometry: BaseGeometry, facts: FileFacts) -> BaseGeometry:
    """Return ``geometry`` without heights and measures; counts it if it had a height."""
    if geometry.has_z:
        facts.dropped_heights += 1
    return shapely.force_2d(geometry) if geometry.has_z or geometry.has_m else geometry
