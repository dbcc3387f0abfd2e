"""Why the hottest cells of a map are hot: their hazards, the newest of them, the trend, how many followed another."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from sqlalchemy import Connection, Engine

from gis_app.analysis.contiguity import polygon_of_points
from gis_app.analysis.places import PlaceKind
from gis_app.domain.rights import Right, Scope
from gis_app.services.analyses import to_degrees
from gis_app.services.hotspot_ground import pieces_of
from gis_app.services.hotspot_maps import ShownMap
from gis_app.services.hotspot_rows import ALL, day_of
from gis_app.services.hotspot_shapes import metric_shapes, middles
from gis_app.services.hotspot_trials import Wish
from gis_app.storage import hotspot_reasons
from gis_app.storage.engine import scoped

TOP_CELLS = 20
NEWEST = 3
LOOKS_BACK = timedelta(days=365)
TREND_DAYS = 28.0
NEAR_M, NEAR_DAYS = 100.0, 7.0
"""A near repeat came this near to an earlier hazard, this soon after it."""
_STREET_MARGIN_M = 200.0
"""Around a piece of street: what lies on it, up to 100 m away, has its nearest street within as much again."""


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
    with scoped(engine, scope) as connection:
        shapes = metric_shapes(connection, shown, chosen, srid=srid)
        there = ~shapely.is_empty(shapes)
        chosen, shapes = [cell for cell, known in zip(chosen, there, strict=True) if known], shapes[there]
        margin_m = _STREET_MARGIN_M if shown.kind == PlaceKind.STREETS else NEAR_M
        bounds = shapely.bounds(shapes)
        squares = shapely.box(*(bounds[:, :2] - margin_m).T, *(bounds[:, 2:] + margin_m).T)
        boxes = [tuple(float(edge) for edge in each) for each in shapely.bounds(to_degrees(squares, srid))]
        spots = shapely.get_coordinates(to_degrees(middles(shapes), srid))
        places = [(float(lon), float(lat)) for lon, lat in spots]
        near = hotspot_reasons.hazards_near(
            connection,
            boxes,  # type: ignore[arg-type]
            start=shown.until - LOOKS_BACK,
            end=shown.until,
            category="" if wish.group == ALL else wish.group,
            srid=srid,
        )
        grids = hotspot_reasons.grids_at(connection, places)
        holder = _holders(connection, near, shown, chosen, shapes, boxes=boxes, srid=srid)
    wanted = wish.matches(near)
    near, holder = near[wanted], holder[wanted]
    sees_cases = Right.VIEW_MAP in scope.rights
    found = []
    for place, (cell, (lon, lat)) in enumerate(zip(chosen, places, strict=True), start=1):
        is_around = (near["place"] == place).to_numpy(dtype=np.bool_)
        around, inside = near[is_around], holder[is_around] == place - 1
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


def _holders(
    connection: Connection,
    near: pd.DataFrame,
    shown: ShownMap,
    chosen: Sequence[int],
    shapes: Any,
    *,
    boxes: Any,
    srid: int,
) -> npt.NDArray[np.int64]:
    """Return which of the chosen places each hazard lies in, -1 for none of them."""
    x, y = (near[name].to_numpy(dtype=np.float64) for name in ("x", "y"))
    keys = shown.parts.cells[chosen]
    if shown.kind == PlaceKind.GRIDS:
        return polygon_of_points(shapes, x, y=y)
    if shown.kind == PlaceKind.STREETS:
        streets = hotspot_reasons.streets_near(connection, boxes, srid=srid)
        pieces = pieces_of(streets)
        at = pieces.pieces_at(x, y=y)[0]
        own = np.column_stack([streets["id"].to_numpy(dtype=np.int64)[pieces.street], pieces.number])[at]
        own[at < 0] = -1
    else:
        own = np.floor(np.column_stack([x, y]) / shown.cell_m).astype(np.int64)
    is_own = (own[:, None, :] == keys[None, :, :]).all(axis=2)
    return np.where(is_own.any(axis=1), is_own.argmax(axis=1), -1).astype(np.int64)


def _near_repeats(around: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which hazards came soon after and near an earlier one."""
    x, y, day = (around[name].to_numpy(dtype=np.float64) for name in ("x", "y", "day"))
    after = day[:, None] - day[None, :]
    is_near = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :]) <= NEAR_M
    follows = (after > 0) | ((after == 0) & (np.arange(len(day))[:, None] < np.arange(len(day))[None, :]))
    return np.asarray((is_near & follows & (after <= NEAR_DAYS)).any(axis=1), dtype=np.bool_)
