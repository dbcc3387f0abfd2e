"""A step of an import in a process of its own: ``python -m gis_app.services.import_process``.

So it holds up no request, its memory is given back, and to cancel it is to end it: its transaction is rolled back by
the database, whenever that comes. Lines of progress go out.
"""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path

from gis_app.services.child_process import GONE, ledger_of, read_task
from gis_app.services.import_work import ClaimLost, ImportWork
from gis_app.storage import import_jobs
from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.import_files import ImportFiles


def main() -> int:
    """Do the step named on standard input."""
    task = read_task()
    ledger = ledger_of(task)
    work = ImportWork(ledger, ImportFiles(Path(task["folder"])), task["srid"], uuid.UUID(task["claim"]), _tell)
    with scoped(ledger.engine, system_scope()) as connection:
        job = import_jobs.one(connection, uuid.UUID(task["job"]))
    if job is None or job["claim"] != work.claim:
        return GONE
    try:
        work.do(job)
    except ClaimLost:
        return GONE
    return 0


def _tell(phase: str) -> None:
    sys.stdout.write(json.dumps({"phase": phase}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
