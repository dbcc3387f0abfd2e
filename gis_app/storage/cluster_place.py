"""Where the embedded cluster lives and as whom it runs: programs, user, home and socket folder."""

from __future__ import annotations

import errno
import hashlib
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gis_app.domain.errors import InvalidInput, Unavailable

SOCKET_PATH_LIMIT = 107
# A comma would part two folders in PostgreSQL's setting and in libpq's; other letters take more bytes than one.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]+")
# pg_ctl hands paths to a shell between double quotes, where these would be read.
_SHELL_SIGNS = re.compile(r'["$`\\\n]')
OLDEST_VERSION = 15  # views with security_invoker
LEAST_FREE_MB = 64
LEAST_FREE_TO_CREATE_MB = 256
REMEDY_INSTALL = (
    "Install it: apt-get install postgresql-15 postgresql-15-postgis-3; or set DATABASE_URL to your own PostGIS."
)
_FULL = "No space left on device"


def find_programs(data: Path) -> Path:
    """Return the folder of PostgreSQL's programs: the version of ``data`` if installed, else the newest with PostGIS.

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
        raise Unavailable("PostgreSQL is not installed.", remedy=REMEDY_INSTALL)
    with_postgis = {
        str(version): folder
        for version, folder in versions
        if version >= OLDEST_VERSION and Path(f"/usr/share/postgresql/{version}/extension/postgis.control").exists()
    }
    if not with_postgis:
        raise Unavailable(
            "PostgreSQL is installed, PostGIS for it (version 15 or newer) is not.", remedy=REMEDY_INSTALL
        )
    newest = list(with_postgis.values())[-1]
    return with_postgis.get(version_of(data) or "", newest)


def version_of(data: Path) -> str | None:
    """Return the major version of a data folder, or None if it holds no cluster."""
    try:
        return (data / "PG_VERSION").read_text().strip()
    except (FileNotFoundError, NotADirectoryError):
        return None


def server_user() -> pwd.struct_passwd:
    """Return whom the server runs as: us, or the user postgres when we are root."""
    name = "postgres" if os.geteuid() == 0 else None
    try:
        return pwd.getpwnam(name) if name else pwd.getpwuid(os.geteuid())
    except KeyError:
        raise Unavailable(
            "There is no user {user} to run the database as.", remedy=REMEDY_INSTALL, user=name or os.geteuid()
        ) from None


@contextmanager
def plain_errors(home: Path) -> Iterator[None]:
    """Turn what the file system refuses into a sentence with its remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_is_full(home) from error
        raise Unavailable(
            "The database cannot use {path}: {reason}.",
            remedy="Run Jingwei as the user who owns {home}, or set JINGWEI_HOME to a folder you may write.",
            path=error.filename2 or error.filename or home,
            reason=error.strerror,
            home=home,
        ) from error


def disk_is_full(home: Path, least_mb: int = LEAST_FREE_MB) -> Unavailable:
    """Return the error for a full disk."""
    return Unavailable(
        "The disk of {home} is full.",
        remedy="Free at least {mb} MB, or set JINGWEI_HOME to another disk.",
        home=home,
        mb=least_mb,
    )


def check_space(home: Path, *, least_mb: int = LEAST_FREE_MB) -> None:
    """Raise Unavailable if the disk is full, before the server fails on it."""
    if shutil.disk_usage(home).free < least_mb * 2**20:
        raise disk_is_full(home, least_mb)


