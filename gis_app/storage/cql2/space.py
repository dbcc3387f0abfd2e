"""Shapes in filters, and the spatial predicates."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import shapely
from pyproj import Transformer
from shapely.errors import ShapelyError
from shapely.geometry import box, shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, and_, bindparam, func, not_

from gis_app.analysis.transformers import transformer
from gis_app.storage.cql2.terms import Term, refused, require_kind
from gis_app.storage.crs import CRS84, Crs

MOST_VERTICES = 10_000
SHAPES = frozenset(
    ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection")
)
_PREDICATES: Mapping[str, Callable[..., ColumnElement[Any]]] = {
    "s_intersects": func.ST_Intersects,
    "s_equals": func.ST_Equals,
    "s_touches": func.ST_Touches,
    "s_within": func.ST_Within,
    "s_overlaps": func.ST_Overlaps,
    "s_crosses": func.ST_Crosses,
    "s_contains": func.ST_Contains,
}
SPATIAL = frozenset((*_PREDICATES, "s_disjoint"))
_ALSO_COLLECTIONS = frozenset(("s_intersects", "s_disjoint"))


def predicate(op: str, terms: list[Term], place: str) -> ColumnElement[bool]:
    """Return a spatial predicate of two shapes; the spatial index serves all but ``s_disjoint``."""
    if len(terms) != 2:
        raise refused(place, "{op} takes two shapes.", op=op)
    for number, term in enumerate(terms):
        require_kind(term, ("geometry",), f"{place}/args/{number}", op)
        if op not in _ALSO_COLLECTIONS and getattr(term.literal, "geom_type", "") == "GeometryCollection":
            raise refused(f"{place}/args/{number}", "{op} takes no collection of shapes.", op=op)
    first, second = (term.sql for term in terms)
    if op == "s_disjoint":
        return not_(func.ST_Intersects(first, second))
    # The operator is leakproof, the functions are not: under row-level security it alone reaches the index.
    return and_(first.op("&&")(second), _PREDICATES[op](first, second))


def geometry_literal(value: Mapping[str, Any], place: str, crs: Crs) -> Term:
    """Return a GeoJSON geometry of a filter, turned to EPSG:4326."""
    try:
        made = shape({**value})
        made = shapely.transform(made, crs.flipped) if crs.flips else made
    except (ShapelyError, ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError):
        raise refused(place, "this is no geometry.", "Write it as POINT(120.6 27.8), or as GeoJSON.") from None
    return Term(_stored(made, place, crs), "geometry", made)


def require_box(value: list[float]) -> None:
    """Refuse what is no box of CRS84."""
    box_literal(value, "/args/1", CRS84)


def box_literal(value: Any, place: str, crs: Crs) -> Term:
    """Return a box ``[west, south, east, north]`` of a filter or of ``bbox``; across the antimeridian it is two."""
    numbers = value if isinstance(value, list) else []
    if len(numbers) == 6:
        numbers = [*numbers[:2], *numbers[3:5]]
    fits = len(numbers) == 4 and all(isinstance(each, int | float) and not isinstance(each, bool) for each in numbers)
    if not fits or not all(math.isfinite(each) for each in numbers):
        raise refused(place, "a box is four numbers.", "Write west,south,east,north.")
    if crs.flips:
        numbers = [numbers[1], numbers[0], numbers[3], numbers[2]]
    west, south, east, north = map(float, numbers)
    if south > north or (west > east and not crs.is_geographic):
        raise refused(place, "the box is turned over.", "Write the lower corner first.")
    made = (
        _filled(west, south, east, north)
        if west <= east
        else shapely.MultiPolygon([box(west, south, 180, north), box(-180, south, east, north)])
    )
    return Term(_stored(made, place, crs), "geometry", made)


def _filled(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """Return a box, which may be no wider than a line or a point."""
    if west == east and south == north:
        return shapely.Point(west, south)
    if west == east or south == north:
        return shapely.LineString([(west, south), (east, north)])
    return box(west, south, east, north)


def _stored(made: BaseGeometry, place: str, crs: Crs) -> ColumnElement[Any]:
    """Return a checked shape as SQL in EPSG:4326."""
    if shapely.get_num_coordinates(made) > MOST_VERTICES:
        raise refused(place, "the shape has over 10,000 corners.", "Simplify it.")
    if made.is_empty or made.has_z:
        raise refused(place, "the shape is empty or has heights.", "Write longitude and latitude only.")
    if crs is not CRS84:
        turned = transformer(crs.srid, 4326)
        made = shapely.transform(made, lambda xy: _pairs(turned, xy))
    bounds = made.bounds
    inside = all(map(math.isfinite, bounds)) and -180 <= bounds[0] <= bounds[2] <= 180 and bounds[1] >= -90
    if not inside or bounds[3] > 90:
        raise refused(place, "the shape lies outside the world.", "Check the order of the coordinates and filter-crs.")
    reason = shapely.is_valid_reason(made)
    if reason != "Valid Geometry":
        raise refused(place, "the shape is not valid: {reason}.", "Mend it.", reason=reason)
    return func.ST_GeomFromWKB(bindparam(None, shapely.to_wkb(made)), 4326)


def _pairs(turned: Transformer, coordinates: Any) -> Any:
    return shapely.get_coordinates(shapely.points(*turned.transform(coordinates[:, 0], coordinates[:, 1])))
