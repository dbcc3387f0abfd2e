"""What addresses of duties ask for, and the table that answers them."""

from __future__ import annotations

from flask import current_app, request

from gis_app.services import duties
from gis_app.services.duties import DutyTable
from gis_app.web import params
from gis_app.web.access import current_scope
from gis_app.web.contract import Parameter

FILTER = (
    Parameter("duty", "key of the duty, the first by default", {"type": "string"}),
    Parameter("township", "code of a township; all by default", {"type": "string"}),
    Parameter("from", "first day; the last weeks or months by default", {"type": "string", "format": "date"}),
    Parameter("to", "last day, today by default", {"type": "string", "format": "date"}),
)


def asked_table() -> DutyTable:
    """Return the table of the duty, days and township that the address names, in the caller's area.

    Raises
    ------
    InvalidInput
        If there is no such duty, or the days are none or too many.
    """
    state, given = current_app.extensions["jingwei"], request.args
    now = state.now()
    wanted = duties.question(
        key=given.get("duty", ""),
        first_day=params.day("from"),
        last_day=params.day("to"),
        township=given.get("township", "")[:60],
        now=now,
    )
    return duties.table(state.engine, current_scope(), wanted, now=now)


def query_of(known: DutyTable) -> dict[str, str]:
    """Return what an address has to say to ask for the same table again."""
    wanted = known.question
    return {
        "duty": wanted.duty.key,
        "from": wanted.window.first_day.isoformat(),
        "to": wanted.window.last_day.isoformat(),
        **({"township": wanted.township} if wanted.township else {}),
    }
