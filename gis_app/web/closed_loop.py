"""The closed loop over HTTP: the queue, one case with its history, and steps."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import Field, StringConstraints
from sqlalchemy import RowMapping

from gis_app.domain.errors import InvalidInput, require_one_of
from gis_app.domain.hazards import ENDED_STAGES, Severity, Stage
from gis_app.domain.rights import Right
from gis_app.domain.transitions import Action, RequestKind
from gis_app.services import closed_loop, loop_steps, pictures
from gis_app.services.loop_values import LONGEST_VALUE, Step
from gis_app.storage.loop import LIGHTS, QUEUE_ORDERS, QueueFilter
from gis_app.web.access import current_caller, requires
from gis_app.web.bodies import Code, Strict, body_of
from gis_app.web.contract import Parameter, contract
from gis_app.web.pictures import picture_json
from gis_app.web.screening import warnings_of

blueprint = Blueprint("closed_loop", __name__, url_prefix="/api")
MOST = 500
OPEN_STAGES = tuple(stage for stage in Stage if stage not in ENDED_STAGES)
FIELDS = (
    *("number", "title", "description", "place", "category_code", "category_zh", "category_en", "severity", "stage"),
    *("discovered_by", "discovered_at", "filed_at", "assigned_at", "yellow_at", "due_at", "feedback_at"),
    *("verified_at", "closed_at", "is_supervised", "reopened_count", "rework_count", "version", "unit_code"),
    *(
        "unit_zh",
        "unit_en",
        "limit_value",
        "limit_unit",
        "suspended_at",
        "escalated_at",
        "village_code",
        "village_zh",
        "village_en",
    ),
    *("township_zh", "township_en", "grid_code", "requests", "recurs_of", "duplicate_of", "lon", "lat"),
    *("is_synthetic", "supervised_due_at"),
)
_TEXT = {"type": "string"}
QUERY = (
    Parameter("stage", "stages, between commas; by default all in which something is left to do", _TEXT),
    Parameter("category", "code of a category", _TEXT),
    Parameter("severity", "one severity", {"enum": [each.value for each in Severity]}),
    Parameter("unit", "code of the responsible unit; `own` for the caller's", _TEXT),
    Parameter("light", "how the limit stands", {"enum": list(LIGHTS)}),
    Parameter("village", "code of a village", _TEXT),
    Parameter("asks", "what is asked of the level above", {"enum": [each.value for each in RequestKind]}),
    Parameter("supervised", "1: those on the supervised list", _TEXT),
    Parameter("q", "words of title, place or number", _TEXT),
    Parameter("order", "what comes first", {"enum": list(QUEUE_ORDERS)}),
    Parameter("limit", "how many at most", {"type": "integer", "minimum": 1, "maximum": MOST}),
)
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00-\x08\x0e-\x1f]*$")]


class Target(Strict):
    """A hazard and the version of it that was seen."""

    id: uuid.UUID
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


class StepBody(Strict):
    """One step, for one hazard or many. ``id`` is made by the client, once, and sent again when it is repeated."""

    action: Action
    hazards: Annotated[list[Target], Field(min_length=1, max_length=loop_steps.MOST_AT_ONCE)]
    reason: Reason = ""
    unit: Code | None = None
    value: Annotated[int, Field(ge=1, le=LONGEST_VALUE)] | None = None
    id: uuid.UUID | None = None
    same_as: uuid.UUID | None = None


@blueprint.get("/queue")
@requires(Right.MOVE_HAZARD)
@contract("Cases to work on, and how many wait where", query=QUERY)
def queue() -> ResponseReturnValue:
    """Answer a list of cases with what the caller may do with each."""
    state, caller = current_app.extensions["jingwei"], current_caller()
    now = state.now()
    found = closed_loop.queue(state.engine, caller, queue_filter(caller.unit), now=now)
    cases = [{**case_json(row, now), "permitted": list(actions)} for row, actions in found["cases"]]
    return jsonify(cases=cases, counts=found["counts"], now=now.astimezone(UTC).isoformat())


@blueprint.get("/hazards/<uuid:hazard_id>/case")
@requires(Right.VIEW_MAP)
@contract("A hazard with its history and what the caller may do with it now")
def one_case(hazard_id: uuid.UUID) -> ResponseReturnValue:
    """Answer one case."""
    state = current_app.extensions["jingwei"]
    found = closed_loop.case(state.engine, current_caller(), hazard_id)
    shown = pictures.of_case(state.engine, current_caller().scope, hazard_id)
    return jsonify(
        case=case_json(found["case"], state.now()),
        events=[_plain(dict(event)) for event in found["events"]],
        permitted=list(found["permitted"]),
        route=_plain(dict(found["route"])),
        similar=[_plain(dict(each)) for each in found["similar"]],
        pictures=[picture_json(row) for row in shown],
        attached=[_plain(dict(each)) for each in found["attached"]],
    )


@blueprint.post("/steps")
@requires(Right.MOVE_HAZARD)
@contract("Take one step with some hazards: all of them or none", body=StepBody)
def take_step() -> ResponseReturnValue:
    """Take a step and answer the hazards as they are then."""
    state, wanted = current_app.extensions["jingwei"], body_of(StepBody)
    step = Step(wanted.action, wanted.reason, wanted.unit, wanted.value, wanted.id, wanted.same_as)
    targets = [(each.id, each.version) for each in wanted.hazards]
    moved = loop_steps.move(state.ledger, current_caller(), step, targets=targets)
    told = {"cases": [case_json(row, state.now()) for row in moved]}
    found = warnings_of({"reason": wanted.reason})
    return jsonify(told | ({"warnings": found} if found else {}))


def queue_filter(own_unit: str | None) -> QueueFilter:
    """Return the filter of the query string, the same on the list's page and in its address.

    Raises
    ------
    InvalidInput
        If a value is none of the allowed ones; names the parameter.
    """
    given = request.args
    unit = given.get("unit", "")[:40]
    return QueueFilter(
        stages=_each("stage", tuple(Stage)) or OPEN_STAGES,
        category=_safe(given.get("category", "")),
        severity=_one("severity", tuple(Severity)),
        # A unit that is none matches nothing, which is what somebody without one has to do.
        unit=(own_unit or "-") if unit == "own" else _safe(unit),
        light=_one("light", LIGHTS),
        village=_safe(given.get("village", "")),
        words=_safe(given.get("q", "")),
        asks=_one("asks", tuple(RequestKind)),
        supervised=given.get("supervised") == "1",
        order=_one("order", QUEUE_ORDERS) or "due",
        most=_limit(),
    )


def case_json(row: RowMapping, now: datetime) -> dict[str, Any]:
    """Return a case as JSON values, with its light."""
    return _plain({"id": row["id"], **{name: row[name] for name in FIELDS}}) | {"light": closed_loop.light_of(row, now)}


def _each(name: str, allowed: Sequence[str]) -> list[str]:
    wanted = [part for part in request.args.get(name, "").split(",") if part]
    for part in wanted:
        require_one_of(name, part, allowed)
    return wanted


def _one(name: str, allowed: Sequence[str]) -> str:
    wanted = request.args.get(name, "")
    if wanted:
        require_one_of(name, wanted, allowed)
    return wanted


def _safe(words: str) -> str:
    if "\0" in words:
        raise InvalidInput("A text holds a character that none has.", remedy="Leave it out.")
    return words[:80]


def _limit() -> int:
    given = request.args.get("limit", "200")
    if not (given.isascii() and given.isdecimal() and 1 <= int(given[:9]) <= MOST):
        raise InvalidInput("{name} is {value!r}.", remedy="Use 1 to {most}.", name="limit", value=given[:40], most=MOST)
    return int(given)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.astimezone(UTC).isoformat()
        if isinstance(value, datetime)
        else str(value)
        if isinstance(value, uuid.UUID)
        else value
        for name, value in values.items()
    }
