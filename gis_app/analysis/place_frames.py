"""Hotspots of a frame of points on grids or along streets that are given as a frame too."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import geopandas
import numpy as np
import shapely

from gis_app.analysis.hotspot_map import days_of, default_horizon
from gis_app.analysis.instants import utc_instant, utc_instants
from gis_app.analysis.metric_crs import metric_geometries
from gis_app.analysis.pieces_of_streets import street_pieces
from gis_app.analysis.place_history import place_history
from gis_app.analysis.place_methods import PLACE_METHODS
from gis_app.analysis.places import grid_places, street_places
from gis_app.analysis.rolling_origin import choose_method


def hotspot_places(
    events: geopandas.GeoDataFrame,
    until: datetime,
    places: geopandas.GeoDataFrame,
    *,
    time: str = "time",
    horizon_days: float | None = None,
    method: str | None = None,
) -> geopandas.GeoDataFrame:
    """Return grids, or pieces of streets, scored by what to expect there after a moment, the hottest first.

    Parameters
    ----------
    events
        Points. CRS: projected, metres; raises if geographic.
    until
        The moment, with a time zone: later events have no say in the scores.
    places
        Polygons of grids, or LineStrings of streets from junction to junction, in the CRS of the events.
    time
        Column of the times, with a time zone.
    horizon_days
        Length of the time to foretell; 7 to 30 days by the length of the past, if None.
    method
        A key of ``PLACE_METHODS`` for the kind of place; the one that did best on windows of the past, if None.

    Returns
    -------
    Columns place (position in ``places``), score (per km2 or km), rank (from 1), size (km2 or km), event_count (before
    the moment), later_count (within the horizon after it), and the grids or the pieces; ``attrs`` tells kind, method,
    params, horizon_days and is_guess.

    Raises
    ------
    ValueError
        If the frames differ in CRS, no event lies in any place before the moment, or the method is unknown.
    """
    if events.crs != places.crs:
        raise ValueError("Events and places need one CRS.")
    shapes, points = metric_geometries(places), metric_geometries(events)
    is_street = bool((shapely.get_dimensions(shapes) == 1).all())
    pieces = street_pieces(shapes) if is_street else None
    ground = grid_places(shapes) if pieces is None else street_places(pieces)
    day, moment = days_of(utc_instants(events[time])), days_of(np.array([utc_instant(until)]))[0]
    x, y = shapely.get_x(points), shapely.get_y(points)
    known = (day < moment) & np.isfinite(x) & np.isfinite(y)
    past = place_history(ground, x[known], y=y[known], day=day[known], until=moment)
    if not past.count.any():
        raise ValueError("No event lies in any of the places before the moment to learn until.")
    methods = PLACE_METHODS[ground.kind]
    if method is not None and method not in methods:
        raise ValueError(f"No method {method!r}; there are {', '.join(methods)}.")
    horizon = default_horizon(past) if horizon_days is None else horizon_days
    choice = choose_method(past, horizon_days=horizon, methods=methods, only=method)
    later = (day >= moment) & (day < moment + horizon)
    came = ground.locate(x[later], y[later])
    columns: dict[str, Any] = {
        "place": np.arange(len(ground)) if pieces is None else pieces.street,
        "score": methods[choice.name].score(past, horizon_days=horizon, **choice.params),
        "size": ground.size,
        "event_count": past.count,
        "later_count": np.bincount(came[came >= 0], minlength=len(ground)),
    }
    lines = shapes if pieces is None else pieces.geometries()
    frame = geopandas.GeoDataFrame(columns, geometry=list(lines), crs=places.crs)
    frame = frame.sort_values("score", ascending=False, kind="stable", ignore_index=True)
    frame.insert(2, "rank", np.arange(1, len(frame) + 1))
    frame.attrs = {
        "kind": ground.kind.value,
        "method": choice.name,
        "params": dict(choice.params),
        "horizon_days": horizon,
        "is_guess": choice.is_guess,
    }
    return frame
