"""Pages of patrol plans: all plans and a form, one plan on its map, and a team's route on a phone or on paper."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from http import HTTPStatus
from typing import Any

import numpy as np
import segno
from flask import Blueprint, Response, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup
from sqlalchemy import RowMapping

from gis_app.domain.errors import Conflict, InvalidInput, JingweiError
from gis_app.domain.patrol_plans import EDITABLE
from gis_app.domain.periods import CITY_TIME
from gis_app.domain.rights import Right
from gis_app.rendering.command_map import safe_json
from gis_app.services import maps, patrol_plans
from gis_app.services.patrol_plans import MAX_LOSS, PlanWish
from gis_app.services.plan_comparison import compared
from gis_app.services.plan_edits import is_under_way
from gis_app.web import params
from gis_app.web.access import current_caller, current_scope, requires
from gis_app.web.contract import contract
from gis_app.web.errors import sentence_of, status_of
from gis_app.web.pages import WORDS
from gis_app.web.plan_api import shown_json
from gis_app.web.static_files import static_url

blueprint = Blueprint("plans", __name__)
MAP_LAYERS = ("land", "water", "streets", "townships", "villages")
_FORM = ("id", "area", "night", "starts", "ends", "teams", "most_stops", "loss", "title")
SHEET_PX = (640, 420)


@blueprint.get("/plans")
@requires(Right.PLAN_PATROLS)
@contract("Plans of patrols, and a form to make one", answers="text/html")
def page() -> ResponseReturnValue:
    """Show the plans of the caller's area."""
    return _list()


@blueprint.post("/plans")
@requires(Right.PLAN_PATROLS)
@contract("Plan a night", form=_FORM, answers="text/html")
def make() -> ResponseReturnValue:
    """Make a plan and show it."""
    state = current_app.extensions["jingwei"]
    try:
        done = patrol_plans.make(state.ledger, current_caller(), _wish(), srid=state.settings.metric_srid)
    except (Conflict, InvalidInput) as error:
        return _list(error)
    return redirect(f"/plans/{done.plan['id']}", HTTPStatus.SEE_OTHER)


@blueprint.get("/plans/<uuid:plan_id>")
@requires(Right.PLAN_PATROLS)
@contract("One plan on the map, to be edited", answers="text/html")
def one(plan_id: uuid.UUID) -> ResponseReturnValue:
    """Show a plan with its routes, reasons, what was left out, and its versions."""
    state, caller, language = current_app.extensions["jingwei"], current_caller(), params.locale()
    shown = patrol_plans.one(state.engine, caller, plan_id)
    city = maps.city_state(state.engine, caller.scope, locale=language)
    layers = tuple(layer for layer in state.layers.values() if layer.id in MAP_LAYERS)
    config = {
        **maps.map_config(city, layers, caller.scope, locale=language, now=state.now()),
        "staticUrl": static_url(),
        "csrf": caller.csrf,
        "plan": shown_json(shown),
        "editable": shown.plan["state"] in EDITABLE,
        "words": _words(),
    }
    return render_template(
        "plan.html",
        title=gettext("Patrol plan"),
        plan=shown.plan,
        is_under_way=is_under_way(shown.plan, state.now()),
        others=[row for row in patrol_plans.listed(state.engine, caller.scope) if row["id"] != plan_id][:20],
        has_tracks=shown.plan["state"] in ("published", "closed"),
        config=safe_json(config),
    )


@blueprint.get("/plans/<uuid:plan_id>/beside/<uuid:other_id>")
@requires(Right.PLAN_PATROLS)
@contract("Two plans side by side", answers="text/html")
def beside(plan_id: uuid.UUID, other_id: uuid.UUID) -> ResponseReturnValue:
    """Show how two plans differ."""
    engine, caller = current_app.extensions["jingwei"].engine, current_caller()
    first, second = (patrol_plans.one(engine, caller, each).plan for each in (plan_id, other_id))
    return render_template(
        "plans_beside.html",
        title=gettext("Two plans side by side"),
        first=first,
        second=second,
        known=compared(first["content"], second["content"]),
    )


@blueprint.get("/routes/<int:route_id>")
@requires(Right.VIEW_MAP)
@contract("The route of a team tonight, for a phone and for paper", answers="text/html")
def route(route_id: int) -> ResponseReturnValue:
    """Show a published route: next stop, way, times, and a code that opens this page."""
    if route_id >= 2**63:
        route_id = 0
    state = current_app.extensions["jingwei"]
    found, stops = patrol_plans.route(state.engine, current_scope(), route_id)
    address = f"{request.url_root.rstrip('/')}/routes/{route_id}"
    now = state.now()
    following = next((stop for stop in stops if stop["begins_at"] and stop["begins_at"] >= now), None)
    return render_template(
        "route.html",
        title=gettext("Route"),
        route=found,
        stops=stops,
        following=following,
        drawing=_drawing(found, stops),
        code=Markup(segno.make(address, error="m").svg_inline(scale=3, border=2)),  # noqa: S704 - drawn by the library
        address=address,
    )


def _list(error: JingweiError | None = None) -> Response:
    state, scope = current_app.extensions["jingwei"], current_scope()
    rendered = render_template(
        "plans.html",
        title=gettext("Patrol plans"),
        rows=patrol_plans.listed(state.engine, scope),
        choices=patrol_plans.choices(state.engine, scope),
        tonight=patrol_plans.tonight(state.now()),
        typed=request.form,
        new_id=uuid.uuid4(),
        error=sentence_of(error) if error else "",
    )
    return Response(rendered, mimetype="text/html", status=status_of(error) if error else HTTPStatus.OK)


