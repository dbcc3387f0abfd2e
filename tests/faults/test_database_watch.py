"""The embedded database comes back by itself when it was killed, and not when it was stopped."""

import os
import signal

from gis_app.services.database_watch import mend
from gis_app.storage import cluster
from gis_app.storage.cluster_processes import living_postmaster, wait_until_gone


def test_a_killed_database_is_started_again_and_a_stopped_one_is_left_alone(home):
    assert mend(home) is False  # never begun
    running = cluster.start(home)
    assert mend(home) is False
    os.kill(running.pid, signal.SIGKILL)
    assert wait_until_gone(home / "pgdata", seconds=30)
    assert mend(home) is True
    again = living_postmaster(home / "pgdata")
    assert again.pid != running.pid
    assert again.state == "ready"
    cluster.stop(home)
    assert mend(home) is False
    assert living_postmaster(home / "pgdata") is None
