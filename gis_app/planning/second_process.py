"""A search in a process of its own, so that it has a core of its own: ``python -m gis_app.planning.second_process``.

The problem goes in and the pool comes out pickled, between our own two processes only.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from gis_app.planning.chains import explore
from gis_app.planning.route_pool import RoutePool
from gis_app.planning.routing_problem import Routes, RoutingProblem

_GRACE_S = 1.0
"""How long after its end the process is waited for; a late one is passed over."""


@contextmanager
def exploring(
    problem: RoutingProblem, start: Routes, *, seed: int, ends: float, is_wanted: bool
) -> Iterator[Callable[[RoutePool], None]]:
    """Search in a second process for as long as the block runs; the block gets a function that joins its pool.

    Parameters
    ----------
    ends
        When it is to end, by ``time.monotonic``, which all processes share.
    is_wanted
        If false there is no second process and nothing to join.
    """
    if not is_wanted:
        yield lambda _: None
        return
    with tempfile.TemporaryFile() as task, tempfile.TemporaryFile() as found:
        pickle.dump((problem, start, seed, ends), task)
        task.seek(0)
        child = subprocess.Popen([sys.executable, "-m", __name__], stdin=task, stdout=found)  # noqa: S603 - our own module
        try:
            yield lambda pool: _join(child, found, pool, ends)
        finally:
            child.kill()
            child.wait()


def _join(child: subprocess.Popen[bytes], found: IO[bytes], pool: RoutePool, ends: float) -> None:
    try:
        code = child.wait(max(0.0, ends - time.monotonic()) + _GRACE_S)
    except subprocess.TimeoutExpired:
        return
    if code == 0:
        found.seek(0)
        pool.join(*pickle.load(found))  # noqa: S301 - from our own child


def main() -> None:
    """Read a task from standard input, search, and write routes and best plan to standard output."""
    problem, start, seed, ends = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
    pool = RoutePool(problem, start)
    explore(problem, pool, seed=seed, is_over=lambda: time.monotonic() >= ends)
    pickle.dump((pool.routes, pool.best), sys.stdout.buffer)


if __name__ == "__main__":
    main()
