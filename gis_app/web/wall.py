"""The wall: a page for screens that nobody touches, what it shows, and how a desk steers it."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from flask import Blueprint, Response, current_app, g, jsonify, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints

from gis_app.domain.rights import Right, Role
from gis_app.rendering.wall_page import render_wall
from gis_app.services import alerts, maps, scenes, wall
from gis_app.services.alert_words import told_alert
from gis_app.web import params
from gis_app.web.access import current_caller, current_scope, requires
from gis_app.web.bodies import Strict, body_of
from gis_app.web.contract import contract
from gis_app.web.log_in import keep_cookie
from gis_app.web.scenes import scene_json
from gis_app.web.static_files import static_url

blueprint = Blueprint("wall", __name__)


class WallCommand(Strict):
    """What the walls of an area shall show: a scene, or the carousel (none); an empty ``area`` is the caller's own."""

    scene: uuid.UUID | None = None
    paused: bool = False
    area: Annotated[str, StringConstraints(max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""


@blueprint.get("/wall")
@requires(Right.VIEW_MAP)
@contract("The wall: map, figures, alerts and tonight's duty for a screen that nobody touches", answers="text/html")
def page() -> ResponseReturnValue:
    """Show the wall of the caller's area; a wall screen's log-in is renewed with it."""
    state, language, caller = current_app.extensions["jingwei"], params.locale(), current_caller()
    city = maps.city_state(state.engine, caller.scope, locale=language)
    config = maps.map_config(city, tuple(state.layers.values()), caller.scope, locale=language, now=state.now())
    config["wall"] = {"desk": _own_code(), **_shown()}
    config["urls"] = {**config["urls"], "wall": "/api/wall"}
    page = render_wall(config, nonce=g.nonce, static_url=static_url())
    answer = Response(page, mimetype="text/html")
    if caller.role is Role.KIOSK:
        keep_cookie(answer, caller.expires_at)
    return answer


@blueprint.get("/api/wall")
@requires(Right.VIEW_MAP)
@contract("What a wall shows beside its map: figures, tonight's duty, alerts, scenes, and what it was told to show")
def shown() -> ResponseReturnValue:
    """Answer all that a wall shows."""
    return jsonify(_shown())


@blueprint.post("/api/wall/command")
@requires(Right.STEER_WALL)
@contract("Tell the walls of an area what to show", body=WallCommand)
def steer() -> ResponseReturnValue:
    """Steer the walls of an area and answer what they were told."""
    body, ledger = body_of(WallCommand), current_app.extensions["jingwei"].ledger
    return jsonify(wall.steer(ledger, current_scope(), scene=body.scene, paused=body.paused, area=body.area))


@blueprint.get("/wall/remote")
@requires(Right.STEER_WALL)
@contract("The remote control of the walls", answers="text/html")
def remote() -> ResponseReturnValue:
    """Show the scenes of the walls of the caller's area, each a button."""
    state, scope = current_app.extensions["jingwei"], current_scope()
    return render_template(
        "wall_remote.html",
        title=gettext("Wall"),
        scenes=[scene_json(row) for row in scenes.listed(state.engine, scope) if row["scope_path"] == scope.area_path],
        command=wall.command(state.engine, scope),
    )


def _shown() -> dict[str, Any]:
    state, scope = current_app.extensions["jingwei"], current_scope()
    return {
        **state.wall_figures.of(scope, now=state.now()),
        "now": state.now().isoformat(),
        "release": state.static_version,
        "alerts": [told_alert(row) for row in alerts.waiting(state.engine, scope)],
        "scenes": [scene_json(row) for row in scenes.of_wall(state.engine, scope)],
        "command": wall.command(state.engine, scope),
    }


def _own_code() -> str:
    return current_scope().area_path.rstrip("/").rpartition("/")[2]
