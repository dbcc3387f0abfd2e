"""What was really patrolled: a night played again, coverage over nights, weeks and months, and one village."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from flask import Blueprint, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import night_of
from gis_app.domain.rights import Right
from gis_app.services import coverage_reports, patrol_replay
from gis_app.services.coverage_reports import KINDS, LEVELS, CoverageReport
from gis_app.web import params
from gis_app.web.access import current_scope, requires
from gis_app.web.contract import Parameter, contract

blueprint = Blueprint("patrols", __name__)
TRACKS = "patrol_tracks"
"""The layer of named tracks: a replay is a look at it."""
_COVERAGE_PARAMETERS = (
    Parameter("kind", "night, week or month", {"type": "string", "enum": list(KINDS)}),
    Parameter("night", "a night of it, the newest by default", {"type": "string", "format": "date"}),
    Parameter("by", "areas of this level", {"type": "string", "enum": list(LEVELS)}),
)


@blueprint.get("/patrols")
@requires(Right.VIEW_NAMED_TRACKS)
@contract("A night played again", query=(params.NIGHT_PARAMETER,), answers="text/html")
def page() -> ResponseReturnValue:
    """Show the page that plays a night; the look is noted when its tracks are asked for."""
    state = current_app.extensions["jingwei"]
    known = patrol_replay.nights(state.engine, current_scope())
    night = _night() or (known[-1] if known else night_of(state.now()))
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
    night = _night() or max(patrol_replay.nights(state.engine, scope), default=night_of(state.now()))
    state.looks.note(scope, state.layers[TRACKS], night=night)
    told = patrol_replay.replay(state.engine, scope, night, srid=state.settings.metric_srid, language=params.locale())
    return jsonify(told)


@blueprint.get("/coverage")
@requires(Right.VIEW_AGGREGATES)
@contract("Streets walked and risk left out by area", query=_COVERAGE_PARAMETERS, answers="text/html")
def coverage() -> ResponseReturnValue:
    """Show the areas, those with most risk left out first."""
    level = _one_of("by", LEVELS, "village")
    known = _report(level)
    return render_template("coverage.html", title=gettext("Coverage"), known=known, level=level)


@blueprint.get("/api/coverage")
@requires(Right.VIEW_AGGREGATES)
@contract("Streets walked and risk left out by area", query=_COVERAGE_PARAMETERS)
def coverage_as_json() -> ResponseReturnValue:
    """Answer the areas, those with most risk left out first."""
    known = _report(_one_of("by", LEVELS, "village"))
    return jsonify(
        {
            "kind": known.nights.kind,
            "first": known.nights.first.isoformat(),
            "last": known.nights.last.isoformat(),
            "risk_left": known.risk_left,
            "areas": [{name: _plain(value) for name, value in row.items()} for row in known.rows],
        }
    )


@blueprint.get("/villages/<code>")
@requires(Right.VIEW_AGGREGATES)
@contract("When somebody was last in a village, and what was found", answers="text/html")
def village(code: str) -> ResponseReturnValue:
    """Show one village of the caller's area."""
    state = current_app.extensions["jingwei"]
    known = coverage_reports.village_report(state.engine, current_scope(), code, now=state.now())
    grids = known.grids.sort_values(["risk_left", "code"], ascending=[False, True]).to_dict("records")
    return render_template(
        "village.html",
        title=known.village["name_en" if params.locale() == "en" else "name_zh"] or known.village["name_zh"],
        known=known,
        grids=[{str(name): _shown(value) for name, value in grid.items()} for grid in grids],
    )


def _report(level: str) -> CoverageReport:
    state = current_app.extensions["jingwei"]
    kind = _one_of("kind", KINDS, "week")
    return coverage_reports.report(
        state.engine, current_scope(), kind=kind, night=_night(), level=level, now=state.now()
    )


def _night() -> date | None:
    night = params.day("night")
    if night is not None and not 1990 <= night.year <= 2200:
        raise InvalidInput(
            "{name} is {value!r}, not a day.", remedy="Write it as 2026-11-23.", name="night", value=str(night)
        )
    return night


def _one_of(name: str, known: tuple[str, ...], default: str) -> str:
    given = request.args.get(name) or default
    if given not in known:
        raise InvalidInput(
            "{name} is {value!r}.", remedy="Use one of {known}.", name=name, value=given[:40], known=", ".join(known)
        )
    return given


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _shown(value: Any) -> Any:
    """Return None for what a table cannot show: NaN and NaT differ from themselves."""
    return None if value is None or value != value else value
