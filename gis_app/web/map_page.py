"""The command map."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify
from flask.typing import ResponseReturnValue

from gis_app.domain.rights import Right
from gis_app.exporters.formats import EXPORTERS
from gis_app.rendering.command_map import render_command_map
from gis_app.services import maps
from gis_app.web import pages, params
from gis_app.web.access import current_caller, requires
from gis_app.web.contract import contract
from gis_app.web.static_files import static_url

blueprint = Blueprint("map_page", __name__)


@blueprint.get("/")
@requires(Right.VIEW_MAP)
@contract("The command map", answers="text/html")
def command_map() -> ResponseReturnValue:
    """Show the map of the caller's scope."""
    return Response(render_command_map(_config(), nonce=g.nonce, static_url=static_url()), mimetype="text/html")


@blueprint.get("/api/map")
@requires(Right.VIEW_MAP)
@contract("The command map's configuration: layers, words and pages in one language")
def configuration() -> ResponseReturnValue:
    """Answer what the map needs to speak another language, and remember that language for the pages that follow."""
    return pages.keep_language(jsonify(_config()))


def _config() -> dict[str, Any]:
    state, language = current_app.extensions["jingwei"], params.locale()
    caller = current_caller()
    city = maps.city_state(state.engine, caller.scope, locale=language)
    config = maps.map_config(city, tuple(state.layers.values()), caller.scope, locale=language, now=state.now())
    config["basemaps"] = [each.described(language) for each in state.basemaps.values()]
    config["exportFormats"] = list(EXPORTERS) if Right.EXPORT in caller.scope.rights else []
    # A wall screen has nothing to log out of and no pages to go to.
    config["member"] = {
        "login": caller.scope.account,
        "csrf": caller.csrf,
        "pages": [
            {"place": place, "name": str(name)}
            for place, right, name in pages.PAGES[1:]
            if right in caller.scope.rights
        ],
    }
    return config
