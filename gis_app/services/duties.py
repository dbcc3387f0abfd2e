"""Compliance with duties: how the townships and villages of the caller's area stand, period by period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine, RowMapping

from gis_app.analysis.duty_compliance import (
    AreaPeriod,
    DutyTally,
    MadeInspection,
    OwingArea,
    compliance,
    tally,
)
from gis_app.domain.duties import Duty, DutyState, Interval, day_of, period_of, periods_in
from gis_app.domain.errors import InvalidInput, none_of
from gis_app.domain.periods import TimeWindow
from gis_app.domain.rights import Scope
from gis_app.services.area_names import NamedArea
from gis_app.services.checklists import duties
from gis_app.storage import duties as stored
from gis_app.storage.engine import scoped

PERIODS_SHOWN = {Interval.WEEK: 8, Interval.MONTH: 6}
MOST_PERIODS = 60
_FIRST_YEAR, _LAST_YEAR = 1990, 2200
NO_AREA = NamedArea("", "", "")


@dataclass(frozen=True)
class DutyQuestion:
    """What is asked: which duty, over which days, and within which township (empty for all)."""

    duty: Duty
    window: TimeWindow
    township: str = ""


@dataclass(frozen=True)
class OwedArea:
    """An area with its name, and that of its township, which an account of the village itself does not see."""

    area: NamedArea
    township: NamedArea


@dataclass(frozen=True)
class DutyTable:
    """How each area stands in each period as of ``today``, a night for a night check; ``rows`` by area and period.

    ``all_townships`` are those that may be asked for, whichever was.
    """

    question: DutyQuestion
    today: date
    periods: Sequence[TimeWindow]
    areas: Mapping[str, OwedArea]
    rows: Sequence[AreaPeriod]
    all_townships: Sequence[NamedArea]

    def within(self, *, township: str = "", area: str = "", period: date | None = None) -> list[AreaPeriod]:
        """Return the rows of a township, an area, and the period that begins on a day."""
        return [
            row
            for row in self.rows
            if (not township or self.areas[row.area].township.code == township)
            and (not area or row.area == area)
            and (period is None or row.period.first_day == period)
        ]

    def townships(self) -> list[NamedArea]:
        """Return the townships of the areas, by code."""
        return _townships(self.areas)


def known_duties(now: datetime) -> list[Duty]:
    """Return the duties that hold on the day, one of each key."""
    found: dict[str, Duty] = {}
    for duty in duties():
        today = day_of(duty.kind, now)
        if duty.valid_from <= today and (duty.valid_to is None or today < duty.valid_to):
            found.setdefault(duty.key, duty)
    return list(found.values())


def question(*, key: str, first_day: date | None, last_day: date | None, township: str, now: datetime) -> DutyQuestion:
    """Return what is asked, by default the last periods of the first duty.

    Raises
    ------
    InvalidInput
        If there is no such duty, or the window holds too many periods.
    """
    known = known_duties(now)
    duty = next((each for each in known if each.key == (key or each.key)), None)
    if duty is None:
        raise none_of("{name} is {value!r}.", (each.key for each in known), name="duty", value=key[:40])
    last = last_day or day_of(duty.kind, now)
    # Years that a database may not hold, or whose weeks end after the last day there is.
    usable = _FIRST_YEAR <= last.year <= _LAST_YEAR and (first_day or last).year >= _FIRST_YEAR
    window = TimeWindow(first_day or (_periods_back(duty.interval, last) if usable else last), last)
    days_each = 7 if duty.interval is Interval.WEEK else 28
    if not usable or window.days > MOST_PERIODS * days_each:
        raise InvalidInput(
            "The time window of {days} days is too long.",
            remedy="Ask for at most {most} weeks or months.",
            days=window.days,
            most=MOST_PERIODS,
        )
    return DutyQuestion(duty, window, township)


def table(engine: Engine, scope: Scope, wanted: DutyQuestion, *, now: datetime) -> DutyTable:
    """Return how every area in the caller's scope stands."""
    duty, periods = wanted.duty, list(periods_in(wanted.duty.interval, wanted.window))
    first, last = periods[0].first_day, periods[-1].last_day
    with scoped(engine, scope) as connection:
        rows = stored.areas(connection, duty.owed_by.value, first_day=first, last_day=last)
        # What was made in the period after the last one may make up for it.
        after = period_of(duty.interval, last + timedelta(days=1)).last_day
        made = stored.made(connection, duty.kind.value, first_day=first, last_day=after)
    areas = {row["code"]: _named(row) for row in rows}
    chosen = {
        code: each
        for code, each in areas.items()
        if wanted.township in ("", each.township.code) or wanted.township == code
    }
    validity: dict[str, list[tuple[date, date | None]]] = {}
    for row in rows:
        validity.setdefault(row["code"], []).append((row["valid_from"], row["valid_to"]))
    today = day_of(duty.kind, now)
    found = compliance(
        duty,
        [OwingArea(code, validity[code]) for code in chosen],
        [MadeInspection(str(row["id"]), row["area_code"], row["planned_for"], row["day"]) for row in made],
        window=wanted.window,
        today=today,
    )
    return DutyTable(wanted, today, periods, chosen, found, _townships(areas))


def counted(known: DutyTable, *, township: str = "", area: str = "", period: date | None = None) -> DutyTally:
    """Return the counts of a part of a table."""
    return tally(known.within(township=township, area=area, period=period))


def outlines(engine: Engine, scope: Scope, known: DutyTable) -> Mapping[str, str]:
    """Return the outlines of a table's areas by code, as GeoJSON texts."""
    with scoped(engine, scope) as connection:
        return stored.shapes(connection, known.question.duty.owed_by.value, list(known.areas))


def owed_now(engine: Engine, scope: Scope, *, now: datetime) -> list[tuple[Duty, DutyTable, list[AreaPeriod]]]:
    """Return for each duty what is still to be done in the running period, what is due first."""
    found = []
    for duty in known_duties(now):
        today = day_of(duty.kind, now)
        known = table(engine, scope, DutyQuestion(duty, TimeWindow(today, today)), now=now)
        still_open = [row for row in known.rows if row.state in (DutyState.DUE, DutyState.NOT_YET_DUE)]
        if known.rows:
            found.append((duty, known, still_open))
    return found


def _townships(areas: Mapping[str, OwedArea]) -> list[NamedArea]:
    known = {each.township.code: each.township for each in areas.values() if each.township.code}
    return [known[code] for code in sorted(known)]


def _periods_back(interval: Interval, last: date) -> date:
    period = period_of(interval, last)
    for _ in range(PERIODS_SHOWN[interval] - 1):
        period = period_of(interval, period.first_day - timedelta(days=1))
    return period.first_day


def _named(row: RowMapping) -> OwedArea:
    township = (
        NamedArea(row["township_code"], row["township_zh"], row["township_en"]) if row["township_code"] else NO_AREA
    )
    return OwedArea(NamedArea(row["code"], row["name_zh"], row["name_en"]), township)
