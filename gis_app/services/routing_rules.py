"""Routing rules: listed, added and ended; a rule in force is never changed, so that old limits can be explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, RowMapping

from gis_app.domain.errors import InvalidInput, NotFound, none_of
from gis_app.domain.hazards import Severity
from gis_app.domain.periods import CITY_TIME
from gis_app.domain.rights import Scope
from gis_app.domain.work_clock import LimitUnit
from gis_app.services.audit import Ledger
from gis_app.storage import accounts, hazards, routing
from gis_app.storage.engine import EVERYTHING, scoped

LONGEST_LIMIT = 366


@dataclass(frozen=True)
class RuleWish:
    """What a rule is to say; empty severity and area stand for all, an empty unit for the township's office."""

    category: str
    severity: str
    area: str
    unit: str
    limit_value: int
    limit_unit: str
    valid_from: date


def listed(engine: Engine, scope: Scope) -> Sequence[RowMapping]:
    """Return all rules, past and future ones too."""
    with scoped(engine, scope) as connection:
        return routing.rules(connection)


def add(ledger: Ledger, scope: Scope, wish: RuleWish) -> None:
    """Add a rule.

    Raises
    ------
    InvalidInput
        If it begins in the past, or names what is not there; names the field.
    """
    today = ledger.now().astimezone(CITY_TIME).date()
    if wish.valid_from < today:
        raise InvalidInput("A rule does not begin in the past.", remedy="Let it begin today or later.")
    if not 1 <= wish.limit_value <= LONGEST_LIMIT or wish.limit_unit not in tuple(LimitUnit):
        raise InvalidInput(
            "The limit is not usable.", remedy="Use 1 to {most} of one of the units.", most=LONGEST_LIMIT
        )
    if wish.severity and wish.severity not in tuple(Severity):
        raise InvalidInput("There is no severity {severity!r}.", remedy="Choose one.", severity=wish.severity[:40])
    with ledger.writing(scope) as work:
        if wish.category not in hazards.category_codes(work.connection):
            known = hazards.category_codes(work.connection)
            raise none_of("There is no category {code!r}.", known, code=wish.category[:40])
        if wish.unit and not accounts.unit_exists(work.connection, wish.unit):
            raise InvalidInput("There is no unit {code!r}.", remedy="Choose one of the list.", code=wish.unit[:40])
        if wish.area and accounts.area_of_code(work.connection, wish.area) is None:
            raise InvalidInput(
                "There is no city, township or village with the code {code!r}.",
                remedy="Use a code of your own area, such as 330381001.",
                code=wish.area[:40],
            )
        row = {
            "category_code": wish.category,
            "severity": wish.severity or None,
            "area_code": wish.area or None,
            "unit_code": wish.unit or None,
            "limit_value": wish.limit_value,
            "limit_unit": wish.limit_unit,
            "valid_from": wish.valid_from,
        }
        routing.add_rules(work.connection, [row])
        work.note("rule.add", f"rule:{wish.category}", scope_path=scope.area_path, limit=f"{wish.limit_value}")


def end(ledger: Ledger, scope: Scope, rule_id: int) -> None:
    """End a rule today: what was assigned before keeps its limit.

    Raises
    ------
    NotFound
        If no such rule is in force or to come.
    """
    today = ledger.now().astimezone(CITY_TIME).date()
    with ledger.writing(scope) as work:
        ended = routing.end_rule(work.connection, rule_id, day=today)
        if ended is None:
            raise NotFound("There is no such rule in force.", remedy="Reload the page.")
        work.note("rule.end", f"rule:{ended['category_code']}", scope_path=scope.area_path)


def is_everywhere(scope: Scope) -> bool:
    """Return whether a scope is the whole city's: rules hold for everybody."""
    return scope.area_path.count("/") <= EVERYTHING.count("/") + 1
