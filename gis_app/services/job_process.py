"""A long job of the housekeeping in a process of its own: ``python -m gis_app.services.job_process``.

So it holds up no request, gives its memory back, and leaves the processors to whoever asks for something.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from datetime import datetime

from gis_app.services.child_process import ledger_of, read_task
from gis_app.services.housekeeping import JOBS, House

NICENESS = 10


def main() -> int:
    """Do the job named on standard input, as of the moment named there; write what came of it as JSON."""
    task = read_task()
    os.nice(NICENESS)
    now = datetime.fromisoformat(task["now"])
    house = House(replace(ledger_of(task), now=lambda: now), task["track_days"], task["srid"])
    job = next(each for each in JOBS if each.name == task["job"])
    sys.stdout.write(json.dumps(dict(job.run(house))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
