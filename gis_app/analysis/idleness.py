"""Time since the last visit of each grid, and what a night's patrols allow to say about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis_app.analysis.instants import MICROSECONDS_PER_DAY, Instants, utc_instant, utc_instants
from gis_app.analysis.metric_crs import metric_geometries

FloatArray = npt.NDArray[np.float64]

FOUND, CHECKED_CLEAR, UNCHECKED = NIGHT_STATES = ("found", "checked_clear", "unchecked")
CHECKED_SHARE = 0.1
"""Share of a grid's area swept from which it counts as checked; a patrol along one street sweeps about a tenth."""


@dataclass(frozen=True)
class IdlenessSummary:
    """Idleness of a set of grids.

    ``mean_days`` and ``worst_days`` speak of the grids ever visited (None if there are none); ``share_over`` of all:
    a grid never visited is over any interval. It is None when there are no grids.
    """

    mean_days: float | None
    worst_days: float | None
    share_over: float | None
    never_visited: int


def last_visits(grids: Any, tracks: Any, *, ended_at: Any, now: datetime) -> Instants:
    """Return when each grid was last visited: when the last patrol that entered it ended.

    Parameters
    ----------
    grids
        GeoDataFrame, GeoSeries or array of n polygons. CRS: projected, metres; raises if geographic.
    tracks
        GeoDataFrame, GeoSeries or array of m (Multi)LineStrings in the same CRS.
    ended_at
        Shape ``(m,)``: end of each patrol, with a time zone; a patrol that ends after ``now``, or has no end, is not
        a visit yet.
    now
        The moment asked about, with a time zone.

    Returns
    -------
    Shape ``(n,)``, ``datetime64[us]`` in UTC; NaT for grids never visited.
    """
    polygons, lines = metric_geometries(grids), metric_geometries(tracks)
    ends = utc_instants(ended_at)
    if len(ends) != len(lines):
        raise ValueError("Every track needs one end.")
    latest = np.full(len(polygons), np.iinfo(np.int64).min)
    if len(polygons) and len(lines):
        line, grid = shapely.STRtree(polygons).query(lines, predicate="intersects")
        # NaT compares false, so patrols without an end fall out here.
        past = ends[line] <= utc_instant(now)
        np.maximum.at(latest, grid[past], ends[line[past]].astype(np.int64))
    return latest.astype("datetime64[us]")


def idle_days(last_visit: Instants, now: datetime) -> FloatArray:
    """Return the days since the last visit, shape ``(n,)``; NaN where there never was one."""
    elapsed = utc_instant(now) - last_visit
    days = elapsed.astype(np.int64) / MICROSECONDS_PER_DAY
    return np.where(np.isnat(elapsed), np.nan, days)


def night_states(
    found_count: npt.ArrayLike, area_share: npt.ArrayLike, *, checked_share: float = CHECKED_SHARE
) -> npt.NDArray[np.str_]:
    """Return what may be said of each grid after a night: found, checked_clear or unchecked.

    A grid is clear only because somebody looked: no track, or too little of one, leaves it unchecked.

    Parameters
    ----------
    found_count
        Shape ``(n,)``: hazards found in the grid that night, however they came to be known.
    area_share
        Shape ``(n,)``: share of the area swept that night, 0 to 1; NaN (not computed) is unchecked.
    checked_share
        Share from which a grid counts as checked, above 0.

    Raises
    ------
    ValueError
        If ``checked_share`` is not above 0: a grid without a track would be shown as safe.
    """
    if not checked_share > 0:
        raise ValueError("The share from which a grid counts as checked must be above 0.")
    is_checked = np.asarray(area_share, dtype=np.float64) >= checked_share
    has_found = np.asarray(found_count) > 0
    return np.where(has_found, FOUND, np.where(is_checked, CHECKED_CLEAR, UNCHECKED))


def summarise_idleness(days: npt.ArrayLike, duty_interval_days: float) -> IdlenessSummary:
    """Return mean and worst idleness and the share of grids idle for longer than their duty allows.

    Parameters
    ----------
    days
        Shape ``(n,)``: idle days, NaN for never visited.
    duty_interval_days
        Longest time between visits that duty allows, days (7 for the weekly night check).
    """
    idle = np.asarray(days, dtype=np.float64)
    visited = idle[~np.isnan(idle)]
    never = len(idle) - len(visited)
    over = never + int(np.count_nonzero(visited > duty_interval_days))
    return IdlenessSummary(
        mean_days=float(visited.mean()) if len(visited) else None,
        worst_days=float(visited.max()) if len(visited) else None,
        share_over=over / len(idle) if len(idle) else None,
        never_visited=never,
    )
