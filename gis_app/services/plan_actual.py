"""A plan against the tracks: what the last night's tracks would have collected, and what came of each planned stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from gis_app.analysis.stop_visits import DWELL_MIN, REACH_M, longest_stays
from gis_app.domain.periods import CITY_TIME
from gis_app.services.plan_streets import metres
from gis_app.storage import plan_nights

HALF_CELL_M = 125.0
"""A candidate stands for a cell of the hotspot map: whoever stays within half a cell of its middle is in it."""


def last_nights_value(
    connection: Connection, path: str, stops: Sequence[Mapping[str, Any]], *, night: date, srid: int
) -> dict[str, Any] | None:
    """Return what the tracks of the last night before would have collected of these stops; None without tracks.

    Parameters
    ----------
    path
        Scope path of the area whose teams count.
    stops
        Candidates with their prizes. One counts when a track stayed ten minutes or more within half a cell of it.

    Returns
    -------
    ``night``, ``teams`` that were out, ``stops`` and ``value`` collected.
    """
    before = plan_nights.last_night(connection, night, path)
    if before is None or not stops:
        return None
    fixes = plan_nights.fixes(connection, before, path, srid=srid)
    stays = np.full(len(stops), np.nan)
    places = metres([(stop["lon"], stop["lat"]) for stop in stops], srid=srid)
    for _, own in fixes.groupby("patrol_id"):
        stays = np.fmax(stays, longest_stays(_xy(own), own["second"], stops=places, reach_m=HALF_CELL_M)[0])
    collected = [stop for stop, stay in zip(stops, stays.tolist(), strict=True) if stay >= DWELL_MIN]
    return {
        "night": before.isoformat(),
        "teams": int(fixes["team"].nunique()),
        "stops": len(collected),
        "value": round(sum(_worth(stop) for stop in collected), 3),
    }


def against_tracks(
    connection: Connection, path: str, content: Mapping[str, Any], *, night: date, srid: int, now: datetime
) -> dict[str, Any]:
    """Return what came of each planned stop.

    Visited is a stop at which a track of its team stayed ten minutes, or as long as was planned if that is less, within
    30 m; by another team if one of theirs did; passed if its team came near; else missed.

    Parameters
    ----------
    path
        Scope path of the plan's area.
    content
        Of the plan, with its result.

    Returns
    -------
    ``at``; ``tracked``: teams with a track; ``visited``, ``planned``: stops; ``value``, ``planned_value``; ``stops``
    with team, stop, planned_at, planned_min, came_at, stayed_min and state.
    """
    by_code = {stop["code"]: stop for stop in content["stops"]}
    planned = [(route["team"], visit) for route in content["result"]["routes"] for visit in route["visits"]]
    fixes = plan_nights.fixes(connection, night, path, srid=srid)
    places = metres([(by_code[visit["stop"]]["lon"], by_code[visit["stop"]]["lat"]) for _, visit in planned], srid=srid)
    stays = _stays_by_team(fixes, places)
    rows = [_row(team, visit, by_code[visit["stop"]], stays, at) for at, (team, visit) in enumerate(planned)]
    made = [row for row in rows if row["state"] in ("visited", "by_another")]
    return {
        "at": now.astimezone(UTC).isoformat(),
        "tracked": int(fixes["team"].nunique()),
        "visited": len(made),
        "planned": len(rows),
        "value": round(sum(_worth(by_code[row["stop"]]) for row in made), 3),
        "planned_value": round(sum(_worth(by_code[row["stop"]]) for row in rows), 3),
        "stops": rows,
    }


def _stays_by_team(fixes: pd.DataFrame, places: Any) -> dict[str, tuple[Any, Any]]:
    """Return minutes and first second of each team's longest stay at each place, NaN where it never came."""
    found: dict[str, tuple[Any, Any]] = {}
    for (team, _), own in fixes.groupby(["team", "patrol_id"]):
        minutes, began = longest_stays(_xy(own), own["second"], stops=places, reach_m=REACH_M)
        if str(team) in found:
            first, since = found[str(team)]
            is_longer = ~(minutes <= first)
            minutes, began = np.fmax(minutes, first), np.where(is_longer & ~np.isnan(minutes), began, since)
        found[str(team)] = minutes, began
    return found


def _row(
    team: str, visit: Mapping[str, Any], stop: Mapping[str, Any], stays: Mapping[str, tuple[Any, Any]], at: int
) -> dict[str, Any]:
    needed = min(DWELL_MIN, float(stop["dwell_s"]) / 60)
    minutes, began = (float(each[at]) for each in stays[team]) if team in stays else (np.nan, np.nan)
    state = "visited" if minutes >= needed else "passed" if not np.isnan(minutes) else "missed"
    others = [(each[0][at], each[1][at]) for code, each in stays.items() if code != team and each[0][at] >= needed]
    if state != "visited" and others:
        state, (minutes, began) = "by_another", max(others)
    came = not np.isnan(minutes)
    return {
        "team": team,
        "stop": stop["code"],
        "planned_at": visit["begins_at"],
        "planned_min": round(float(stop["dwell_s"]) / 60, 1),
        "came_at": datetime.fromtimestamp(float(began), CITY_TIME).isoformat(timespec="seconds") if came else None,
        "stayed_min": round(float(minutes), 1) if came else None,
        "state": state,
    }


def _xy(fixes: pd.DataFrame) -> Any:
    return fixes[["x", "y"]].to_numpy(dtype=np.float64)


def _worth(stop: Mapping[str, Any]) -> float:
    return float(sum(stop["prize_parts"].values()))
