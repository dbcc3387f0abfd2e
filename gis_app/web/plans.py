"""Pages of patrol plans: all plans and a form, one plan on its map, and a team's route on a phone or on paper."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.errors import Conflict, InvalidInput, JingweiError
from gis_app.domain.patrol_plans import EDITABLE
from gis_app.domain.rights import Right
from gis_app.rendering.map_page import safe_json
from gis_app.services import patrol_plans, plan_making
from gis_app.services.plan_comparison import compared
from gis_app.services.plan_edits import is_under_way
from gis_app.web.access import current_caller, current_scope, requires
from gis_app.web.background import background_map
from gis_app.web.contract import contract
from gis_app.web.errors import sentence_of, status_of
from gis_app.web.pages import named
from gis_app.web.plan_api import shown_json
from gis_app.web.plan_forms import FIELDS, wish_of_form
from gis_app.web.plan_words import plan_words

blueprint = Blueprint("plans", __name__)


@blueprint.get("/plans")
@requires(Right.PLAN_PATROLS)
@contract("Plans of patrols, and a form to make one", answers="text/html")
def page() -> ResponseReturnValue:
    """Show the plans of the caller's area."""
    return _list()


@blueprint.post("/plans")
@requires(Right.PLAN_PATROLS)
@contract("Plan a night", form=FIELDS, answers="text/html")
def make() -> ResponseReturnValue:
    """Make a plan and show it."""
    state = current_app.extensions["jingwei"]
    try:
        done = plan_making.make(state.ledger, current_caller(), wish_of_form(), srid=state.settings.metric_srid)
    except (Conflict, InvalidInput) as error:
        return _list(error)
    return redirect(f"/plans/{done.plan['id']}", HTTPStatus.SEE_OTHER)


@blueprint.get("/plans/<uuid:plan_id>")
@requires(Right.PLAN_PATROLS)
@contract("One plan on the map, to be edited", answers="text/html")
def one(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Show a plan with its routes, reasons, what was left out, and its versions."""
    state, caller = current_app.extensions["jingwei"], current_caller()
    shown = patrol_plans.one(state.engine, caller, plan_id)
    config = {
        **background_map(),
        "csrf": caller.csrf,
        "plan": shown_json(shown),
        "editable": shown.plan["state"] in EDITABLE,
        "words": plan_words(),
    }
    return render_template(
        "plan.html",
        title=gettext("Patrol plan"),
        plan=shown.plan,
        is_under_way=is_under_way(shown.plan, state.now()),
        others=[row for row in patrol_plans.listed(state.engine, caller.scope) if row["id"] != plan_id][:20],
        has_tracks=shown.plan["state"] in ("published", "closed"),
        villages=_villages(shown.plan["content"]["stops"]),
        config=safe_json(config),
    )


@blueprint.get("/plans/<uuid:plan_id>/beside/<uuid:other_id>")
@requires(Right.PLAN_PATROLS)
@contract("Two plans side by side", answers="text/html")
def beside(plan_id: uuid.UUID, other_id: uuid.UUID) -> ResponseReturnValue:
    """Show how two plans differ."""
    engine, caller = current_app.extensions["jingwei"].engine, current_caller()
    first, second = (patrol_plans.one(engine, caller, each).plan for each in (plan_id, other_id))
    return render_template(
        "plans_beside.html",
        title=gettext("Two plans side by side"),
        first=first,
        second=second,
        known=compared(first["content"], second["content"]),
    )


def _list(error: JingweiError | None = None) -> Response:
    state, scope = current_app.extensions["jingwei"], current_scope()
    rendered = render_template(
        "plans.html",
        title=gettext("Patrol plans"),
        rows=patrol_plans.listed(state.engine, scope),
        choices=patrol_plans.choices(state.engine, scope),
        tonight=patrol_plans.tonight(state.now()),
        typed=request.form,
        new_id=uuid.uuid4(),
        error=sentence_of(error) if error else "",
    )
    return Response(rendered, mimetype="text/html", status=status_of(error) if error else HTTPStatus.OK)


def _villages(stops: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return codes and names of the villages that have candidates."""
    return sorted({stop["village"]: named(stop, "village") for stop in stops if stop["village"]}.items())
