"""What a plan is to be made for, and its limits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gis_app.domain.errors import InvalidInput
from gis_app.services.plan_candidates import DWELL_S

MOST_TEAMS, MOST_STOPS = 120, 600
LONGEST_SHIFT_H = 14
MOST_SECONDS = 20.0
MAX_LOSS = 0.2


@dataclass(frozen=True)
class PlanWish:
    """What a plan is to be made for; the client makes ``id`` once and sends it again in retries.

    Parameters
    ----------
    teams
        Codes, none for all teams of the area.
    loss
        Share of the best plan's value that variation may cost, 0 for none.
    dwell_min
        Time at each stop, minutes.
    facilities
        Kinds of facilities that are candidates beside hotspots and duties.
    facility_windows, facility_skill
        When facilities may be visited, such as ``20:00-21:30``, and what a team needs for it; nothing if empty.
    most_visits
        Nights of a week on which a place may be planned; any number if None.
    minimum, minimums
        Least visits in each village that has a candidate, and in single villages by code.
    closed
        Ids of streets that are not to be used.
    skills
        What teams can do beside what their kind says, by code.
    """

    id: uuid.UUID
    area: str
    starts_at: datetime
    ends_at: datetime
    title: str = ""
    teams: tuple[str, ...] = ()
    most_stops: int = 200
    loss: float = 0.03
    seconds: float = 6.0
    dwell_min: float = DWELL_S / 60
    facilities: tuple[str, ...] = ()
    facility_windows: str = ""
    facility_skill: str = ""
    most_visits: int | None = None
    minimum: int = 0
    minimums: Mapping[str, int] = field(default_factory=dict)
    closed: tuple[int, ...] = ()
    skills: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def check_shift(wish: PlanWish) -> None:
    """Refuse a shift that is none.

    Raises
    ------
    InvalidInput
        If it ends before it starts, or is too long.
    """
    hours = (wish.ends_at - wish.starts_at).total_seconds() / 3600
    if not 0 < hours <= LONGEST_SHIFT_H:
        raise InvalidInput(
            "The shift ends before it starts, or takes more than {hours} hours.",
            remedy="Correct its start and end.",
            hours=LONGEST_SHIFT_H,
        )
