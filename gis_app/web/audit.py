"""The audit of the caller's area, newest first."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.rights import Right
from gis_app.services import audit
from gis_app.web.access import current_scope, requires
from gis_app.web.contract import Parameter, contract

blueprint = Blueprint("audit", __name__)
PAGE_LENGTH = 100
_NEWEST = 2**62
_QUERY = (
    Parameter("account", "login of who did it", {"type": "string"}),
    Parameter("action", "what was done, as account.disable", {"type": "string"}),
    Parameter("before", "entries older than this sequence", {"type": "string"}),
)


@blueprint.get("/audit")
@requires(Right.READ_AUDIT)
@contract("The audit of the caller's area", query=_QUERY, answers="text/html")
def page() -> ResponseReturnValue:
    """Show the entries, and what to filter them by."""
    before, state = request.args.get("before", ""), current_app.extensions["jingwei"]
    wanted = {"account": request.args.get("account", "")[:64], "action": request.args.get("action", "")[:64]}
    entries = audit.newest(
        state.engine,
        current_scope(),
        before=int(before) if before.isascii() and before.isdecimal() and len(before) < 18 else _NEWEST,
        most=PAGE_LENGTH,
        **{name: "" if "\0" in value else value for name, value in wanted.items()},
    )
    return render_template(
        "audit.html", title=gettext("Audit"), entries=entries, wanted=wanted, has_more=len(entries) == PAGE_LENGTH
    )
