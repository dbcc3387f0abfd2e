"""Pages of inspections: who owes what and what is planned, and one inspection as it is made with a phone."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import RowMapping

from gis_app.domain.duties import InspectionKind, InspectionState, day_of, period_name
from gis_app.domain.errors import Conflict, Forbidden, InvalidInput, JingweiError
from gis_app.domain.hazards import Severity
from gis_app.domain.rights import Right
from gis_app.rendering.map_page import safe_json
from gis_app.services import closed_loop, duties, inspection_lists, inspections
from gis_app.services.inspections import Plan
from gis_app.web import params
from gis_app.web.access import current_caller, requires
from gis_app.web.background import background_map
from gis_app.web.contract import contract
from gis_app.web.errors import sentence_of, status_of
from gis_app.web.inspection_api import QUERY, checklist_json, finding_json, inspection_json, list_filter
from gis_app.web.pages import word

blueprint = Blueprint("inspections", __name__)
MOST_OWED = 60
_PLAN_FIELDS = ("id", "kind", "area", "planned_for", "unannounced", "note")


@blueprint.get("/inspections")
@requires(Right.VIEW_MAP)
@contract("Inspections, who owes what, and a form to plan one", query=QUERY, answers="text/html")
def page() -> ResponseReturnValue:
    """Show what is still to be done, and inspections planned, under way and over."""
    return _list()


@blueprint.post("/inspections")
@requires(Right.INSPECT)
@contract("Plan an inspection", form=_PLAN_FIELDS, answers="text/html")
def plan() -> ResponseReturnValue:
    """Plan an inspection and show it."""
    state = current_app.extensions["jingwei"]
    try:
        done = inspections.plan(state.ledger, current_caller(), _plan())
    except (Conflict, Forbidden, InvalidInput) as error:
        return _list(error)
    return redirect(f"/inspections/{done.inspection['id']}", HTTPStatus.SEE_OTHER)


@blueprint.get("/inspections/<uuid:inspection_id>")
@requires(Right.VIEW_MAP)
@contract("One inspection with its checklist, made for a phone", answers="text/html")
def one(inspection_id: uuid.UUID) -> ResponseReturnValue:
    """Show an inspection; who makes it answers its checklist here and adds findings."""
    state, caller = current_app.extensions["jingwei"], current_caller()
    found = inspection_lists.one(state.engine, caller, inspection_id)
    row, language = found["inspection"], params.locale()
    return render_template(
        "inspection.html",
        title=gettext("Inspection"),
        inspection=row,
        name=_area_words(row),
        checklist=checklist_json(found["checklist"]),
        findings=found["findings"],
        may_change=found["may_change"],
        is_under_way=row["state"] == InspectionState.UNDER_WAY,
        categories=closed_loop.choices(state.engine, caller)["categories"],
        severities=list(Severity),
        config=safe_json(_config(found)) if found["may_change"] else "",
        language=language,
    )


def _plan() -> Plan:
    form = request.form
    kind = form.get("kind", "")
    if kind not in tuple(InspectionKind):
        raise InvalidInput("No kind of inspection was chosen.", remedy="Choose one.")
    try:
        identity = uuid.UUID(form.get("id", ""))
    except ValueError:
        raise InvalidInput("The form is not complete.", remedy="Load the page again.") from None
    given = params.day_of(form.get("planned_for", ""), name="planned_for")
    today = day_of(InspectionKind(kind), current_app.extensions["jingwei"].now())
    note = "".join(sign for sign in form.get("note", "")[:2000] if sign >= " " or sign == "\n")
    return Plan(
        identity, InspectionKind(kind), form.get("area", ""), given or today, form.get("unannounced") == "1", note
    )


def _list(error: JingweiError | None = None) -> Response:
    state, caller = current_app.extensions["jingwei"], current_caller()
    now, wanted = state.now(), list_filter()
    page = render_template(
        "inspections.html",
        title=gettext("Inspections"),
        rows=inspection_lists.listed(state.engine, caller, wanted),
        wanted=wanted,
        areas=inspection_lists.areas_to_inspect(state.engine, caller),
        owed=[
            {
                "duty": duty,
                "known": known,
                "rows": still_open[:MOST_OWED],
                "count": len(still_open),
                "period": period_name(duty.interval, known.periods[0]),
                "until": known.periods[0].last_day,
            }
            for duty, known, still_open in duties.owed_now(state.engine, caller.scope, now=now)
        ],
        kinds=list(InspectionKind),
        states=list(InspectionState),
        new_id=uuid.uuid4,
        level=caller.level,
        today=day_of(InspectionKind.NIGHT_CHECK, now),
        typed=request.form,
        error=sentence_of(error) if error else "",
        area_words=_area_words,
    )
    return Response(page, mimetype="text/html", status=status_of(error) if error else HTTPStatus.OK)


def _area_words(row: RowMapping | Mapping[str, Any]) -> str:
    """Return an area's name, by its code where it has none."""
    first, second = ("area_en", "area_zh") if params.locale() == "en" else ("area_zh", "area_en")
    return str(row[first] or row[second] or row["area_code"])


def _config(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the page's script needs: the map's configuration, the inspection, and words."""
    state, caller = current_app.extensions["jingwei"], current_caller()
    outline, row = found["outline"], found["inspection"]
    return {
        **background_map(),
        "csrf": caller.csrf,
        "account": caller.scope.account,
        "now": state.now().astimezone(UTC).isoformat(),
        "inspection": inspection_json(row),
        "checklist": checklist_json(found["checklist"]),
        "findings": [finding_json(each) for each in found["findings"]],
        "outline": json.loads(outline["shape"]) if outline else None,
        "words": _words(),
    }


def _words() -> dict[str, str]:
    """Return the words that the script says."""
    return {
        "saved": gettext("Everything is saved."),
        "sending": gettext("Sending…"),
        "kept": gettext("No connection. Your answers are kept on this phone and sent again by themselves."),
        "no_connection": gettext("No connection. Try again."),
        "logged_out": gettext("You are logged out. Your answers are kept on this phone: log in again."),
        "progress": gettext("{done} of {all} answered"),
        "waiting": gettext("waits to be sent"),
        "locating": gettext("Asking for the position…"),
        "no_position": gettext("The position is not known. Tap the map or type the coordinates."),
        "position": gettext("Position known to {metres} m"),
        "no_place": gettext("Choose a place first: the position, a tap on the map, or coordinates."),
        "outside": gettext("This place lies outside the area."),
        "sure_cancel": gettext("Cancel this inspection?"),
        "open_case": gettext("open the case"),
        "reported": str(word("stage", "reported")),
    }
