"""The streets that plans are made on, kept while they stay as they are, and places moved onto them."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from cachetools import LRUCache
from sqlalchemy import Connection

from gis_app.analysis.transformers import transformer
from gis_app.domain.errors import InvalidInput
from gis_app.planning.patrol_area import MOST_ACCESS_M
from gis_app.planning.street_network import StreetNetwork
from gis_app.planning.street_segments import network_of
from gis_app.storage import street_walks

NEAREST_CLOSED_M = 60.0
"""A street is closed on the map by a click at most so far from it."""
_NETWORKS: LRUCache[str, StreetNetwork] = LRUCache(maxsize=1)
_LOCK = threading.Lock()
# Geometries must go before the library that made them.
atexit.register(_NETWORKS.clear)


def network(connection: Connection, *, srid: int) -> tuple[str, StreetNetwork]:
    """Return the streets as they are stored, and a word that changes with them; kept while they stay the same.

    Raises
    ------
    InvalidInput
        If there are no streets.
    """
    word = f"{srid}:{street_walks.streets_digest(connection)}"
    with _LOCK:
        kept = _NETWORKS.get(word)
    if kept is None:
        streets = street_walks.streets(connection, srid=srid)
        if not len(streets):
            raise InvalidInput("There are no streets to plan on.", remedy="Import the streets first.")
        kept = network_of(streets)
        with _LOCK:
            _NETWORKS[word] = kept
    return word, kept


def on_streets(streets: StreetNetwork, stops: Sequence[Mapping[str, Any]], *, srid: int) -> list[dict[str, Any]]:
    """Return the stops moved onto the nearest street; those too far from any are left out."""
    if not stops:
        return []
    xy = metres([(stop["lon"], stop["lat"]) for stop in stops], srid=srid)
    points = shapely.points(xy)
    nearest = streets.lines[shapely.STRtree(streets.lines).nearest(points)]
    away = shapely.distance(nearest, points)
    snapped = shapely.get_coordinates(
        shapely.line_interpolate_point(nearest, shapely.line_locate_point(nearest, points))
    )
    placed = degrees(snapped, srid=srid).tolist()
    return [
        {**stop, "lon": placed[at][0], "lat": placed[at][1]}
        for at, stop in enumerate(stops)
        if away[at] <= MOST_ACCESS_M
    ]


def street_at(streets: StreetNetwork, lon: float, lat: float, *, srid: int) -> int:
    """Return the id of the street at a place, degrees.

    Raises
    ------
    InvalidInput
        If there is none within 60 m.
    """
    point = shapely.Point(metres([(lon, lat)], srid=srid)[0])
    nearest = int(shapely.STRtree(streets.lines).nearest(point))
    if shapely.distance(streets.lines[nearest], point) > NEAREST_CLOSED_M:
        raise InvalidInput("There is no street here.", remedy="Click on the street that is closed.")
    return int(streets.segment_ids[nearest])


def street_lines(streets: StreetNetwork, ids: Sequence[int], *, srid: int) -> dict[str, list[list[float]]]:
    """Return the lines of streets as longitudes and latitudes, by id.

    Raises
    ------
    InvalidInput
        If a street is not known.
    """
    known = {int(number): at for at, number in enumerate(streets.segment_ids)} if ids else {}
    unknown = [str(number) for number in ids if number not in known]
    if unknown:
        raise InvalidInput("Closed street {ids} is not known.", remedy="Name ids of streets.", ids=", ".join(unknown))
    return {
        str(number): degrees(shapely.get_coordinates(streets.lines[known[number]]), srid=srid).tolist()
        for number in ids
    }


def metres(places: Sequence[tuple[float, float]], *, srid: int) -> npt.NDArray[np.float64]:
    """Return longitudes and latitudes as shape ``(n, 2)`` in the metric CRS."""
    lon, lat = np.array(places, dtype=np.float64).reshape(-1, 2).T
    return np.column_stack(transformer(4326, srid).transform(lon, lat))


def degrees(xy: npt.NDArray[np.float64], *, srid: int) -> npt.NDArray[np.float64]:
    """Return metric places, shape ``(n, 2)``, as longitudes and latitudes to a tenth of a metre."""
    lon, lat = transformer(srid, 4326).transform(*xy.T)
    return np.round(np.column_stack([lon, lat]), 6)
