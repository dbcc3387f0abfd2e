"""The token that a request offers: as a bearer's, or as the password of HTTP Basic, which is all some programs know."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

READING = frozenset({"GET", "HEAD"})
BASIC_BLUEPRINTS = frozenset({"ogc", "ogc_tiles", "qgis"})
"""Basic opens nothing but reading here: a browser that was told such a log-in sends it along unasked."""


@dataclass(frozen=True)
class OfferedToken:
    """A token, and whose it is said to be; None where the way to send it names nobody."""

    secret: str
    login: str | None = None


def names_somebody() -> bool:
    """Return whether the request says itself who sends it, rightly or not."""
    return "Authorization" in request.headers


def offered_token() -> OfferedToken | None:
    """Return the token in the request's header, None if there is none that may be used here."""
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and given.strip():
        return OfferedToken(given.strip())
    if is_basic() and takes_basic(request.blueprint, request.method):
        pair = request.authorization
        if pair is not None and pair.password:
            return OfferedToken(pair.password, (pair.username or "").strip().lower())
    return None


def is_basic() -> bool:
    """Return whether the request comes with a name and a password."""
    return request.headers.get("Authorization", "").partition(" ")[0].lower() == "basic"


def takes_basic(blueprint: str | None, method: str) -> bool:
    """Return whether routes of a blueprint read a token from HTTP Basic."""
    return blueprint in BASIC_BLUEPRINTS and method in READING
