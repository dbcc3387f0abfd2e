"""Where the embedded cluster lives and as whom it runs: programs, user, home and socket folder."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from gis_app.domain.errors import Unavailable

SOCKET_PATH_LIMIT = 107
OLDEST_VERSION = 15  # views with security_invoker
LEAST_FREE_MB = 64
_REMEDY_INSTALL = (
    "Install it: apt-get install postgresql-15 postgresql-15-postgis-3; or set DATABASE_URL to your own PostGIS."
)


def find_programs() -> Path:
    """Return the folder of the newest installed PostgreSQL that has PostGIS.

    Raises
    ------
    Unavailable
        If there is none.
    """
    versions = sorted(
        (int(folder.parent.name), folder)
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if folder.parent.name.isdecimal() and (folder / "initdb").exists()
    )
    if not versions:
        raise Unavailable("PostgreSQL is not installed.", remedy=_REMEDY_INSTALL)
    for version, folder in reversed(versions):
        if version >= OLDEST_VERSION and Path(f"/usr/share/postgresql/{version}/extension/postgis.control").exists():
            return folder
    raise Unavailable("PostgreSQL is installed, PostGIS for it (version 15 or newer) is not.", remedy=_REMEDY_INSTALL)


def server_user() -> pwd.struct_passwd:
    """Return whom the server runs as: us, or the user postgres when we are root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise Unavailable("There is no user postgres to run the database as.", remedy=_REMEDY_INSTALL) from None


def make_home(home: Path, user: pwd.struct_passwd) -> None:
    """Make the home folder, and make sure it can be written and the server's user can enter it."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Unavailable(
            "The folder {home} cannot be written: {reason}.",
            remedy="Make it writable, or set JINGWEI_HOME to a folder that is.",
            home=home,
            reason=error.strerror,
        ) from error
    if os.geteuid() == 0:
        for folder in (home, *home.parents):
            if not _may_enter(folder, user):
                raise Unavailable(
                    "The database's user {user} cannot enter {folder}.",
                    remedy="Set JINGWEI_HOME to a folder outside of it, such as /var/lib/jingwei.",
                    user=user.pw_name,
                    folder=folder,
                )


def _may_enter(folder: Path, user: pwd.struct_passwd) -> bool:
    facts = folder.stat()
    if facts.st_uid == user.pw_uid:
        return bool(facts.st_mode & stat.S_IXUSR)
    if facts.st_gid == user.pw_gid:
        return bool(facts.st_mode & stat.S_IXGRP)
    return bool(facts.st_mode & stat.S_IXOTH)


def check_space(home: Path) -> None:
    """Raise Unavailable if the disk is full, before the server fails on it."""
    if shutil.disk_usage(home).free < LEAST_FREE_MB * 2**20:
        raise Unavailable(
            "The disk of {home} is full.",
            remedy="Free at least {mb} MB, or set JINGWEI_HOME to another disk.",
            home=home,
            mb=LEAST_FREE_MB,
        )


def socket_folder(home: Path, user: pwd.struct_passwd) -> Path:
    """Make the private folder of the socket: below home, or in /tmp where that path is too long for a socket."""
    folder = home / "run"
    if len(str(folder / ".s.PGSQL.5432.lock")) > SOCKET_PATH_LIMIT:
        digest = hashlib.sha256(str(home).encode()).hexdigest()[:12]
        folder = Path(f"/tmp/jingwei-{os.geteuid()}-{digest}")  # noqa: S108 - checked below, and mode 0700
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid not in (os.geteuid(), user.pw_uid):
        raise Unavailable(
            "The socket's folder {folder} is not ours.", remedy="Remove it, or set JINGWEI_HOME.", folder=folder
        )
    folder.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


def run_as(user: pwd.struct_passwd, command: Sequence[str | Path], *, failure: str) -> None:
    """Run a program as the server's user.

    Raises
    ------
    Unavailable
        If it fails: ``failure`` with the last lines it wrote as ``{reason}``.
    """
    # A file and not a pipe: the server inherits it, and a pipe would stay open as long as the server lives.
    with tempfile.TemporaryFile("w+", errors="replace") as words:
        result = subprocess.run(  # noqa: S603 - programs of the system, arguments of our own
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            cwd="/",
            check=False,
            user=user.pw_uid if os.geteuid() == 0 else None,
            group=user.pw_gid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
        )
        if result.returncode != 0:
            words.seek(0)
            reason = " | ".join(" ".join(line.split()) for line in words.read().strip().splitlines()[-3:])
            raise Unavailable(failure, remedy="Mend what it says and start again.", reason=reason)
