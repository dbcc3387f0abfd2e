"""Pages of the closed loop: the desk's queue, a unit's own tasks, and one case with its history."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.errors import Conflict, Forbidden, InvalidInput, JingweiError
from gis_app.domain.rights import Right
from gis_app.domain.transitions import TRANSITIONS, Action, Rule
from gis_app.rendering.map_page import safe_json
from gis_app.services import closed_loop, loop_steps, pictures
from gis_app.services.loop_values import NEEDS_VALUE, Step
from gis_app.web.access import current_caller, requires
from gis_app.web.background import background_map
from gis_app.web.closed_loop import QUERY, case_json, queue_filter
from gis_app.web.contract import contract
from gis_app.web.errors import sentence_of, status_of
from gis_app.web.pictures import picture_json
from gis_app.web.screening import PersonalDataFound, require_confirmed

blueprint = Blueprint("cases", __name__)
"""What the map beside the queue shows below the cases."""
_STEP_FIELDS = ("action", "reason", "unit", "value", "version", "id", "same_as", "confirmed")


@blueprint.get("/desk")
@requires(Right.MOVE_HAZARD)
@contract("The queue of the desk with its map", query=QUERY, answers="text/html")
def desk() -> ResponseReturnValue:
    """Show the cases that a filter chooses, by deadline, and what can be done with them."""
    return _desk()


@blueprint.post("/desk/steps")
@requires(Right.MOVE_HAZARD)
@contract(
    "One step with the cases chosen",
    form=("action", "hazard", "reason", "unit", "back", "confirmed"),
    answers="text/html",
)
def desk_step() -> ResponseReturnValue:
    """Take one step with all chosen cases and go back to the queue."""
    state = current_app.extensions["jingwei"]
    try:
        targets = [_target(each) for each in request.form.getlist("hazard")]
        loop_steps.move(state.ledger, current_caller(), _step(), targets=targets)
    except (Conflict, Forbidden, InvalidInput) as error:
        return _desk(error)
    back = urlsplit(request.form.get("back", ""))
    return redirect(f"/desk?{back.query}" if back.query.isprintable() else "/desk", HTTPStatus.SEE_OTHER)


@blueprint.get("/tasks")
@requires(Right.MOVE_HAZARD)
@contract("The cases of the caller's own unit", answers="text/html")
def tasks() -> ResponseReturnValue:
    """Show what the caller's unit has to handle, the most urgent first."""
    state, caller = current_app.extensions["jingwei"], current_caller()
    wanted = closed_loop.own_tasks(caller)
    found = closed_loop.queue(state.engine, caller, wanted, now=state.now())
    return render_template(
        "tasks.html",
        title=gettext("My tasks"),
        cases=[{**case_json(row, state.now()), "permitted": actions} for row, actions in found["cases"]],
        has_unit=caller.unit is not None,
        now=state.now(),
    )


@blueprint.get("/cases/<uuid:hazard_id>")
@requires(Right.VIEW_MAP)
@contract("One case with its history", answers="text/html")
def one_case(hazard_id: uuid.UUID) -> ResponseReturnValue:
    """Show a case, its history, and a form for each step the caller may take now."""
    return _case(hazard_id)


@blueprint.post("/cases/<uuid:hazard_id>/steps")
@requires(Right.MOVE_HAZARD)
@contract("One step with one case", form=_STEP_FIELDS, answers="text/html")
def case_step(hazard_id: uuid.UUID) -> ResponseReturnValue:
    """Take a step and show the case anew."""
    state = current_app.extensions["jingwei"]
    try:
        target = _target(f"{hazard_id}:{request.form.get('version', '')}")
        loop_steps.move(state.ledger, current_caller(), _step(), targets=[target])
    except (Conflict, Forbidden, InvalidInput) as error:
        return _case(hazard_id, error)
    return redirect(f"/cases/{hazard_id}", HTTPStatus.SEE_OTHER)


def _step() -> Step:
    form = request.form
    require_confirmed({"reason": form.get("reason", "")})
    if form.get("action", "") not in tuple(Action):
        raise InvalidInput("No step was chosen.", remedy="Choose one.")
    value = form.get("value", "")
    return Step(
        Action(form["action"]),
        reason=form.get("reason", "")[:500].replace("\0", ""),
        unit=form.get("unit") or None,
        value=int(value) if value.isascii() and value.isdecimal() and len(value) < 6 else None,
        client_id=_uuid(form.get("id", "")),
        same_as=_uuid(form.get("same_as", "")),
    )


def _target(text: str) -> tuple[uuid.UUID, int]:
    identity, _, version = text.partition(":")
    known = _uuid(identity)
    if known is None or not (version.isascii() and version.isdecimal() and len(version) < 10):
        raise InvalidInput("No case was chosen.", remedy="Choose at least one.")
    return known, int(version)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _desk(error: JingweiError | None = None) -> Response:
    state, caller = current_app.extensions["jingwei"], current_caller()
    now = state.now()
    found = closed_loop.queue(state.engine, caller, queue_filter(caller.unit), now=now)
    cases = [{**case_json(row, now), "permitted": list(actions)} for row, actions in found["cases"]]
    choices = closed_loop.choices(state.engine, caller)
    page = render_template(
        "desk.html",
        title=gettext("Desk"),
        cases=cases,
        counts=found["counts"],
        now=now,
        wanted=request.args,
        query=urlencode(list(request.args.items(multi=True))),
        needs_reason=sorted(action.value for action, row in TRANSITIONS.items() if Rule.REASON in row.rules),
        actions=[
            action
            for action in Action
            if action not in NEEDS_VALUE and any(action in case["permitted"] for case in cases)
        ],
        error=sentence_of(error) if error else "",
        must_confirm=isinstance(error, PersonalDataFound),
        config=safe_json(_map_config(cases)),
        **choices,
    )
    return Response(page, mimetype="text/html", status=status_of(error) if error else HTTPStatus.OK)


def _map_config(cases: list[dict[str, Any]]) -> Mapping[str, Any]:
    """Return what the map beside the queue needs: the command map's configuration, and the cases as points."""
    points = [{name: case[name] for name in ("id", "lon", "lat", "light", "severity", "title")} for case in cases]
    return {**background_map(), "cases": points}


def _case(hazard_id: uuid.UUID, error: JingweiError | None = None) -> Response:
    state, caller = current_app.extensions["jingwei"], current_caller()
    found = closed_loop.case(state.engine, caller, hazard_id)
    page = render_template(
        "case.html",
        title=found["case"]["title"],
        case=case_json(found["case"], state.now()),
        row=found["case"],
        events=found["events"],
        route=found["route"],
        similar=found["similar"],
        attached=found["attached"],
        pictures=[
            {**picture_json(row), "may_withdraw": pictures.may_withdraw(caller.scope, row)}
            for row in pictures.of_case(state.engine, caller.scope, hazard_id)
        ],
        may_send=bool({Right.REPORT_HAZARD, Right.MOVE_HAZARD} & caller.scope.rights),
        steps=[
            {"action": action, "needs_reason": Rule.REASON in TRANSITIONS[action].rules}
            for action in found["permitted"]
        ],
        typed=request.form,
        step_id=uuid.uuid4(),
        error=sentence_of(error) if error else "",
        must_confirm=isinstance(error, PersonalDataFound),
        **closed_loop.choices(state.engine, caller),
    )
    return Response(page, mimetype="text/html", status=status_of(error) if error else HTTPStatus.OK)
