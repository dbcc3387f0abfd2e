"""Alerts and their rules over HTTP."""

from __future__ import annotations

import uuid
from datetime import UTC
from http import HTTPStatus
from typing import Annotated, Any

from flask import Blueprint, Response, current_app, jsonify
from flask.typing import ResponseReturnValue
from pydantic import Field, StringConstraints
from sqlalchemy import RowMapping

from gis_app.domain.alerts import LONGEST_SNOOZE_MIN, Absence, AlertKind, AlertLevel, AlertStep
from gis_app.domain.errors import InvalidInput
from gis_app.domain.hazards import Severity
from gis_app.domain.rights import Right
from gis_app.services import alerts
from gis_app.services.alert_words import told_alert
from gis_app.services.alerts import AlertMove, AlertRuleWish, fence_of
from gis_app.web.access import current_scope, requires
from gis_app.web.bodies import Code, Line, Strict, Title, body_of
from gis_app.web.contract import contract
from gis_app.web.pages import area_name

blueprint = Blueprint("alert_api", __name__, url_prefix="/api")
Corner = tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-85, le=85)]]
_LARGEST = 2**62
NEEDS = {
    AlertKind.SEVERITY: ("severity",),
    AlertKind.OVERDUE: ("hours",),
    AlertKind.ABSENCE: ("what",),
    AlertKind.CLUSTER: ("within_m", "within_h", "least"),
    AlertKind.GEOFENCE: ("fence",),
}
MAY_HAVE = {
    AlertKind.SEVERITY: ("category",),
    AlertKind.OVERDUE: ("category", "severity"),
    AlertKind.ABSENCE: ("minutes",),
    AlertKind.CLUSTER: ("category",),
    AlertKind.GEOFENCE: ("category", "severity"),
}


