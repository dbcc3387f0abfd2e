"""How often one account or address may ask; counted in each worker by itself."""

from __future__ import annotations

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from gis_app.web.access import SAFE_METHODS, caller_or_none
from gis_app.web.offered_tokens import is_basic
from gis_app.web.request_counts import SCHEME

READS = "3000 per minute"
"""A wall screen that pans asks for some hundred tiles in a burst."""
CHANGES = "300 per minute"
LOG_INS = "60 per minute"
POSITIONS = "6000 per minute"
"""A gateway sends for all teams of a city, each of which tells every few seconds where it is."""
_POSITIONS = frozenset({"tracks.receive_fixes"})
_LOG_INS = frozenset({"log_in.log_in", "provider_log_in.leave", "provider_log_in.come_back"})
MOST_BODY_BYTES = 2**20
MOST_FORM_BYTES = 2**16
MOST_FORM_FIELDS = 64


def register(app: Flask) -> None:
    """Bound the rate of requests and the size of their bodies."""
    app.config.update(
        MAX_CONTENT_LENGTH=MOST_BODY_BYTES, MAX_FORM_MEMORY_SIZE=MOST_FORM_BYTES, MAX_FORM_PARTS=MOST_FORM_FIELDS
    )
    app.before_request(_bound_plain_form)
    limiter = Limiter(
        _who,
        app=app,
        storage_uri=f"{SCHEME}://",
        strategy="moving-window",
        headers_enabled=False,
        application_limits=[],
        default_limits=[_allowed],
        default_limits_per_method=False,
    )
    limiter.request_filter(_is_static)


def _bound_plain_form() -> None:
    """Bound a form that is no multipart: it is read at once, without a look at the limits of fields."""
    if request.mimetype == "application/x-www-form-urlencoded":
        request.max_content_length = MOST_FORM_BYTES


def _who() -> str:
    caller = caller_or_none()
    kind = "positions" if request.endpoint in _POSITIONS else "reads" if request.method in SAFE_METHODS else "changes"
    return f"{kind}:{f'account {caller.account_id}' if caller else f'address {get_remote_address()}'}"


def _allowed() -> str:
    # A wrong name and password in the header is a log-in that failed, whatever was asked for.
    if request.endpoint in _LOG_INS or (is_basic() and caller_or_none() is None):
        return LOG_INS
    if request.endpoint in _POSITIONS:
        return POSITIONS
    return READS if request.method in SAFE_METHODS else CHANGES


def _is_static() -> bool:
    return (request.endpoint or "").startswith("static_files.")
