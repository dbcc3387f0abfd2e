"""What was really patrolled: a night played again, coverage over nights, weeks and months, and one village."""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.periods import night_of
from gis_app.domain.rights import Right
from gis_app.services import patrol_replay
from gis_app.web import params
from gis_app.web.access import current_scope, requires
from gis_app.web.contract import contract

blueprint = Blueprint("patrols", __name__)
TRACKS = "patrol_tracks"
"""The layer of named tracks: a replay is a look at it."""


@blueprint.get("/patrols")
@requires(Right.VIEW_NAMED_TRACKS)
@contract("A night played again", query=(params.NIGHT_PARAMETER,), answers="text/html")
def page() -> ResponseReturnValue:
    """Show the page that plays a night; the look is noted when its tracks are asked for."""
    state = current_app.extensions["jingwei"]
    known = patrol_replay.nights(state.engine, current_scope())
    night = params.night() or (known[-1] if known else night_of(state.now()))
    # Where patrols are now belongs to the night that is now.
    is_live = Right.VIEW_LIVE_POSITIONS in current_scope().rights and night == night_of(state.now())
    return render_template("patrols.html", title=gettext("Patrols"), night=night, nights=known[-90:], is_live=is_live)


@blueprint.get("/api/patrols/replay")
@requires(Right.VIEW_NAMED_TRACKS)
@contract(
    "Tracks of a night with their times, and how long each planned stop was visited", query=(params.NIGHT_PARAMETER,)
)
def replay() -> ResponseReturnValue:
    """Answer a night; the look is noted before anything is told."""
    state = current_app.extensions["jingwei"]
    scope = current_scope()
    night = params.night() or max(patrol_replay.nights(state.engine, scope), default=night_of(state.now()))
    state.looks.note(scope, state.layers[TRACKS], night=night)
    told = patrol_replay.replay(state.engine, scope, night, srid=state.settings.metric_srid, language=params.locale())
    return jsonify(told)
