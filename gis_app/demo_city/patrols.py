"""The nights of the teams: planned stops, walks along the streets, and the GPS fixes a phone would have sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree

from gis_app.demo_city.streets import Streets
from gis_app.demo_city.terrain import FloatArray, IntArray, point_array
from gis_app.domain.periods import CITY_TIME, night_of

FIX_EVERY_S = 20.0
SPEED_MPS = {"foot": 1.2, "ebike": 3.6, "car": 6.5}
REACH_M = {"foot": 1300.0, "ebike": 2600.0, "car": 4200.0}
STOPS_OF_TEAM = 9
OUT_S, DWELL_S = (3600.0, 7200.0), (360.0, 960.0)
"""Least and most seconds a patrol is out, and stays at a stop."""
OUT_SHARE = 0.42
NEGLECTED_SHARE = 0.07
"""Share of teams that hardly go out, so that gaps show."""


@dataclass(frozen=True)
class DemoNight:
    """One night; all places in metres, ``patrol`` numbers count within the night.

    Parameters
    ----------
    routes
        Columns patrol, team_code, starts_at, ends_at, length_m, line.
    stops
        Columns patrol, ordinal, dwell_min, point.
    patrols
        Columns patrol, team_code, mode.
    fixes
        Columns patrol, device, recorded_at, sequence, x, y, speed_mps, accuracy_m; in the order they were recorded.
    """

    night: date
    routes: pd.DataFrame
    stops: pd.DataFrame
    patrols: pd.DataFrame
    fixes: pd.DataFrame


@dataclass(frozen=True)
class TeamBeat:
    """The stops a team knows, the first being its station, and the ways between them."""

    code: str
    mode: str
    going_share: float
    stops: FloatArray
    ways: dict[tuple[int, int], FloatArray]


def make_beats(teams: pd.DataFrame, streets: Streets, *, chance: np.random.Generator) -> list[TeamBeat]:
    """Return each team's stops and the shortest ways between them along the streets."""
    table = streets.table[streets.table["kind"] != "ferry"]
    start, end = table["from_node"].to_numpy(), table["to_node"].to_numpy()
    length, size = table["length_m"].to_numpy(), len(streets.nodes)
    graph = sparse.coo_array((np.tile(length, 2), (np.r_[start, end], np.r_[end, start])), shape=(size, size)).tocsr()
    lines = {}
    for a, b, xy in zip(start, end, shapely.get_coordinates(table["line"].to_numpy()).reshape(-1, 5, 2), strict=True):
        lines[(int(a), int(b))], lines[(int(b), int(a))] = xy, xy[::-1]
    corners = cKDTree(streets.nodes)
    neglected = chance.random(len(teams)) < NEGLECTED_SHARE
    beats = []
    for (_, team), is_neglected in zip(teams.iterrows(), neglected, strict=True):
        going = 0.04 if is_neglected else OUT_SHARE * chance.uniform(0.7, 1.4)
        beats.append(_beat(team, graph, lines, streets.nodes, corners=corners, going=going, chance=chance))
    return beats


def _beat(
    team: pd.Series,
    graph: Any,
    lines: dict[tuple[int, int], FloatArray],
    nodes: FloatArray,
    *,
    corners: cKDTree,
    going: float,
    chance: np.random.Generator,
) -> TeamBeat:
    station = shapely.get_coordinates(team["station"])[0]
    around = np.sort(np.asarray(corners.query_ball_point(station, REACH_M[team["mode"]])))
    local: Any = graph[around][:, around]
    home = int(np.argmin(np.hypot(*(nodes[around] - station).T)))
    from_home = csgraph.dijkstra(local, indices=np.array([home]))[0]
    reachable = np.nonzero(np.isfinite(from_home))[0]
    chosen = np.r_[home, chance.permutation(reachable[reachable != home])[: STOPS_OF_TEAM - 1]]
    _, before = csgraph.dijkstra(local, indices=chosen, return_predecessors=True)
    ways = {
        (a, b): _way(int(chosen[a]), int(chosen[b]), before[a], around, lines)
        for a in range(len(chosen))
        for b in range(len(chosen))
        if a != b
    }
    return TeamBeat(team["code"], team["mode"], going, nodes[around[chosen]], ways)


def _way(
    start: int, goal: int, before: IntArray, around: IntArray, lines: dict[tuple[int, int], FloatArray]
) -> FloatArray:
    """Return the line from a start to a goal as a chain of the streets' own points."""
    parts = []
    at = goal
    while at != start:
        parts.append(lines[(int(around[before[at]]), int(around[at]))])
        at = int(before[at])
    return np.concatenate(parts[::-1])


def nights_before(end: datetime, count: int) -> list[date]:
    """Return the last nights that are over, oldest first."""
    last = night_of(end) - timedelta(days=1)
    return [last - timedelta(days=back) for back in range(count - 1, -1, -1)]


def make_nights(beats: list[TeamBeat], nights: list[date], *, seed: int) -> Iterator[DemoNight]:
    """Yield one night after another; each has its own chance, so that nights do not depend on each other."""
    for night in nights:
        yield _night(beats, night, chance=np.random.default_rng([seed, night.toordinal()]))


