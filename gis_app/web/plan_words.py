"""Words that the script of a plan's page says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from gis_app.web.known_words import WORDS


def plan_words() -> Mapping[str, Any]:
    """Return the words that the script says."""
    named = ("prize_part", "left_out", "plan_step", "plan_state", "mode", "visit_state", "street_kind")
    return {
        **{kind: {str(key): str(value) for key, value in WORDS[kind].items()} for kind in named},
        "counts": _counts(),
        "working": gettext("Planning anew…"),
        "failed": gettext("No connection. Try again."),
        "visits": gettext("{stops}, {km} km, back at {time}"),
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
        "summary": gettext("{stops} by {teams} · value {value} (best found {best}, greedy {greedy})"),
        "idleness": gettext("Mean days since the last visit: {before} before, {after} after this night"),
        "reuse": gettext("Arrivals that last week's plans would foretell: {share} %"),
        "version": gettext("Version"),
        "close_hint": gettext("Click the street or bridge that is closed."),
        "closed": gettext("closed street"),
        "street_near": gettext("{kind} near {place}"),
        "reopen": gettext("Open again"),
        "extra": gettext("tried out"),
        "one_more": gettext("One more like it"),
        "skills": gettext("Skills"),
        "skill": gettext("Skill needed"),
        "dwell": gettext("Minutes"),
        "windows": gettext("Only between"),
        "no_room": gettext("no room"),
        "adds": gettext("+{minutes} min"),
        "added": gettext("adds {minutes} min"),
        "short": gettext("Fewer visits than asked for: {villages}"),
        "last_night": gettext(
            "The tracks of {night}: {teams} would have collected {value} at {stops} of tonight's places"
        ),
        "coverage": gettext(
            "Grids checked within the week: {before} without, {after} of {grids} with this plan; "
            "it sweeps {planned} of their area (last night known: {last})"
        ),
        "often": gettext("{places} left out: planned on {nights} of this week already"),
        "cut_off": gettext("{mode}: {parts} of the streets ({streets}, {km} km) cannot be reached"),
        "actual": gettext("{visited} of {planned} visited, value {value} of {of}; the tracks of {teams} are known"),
    }


def _counts() -> Mapping[str, Mapping[str, str]]:
    """Return a number of things by the plural forms of the language, named as Intl.PluralRules names them."""
    return {
        "stops": {"one": gettext("{count} stop"), "other": gettext("{count} stops")},
        "teams": {"one": gettext("{count} team"), "other": gettext("{count} teams")},
        "places": {"one": gettext("{count} place"), "other": gettext("{count} places")},
        "nights": {"one": gettext("{count} night"), "other": gettext("{count} nights")},
        "parts": {"one": gettext("{count} part"), "other": gettext("{count} parts")},
        "streets": {"one": gettext("{count} street"), "other": gettext("{count} streets")},
    }
