"""Who may call a route. Every route says so, and an application with one that does not is not made."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote, urlsplit

from flask import Flask, current_app, g, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from gis_app.domain.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from gis_app.domain.rights import Right, Scope
from gis_app.services.gate import Caller, Gate
from gis_app.web.offered_tokens import names_somebody, offered_token

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
OPEN = "open"
MEMBER = "member"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_FIELD = "csrf"
CSRF_HEADER = "X-CSRF-Token"
_COOKIE = "jingwei_session"
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


def requires(right: Right) -> Callable[[View], View]:
    """Let a route answer only callers who hold a right."""

    def declare(view: View) -> View:
        view.declared_right = right.value  # type: ignore[attr-defined]
        return view

    return declare


def open_to_all(view: View) -> View:
    """Mark a route that shows nothing of the city: style sheets, scripts, health, the log-in page."""
    view.declared_right = OPEN  # type: ignore[attr-defined]
    return view


def open_to_members(view: View) -> View:
    """Mark a route that everybody may call who is logged in, whatever the rights: logging out."""
    view.declared_right = MEMBER  # type: ignore[attr-defined]
    return view


def declared_right(view: object) -> str:
    """Return what a route requires: a right's value, ``OPEN`` or ``MEMBER``; the app has none without."""
    return str(getattr(view, "declared_right"))  # noqa: B009 - a function's own attribute


def register(app: Flask) -> None:
    """Ask each request who it comes from before its route is called."""
    app.before_request(_guard)
    # A page of an error shows who asked if that is known; it must not ask a database that may be what failed.
    app.jinja_env.globals.update(me=lambda: g.get("caller"), holds=_holds)


def refuse_undeclared(app: Flask) -> None:
    """Raise RuntimeError if a route does not say who may call it."""
    undeclared = [name for name, view in app.view_functions.items() if not hasattr(view, "declared_right")]
    if undeclared:
        raise RuntimeError(f"These routes do not declare a right: {', '.join(sorted(undeclared))}")


def current_caller() -> Caller:
    """Return who asks; only behind a route that requires a right."""
    caller: Caller = g.caller
    return caller


def current_scope() -> Scope:
    """Return the scope of who asks."""
    return current_caller().scope


def caller_or_none() -> Caller | None:
    """Return who asks, None if nobody is logged in."""
    if "caller" not in g:
        g.caller = asking_again()()
    caller: Caller | None = g.caller
    return caller


def session_cookie() -> str:
    """Return the cookie's name; the prefix binds it to this host and to https, where that is used."""
    return f"__Host-{_COOKIE}" if request.is_secure else _COOKIE


def _holds(right: str) -> bool:
    caller: Caller | None = g.get("caller")
    return caller is not None and Right(right) in caller.scope.rights


def asking_again() -> Callable[[], Caller | None]:
    """Return what asks once more who made this request, also after it was answered in part."""
    gate: Gate = current_app.extensions["jingwei"].gate
    # Who names a token wants that one: with a wrong one the browser's own log-in does not step in.
    if names_somebody():
        offered = offered_token()
        return lambda: None if offered is None else gate.of_token(offered.secret, login=offered.login)
    secret = request.cookies.get(session_cookie(), "")
    return lambda: gate.of_session(secret) if secret else None


def _guard() -> ResponseReturnValue | None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None:
        return None
    _refuse_nul()
    declared = declared_right(view)
    if request.method not in SAFE_METHODS:
        _refuse_foreign_origin()
    if declared == OPEN:
        return None
    caller = caller_or_none()
    if caller is None:
        return _ask_to_log_in()
    if request.method not in SAFE_METHODS:
        _refuse_without_csrf(caller)
    if declared == MEMBER or Right(declared) in caller.scope.rights:
        return None
    if caller.must_change_password and _wants_page():
        return redirect("/account")
    if caller.must_change_password:
        raise Forbidden("The password has to be changed first.", remedy="Log in with a browser and change it.")
    raise Forbidden("Your account may not do this.", remedy="Ask the administrator of your area.")


def _ask_to_log_in() -> ResponseReturnValue:
    if _wants_page():
        return redirect(f"/login?next={quote(request.full_path.rstrip('?'), safe='/')}")
    raise Unauthenticated("Nobody is logged in.", remedy="Log in, or send a valid token.")


def _wants_page() -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")


def _refuse_nul() -> None:
    """Refuse the one character that a database cannot store; models of JSON bodies refuse it themselves."""
    given = (request.path, *(value for _, value in (*request.args.items(multi=True), *_fields().items(multi=True))))
    if any("\0" in text for text in given):
        raise InvalidInput("A text holds a character that none has.", remedy="Leave it out.")


def _fields() -> MultiDict[str, str]:
    """Return the fields of a form; a body that is none stays untouched, for its route says how large it may be."""
    return request.form if request.mimetype in _FORMS else MultiDict()


def _refuse_foreign_origin() -> None:
    """Let changes come from our own pages only; programs with a token send no origin."""
    stated = request.headers.get("Origin") or request.headers.get("Referer")
    if stated is None and names_somebody():
        return
    parts = urlsplit(stated or "")
    is_ours = (parts.scheme, parts.netloc) == (request.scheme, request.host)
    if not is_ours or request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("The request comes from another site.", remedy="Open the page of this server and try again.")


def _refuse_without_csrf(caller: Caller) -> None:
    """Let a cookie change something only where a page of this very log-in asks for it."""
    if not caller.csrf:
        return
    given = request.headers.get(CSRF_HEADER) or _fields().get(CSRF_FIELD) or ""
    if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), caller.csrf.encode()):
        raise Forbidden("The page is from an earlier log-in.", remedy="Reload it and try again.")


def not_found() -> NotFound:
    """Return the one answer for what is not there and what is not the caller's."""
    return NotFound("There is no such thing.", remedy="It may have been moved, or lie outside your area.")
