"""The work of a team: nights out, ways, stops, villages. Of places and duty, never of persons, and no ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine, RowMapping

from gis_app.domain.errors import NotFound
from gis_app.domain.periods import night_of
from gis_app.domain.rights import Scope
from gis_app.storage import plan_following, team_reports
from gis_app.storage.engine import scoped

NIGHTS = 30


@dataclass(frozen=True)
class TeamList:
    """The teams of the caller's area with their work of some nights, by code."""

    first: date
    last: date
    teams: Sequence[RowMapping]


@dataclass(frozen=True)
class TeamReport:
    """One team: its work of some nights, each outing, each route as planned and as done, and villages it came to."""

    first: date
    last: date
    team: RowMapping
    outings: Sequence[RowMapping]
    routes: Sequence[RowMapping]
    villages: Sequence[RowMapping]


def teams(engine: Engine, scope: Scope, *, now: datetime) -> TeamList:
    """Return the teams with their work of the last 30 nights."""
    first, last = _span(now)
    with scoped(engine, scope) as connection:
        return TeamList(first, last, team_reports.teams(connection, first=first, last=last))


def team(engine: Engine, scope: Scope, code: str, *, now: datetime) -> TeamReport:
    """Return one team with its work of the last 30 nights.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    """
    first, last = _span(now)
    with scoped(engine, scope) as connection:
        known = team_reports.team(connection, code, first=first, last=last)
        if known is None:
            raise NotFound("There is no such thing.", remedy="It may have been moved, or lie outside your area.")
        return TeamReport(
            first,
            last,
            known,
            team_reports.outings(connection, code, first=first, last=last),
            plan_following.of_team(connection, code, first=first, last=last),
            team_reports.villages(connection, code, first=first, last=last),
        )


def _span(now: datetime) -> tuple[date, date]:
    last = night_of(now)
    return last - timedelta(days=NIGHTS - 1), last
