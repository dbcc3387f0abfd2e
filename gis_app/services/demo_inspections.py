"""The demo city's inspections: months of night checks, monthly and unannounced ones, some missed, some made up late."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Engine, RowMapping

from gis_app.domain.areas import AreaLevel
from gis_app.domain.checklists import NO, NOT_APPLICABLE, YES, Checklist, ItemKind, newest_checklist
from gis_app.domain.duties import InspectionKind, InspectionState, Interval, day_of, period_of
from gis_app.domain.periods import CITY_TIME, TimeWindow
from gis_app.services.checklists import checklists
from gis_app.storage import inspections
from gis_app.storage.engine import long_job

WEEKS, MONTHS = 12, 6
LATE_SHARE = 0.03
ACCOUNT = "demo"
_PART_OF_SEED = 9
_DOES_NOT_APPLY = 0.04


def load_inspections(engine: Engine, *, seed: int, now: datetime) -> int:
    """Load inspections up to the present and some planned ones; return how many.

    Hazards that an inspection found are the findings of those that were at their place at that time.
    """
    with long_job(engine) as connection:
        city = _City(inspections.areas_to_load(connection), np.random.default_rng([seed, _PART_OF_SEED]), now)
        since = period_of(Interval.WEEK, city.today - timedelta(weeks=WEEKS - 1)).start
        for hazard in inspections.found_by_inspection(connection, since):
            city.visit(hazard)
        for village in city.of_level(AreaLevel.VILLAGE):
            city.weeks_of(village)
        for township in city.of_level(AreaLevel.TOWNSHIP):
            city.months_of(township)
        inspections.load(connection, city.rows, city.findings)
    return len(city.rows)


@dataclass
class _City:
    areas: list[RowMapping]
    chance: np.random.Generator
    now: datetime
    rows: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    _visits: dict[tuple[str, date], dict[str, Any]] = field(default_factory=dict)
    """By area and night, or day: an inspection that found hazards."""
    _diligence: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_code = {row["code"]: row for row in self.areas}
        for township in self.of_level(AreaLevel.TOWNSHIP):
            # Most townships keep nearly all their nights, a few miss one in six.
            self._diligence[township["code"]] = 1 - float(self.chance.beta(1.4, 14))

    @property
    def today(self) -> date:
        return self.now.astimezone(CITY_TIME).date()

    def of_level(self, level: AreaLevel) -> Iterator[RowMapping]:
        return (row for row in self.areas if row["level"] == level)

    def visit(self, hazard: RowMapping) -> None:
        """Make the inspection that found a hazard: at night a night check of its village, else a special one."""
        found_at = hazard["discovered_at"].astimezone(CITY_TIME)
        is_night = found_at.hour >= 19 or found_at.hour < 1
        kind = InspectionKind.NIGHT_CHECK if is_night else InspectionKind.SPECIAL
        area = self._by_code[hazard["village_code" if is_night else "township_code"]]
        day = day_of(kind, found_at)
        row = self._visits.get((area["code"], day))
        if row is None:
            started = found_at - timedelta(minutes=int(self.chance.integers(8, 30)))
            row = self._begun(kind, area, started, is_unannounced=not is_night)
            self._visits[area["code"], day] = row
        row["ended_at"] = max(row["ended_at"], min(hazard["discovered_at"] + timedelta(minutes=15), self.now))
        items = _checklist(kind).items
        item = next((each.key for each in items if each.category == hazard["category_code"]), "")
        if item:
            row["answers"][item] = NO
        self.findings.append(
            {
                "id": self._id(),
                "inspection_id": row["id"],
                "hazard_id": hazard["id"],
                "item": item,
                "account": ACCOUNT,
                "at": hazard["discovered_at"],
                "scope_path": hazard["scope_path"],
                "is_synthetic": True,
            }
        )

    def weeks_of(self, village: RowMapping) -> None:
        """Check a village once a week, now and then a week late or not at all."""
        monday = period_of(Interval.WEEK, self.today).first_day
        for week in (monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)):
            if any((village["code"], week + timedelta(days=each)) in self._visits for each in range(7)):
                continue
            draw, diligence = self.chance.random(), self._diligence.get(village["parent_code"], 1.0)
            night = week + timedelta(days=int(self.chance.integers(0, 7)))
            if draw > diligence:
                continue
            if draw < LATE_SHARE:
                night = week + timedelta(days=7)
            self._check(village, night, planned_for=min(night, week + timedelta(days=6)))

    def months_of(self, township: RowMapping) -> None:
        """Inspect a township once a month."""
        month = period_of(Interval.MONTH, self.today)
        for _ in range(MONTHS):
            day = month.first_day + timedelta(days=int(self.chance.integers(3, 27)))
            if self.chance.random() < 0.95:
                started = datetime.combine(day, time(9), CITY_TIME) + self._minutes(0, 360)
                self._made_or_planned(InspectionKind.MONTHLY, township, started, planned_for=day)
            month = _month_before(month)

    def _check(self, village: RowMapping, night: date, *, planned_for: date) -> None:
        started = datetime.combine(night, time(19, 20), CITY_TIME) + self._minutes(0, 210)
        self._made_or_planned(InspectionKind.NIGHT_CHECK, village, started, planned_for=planned_for)

    def _made_or_planned(self, kind: InspectionKind, area: RowMapping, started: datetime, *, planned_for: date) -> None:
        if started + timedelta(hours=2) < self.now:
            self._begun(kind, area, started, planned_for=planned_for)
        elif self.chance.random() < 0.4:
            self.rows.append(self._planned(kind, area, planned_for))

    def _begun(
        self,
        kind: InspectionKind,
        area: RowMapping,
        started: datetime,
        *,
        planned_for: date | None = None,
        is_unannounced: bool = False,
    ) -> dict[str, Any]:
        day = day_of(kind, started)
        row = self._planned(kind, area, planned_for or day) | {
            "state": InspectionState.DONE.value,
            "is_unannounced": is_unannounced,
            "inspected_by": ACCOUNT,
            "started_at": started.astimezone(UTC),
            "ended_at": min((started + self._minutes(25, 70)).astimezone(UTC), self.now),
            "day": day,
            "answers": self._answers(_checklist(kind)),
            "version": 3,
        }
        self.rows.append(row)
        return row

    def _planned(self, kind: InspectionKind, area: RowMapping, planned_for: date) -> dict[str, Any]:
        is_check = kind is InspectionKind.NIGHT_CHECK
        above = self._by_code[area["parent_code"]] if is_check else self.areas[0]
        return {
            "id": self._id(),
            "kind": kind.value,
            "area_code": area["code"],
            "planned_for": planned_for,
            "state": InspectionState.PLANNED.value,
            "is_unannounced": False,
            "checklist_version": _checklist(kind).version,
            "answers": {},
            "account": ACCOUNT,
            "inspected_by": "",
            "unit_code": f"town:{above['code']}" if is_check else None,
            "started_at": None,
            "ended_at": None,
            "day": None,
            "version": 1,
            "by_path": above["scope_path"],
            "scope_path": area["scope_path"],
            "is_synthetic": True,
        }

    def _answers(self, asked: Checklist) -> Mapping[str, Any]:
        draws = self.chance.random(len(asked.items))
        return {
            item.key: int(4 + 9 * draw)
            if item.kind is ItemKind.NUMBER
            else (NOT_APPLICABLE if draw < _DOES_NOT_APPLY else YES)
            for item, draw in zip(asked.items, draws, strict=True)
        }

    def _minutes(self, least: int, most: int) -> timedelta:
        return timedelta(minutes=int(self.chance.integers(least, most)))

    def _id(self) -> uuid.UUID:
        return uuid.UUID(bytes=self.chance.bytes(16), version=4)


def _checklist(kind: InspectionKind) -> Checklist:
    return newest_checklist(checklists(), kind)


def _month_before(month: TimeWindow) -> TimeWindow:
    return period_of(Interval.MONTH, month.first_day - timedelta(days=1))
