"""The embedded cluster under what befalls it: kill -9, stale files, races, folders it may not use."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from gis_app.domain.errors import Unavailable
from gis_app.storage import cluster
from gis_app.storage.cluster_database import ensure_database
from gis_app.storage.engine import make_engine

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to act as another user")


@contextmanager
def superuser_on(running):
    engine = make_engine(running.url("postgres", "postgres"), pool_size=1)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def wait_until_gone(pid):
    """Wait for the end of a killed process that is not our child."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        threading.Event().wait(0.02)
    raise AssertionError(f"process {pid} lives on")


def start_in_another_process(home):
    code = (
        f"from pathlib import Path; from gis_app.storage import cluster; print(cluster.start(Path({str(home)!r})).pid)"
    )
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def test_a_first_start_gives_a_server_with_postgis_that_no_network_reaches(home):
    urls = ensure_database(cluster.start(home))
    engine = make_engine(urls.owner_url, pool_size=1)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT postgis_version()")).scalar_one().startswith("3.")
        assert connection.execute(text("SHOW listen_addresses")).scalar_one() == ""
        assert connection.execute(text("SHOW data_checksums")).scalar_one() == "on"
    engine.dispose()
    assert (home / "run").stat().st_mode & 0o777 == 0o700
    assert (home / "pgdata").stat().st_uid != 0


def test_a_second_start_returns_the_running_server_and_stop_says_whether_it_ran(home):
    running = cluster.start(home)
    assert cluster.start(home) == running
    assert cluster.status(home) == running
    assert cluster.stop(home) is True
    assert cluster.stop(home) is False
    assert cluster.status(home) is None


def test_two_processes_that_start_at_once_get_the_same_server(home):
    others = [start_in_another_process(home) for _ in range(3)]
    pids = {int(other.communicate(timeout=120)[0]) for other in others}
    assert pids == {cluster.start(home).pid}


def test_a_committed_row_survives_kill_9_of_the_server(home):
    running = cluster.start(home)
    with superuser_on(running) as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT 7 AS number"))
        connection.commit()
    os.kill(running.pid, signal.SIGKILL)
    wait_until_gone(running.pid)
    assert cluster.status(home) is None
    with superuser_on(cluster.start(home)) as connection:
        assert connection.execute(text("SELECT number FROM kept")).scalar_one() == 7


def test_a_stale_pid_file_whose_pid_now_belongs_to_another_process_is_no_obstacle(home):
    running = cluster.start(home)
    pid_file = home / "pgdata" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    cluster.stop(home)
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    (home / "run" / ".s.PGSQL.5432").touch()
    assert cluster.status(home) is None
    again = cluster.start(home)
    assert again.pid not in (os.getpid(), running.pid)


def test_half_a_cluster_left_by_an_interrupted_creation_is_made_anew(home):
    (home / "pgdata.new").mkdir()
    (home / "pgdata.new" / "PG_VERSION").write_text("15\n")
    cluster.start(home)
    assert not (home / "pgdata.new").exists()


def test_a_home_with_a_very_long_path_gets_a_short_socket_folder(home):
    deep = home / ("long" * 20) / ("longer" * 10)
    running = cluster.start(deep)
    try:
        assert len(str(running.socket_folder)) < 60
        assert running.socket_folder.stat().st_mode & 0o777 == 0o700
        with superuser_on(running) as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
    finally:
        cluster.stop(deep)
        shutil.rmtree(running.socket_folder)


def test_data_of_another_major_version_are_left_alone_and_named(home):
    cluster.start(home)
    cluster.stop(home)
    (home / "pgdata" / "PG_VERSION").write_text("13\n")
    with pytest.raises(Unavailable, match=r"of PostgreSQL 13, installed is 1[5-9]") as caught:
        cluster.start(home)
    assert "postgresql-13" in caught.value.remedy


def test_a_server_that_does_not_come_up_is_quoted_at_once(home):
    cluster.start(home)
    cluster.stop(home)
    with (home / "pgdata" / "postgresql.conf").open("a") as conf:
        conf.write("shared_buffers = 'plenty'\n")
    begin = time.monotonic()
    with pytest.raises(Unavailable, match="did not come up") as caught:
        cluster.start(home)
    assert time.monotonic() - begin < 10
    assert "shared_buffers" in caught.value.message
    assert "postgres.log" in caught.value.remedy


def test_a_lock_held_too_long_is_named(home, monkeypatch):
    cluster.start(home)
    monkeypatch.setattr(cluster, "LOCK_WAIT_S", 0.3)
    with (home / "cluster.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match="Another process"):
            cluster.start(home)


def test_a_home_that_cannot_be_written_is_named_with_the_setting_to_change(tmp_path):
    file = tmp_path / "file"
    file.write_text("no folder")
    with pytest.raises(Unavailable) as caught:
        cluster.start(file / "home")
    assert str(file / "home") in caught.value.message
    assert "JINGWEI_HOME" in caught.value.remedy


@as_root
def test_a_home_that_the_servers_user_cannot_enter_is_named(home):
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(Unavailable) as caught:
        cluster.start(closed / "home")
    assert caught.value.message == f"The database's user postgres cannot enter {closed}."


def test_a_full_disk_is_refused_before_the_server_fails_on_it(small_disk):
    disk = small_disk(8)
    with pytest.raises(Unavailable) as caught:
        cluster.start(disk)
    assert caught.value.message == f"The disk of {disk} is full."
    assert "256 MB" in caught.value.remedy


@as_root
def test_a_socket_folder_of_somebody_else_is_refused(home):
    deep = home / ("long" * 20) / ("other" * 10)
    running = cluster.start(deep)
    cluster.stop(deep)
    shutil.rmtree(running.socket_folder)
    os.symlink("/etc", running.socket_folder)
    try:
        with pytest.raises(Unavailable, match="is not ours"):
            cluster.start(deep)
    finally:
        running.socket_folder.unlink()


def test_the_roles_have_neither_superuser_nor_bypass_and_the_app_owns_nothing(cluster, migrated_database):
    with migrated_database.superuser.connect() as connection:
        roles = connection.execute(
            text("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname LIKE 'jingwei_%' ORDER BY 1")
        ).all()
        owned = connection.execute(
            text("SELECT count(*) FROM pg_class WHERE relowner = 'jingwei_app'::regrole")
        ).scalar_one()
    names = ("jingwei_app", "jingwei_owner", "jingwei_reader")
    assert [tuple(role) for role in roles] == [(name, False, False) for name in names]
    assert owned == 0
