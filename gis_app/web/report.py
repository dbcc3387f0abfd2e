"""The page that reports a hazard from a phone: place, category, words, pictures."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.rights import Right
from gis_app.rendering.map_page import safe_json
from gis_app.services import closed_loop
from gis_app.web.access import current_caller, requires
from gis_app.web.background import background_map
from gis_app.web.contract import contract

blueprint = Blueprint("report", __name__)


@blueprint.get("/report")
@requires(Right.REPORT_HAZARD)
@contract("A form to report a hazard", answers="text/html")
def page() -> ResponseReturnValue:
    """Show the form."""
    state, caller = current_app.extensions["jingwei"], current_caller()
    return render_template(
        "report.html",
        title=gettext("Report a hazard"),
        config=safe_json(background_map()),
        **closed_loop.choices(state.engine, caller),
    )