class RuleBody(Strict):
    """A rule. Which of the fields from ``severity`` on it needs depends on ``kind`` (docs/wall.md)."""

    name: Title
    kind: AlertKind
    level: AlertLevel = AlertLevel.WARNING
    area: Annotated[str, StringConstraints(max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    severity: Severity | None = None
    category: Code | None = None
    hours: Annotated[float, Field(ge=0, le=8760)] | None = None
    what: Absence | None = None
    minutes: Annotated[float, Field(ge=1, le=1440)] | None = None
    within_m: Annotated[float, Field(ge=10, le=20_000)] | None = None
    within_h: Annotated[float, Field(ge=0.1, le=8760)] | None = None
    least: Annotated[int, Field(ge=2, le=1000)] | None = None
    fence: Annotated[list[Corner], Field(min_length=3, max_length=200)] | None = None

    def wish(self) -> AlertRuleWish:
        """Return the rule as the services take it.

        Raises
        ------
        InvalidInput
            If the kind needs a field that is missing, or has no use for one; names it.
        """
        given = self.model_dump(mode="json", exclude={"name", "kind", "level", "area"}, exclude_none=True)
        for name in NEEDS[self.kind]:
            if name not in given:
                raise InvalidInput("The field {field} is missing.", remedy="Add it.", field=name)
        for name in given.keys() - {*NEEDS[self.kind], *MAY_HAVE[self.kind]}:
            raise InvalidInput("A rule of this kind has no {field}.", remedy="Leave it out.", field=name)
        if self.fence is not None:
            given["fence"] = fence_of(self.fence)
        return AlertRuleWish(self.name, self.kind, self.level, given, self.area)


class StepBody(Strict):
    """A step with an alert as it was seen at ``version``; ``unit`` belongs to assigning, ``minutes`` to snoozing."""

    step: AlertStep
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    unit: Line = ""
    minutes: Annotated[int, Field(ge=0, le=LONGEST_SNOOZE_MIN)] = 0


@blueprint.get("/alerts")
@requires(Right.VIEW_MAP)
@contract("Alerts that wait at the desk of exactly the caller's area, what needs somebody first")
def list_alerts() -> ResponseReturnValue:
    """Answer a list of alerts."""
    rows = alerts.waiting(current_app.extensions["jingwei"].engine, current_scope())
    return jsonify(alerts=[told_alert(row) for row in rows])


@blueprint.get("/alerts/<uuid:alert_id>")
@requires(Right.VIEW_MAP)
@contract("One alert with its cases")
def one(alert_id: uuid.UUID) -> ResponseReturnValue:
    """Answer one alert."""
    row, cases = alerts.one(current_app.extensions["jingwei"].engine, current_scope(), alert_id)
    return jsonify(alert=told_alert(row), cases=[_case_json(each) for each in cases])


@blueprint.post("/alerts/<uuid:alert_id>/steps")
@requires(Right.HANDLE_ALERTS)
@contract("Acknowledge, assign, put off, escalate, close or reopen an alert", body=StepBody)
def take_step(alert_id: uuid.UUID) -> ResponseReturnValue:
    """Take a step with an alert and answer it as it is then."""
    body, ledger = body_of(StepBody), current_app.extensions["jingwei"].ledger
    wanted = AlertMove(body.step, body.version, body.unit, body.minutes)
    return jsonify(alert=told_alert(alerts.move(ledger, current_scope(), alert_id, wanted)))


@blueprint.get("/alert-rules")
@requires(Right.HANDLE_ALERTS)
@contract("Rules of alerts of the caller's area and of those in it")
def list_rules() -> ResponseReturnValue:
    """Answer a list of rules."""
    rows = alerts.listed_rules(current_app.extensions["jingwei"].engine, current_scope())
    return jsonify(rules=[rule_json(row) for row in rows])


@blueprint.post("/alert-rules")
@requires(Right.MANAGE_ALERT_RULES)
@contract("Add a rule of alerts", body=RuleBody, created=True)
def add_rule() -> ResponseReturnValue:
    """Add a rule: 201."""
    made = alerts.add_rule(current_app.extensions["jingwei"].ledger, current_scope(), body_of(RuleBody).wish())
    answer: Response = jsonify(id=made)
    answer.status_code = HTTPStatus.CREATED
    return answer


@blueprint.post("/alert-rules/<int:rule_id>/pause")
@requires(Right.MANAGE_ALERT_RULES)
@contract("Switch a rule off")
def pause_rule(rule_id: int) -> ResponseReturnValue:
    """Switch a rule off."""
    return _switched(rule_id, active=False)


@blueprint.post("/alert-rules/<int:rule_id>/resume")
@requires(Right.MANAGE_ALERT_RULES)
@contract("Switch a rule on")
def resume_rule(rule_id: int) -> ResponseReturnValue:
    """Switch a rule on."""
    return _switched(rule_id, active=True)


@blueprint.delete("/alert-rules/<int:rule_id>")
@requires(Right.MANAGE_ALERT_RULES)
@contract("Remove a rule with the alerts it raised")
def remove_rule(rule_id: int) -> ResponseReturnValue:
    """Remove a rule."""
    alerts.remove_rule(current_app.extensions["jingwei"].ledger, current_scope(), min(rule_id, _LARGEST))
    return "", HTTPStatus.NO_CONTENT


def _switched(rule_id: int, *, active: bool) -> ResponseReturnValue:
    ledger = current_app.extensions["jingwei"].ledger
    alerts.switch_rule(ledger, current_scope(), min(rule_id, _LARGEST), active=active)
    return "", HTTPStatus.NO_CONTENT


def rule_json(row: RowMapping) -> dict[str, Any]:
    """Return a rule for programs and pages."""
    facts = ("id", "name", "kind", "level", "parameters", "is_active", "version", "area_code", "living_count")
    return {
        **{name: row[name] for name in facts},
        "area": area_name({"name_zh": row["area_zh"], "name_en": row["area_en"]}),
        "created_at": row["created_at"].astimezone(UTC).isoformat(),
    }


def _case_json(row: RowMapping) -> dict[str, Any]:
    return {
        "hazard": str(row["hazard_id"]),
        **{name: row[name] for name in ("number", "title", "severity", "stage")},
        "village": area_name({"name_zh": row["village_zh"], "name_en": row["village_en"]}),
        "at": row["at"].astimezone(UTC).isoformat(),
    }