def _wish() -> PlanWish:
    form = request.form
    try:
        identity = uuid.UUID(form.get("id", ""))
    except ValueError:
        raise InvalidInput("The form is not complete.", remedy="Load the page again.") from None
    night = params.day_of(form.get("night", ""), name="night")
    if night is None or not 1990 <= night.year <= 2200:
        raise InvalidInput("No night was chosen.", remedy="Choose one.")
    starts_at = datetime.combine(night, _clock("starts"), CITY_TIME)
    ends_at = datetime.combine(night, _clock("ends"), CITY_TIME)
    # A shift over midnight belongs to the night it began; one after midnight to the night before.
    if starts_at.hour < 12:
        starts_at, ends_at = starts_at + timedelta(days=1), ends_at + timedelta(days=1)
    if ends_at <= starts_at:
        ends_at += timedelta(days=1)
    return PlanWish(
        identity,
        form.get("area", ""),
        starts_at.astimezone(UTC),
        ends_at.astimezone(UTC),
        title="".join(sign for sign in form.get("title", "")[:200] if sign >= " "),
        teams=tuple(form.getlist("teams"))[:200],
        most_stops=int(_number("most_stops", 200, least=1, most=patrol_plans.MOST_STOPS)),
        loss=_number("loss", 3, least=0, most=100 * MAX_LOSS) / 100,
    )


def _clock(name: str) -> time:
    given = request.form.get(name, "")
    try:
        return time.fromisoformat(given).replace(tzinfo=None)
    except ValueError:
        raise InvalidInput(
            "{name} is {value!r}, not a time of the day.", remedy="Write it as 20:00.", name=name, value=given[:40]
        ) from None


def _number(name: str, usual: float, *, least: float, most: float) -> float:
    given = request.form.get(name) or str(usual)
    try:
        number = float(given)
    except ValueError:
        number = -1.0
    if not least <= number <= most:
        raise InvalidInput(
            "{name} is {value!r}.",
            remedy="Write a number from {least} to {most}.",
            name=name,
            value=given[:40],
            least=least,
            most=most,
        )
    return number


def _drawing(found: RowMapping, stops: Sequence[RowMapping]) -> dict[str, Any]:
    """Return the route as a drawing that needs no script and prints: a path and its stops in pixels, and a scale."""
    line = np.array(current_app.json.loads(found["line"])["coordinates"], dtype=np.float64)
    places = np.array([[stop["lon"], stop["lat"]] for stop in stops], dtype=np.float64).reshape(-1, 2)
    everything = np.concatenate([line, places, [[found["lon"], found["lat"]]]])
    squeeze = np.array([np.cos(np.radians(everything[:, 1].mean())), 1.0])
    low, high = (everything * squeeze).min(axis=0), (everything * squeeze).max(axis=0)
    scale = min((size - 60) / max(extent, 1e-6) for size, extent in zip(SHEET_PX, high - low, strict=True))
    offset = (np.array(SHEET_PX) - (high - low) * scale) / 2

    def drawn(xy: Any) -> list[list[float]]:
        pixels = (np.atleast_2d(xy) * squeeze - low) * scale + offset
        return [[round(x, 1), round(SHEET_PX[1] - y, 1)] for x, y in pixels.tolist()]

    metre = scale / 111_320
    bar_m = next((each for each in (5000, 2000, 1000, 500, 200, 100) if each * metre < SHEET_PX[0] / 3), 50)
    return {
        "width": SHEET_PX[0],
        "height": SHEET_PX[1],
        "path": " ".join(f"{x},{y}" for x, y in drawn(line)),
        "stops": drawn(places) if len(places) else [],
        "station": drawn([found["lon"], found["lat"]])[0],
        "bar_m": bar_m,
        "bar_px": round(bar_m * metre, 1),
    }


def _words() -> Mapping[str, Any]:
    """Return the words that the script says."""
    named = ("prize_part", "left_out", "plan_step", "plan_state")
    return {
        **{kind: {str(key): str(value) for key, value in WORDS[kind].items()} for kind in named},
        "working": gettext("Planning anew…"),
        "failed": gettext("No connection. Try again."),
        "visits": gettext("{count} stops, {km} km, back at {time}"),
        "stays": gettext("stays at its station"),
        "away": gettext("not on duty"),
        "prize": gettext("worth {value}"),
        "drop": gettext("Drop"),
        "restore": gettext("Take back"),
        "lock": gettext("Lock to its team"),
        "release": gettext("Unlock"),
        "give": gettext("Give to"),
        "earlier": gettext("Earlier"),
        "later": gettext("Later"),
        "absent": gettext("Team drops out"),
        "present": gettext("Team is back"),
        "route": gettext("Sheet"),
        "add_hint": gettext("Click the map where the new stop is to be."),
        "locked": gettext("locked"),
        "all_in": gettext("Every candidate is in the plan."),
        "instead": gettext("in place of {stops}, {lost} less"),
        "instead_gain": gettext("in place of {stops}, {gain} more: varied by chance"),
        "undo": gettext("Make this the newest"),
        "sure_withdraw": gettext("Withdraw this plan? Routes given to teams are taken back."),
        "missed": gettext("Locked or required, but out of reach: {stops}"),
        "summary": gettext("{stops} stops by {teams} teams · value {value} (best found {best}, greedy {greedy})"),
        "idleness": gettext("Mean days since the last visit: {before} before, {after} after this night"),
        "reuse": gettext("Arrivals that last week's plans would foretell: {share} %"),
        "version": gettext("Version"),
    }
