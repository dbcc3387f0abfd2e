"""Coverage of areas over nights, weeks and months: streets and ground, states of the grids, work, and the risk left."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Engine, RowMapping

from gis_app.analysis.idleness import NIGHT_STATES, IdlenessSummary, summarise_idleness
from gis_app.analysis.instants import Instants, utc_instants
from gis_app.analysis.street_coverage import uncovered_risk
from gis_app.domain.errors import NotFound
from gis_app.domain.periods import night_end, night_of
from gis_app.domain.rights import Scope
from gis_app.services.coverage_grids import Nights, WorkFilter, grids_over
from gis_app.storage import coverage_reports
from gis_app.storage.engine import scoped

KINDS = ("night", "week", "month")
LEVELS = ("township", "village", "grid")
LEAST_HOURS, LEAST_KM = 1.0, 1.0
"""Of less work no rate is told: one hazard in five minutes is twelve an hour."""
DUTY_DAYS = 7.0
"""Every village is owed a night check a week: a grid idle for longer is overdue."""
MOST_FINDINGS = 20
MOST_NIGHTS = 14
NO_VILLAGE = NotFound("There is no such thing.", remedy="It may have been moved, or lie outside your area.")
_SUMMED = (
    *("street_m", "walked_m", "seconds", "moved_m", "area_m2", "swept_m2", "risk_left", "stayed_min", "visits"),
    *("planned_stops", "visited_stops", "found_by_patrols"),
)
_TOLERANCE = {"township": 0.0005, "village": 0.0002, "grid": 0.0001}
"""Degrees by which outlines are simplified for a map of the whole city."""


@dataclass(frozen=True)
class CoverageQuestion:
    """Over which nights, by areas of which level, and of which kind of work coverage is asked; no night: the newest."""

    kind: str = "week"
    night: date | None = None
    level: str = "village"
    work: WorkFilter = field(default_factory=WorkFilter)


@dataclass(frozen=True)
class CoverageReport:
    """Coverage of each area of a level, those with most risk left out first; ``whole`` is that of all of them.

    ``risk_left`` is the share of all risk of the caller's area that was not covered; None where there is no risk.
    """

    question: CoverageQuestion
    nights: Nights
    choices: Sequence[date]
    rows: Sequence[dict[str, Any]]
    whole: Mapping[str, Any]
    risk_left: float | None
    team_kinds: Sequence[str]


def nights_about(kind: str, night: date) -> Nights:
    """Return the night, week or month that holds a night."""
    if kind == "week":
        monday = night - timedelta(days=night.weekday())
        return Nights(kind, monday, monday + timedelta(days=6))
    if kind == "month":
        return Nights(kind, night.replace(day=1), night.replace(day=monthrange(night.year, night.month)[1]))
    return Nights("night", night, night)


def report(engine: Engine, scope: Scope, question: CoverageQuestion, *, now: datetime) -> CoverageReport:
    """Return the coverage of the areas of a level, over the newest nights if none is named."""
    with scoped(engine, scope) as connection:
        known = coverage_reports.nights(connection)
        wanted = nights_about(question.kind, question.night or (known[-1] if known else night_of(now)))
        grids = grids_over(connection, wanted, question.work, now=now)
        areas = coverage_reports.areas(connection, question.level)
        kinds = coverage_reports.team_kinds(connection)
    choices = sorted({nights_about(question.kind, each).first for each in known} | {wanted.first})
    rows = _rows(areas, grids, question.work)
    rows.sort(key=lambda row: (-row["risk_left"], row["code"]))
    risk_left = uncovered_risk(grids["risk"], grids["share"])[1]
    [whole] = _figures(grids, np.array([0, len(grids)]), question.work)
    return CoverageReport(question, wanted, choices, rows, whole, risk_left, kinds)


def outlines(engine: Engine, scope: Scope, level: str) -> dict[str, str]:
    """Return the outlines of the areas of a level by code, as GeoJSON texts."""
    with scoped(engine, scope) as connection:
        return coverage_reports.shapes(connection, level, tolerance=_TOLERANCE[level])


@dataclass(frozen=True)
class VillageReport:
    """When somebody was last in a village, and what was found there."""

    village: RowMapping
    coverage: dict[str, Any] | None
    grids: pd.DataFrame
    walked: Sequence[RowMapping]
    findings: Sequence[RowMapping]
    nights: Nights


def village_report(engine: Engine, scope: Scope, code: str, *, now: datetime) -> VillageReport:
    """Return what is known of a village up to now; the coverage is that of the last seven nights.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    """
    last = night_of(now)
    wanted = Nights("week", last - timedelta(days=6), last)
    with scoped(engine, scope) as connection:
        village = coverage_reports.village(connection, code)
        if village is None:
            raise NO_VILLAGE
        path = village["scope_path"]
        grids = grids_over(connection, wanted, WorkFilter(), now=now)
        walked = coverage_reports.walked_nights(connection, path, last=last, most=MOST_NIGHTS)
        found = coverage_reports.findings(connection, path, end=min(night_end(last), now), most=MOST_FINDINGS)
    inside = grids[grids["scope_path"].str.startswith(path)]
    figures = _rows([village], inside, WorkFilter())
    return VillageReport(village, figures[0] if figures else None, inside, walked, found, wanted)


def _rows(areas: Sequence[RowMapping], grids: pd.DataFrame, work: WorkFilter) -> list[dict[str, Any]]:
    """Return the figures of each area that has grids; none of the areas lies in another."""
    if not areas:
        return []
    by_path = sorted(areas, key=lambda area: str(area["scope_path"]))
    paths = np.array([str(area["scope_path"]) for area in by_path])
    inside = grids["scope_path"].to_numpy(dtype=str)
    owner = np.maximum(np.searchsorted(paths, inside, side="right") - 1, 0)
    is_owned = np.char.startswith(inside, paths[owner])
    order = np.nonzero(is_owned)[0][np.argsort(owner[is_owned], kind="stable")]
    owners, starts = np.unique(owner[order], return_index=True)
    names = ("code", "name_zh", "name_en", "parent_zh", "parent_en")
    return [
        {**{name: by_path[number][name] for name in names}, **figures}
        for number, figures in zip(
            owners.tolist(), _figures(grids.iloc[order], np.r_[starts, len(order)], work), strict=True
        )
    ]


def _figures(grids: pd.DataFrame, edges: npt.NDArray[np.int64], work: WorkFilter) -> list[dict[str, Any]]:
    """Return the figures of runs of grids, each from one edge to the next; None for what is not known."""
    facts = grids.assign(
        swept_m2=grids["area_share"] * grids["area_m2"],
        **{state: grids["state"] == state for state in NIGHT_STATES},
    )[[*_SUMMED, *NIGHT_STATES]].to_numpy(dtype=np.float64)
    totals = np.array([facts[first:end].sum(axis=0) for first, end in pairwise(edges.tolist())])
    idle_days = grids["idle_days"].to_numpy(dtype=np.float64)
    last = utc_instants(pd.to_datetime(grids["last_visit_at"], utc=True))
    return [
        _told(
            dict(zip((*_SUMMED, *NIGHT_STATES), total, strict=True)),
            summarise_idleness(idle_days[first:end], DUTY_DAYS),
            last[first:end],
            work,
        )
        for total, (first, end) in zip(totals.tolist(), pairwise(edges.tolist()), strict=True)
    ]


def _told(total: Mapping[str, float], idle: IdlenessSummary, last: Instants, work: WorkFilter) -> dict[str, Any]:
    visited = last[~np.isnat(last)]
    found = int(total["found_by_patrols"]) if work.tells_who_found else None
    hours, km = total["seconds"] / 3600, total["moved_m"] / 1000
    return {
        "street_km": total["street_m"] / 1000,
        "walked_km": total["walked_m"] / 1000,
        "share": min(total["walked_m"] / total["street_m"], 1.0) if total["street_m"] else None,
        "area_share": min(total["swept_m2"] / total["area_m2"], 1.0) if total["area_m2"] else None,
        **{state: int(total[state]) for state in NIGHT_STATES},
        "risk_left": total["risk_left"],
        "last_visit_at": visited.max().item().replace(tzinfo=UTC) if len(visited) else None,
        "idle_mean_days": idle.mean_days,
        "idle_worst_days": idle.worst_days,
        "overdue_share": idle.share_over,
        "never_visited": idle.never_visited,
        "visits": int(total["visits"]),
        "patrol_hours": hours,
        "patrol_km": km,
        "planned_stops": int(total["planned_stops"]),
        "visited_stops": int(total["visited_stops"]),
        "stayed_min": total["stayed_min"],
        "found_by_patrols": found,
        "found_per_hour": found / hours if found is not None and hours >= LEAST_HOURS else None,
        "found_per_km": found / km if found is not None and km >= LEAST_KM else None,
    }
