"""Which areas did what they owed in which period, as of a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gis_app.domain.duties import Duty, DutyState, counted_period, period_of, periods_in
from gis_app.domain.periods import TimeWindow

ENDED_STATES = (DutyState.DONE, DutyState.LATE, DutyState.MISSED)


@dataclass(frozen=True)
class OwingArea:
    """An area by its code, with the days its boundaries were valid: from one day until the day before another."""

    code: str
    validity: Sequence[tuple[date, date | None]]

    def days_in(self, period: TimeWindow) -> int:
        """Return on how many days of a period the area was there; two versions follow each other, never overlap."""
        after = period.last_day + timedelta(days=1)
        spans = ((min(until or after, after) - max(since, period.first_day)).days for since, until in self.validity)
        return sum(max(days, 0) for days in spans)


@dataclass(frozen=True)
class MadeInspection:
    """An inspection that was finished: of which area, planned for which day, and the day or night it began."""

    id: str
    area: str
    planned_for: date
    day: date


@dataclass(frozen=True)
class AreaPeriod:
    """How one area stands in one period; ``made`` is the inspection that counts, if any."""

    area: str
    period: TimeWindow
    state: DutyState
    is_over: bool
    made: MadeInspection | None = None


@dataclass(frozen=True)
class DutyTally:
    """Counts over periods and areas.

    Parameters
    ----------
    owed
        Periods that have ended: on time, late and missed together.
    on_time, late, missed
        Of these.
    done_early, due, not_yet_due
        Of periods that still run or are to come, which no rate counts: done already, due, with time left.
    """

    owed: int
    on_time: int
    late: int
    missed: int
    done_early: int
    due: int
    not_yet_due: int

    @property
    def on_time_rate(self) -> float | None:
        """Done in the period / owed; None for no data."""
        return self.on_time / self.owed if self.owed else None

    @property
    def done_rate(self) -> float | None:
        """Done in the period or made up in the next / owed; None for no data."""
        return (self.on_time + self.late) / self.owed if self.owed else None


def compliance(
    duty: Duty,
    areas: Iterable[OwingArea],
    made: Iterable[MadeInspection],
    *,
    window: TimeWindow,
    today: date,
) -> list[AreaPeriod]:
    """Return each area's state in each period that touches the window, by area, the oldest period first.

    An area owes a period of which it was there for at least half the days, so that of a village and its successor
    one owes the week in between; and only if the duty held on the period's first day. Of several inspections the
    first counts.

    Parameters
    ----------
    made
        Finished inspections of the duty's kind; those that began after ``today`` are not known yet.
    today
        The day, or for a night check the night, as of which is told.
    """
    until = duty.valid_to or date.max
    periods = [each for each in periods_in(duty.interval, window) if duty.valid_from <= each.first_day < until]
    first_made = _first_made(duty, made, today=today)
    return [
        _state(duty, area.code, period, first_made.get((area.code, period.first_day)), today=today)
        for area in areas
        for period in periods
        if 2 * area.days_in(period) >= period.days
    ]


def tally(rows: Iterable[AreaPeriod]) -> DutyTally:
    """Count the states of areas and periods."""
    counts = Counter((row.state, row.is_over) for row in rows)
    on_time, late, missed = (counts[(state, True)] for state in ENDED_STATES)
    return DutyTally(
        owed=on_time + late + missed,
        on_time=on_time,
        late=late,
        missed=missed,
        done_early=counts[(DutyState.DONE, False)],
        due=counts[(DutyState.DUE, False)],
        not_yet_due=counts[(DutyState.NOT_YET_DUE, False)],
    )


def _first_made(
    duty: Duty, made: Iterable[MadeInspection], *, today: date
) -> Mapping[tuple[str, date], MadeInspection]:
    first: dict[tuple[str, date], MadeInspection] = {}
    for each in sorted(made, key=lambda one: (one.day, one.id)):
        if each.day <= today:
            period = counted_period(duty.interval, planned_for=each.planned_for, day=each.day)
            first.setdefault((each.area, period.first_day), each)
    return first


def _state(duty: Duty, area: str, period: TimeWindow, made: MadeInspection | None, *, today: date) -> AreaPeriod:
    is_over = period.last_day < today
    if made is not None:
        in_time = period_of(duty.interval, made.day) == period
        return AreaPeriod(area, period, DutyState.DONE if in_time else DutyState.LATE, is_over, made)
    if is_over:
        return AreaPeriod(area, period, DutyState.MISSED, is_over)
    is_due = period.first_day <= today and (period.last_day - today).days < duty.due_days
    return AreaPeriod(area, period, DutyState.DUE if is_due else DutyState.NOT_YET_DUE, is_over)
