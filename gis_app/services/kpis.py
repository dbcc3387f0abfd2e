"""Key figures of townships or villages in a period, computed from the log of the closed loop, and their cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Engine, RowMapping

from gis_app.analysis.instants import utc_instants
from gis_app.analysis.kpi_table import kpi_figure, kpi_table
from gis_app.analysis.kpis import KPIS
from gis_app.analysis.ranking import rank_areas
from gis_app.domain.areas import AreaLevel
from gis_app.domain.errors import InvalidInput, NotFound, require_one_of
from gis_app.domain.periods import TimeWindow
from gis_app.domain.rights import Scope
from gis_app.domain.transitions import Action
from gis_app.services.area_names import UNPLACED, NamedArea, codes_at, listed
from gis_app.services.desk_limits import LONGEST_WAIT, DeskLimit, desk_limits, due_times
from gis_app.storage import kpis
from gis_app.storage.engine import scoped
from gis_app.storage.reference import category_choices

PARTS = ("numerator", "denominator")
LOWER_IS_BETTER = frozenset({"rework_rate", "missed_report_rate"})
RATES = tuple(name for name in KPIS if name not in ("open", "overdue"))
"""Figures with a denominator: what areas can be ranked by."""
MOST_CASES = 500


@dataclass(frozen=True)
class Question:
    """What is asked.

    Parameters
    ----------
    window
        The days. What happened after them plays no part, so that the figures of a month stay what they were.
    by
        Level of the areas, township or village.
    category
        Code of a category; empty for all.
    """

    window: TimeWindow
    by: AreaLevel
    category: str = ""


@dataclass(frozen=True)
class Figure:
    """A count (``of`` and ``value`` None), or a share: ``value`` from 0 to 1, None for no data."""

    count: int
    of: int | None = None
    value: float | None = None


@dataclass(frozen=True)
class KpiTable:
    """Figures as of a moment: ``figures[code][kpi]`` of the areas, and ``total[kpi]`` of all hazards."""

    question: Question
    moment: datetime
    areas: Sequence[NamedArea]
    figures: Mapping[str, Mapping[str, Figure]]
    total: Mapping[str, Figure]


@dataclass(frozen=True)
class Ranked:
    """An area's place by a rate: as counted, as known with its interval, and whether it differs from all the others."""

    area: NamedArea
    figure: Figure
    rank: int | None
    rate: float | None
    low: float | None
    high: float | None
    differs: int


@dataclass(frozen=True)
class CaseList:
    """The cases behind a figure, ``count`` in all; ``area`` None for all areas."""

    area: NamedArea | None
    rows: Sequence[RowMapping]
    count: int


def table(engine: Engine, scope: Scope, question: Question, *, now: datetime) -> KpiTable:
    """Return every key figure of every area in the caller's scope.

    Raises
    ------
    InvalidInput
        If there is no such category.
    """
    hazards, areas = _known(engine, scope, question, now=now)
    moment, windows = moment_of(question.window, now), {"": question.window}
    none = {name: Figure(0, 0) if name in RATES else Figure(0) for name in KPIS}
    figures = {area.code: dict(none) for area in areas}
    found = kpi_table(hazards, moment, windows=windows, by=("area",))
    for code, name, count, of in zip(found["area"], found["kpi"], found["count"], found["of"], strict=True):
        figures[code][name] = _figure(count, of)
    total = kpi_table(hazards, moment, windows=windows)
    in_all = {row["kpi"]: _figure(row["count"], row["of"]) for row in total.to_dict("records")}
    return KpiTable(question, moment, areas, figures, in_all)


