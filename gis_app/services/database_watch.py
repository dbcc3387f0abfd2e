"""Start the embedded database again when it was killed; one that was stopped stays stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from gis_app.domain.errors import JingweiError
from gis_app.storage import cluster

LOOKS_EVERY_S = 1.0
AFTER_A_FAILURE_S = 10.0
_log = structlog.get_logger(__name__)


def mend(home: Path) -> bool:
    """Start the cluster below ``home`` if its last server ended without taking its leave; return whether it did.

    Raises
    ------
    JingweiError
        If it does not come up.
    """
    if not cluster.was_killed(home):
        return False
    cluster.start(home)
    return True


def start(home: Path, is_wanted: Callable[[], bool]) -> threading.Thread:
    """Watch in a thread that ends when it is no longer wanted, and never keeps its process from ending."""
    thread = threading.Thread(target=_watch, args=(home, is_wanted), name="database_watch", daemon=True)
    thread.start()
    return thread


def _watch(home: Path, is_wanted: Callable[[], bool]) -> None:
    while is_wanted():
        pause = LOOKS_EVERY_S
        try:
            if mend(home):
                _log.warning("database_started_again", home=str(home))
        except JingweiError as error:
            _log.error("database_not_started_again", home=str(home), error=str(error))
            pause = AFTER_A_FAILURE_S
        time.sleep(pause)
