"""The log-in page."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.errors import JingweiError, TooMany, Unauthenticated
from gis_app.domain.rights import Role
from gis_app.services import log_in as logging_in
from gis_app.services import maps
from gis_app.services.log_in import LoggedIn
from gis_app.web import pages, params
from gis_app.web.access import caller_or_none, current_scope, open_to_all, open_to_members, session_cookie
from gis_app.web.contract import Parameter, contract
from gis_app.web.errors import sentence_of, status_of

blueprint = Blueprint("log_in", __name__)
NEXT_PARAMETER = Parameter("next", "where to go afterwards, on this server", {"type": "string"})


@blueprint.get("/login")
@open_to_all
@contract("The form to log in with", query=(NEXT_PARAMETER,), answers="text/html")
def page() -> ResponseReturnValue:
    """Show the form; who is logged in already goes on."""
    if caller_or_none() is not None:
        return redirect(next_place())
    return form()


@blueprint.post("/login")
@open_to_all
@contract("Log in with a password", form=("login", "password", "next"), answers="text/html")
def log_in() -> ResponseReturnValue:
    """Check login and password; the secret of the new log-in replaces whatever cookie came."""
    state = current_app.extensions["jingwei"]
    login, password = request.form.get("login", ""), request.form.get("password", "")
    try:
        made = logging_in.log_in(state.ledger, login, password, address=request.remote_addr or "")
    except (Unauthenticated, TooMany) as error:
        return form(error, login=login)
    return enter(made, next_place())


def enter(made: LoggedIn, place: str) -> Response:
    """Return the answer that logs a browser in and sends it on to a place; an earlier log-in of this browser ends."""
    state = current_app.extensions["jingwei"]
    earlier = request.cookies.get(session_cookie(), "")
    if earlier and (caller := caller_or_none()) is not None:
        logging_in.log_out(state.ledger, caller.scope, earlier)
        state.gate.forget(earlier)
    if made.role is Role.KIOSK and place == "/":
        place = "/wall"
    response = redirect("/account" if made.must_change_password else place, HTTPStatus.SEE_OTHER)
    _set_cookie(_as_response(response), made.secret, made.expires_at)
    return _as_response(response)


def keep_cookie(response: Response, expires_at: datetime) -> None:
    """Let the browser keep its log-in as long as the server does: browsers forget a cookie after some 400 days."""
    if secret := request.cookies.get(session_cookie(), ""):
        _set_cookie(response, secret, expires_at)


def _set_cookie(response: Response, secret: str, expires_at: datetime) -> None:
    response.set_cookie(
        session_cookie(),
        secret,
        expires=expires_at,
        httponly=True,
        secure=request.is_secure,
        samesite="Lax",
        path="/",
    )


@blueprint.post("/logout")
@open_to_members
@contract("Log out", answers="text/html")
def log_out() -> ResponseReturnValue:
    """End the log-in."""
    state = current_app.extensions["jingwei"]
    secret = request.cookies.get(session_cookie(), "")
    logging_in.log_out(state.ledger, current_scope(), secret)
    state.gate.forget(secret)
    response = redirect("/login", HTTPStatus.SEE_OTHER)
    response.delete_cookie(session_cookie(), httponly=True, secure=request.is_secure, samesite="Lax", path="/")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def next_place() -> str:
    """Return where to go after the log-in: a place of this server, else the map."""
    return local_place(request.values.get("next", "/"))


def local_place(wanted: str) -> str:
    """Return a place of this server as it is, anything else as the map."""
    # Two slashes, or a backslash or tab that browsers read as one, would begin the name of another server.
    is_local = wanted.startswith("/") and not wanted.startswith("//") and wanted.isprintable() and "\\" not in wanted
    return wanted if is_local else "/"


def form(error: JingweiError | None = None, *, login: str = "", place: str | None = None) -> Response:
    """Return the log-in page, with what went wrong and where to go afterwards (by default where the request says)."""
    state, onward = current_app.extensions["jingwei"], next_place() if place is None else place
    page = render_template(
        "login.html",
        title=gettext("Log in"),
        next=onward,
        # The page may be an answer to a form, or stand at an address with a used-up code of the identity provider.
        other_language_url=lambda: pages.other_language_url("/login", {"next": onward}),
        login=login,
        error=sentence_of(error) if error else "",
        city=maps.city_name(state.engine, locale=params.locale()),
        has_provider=bool(state.settings.oidc_issuer),
    )
    response = Response(page, mimetype="text/html", status=status_of(error) if error else HTTPStatus.OK)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _as_response(answer: object) -> Response:
    return current_app.make_response(answer)  # type: ignore[arg-type]
