"""Inspections over HTTP: listed, planned, begun, answered item by item, findings reported, finished."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import AwareDatetime, Field, StringConstraints
from sqlalchemy import RowMapping

from gis_app.domain.checklists import NO, NOT_APPLICABLE, YES, Checklist
from gis_app.domain.duties import InspectionKind, InspectionState
from gis_app.domain.errors import require_one_of
from gis_app.domain.hazards import DiscoveryWay, Severity
from gis_app.domain.periods import CITY_TIME
from gis_app.domain.rights import Right
from gis_app.services import findings, inspection_lists, inspections
from gis_app.services.inspections import Answers, Plan
from gis_app.storage.inspections import InspectionFilter
from gis_app.web import params
from gis_app.web.access import current_caller, requires
from gis_app.web.bodies import Code, HazardReport, Line, Place, Strict, Title, Words, body_of
from gis_app.web.contract import Parameter, contract
from gis_app.web.screening import warnings_of

blueprint = Blueprint("inspection_api", __name__, url_prefix="/api")
FIELDS = (
    *("kind", "area_code", "area_level", "area_zh", "area_en", "township_zh", "township_en", "planned_for", "state"),
    *("is_unannounced", "checklist_version", "answers", "note", "account", "inspected_by", "unit_code", "unit_zh"),
    *("unit_en", "started_at", "ended_at", "day", "version", "is_synthetic"),
)
FINDING_FIELDS = ("item", "at", "number", "title", "stage", "severity", "category_code", "category_zh", "category_en")
DAYS_BACK, DAYS_AHEAD, MOST = 7, 14, 300
QUERY = (
    Parameter("kind", "kind of inspection", {"enum": [each.value for each in InspectionKind]}),
    Parameter("state", "how far it is", {"enum": [each.value for each in InspectionState]}),
    Parameter("area", "code of a township with its villages, or of a village", {"type": "string"}),
    Parameter("from", "first day, a week ago by default", {"type": "string", "format": "date"}),
    Parameter("to", "last day, two weeks ahead by default", {"type": "string", "format": "date"}),
)
Key = Annotated[str, StringConstraints(max_length=60, pattern=r"^[a-z0-9_]*$")]
Answer = Annotated[str, StringConstraints(pattern=f"^({YES}|{NO}|{NOT_APPLICABLE})$")]
Number = Annotated[float, Field(strict=True)]


class PlanBody(Strict):
    """An inspection to be made. ``id`` is made by the client, once, and sent again when a request is repeated."""

    id: uuid.UUID
    kind: InspectionKind
    area: Code
    planned_for: date
    unannounced: bool = False
    note: Words = ""


class AnswersBody(Strict):
    """Answers by item, which replace those given before; ``finish`` ends the inspection."""

    answers: Annotated[dict[Key, Answer | Number], Field(max_length=200)] = Field(default_factory=dict)
    note: Words | None = None
    finish: bool = False

    def given(self) -> Answers:
        """Return the answers as the services take them, whole numbers without a point."""
        whole = {
            key: int(each) if isinstance(each, float) and each.is_integer() else each
            for key, each in self.answers.items()
        }
        return Answers(whole, self.note, self.finish)


class FindingBody(Strict):
    """A hazard found, and the item it was found by. ``id`` is made by the client, once, and sent again in retries."""

    id: uuid.UUID
    item: Key = ""
    category: Code
    severity: Severity
    title: Title
    description: Words = ""
    place_name: Line = ""
    discovered_at: AwareDatetime
    location: Place

    def as_report(self) -> HazardReport:
        """Return the hazard as any other report."""
        facts = self.model_dump(exclude={"item"})
        return HazardReport.model_validate({**facts, "discovered_by": DiscoveryWay.INSPECTION})


@blueprint.get("/inspections")
@requires(Right.VIEW_MAP)
@contract("Inspections that the caller sees: under way, planned, then those that are over", query=QUERY)
def list_inspections() -> ResponseReturnValue:
    """Answer a list of inspections."""
    rows = inspection_lists.listed(current_app.extensions["jingwei"].engine, current_caller(), list_filter())
    return jsonify(inspections=[{**inspection_json(row), "findings": row["findings"]} for row in rows])


@blueprint.post("/inspections")
@requires(Right.INSPECT)
@contract("Plan an inspection; repeated with the same id and body it is stored once", body=PlanBody, created=True)
def plan() -> ResponseReturnValue:
    """Store a plan: 201, or 200 when it was stored before."""
    wanted = body_of(PlanBody)
    asked = Plan(wanted.id, wanted.kind, wanted.area, wanted.planned_for, wanted.unannounced, wanted.note)
    done = inspections.plan(current_app.extensions["jingwei"].ledger, current_caller(), asked)
    answer = jsonify(inspection_json(done.inspection))
    answer.status_code = HTTPStatus.CREATED if done.is_new else HTTPStatus.OK
    answer.headers["Location"] = f"/api/inspections/{wanted.id}"
    return answer


@blueprint.get("/inspections/<uuid:inspection_id>")
@requires(Right.VIEW_MAP)
@contract("One inspection with its checklist and findings")
def one(inspection_id: uuid.UUID) -> ResponseReturnValue:
    """Answer one inspection."""
    found = inspection_lists.one(current_app.extensions["jingwei"].engine, current_caller(), inspection_id)
    return jsonify(
        inspection=inspection_json(found["inspection"]),
        checklist=checklist_json(found["checklist"]),
        findings=[finding_json(row) for row in found["findings"]],
        may_change=found["may_change"],
    )


@blueprint.post("/inspections/<uuid:inspection_id>/begin")
@requires(Right.INSPECT)
@contract("Begin a planned inspection")
def begin(inspection_id: uuid.UUID) -> ResponseReturnValue:
    """Begin an inspection and answer it as it is then."""
    row = inspections.begin(current_app.extensions["jingwei"].ledger, current_caller(), inspection_id)
    return jsonify(inspection_json(row))


@blueprint.post("/inspections/<uuid:inspection_id>/cancel")
@requires(Right.INSPECT)
@contract("Cancel an inspection that has not begun")
def cancel(inspection_id: uuid.UUID) -> ResponseReturnValue:
    """Cancel an inspection and answer it as it is then."""
    row = inspections.cancel(current_app.extensions["jingwei"].ledger, current_caller(), inspection_id)
    return jsonify(inspection_json(row))


@blueprint.post("/inspections/<uuid:inspection_id>/answers")
@requires(Right.INSPECT)
@contract("Store answers of an inspection under way, and finish it if that is wished", body=AnswersBody)
def store_answers(inspection_id: uuid.UUID) -> ResponseReturnValue:
    """Store answers and answer the inspection as it is then."""
    given = body_of(AnswersBody).given()
    row = inspections.answer(current_app.extensions["jingwei"].ledger, current_caller(), inspection_id, given)
    return jsonify(inspection_json(row))


@blueprint.post("/inspections/<uuid:inspection_id>/findings")
@requires(Right.INSPECT)
@contract("Report a hazard that an inspection found; repeated it is stored once", body=FindingBody, created=True)
def add_finding(inspection_id: uuid.UUID) -> ResponseReturnValue:
    """Store a finding: 201, or 200 when it was stored before."""
    wanted, ledger = body_of(FindingBody), current_app.extensions["jingwei"].ledger
    report = wanted.as_report().report()
    done = findings.report(ledger, current_caller(), inspection_id, wanted.item, report)
    said = {"title": wanted.title, "description": wanted.description, "place_name": wanted.place_name}
    told = {"id": str(wanted.id), "item": wanted.item, "hazard_id": str(done.hazard["id"])}
    answer = jsonify({**told, "number": done.hazard["number"], "warnings": warnings_of(said)})
    answer.status_code = HTTPStatus.CREATED if done.is_new else HTTPStatus.OK
    answer.headers["Location"] = f"/api/hazards/{done.hazard['id']}"
    return answer


def list_filter() -> InspectionFilter:
    """Return which inspections the address asks for.

    Raises
    ------
    InvalidInput
        If a kind, state or day is none.
    """
    given = request.args
    today = current_app.extensions["jingwei"].now().astimezone(CITY_TIME).date()
    first = params.day("from") or today - timedelta(days=DAYS_BACK)
    last = params.day("to") or max(first, today + timedelta(days=DAYS_AHEAD))
    kind = _one_of("kind", [each.value for each in InspectionKind])
    state = _one_of("state", [each.value for each in InspectionState])
    return InspectionFilter(first, last, kind, state, given.get("area", "")[:60], MOST)


def _one_of(name: str, known: Sequence[str]) -> str:
    given = request.args.get(name, "")
    if given:
        require_one_of(name, given, known)
    return given


def inspection_json(row: RowMapping | Mapping[str, Any]) -> dict[str, Any]:
    """Return an inspection for programs and pages; moments in UTC."""
    return {"id": str(row["id"]), **{name: _plain(row[name]) for name in FIELDS}}


def finding_json(row: RowMapping | Mapping[str, Any]) -> dict[str, Any]:
    """Return a finding with its hazard."""
    facts = {name: _plain(row[name]) for name in FINDING_FIELDS}
    return {"id": str(row["id"]), "hazard_id": str(row["hazard_id"]), **facts}


def checklist_json(checklist: Checklist) -> dict[str, Any]:
    """Return a checklist in the reader's language."""
    language = "en" if params.locale() == "en" else "zh"
    return {
        "kind": checklist.kind.value,
        "version": checklist.version,
        "title": checklist.title_en if language == "en" else checklist.title_zh,
        "items": [
            {
                "key": item.key,
                "kind": item.kind.value,
                "text": item.text_en if language == "en" else item.text_zh,
                "unit": item.unit_en if language == "en" else item.unit_zh,
                "category": item.category,
                "severity": item.severity.value if item.category else "",
            }
            for item in checklist.items
        ],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value
