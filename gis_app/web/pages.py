"""What all pages share: the row of pages, the other language, and names of roles, rights, areas and moments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, g, request
from flask_babel import gettext, lazy_gettext

from gis_app.domain.rights import Right
from gis_app.services.formatting import moment_words
from gis_app.web import params, static_files
from gis_app.web.known_words import WORDS

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