def _night(beats: list[TeamBeat], night: date, *, chance: np.random.Generator) -> DemoNight:
    out = [beat for beat in beats if chance.random() < beat.going_share and len(beat.stops) > 2]
    walks = [_walk(beat, night, number, chance=chance) for number, beat in enumerate(out)]
    if not walks:
        raise ValueError("No team went out; give the city more teams.")
    routes, stops, fixes = (_together([walk[n] for walk in walks]) for n in range(3))
    fixes["recorded_at"] = fixes["recorded_at"].dt.tz_localize("UTC")
    patrols = pd.DataFrame(
        {
            "patrol": np.arange(len(out)),
            "team_code": [beat.code for beat in out],
            "mode": [beat.mode for beat in out],
        }
    )
    return DemoNight(night, routes, stops, patrols, fixes)


def _together(walks: list[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the columns of all walks, one after another; frames of each would take longer than all else."""
    columns = {
        name: np.concatenate([np.asarray(walk[name]) for walk in walks]) for name in walks[0] if name != "patrol"
    }
    sizes = [len(next(value for name, value in walk.items() if name != "patrol")) for walk in walks]
    return pd.DataFrame({"patrol": np.repeat([walk["patrol"] for walk in walks], sizes), **columns})


def _legs(
    beat: TeamBeat, *, limit_s: float, chance: np.random.Generator
) -> tuple[list[FloatArray], list[FloatArray], list[int], list[float]]:
    """Return points and seconds of each leg, the stops visited and the seconds spent at each, within the limit.

    A team that has seen all its stops begins again; one that could not reach another in time stays at its last.
    """
    others = np.arange(1, len(beat.stops))
    order = [0, *chance.permutation(others), 0, *chance.permutation(others)]
    speed = SPEED_MPS[beat.mode] * chance.uniform(0.85, 1.15)
    line, times, clock = [beat.stops[:1]], [np.zeros(1)], 0.0
    visited: list[int] = []
    dwells: list[float] = []
    for previous, stop in pairwise(order):
        way = beat.ways[(int(previous), int(stop))]
        seconds = np.r_[0.0, np.cumsum(np.hypot(*np.diff(way, axis=0).T))] / speed
        dwell = float(chance.uniform(*DWELL_S))
        if clock + seconds[-1] + dwell > limit_s and visited:
            break
        line += [way, way[-1:]]
        times += [clock + seconds, clock + seconds[-1:] + dwell]
        clock += float(seconds[-1]) + dwell
        visited.append(int(stop))
        dwells.append(dwell)
    longer = max(OUT_S[0] - clock, 0.0)
    times[-1] = times[-1] + longer
    dwells[-1] += longer
    return line, times, visited, dwells


def _walk(
    beat: TeamBeat, night: date, patrol: int, *, chance: np.random.Generator
) -> tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]:
    """Return route, stops and fixes as columns, with the number of the patrol."""
    begin = datetime.combine(night, datetime.min.time(), CITY_TIME) + timedelta(
        minutes=float(chance.uniform(1140, 1390))
    )
    line, times, visited, dwells = _legs(
        beat, limit_s=float(chance.triangular(OUT_S[0], 6600.0, OUT_S[1])), chance=chance
    )
    track, when = np.concatenate(line), np.concatenate(times)
    # Interpolation wants times that rise, also where two legs meet.
    when = when + np.arange(len(when)) * 1e-6
    ends_at = begin + timedelta(seconds=round(float(when[-1])))
    drawn = shapely.LineString(track)
    facts = {"team_code": beat.code, "starts_at": begin, "ends_at": ends_at, "length_m": drawn.length, "line": drawn}
    route = {"patrol": patrol, **{name: [value] for name, value in facts.items()}}
    stops = {
        "patrol": patrol,
        "ordinal": np.arange(1, len(visited) + 1),
        "dwell_min": np.round(np.asarray(dwells) / 60, 1),
        "point": point_array(beat.stops[visited]),
    }
    return route, stops, {"patrol": patrol, **_fixes(beat, begin, track, when, chance=chance)}


def _fixes(
    beat: TeamBeat, begin: datetime, track: FloatArray, when: FloatArray, *, chance: np.random.Generator
) -> Mapping[str, Any]:
    """Return what the phone sent: noise that drifts, holes of minutes, and now and then a leap."""
    clock = np.arange(0.0, when[-1], FIX_EVERY_S)
    true = np.column_stack([np.interp(clock, when, track[:, 0]), np.interp(clock, when, track[:, 1])])
    drift = chance.normal(0, 3.5, (len(clock), 2))
    noise = drift + np.column_stack([np.convolve(drift[:, n], np.full(5, 0.35), "same") for n in (0, 1)])
    heard = np.ones(len(clock), dtype=bool)
    if chance.random() < 0.3 and len(clock) > 60:
        hole = int(chance.integers(10, len(clock) - 40))
        heard[hole : hole + int(chance.integers(8, 24))] = False
    if chance.random() < 0.03 and len(clock) > 30:
        noise[int(chance.integers(5, len(clock) - 5))] += chance.choice((-1, 1), 2) * 2500.0
    kept: npt.NDArray[np.int64] = np.nonzero(heard)[0]
    pace = np.r_[0.0, np.hypot(*np.diff(true, axis=0).T) / FIX_EVERY_S]
    start = np.datetime64(pd.Timestamp(begin).tz_convert("UTC").tz_localize(None).round("s"), "us")
    return {
        "device": np.full(len(kept), f"demo-{beat.code}", dtype=object),
        "recorded_at": start + (clock[kept] * 1e6).astype("timedelta64[us]"),
        "sequence": kept,
        "x": (true + noise)[kept, 0],
        "y": (true + noise)[kept, 1],
        "speed_mps": np.round(pace[kept], 2),
        "accuracy_m": np.round(np.abs(chance.normal(6, 2, len(kept))) + 2, 1),
    }
