"""A plan: who goes where, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class PlannedVisit:
    """A stop on a route: reached at ``arrives_at``, the dwell from ``begins_at`` to ``leaves_at``."""

    stop: str
    arrives_at: datetime
    begins_at: datetime
    leaves_at: datetime


@dataclass(frozen=True)
class PlannedRoute:
    """A team's way from its station and back; a team without visits stays there."""

    team: str
    departs_at: datetime
    visits: tuple[PlannedVisit, ...]
    returns_at: datetime


@dataclass(frozen=True)
class PatrolPlan:
    """Routes of all teams.

    Parameters
    ----------
    routes
        One for each team of the task, in its order.
    value
        Prizes collected.
    missed_required
        Codes of required stops that no route reaches in time.
    short_villages
        Codes of villages with fewer visits than their minimum.
    """

    routes: tuple[PlannedRoute, ...]
    value: float
    missed_required: tuple[str, ...] = ()
    short_villages: tuple[str, ...] = ()

    @property
    def visited(self) -> frozenset[str]:
        """Codes of all stops visited."""
        return frozenset(visit.stop for route in self.routes for visit in route.visits)
