"""From teams and stops at points to a task on streets: the nearest node of each, and the travel times between."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely

from gis_app.domain.errors import InvalidInput
from gis_app.planning.patrol_plan import PlannedRoute
from gis_app.planning.patrol_task import PatrolTask, Stop, Team
from gis_app.planning.street_network import StreetNetwork
from gis_app.planning.street_segments import split_at
from gis_app.planning.task_tables import StopRow, TeamRow
from gis_app.planning.travel_modes import TRAVEL_MODES

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ACCESS_M_S = 1.2
"""From the street to a point beside it one walks."""
MOST_ACCESS_M = 1000.0


@dataclass(frozen=True)
class PatrolArea:
    """A task and where its places lie on the streets.

    Parameters
    ----------
    task
        Places are the stations, then the ends, of the teams in order, then the stops.
    network, closed
        The streets, and the ids of those that are not to be used.
    points
        Shape ``(places, 2)``: the points themselves, metres.
    nodes
        Shape ``(places,)`` for each mode: the node each point belongs to.
    """

    task: PatrolTask
    network: StreetNetwork
    closed: frozenset[object]
    points: FloatArray
    nodes: Mapping[str, IntArray]

    def task_of(self, teams: Sequence[TeamRow], stops: Sequence[StopRow]) -> PatrolTask:
        """Return the same task with other skills, prizes, dwells and windows at the same places."""
        count = len(teams)
        return replace(
            self.task,
            teams=tuple(_team(row, at, count) for at, row in enumerate(teams)),
            stops=tuple(_stop(row, 2 * count + at) for at, row in enumerate(stops)),
        )

    def line(self, route: PlannedRoute) -> shapely.LineString | None:
        """Return the way of a route along the streets, metres; None for a team that stays at its station."""
        return self.lines([route]).get(route.team)

    def lines(self, routes: Sequence[PlannedRoute]) -> dict[str, shapely.LineString]:
        """Return the ways of routes along the streets, metres, by team; none for teams that stay at their stations."""
        places: dict[str, list[int]] = {}
        for route in (each for each in routes if each.visits):
            team = self.task.team_by_code[route.team]
            own = (self.task.stop_by_code[visit.stop].place for visit in route.visits)
            places[route.team] = [team.station, *own, team.last_place]
        found: dict[str, shapely.LineString] = {}
        for mode, nodes in self.nodes.items():
            own_teams = [code for code in places if self.task.team_by_code[code].mode == mode]
            ways = self.network.ways(
                TRAVEL_MODES[mode], [nodes[places[code]].tolist() for code in own_teams], closed=self.closed
            )
            found |= {code: self._joined(places[code], legs) for code, legs in zip(own_teams, ways, strict=True)}
        return found

    def _joined(self, places: Sequence[int], legs: Sequence[shapely.LineString]) -> shapely.LineString:
        pieces = [self.points[list(places[:1])]]
        for leg, place in zip(legs, places[1:], strict=True):
            pieces += [shapely.get_coordinates(leg), self.points[[place]]]
        way = np.concatenate(pieces)
        return shapely.LineString(way[np.r_[True, (np.diff(way, axis=0) != 0).any(axis=1)]])


def patrol_area(
    teams: Sequence[TeamRow],
    stops: Sequence[StopRow],
    network: StreetNetwork,
    *,
    points: FloatArray,
    closed: Collection[object] = (),
    village_minimums: Mapping[str, int] | None = None,
) -> PatrolArea:
    """Return the task of teams and stops on streets.

    Parameters
    ----------
    teams, stops
        Rows of their tables.
    network
        The streets.
    points
        Shape ``(2 * teams + stops, 2)``: starts, then ends, then stops, metres in the CRS of the network.
    closed
        Ids of segments that are not to be used.
    village_minimums
        Least number of stops by village.

    Raises
    ------
    InvalidInput
        If a mode or a closed segment is not known, or a point lies too far from any street.
    """
    _require_known_modes(teams)
    unknown = sorted(map(str, set(closed) - set(network.segment_ids.tolist())))
    if unknown:
        raise InvalidInput("Closed street {ids} is not known.", remedy="Name ids of streets.", ids=", ".join(unknown))
    network = split_at(network, points)
    names = [*(team.code for team in teams), *(team.code for team in teams), *(stop.code for stop in stops)]
    shut, nodes, travel_s = frozenset(closed), {}, {}
    longest_s = max(((team.ends_at - team.starts_at).total_seconds() for team in teams), default=0.0)
    for mode in sorted({team.mode for team in teams}):
        nodes[mode], away = network.nearest_nodes(points, TRAVEL_MODES[mode], closed=shut)
        _require_near(names, away)
        between = network.travel_times(TRAVEL_MODES[mode], nodes[mode], closed=shut, limit_s=longest_s)
        access = away / ACCESS_M_S
        travel_s[mode] = between + (access[:, None] + access[None, :])
        np.fill_diagonal(travel_s[mode], 0.0)
    count = len(teams)
    task = PatrolTask(
        teams=tuple(_team(row, at, count) for at, row in enumerate(teams)),
        stops=tuple(_stop(row, 2 * count + at) for at, row in enumerate(stops)),
        travel_s=travel_s or {"foot": np.zeros((len(points), len(points)))},
        village_minimums=village_minimums or {},
    )
    return PatrolArea(task, network, shut, points, nodes)


def _team(row: TeamRow, at: int, count: int) -> Team:
    return Team(row.code, at, row.starts_at, row.ends_at, row.mode, row.skills, count + at)


def _stop(row: StopRow, place: int) -> Stop:
    return Stop(row.code, place, row.prize_parts, row.dwell_s, row.village, row.windows, row.is_required, row.skill)


def _require_known_modes(teams: Sequence[TeamRow]) -> None:
    for team in teams:
        if team.mode not in TRAVEL_MODES:
            raise InvalidInput(
                "Team {code}: mode {name} is not known.",
                remedy="Known are: {known}.",
                code=team.code,
                name=team.mode,
                known=", ".join(TRAVEL_MODES),
            )


def _require_near(names: Sequence[str], away: FloatArray) -> None:
    far = int(away.argmax()) if len(away) else 0
    if len(away) and away[far] > MOST_ACCESS_M:
        raise InvalidInput(
            "{code} lies {distance} m from the nearest street that can be used.",
            remedy="Check its coordinates and their datum, or add the street to it.",
            code=names[far],
            distance=round(float(away[far])),
        )
