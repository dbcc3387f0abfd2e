"""Logging in through the city's identity provider, where one is set."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote, unquote

import structlog
from flask import Blueprint, Response, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from gis_app.domain.errors import Forbidden, JingweiError, Unauthenticated, Unavailable
from gis_app.services import provider_log_in
from gis_app.services.identity_provider import Identity, IdentityProvider, Journey
from gis_app.services.secrets_at_rest import derived, new_secret
from gis_app.web import log_in
from gis_app.web.access import caller_or_none, not_found, open_to_all
from gis_app.web.contract import Parameter, contract
from gis_app.web.errors import RETRY_AFTER_SECONDS

blueprint = Blueprint("provider_log_in", __name__, url_prefix="/login")
MOST_S = 600
"""How long somebody may take at the provider."""
_COOKIE = "jingwei_departure"
_MOST_PLACE_LENGTH = 2000
_BACK = tuple(Parameter(name, "as the provider sent it", {"type": "string"}) for name in ("code", "state", "error"))
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Departure:
    """A log-in under way, kept by the browser alone, so that any worker can finish it, before and after a restart.

    There is no key of the server to sign it with, and none is needed. State, nonce and verifier are made from a secret
    that only this browser's cookie holds; the state is made from the time limit and the next place too. Who has not the
    cookie cannot make the state the provider sends back, nor another cookie that fits it. Who has it is the one who
    left, and would gain nothing by changing it: it says nothing of who logs in.

    Parameters
    ----------
    secret
        256 random bits.
    until_s
        When it is too late to come back, seconds since 1970.
    place
        Where to go after the log-in, on this server.
    """

    secret: str
    until_s: int
    place: str

    @classmethod
    def of_cookie(cls, value: str) -> Departure | None:
        """Return the departure a cookie holds, None if it holds none."""
        secret, _, rest = value.partition(".")
        until, _, place = rest.partition(".")
        if not (secret and until.isascii() and until.isdecimal() and len(until) < 12):
            return None
        return cls(secret, int(until), log_in.local_place(unquote(place)))

    def as_cookie(self) -> str:
        """Return what the cookie is to hold."""
        return f"{self.secret}.{self.until_s}.{quote(self.place, safe='/')}"

    def journey(self) -> Journey:
        """Return what goes to the provider, which does not tell the secret."""
        return Journey(
            redirect_uri=url_for("provider_log_in.come_back", _external=True),
            state=derived(self.secret, f"state {self.until_s} {self.place}"),
            nonce=derived(self.secret, "nonce"),
            verifier=derived(self.secret, "verifier"),
        )


@blueprint.get("/provider")
@open_to_all
@contract("Go to the identity provider", query=(log_in.NEXT_PARAMETER,), answers="text/html")
def leave() -> ResponseReturnValue:
    """Send the browser to the provider; who is logged in already goes on."""
    provider, place = _provider(), log_in.next_place()
    if caller_or_none() is not None:
        return redirect(place)
    now_s = int(current_app.extensions["jingwei"].now().timestamp())
    departure = Departure(new_secret(), now_s + MOST_S, place if len(quote(place)) <= _MOST_PLACE_LENGTH else "/")
    try:
        response = redirect(provider.address(departure.journey()))
    except Unavailable as error:
        return _refused(error, place)
    # Lax: the provider's answer comes by a link of another site, and has to bring the cookie along.
    response.set_cookie(
        _cookie(), departure.as_cookie(), max_age=MOST_S, httponly=True, secure=request.is_secure, samesite="Lax"
    )
    return response


@blueprint.get("/callback")
@open_to_all
@contract("Come back from the identity provider", query=_BACK, answers="text/html")
def come_back() -> ResponseReturnValue:
    """Log in whoever comes back from the provider; the cookie of the departure is used up either way."""
    provider, departure = _provider(), Departure.of_cookie(request.cookies.get(_cookie(), ""))
    place = departure.place if departure else "/"
    try:
        identity = _identity(provider, departure)
        made = provider_log_in.log_in(current_app.extensions["jingwei"].ledger, identity)
        response = log_in.enter(made, place)
    except (Unauthenticated, Forbidden, Unavailable) as error:
        response = _refused(error, place)
    response.delete_cookie(_cookie(), httponly=True, secure=request.is_secure, samesite="Lax")
    return response


def _identity(provider: IdentityProvider, departure: Departure | None) -> Identity:
    now_s = current_app.extensions["jingwei"].now().timestamp()
    stated = request.args.get("state", "").encode("utf-8", "surrogatepass")
    journey = departure.journey() if departure else None
    if departure is None or journey is None or now_s > departure.until_s:
        raise _not_left()
    if not hmac.compare_digest(stated, journey.state.encode()):
        raise _not_left()
    # A provider that names itself in its answer (RFC 9207) has to be the one we sent the browser to.
    code, issuer = request.args.get("code"), request.args.get("iss", provider.metadata.issuer)
    if "error" in request.args or not code or issuer != provider.metadata.issuer:
        raise Unauthenticated(
            "The identity provider did not log you in.", remedy="Try again, or log in with login and password."
        )
    return provider.identity(journey, code)


def _refused(error: JingweiError, place: str) -> Response:
    # The page says what to do; why the provider's answer is not good enough concerns the operator.
    _log.warning("provider_log_in_refused", error=str(error), cause=repr(error.__cause__), answer=_answer())
    response = log_in.form(error, place=place)
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = RETRY_AFTER_SECONDS
    return response


def _answer() -> str:
    """Return the error the provider stated, bounded: anybody may write it there."""
    return request.args.get("error", "")[:60]


def _not_left() -> Unauthenticated:
    return Unauthenticated(
        "This log-in began in another browser or window, or too long ago.", remedy="Begin again on this page."
    )


def _provider() -> IdentityProvider:
    provider: IdentityProvider | None = current_app.extensions["jingwei"].identity_provider
    if provider is None:
        raise not_found()
    return provider


def _cookie() -> str:
    return f"__Host-{_COOKIE}" if request.is_secure else _COOKIE
