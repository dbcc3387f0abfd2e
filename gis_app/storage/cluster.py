"""The embedded PostGIS: a private cluster with a folder of its own, reached through a unix socket only.

Everything lies below one home folder: ``pgdata`` (the data), ``run`` (the socket), ``cluster.lock``, ``postgres.log``.
PostgreSQL refuses to run as root, so root starts it as the user ``postgres``, who then owns the folders. There is no
password: whoever may enter the socket's folder (mode 0700: that user, and root) may connect, nobody else can.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote as shell_quote
from urllib.parse import quote

from gis_app.domain.errors import Unavailable
from gis_app.storage.cluster_place import check_space, find_programs, make_home, run_as, server_user, socket_folder

Tell = Callable[[str], None]
LOCK_WAIT_S = 120.0
START_WAIT_S = 60.0

SERVER_SETTINGS = """\
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 60
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
synchronous_commit = on
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_destination = stderr
logging_collector = off
"""


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
        return f"postgresql+psycopg://{role}@/{database}?host={quote(str(self.socket_folder))}"


def start(home: Path, *, tell: Tell = lambda message: None) -> RunningCluster:
    """Start the cluster below ``home``, or return the one that runs already.

    Raises
    ------
    Unavailable
        If PostgreSQL or PostGIS is missing, the folder cannot be written or entered, the data folder belongs to another
        major version, another process holds the lock too long, or the server does not come up; with the remedy.
    """
    programs = find_programs()
    user = server_user()
    make_home(home, user)
    with _locked(home):
        running = status(home)
        if running is not None:
            return running
        check_space(home)
        data = home / "pgdata"
        if not (data / "PG_VERSION").exists():
            _create(home, programs=programs, user=user, tell=tell)
        _check_version(data, programs)
        sockets = socket_folder(home, user)
        _clear_leftovers(data, sockets)
        tell("Starting the database")
        _launch(home, programs=programs, user=user, sockets=sockets)
        return _wait_until_it_answers(home)


def status(home: Path) -> RunningCluster | None:
    """Return the running cluster below ``home``, or None."""
    pid_file = home / "pgdata" / "postmaster.pid"
    try:
        lines = pid_file.read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if len(lines) < 8 or lines[7].strip() != "ready" or not _is_our_postmaster(int(lines[0]), home / "pgdata"):
        return None
    return RunningCluster(home=home, socket_folder=Path(lines[4]), pid=int(lines[0]))


def stop(home: Path, *, tell: Tell = lambda message: None) -> bool:
    """Stop the cluster below ``home``; return whether it ran."""
    if not home.is_dir():
        return False
    with _locked(home):
        running = status(home)
        if running is None:
            return False
        tell("Stopping the database")
        command: list[str | Path] = [
            find_programs() / "pg_ctl",
            "stop",
            "-D",
            home / "pgdata",
            "-m",
            "fast",
            "-w",
            "-t",
            "60",
        ]
        run_as(server_user(), command, failure="The database could not be stopped: {reason}")
        return True


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Let one process at a time start or stop; the lock ends with the process that holds it."""
    with (home / "cluster.lock").open("a") as handle:
        deadline = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Unavailable(
                        "Another process has been starting or stopping the database in {home} for {seconds} s.",
                        remedy="Wait for it, or end it, then try again.",
                        home=home,
                        seconds=int(LOCK_WAIT_S),
                    ) from None
                time.sleep(0.1)
        yield


def _create(home: Path, *, programs: Path, user: pwd.struct_passwd, tell: Tell) -> None:
    """Make the cluster aside and rename it, so that half of one is never taken for a whole."""
    tell("Creating the database cluster")
    draft = home / "pgdata.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(draft, user.pw_uid, user.pw_gid)
    options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums"]
    command: list[str | Path] = [programs / "initdb", "-D", draft, *options]
    run_as(user, command, failure="The database cluster could not be created: {reason}")
    with (draft / "postgresql.conf").open("a") as conf:
        conf.write(SERVER_SETTINGS)
    draft.rename(home / "pgdata")


def _check_version(data: Path, programs: Path) -> None:
    found = (data / "PG_VERSION").read_text().strip()
    if found != programs.parent.name:
        raise Unavailable(
            "The data in {data} are of PostgreSQL {found}, installed is {installed}.",
            remedy="Install postgresql-{found} again, or move the folder away to start anew.",
            data=data,
            found=found,
            installed=programs.parent.name,
        )


def _clear_leftovers(data: Path, sockets: Path) -> None:
    """Remove what a killed postmaster left, once it is sure that none of ours lives; called under the lock."""
    pid_file = data / "postmaster.pid"
    if pid_file.exists():
        first = pid_file.read_text().splitlines()[:1]
        if first and first[0].isdecimal() and _is_our_postmaster(int(first[0]), data):
            return
        pid_file.unlink()
    for leftover in sockets.glob(".s.PGSQL.*"):
        leftover.unlink()


def _is_our_postmaster(pid: int, data: Path) -> bool:
    """Tell our postmaster from a process that got its pid since: ours works in the data folder."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == data.resolve() and "postgres" in (
            Path(f"/proc/{pid}/comm").read_text()
        )
    except (OSError, RuntimeError):
        return False


def _launch(home: Path, *, programs: Path, user: pwd.struct_passwd, sockets: Path) -> None:
    log = home / "postgres.log"
    log.touch()
    if os.geteuid() == 0:
        os.chown(log, user.pw_uid, user.pw_gid)
    options = f"-k {shell_quote(str(sockets))}"
    command: list[str | Path] = [programs / "pg_ctl", "start", "-W", "-D", home / "pgdata", "-l", log, "-o", options]
    run_as(user, command, failure="The database could not be started: {reason}")


def _wait_until_it_answers(home: Path) -> RunningCluster:
    deadline = time.monotonic() + START_WAIT_S
    while time.monotonic() < deadline:
        running = status(home)
        if running is not None:
            return running
        time.sleep(0.05)
    lines = (home / "postgres.log").read_text(errors="replace").splitlines()[-5:]
    raise Unavailable(
        "The database did not come up in {seconds} s. Its last words: {lines}",
        remedy="Mend what they say; the whole log is {log}.",
        seconds=int(START_WAIT_S),
        lines=" | ".join(lines),
        log=home / "postgres.log",
    )