def make_home(home: Path, user: pwd.struct_passwd) -> None:
    """Make the home folder, and make sure it can be written, by nobody else, and the server's user can enter it."""
    if _SHELL_SIGNS.search(str(home)):
        raise InvalidInput(
            "PostgreSQL cannot run in a folder of this name: {home}",
            remedy="Set JINGWEI_HOME to a path without quotation mark, dollar sign, backquote, backslash, new line.",
            home=home,
        )
    try:
        _make_folders(home)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_is_full(home) from error
        raise Unavailable(
            "The folder {home} cannot be written: {reason}.",
            remedy="Make it writable, or set JINGWEI_HOME to a folder that is.",
            home=home,
            reason=error.strerror,
        ) from error
    _refuse_shared(home, user)
    if os.geteuid() == 0:
        for folder in (home, *home.parents):
            if not _may_enter(folder, user):
                raise Unavailable(
                    "The database's user {user} cannot enter {folder}.",
                    remedy="Set JINGWEI_HOME to a folder outside of it, such as /var/lib/jingwei.",
                    user=user.pw_name,
                    folder=folder,
                )


def _make_folders(home: Path) -> None:
    missing = [folder for folder in (home, *home.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        # Whatever the umask: the server's user, who is not root, must get through root's folders.
        folder.chmod(0o755 if os.geteuid() == 0 else 0o700)


def _refuse_shared(home: Path, user: pwd.struct_passwd) -> None:
    """Refuse a home where somebody else could lay links in our way."""
    facts = home.stat()
    if facts.st_mode & stat.S_IWOTH or facts.st_uid not in (0, os.geteuid(), user.pw_uid):
        raise Unavailable(
            "The folder {home} is open to other users.",
            remedy="Set JINGWEI_HOME to a folder that {user} owns and nobody else may write, such as one below it.",
            home=home,
            user=pwd.getpwuid(os.geteuid()).pw_name,
        )


def _may_enter(folder: Path, user: pwd.struct_passwd) -> bool:
    facts = folder.stat()
    if facts.st_uid == user.pw_uid:
        return bool(facts.st_mode & stat.S_IXUSR)
    if facts.st_gid == user.pw_gid:
        return bool(facts.st_mode & stat.S_IXGRP)
    return bool(facts.st_mode & stat.S_IXOTH)


def socket_folder(home: Path, user: pwd.struct_passwd) -> Path:
    """Make the private folder of the socket: below home, or a short one where that path does not suit a socket."""
    folder = home / "run"
    if len(str(folder / ".s.PGSQL.5432.lock")) > SOCKET_PATH_LIMIT or not _PLAIN_PATH.fullmatch(str(folder)):
        digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]
        base = "/run" if os.access("/run", os.W_OK) else "/tmp"  # noqa: S108 - checked below, and mode 0700
        folder = Path(base, f"jingwei-{os.geteuid()}-{digest}")
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        facts = folder.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid not in (os.geteuid(), user.pw_uid):
            raise Unavailable(
                "The socket's folder {folder} is not ours.", remedy="Remove it, or set JINGWEI_HOME.", folder=folder
            ) from None
    folder.chmod(0o700)
    give(folder, user)
    return folder


def give(path: Path, user: pwd.struct_passwd) -> None:
    """Make the server's user the owner."""
    if os.geteuid() == 0:
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def run_as(user: pwd.struct_passwd, command: Sequence[str | Path], *, failure: str, home: Path) -> None:
    """Run a program as the server's user.

    Raises
    ------
    Unavailable
        If it fails: ``failure`` with the last lines it wrote as ``{reason}``.
    """
    is_root = os.geteuid() == 0
    # A file and not a pipe: the server inherits it, and a pipe would stay open as long as the server lives.
    with tempfile.TemporaryFile("w+", errors="replace") as words:
        result = subprocess.run(  # noqa: S603 - programs of the system, arguments of our own
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            cwd="/",
            # Not the caller's: PGPORT would reach the server, PROJ_DATA of a Python wheel would reach PostGIS.
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            check=False,
            user=user.pw_uid if is_root else None,
            group=user.pw_gid if is_root else None,
            extra_groups=[] if is_root else None,
        )
        if result.returncode != 0:
            words.seek(0)
            said = words.read()
            if _FULL in said:
                raise disk_is_full(home)
            reason = " | ".join(" ".join(line.split()) for line in said.strip().splitlines()[-3:])
            raise Unavailable(failure, remedy="Mend what it says and start again.", reason=reason)
