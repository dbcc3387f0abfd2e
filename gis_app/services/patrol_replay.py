"""A night to be played again: where each team was when, and which planned stops it truly stayed at."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Engine, RowMapping

from gis_app.analysis.stop_visits import DWELL_MIN, longest_stays_min
from gis_app.analysis.thinning import FloatArray, IntArray, thinned
from gis_app.analysis.tracks import FixFlag
from gis_app.domain.rights import Scope
from gis_app.storage import patrol_nights
from gis_app.storage.engine import scoped

DEGREE_UNITS = 100_000
"""Places go as whole numbers of a hundred-thousandth of a degree: a metre."""
TOLERANCES_M = (4.0, 8.0, 16.0, 32.0)
"""How far a thinned track may be from a fix: less than a phone's own error, and more the more fixes there are."""
MOST_FIXES = 60_000
"""As many as a browser draws without a stutter; a night with more is told by the next tolerance, up to the last."""
_BREAKS = int(FixFlag.GAP | FixFlag.JUMP)


def nights(engine: Engine, scope: Scope) -> list[date]:
    """Return the nights that can be played, oldest first."""
    with scoped(engine, scope) as connection:
        return patrol_nights.nights(connection)


def replay(engine: Engine, scope: Scope, night: date, *, srid: int, language: str) -> dict[str, Any]:
    """Return the tracks of a night with their times, the planned stops with how long somebody stayed, and outlines.

    Times are seconds since the first fix; a track is a list of unbroken pieces, with the fixes that it takes to be
    within some metres (``within_m``) of where the team was at the moment of each fix. Moments are told to the second,
    places to the metre.
    """
    with scoped(engine, scope) as connection:
        patrols = patrol_nights.patrols(connection, night)
        fixes = patrol_nights.fixes(connection, night, srid=srid)
        stops = patrol_nights.stops(connection, night, srid=srid)
        lon, lat = (np.r_[fixes[name], [stop[name] for stop in stops]].astype(np.float64) for name in ("lon", "lat"))
        box = (lon.min(), lat.min(), lon.max(), lat.max()) if len(lon) else None
        outlines = patrol_nights.outlines(connection, box) if box else []
    begin = float(fixes["second"].min()) if len(fixes) else 0.0
    within_m, pieces = _pieces(fixes, begin)
    return {
        "night": night.isoformat(),
        "began": begin,
        "lasts": float(fixes["second"].max()) - begin if len(fixes) else 0.0,
        "units": DEGREE_UNITS,
        "within_m": within_m,
        "patrols": [_patrol(row, pieces.get(row["id"], []), language) for row in patrols],
        "stops": _stops(stops, patrols, dict(list(fixes.groupby("patrol_id"))), language),
        "outlines": [json.loads(each) for each in outlines],
    }


def _name(row: RowMapping, language: str) -> str:
    first, second = ("team_en", "team_zh") if language == "en" else ("team_zh", "team_en")
    return str(row[first] or row[second] or "")


def _pieces(fixes: pd.DataFrame, begin: float) -> tuple[float, dict[int, list[list[list[int]]]]]:
    """Return the tolerance, and the thinned pieces of each patrol: second since the begin, lon and lat in units."""
    patrol = fixes["patrol_id"].to_numpy()
    is_first = (fixes["flag"].to_numpy() & _BREAKS) != 0
    is_first |= np.diff(patrol, prepend=-1) != 0
    starts = np.nonzero(is_first)[0]
    # In whole seconds, as they are told: what is thinned is what is played.
    second = np.rint(fixes["second"].to_numpy() - begin)
    within_m, kept = _thinned(second, fixes[["x", "y"]].to_numpy(), starts)
    degrees = fixes[["lon", "lat"]].to_numpy()[kept] * DEGREE_UNITS
    table = np.rint(np.column_stack([second[kept], degrees])).astype(np.int64)
    pieces: dict[int, list[list[list[int]]]] = {}
    for owner, piece in zip(patrol[starts].tolist(), np.split(table, np.cumsum(kept)[starts[1:] - 1]), strict=False):
        pieces.setdefault(owner, []).append(piece.tolist())
    return within_m, pieces


def _thinned(second: FloatArray, xy: FloatArray, starts: IntArray) -> tuple[float, npt.NDArray[np.bool_]]:
    for tolerance_m in TOLERANCES_M:
        kept = thinned(second, xy, starts=starts, tolerance_m=tolerance_m)
        if kept.sum() <= MOST_FIXES:
            break
    return tolerance_m, kept


def _patrol(row: RowMapping, pieces: list[list[list[int]]], language: str) -> dict[str, Any]:
    return {
        "id": row["id"],
        "team": _name(row, language),
        "mode": row["mode"],
        "length_m": row["length_m"],
        "pieces": pieces,
    }


def _stops(
    stops: Sequence[RowMapping],
    patrols: Sequence[RowMapping],
    by_patrol: Mapping[Any, pd.DataFrame],
    language: str,
) -> list[dict[str, Any]]:
    """Return the stops; one counts as visited when a patrol of its own team stayed long enough."""
    by_team: dict[int, list[pd.DataFrame]] = {}
    for row in patrols:
        by_team.setdefault(row["team_id"], []).append(by_patrol.get(row["id"], pd.DataFrame()))
    told = []
    of_team: dict[int, list[RowMapping]] = {}
    for stop in stops:
        of_team.setdefault(stop["team_id"], []).append(stop)
    for team, own in of_team.items():
        places = np.array([(stop["x"], stop["y"]) for stop in own], dtype=np.float64)
        stays = np.full(len(own), np.nan)
        for fixes in by_team.get(team, []):
            if len(fixes):
                xy = fixes[["x", "y"]].to_numpy(dtype=np.float64)
                stays = np.fmax(stays, longest_stays_min(xy, fixes["second"], stops=places))
        for stop, stay in zip(own, stays.tolist(), strict=True):
            came = not np.isnan(stay)
            told.append(
                {
                    "id": stop["id"],
                    "team": _name(stop, language),
                    "ordinal": stop["ordinal"],
                    "planned_min": stop["dwell_min"],
                    "stayed_min": round(stay, 1) if came else None,
                    "state": "visited" if came and stay >= DWELL_MIN else "passed" if came else "missed",
                    "lon": round(stop["lon"] * DEGREE_UNITS),
                    "lat": round(stop["lat"] * DEGREE_UNITS),
                }
            )
    return told