def ranking(known: KpiTable, name: str) -> list[Ranked]:
    """Return the areas by a rate, the best first; those with too few cases last, without a rank.

    Raises
    ------
    InvalidInput
        If areas cannot be ranked by that figure.
    """
    require_one_of("rank", name, RATES)
    areas = [area for area in known.areas if area is not UNPLACED]
    figures = [known.figures[area.code][name] for area in areas]
    ranks = rank_areas(
        [figure.count for figure in figures],
        [figure.of or 0 for figure in figures],
        higher_is_better=name not in LOWER_IS_BETTER,
    )
    rows = [
        Ranked(
            area,
            figure,
            rank=None if pd.isna(row["rank"]) else int(row["rank"]),
            rate=_known_share(row["rate"]),
            low=_known_share(row["low"]),
            high=_known_share(row["high"]),
            differs=int(row["differs"]),
        )
        for area, figure, row in zip(areas, figures, ranks.to_dict("records"), strict=True)
    ]
    return sorted(rows, key=lambda row: (row.rank is None, row.rank or 0, -(row.figure.of or 0), row.area.code))


def cases(
    engine: Engine, scope: Scope, question: Question, *, name: str, area: str, part: str, now: datetime
) -> CaseList:
    """Return the hazards that a figure was computed from.

    Parameters
    ----------
    area
        Code of an area; empty for all.
    part
        One of ``PARTS``; of a plain count both are the same.

    Raises
    ------
    NotFound
        If there is no such figure, part, or area in the caller's scope.
    InvalidInput
        If there is no such category.
    """
    hazards, areas = _known(engine, scope, question, now=now)
    place = next((each for each in areas if each.code == area), None)
    if part not in PARTS or (area and place is None):
        raise NotFound("There is no such figure.", remedy="Open it from the page of key figures.")
    where = {"area": area} if area else {}
    figure = kpi_figure(hazards, name, moment_of(question.window, now), window=question.window, where=where)
    mask = figure.numerator if part == PARTS[0] or figure.denominator is None else figure.denominator
    chosen = list(hazards["id"][mask])
    with scoped(engine, scope) as connection:
        rows = kpis.cases(connection, chosen, most=MOST_CASES)
    return CaseList(place, rows, len(chosen))


def categories(engine: Engine, scope: Scope) -> Mapping[str, Sequence[str]]:
    """Return the names of every category by its code."""
    with scoped(engine, scope) as connection:
        return category_choices(connection)


def moment_of(window: TimeWindow, now: datetime) -> datetime:
    """Return the moment a period is told of: its end, or now while it lasts."""
    return min(now, window.end)


def _known(engine: Engine, scope: Scope, question: Question, *, now: datetime) -> tuple[pd.DataFrame, list[NamedArea]]:
    """Return the hazards, with their area and the deadlines of the desk, and the areas to list."""
    window = question.window
    with scoped(engine, scope) as connection:
        if question.category and question.category not in category_choices(connection):
            raise InvalidInput(
                "There is no category {code!r}.", remedy="Choose one of the list.", code=question.category[:40]
            )
        hazards = kpis.hazard_moments(
            connection,
            start=window.start,
            moment=moment_of(window, now),
            category=question.category,
            lead=LONGEST_WAIT,
        )
        rows = kpis.areas(connection, first_day=window.first_day, last_day=window.last_day)
    code_of = codes_at(question.by, rows)
    area = hazards["village_id"].map(code_of).fillna(UNPLACED.code)
    limits = desk_limits()
    hazards = hazards.assign(
        area=area,
        filing_due_at=_due(hazards["discovered_at"], limits[Action.FILE.value]),
        dispatch_due_at=_due(hazards["filed_at"], limits[Action.ASSIGN.value]),
    )
    return hazards, listed(question.by, rows, frozenset(area))


def _due(starts: Any, limits: tuple[DeskLimit, ...]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(due_times(utc_instants(starts), limits)).tz_localize("UTC")


def _known_share(value: float) -> float | None:
    return None if pd.isna(value) else float(value)


def _figure(count: int, of: Any) -> Figure:
    if pd.isna(of):
        return Figure(int(count))
    return Figure(int(count), int(of), int(count) / int(of) if of else None)
