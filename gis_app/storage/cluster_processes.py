"""Which processes serve a data folder: its postmaster, no stranger with its old pid, and orphans of a dead one."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from gis_app.domain.errors import Unavailable

_ORPHAN_WAIT_S = 5.0


@dataclass(frozen=True)
class Postmaster:
    """A living server process.

    Parameters
    ----------
    pid
        Its process id.
    socket_folder
        Where its socket lies; None before it says so.
    state
        ``starting``, ``ready``, ``stopping``; empty before it says so.
    """

    pid: int
    socket_folder: Path | None
    state: str


def living_postmaster(data: Path) -> Postmaster | None:
    """Return the server process of a data folder, or None if none lives."""
    try:
        lines = [line.strip() for line in (data / "postmaster.pid").read_text(errors="replace").splitlines()]
        pid = abs(int(lines[0]))  # negative: a single-user server at work
    except (FileNotFoundError, NotADirectoryError, IndexError, ValueError):
        return None
    if not _serves(pid, data):
        return None
    return Postmaster(
        pid=pid,
        socket_folder=Path(lines[4]) if len(lines) > 4 and lines[4] else None,
        state=lines[7] if len(lines) > 7 else "",
    )


def wait_until_ready_or_gone(data: Path, *, seconds: float) -> Postmaster | None:
    """Return the ready server process, None once none lives, or the one that is neither when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        postmaster = living_postmaster(data)
        if postmaster is None or postmaster.state == "ready" or time.monotonic() > deadline:
            return postmaster
        time.sleep(0.02)


def wait_until_gone(data: Path, *, seconds: float) -> bool:
    """Return whether every process of a data folder ended in time."""
    deadline = time.monotonic() + seconds
    while _processes_of(data):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def clear_leftovers(data: Path, sockets: Path) -> None:
    """Remove what a killed server left; to be called under the lock, when no postmaster lives.

    A dead process's pid file stays: PostgreSQL judges it itself. It refuses a pid that somebody else got since, and a
    file without one; these are removed, after every process of the old server is gone.
    """
    _end_orphans(data)
    pid_file = data / "postmaster.pid"
    if pid_file.exists():
        first = pid_file.read_text(errors="replace").split("\n", 1)[0].strip()
        if not first.isdecimal() or Path(f"/proc/{first}").exists():
            pid_file.unlink()
    for leftover in sockets.glob(".s.PGSQL.*"):
        leftover.unlink()


def _end_orphans(data: Path) -> None:
    """End backends that outlived their postmaster, as it would have: busy ones do not notice, and block a new start."""
    for signal_number in (signal.SIGQUIT, signal.SIGKILL):
        for pid in _processes_of(data):
            try:
                os.kill(pid, signal_number)
            except ProcessLookupError:
                continue
        if wait_until_gone(data, seconds=_ORPHAN_WAIT_S):
            return
    raise Unavailable(
        "Processes of the killed database server live on: {pids}.",
        remedy="End them by their ids, then try again.",
        pids=", ".join(str(pid) for pid in _processes_of(data)),
    )


def _processes_of(data: Path) -> list[int]:
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return [pid for pid in pids if _serves(pid, data)]


def _serves(pid: int, data: Path) -> bool:
    """Tell a server process of this folder from a process that got its pid since: ours works in the data folder."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().startswith("postgres") and (
            Path(f"/proc/{pid}/cwd").resolve(strict=True) == data.resolve()
        )
    except (OSError, RuntimeError):
        return False
