"""What lies inside a shape that somebody drew: hazards, facilities, grids and teams, under the caller's scope."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely
from shapely.validation import explain_validity
from sqlalchemy import Engine, RowMapping

from gis_app.analysis.transformers import transformer
from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import TimeWindow
from gis_app.domain.rights import Scope
from gis_app.storage import surroundings
from gis_app.storage.engine import scoped

MOST_CORNERS = 150
"""So many fit into an address."""
MOST_RADIUS_M = 50_000.0
LARGEST_KM2 = 5_000.0
LISTED = 100
_QUARTER_OF_A_CIRCLE = 16


def drawn_polygon(corners: Sequence[tuple[float, float]]) -> shapely.Polygon:
    """Return the polygon of some corners, degrees.

    Raises
    ------
    InvalidInput
        If there are too few or too many, or its edges cross; names where.
    """
    if not 3 <= len(corners) <= MOST_CORNERS:
        raise InvalidInput(
            "The shape has {count} corners.", remedy="Draw 3 to {most}.", count=len(corners), most=MOST_CORNERS
        )
    _require_on_earth(corners)
    shape = shapely.Polygon(corners)
    if not shape.is_valid or shape.area == 0:
        raise InvalidInput(
            "The shape cannot be used: {reason}.",
            remedy="Draw it so that its edges do not cross.",
            reason=explain_validity(shape) if not shape.is_valid else "it has no area",
        )
    return shape


def drawn_circle(lon: float, lat: float, radius_m: float, *, srid: int) -> shapely.Polygon:
    """Return the circle about a place as a polygon of 64 corners, degrees; its radius is measured in a metric CRS.

    Raises
    ------
    InvalidInput
        If place or radius cannot be used.
    """
    _require_on_earth([(lon, lat)])
    if not 1 <= radius_m <= MOST_RADIUS_M:
        raise InvalidInput(
            "{name} is {value!r}.",
            remedy="Use 1 to {most}.",
            name="radius",
            value=str(radius_m)[:40],
            most=round(MOST_RADIUS_M),
        )
    forth = transformer(4326, srid)
    middle = forth.transform(lon, lat)
    if not all(map(math.isfinite, middle)):
        raise _none(lon, lat)
    circle = shapely.Point(middle).buffer(radius_m, quad_segs=_QUARTER_OF_A_CIRCLE)
    back = forth.transform
    degrees: shapely.Polygon = shapely.transform(
        circle, lambda xy: np.column_stack(back(xy[:, 0], xy[:, 1], direction="INVERSE"))
    )
    return degrees


def inside(engine: Engine, scope: Scope, shape: shapely.Polygon, window: TimeWindow, *, srid: int) -> dict[str, Any]:
    """Return what lies inside a shape: counts of all of it, lists of at most a hundred of each kind.

    Parameters
    ----------
    shape
        Degrees, EPSG:4326.
    window
        Days the hazards were found on.
    srid
        Metric CRS in which its area is measured.

    Raises
    ------
    InvalidInput
        If the shape is larger than a city.
    """
    forth = transformer(4326, srid).transform
    metric = shapely.transform(shape, lambda xy: np.column_stack(forth(xy[:, 0], xy[:, 1])))
    area_km2 = metric.area / 1e6
    if not area_km2 <= LARGEST_KM2:
        # Far from the city its projection gives no area at all.
        area = f"{area_km2:.0f}" if math.isfinite(area_km2) else "?"
        raise InvalidInput(
            "The shape covers {area} km2.", remedy="Draw at most {most} km2.", area=area, most=LARGEST_KM2
        )
    words = shapely.to_wkt(shape, rounding_precision=7)
    with scoped(engine, scope) as connection:
        counts, hazards = surroundings.hazards_inside(
            connection, words, start=window.start, end=window.end, most=LISTED
        )
        facilities = surroundings.facilities_inside(connection, words)
        grids = surroundings.grids_inside(connection, words)
        teams = surroundings.teams_inside(connection, words)
    return {
        "area_km2": round(area_km2, 4),
        "hazards": {
            "count": sum(row["count"] for row in counts),
            "by_state": _summed(counts, "state"),
            "by_severity": _summed(counts, "severity"),
            "list": [_plain(row) for row in hazards],
        },
        "facilities": _counted(facilities, Counter(row["kind"] for row in facilities)),
        "grids": _counted(grids),
        "teams": _counted(teams, Counter(row["mode"] for row in teams)),
    }


def _require_on_earth(places: Iterable[tuple[float, float]]) -> None:
    for lon, lat in places:
        if not (math.isfinite(lon) and math.isfinite(lat) and -180 <= lon <= 180 and -85 <= lat <= 85):
            raise _none(lon, lat)


def _none(lon: float, lat: float) -> InvalidInput:
    return InvalidInput("The place ({x}, {y}) is none.", remedy="Give degrees, the longitude first.", x=lon, y=lat)


def _summed(rows: Sequence[RowMapping], name: str) -> dict[str, int]:
    total: Counter[str] = Counter()
    for row in rows:
        total[row[name]] += row["count"]
    return dict(total)


def _counted(rows: Sequence[RowMapping], kinds: Counter[str] | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {"count": len(rows), "list": [_plain(row) for row in rows[:LISTED]]}
    return told if kinds is None else {**told, "by_kind": dict(kinds)}


def _plain(row: RowMapping) -> dict[str, Any]:
    return {
        name: value.astimezone(UTC).isoformat()
        if isinstance(value, datetime)
        else str(value)
        if name == "id"
        else value
        for name, value in row.items()
    }
