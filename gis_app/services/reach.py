"""Who is nearest by street, and how far one comes in a time: from a place on the map, under the caller's scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import numpy as np
import shapely
from cachetools import TTLCache
from sqlalchemy import Engine, RowMapping

from gis_app.analysis.transformers import transformer
from gis_app.domain.errors import InvalidInput, none_of
from gis_app.domain.rights import Right, Scope
from gis_app.planning.isochrones import BESIDE_M, reached_area, reached_streets, seconds_from
from gis_app.planning.patrol_area import ACCESS_M_S, MOST_ACCESS_M
from gis_app.planning.street_network import FloatArray, StreetNetwork
from gis_app.planning.street_segments import split_at
from gis_app.planning.travel_modes import TRAVEL_MODES, TravelMode
from gis_app.services.audit import Ledger
from gis_app.services.plan_streets import network
from gis_app.storage import surroundings
from gis_app.storage.engine import scoped

LIVE_FOR = timedelta(minutes=30)
"""An older position says nothing of where a team is now; its station stands for it then."""
MOST_MINUTES, MOST_RINGS = 60, 5
FACILITIES_LOOKED_AT = 400
LONGEST_WAY_S = 3600.0
ONE_LOOK_S = 600.0
_LIVE_RIGHTS = frozenset({Right.VIEW_NAMED_TRACKS, Right.VIEW_LIVE_POSITIONS})


@dataclass(frozen=True)
class Place:
    """A place in degrees, WGS-84."""

    lon: float
    lat: float


class LiveLooks:
    """Notes who looked at where named teams are now, once in ten minutes; one per server process."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._seen: TTLCache[str, bool] = TTLCache(maxsize=10_000, ttl=ONE_LOOK_S)
        self._lock = Lock()

    def note(self, scope: Scope) -> None:
        """Note a look before anything of it is shown."""
        with self._lock:
            if scope.account in self._seen:
                return
        with self._ledger.writing(scope) as work:
            work.note("tracks.look", "layer:nearest_teams", scope_path=scope.area_path, track="live positions")
        with self._lock:
            self._seen[scope.account] = True


def nearest(
    engine: Engine,
    scope: Scope,
    place: Place,
    *,
    now: datetime,
    srid: int,
    mode: str = "",
    most: int = 10,
    looks: LiveLooks,
) -> dict[str, Any]:
    """Return the teams and facilities that are nearest to a place by street travel time.

    A team starts from its position of the last half hour, where the caller may see named live positions, else from its
    station; it travels in its own mode unless another is given, and towards the place. Facilities are reached from the
    place, by car unless another mode is given. Beside the street one walks.

    Raises
    ------
    InvalidInput
        If a mode is not known, no street lies near the place, or there are no streets.
    """
    if mode and mode not in TRAVEL_MODES:
        raise _unknown_mode(mode)
    may_see_live = scope.rights >= _LIVE_RIGHTS
    if may_see_live:
        looks.note(scope)
    with scoped(engine, scope) as connection:
        _, streets = network(connection, srid=srid)
        teams = surroundings.teams(connection, live_since=now - LIVE_FOR)
        facilities = surroundings.facilities(connection, place.lon, place.lat, most=FACILITIES_LOOKED_AT)
    team_places = [_place_of(row, is_live=may_see_live) for row in teams]
    others = [*team_places, *(Place(row["lon"], row["lat"]) for row in facilities)]
    points = _metres([place, *others], srid=srid)
    streets = split_at(streets, points)
    team_s = np.full(len(teams), np.inf)
    for name in {mode or row["mode"] for row in teams} & TRAVEL_MODES.keys():
        own = np.array([(mode or row["mode"]) == name for row in teams])
        team_s[own] = _travel(streets, TRAVEL_MODES[name], points, towards=True)[: len(teams)][own]
    facility_s = _travel(streets, TRAVEL_MODES[mode or "car"], points, towards=False)[len(teams) :]
    return {
        "teams": [
            _team(teams[at], team_places[at], float(team_s[at]), mode=mode, is_live=may_see_live)
            for at in _quickest(team_s, most)
        ],
        "facilities": [
            {**dict(facilities[at]), "seconds": round(float(facility_s[at]))} for at in _quickest(facility_s, most)
        ],
    }


