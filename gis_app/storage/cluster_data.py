"""The data folder of the embedded cluster: made once, checked and given its settings at each start."""

from __future__ import annotations

import pwd
import shutil
from pathlib import Path

from gis_app.domain.errors import Unavailable
from gis_app.storage.cluster_place import LEAST_FREE_TO_CREATE_MB, check_space, give, run_as, version_of

PORT = 5432  # only part of the socket's name
SERVER_SETTINGS = f"""\
# Written anew at each start of the server; ALTER SYSTEM overrides it.
listen_addresses = ''
port = {PORT}
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
ACCESS = "# Only through the socket, whose folder has mode 0700.\nlocal all all trust\n"


def create_data(home: Path, *, programs: Path, user: pwd.struct_passwd) -> None:
    """Make the cluster aside and rename it, so that half of one is never taken for a whole.

    Raises
    ------
    Unavailable
        If something else is in its place, the disk is full, or ``initdb`` fails.
    """
    data, draft = home / "pgdata", home / "pgdata.new"
    if data.exists() and any(data.iterdir()):
        raise Unavailable(
            "The folder {data} holds something that is no database.",
            remedy="Move it away, or set JINGWEI_HOME to another folder.",
            data=data,
        )
    check_space(home, least_mb=LEAST_FREE_TO_CREATE_MB)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    give(draft, user)
    options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums"]
    command: list[str | Path] = [programs / "initdb", "-D", draft, *options]
    run_as(user, command, failure="The database cluster could not be created: {reason}", home=home)
    with (draft / "postgresql.conf").open("a") as conf:
        conf.write("include '../jingwei.conf'\n")
    (draft / "pg_hba.conf").write_text(ACCESS)
    draft.rename(data)


def check_data(data: Path, *, programs: Path, user: pwd.struct_passwd) -> None:
    """Raise Unavailable if the data are of another major version or of another user."""
    found = version_of(data)
    if found != programs.parent.name:
        raise Unavailable(
            "The data in {data} are of PostgreSQL {found}, installed is {installed}.",
            remedy="Install postgresql-{found} and postgresql-{found}-postgis-3, or move the folder away.",
            data=data,
            found=found,
            installed=programs.parent.name,
        )
    owner = data.stat().st_uid
    if owner != user.pw_uid:
        raise Unavailable(
            "The data in {data} belong to the user with id {owner}, the database would run as {user}.",
            remedy="Run Jingwei as the user who made them, or set JINGWEI_HOME to another folder.",
            data=data,
            owner=owner,
            user=user.pw_name,
        )


def write_settings(home: Path) -> None:
    """Write the server's settings; they lie in home, where root writes nothing into a folder of another user."""
    settings = home / "jingwei.conf"
    settings.write_text(SERVER_SETTINGS)
    settings.chmod(0o644)
