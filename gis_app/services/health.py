"""Whether the parts that a request needs work."""

from __future__ import annotations

from sqlalchemy import Engine

from gis_app.storage import job_runs
from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.schema import current_revision, newest_revision

AUDIT_VERIFICATION = "audit_verification"
"""Name of the job that verifies the audit every day."""


def check(engine: Engine) -> dict[str, str]:
    """Return the state of the database: ``ok``, or ``outdated`` when its tables are not those of this program.

    ``audit`` is ``tampered`` when the last verification found a fault; what it found, the server's log tells.

    Raises
    ------
    Unavailable
        If the database does not answer.
    """
    with scoped(engine, system_scope()) as connection:
        if current_revision(connection) != newest_revision():
            return {"status": "outdated"}
        verified = job_runs.last_run(connection, AUDIT_VERIFICATION)
    is_tampered = verified is not None and verified.detail.get("faults", 0) > 0
    return {"status": "ok", **({"audit": "tampered"} if is_tampered else {})}
