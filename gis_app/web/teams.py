"""Plan against actual: a night's routes as planned and as done, and the work of each team."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.rights import Right
from gis_app.services import plan_following, team_reports
from gis_app.services.plan_following import NightFollowed
from gis_app.services.spreadsheet import as_csv
from gis_app.web import params
from gis_app.web.access import current_scope, requires
from gis_app.web.contract import contract
from gis_app.web.pages import named, word
from gis_app.web.patrols import TRACKS

blueprint = Blueprint("teams", __name__)
_ROUTE = (
    *("night", "team", "mode", "starts_at", "ends_at", "first_at", "last_at", "length_m", "walked_m", "followed_share"),
    *("off_route_m", "deviation_count", "farthest_m", "in_order_share", "planned", "visited", "passed", "missed"),
    "stayed_min",
)
_STOP = ("ordinal", "begins_at", "dwell_min", "state", "came_at", "stayed_min", "came_as", "lon", "lat")


@blueprint.get("/patrols/actual")
@requires(Right.VIEW_NAMED_TRACKS)
@contract("Routes and stops of a night as planned and as done", query=(params.NIGHT_PARAMETER,), answers="text/html")
def actual() -> ResponseReturnValue:
    """Show the routes of a night, each with its stops."""
    known = _followed()
    return render_template("actual.html", title=gettext("Plan against actual"), known=known, totals=_totals(known))


@blueprint.get("/api/patrols/actual")
@requires(Right.VIEW_NAMED_TRACKS)
@contract("Routes and stops of a night as planned and as done", query=(params.NIGHT_PARAMETER,))
def actual_as_json() -> ResponseReturnValue:
    """Answer the routes of a night with their stops."""
    known = _followed()
    return jsonify(
        night=known.night.isoformat(),
        routes=[
            {
                **{name: _plain(route[name]) for name in _ROUTE},
                "team_name": named(dict(route), "team"),
                "stops": [{name: _plain(stop[name]) for name in _STOP} for stop in known.stops.get(route["id"], ())],
            }
            for route in known.routes
        ],
    )


@blueprint.get("/api/patrols/actual.csv")
@requires(Right.VIEW_NAMED_TRACKS)
@contract("Planned stops of a night, one a row, as done", query=(params.NIGHT_PARAMETER,), answers="text/csv")
def actual_as_table() -> ResponseReturnValue:
    """Answer a row per planned stop as CSV, with the figures of its route."""
    known = _followed()
    heads = [
        *(gettext("Night"), gettext("Team"), gettext("Name"), gettext("Stop"), gettext("Village")),
        *(
            gettext("Planned time"),
            gettext("Minutes planned"),
            gettext("Result"),
            gettext("Came"),
            gettext("Minutes stayed"),
            gettext("Came as"),
        ),
        *(gettext("Route followed"), gettext("Off the route, m"), gettext("Deviations")),
    ]
    answer = Response(as_csv([heads, *_csv_rows(known)]), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="actual-{known.night}.csv"'
    return answer


@blueprint.get("/teams")
@requires(Right.VIEW_NAMED_TRACKS)
@contract("Teams with their work of the last 30 nights", answers="text/html")
def listed() -> ResponseReturnValue:
    """Show the teams, by code: they are not ranked."""
    state = current_app.extensions["jingwei"]
    known = team_reports.teams(state.engine, current_scope(), now=state.now())
    return render_template("teams.html", title=gettext("Teams"), known=known)


@blueprint.get("/teams/<code>")
@requires(Right.VIEW_NAMED_TRACKS)
@contract("One team: nights out, routes as planned and as done, villages", answers="text/html")
def one(code: str) -> ResponseReturnValue:
    """Show one team; the look is noted before anything is told."""
    state = current_app.extensions["jingwei"]
    known = team_reports.team(state.engine, current_scope(), code, now=state.now())
    state.looks.note(current_scope(), state.layers[TRACKS], track=f"team {known.team['code']}")
    return render_template("team.html", title=named(dict(known.team), "name"), known=known)


def _followed() -> NightFollowed:
    """Return the night that is asked for; the look is noted before anything is told."""
    state, scope = current_app.extensions["jingwei"], current_scope()
    known = plan_following.night_followed(state.engine, scope, params.night(), now=state.now())
    state.looks.note(scope, state.layers[TRACKS], night=known.night)
    return known


def _totals(known: NightFollowed) -> Mapping[str, Any]:
    done = [route for route in known.routes if route["is_known"]]
    counts = {name: sum(route[name] for route in done) for name in ("planned", "visited", "passed", "missed")}
    whole_m = sum(route["length_m"] for route in done)
    followed_m = sum(route["followed_share"] * route["length_m"] for route in done)
    return {
        **counts,
        "routes": len(known.routes),
        "out": sum(route["first_at"] is not None for route in done),
        "followed": followed_m / whole_m if whole_m else None,
        "deviations": sum(route["deviation_count"] for route in done),
    }


def _csv_rows(known: NightFollowed) -> Iterator[tuple[object, ...]]:
    for route in known.routes:
        for stop in known.stops.get(route["id"], ()):
            yield (
                known.night,
                route["team"],
                named(dict(route), "team"),
                stop["ordinal"],
                named(dict(stop), "village"),
                _cell(stop["begins_at"] or route["starts_at"]),
                stop["dwell_min"],
                word("stop_state", stop["state"]) if stop["state"] else "",
                *(_cell(stop[name]) for name in ("came_at", "stayed_min", "came_as")),
                *(_cell(route[name]) for name in ("followed_share", "off_route_m", "deviation_count")),
            )


def _cell(value: object) -> object:
    return "" if value is None else round(value, 4) if isinstance(value, float) else _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value
