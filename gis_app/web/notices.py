"""What happened that waits for the caller: a page, and a count for the sign on every page."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, current_app, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.rights import Right
from gis_app.services import absences, notices
from gis_app.web.access import current_caller, requires
from gis_app.web.contract import contract

blueprint = Blueprint("notices", __name__)
_LARGEST = 2**62


@blueprint.get("/notices")
@requires(Right.MOVE_HAZARD)
@contract("What happened that waits for the caller, of the last 30 days", answers="text/html")
def page() -> ResponseReturnValue:
    """Show the newest notices, those not read yet marked."""
    state = current_app.extensions["jingwei"]
    return render_template(
        "notices.html",
        title=gettext("Notices"),
        news=notices.news(state.engine, current_caller(), now=state.now()),
        away=absences.news(state.engine, current_caller(), now=state.now()),
        days=notices.SHOWN_DAYS,
    )


@blueprint.post("/notices/read")
@requires(Right.MOVE_HAZARD)
@contract("Mark notices as read, up to one", form=("upto", "absences"), answers="text/html")
def mark_read() -> ResponseReturnValue:
    """Mark what was shown as read; what came since stays unread."""
    state, upto = current_app.extensions["jingwei"], request.form.get("upto", "")
    if upto.isascii() and upto.isdecimal():
        notices.mark_read(state.engine, current_caller(), upto=min(int(upto[:20]), _LARGEST))
    seen = request.form.get("absences", "")
    if seen.isascii() and seen.isdecimal():
        absences.mark_read(state.engine, current_caller(), upto=min(int(seen[:20]), _LARGEST))
    return redirect("/notices", HTTPStatus.SEE_OTHER)


@blueprint.get("/api/notices/unread")
@requires(Right.MOVE_HAZARD)
@contract("How many notices the caller has not read")
def unread() -> ResponseReturnValue:
    """Answer the count; ``most`` says from where on it is not counted further."""
    state = current_app.extensions["jingwei"]
    count = notices.unread_count(state.engine, current_caller(), now=state.now())
    count += absences.unread_count(state.engine, current_caller(), now=state.now())
    return jsonify(unread=min(count, notices.MOST_COUNTED), most=notices.MOST_COUNTED)
