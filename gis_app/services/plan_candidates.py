"""Candidates for tonight's stops: the cells of the newest hotspot map, and villages that a night check is due in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from pyproj import Transformer
from sqlalchemy import Connection

from gis_app.analysis.lattice import DEFAULT_CELL_M
from gis_app.services.hotspot_rows import ALL
from gis_app.storage import hotspot_maps, patrol_plans

DWELL_S = 600.0
MOST_IDLE_DAYS = 14.0
RISK_POINTS, IDLE_POINTS_A_DAY, DUTY_POINTS = 10.0, 0.35, 4.0
"""The riskiest cell is worth ten, a day without a visit a third of a point up to five, an open duty four."""


def candidates(
    connection: Connection, path: str, *, now: datetime, srid: int, due: frozenset[str], most: int
) -> list[dict[str, Any]]:
    """Return candidates in an area, the most rewarding first.

    Parameters
    ----------
    connection
        In the caller's scope.
    path
        Scope path of the area.
    now
        The moment idleness is counted to.
    srid
        Metric CRS of the lattice.
    due
        Codes of the villages whose night check is still open.
    most
        Stops at most.

    Returns
    -------
    Dicts of code, lon, lat (degrees), dwell_s, village with names, prize_parts (risk, idleness, duty), last_visit.
    """
    cells, risk = _risky_cells(connection, path, srid=srid)
    villages = patrol_plans.villages(connection, path)
    lon = [*cells[:, 0].tolist(), *(row["lon"] for row in villages if row["code"] in due)]
    lat = [*cells[:, 1].tolist(), *(row["lat"] for row in villages if row["code"] in due)]
    known = patrol_plans.last_visits(connection, lon, lat)
    own = {row["code"] for row in villages}
    found: list[dict[str, Any]] = []
    with_duty: set[str] = set()
    for place, (east, north) in enumerate(zip(lon, lat, strict=True)):
        row = known.get(place)
        village = row["village"] if row is not None else None
        if row is None or village not in own:
            continue
        is_cell = place < len(cells)
        parts = {"risk": float(risk[place]) if is_cell else 0.0}
        idle = _idle_days(row["last_visit_at"], now)
        parts["idleness"] = round(IDLE_POINTS_A_DAY * idle, 2)
        # One visit makes a night check: only the first stop of a village is worth its duty.
        if village in due and village not in with_duty:
            parts["duty"] = DUTY_POINTS
            with_duty.add(village)
        elif not is_cell:
            continue
        found.append(
            {
                "code": "",
                "lon": round(east, 6),
                "lat": round(north, 6),
                "dwell_s": DWELL_S,
                "village": village,
                "village_zh": row["name_zh"],
                "village_en": row["name_en"],
                "prize_parts": {name: value for name, value in parts.items() if value},
                "last_visit": row["last_visit_at"].isoformat() if row["last_visit_at"] else None,
                "is_required": False,
            }
        )
    found.sort(key=lambda stop: -sum(stop["prize_parts"].values()))
    for number, stop in enumerate(found[:most], start=1):
        stop["code"] = f"S{number:03d}"
    return found[:most]


def _risky_cells(
    connection: Connection, path: str, *, srid: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the middles (degrees) and the risk, 0 to ten, of the cells of the newest map, the riskiest first."""
    current = next((row for row in hotspot_maps.runs(connection, ALL) if row["is_current"]), None)
    if current is None or "method" not in (current["result"] or {}):
        return np.zeros((0, 2)), np.zeros(0)
    methods: Sequence[str] = current["result"]["methods"]
    parts = hotspot_maps.parts(connection, current["id"], method_count=len(methods))
    if parts is None:
        return np.zeros((0, 2)), np.zeros(0)
    chosen = current["result"]["method"]
    score = parts.scores[methods.index(chosen)] if chosen in methods else parts.event_count.astype(np.float64)
    inside = np.array([each["scope_path"].startswith(path) for each in parts.villages])[parts.village] & (score > 0)
    order = np.argsort(-score[inside], kind="stable")
    cells, score = parts.cells[inside][order], score[inside][order]
    cell_m = float(current["parameters"].get("cell_m", DEFAULT_CELL_M))
    lon, lat = Transformer.from_crs(srid, 4326, always_xy=True).transform(*((cells + 0.5) * cell_m).T)
    risk = np.round(RISK_POINTS * score / score.max(), 2) if len(score) else score
    return np.column_stack([lon, lat]), risk


def _idle_days(last: datetime | None, now: datetime) -> float:
    return MOST_IDLE_DAYS if last is None else min(max((now - last).total_seconds() / 86_400, 0.0), MOST_IDLE_DAYS)
