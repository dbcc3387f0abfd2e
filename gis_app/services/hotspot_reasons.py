"""Why the hottest cells of a map are hot: their hazards, the newest of them, the trend, how many followed another."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from sqlalchemy import Engine

from gis_app.domain.rights import Right, Scope
from gis_app.services.analyses import to_degrees
from gis_app.services.hotspot_maps import ShownMap
from gis_app.services.hotspot_rows import ALL, day_of
from gis_app.services.hotspot_trials import Wish
from gis_app.storage import hotspot_reasons
from gis_app.storage.engine import scoped

TOP_CELLS = 20
NEWEST = 3
LOOKS_BACK = timedelta(days=365)
TREND_DAYS = 28.0
NEAR_M, NEAR_DAYS = 100.0, 7.0
"""A near repeat came this near to an earlier hazard, this soon after it."""


@dataclass(frozen=True)
class LatestCase:
    """One of the newest hazards of a cell."""

    id: uuid.UUID
    number: str
    title: str
    at: datetime


@dataclass(frozen=True)
class Reason:
    """What is known of one of the hottest cells.

    Parameters
    ----------
    cell
        Its place in the map.
    lon, lat
        Its middle.
    grid
        Chinese and English name of the grid there, None outside all.
    year_count
        Hazards of the year before the map.
    recent_count, before_count
        Those of its last four weeks, and of the four before.
    repeat_share
        Share of the year's hazards that were near repeats, None without any.
    latest
        The newest ones; empty for callers who may not see cases.
    """

    cell: int
    lon: float
    lat: float
    grid: tuple[str, str | None] | None
    year_count: int
    recent_count: int
    before_count: int
    repeat_share: float | None
    latest: Sequence[LatestCase]


def reasons(engine: Engine, scope: Scope, shown: ShownMap, *, wish: Wish, srid: int) -> list[Reason]:
    """Return what the caller's own hazards say of the hottest cells, the hottest first; none where nothing happened."""
    chosen = [cell for cell in shown.order[:TOP_CELLS] if shown.scores[cell] > shown.scores.min()]
    if not chosen:
        return []
    corners = shown.parts.cells[chosen] * shown.cell_m
    squares = shapely.box(*(corners - NEAR_M).T, *(corners + shown.cell_m + NEAR_M).T)
    boxes = [tuple(float(edge) for edge in bounds) for bounds in shapely.bounds(to_degrees(squares, srid))]
    middles = shapely.get_coordinates(to_degrees(shapely.points(corners + shown.cell_m / 2), srid))
    places = [(float(lon), float(lat)) for lon, lat in middles]
    with scoped(engine, scope) as connection:
        near = hotspot_reasons.hazards_near(
            connection,
            boxes,  # type: ignore[arg-type]
            start=shown.until - LOOKS_BACK,
            end=shown.until,
            category="" if wish.group == ALL else wish.group,
            srid=srid,
        )
        grids = hotspot_reasons.grids_at(connection, places)
    near = near[wish.matches(near)]
    sees_cases = Right.VIEW_MAP in scope.rights
    found = []
    for place, (cell, corner, (lon, lat)) in enumerate(zip(chosen, corners, places, strict=True), start=1):
        around = near[near["place"] == place]
        inside = _inside(around, corner, shown.cell_m)
        own, age = around[inside], day_of(shown.until) - around["day"].to_numpy(dtype=np.float64)[inside]
        repeats = _near_repeats(around)[inside]
        found.append(
            Reason(
                cell=int(cell),
                lon=lon,
                lat=lat,
                grid=grids.get(place),
                year_count=len(own),
                recent_count=int((age <= TREND_DAYS).sum()),
                before_count=int(((age > TREND_DAYS) & (age <= 2 * TREND_DAYS)).sum()),
                repeat_share=float(repeats.mean()) if len(repeats) else None,
                latest=_latest(own) if sees_cases else [],
            )
        )
    return found


def _latest(own: pd.DataFrame) -> list[LatestCase]:
    columns = ("id", "number", "title", "discovered_at")
    return [LatestCase(*values) for values in own.head(NEWEST)[list(columns)].itertuples(index=False)]


def _inside(around: pd.DataFrame, corner: npt.NDArray[np.float64], cell_m: float) -> npt.NDArray[np.bool_]:
    xy = around[["x", "y"]].to_numpy(dtype=np.float64)
    return np.asarray(((xy >= corner) & (xy < corner + cell_m)).all(axis=1), dtype=np.bool_)


def _near_repeats(around: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which hazards came soon after and near an earlier one."""
    x, y, day = (around[name].to_numpy(dtype=np.float64) for name in ("x", "y", "day"))
    after = day[:, None] - day[None, :]
    is_near = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :]) <= NEAR_M
    follows = (after > 0) | ((after == 0) & (np.arange(len(day))[:, None] < np.arange(len(day))[None, :]))
    return np.asarray((is_near & follows & (after <= NEAR_DAYS)).any(axis=1), dtype=np.bool_)
