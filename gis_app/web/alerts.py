"""The pages of alerts: what waits at the desk, and the rules that raise it."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from gis_app.domain.alerts import AlertKind, AlertLevel, AlertStep
from gis_app.domain.rights import Right
from gis_app.rendering.map_page import safe_json
from gis_app.services import alerts, closed_loop, patrol_plans
from gis_app.services.alert_words import told_alert
from gis_app.web.access import current_caller, requires
from gis_app.web.alert_api import rule_json
from gis_app.web.background import background_map
from gis_app.web.contract import contract

blueprint = Blueprint("alerts", __name__)
FENCE_WORDS = {
    "none": lazy_gettext("No fence is drawn yet."),
    "polygon": lazy_gettext("Click its corners, or move the map and press Space; Enter ends, Backspace takes back."),
    "circle": lazy_gettext("Click the middle, then a place on the circle."),
    "drawn": lazy_gettext("The fence is drawn."),
    "missing": lazy_gettext("Draw the fence first."),
}


@blueprint.get("/alerts")
@requires(Right.HANDLE_ALERTS)
@contract("Alerts at the desk of the caller's area", answers="text/html")
def page() -> ResponseReturnValue:
    """Show what waits, and what was closed last."""
    state, caller = current_app.extensions["jingwei"], current_caller()
    return render_template(
        "alerts.html",
        title=gettext("Alerts"),
        waiting=[told_alert(row) for row in alerts.waiting(state.engine, caller.scope)],
        closed=[told_alert(row) for row in alerts.closed_last(state.engine, caller.scope)],
        units=closed_loop.choices(state.engine, caller)["units"],
        steps=list(AlertStep),
    )


@blueprint.get("/alert-rules")
@requires(Right.MANAGE_ALERT_RULES)
@contract("Rules of alerts of the caller's area", answers="text/html")
def rules() -> ResponseReturnValue:
    """Show the rules and a form for a new one."""
    state, caller = current_app.extensions["jingwei"], current_caller()
    rows = alerts.listed_rules(state.engine, caller.scope)
    words = {name: str(text) for name, text in FENCE_WORDS.items()}
    fenced = [row for row in rows if row["kind"] == AlertKind.GEOFENCE and "fence" in row["parameters"]]
    fences = [{"name": row["name"], "shape": row["parameters"]["fence"]} for row in fenced]
    return render_template(
        "alert_rules.html",
        title=gettext("Alert rules"),
        rules=[rule_json(row) for row in rows],
        categories=closed_loop.choices(state.engine, caller)["categories"],
        areas=patrol_plans.choices(state.engine, caller.scope)["areas"],
        kinds=list(AlertKind),
        levels=list(AlertLevel),
        fence_words=words,
        config=safe_json({**background_map(), "rules": {"words": words, "fences": fences}}),
        own_area=caller.scope.area_path.rstrip("/").rpartition("/")[2],
    )