def isochrones(
    engine: Engine, scope: Scope, place: Place, *, mode: str, minutes: Sequence[int], srid: int
) -> dict[str, Any]:
    """Return as GeoJSON how far one comes from a place within some minutes: one MultiPolygon each, the longest first.

    What lies within 60 m of a street that is reached in time is inside; the walk from the place to its street counts.

    Raises
    ------
    InvalidInput
        If the mode or the minutes cannot be used, or no street lies near the place.
    """
    if mode not in TRAVEL_MODES:
        raise _unknown_mode(mode)
    wanted = sorted(set(minutes), reverse=True)
    if not 1 <= len(wanted) <= MOST_RINGS or not all(1 <= each <= MOST_MINUTES for each in wanted):
        raise InvalidInput(
            "{name} is {value!r}.",
            remedy="Name one to five whole numbers of minutes up to 60.",
            name="minutes",
            value=",".join(map(str, minutes))[:40],
        )
    with scoped(engine, scope) as connection:
        _, streets = network(connection, srid=srid)
    points = _metres([place], srid=srid)
    streets = split_at(streets, points)
    travel = TRAVEL_MODES[mode]
    node, away_m = _node_of(streets, travel, points)
    seconds = seconds_from(streets, travel, node, limit_s=wanted[0] * 60.0) + away_m / ACCESS_M_S
    back = transformer(srid, 4326)
    features = []
    for each in wanted:
        area = reached_area(reached_streets(streets, travel, seconds, each * 60.0))
        degrees = shapely.transform(area, lambda xy: np.column_stack(back.transform(xy[:, 0], xy[:, 1])))
        features.append(
            {
                "type": "Feature",
                "geometry": shapely.geometry.mapping(shapely.set_precision(degrees, 1e-6)),
                "properties": {"minutes": each, "mode": mode, "area_km2": round(area.area / 1e6, 3)},
            }
        )
    return {"type": "FeatureCollection", "features": features, "beside_m": BESIDE_M}


def _unknown_mode(mode: str) -> InvalidInput:
    return none_of("{name} is {value!r}.", TRAVEL_MODES, name="mode", value=mode[:40])


def _place_of(row: RowMapping, *, is_live: bool) -> Place:
    if is_live and row["live_lon"] is not None:
        return Place(row["live_lon"], row["live_lat"])
    return Place(row["lon"], row["lat"])


def _metres(places: Sequence[Place], *, srid: int) -> FloatArray:
    lon, lat = np.array([(each.lon, each.lat) for each in places], dtype=np.float64).T
    xy = np.column_stack(transformer(4326, srid).transform(lon, lat))
    # The projection of a city ends far from it.
    if not np.isfinite(xy).all():
        raise InvalidInput(
            "The place ({x}, {y}) is none.",
            remedy="Give degrees, the longitude first.",
            x=places[0].lon,
            y=places[0].lat,
        )
    return xy


def _node_of(streets: StreetNetwork, mode: TravelMode, points: FloatArray) -> tuple[int, float]:
    """Return the node of the first point and how far it lies from it, metres."""
    try:
        nodes, away = streets.nearest_nodes(points[:1], mode)
    except ValueError:
        raise InvalidInput(
            "No street may be used in mode {mode}.", remedy="Choose another mode.", mode=mode.name
        ) from None
    if away[0] > MOST_ACCESS_M:
        raise InvalidInput(
            "The place lies {distance} m from the nearest street that can be used.",
            remedy="Choose a place nearer to a street.",
            distance=round(float(away[0])),
        )
    return int(nodes[0]), float(away[0])


def _travel(streets: StreetNetwork, mode: TravelMode, points: FloatArray, *, towards: bool) -> FloatArray:
    """Return the seconds between the first point and each of the others, ``inf`` where it takes over an hour."""
    node, away_m = _node_of(streets, mode, points)
    if len(points) == 1:
        return np.zeros(0)
    seconds = seconds_from(streets, mode, node, towards=towards, limit_s=LONGEST_WAY_S)
    nodes, away = streets.nearest_nodes(points[1:], mode)
    total = seconds[nodes] + (away + away_m) / ACCESS_M_S
    return np.where(away <= MOST_ACCESS_M, total, np.inf)


def _quickest(seconds: FloatArray, most: int) -> list[int]:
    order = np.argsort(seconds, kind="stable")[:most]
    return [int(at) for at in order if np.isfinite(seconds[at])]


def _team(row: RowMapping, place: Place, seconds: float, *, mode: str, is_live: bool) -> dict[str, Any]:
    at = row["recorded_at"] if is_live else None
    return {
        **{name: row[name] for name in ("code", "name_zh", "name_en", "kind", "unit_code", "unit_zh", "unit_en")},
        "mode": mode or row["mode"],
        "lon": place.lon,
        "lat": place.lat,
        "seconds": round(seconds),
        "from": "station" if at is None else "position",
        "recorded_at": None if at is None else at.isoformat(),
    }
