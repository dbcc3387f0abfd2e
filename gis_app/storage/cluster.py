"""The embedded PostGIS: a private cluster with a folder of its own, reached through a unix socket only.

Everything lies below one home folder: ``pgdata`` (the data), ``run`` (the socket), ``jingwei.conf`` (its
settings), ``cluster.lock``, ``postgres.log``.
PostgreSQL refuses to run as root, so root starts it as the user ``postgres``, who then owns ``pgdata``, ``run`` and the
log; home stays root's. There is no password: whoever may enter the socket's folder (mode 0700: that user, and root) may
connect, nobody else can. Settings are written anew at each start; ``ALTER SYSTEM`` overrides them.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote as shell_quote
from urllib.parse import quote

import psycopg

from gis_app.domain.errors import Unavailable
from gis_app.storage.cluster_data import PORT, check_data, create_data, write_settings
from gis_app.storage.cluster_place import (
    check_space,
    disk_is_full,
    find_programs,
    give,
    make_home,
    plain_errors,
    run_as,
    server_user,
    socket_folder,
    version_of,
)
from gis_app.storage.cluster_processes import (
    clear_leftovers,
    living_postmaster,
    wait_until_gone,
    wait_until_ready_or_gone,
)

Tell = Callable[[str], None]
START_WAIT_S = 180.0  # recovery after a kill may take minutes on a slow disk; a server that fails is reported at once
LOCK_WAIT_S = 240.0


@dataclass(frozen=True)
class RunningCluster:
    """A cluster that answers.

    Parameters
    ----------
    home
        Its folder.
    socket_folder
        Where its socket lies.
    pid
        Process id of its postmaster.
    """

    home: Path
    socket_folder: Path
    pid: int

    def url(self, role: str, database: str) -> str:
        """Return the SQLAlchemy URL of a role and database."""
        # The port stands in it, or the reader's PGPORT would be taken.
        return f"postgresql+psycopg://{role}@/{database}?host={quote(str(self.socket_folder))}&port={PORT}"


def start(home: Path, *, tell: Tell = lambda message: None) -> RunningCluster:
    """Start the cluster below ``home``, or return the one that runs already.

    Raises
    ------
    InvalidInput
        If the path of ``home`` cannot be handed to PostgreSQL.
    Unavailable
        If PostgreSQL or PostGIS is missing, the folder cannot be written or entered or is open to others, the disk is
        full, the data folder belongs to another user or major version, another process holds the lock too long, or the
        server does not come up; with the remedy.
    """
    home = home.absolute()
    data = home / "pgdata"
    user = server_user()
    make_home(home, user)
    with plain_errors(home), _locked(home, tell):
        programs = find_programs(data)
        if wait_until_ready_or_gone(data, seconds=START_WAIT_S) is None:
            if version_of(data) is None:
                tell("Creating the database cluster")
                create_data(home, programs=programs, user=user)
            check_data(data, programs=programs, user=user)
            check_space(home)
            _launch(home, programs=programs, user=user, tell=tell)
        return _answering(home)


def status(home: Path) -> RunningCluster | None:
    """Return the running cluster below ``home``, or None.

    Raises
    ------
    Unavailable
        If the folder belongs to another user.
    """
    home = home.absolute()
    with plain_errors(home):
        postmaster = living_postmaster(home / "pgdata")
    if postmaster is None or postmaster.state != "ready" or postmaster.socket_folder is None:
        return None
    return RunningCluster(home=home, socket_folder=postmaster.socket_folder, pid=postmaster.pid)


def was_killed(home: Path) -> bool:
    """Return whether the last server below ``home`` ended without taking its leave: its pid file names nobody alive."""
    data = home.absolute() / "pgdata"
    return (data / "postmaster.pid").exists() and living_postmaster(data) is None


def stop(home: Path, *, tell: Tell = lambda message: None) -> bool:
    """Stop the cluster below ``home``, also one that is still starting; return whether it ran."""
    home = home.absolute()
    data = home / "pgdata"
    if not data.is_dir():
        return False
    with plain_errors(home), _locked(home, tell):
        if living_postmaster(data) is None:
            return False
        tell("Stopping the database")
        command: list[str | Path] = [
            find_programs(data) / "pg_ctl",
            "stop",
            "-D",
            data,
            "-m",
            "fast",
            "-w",
            "-t",
            "120",
        ]
        run_as(server_user(), command, failure="The database could not be stopped: {reason}", home=home)
        wait_until_gone(data, seconds=START_WAIT_S)  # its files go a moment before it does
        return True


@contextmanager
def _locked(home: Path, tell: Tell) -> Iterator[None]:
    """Let one process at a time start or stop; the lock ends with the process that holds it."""
    with (home / "cluster.lock").open("a") as handle:
        deadline = time.monotonic() + LOCK_WAIT_S
        has_told = False
        while not _take(handle.fileno()):
            if time.monotonic() > deadline:
                raise Unavailable(
                    "Another process has been starting or stopping the database in {home} for {seconds} s.",
                    remedy="Wait for it, or end it, then try again.",
                    home=home,
                    seconds=int(LOCK_WAIT_S),
                )
            if not has_told:
                tell("Waiting for another process that starts or stops the database")
                has_told = True
            time.sleep(0.05)
        yield


def _take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _launch(home: Path, *, programs: Path, user: pwd.struct_passwd, tell: Tell) -> None:
    data, log = home / "pgdata", home / "postgres.log"
    sockets = socket_folder(home, user)
    was_killed = (data / "postmaster.pid").exists()
    tell("Starting the database; it was not shut down properly and recovers" if was_killed else "Starting the database")
    clear_leftovers(data, sockets)
    write_settings(home)
    os.close(os.open(log, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
    give(log, user)
    old_length = log.stat().st_size
    options = f"-k {shell_quote(str(sockets))}"
    command: list[str | Path] = [programs / "pg_ctl", "start", "-w", "-t", str(int(START_WAIT_S)), "-D", data]
    try:
        run_as(user, [*command, "-l", log, "-o", options], failure="{reason}", home=home)
    except Unavailable as error:
        raise _did_not_come_up(home, old_length) from error


def _did_not_come_up(home: Path, old_length: int) -> Unavailable:
    log = home / "postgres.log"
    new_words = log.read_bytes()[old_length:].decode(errors="replace")
    if "No space left on device" in new_words:
        return disk_is_full(home)
    if living_postmaster(home / "pgdata") is not None:
        return Unavailable(
            "The database is not ready after {seconds} s; it may still be recovering.",
            remedy="Start again to go on waiting; what it does stands in {log}.",
            seconds=int(START_WAIT_S),
            log=log,
        )
    return Unavailable(
        "The database did not come up. Its last words: {lines}",
        remedy="Mend what they say; the whole log is {log}.",
        lines=" | ".join(new_words.splitlines()[-5:]),
        log=log,
    )


def _answering(home: Path) -> RunningCluster:
    """Return the cluster once it takes a connection, which it refuses while it recovers from a crash of one backend."""
    deadline = time.monotonic() + START_WAIT_S
    reason = "it is not ready"
    while time.monotonic() < deadline:
        running = status(home)
        if running is None and living_postmaster(home / "pgdata") is None:
            break
        if running is not None:
            try:
                psycopg.connect(running.url("postgres", "postgres").replace("+psycopg", ""), connect_timeout=5).close()
            except psycopg.OperationalError as error:
                reason = " ".join(str(error).split())
            else:
                return running
        time.sleep(0.05)
    raise Unavailable(
        "The database runs but does not answer: {reason}.",
        remedy="Run `jingwei db stop` and start again; its log is {log}.",
        reason=reason,
        log=home / "postgres.log",
    )
