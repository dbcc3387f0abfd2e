"""What a night's patrols are planned from: teams, stops with the parts of their prizes, travel times, locks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gis_app.domain.errors import InvalidInput

FloatArray = npt.NDArray[np.float64]
LONGEST_SHIFT = timedelta(hours=24)
LONGEST_DWELL_S = 12 * 3600.0


@dataclass(frozen=True)
class Team:
    """A team on duty.

    Parameters
    ----------
    code
        Names it in plans.
    station, end_station
        Positions of the places where it begins and ends; it ends where it began if ``end_station`` is None.
    starts_at, ends_at
        Its shift, with time zones; it is back at the end by ``ends_at``.
    mode
        How it travels: a key of the task's travel times.
    skills
        What it can do beside patrolling.
    """

    code: str
    station: int
    starts_at: datetime
    ends_at: datetime
    mode: str
    skills: frozenset[str] = frozenset()
    end_station: int | None = None

    def __post_init__(self) -> None:
        """Refuse a shift without an extent or without a time zone."""
        _require_aware("Team {code}", (self.starts_at, self.ends_at), code=self.code)
        if not timedelta(0) < self.ends_at - self.starts_at <= LONGEST_SHIFT:
            raise InvalidInput(
                "Team {code}: its shift ends before it starts, or takes more than a day.",
                remedy="Correct start and end of the shift; one over midnight ends on the next day.",
                code=self.code,
            )

    @property
    def last_place(self) -> int:
        """Position of the place where it ends."""
        return self.station if self.end_station is None else self.end_station


@dataclass(frozen=True)
class Stop:
    """A place that may be patrolled.

    Parameters
    ----------
    code
        Names it in plans.
    place
        Position of the place.
    prize_parts
        What a visit is worth, by reason (such as risk, idleness, duty); each finite and >= 0, together the prize.
    dwell_s
        Time spent there, seconds.
    village
        Code of the village it counts for.
    windows
        Pairs of instants between which the dwell has to begin; at any time if empty.
    is_required
        Whether it has to be visited.
    skill
        What a team must be able to do here.
    """

    code: str
    place: int
    prize_parts: Mapping[str, float]
    dwell_s: float = 600.0
    village: str | None = None
    windows: tuple[tuple[datetime, datetime], ...] = ()
    is_required: bool = False
    skill: str | None = None

    def __post_init__(self) -> None:
        """Refuse prizes, dwells and windows that mean nothing."""
        if not all(math.isfinite(part) and part >= 0 for part in self.prize_parts.values()):
            raise InvalidInput(
                "Stop {code}: a part of its prize is below 0 or no number.", remedy="Correct it.", code=self.code
            )
        if not 0 <= self.dwell_s <= LONGEST_DWELL_S:
            raise InvalidInput(
                "Stop {code}: its dwell is not between 0 and 12 hours.", remedy="Correct it.", code=self.code
            )
        edges = [edge for window in self.windows for edge in window]
        _require_aware("Stop {code}", edges, code=self.code)
        if edges != sorted(edges):
            raise InvalidInput(
                "Stop {code}: its windows overlap, are out of order, or close before they open.",
                remedy="Give them in order, such as 20:00-21:00 22:00-23:00.",
                code=self.code,
            )

    @property
    def prize(self) -> float:
        """All parts together."""
        return math.fsum(self.prize_parts.values())


@dataclass(frozen=True)
class Lock:
    """Stops that a team keeps when a plan is made anew.

    Parameters
    ----------
    team
        Code of the team.
    stops
        Codes of the stops.
    keeps_order
        Whether they are made one directly after another, in this order.
    """

    team: str
    stops: tuple[str, ...]
    keeps_order: bool = False


@dataclass(frozen=True)
class PatrolTask:
    """All that a plan has to keep to.

    Parameters
    ----------
    teams, stops
        With codes of their own.
    travel_s
        For each mode, shape ``(places, places)``: seconds from each place to each, ``inf`` where there is no way.
    village_minimums
        Least number of stops to be visited in a village, by its code.
    locks
        What is kept of an earlier plan.
    """

    teams: tuple[Team, ...]
    stops: tuple[Stop, ...]
    travel_s: Mapping[str, FloatArray]
    village_minimums: Mapping[str, int] = field(default_factory=dict)
    locks: tuple[Lock, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        if not self.teams:
            raise InvalidInput("There are no teams.", remedy="Name at least one team on duty.")
        _require_unique("team", (team.code for team in self.teams))
        _require_unique("stop", (stop.code for stop in self.stops))
        sizes = {matrix.shape for matrix in self.travel_s.values()}
        if len(sizes) != 1 or len(set(shape := next(iter(sizes)))) != 1 or len(shape) != 2:
            raise ValueError("Travel times need one square matrix of one size for each mode.")
        if not all((matrix >= 0).all() for matrix in self.travel_s.values()):
            raise ValueError("Travel times need to be at least 0.")
        places = [place for team in self.teams for place in (team.station, team.last_place)]
        if not all(0 <= place < shape[0] for place in [*places, *(stop.place for stop in self.stops)]):
            raise ValueError("A team or stop is at a place without travel times.")
        for team in self.teams:
            _require_known("Team {code}: mode {name} is not known.", team.mode, self.travel_s, code=team.code)
        self._refuse_wrong_villages()
        self._refuse_wrong_locks()

    @cached_property
    def team_by_code(self) -> Mapping[str, Team]:
        """Teams by their codes."""
        return {team.code: team for team in self.teams}

    @cached_property
    def stop_by_code(self) -> Mapping[str, Stop]:
        """Stops by their codes."""
        return {stop.code: stop for stop in self.stops}

    def _refuse_wrong_villages(self) -> None:
        candidates = Counter(stop.village for stop in self.stops)
        for village, least in self.village_minimums.items():
            if not 0 <= least <= candidates[village]:
                raise InvalidInput(
                    "Village {village}: fewer candidates ({candidates}) than stops asked for at least ({least}).",
                    remedy="Lower the minimum, or add stops in the village.",
                    village=village,
                    least=least,
                    candidates=candidates[village],
                )

    def _refuse_wrong_locks(self) -> None:
        for lock in self.locks:
            _require_known("A lock names team {name}, which is not known.", lock.team, self.team_by_code)
            for stop in lock.stops:
                _require_known("A lock names stop {name}, which is not known.", stop, self.stop_by_code)
        _require_unique("locked stop", (stop for lock in self.locks for stop in lock.stops))


def _require_aware(who: str, instants: Iterable[datetime], *, code: str) -> None:
    if any(instant.utcoffset() is None for instant in instants):
        raise InvalidInput(f"{who}: a time has no time zone.", remedy="Give times with a time zone.", code=code)


def _require_unique(what: str, codes: Iterable[str]) -> None:
    for code, count in Counter(codes).items():
        if count > 1:
            raise InvalidInput(
                "The {what} {code} occurs {count} times.",
                remedy="Give each a code of its own.",
                what=what,
                code=code,
                count=count,
            )


def _require_known(template: str, name: str, known: Iterable[str], **params: object) -> None:
    if name not in known:
        names = ", ".join(sorted(known)[:20])
        raise InvalidInput(template, remedy="Known are: {known}.", name=name, known=names, **params)
