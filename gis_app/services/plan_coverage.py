"""What a plan will do to the coverage of an area's grids, compared with the nights before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import Connection

from gis_app.analysis.coverage import SWEEP_M_BY_MODE, swept_share
from gis_app.analysis.idleness import CHECKED_SHARE
from gis_app.storage import plan_nights

WEEK = timedelta(days=6)
"""Nights before the one planned; with it they are a week."""


def predicted_coverage(
    connection: Connection,
    path: str,
    ways: Mapping[str, shapely.LineString],
    *,
    mode_of_team: Mapping[str, str],
    night: date,
    srid: int,
) -> dict[str, Any]:
    """Return how much of the grids a plan will sweep, and how many will have been checked within the week.

    Parameters
    ----------
    path
        Scope path of the area.
    ways
        Way of each team that goes out, metres.
    mode_of_team
        How each goes.

    Returns
    -------
    ``grids``; ``checked_before`` and ``checked_after``: of them, those of which a tenth or more was swept on a night
    of the week, without and with this one; ``share_last`` and ``share_planned``: share of their area swept on the last
    night known, and by this plan.
    """
    rows, shapes = plan_nights.grids(connection, path, first=night - WEEK, night=night, srid=srid)
    if not rows:
        return {"grids": 0, "checked_before": 0, "checked_after": 0, "share_last": None, "share_planned": None}
    grids = gpd.GeoSeries(shapes, crs=srid)
    teams = list(ways)
    sweep_m = np.array([SWEEP_M_BY_MODE[mode_of_team[team]] for team in teams], dtype=np.float64)
    planned = swept_share(grids, gpd.GeoSeries([ways[team] for team in teams], crs=srid), sweep_m=sweep_m)
    best, last = (np.array([row[name] for row in rows], dtype=np.float64) for name in ("best_share", "last_share"))
    area_m2 = grids.area.to_numpy()
    return {
        "grids": len(rows),
        "checked_before": int((best >= CHECKED_SHARE).sum()),
        "checked_after": int((np.maximum(best, planned) >= CHECKED_SHARE).sum()),
        "share_last": round(float(np.average(last, weights=area_m2)), 4),
        "share_planned": round(float(np.average(planned, weights=area_m2)), 4),
    }
