"""The page that reports a hazard from a phone: place, category, words, pictures."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.rights import Right
from gis_app.rendering.map_page import safe_json
from gis_app.services import closed_loop, maps
from gis_app.web import params
from gis_app.web.access import current_caller, requires
from gis_app.web.cases import MAP_LAYERS
from gis_app.web.contract import contract
from gis_app.web.static_files import static_url

blueprint = Blueprint("report", __name__)


@blueprint.get("/report")
@requires(Right.REPORT_HAZARD)
@contract("A form to report a hazard", answers="text/html")
def page() -> ResponseReturnValue:
    """Show the form."""
    state, caller, language = current_app.extensions["jingwei"], current_caller(), params.locale()
    city = maps.city_state(state.engine, caller.scope, locale=language)
    layers = tuple(layer for layer in state.layers.values() if layer.id in MAP_LAYERS)
    config = maps.map_config(city, layers, caller.scope, locale=language, now=state.now())
    return render_template(
        "report.html",
        title=gettext("Report a hazard"),
        config=safe_json({**config, "staticUrl": static_url()}),
        **closed_loop.choices(state.engine, caller),
    )
