"""What all pages share: the row of pages, the other language, and names of roles, rights, areas and moments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, request
from flask_babel import gettext, lazy_gettext

from gis_app.domain.rights import Right, Role
from gis_app.services.formatting import moment_words
from gis_app.web import params, static_files

# Address, right and name; who lacks the right does not see the page.
PAGES = (
    ("/", Right.VIEW_MAP, lazy_gettext("Map")),
    ("/published", Right.VIEW_MAP, lazy_gettext("Monthly figures")),
    ("/accounts", Right.MANAGE_ACCOUNTS, lazy_gettext("Accounts")),
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
        Right.REPORT_HAZARD: lazy_gettext("Report hazards"),
        Right.CORRECT_HAZARD: lazy_gettext("Correct hazards"),
        Right.MOVE_HAZARD: lazy_gettext("Take part in the closed loop"),
        Right.MANAGE_RULES: lazy_gettext("Manage routing rules"),
        Right.EXPORT: lazy_gettext("Export"),
        Right.MANAGE_OWN_ACCOUNT: lazy_gettext("Manage the own account"),
        Right.MANAGE_ACCOUNTS: lazy_gettext("Manage accounts"),
        Right.READ_AUDIT: lazy_gettext("Read the audit"),
    },
    "level": {
        "city": lazy_gettext("City"),
        "township": lazy_gettext("Township"),
        "village": lazy_gettext("Village"),
    },
}


def register(app: Flask) -> None:
    """Give templates these names, and remember the language that a reader chose."""
    app.after_request(_keep_language)
    app.jinja_env.globals.update(
        area_name=area_name,
        locale=params.locale,
        moment=moment,
        other_language_url=other_language_url,
        pages=lambda: PAGES,
        static_url=static_files.static_url,
        word=word,
    )


def _keep_language(response: Response) -> Response:
    """Keep a language that was chosen, for the pages that follow."""
    chosen = request.args.get("lang")
    if chosen in params.LOCALES and response.mimetype == "text/html":
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


def moment(value: datetime | None) -> str:
    """Return a moment in the city's time, words for none."""
    return gettext("never") if value is None else moment_words(value)


def other_language_url(page: str = "", query: Mapping[str, str] | None = None) -> str:
    """Return the address of this page, or of the one named, in the other language."""
    given = request.args if query is None else query
    others = {key: value for key, value in given.items() if key != "lang"}
    return f"{page}?" + urlencode({**others, "lang": "zh" if params.locale() == "en" else "en"})
