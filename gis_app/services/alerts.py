"""Alerts at a desk: what waits, the steps people take with it, and the rules behind it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shapely import Polygon
from sqlalchemy import Engine, RowMapping

from gis_app.domain.alerts import LONGEST_SNOOZE_MIN, STEPS, AlertKind, AlertLevel, AlertState, AlertStep, desk_above
from gis_app.domain.errors import Conflict, InvalidInput, NotFound
from gis_app.domain.rights import Scope
from gis_app.services.audit import Ledger, Writing
from gis_app.storage import accounts, alerts
from gis_app.storage.engine import scoped

MOST_SHOWN = 100
MOST_CLOSED = 30
MOST_SUBJECTS = 200
MOST_RULES = 100


@dataclass(frozen=True)
class AlertRuleWish:
    """A rule to be added; ``parameters`` were checked against the kind, an empty area is the caller's own."""

    name: str
    kind: AlertKind
    level: AlertLevel
    parameters: Mapping[str, Any]
    area: str = ""


@dataclass(frozen=True)
class AlertMove:
    """A step with an alert as it was seen at a version; the unit belongs to assigning, the minutes to snoozing."""

    step: AlertStep
    version: int
    unit: str = ""
    minutes: int = 0


def waiting(engine: Engine, scope: Scope) -> Sequence[RowMapping]:
    """Return the alerts that wait at the desk of exactly the caller's area, what needs somebody first."""
    with scoped(engine, scope) as connection:
        return alerts.living(connection, scope.area_path, most=MOST_SHOWN)


def closed_last(engine: Engine, scope: Scope) -> Sequence[RowMapping]:
    """Return what the caller's desk closed last."""
    with scoped(engine, scope) as connection:
        return alerts.closed(connection, scope.area_path, most=MOST_CLOSED)


def one(engine: Engine, scope: Scope, alert_id: uuid.UUID) -> tuple[RowMapping, Sequence[RowMapping]]:
    """Return an alert and its cases.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    """
    with scoped(engine, scope) as connection:
        row = alerts.one(connection, alert_id)
        if row is None:
            raise _missing()
        return row, alerts.subjects(connection, alert_id, most=MOST_SUBJECTS)


def move(ledger: Ledger, scope: Scope, alert_id: uuid.UUID, wanted: AlertMove) -> RowMapping:
    """Take a step with an alert and return it as it is then.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    Conflict
        If it changed meanwhile, or is not in a state for this step.
    InvalidInput
        If there is no such unit, or the time is not usable.
    """
    with ledger.writing(scope) as work:
        known = alerts.one(work.connection, alert_id, for_change=True)
        if known is None:
            raise _missing()
        states, leads_to = STEPS[wanted.step]
        if known["version"] != wanted.version:
            raise Conflict("The alert was changed meanwhile.", remedy="Reload the page and try again.")
        if known["state"] not in states:
            raise Conflict("The alert is not in a state for this step.", remedy="Reload the page.")
        values = _changes(work, ledger, known, wanted)
        alerts.change(
            work.connection,
            alert_id,
            {
                "state": leads_to.value,
                "snoozed_until": None,
                **values,
                "account": scope.account,
                "changed_at": ledger.now(),
                "version": known["version"] + 1,
            },
        )
        detail = {key: str(value) for key, value in values.items()}
        work.note(f"alert.{wanted.step.value}", f"alert:{alert_id}", scope_path=known["scope_path"], **detail)
        for desk in {known["desk_path"], values.get("desk_path", known["desk_path"])}:
            work.tell("alert", desk, scope_path=known["scope_path"], alert_id=alert_id, at=ledger.now())
        changed = alerts.one(work.connection, alert_id)
        if changed is None:
            raise _missing()
        return changed


