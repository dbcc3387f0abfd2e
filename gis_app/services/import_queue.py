"""Serves the queue of imports: one at a time on the whole machine, in a process of its own, begun anew if that dies."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Any

import structlog
from sqlalchemy import RowMapping
from sqlalchemy.exc import DBAPIError

from gis_app.domain.errors import JingweiError, Unavailable
from gis_app.domain.imports import WORKING, ImportState
from gis_app.services.audit import Ledger
from gis_app.services.child_process import GONE, begin, stream
from gis_app.services.import_work import PHASES, told
from gis_app.storage import import_jobs
from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.import_files import ImportFiles

LOOKS_EVERY_S = 1.0
HELD_FOR = timedelta(seconds=20)
"""A claim that nobody renewed so long is free: its worker was killed."""
MOST_ATTEMPTS = 3
LONGEST_END_S = 60.0
PROCESS = "gis_app.services.import_process"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ImportQueue:
    """What a worker serves the queue with."""

    ledger: Ledger
    files: ImportFiles
    srid: int

    def serve_one(self, is_wanted: Callable[[], bool] = lambda: True) -> bool:
        """Do the step that waits longest, if no other import is being worked on; return whether there was one."""
        claim_id, now = uuid.uuid4(), self.ledger.now()
        with scoped(self.ledger.engine, system_scope()) as connection:
            job = import_jobs.claim(connection, claim_id=claim_id, now=now, until=now + HELD_FOR)
        if job is None:
            return False
        if job["attempts"] > MOST_ATTEMPTS:
            self._give_up(job, claim_id)
            return True
        with self._process(job, claim_id) as process:
            self._watch(process, job, claim_id, is_wanted)
        return True

    def _process(self, job: RowMapping, claim_id: uuid.UUID) -> subprocess.Popen[str]:
        task = {"folder": str(self.files.folder), "srid": self.srid, "job": str(job["id"]), "claim": str(claim_id)}
        return begin(PROCESS, self.ledger, task)

    def _watch(
        self, process: subprocess.Popen[str], job: RowMapping, claim_id: uuid.UUID, is_wanted: Callable[[], bool]
    ) -> None:
        """Renew the claim and pass the progress on while the process works; end it when it is not wanted any more."""
        heard: dict[str, Any] = {}
        listener = threading.Thread(target=_listen, args=(stream(process.stdout), heard), daemon=True)
        listener.start()
        phases = PHASES[ImportState(job["state"])]
        while True:
            try:
                process.wait(LOOKS_EVERY_S)
                break
            except subprocess.TimeoutExpired:
                pass
            if not is_wanted():
                process.kill()
            elif not self._hold(job, claim_id, phases, heard):
                self._let_end(process, job)
        listener.join()
        if process.returncode not in (0, GONE):
            _log.warning("import_interrupted", job=str(job["id"]), code=process.returncode)
            self._release(job, claim_id)

    def _let_end(self, process: subprocess.Popen[str], job: RowMapping) -> None:
        """End a process whose claim is lost: at once if the import was cancelled, else it has just done its work."""
        with scoped(self.ledger.engine, system_scope()) as connection:
            found = import_jobs.one(connection, job["id"])
        if found is not None and found["state"] != ImportState.CANCELLED:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(LONGEST_END_S)
        process.kill()

    def _hold(self, job: RowMapping, claim_id: uuid.UUID, phases: tuple[str, ...], heard: dict[str, Any]) -> bool:
        phase = str(heard.get("phase", phases[0]))
        progress = {"phase": phase, "done": phases.index(phase) if phase in phases else 0, "of": len(phases)}
        until = self.ledger.now() + HELD_FOR
        try:
            with scoped(self.ledger.engine, system_scope()) as connection:
                return import_jobs.beat(connection, job["id"], claim_id, until=until, progress=progress)
        except (DBAPIError, Unavailable):
            # The database is away for a moment; if it stays so, the work fails by itself.
            return True

    def _release(self, job: RowMapping, claim_id: uuid.UUID) -> None:
        """Let anybody begin anew at once what was interrupted."""
        with scoped(self.ledger.engine, system_scope()) as connection:
            import_jobs.beat(connection, job["id"], claim_id, until=self.ledger.now(), progress={})

    def _give_up(self, job: RowMapping, claim_id: uuid.UUID) -> None:
        error = Unavailable(
            "The import was begun {count} times and its process ended each time.",
            remedy="Split the file; the log of the server may say more.",
            count=MOST_ATTEMPTS,
        )
        state = WORKING[ImportState(job["state"])][1].value
        with scoped(self.ledger.engine, system_scope()) as connection:
            found = import_jobs.one(connection, job["id"])
            values = {"state": state, "report": {}, "problem": told(error), "at": self.ledger.now()}
            datum = found["datum"] if found is not None else ""
            import_jobs.finish(connection, job["id"], claim_id, {**values, "datum": datum})


def start(queue: ImportQueue, is_wanted: Callable[[], bool]) -> threading.Thread:
    """Serve the queue in a thread that ends when it is no longer wanted."""
    thread = threading.Thread(target=_serve, args=(queue, is_wanted), name="imports", daemon=True)
    thread.start()
    return thread


def _serve(queue: ImportQueue, is_wanted: Callable[[], bool]) -> None:
    while is_wanted():
        try:
            while is_wanted() and queue.serve_one(is_wanted):
                pass
        except (JingweiError, DBAPIError, OSError) as error:
            _log.error("imports_not_served", exc_info=error)
        time.sleep(LOOKS_EVERY_S)


def _listen(lines: IO[str], heard: dict[str, Any]) -> None:
    for line in lines:
        heard.update(json.loads(line))
