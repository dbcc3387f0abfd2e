"""Imports whose process is killed with signal 9 at random moments (aim: 20 of 20 leave 0 % or 100 %, then go on).

Needs a built demo city that may be changed:
``.venv/bin/python benchmarks/import_kills.py --home /tmp/city [--rows 5000] [--kills 20]``. Each round commits one file
of hazards through the queue, kills the process at a random moment of the time that an undisturbed commit takes, counts
the rows, lets the queue go on, counts again, and undoes the import.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import threading
import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from gis_app.domain.areas import AreaLevel
from gis_app.domain.imports import ImportState, ImportStep
from gis_app.domain.rights import RIGHTS_OF, Role, Scope
from gis_app.importers.kinds import ImportKind
from gis_app.services import import_jobs
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.services.database import opened
from gis_app.services.gate import Caller
from gis_app.services.import_choices import ImportChoices, ImportWish
from gis_app.services.import_queue import ImportQueue
from gis_app.settings import Settings
from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.import_files import ImportFiles

HEADER = "external_id,category_code,severity,stage,discovered_by,title,discovered_at,lon,lat\n"


def main() -> None:
    """Import, kill, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=20)
    arguments = parser.parse_args()
    os.environ["JINGWEI_HOME"] = str(arguments.home)
    settings = Settings.from_environment()
    with opened(settings) as database:
        ledger = Ledger(database.app, HeadsFile(settings.heads_file))
        queue = ImportQueue(ledger, ImportFiles(arguments.home / "imports"), settings.metric_srid)
        rounds = Rounds(queue, arguments.rows)
        took = rounds.undisturbed()
        print(f"{arguments.rows:,} rows committed in {took:.1f} s undisturbed", flush=True)
        seen = Counter(rounds.disturbed(random.uniform(0, took)) for _ in range(arguments.kills))
    whole = sum(count for (share, is_whole_after), count in seen.items() if share in (0, 1) and is_whole_after)
    print(
        f"{arguments.kills} kills: "
        + ", ".join(f"{share:.0%} left {count} times" for (share, _), count in sorted(seen.items()))
    )
    print(f"{whole} of {arguments.kills} left 0 % or 100 % and went on to 100 %")


class Rounds:
    """The same file imported again and again through the queue."""

    def __init__(self, queue: ImportQueue, row_count: int) -> None:
        self.queue, self.row_count = queue, row_count
        self.mark = uuid.uuid4().hex[:8]
        with scoped(queue.ledger.engine, system_scope()) as connection:
            city = connection.execute(text("SELECT scope_path FROM area WHERE level = 'city'")).scalar_one()
            place = text("SELECT ST_X(label_point), ST_Y(label_point) FROM area WHERE level = 'village' LIMIT 1")
            lon, lat = connection.execute(place).one()
        scope = Scope("benchmark", city, RIGHTS_OF[Role.SUPERVISOR])
        ends = datetime.now(UTC) + timedelta(days=1)
        self.caller = Caller(0, Role.SUPERVISOR, "en", AreaLevel.CITY, None, scope, "", False, ends)
        self.content = (HEADER + "".join(self._line(number, lon, lat) for number in range(row_count))).encode()

    def _line(self, number: int, lon: float, lat: float) -> str:
        minute = f"2026-05-{number % 28 + 1:02} {number % 24:02}:{number % 60:02}:00"
        return f"{self.mark}-{number},fire,general,filed,hotline,x,{minute},{lon},{lat}\n"

    def undisturbed(self) -> float:
        """Return how long a commit takes."""
        job = self._checked()
        self._ask(job, ImportStep.COMMIT)
        began = time.monotonic()
        self.queue.serve_one()
        took = time.monotonic() - began
        assert self._share() == 1
        self._undo(job)
        return took

    def disturbed(self, after_s: float) -> tuple[float, bool]:
        """Kill a commit after some time; return what share of its rows was there, and whether it went on to all."""
        job = self._checked()
        self._ask(job, ImportStep.COMMIT)
        killer = threading.Thread(target=_kill_child, args=(after_s,))
        killer.start()
        self.queue.serve_one()
        killer.join()
        share = self._share()
        while self._state(job) == ImportState.COMMITTING:
            time.sleep(0.2)
            self.queue.serve_one()
        is_whole = self._share() == 1 and self._state(job) == ImportState.DONE
        self._undo(job)
        assert self._share() == 0
        print(f"killed after {after_s:.2f} s: {share:.0%}, then all: {is_whole}", flush=True)
        return share, is_whole

    def _checked(self) -> uuid.UUID:
        wish = ImportWish(uuid.uuid4(), ImportKind.HAZARDS, "kills.csv", len(self.content), "wgs84")
        ledger, files = self.queue.ledger, self.queue.files
        import_jobs.begin(ledger, self.caller, wish)
        for offset in range(0, len(self.content), import_jobs.PIECE_BYTES):
            piece = self.content[offset : offset + import_jobs.PIECE_BYTES]
            import_jobs.receive(ledger, files, self.caller.scope, wish.id, piece, offset=offset)
        self._ask(wish.id, ImportStep.CHECK)
        self.queue.serve_one()
        assert self._state(wish.id) == ImportState.CHECKED
        return wish.id

    def _ask(self, job: uuid.UUID, step: ImportStep) -> None:
        version = import_jobs.one(self.queue.ledger.engine, self.caller.scope, job)["version"]
        import_jobs.take_step(self.queue.ledger, self.queue.files, self.caller, job, step, ImportChoices(version))

    def _undo(self, job: uuid.UUID) -> None:
        self._ask(job, ImportStep.UNDO)
        self.queue.serve_one()

    def _state(self, job: uuid.UUID) -> str:
        return str(import_jobs.one(self.queue.ledger.engine, self.caller.scope, job)["state"])

    def _share(self) -> float:
        with scoped(self.queue.ledger.engine, system_scope()) as connection:
            query = text("SELECT count(*) FROM hazard WHERE starts_with(external_id, :mark)")
            return float(connection.execute(query, {"mark": self.mark}).scalar_one()) / self.row_count


def _kill_child(after_s: float) -> None:
    """Kill the process that this one began, by its id, once it is there and some time has passed."""
    children = Path(f"/proc/{os.getpid()}/task")
    child = None
    while child is None:
        found = [pid for task in children.iterdir() for pid in (task / "children").read_text().split()]
        child = int(found[0]) if found else None
        time.sleep(0.005)
    time.sleep(after_s)
    try:
        os.kill(child, signal.SIGKILL)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    main()
