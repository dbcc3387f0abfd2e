"""Two plans side by side: what each collects, who goes where, and which stops only one of them visits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PlanFigures:
    """What a plan comes to.

    ``idle_days`` is the mean since the last visit after the night, ``checked`` the grids checked within the week; None
    where not known. ``away`` and ``extra`` are teams that are off duty or only tried out.
    """

    value: float
    stops: int
    teams: int
    km: float
    idle_days: float | None
    away: int
    closed: int
    extra: int
    dwell_min: float
    checked: int | None


@dataclass(frozen=True)
class PlanComparison:
    """Figures of both plans, the stops that only one visits, and those that change their team, as dicts of stops."""

    first: PlanFigures
    second: PlanFigures
    only_first: list[Mapping[str, Any]]
    only_second: list[Mapping[str, Any]]
    moved: list[Mapping[str, Any]]


def compared(first: Mapping[str, Any], second: Mapping[str, Any]) -> PlanComparison:
    """Return how the contents of two plans differ; stops are the same where their places are."""
    one, other = _visited(first), _visited(second)
    return PlanComparison(
        _figures(first),
        _figures(second),
        [stop for place, (stop, _) in one.items() if place not in other],
        [stop for place, (stop, _) in other.items() if place not in one],
        [stop for place, (stop, team) in one.items() if place in other and other[place][1] != team],
    )


def _visited(content: Mapping[str, Any]) -> dict[tuple[float, float], tuple[Mapping[str, Any], str]]:
    stops = {stop["code"]: stop for stop in content["stops"]}
    return {
        (stops[visit["stop"]]["lon"], stops[visit["stop"]]["lat"]): (stops[visit["stop"]], route["team"])
        for route in content["result"]["routes"]
        for visit in route["visits"]
    }


def _figures(content: Mapping[str, Any]) -> PlanFigures:
    result = content["result"]
    return PlanFigures(
        value=result["value"],
        stops=result["stop_count"],
        teams=result["team_count"],
        km=round(sum(route["length_m"] for route in result["routes"]) / 1000, 1),
        idle_days=result["idleness"]["mean_days_with"],
        away=len(content["absent"]),
        closed=len(content["closed"]),
        extra=sum(bool(team.get("is_extra")) for team in content["teams"]),
        dwell_min=round(_mean_dwell_min(content), 1),
        checked=(result.get("coverage") or {}).get("checked_after"),
    )


def _mean_dwell_min(content: Mapping[str, Any]) -> float:
    dwells = [float(stop["dwell_s"]) / 60 for stop in content["stops"]]
    return sum(dwells) / len(dwells) if dwells else 0.0
