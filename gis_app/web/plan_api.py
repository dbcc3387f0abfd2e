"""Plans of patrols over HTTP: made, edited, moved through their states, and taken away as files."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import RowMapping

from gis_app.domain.errors import require_one_of
from gis_app.domain.rights import Right
from gis_app.services import patrol_plans, plan_changes, plan_fits, plan_making
from gis_app.services.patrol_plans import ShownPlan
from gis_app.services.plan_edits import is_under_way
from gis_app.services.plan_files import PLAN_FILES, plan_file
from gis_app.web.access import current_caller, requires
from gis_app.web.bodies import body_of
from gis_app.web.contract import Parameter, contract
from gis_app.web.plan_bodies import CopyBody, EditBody, PlanBody, RestoreBody, StepBody

blueprint = Blueprint("plan_api", __name__, url_prefix="/api")
FIELDS = ("night", "title", "area_code", "area_zh", "area_en", "state", "version", "account", "approved_by")


@blueprint.get("/plans")
@requires(Right.PLAN_PATROLS)
@contract("Plans of patrols in the caller's area, the newest night first")
def list_plans() -> ResponseReturnValue:
    """Answer a list of plans."""
    rows = patrol_plans.listed(current_app.extensions["jingwei"].engine, current_caller().scope)
    return jsonify(plans=[plan_json(row) for row in rows])


@blueprint.post("/plans")
@requires(Right.PLAN_PATROLS)
@contract("Plan a night; repeated with the same id and body it is planned once", body=PlanBody, created=True)
def make() -> ResponseReturnValue:
    """Make a plan: 201, or 200 when it was made before."""
    state = current_app.extensions["jingwei"]
    done = plan_making.make(state.ledger, current_caller(), body_of(PlanBody).wish(), srid=state.settings.metric_srid)
    answer = jsonify(plan_json(done.plan))
    answer.status_code = HTTPStatus.CREATED if done.is_new else HTTPStatus.OK
    answer.headers["Location"] = f"/api/plans/{done.plan['id']}"
    return answer


@blueprint.get("/plans/<uuid:plan_id>")
@requires(Right.PLAN_PATROLS)
@contract("One plan with its teams, candidates, routes and reasons")
def one(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Answer one plan."""
    return jsonify(shown_json(patrol_plans.one(current_app.extensions["jingwei"].engine, current_caller(), plan_id)))


@blueprint.post("/plans/<uuid:plan_id>/edits")
@requires(Right.PLAN_PATROLS)
@contract("Change a plan and solve it anew around what is locked", body=EditBody)
def edit(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Edit a plan and answer it as it is then; once its shift has begun, what is done is kept."""
    state, caller, body = current_app.extensions["jingwei"], current_caller(), body_of(EditBody)
    plan = patrol_plans.one(state.engine, caller, plan_id).plan
    wanted = body.edit(keep_done=is_under_way(plan, state.now()))
    plan_changes.edit(state.ledger, caller, plan_id, wanted, srid=state.settings.metric_srid)
    return one(plan_id)


@blueprint.get("/plans/<uuid:plan_id>/fits/<stop>")
@requires(Right.PLAN_PATROLS)
@contract("Minutes that a stop would add to each team's route as it is; null where it does not fit")
def fits(plan_id: uuid.UUID, stop: str) -> ResponseReturnValue:
    """Answer at once whether a stop fits, before anything is solved anew."""
    state, scope = current_app.extensions["jingwei"], current_caller().scope
    return jsonify(plan_fits.fits(state.engine, scope, plan_id, stop, srid=state.settings.metric_srid))


@blueprint.post("/plans/<uuid:plan_id>/steps")
@requires(Right.PLAN_PATROLS)
@contract("Approve, publish, close or withdraw a plan", body=StepBody)
def take_step(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Take a step with a plan and answer it as it is then."""
    body = body_of(StepBody)
    state = current_app.extensions["jingwei"]
    srid = state.settings.metric_srid
    plan_changes.take_step(state.ledger, current_caller(), plan_id, body.step, version=body.version, srid=srid)
    return one(plan_id)


@blueprint.post("/plans/<uuid:plan_id>/copies")
@requires(Right.PLAN_PATROLS)
@contract("Copy a plan as a draft, to try out what if", body=CopyBody, created=True)
def copy(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Copy a plan: 201, or 200 when this copy was made before."""
    ledger = current_app.extensions["jingwei"].ledger
    done = plan_making.copy(ledger, current_caller(), plan_id, body_of(CopyBody).id)
    answer = jsonify(plan_json(done.plan))
    answer.status_code = HTTPStatus.CREATED if done.is_new else HTTPStatus.OK
    answer.headers["Location"] = f"/api/plans/{done.plan['id']}"
    return answer


@blueprint.post("/plans/<uuid:plan_id>/restore")
@requires(Right.PLAN_PATROLS)
@contract("Make an earlier version of a plan the newest one", body=RestoreBody)
def restore(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Undo edits and answer the plan as it is then."""
    body = body_of(RestoreBody)
    ledger = current_app.extensions["jingwei"].ledger
    plan_changes.restore(ledger, current_caller(), plan_id, version=body.version, number=body.number)
    return one(plan_id)


@blueprint.get("/plans/<uuid:plan_id>/file.<kind>")
@requires(Right.PLAN_PATROLS)
@contract(
    "A plan as a file: gpx, kml, geojson or ics",
    query=(Parameter("team", "code of the only team wanted", {"type": "string"}),),
    answers="application/geo+json",
)
def as_file(plan_id: uuid.UUID, kind: str) -> ResponseReturnValue:
    """Answer a plan as a file."""
    require_one_of("file", kind, PLAN_FILES)
    plan = patrol_plans.one(current_app.extensions["jingwei"].engine, current_caller(), plan_id).plan
    words, content_type = plan_file(plan, kind, team=request.args.get("team", "")[:40])
    answer = Response(words, mimetype=content_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="patrols-{plan["night"]}.{kind}"'
    return answer


def plan_json(row: RowMapping | Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan's facts for programs."""
    facts = {name: str(row[name]) if name == "night" else row[name] for name in FIELDS}
    return {"id": str(row["id"]), **facts, "changed_at": row["changed_at"].astimezone(UTC).isoformat()}


def shown_json(shown: ShownPlan) -> dict[str, Any]:
    """Return a plan with its content, versions, published routes and possible steps."""
    return {
        **plan_json(shown.plan),
        "content": shown.plan["content"],
        "routes": shown.routes,
        "steps": list(shown.steps),
        "versions": [{**row, "at": row["at"].astimezone(UTC).isoformat()} for row in shown.versions],
    }
