"""The command map."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, g
from flask.typing import ResponseReturnValue

from gis_app.domain.rights import Right
from gis_app.rendering.command_map import render_command_map
from gis_app.services import maps
from gis_app.web import params
from gis_app.web.access import current_scope, requires
from gis_app.web.static_files import static_url

blueprint = Blueprint("map_page", __name__)


@blueprint.get("/")
@requires(Right.VIEW_MAP)
def command_map() -> ResponseReturnValue:
    """Show the map of the caller's scope."""
    state, language = current_app.extensions["jingwei"], params.locale()
    city = maps.city_state(state.engine, current_scope(), locale=language)
    config = maps.map_config(city, tuple(state.layers.values()), current_scope(), locale=language, now=state.now())
    response = Response(render_command_map(config, nonce=g.nonce, static_url=static_url()), mimetype="text/html")
    response.set_cookie("lang", language, max_age=365 * 86400, samesite="Lax", httponly=True)
    return response
