"""Until when the desk has to file and to dispatch: dated limits, on the working calendar or round the clock."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

import numpy as np

from gis_app import paths
from gis_app.analysis.instants import Instants, utc_instant
from gis_app.analysis.work_times import due_after_work
from gis_app.domain.periods import CITY_TIME
from gis_app.domain.transitions import Action
from gis_app.domain.work_clock import Limit, LimitUnit
from gis_app.services.working_calendar import working_calendar

LONGEST_WAIT = timedelta(days=30)
"""No limit of the desk takes longer, holidays included; the sessions looked at reach so far."""
_WORKED = frozenset({LimitUnit.WORK_HOUR, LimitUnit.WORK_DAY})


@dataclass(frozen=True)
class DeskLimit:
    """How long a step of the desk may take from one day on, until the next limit of the step."""

    valid_from: date
    limit: Limit


@cache
def desk_limits() -> dict[str, tuple[DeskLimit, ...]]:
    """Return the limits of ``data/desk_limits.csv`` by step, the oldest first."""
    found: dict[str, list[DeskLimit]] = {Action.FILE.value: [], Action.ASSIGN.value: []}
    with (paths.data() / "desk_limits.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            limit = Limit(int(row["limit_value"]), LimitUnit(row["limit_unit"]))
            found[row["step"]].append(DeskLimit(date.fromisoformat(row["valid_from"]), limit))
    return {step: tuple(sorted(limits, key=lambda each: each.valid_from)) for step, limits in found.items()}


def due_times(starts: Instants, limits: tuple[DeskLimit, ...]) -> Instants:
    """Return until when a step had to be taken that was waited for since ``starts``; NaT before the first limit."""
    due = np.full(len(starts), np.datetime64("NaT", "us"))
    for each in limits:
        # A later limit replaces an earlier one from its day on.
        since = utc_instant(datetime.combine(each.valid_from, datetime.min.time(), CITY_TIME))
        ruled = starts >= since
        due[ruled] = _after(starts[ruled], each.limit)
    return due


def _after(starts: Instants, limit: Limit) -> Instants:
    length_us = limit.length(working_calendar()) // timedelta(microseconds=1)
    if limit.unit not in _WORKED or not len(starts):
        return starts + np.timedelta64(length_us, "us")
    first, last = (_day(each) for each in (starts.min(), starts.max()))
    begins, ends = _sessions(first, last + LONGEST_WAIT)
    return due_after_work(starts, length_us, session_starts=begins, session_ends=ends)


def _day(instant: np.datetime64) -> date:
    moment: datetime = instant.astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC).astimezone(CITY_TIME).date()


def _sessions(first: date, last: date) -> tuple[Instants, Instants]:
    """Return begins and ends of all times worked on some days, UTC."""
    calendar = working_calendar()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    worked = [
        (datetime.combine(day, begin, CITY_TIME), datetime.combine(day, end, CITY_TIME))
        for day in days
        if calendar.is_working_day(day)
        for begin, end in calendar.sessions
    ]
    moments = np.array([[each.astimezone(UTC).replace(tzinfo=None) for each in pair] for pair in worked], "M8[us]")
    return moments[:, 0], moments[:, 1]
