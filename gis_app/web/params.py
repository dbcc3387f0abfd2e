"""Parameters of requests, parsed once for all routes."""

from __future__ import annotations

from datetime import date

from flask import current_app, request

from gis_app.domain.errors import InvalidInput
from gis_app.domain.periods import CITY_TIME, TimeWindow, last_days
from gis_app.services.maps import DEFAULT_WINDOW_DAYS
from gis_app.storage.tiles import TileFilter

LOCALES = ("zh", "en")
LONGEST_WINDOW_DAYS = 3660


def locale() -> str:
    """Return the reader's language: of the address, the cookie, the browser, or the settings."""
    for wanted in (request.args.get("lang"), request.cookies.get("lang")):
        if wanted in LOCALES:
            return wanted
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
    value = request.args.get(name)
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
