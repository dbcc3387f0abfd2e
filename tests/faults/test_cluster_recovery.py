"""The embedded cluster after a kill: orphans, unreadable pid files, a server caught between two states."""

import os
import signal
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from gis_app.storage import cluster
from gis_app.storage.cluster_database import ensure_database
from gis_app.storage.cluster_processes import living_postmaster
from gis_app.storage.engine import make_engine


def servers_in(data):
    """The ids of all processes that work in a data folder."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if (entry / "cwd").readlink() == data:
                    found.add(int(entry.name))
            except OSError:
                continue
    return found


@pytest.fixture
def busy_backend(home):
    """A cluster one of whose backends computes without ever looking up; the cluster and the backend's pid."""
    running = cluster.start(home)
    engine = make_engine(running.url("postgres", "postgres"), pool_size=1)
    pids, ended = [], []
    is_known = threading.Event()

    def compute():
        with engine.connect() as connection:
            pids.append(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
            is_known.set()
            try:
                connection.execute(text("SELECT count(*) FROM generate_series(1, 10000000000) n WHERE n % 7 = 3"))
            except OperationalError as error:
                ended.append(error)
            connection.invalidate()

    worker = threading.Thread(target=compute)
    worker.start()
    assert is_known.wait(10)
    while "R" not in Path(f"/proc/{pids[0]}/stat").read_text().rsplit(")", 1)[1].split()[0]:
        threading.Event().wait(0.01)
    yield running, pids[0]
    cluster.stop(home)
    worker.join(30)
    assert len(ended) == 1
    engine.dispose()


def test_a_backend_that_outlives_its_killed_server_is_ended_and_does_not_block_the_next(busy_backend):
    running, backend = busy_backend
    os.kill(running.pid, signal.SIGKILL)
    while living_postmaster(running.home / "pgdata") is not None:
        threading.Event().wait(0.01)
    assert backend in servers_in(running.home / "pgdata"), "the backend should not have noticed"
    again = cluster.start(running.home)
    assert again.pid != running.pid
    assert backend not in servers_in(running.home / "pgdata")


@pytest.mark.parametrize("content", ["", "\n", "no number\n" * 8, "999999999999\n"])
def test_a_pid_file_that_names_no_process_is_no_obstacle(home, content):
    cluster.start(home)
    cluster.stop(home)
    (home / "pgdata" / "postmaster.pid").write_text(content)
    assert cluster.status(home) is None
    assert cluster.start(home) == cluster.status(home)


def test_recovery_is_told_of_before_the_wait_and_an_ordinary_start_is_not_called_one(home):
    told = []
    running = cluster.start(home, tell=told.append)
    assert told == ["Creating the database cluster", "Starting the database"]
    os.kill(running.pid, signal.SIGKILL)
    while living_postmaster(home / "pgdata") is not None:
        threading.Event().wait(0.01)
    cluster.start(home, tell=told.append)
    assert told[2:] == ["Starting the database; it was not shut down properly and recovers"]
    cluster.stop(home, tell=told.append)
    cluster.start(home, tell=told.append)
    assert told[3:] == ["Stopping the database", "Starting the database"]


def test_stop_also_ends_a_server_that_has_not_said_it_is_ready(home):
    cluster.start(home)
    pid_file = home / "pgdata" / "postmaster.pid"
    pid_file.write_text(pid_file.read_text().replace("ready   ", "starting"))
    assert cluster.status(home) is None
    assert cluster.stop(home) is True
    assert servers_in(home / "pgdata") == set()


def test_start_waits_for_a_server_that_another_is_stopping_and_brings_up_a_new_one(home):
    running = cluster.start(home)
    engine = make_engine(running.url("postgres", "postgres"), pool_size=1)
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        os.kill(running.pid, signal.SIGTERM)  # a smart shutdown: it waits for this client
        while living_postmaster(home / "pgdata").state != "stopping":
            threading.Event().wait(0.01)
        starter_result = []
        starter = threading.Thread(target=lambda: starter_result.append(cluster.start(home)))
        starter.start()
        threading.Event().wait(0.2)
        assert starter.is_alive()
        connection.invalidate()
    engine.dispose()
    starter.join(30)
    assert starter_result[0].pid != running.pid
    assert cluster.status(home) == starter_result[0]


def test_several_at_once_set_up_the_same_database(home):
    running = cluster.start(home)
    answers, failures = [], []

    def set_up():
        try:
            answers.append(ensure_database(running, "together"))
        except Exception as error:
            failures.append(error)

    workers = [threading.Thread(target=set_up) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert failures == []
    assert len(answers) == 4
    assert len(set(answers)) == 1


def test_a_set_up_that_was_cut_short_is_finished_by_the_next(home):
    running = cluster.start(home)
    engine = make_engine(running.url("postgres", "postgres"), pool_size=1)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE ROLE jingwei_owner LOGIN"))
        connection.execute(text("CREATE DATABASE half OWNER jingwei_owner"))
    engine.dispose()
    owner = make_engine(ensure_database(running, "half").owner_url, pool_size=1)
    with owner.connect() as connection:
        assert connection.execute(text("SELECT postgis_version()")).scalar_one().startswith("3.")
    owner.dispose()
