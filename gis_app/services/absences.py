"""Alerts on absence: a unit that is not in its area on schedule, a village without its night check of the week."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, RowMapping

from gis_app.analysis.duty_compliance import AreaPeriod
from gis_app.domain.areas import AreaLevel
from gis_app.domain.duties import Duty, DutyState, InspectionKind
from gis_app.domain.notices import ACCOUNT_LEVELS, ALERTED
from gis_app.domain.periods import CITY_TIME, NOON
from gis_app.domain.rights import Role
from gis_app.domain.transitions import DUTIES_OF
from gis_app.services import duties
from gis_app.services.audit import Ledger
from gis_app.services.duties import DutyTable
from gis_app.services.gate import Caller
from gis_app.storage import absences
from gis_app.storage.absences import Presence
from gis_app.storage.engine import scoped, system_scope

GRACE = timedelta(minutes=30)
"""So long after the beginning of its route a team may still be on its way."""
AWAY = timedelta(minutes=45)
"""A team is away when it was last seen in its area, or beside its route, longer ago."""
BESIDE_M = 300.0
SHOWN_DAYS, KEPT_DAYS = 14, 90
MOST_SHOWN = 60
_ABOVE = tuple(level.value for level in ACCOUNT_LEVELS if level is not AreaLevel.VILLAGE)


@dataclass(frozen=True)
class AbsenceNews:
    """The absences an account is told of, those that last first, and up to which it has read them."""

    rows: Sequence[RowMapping]
    read_upto: int


def notice(ledger: Ledger) -> dict[str, int]:
    """Note what is absent now and was not noted yet, and end what is there again; return how many of each."""
    now, where = ledger.now(), Presence(GRACE, AWAY, BESIDE_M)
    checks = _open_checks(ledger.engine, now)
    with ledger.writing(system_scope("clock")) as work:
        connection = work.connection
        ended = absences.end_units(connection, where, now=now)
        units = absences.notice_units(connection, where, now=now, levels=[each.value for each in ACCOUNT_LEVELS])
        villages = absences.notice_checks(connection, checks)
        ended += absences.end_checks(connection, still_open=[row["key"] for row in checks], now=now)
        for action, paths in (("absence.unit", units), ("absence.night_check", villages)):
            for path, count in Counter(paths).items():
                work.note(action, "absences", scope_path=path, count=count)
        absences.forget(connection, before=now - timedelta(days=KEPT_DAYS))
    return {"units": len(units), "night_checks": len(villages), "ended": ended}


def news(engine: Engine, caller: Caller, *, now: datetime) -> AbsenceNews:
    """Return what a caller is told of, none without a duty to act on it."""
    if not _is_told(caller):
        return AbsenceNews([], 0)
    with scoped(engine, caller.scope) as connection:
        since = now - timedelta(days=SHOWN_DAYS)
        rows = absences.newest(connection, level=caller.level.value, since=since, most=MOST_SHOWN)
        return AbsenceNews(rows, absences.read_upto(connection, caller.account_id))


def unread_count(engine: Engine, caller: Caller, *, now: datetime) -> int:
    """Return how many absences that last the caller has not read."""
    if not _is_told(caller):
        return 0
    with scoped(engine, caller.scope) as connection:
        since = now - timedelta(days=SHOWN_DAYS)
        return absences.unread_count(connection, caller.account_id, level=caller.level.value, since=since)


def mark_read(engine: Engine, caller: Caller, *, upto: int) -> None:
    """Mark absences up to one as read; of no consequence to anybody else, so no entry in the audit."""
    with scoped(engine, caller.scope) as connection:
        absences.mark_read(connection, caller.account_id, upto=upto)


def _is_told(caller: Caller) -> bool:
    return bool(DUTIES_OF.get(Role(caller.role).value, frozenset()) & ALERTED.duties)


def _open_checks(engine: Engine, now: datetime) -> list[dict[str, Any]]:
    """Return the night checks that are due: one row for each village, and one for its township with their number."""
    rows = []
    for duty, table, still_open in duties.owed_now(engine, system_scope("clock"), now=now):
        if duty.kind is InspectionKind.NIGHT_CHECK and duty.owed_by is AreaLevel.VILLAGE:
            due = [each for each in still_open if each.state is DutyState.DUE]
            rows += _rows(duty, table, due, now=now)
    return rows


def _rows(duty: Duty, table: DutyTable, due: Sequence[AreaPeriod], *, now: datetime) -> list[dict[str, Any]]:
    townships = Counter(table.areas[each.area].township.code for each in due)
    rows = [_row(duty, each, each.area, ("village",), 1, now=now) for each in due]
    if due:
        rows += [_row(duty, due[0], code, _ABOVE, count, now=now) for code, count in townships.items() if code]
    return rows


def _row(duty: Duty, of: AreaPeriod, area: str, levels: Sequence[str], count: int, *, now: datetime) -> dict[str, Any]:
    days = (of.period.first_day, of.period.last_day)
    first, last = (datetime.combine(day, datetime.min.time(), CITY_TIME) + NOON for day in days)
    return {
        "key": f"{duty.key}:{area}:{of.period.first_day}",
        "night": of.period.first_day,
        "area": area,
        "count": count,
        "expected_from": first,
        "expected_to": last + timedelta(days=1),
        "now": now,
        "levels": list(levels),
    }
