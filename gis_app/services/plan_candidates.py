"""Candidates for tonight's stops: risky cells of the newest hotspot map, villages due a night check, facilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import Connection, RowMapping

from gis_app.analysis.enclosing import EnclosingAreas
from gis_app.analysis.lattice import DEFAULT_CELL_M
from gis_app.analysis.transformers import transformer
from gis_app.planning.street_network import StreetNetwork
from gis_app.services.hotspot_rows import ALL
from gis_app.services.plan_streets import on_streets
from gis_app.storage import hotspot_maps, plan_candidates

DWELL_S = 600.0
MOST_IDLE_DAYS = 14.0
RISK_POINTS, IDLE_POINTS_A_DAY, DUTY_POINTS, FACILITY_POINTS = 10.0, 0.35, 4.0, 3.0
"""The riskiest cell is worth ten, a day without a visit a third of a point up to five, an open duty four, a facility
three."""
WEEK = timedelta(days=6)
"""With the night planned a week."""


@dataclass(frozen=True)
class CandidateRules:
    """What stops are chosen by.

    Parameters
    ----------
    most
        Stops at most.
    due
        Codes of the villages whose night check is still open.
    facilities
        Kinds of facilities that are candidates.
    most_visits
        Nights of a week, tonight included, on which a place may be planned; any number if None.
    dwell_s
        Time at each stop, seconds.
    """

    most: int
    due: frozenset[str] = frozenset()
    facilities: tuple[str, ...] = ()
    most_visits: int | None = None
    dwell_s: float = DWELL_S


@dataclass(frozen=True)
class Candidates:
    """Stops, the most rewarding first, and how many were passed over as planned often enough this week."""

    stops: list[dict[str, Any]]
    often_enough: int


@dataclass(frozen=True)
class _Place:
    lon: float
    lat: float
    parts: Mapping[str, float]
    facility: Mapping[str, str] | None = None
    is_village: bool = False


def candidates(
    connection: Connection,
    path: str,
    rules: CandidateRules,
    *,
    streets: StreetNetwork,
    now: datetime,
    night: date,
    srid: int,
) -> Candidates:
    """Return candidates in an area, moved onto the nearest street; those too far from any are left out.

    Parameters
    ----------
    connection
        In the caller's scope.
    path
        Scope path of the area.
    streets
        The streets.
    now
        The moment idleness is counted to.
    night
        The night planned.
    srid
        Metric CRS of the lattice.

    Returns
    -------
    Stops as dicts of code, lon, lat (degrees), dwell_s, village with names, prize_parts (risk, idleness, duty,
    facility), last_visit, and of facilities their kind and names.
    """
    villages = plan_candidates.villages(connection, path)
    places = _places(connection, path, villages, rules, srid=srid)
    grids = plan_candidates.grids(connection, path)
    around = EnclosingAreas(shapely.from_wkb([bytes(row["shape"]) for row in grids]))
    at_grid = around.at([each.lon for each in places], [each.lat for each in places]).tolist()
    own = {row["code"] for row in villages}
    found: list[dict[str, Any]] = []
    with_duty: set[str] = set()
    for place, number in zip(places, at_grid, strict=True):
        row = grids[number] if number >= 0 else None
        if row is None or row["village"] not in own:
            continue
        # One visit makes a night check: only the first stop of a village is worth its duty.
        is_due = row["village"] in rules.due and row["village"] not in with_duty
        if is_due:
            with_duty.add(row["village"])
        elif place.is_village:
            continue
        found.append(_stop(place, row, rules, now=now, is_due=is_due))
    found.sort(key=lambda stop: -sum(stop["prize_parts"].values()))
    near = on_streets(streets, found, srid=srid)
    kept = near if rules.most_visits is None else _seldom_planned(connection, near, rules.most_visits, night=night)
    for at, stop in enumerate(kept[: rules.most], start=1):
        stop["code"] = f"S{at:03d}"
    return Candidates(kept[: rules.most], len(near) - len(kept))


def _seldom_planned(
    connection: Connection, stops: Sequence[dict[str, Any]], most: int, *, night: date
) -> list[dict[str, Any]]:
    """Return the stops that were planned on fewer nights of the week than may be."""
    lon, lat = [stop["lon"] for stop in stops], [stop["lat"] for stop in stops]
    often = plan_candidates.planned_nights(connection, lon, lat, first=night - WEEK, night=night)
    return [stop for at, stop in enumerate(stops) if often.get(at, 0) < most]


def _places(
    connection: Connection, path: str, villages: Sequence[RowMapping], rules: CandidateRules, *, srid: int
) -> list[_Place]:
    cells, risk = _risky_cells(connection, path, srid=srid)
    facilities = plan_candidates.facilities(connection, path, rules.facilities) if rules.facilities else []
    named = ("kind", "name_zh", "name_en")
    return [
        *(
            _Place(east, north, {"risk": worth})
            for (east, north), worth in zip(cells.tolist(), risk.tolist(), strict=True)
        ),
        *(
            _Place(row["lon"], row["lat"], {"facility": FACILITY_POINTS}, {name: row[name] or "" for name in named})
            for row in facilities
        ),
        *(_Place(row["lon"], row["lat"], {}, is_village=True) for row in villages if row["code"] in rules.due),
    ]


def _stop(place: _Place, row: RowMapping, rules: CandidateRules, *, now: datetime, is_due: bool) -> dict[str, Any]:
    idle = round(IDLE_POINTS_A_DAY * _idle_days(row["last_visit_at"], now), 2)
    parts = {**place.parts, "idleness": idle} | ({"duty": DUTY_POINTS} if is_due else {})
    return {
        "code": "",
        "lon": round(place.lon, 6),
        "lat": round(place.lat, 6),
        "dwell_s": rules.dwell_s,
        "village": row["village"],
        "village_zh": row["name_zh"],
        "village_en": row["name_en"],
        "facility": place.facility,
        "prize_parts": {name: value for name, value in parts.items() if value},
        "last_visit": row["last_visit_at"].isoformat() if row["last_visit_at"] else None,
        "is_required": False,
        "windows": [],
        "skill": "",
    }


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
    lon, lat = transformer(srid, 4326).transform(*((cells + 0.5) * cell_m).T)
    risk = np.round(RISK_POINTS * score / score.max(), 2) if len(score) else score
    return np.column_stack([lon, lat]), risk


def _idle_days(last: datetime | None, now: datetime) -> float:
    return MOST_IDLE_DAYS if last is None else min(max((now - last).total_seconds() / 86_400, 0.0), MOST_IDLE_DAYS)
