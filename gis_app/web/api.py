"""Figures, search and health, as JSON."""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from gis_app.domain.rights import Right
from gis_app.services import indicators, search
from gis_app.services.health import check
from gis_app.web import params
from gis_app.web.access import current_scope, open_to_all, requires
from gis_app.web.contract import Parameter, contract

blueprint = Blueprint("api", __name__, url_prefix="/api")


@blueprint.get("/kpi")
@requires(Right.VIEW_MAP)
@contract("The strip of figures", query=(*params.WINDOW_PARAMETERS, params.NIGHT_PARAMETER))
def kpi() -> ResponseReturnValue:
    """Answer the strip of figures for a window and a night."""
    state = current_app.extensions["jingwei"]
    return jsonify(
        indicators.strip(state.engine, current_scope(), params.window(), night=params.day("night"), now=state.now())
    )


@blueprint.get("/search")
@requires(Right.VIEW_MAP)
@contract("Places by name", query=(Parameter("q", "words of a name", {"type": "string"}),))
def find() -> ResponseReturnValue:
    """Answer the places whose name holds the words."""
    state = current_app.extensions["jingwei"]
    kinds = state.layers["facilities"].field_named("kind").values if "facilities" in state.layers else {}
    words = request.args.get("q", "")
    results = search.search(state.engine, current_scope(), words, locale=params.locale(), kinds=kinds)
    return jsonify(results=results)


@blueprint.get("/health")
@open_to_all
@contract("Whether the server and its database work")
def health() -> ResponseReturnValue:
    """Answer whether the server and its database work."""
    return jsonify(check(current_app.extensions["jingwei"].engine))
