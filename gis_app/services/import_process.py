"""A step of an import in a process of its own: ``python -m gis_app.services.import_process``.

So it holds up no request, its memory is given back, and to cancel it is to end it: its transaction is rolled back by
the database, whenever that comes. The work comes in as one line of JSON; lines of progress go out. When its standard
input ends, whoever began it is gone, and it ends itself.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import uuid
from pathlib import Path

from gis_app.services.audit import HeadsFile, Ledger
from gis_app.services.import_work import ClaimLost, ImportWork
from gis_app.storage import import_jobs
from gis_app.storage.engine import make_engine, scoped, system_scope
from gis_app.storage.import_files import ImportFiles

GONE = 3
"""Exit code: the import is no longer ours to do."""


def main() -> int:
    """Do the step named on standard input."""
    task = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, name="parent_watch", daemon=True).start()
    engine = make_engine(task["url"], pool_size=2, role=task["role"])
    ledger = Ledger(engine, HeadsFile(Path(task["heads"])))
    work = ImportWork(ledger, ImportFiles(Path(task["folder"])), task["srid"], uuid.UUID(task["claim"]), _tell)
    with scoped(engine, system_scope()) as connection:
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


def _end_with_parent() -> None:
    # Not through sys.stdin, which the interpreter could not close at its own end.
    while os.read(0, 4096):
        pass
    os._exit(GONE)


if __name__ == "__main__":
    sys.exit(main())
