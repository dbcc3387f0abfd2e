"""Hotspots of a frame of points: where to expect more, and how every method does on what came later."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import geopandas
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gis_app.analysis.event_history import EventHistory
from gis_app.analysis.hotspot_map import HotspotMap, days_of, hotspot_map_of
from gis_app.analysis.hotspots import HOTSPOT_METHODS
from gis_app.analysis.instants import utc_instants
from gis_app.analysis.lattice import DEFAULT_CELL_M, IntArray, count_in_cells
from gis_app.analysis.metric_crs import metric_geometries
from gis_app.analysis.rolling_origin import choose_method, middle_choice, score_beside


def hotspot_cells(
    events: geopandas.GeoDataFrame,
    until: datetime,
    *,
    time: str = "time",
    cell_m: float = DEFAULT_CELL_M,
    horizon_days: float | None = None,
    method: str | None = None,
) -> geopandas.GeoDataFrame:
    """Return the cells near the events before a moment, scored by what to expect there, the hottest first.

    Parameters
    ----------
    events
        Points. CRS: projected, metres; raises if geographic.
    until
        The moment, with a time zone: later events have no say in the scores.
    time
        Column of the times, with a time zone.
    cell_m
        Side of a cell, metres.
    horizon_days
        Length of the time to foretell; 7 to 30 days by the length of the past, if None.
    method
        A key of ``HOTSPOT_METHODS``; the one that did best on windows of the past, if None.

    Returns
    -------
    Columns cell_i, cell_j, score, rank (from 1), event_count (before the moment), later_count (within the horizon after
    it) and the squares; ``attrs`` tells method, params, horizon_days and is_guess.

    Raises
    ------
    ValueError
        If no event lies before the moment, or the method is unknown.
    """
    options = {"cell_m": cell_m, "horizon_days": horizon_days, "method": method}
    learnt = hotspot_map_of(events, until, time=time, **options)
    frame = learnt.frame(events.crs)
    frame["event_count"] = learnt.past.count
    frame["later_count"] = _later(events, learnt, time)
    frame = frame.sort_values("score", ascending=False, kind="stable", ignore_index=True)
    frame["rank"] = np.arange(1, len(frame) + 1)
    frame = frame[["cell_i", "cell_j", "score", "rank", "event_count", "later_count", "geometry"]]
    frame.attrs = {
        "method": learnt.choice.name,
        "params": dict(learnt.choice.params),
        "horizon_days": learnt.horizon_days,
        "is_guess": learnt.choice.is_guess,
    }
    return frame


def method_scores(
    events: geopandas.GeoDataFrame,
    until: datetime,
    *,
    time: str = "time",
    cell_m: float = DEFAULT_CELL_M,
    horizon_days: float | None = None,
) -> pd.DataFrame:
    """Return how every method, and perfect foresight, foretells what came after a moment; parameters as above.

    The parameters of each method are those that did best on windows before the moment.

    Returns
    -------
    A row per method and share of the area: method, share, cell_count, hit_rate, pai, pei.

    Raises
    ------
    ValueError
        If no event lies before the moment, or none came in the known cells within the horizon.
    """
    learnt = hotspot_map_of(events, until, time=time, cell_m=cell_m, horizon_days=horizon_days, method="count_so_far")
    later = _later(events, learnt, time)
    if not later.any():
        raise ValueError("No event came in the known cells within the horizon: there is nothing to score on.")
    scores = score_beside(_maps(learnt.past, learnt.horizon_days), later)
    rows: list[dict[str, Any]] = [
        {"method": name, **{field: getattr(area, field) for field in area.__dataclass_fields__}}
        for name, areas in scores.items()
        for area in areas
    ]
    return pd.DataFrame(rows)


def _maps(past: EventHistory, horizon_days: float) -> dict[str, npt.NDArray[np.float64]]:
    choice = choose_method(past, horizon_days=horizon_days)
    params = {
        name: middle_choice(method) if choice.is_guess else choice.records[name].params
        for name, method in HOTSPOT_METHODS.items()
    }
    return {
        name: method.score(past, horizon_days=horizon_days, **params[name]) for name, method in HOTSPOT_METHODS.items()
    }


def _later(events: geopandas.GeoDataFrame, learnt: HotspotMap, time: str) -> IntArray:
    points, day = metric_geometries(events), days_of(utc_instants(events[time]))
    start = learnt.past.until
    wanted = (day >= start) & (day < start + learnt.horizon_days)
    return count_in_cells(learnt.lattice, shapely.get_x(points[wanted]), y=shapely.get_y(points[wanted]))
