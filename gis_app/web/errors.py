"""The only table from error to status; problem+json for programs, a page for browsers, in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus

import structlog
from flask import Flask, Response, render_template, request
from flask_babel import gettext
from sqlalchemy.exc import OperationalError, TimeoutError
from werkzeug.exceptions import HTTPException

from gis_app.domain.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    JingweiError,
    NotFound,
    Refused,
    Stale,
    TooMany,
    Unauthenticated,
    Unavailable,
    Unchangeable,
)

STATUS_OF = {
    Refused: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidInput: HTTPStatus.BAD_REQUEST,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    NotFound: HTTPStatus.NOT_FOUND,
    Forbidden: HTTPStatus.FORBIDDEN,
    Stale: HTTPStatus.PRECONDITION_FAILED,
    Conflict: HTTPStatus.CONFLICT,
    Unchangeable: HTTPStatus.METHOD_NOT_ALLOWED,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    JingweiError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
RETRY_AFTER_SECONDS = "5"
MOST_ROWS = 100
_log = structlog.get_logger(__name__)


def register(app: Flask) -> None:
    """Answer every error of the app from this table; log lines are JSON, and never hold the values of variables."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    )
    app.register_error_handler(JingweiError, _answer)
    app.register_error_handler(OperationalError, _database_failed)
    app.register_error_handler(TimeoutError, _database_failed)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def status_of(error: JingweiError) -> HTTPStatus:
    """Return the status of an error: that of its nearest class in the table."""
    return next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)


def sentence_of(error: JingweiError) -> str:
    """Return what is wrong and the remedy, in the reader's language."""
    detail = gettext(error.template).format(**error.params)
    remedy = gettext(error.remedy_template).format(**error.params) if error.remedy_template else ""
    return f"{detail} {remedy}".strip()


def _answer(error: JingweiError) -> Response:
    response = _problem(status_of(error), error.code, sentence_of(error), rows=_rows_of(error))
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, Unchangeable):
        response.headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, Unauthenticated):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _rows_of(error: JingweiError) -> list[dict[str, object]]:
    """Return what is wrong with the rows of a file that was refused, in the reader's language; the first ones."""
    problems = getattr(error, "problems", ()) or getattr(error.__cause__, "problems", ())
    return [
        {
            "row": each.row,
            "field": each.field,
            "problem": gettext(each.problem_template).format(**each.params),
            "remedy": gettext(each.remedy_template).format(**each.params),
        }
        for each in problems[:MOST_ROWS]
    ]


def _database_failed(error: Exception) -> Response:
    _log.warning("database_failed", error=str(error).splitlines()[0])
    cut = "QueryCanceled" in type(getattr(error, "orig", error)).__name__
    if cut:
        failure = Unavailable("The question took too long and was stopped.", remedy="Ask for a smaller area or time.")
    else:
        failure = Unavailable("The database does not answer.", remedy="Wait a moment and try again.")
    return _answer(failure)


def _http_error(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or 500)
    if 300 <= status < 400:
        return Response(status=status, headers=list(error.get_headers()))
    response = _problem(status, status.name.lower(), gettext(status.phrase))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers["Retry-After"] = "60"
    return response


def _unexpected(error: Exception) -> Response:
    _log.error("unexpected_error", path=request.path, exc_info=error)
    return _problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal",
        gettext("Something went wrong here. The log of the server says what."),
    )


def _problem(status: HTTPStatus, code: str, detail: str, *, rows: Sequence[object] = ()) -> Response:
    title = gettext(status.phrase)
    if "text/html" in request.headers.get("Accept", ""):
        page = render_template("error.html", title=title, detail=detail, status=status.value)
        response = Response(page, status=status, mimetype="text/html")
    else:
        body = {
            "type": f"urn:jingwei:error:{code}",
            "title": title,
            "status": status.value,
            "detail": detail,
            "code": code,
            **({"problems": rows} if rows else {}),
        }
        text = json.dumps(body, ensure_ascii=False)
        response = Response(text, status=status, content_type="application/problem+json; charset=utf-8")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = RETRY_AFTER_SECONDS
    return response
