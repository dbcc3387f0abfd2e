"""Parameters of requests, parsed once for all routes."""

from __future__ import annotations

from datetime import date

from flask import current_app, g, request

from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import CITY_TIME, TimeWindow, last_days
from gis_app.services.maps import DEFAULT_WINDOW_DAYS
from gis_app.storage.tiles import TileFilter
from gis_app.web.contract import Parameter

LOCALES = ("zh", "en")
_DAY = {"type": "string", "format": "date"}
WINDOW_PARAMETERS = (
    Parameter("from", "first day of the window", _DAY),
    Parameter("to", "last day of the window", _DAY),
)
NIGHT_PARAMETER = Parameter("night", "night of patrols, the newest by default", _DAY)
LONGEST_WINDOW_DAYS = 3660


def locale() -> str:
    """Return the reader's language: of the address, the cookie, the account, the browser, or the settings."""
    for wanted in (request.args.get("lang"), request.cookies.get("lang")):
        if wanted in LOCALES:
            return wanted
    # Asked for here only if the request was let in before: an error about the caller must not ask for the caller.
    if g.get("caller") is not None and g.caller.csrf:
        return str(g.caller.locale)
    accepted = request.accept_languages.best_match(["zh", "zh-CN", "zh-Hans", "en", "en-US", "en-GB"])
    fallback: str = current_app.extensions["jingwei"].settings.locale
    return accepted[:2] if accepted else fallback


def day(name: str) -> date | None:
    """Return a day of the query string, None if absent.

    Raises
    ------
    InvalidInput
        If it is no day; names the parameter.
    """
    return day_of(request.args.get(name, ""), name=name)


def night() -> date | None:
    """Return the night of the query string, None if absent.

    Raises
    ------
    InvalidInput
        If it is no day, or one of no city's life.
    """
    found = day("night")
    if found is not None and not 1990 <= found.year <= 2200:
        raise InvalidInput(
            "{name} is {value!r}, not a day.", remedy="Write it as 2026-11-23.", name="night", value=str(found)
        )
    return found


def day_of(value: str, *, name: str) -> date | None:
    """Return the day that a text is, None of an empty one.

    Raises
    ------
    InvalidInput
        If it is no day; names the parameter or field.
    """
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise InvalidInput(
            "{name} is {value!r}, not a day.", remedy="Write it as 2026-11-23.", name=name, value=value[:40]
        ) from None


def window() -> TimeWindow:
    """Return the time window ``from``-``to``; by default the last 30 days."""
    today = current_app.extensions["jingwei"].now().astimezone(CITY_TIME).date()
    last = day("to") or today
    first = day("from") or last_days(last, DEFAULT_WINDOW_DAYS).first_day
    wanted = TimeWindow(first, last)
    if wanted.days > LONGEST_WINDOW_DAYS or not 1990 <= first.year <= last.year <= 2200:
        raise InvalidInput(
            "The time window of {days} days is too long.", remedy="Ask for at most ten years.", days=wanted.days
        )
    return wanted


def tile_filter() -> TileFilter:
    """Return what a tile is asked to show."""
    wanted = window()
    return TileFilter(start=wanted.start, end=wanted.end, night=day("night"))


def box(name: str) -> tuple[float, float, float, float] | None:
    """Return a box ``west,south,east,north`` of the query string in degrees, None if absent.

    Raises
    ------
    InvalidInput
        If it is none; names the parameter.
    """
    given = request.args.get(name, "")
    if not given:
        return None
    try:
        west, south, east, north = (float(part) for part in given.split(","))
        # Not a number compares to nothing, so it fails here too.
        if -180 <= west <= east <= 180 and -90 <= south <= north <= 90:
            return west, south, east, north
    except ValueError:
        pass
    raise InvalidInput(
        "{name} is {value!r}, not a box.", remedy="Write west,south,east,north in degrees.", name=name, value=given[:80]
    )
