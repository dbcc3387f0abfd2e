"""What all pages share: the row of pages, the other language, and names of roles, rights, areas and moments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, g, request
from flask_babel import gettext, lazy_gettext

from gis_app.domain.alerts import Absence, AlertKind, AlertLevel, AlertState, AlertStep
from gis_app.domain.desk_shifts import EntryKind, ShiftName
from gis_app.domain.duties import DutyState, InspectionKind, InspectionState
from gis_app.domain.hazards import DiscoveryWay, Severity, Stage
from gis_app.domain.notices import Alert
from gis_app.domain.patrol_plans import PlanState, PlanStep
from gis_app.domain.rights import Right, Role
from gis_app.domain.shifts import Shift
from gis_app.domain.transitions import Action, RequestKind
from gis_app.domain.work_clock import LimitUnit
from gis_app.services.formatting import moment_words
from gis_app.web import params, static_files
from gis_app.web.import_words import IMPORT_WORDS

# Address, right and name; who lacks the right does not see the page. Their order makes the menus (see navigation).
PAGES = (
    ("/", Right.VIEW_MAP, lazy_gettext("Map")),
    ("/wall", Right.VIEW_MAP, lazy_gettext("Wall")),
    ("/wall/remote", Right.STEER_WALL, lazy_gettext("Steer the wall")),
    ("/desk", Right.MOVE_HAZARD, lazy_gettext("Desk")),
    ("/report", Right.REPORT_HAZARD, lazy_gettext("Report a hazard")),
    ("/tasks", Right.MOVE_HAZARD, lazy_gettext("My tasks")),
    ("/inspections", Right.VIEW_MAP, lazy_gettext("Inspections")),
    ("/duties", Right.VIEW_AGGREGATES, lazy_gettext("Duties")),
    ("/professionals", Right.VIEW_AGGREGATES, lazy_gettext("Professionals")),
    ("/shift", Right.KEEP_SHIFT_LOG, lazy_gettext("Shift log")),
    ("/notices", Right.MOVE_HAZARD, lazy_gettext("Notices")),
    ("/alerts", Right.HANDLE_ALERTS, lazy_gettext("Alerts")),
    ("/alert-rules", Right.MANAGE_ALERT_RULES, lazy_gettext("Alert rules")),
    ("/patrols", Right.VIEW_NAMED_TRACKS, lazy_gettext("Patrols")),
    ("/plans", Right.PLAN_PATROLS, lazy_gettext("Patrol plans")),
    ("/patrols/actual", Right.VIEW_NAMED_TRACKS, lazy_gettext("Plan against actual")),
    ("/teams", Right.VIEW_NAMED_TRACKS, lazy_gettext("Teams")),
    ("/coverage", Right.VIEW_AGGREGATES, lazy_gettext("Coverage")),
    ("/tracks", Right.SEND_TRACKS, lazy_gettext("Send tracks")),
    ("/kpis", Right.VIEW_AGGREGATES, lazy_gettext("Key figures")),
    ("/hotspots", Right.VIEW_AGGREGATES, lazy_gettext("Hotspots")),
    ("/ratings", Right.VIEW_AGGREGATES, lazy_gettext("Star rating")),
    ("/published", Right.VIEW_MAP, lazy_gettext("Monthly figures")),
    ("/questions", Right.ASK_QUESTIONS, lazy_gettext("Questions")),
    ("/sql", Right.RUN_SQL, lazy_gettext("SQL")),
    ("/ogc/collections", Right.VIEW_MAP, lazy_gettext("Data")),
    ("/workspace", Right.ASK_QUESTIONS, lazy_gettext("My data")),
    ("/imports", Right.IMPORT_DATA, lazy_gettext("Imports")),
    ("/accounts", Right.MANAGE_ACCOUNTS, lazy_gettext("Accounts")),
    ("/rules", Right.MANAGE_RULES, lazy_gettext("Routing rules")),
    ("/webhooks", Right.MANAGE_WEBHOOKS, lazy_gettext("Webhooks")),
    ("/audit", Right.READ_AUDIT, lazy_gettext("Audit")),
    ("/account", Right.MANAGE_OWN_ACCOUNT, lazy_gettext("My account")),
)
WORDS: Mapping[str, Mapping[str, Any]] = {
    "role": {
        Role.ADMINISTRATOR: lazy_gettext("Administrator"),
        Role.SUPERVISOR: lazy_gettext("Supervisor"),
        Role.DISPATCHER: lazy_gettext("Dispatcher"),
        Role.HANDLER: lazy_gettext("Handler"),
        Role.GRID_WORKER: lazy_gettext("Grid worker"),
        Role.ANALYST: lazy_gettext("Analyst"),
        Role.PATROL_PLANNER: lazy_gettext("Patrol planner"),
        Role.KIOSK: lazy_gettext("Wall screen"),
    },
    "right": {
        Right.VIEW_MAP: lazy_gettext("See the map"),
        Right.VIEW_AGGREGATES: lazy_gettext("See hotspots and coverage"),
        Right.VIEW_NAMED_TRACKS: lazy_gettext("See tracks with their team"),
        Right.VIEW_LIVE_POSITIONS: lazy_gettext("See live positions"),
        Right.SAVE_SCENES: lazy_gettext("Save scenes of the map"),
        Right.STEER_WALL: lazy_gettext("Steer the wall"),
        Right.VIEW_ROUTES: lazy_gettext("See the routes planned for teams"),
        Right.HANDLE_ALERTS: lazy_gettext("Handle alerts"),
        Right.MANAGE_ALERT_RULES: lazy_gettext("Manage rules of alerts"),
        Right.SEND_TRACKS: lazy_gettext("Send positions of devices"),
        Right.REPORT_HAZARD: lazy_gettext("Report hazards"),
        Right.CORRECT_HAZARD: lazy_gettext("Correct hazards"),
        Right.INSPECT: lazy_gettext("Make inspections"),
        Right.MOVE_HAZARD: lazy_gettext("Take part in the closed loop"),
        Right.PLAN_PATROLS: lazy_gettext("Plan patrols"),
        Right.APPROVE_PATROLS: lazy_gettext("Approve plans of patrols"),
        Right.IMPORT_DATA: lazy_gettext("Import files"),
        Right.KEEP_SHIFT_LOG: lazy_gettext("Keep the shift log"),
        Right.MANAGE_RULES: lazy_gettext("Manage routing rules"),
        Right.MANAGE_WEBHOOKS: lazy_gettext("Manage webhooks"),
        Right.EXPORT: lazy_gettext("Export"),
        Right.ASK_QUESTIONS: lazy_gettext("Ask questions of the layers"),
        Right.RUN_SQL: lazy_gettext("Read with SQL"),
        Right.MANAGE_OWN_ACCOUNT: lazy_gettext("Manage the own account"),
        Right.MANAGE_ACCOUNTS: lazy_gettext("Manage accounts"),
        Right.READ_AUDIT: lazy_gettext("Read the audit"),
    },
    "stage": {
        Stage.REPORTED: lazy_gettext("reported"),
        Stage.FILED: lazy_gettext("filed"),
        Stage.ASSIGNED: lazy_gettext("assigned"),
        Stage.HANDLING: lazy_gettext("in hand"),
        Stage.FEEDBACK: lazy_gettext("feedback given"),
        Stage.VERIFIED: lazy_gettext("verified"),
        Stage.CLOSED: lazy_gettext("closed out"),
        Stage.VOID: lazy_gettext("void"),
    },
    "severity": {
        Severity.LOW: lazy_gettext("Low"),
        Severity.GENERAL: lazy_gettext("General"),
        Severity.MAJOR: lazy_gettext("Major"),
        Severity.SEVERE: lazy_gettext("Severe"),
    },
    "light": {
        "red": lazy_gettext("overdue"),
        "yellow": lazy_gettext("nearly due"),
        "green": lazy_gettext("in time"),
        "suspended": lazy_gettext("suspended"),
        "none": lazy_gettext("no clock"),
    },
    "limit_unit": {
        LimitUnit.URGENT_HOUR: lazy_gettext("urgent hours"),
        LimitUnit.WORK_HOUR: lazy_gettext("working hours"),
        LimitUnit.WORK_DAY: lazy_gettext("working days"),
        LimitUnit.NATURAL_DAY: lazy_gettext("calendar days"),
    },
    "discovered_by": {
        DiscoveryWay.RESIDENT: lazy_gettext("resident"),
        DiscoveryWay.HOTLINE: lazy_gettext("hotline"),
        DiscoveryWay.SENSOR: lazy_gettext("sensor"),
        DiscoveryWay.PATROL: lazy_gettext("patrol"),
        DiscoveryWay.INSPECTION: lazy_gettext("inspection"),
    },
    "request": {
        RequestKind.RETURN: lazy_gettext("Return asked for"),
        RequestKind.EXTENSION: lazy_gettext("Extension asked for"),
        RequestKind.LISTING: lazy_gettext("Listing asked for"),
    },
    "action": {
        Action.REPORT: lazy_gettext("Report"),
        Action.FILE: lazy_gettext("File"),
        Action.VOID: lazy_gettext("Void"),
        Action.ASSIGN: lazy_gettext("Assign"),
        Action.START: lazy_gettext("Start handling"),
        Action.FEEDBACK: lazy_gettext("Give feedback"),
        Action.VERIFY: lazy_gettext("Verify"),
        Action.REWORK: lazy_gettext("Send back for rework"),
        Action.CLOSE: lazy_gettext("Close out"),
        Action.REOPEN: lazy_gettext("Reopen"),
        Action.REQUEST_RETURN: lazy_gettext("Ask to return"),
        Action.APPROVE_RETURN: lazy_gettext("Approve the return"),
        Action.REFUSE_RETURN: lazy_gettext("Refuse the return"),
        Action.REQUEST_EXTENSION: lazy_gettext("Ask for an extension"),
        Action.APPROVE_EXTENSION: lazy_gettext("Approve the extension"),
        Action.REFUSE_EXTENSION: lazy_gettext("Refuse the extension"),
        Action.REQUEST_LISTING: lazy_gettext("Propose for the supervised list"),
        Action.APPROVE_LISTING: lazy_gettext("Put on the supervised list"),
        Action.REFUSE_LISTING: lazy_gettext("Refuse the listing"),
        Action.LIFT_LISTING: lazy_gettext("Take off the supervised list"),
        Action.SUSPEND: lazy_gettext("Suspend the clock"),
        Action.RESUME: lazy_gettext("Resume the clock"),
    },
    "notice": {
        Action.REPORT: lazy_gettext("Reported"),
        Action.FILE: lazy_gettext("Filed, to be assigned"),
        Action.REOPEN: lazy_gettext("Reopened, to be assigned"),
        Action.ASSIGN: lazy_gettext("Assigned to your unit"),
        Action.FEEDBACK: lazy_gettext("Feedback given, to be verified"),
        Action.VERIFY: lazy_gettext("Verified, to be closed out"),
        Action.REWORK: lazy_gettext("Sent back for rework"),
        Action.SUSPEND: lazy_gettext("Clock suspended"),
        Action.RESUME: lazy_gettext("Clock runs again"),
        Action.REQUEST_RETURN: lazy_gettext("Return asked for"),
        Action.APPROVE_RETURN: lazy_gettext("Returned, to be assigned anew"),
        Action.REFUSE_RETURN: lazy_gettext("Return refused"),
        Action.REQUEST_EXTENSION: lazy_gettext("Extension asked for"),
        Action.APPROVE_EXTENSION: lazy_gettext("Extension approved"),
        Action.REFUSE_EXTENSION: lazy_gettext("Extension refused"),
        Action.REQUEST_LISTING: lazy_gettext("Listing asked for"),
        Action.APPROVE_LISTING: lazy_gettext("Put on the supervised list"),
        Action.REFUSE_LISTING: lazy_gettext("Listing refused"),
        Action.LIFT_LISTING: lazy_gettext("Taken off the supervised list"),
        Alert.ESCALATED: lazy_gettext("Overdue"),
        Alert.LISTING_OVERDUE: lazy_gettext("Overdue on the supervised list"),
    },
    "hotspot_method": {
        "count_so_far": lazy_gettext("count so far"),
        "decayed_count": lazy_gettext("count that fades with age"),
        "kernel_density": lazy_gettext("kernel density"),
        "network_density": lazy_gettext("kernel density along streets"),
        "gi_star": lazy_gettext("Getis-Ord Gi*"),
        "near_repeat": lazy_gettext("near repeats"),
        "emerging": lazy_gettext("emerging hot spots"),
        "self_exciting": lazy_gettext("self-exciting mixture"),
    },
    "places": {
        "cells": lazy_gettext("cells of 250 m"),
        "grids": lazy_gettext("grids"),
        "streets": lazy_gettext("pieces of streets"),
    },
    "hours": {
        "morning": lazy_gettext("6 to 12 o'clock"),
        "afternoon": lazy_gettext("12 to 18 o'clock"),
        "evening": lazy_gettext("18 to 22 o'clock"),
        "night": lazy_gettext("22 to 6 o'clock"),
    },
    "street_kind": {
        "trunk": lazy_gettext("trunk road"),
        "primary": lazy_gettext("primary road"),
        "secondary": lazy_gettext("secondary road"),
        "residential": lazy_gettext("residential street"),
        "footpath": lazy_gettext("footpath"),
        "ferry": lazy_gettext("ferry"),
        "bridge": lazy_gettext("bridge"),
    },
    "days": {"workdays": lazy_gettext("Monday to Friday"), "weekend": lazy_gettext("Saturday and Sunday")},
    "found": {
        "reported": lazy_gettext("reported to us"),
        "discovered": lazy_gettext("found by patrols and inspections"),
    },
    "inspection_kind": {
        InspectionKind.NIGHT_CHECK: lazy_gettext("Night check"),
        InspectionKind.MONTHLY: lazy_gettext("Monthly inspection"),
        InspectionKind.SPECIAL: lazy_gettext("Special inspection"),
    },
    "inspection_state": {
        InspectionState.PLANNED: lazy_gettext("planned"),
        InspectionState.UNDER_WAY: lazy_gettext("under way"),
        InspectionState.DONE: lazy_gettext("done"),
        InspectionState.CANCELLED: lazy_gettext("cancelled"),
    },
    "duty_state": {
        DutyState.DONE: lazy_gettext("done in time"),
        DutyState.LATE: lazy_gettext("made up late"),
        DutyState.MISSED: lazy_gettext("missed"),
        DutyState.DUE: lazy_gettext("due"),
        DutyState.NOT_YET_DUE: lazy_gettext("not yet due"),
        "owed": lazy_gettext("all that was owed"),
    },
    "plan_state": {
        PlanState.DRAFT: lazy_gettext("draft"),
        PlanState.APPROVED: lazy_gettext("approved"),
        PlanState.PUBLISHED: lazy_gettext("published"),
        PlanState.CLOSED: lazy_gettext("closed"),
        PlanState.WITHDRAWN: lazy_gettext("withdrawn"),
    },
    "plan_step": {
        PlanStep.APPROVE: lazy_gettext("Approve"),
        PlanStep.PUBLISH: lazy_gettext("Publish to the teams"),
        PlanStep.CLOSE: lazy_gettext("Close"),
        PlanStep.WITHDRAW: lazy_gettext("Withdraw"),
        "make": lazy_gettext("Planned"),
        "copy": lazy_gettext("Copied"),
        "edit": lazy_gettext("Edited"),
        "restore": lazy_gettext("Restored"),
    },
    "prize_part": {
        "risk": lazy_gettext("risk"),
        "idleness": lazy_gettext("days without a visit"),
        "duty": lazy_gettext("night check due"),
        "facility": lazy_gettext("facility"),
        "added": lazy_gettext("added by hand"),
    },
    "facility": {
        "police_station": lazy_gettext("Police station"),
        "fire_station": lazy_gettext("Fire station"),
        "town_hall": lazy_gettext("Town hall"),
        "mediation_centre": lazy_gettext("Mediation centre"),
        "shared_court": lazy_gettext("Shared court"),
        "hospital": lazy_gettext("Hospital"),
        "school": lazy_gettext("School"),
        "gas_station": lazy_gettext("Petrol station"),
        "shelter": lazy_gettext("Shelter"),
    },
    "team_kind": {
        "police": lazy_gettext("Police"),
        "grid": lazy_gettext("Grid patrol"),
        "volunteer": lazy_gettext("Volunteers"),
    },
    "visit_state": {
        "visited": lazy_gettext("visited"),
        "by_another": lazy_gettext("by another team"),
        "passed": lazy_gettext("only passed"),
        "missed": lazy_gettext("missed"),
    },
    "left_out": {
        "nobody_able": lazy_gettext("No team on duty may go there."),
        "out_of_reach": lazy_gettext("No team gets there and back within its shift."),
        "costs_others": lazy_gettext("It fits only in place of other stops."),
        "room_left": lazy_gettext("It would still fit."),
    },
    "alert_kind": {
        AlertKind.SEVERITY: lazy_gettext("Severity"),
        AlertKind.OVERDUE: lazy_gettext("Overdue"),
        AlertKind.ABSENCE: lazy_gettext("Absence"),
        AlertKind.CLUSTER: lazy_gettext("Cluster"),
        AlertKind.GEOFENCE: lazy_gettext("Fence"),
    },
    "alert_level": {
        AlertLevel.NOTICE: lazy_gettext("notice"),
        AlertLevel.WARNING: lazy_gettext("warning"),
        AlertLevel.CRITICAL: lazy_gettext("critical"),
    },
    "alert_state": {
        AlertState.OPEN: lazy_gettext("waits"),
        AlertState.ACKNOWLEDGED: lazy_gettext("acknowledged"),
        AlertState.SNOOZED: lazy_gettext("put off"),
        AlertState.CLOSED: lazy_gettext("closed"),
    },
    "alert_step": {
        AlertStep.ACKNOWLEDGE: lazy_gettext("Acknowledge"),
        AlertStep.ASSIGN: lazy_gettext("Assign"),
        AlertStep.SNOOZE: lazy_gettext("Put off"),
        AlertStep.ESCALATE: lazy_gettext("Escalate"),
        AlertStep.CLOSE: lazy_gettext("Close"),
        AlertStep.REOPEN: lazy_gettext("Reopen"),
    },
    "absence": {
        Absence.PATROL: lazy_gettext("a patrol on its route"),
        Absence.NIGHT_CHECK: lazy_gettext("the night check of a village"),
    },
    "rule_field": {
        "severity": lazy_gettext("at least"),
        "category": lazy_gettext("category"),
        "hours": lazy_gettext("hours"),
        "what": lazy_gettext("missing:"),
        "minutes": lazy_gettext("minutes"),
        "within_m": lazy_gettext("metres"),
        "within_h": lazy_gettext("hours"),
        "least": lazy_gettext("cases"),
    },
    "mode": {
        "foot": lazy_gettext("On foot"),
        "ebike": lazy_gettext("E-bike"),
        "car": lazy_gettext("Car"),
    },
    "desk_shift": {ShiftName.DAY: lazy_gettext("Day shift"), ShiftName.NIGHT: lazy_gettext("Night shift")},
    "shift_entry": {
        EntryKind.NOTE: lazy_gettext("Note"),
        EntryKind.HANDOVER: lazy_gettext("Handed over"),
        EntryKind.TAKEOVER: lazy_gettext("Taken over"),
    },
    "level": {
        "city": lazy_gettext("City"),
        "township": lazy_gettext("Township"),
        "village": lazy_gettext("Village"),
        "grid": lazy_gettext("Grid"),
    },
    "shape": {
        "point": lazy_gettext("Points"),
        "line": lazy_gettext("Lines"),
        "polygon": lazy_gettext("Polygons"),
    },
    "nights": {
        "night": lazy_gettext("One night"),
        "week": lazy_gettext("A week"),
        "month": lazy_gettext("A month"),
    },
    "shift": {
        Shift.DAY: lazy_gettext("By day, 6 to 18"),
        Shift.EVENING: lazy_gettext("Evening, 18 to 22"),
        Shift.NIGHT: lazy_gettext("Night, 22 to 6"),
    },
    "stop_state": {
        "visited": lazy_gettext("visited"),
        "passed": lazy_gettext("only passed"),
        "missed": lazy_gettext("missed"),
    },
    "coverage_figure": {
        "risk_left": lazy_gettext("Risk left out"),
        "share": lazy_gettext("Streets walked"),
        "walked_km": lazy_gettext("Streets walked, km"),
        "street_km": lazy_gettext("Streets, km"),
        "area_share": lazy_gettext("Ground swept"),
        "found": lazy_gettext("Grids with a hazard found"),
        "checked_clear": lazy_gettext("Grids checked, clear"),
        "unchecked": lazy_gettext("Grids unchecked"),
        "idle_mean_days": lazy_gettext("Idle, mean days"),
        "idle_worst_days": lazy_gettext("Idle, worst days"),
        "overdue_share": lazy_gettext("Grids overdue"),
        "visits": lazy_gettext("Visits to grids"),
        "patrol_hours": lazy_gettext("Patrol hours"),
        "patrol_km": lazy_gettext("Patrol km"),
        "planned_stops": lazy_gettext("Stops planned"),
        "visited_stops": lazy_gettext("Stops visited"),
        "stayed_min": lazy_gettext("Minutes at stops"),
        "found_by_patrols": lazy_gettext("Found by patrols"),
        "found_per_hour": lazy_gettext("Found an hour"),
        "found_per_km": lazy_gettext("Found a km"),
        "last_visit_at": lazy_gettext("Last visit"),
    },
    "coverage": {
        "found": lazy_gettext("hazard found"),
        "checked_clear": lazy_gettext("checked, clear"),
        "unchecked": lazy_gettext("unchecked"),
    },
    **IMPORT_WORDS,
}


def register(app: Flask) -> None:
    """Give templates these names, and remember the language that a reader chose."""
    app.after_request(_keep_language)
    app.jinja_env.globals.update(
        area_name=area_name,
        locale=params.locale,
        moment=moment,
        moment_of=lambda text: moment(datetime.fromisoformat(text) if text else None),
        named=named,
        nonce=lambda: g.nonce,
        stage_choices=lambda: WORDS["stage"].items(),
        light_choices=lambda: WORDS["light"].items(),
        severity_choices=lambda: WORDS["severity"].items(),
        other_language_url=other_language_url,
        static_url=static_files.static_url,
        word=word,
    )


def _keep_language(response: Response) -> Response:
    return keep_language(response) if response.mimetype == "text/html" else response


def keep_language(response: Response) -> Response:
    """Keep a language that was chosen, for the pages that follow."""
    chosen = request.args.get("lang")
    if chosen in params.LOCALES:
        response.set_cookie(
            "lang", chosen, max_age=365 * 86400, samesite="Lax", httponly=True, secure=request.is_secure
        )
    return response


def word(kind: str, value: str) -> str:
    """Return the name of a role, right or level in the reader's language; an unknown one as it is."""
    return str(WORDS[kind].get(value, value))


def area_name(area: Mapping[str, Any]) -> str:
    """Return an area's name in the reader's language, in the other one where that is missing."""
    first, second = ("name_en", "name_zh") if params.locale() == "en" else ("name_zh", "name_en")
    return str(area[first] or area[second] or "")


def named(row: Mapping[str, Any], prefix: str) -> str:
    """Return ``prefix_zh`` or ``prefix_en`` of a row by the reader's language, the other one where that is missing."""
    first, second = ("_en", "_zh") if params.locale() == "en" else ("_zh", "_en")
    return str(row.get(prefix + first) or row.get(prefix + second) or "")


def moment(value: datetime | None) -> str:
    """Return a moment in the city's time, words for none."""
    return gettext("never") if value is None else moment_words(value)


def other_language_url(page: str = "", query: Mapping[str, str] | None = None) -> str:
    """Return the address of this page, or of the one named, in the other language."""
    given = request.args if query is None else query
    others = {key: value for key, value in given.items() if key != "lang"}
    return f"{page}?" + urlencode({**others, "lang": "zh" if params.locale() == "en" else "en"})