def _changes(work: Writing, ledger: Ledger, known: RowMapping, wanted: AlertMove) -> dict[str, Any]:
    if wanted.step is AlertStep.ASSIGN:
        if not accounts.unit_exists(work.connection, wanted.unit):
            raise InvalidInput("There is no unit {code!r}.", remedy="Choose one of the list.", code=wanted.unit[:40])
        return {"unit_code": wanted.unit}
    if wanted.step is AlertStep.SNOOZE:
        if not 1 <= wanted.minutes <= LONGEST_SNOOZE_MIN:
            raise InvalidInput(
                "An alert is put off by 1 to {most} minutes.", remedy="Choose a time.", most=LONGEST_SNOOZE_MIN
            )
        return {"snoozed_until": ledger.now() + timedelta(minutes=wanted.minutes)}
    if wanted.step is AlertStep.ESCALATE:
        above = desk_above(known["desk_path"])
        return {"desk_path": above, "escalated_count": known["escalated_count"] + 1}
    return {}


def listed_rules(engine: Engine, scope: Scope) -> Sequence[RowMapping]:
    """Return the rules of the caller's area and of those in it."""
    with scoped(engine, scope) as connection:
        return alerts.rules(connection)


def add_rule(ledger: Ledger, scope: Scope, wish: AlertRuleWish) -> int:
    """Add a rule and return its id; it finds what happens from now on.

    Raises
    ------
    InvalidInput
        If the area is not the caller's, or has too many rules.
    """
    with ledger.writing(scope) as work:
        path = scope.area_path
        if wish.area:
            area = accounts.area_of_code(work.connection, wish.area)
            if area is None:
                raise InvalidInput(
                    "There is no city, township or village with the code {code!r}.",
                    remedy="Use a code of your own area, such as 330381001.",
                    code=wish.area[:40],
                )
            path = area.scope_path
        if sum(row["scope_path"] == path for row in alerts.rules(work.connection)) >= MOST_RULES:
            raise InvalidInput("There are {most} rules already.", remedy="Remove some.", most=MOST_RULES)
        made = alerts.add_rule(
            work.connection,
            {
                "name": wish.name,
                "kind": wish.kind.value,
                "level": wish.level.value,
                "parameters": dict(wish.parameters),
                "account": scope.account,
                "created_at": ledger.now(),
                "scope_path": path,
            },
        )
        work.note("alert_rule.add", f"alert_rule:{made}", scope_path=path, name=wish.name, kind=wish.kind.value)
        return made


def switch_rule(ledger: Ledger, scope: Scope, rule_id: int, *, active: bool) -> None:
    """Switch a rule on or off.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    """
    with ledger.writing(scope) as work:
        known = alerts.switch_rule(work.connection, rule_id, active=active)
        if known is None:
            raise _no_rule()
        action = "alert_rule.resume" if active else "alert_rule.pause"
        work.note(action, f"alert_rule:{rule_id}", scope_path=known["scope_path"], name=known["name"])


def remove_rule(ledger: Ledger, scope: Scope, rule_id: int) -> None:
    """Remove a rule and the alerts it raised.

    Raises
    ------
    NotFound
        If there is none in the caller's area.
    """
    with ledger.writing(scope) as work:
        gone = alerts.remove_rule(work.connection, rule_id)
        if gone is None:
            raise _no_rule()
        work.note("alert_rule.remove", f"alert_rule:{rule_id}", scope_path=gone["scope_path"], name=gone["name"])
        # Whoever shows its alerts reads the list anew.
        work.tell("alerts", gone["scope_path"], scope_path=gone["scope_path"], at=ledger.now())


def is_living(row: RowMapping) -> bool:
    """Return whether an alert still waits."""
    return bool(row["state"] != AlertState.CLOSED)


def _missing() -> NotFound:
    return NotFound("There is no such alert.", remedy="It may have been removed, or lie outside your area.")


def _no_rule() -> NotFound:
    return NotFound("There is no such rule.", remedy="Reload the page.")


def fence_of(corners: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Return a fence (lon, lat; closed by itself) as a GeoJSON polygon.

    Raises
    ------
    InvalidInput
        If its line crosses itself.
    """
    shape = Polygon(corners)
    if not shape.is_valid or shape.area == 0:
        raise InvalidInput("The fence crosses itself.", remedy="Draw its corners one after the other.")
    return {"type": "Polygon", "coordinates": [[[lon, lat] for lon, lat in shape.exterior.coords]]}
