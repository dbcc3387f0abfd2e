"""A real private PostGIS for the whole test session, and fresh databases on it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import hypothesis
import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2.bccache import BytecodeCache
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Engine, text

from gis_app.services import secrets_at_rest
from gis_app.storage import cluster as embedded
from gis_app.storage import schema
from gis_app.storage.cluster_database import DatabaseUrls, ensure_database
from gis_app.storage.cluster_processes import wait_until_gone
from gis_app.storage.engine import make_engine

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A graphics card made of software: ?renderer=gl draws on it, left alone the page prefers the canvas.
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    # Names resolve to nothing but this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]

# Machines are shared and noisy: no test fails for being slow.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

_numbers = count(1)

# What is lost with the machine's power is of no use to a test. The clusters of tests/faults keep the settings of users.
_HASTE = ("fsync", "synchronous_commit", "full_page_writes")


class KeptTemplates(BytecodeCache):
    """Templates compiled once for all the applications of a run; each knows by its source whether it is still so."""

    def __init__(self):
        self._compiled = {}

    def load_bytecode(self, bucket):
        if bucket.key in self._compiled:
            bucket.bytecode_from_string(self._compiled[bucket.key])

    def dump_bytecode(self, bucket):
        self._compiled[bucket.key] = bucket.bytecode_to_string()


Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": KeptTemplates()}


@pytest.fixture(scope="session")
def shipped_hashes() -> tuple[PasswordHasher, str]:
    """The hasher of passwords as users have it, and the hash that stands for nobody's."""
    return secrets_at_rest._HASHER, secrets_at_rest._NOBODY


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes(shipped_hashes) -> Iterator[None]:
    """Hash passwords without taking a third of a second for each; servers and commands of their own keep doing that."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets_at_rest, "_HASHER", quick)
        patch.setattr(secrets_at_rest, "_NOBODY", quick.hash("nobody"))
        yield


def _started(home: Path) -> embedded.RunningCluster:
    """Start a cluster that does not wait for the disk."""
    running = embedded.start(home)
    admin = make_engine(running.url("postgres", "postgres"), pool_size=1)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in _HASTE:
            connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    admin.dispose()
    return running


def _throw_away(home: Path) -> None:
    """End a cluster at once, without writing what nobody reads any more, and remove it."""
    running = embedded.status(home)
    if running is not None:
        os.kill(running.pid, signal.SIGQUIT)
        assert wait_until_gone(home / "pgdata", seconds=60)
    shutil.rmtree(home)


@dataclass
class Database:
    """One database and an engine for each of its roles."""

    urls: DatabaseUrls
    owner: Engine
    app: Engine
    superuser: Engine

    @property
    def app_url(self) -> str:
        return self.urls.app_url

    def close(self) -> None:
        for engine in (self.owner, self.app, self.superuser):
            engine.dispose()


def _connect(urls: DatabaseUrls) -> Database:
    return Database(
        urls=urls,
        owner=make_engine(urls.owner_url),
        app=make_engine(urls.app_url),
        superuser=make_engine(urls.superuser_url),
    )


@pytest.fixture(scope="session")
def cluster() -> Iterator[embedded.RunningCluster]:
    """A cluster in a short folder of its own (a socket's path has 107 bytes at most)."""
    home = Path(tempfile.mkdtemp(prefix="jw-", dir="/tmp"))
    home.chmod(0o755)
    yield _started(home)
    _throw_away(home)


@pytest.fixture(scope="session")
def clone(cluster):
    """Make a database that equals a template's, in a fraction of a second."""
    admin = make_engine(cluster.url("postgres", "postgres"), pool_size=1)
    # Half of what it takes by way of the log, where the disk is not waited for.
    how = "OWNER jingwei_owner STRATEGY FILE_COPY"

    def make(template: str) -> DatabaseUrls:
        name = f"clone_{next(_numbers)}"
        with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} {how}"))
        return ensure_database(cluster, name)

    yield make
    admin.dispose()


@pytest.fixture
def empty_database(cluster) -> Iterator[Database]:
    """A database with roles and PostGIS, no tables."""
    database = _connect(ensure_database(cluster, f"empty_{next(_numbers)}"))
    yield database
    database.close()


@pytest.fixture(scope="session")
def migrated_template(cluster) -> str:
    """The name of a database at the newest revision, for cloning."""
    urls = ensure_database(cluster, "migrated_template")
    owner = make_engine(urls.owner_url)
    schema.upgrade(owner)
    owner.dispose()
    return "migrated_template"


@pytest.fixture
def migrated_database(migrated_template, clone) -> Iterator[Database]:
    """A fresh database at the newest revision, no rows."""
    database = _connect(clone(migrated_template))
    yield database
    database.close()


@dataclass(frozen=True)
class LiveServer:
    """A running server, and the demo's log-ins as it printed them."""

    address: str
    passwords: dict[str, str]
    home: Path


@pytest.fixture(scope="session")
def live_server() -> Iterator[LiveServer]:
    """A real server, started as a user would: small demo city, embedded database, gunicorn."""
    home = Path(tempfile.mkdtemp(prefix="jw-", dir="/tmp"))
    home.chmod(0o755)
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    _started(home)
    command = [Path(sys.executable).with_name("jingwei"), "demo", "--size", "small", "--port", "0"]
    server = subprocess.Popen(
        command,
        env=environment | {"JINGWEI_HOME": str(home), "JINGWEI_LOCALE": "zh"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        address, told = _address_told_by(server)
        passwords = dict(re.findall(r"^  (\w+) +((?:[a-z0-9]{4}-){3}[a-z0-9]{4}) ", told, re.MULTILINE))
        yield LiveServer(address, passwords, home)
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=300)
        _throw_away(home)


def _address_told_by(server: subprocess.Popen[str]) -> tuple[str, str]:
    told = []
    for line in server.stdout:
        told.append(line)
        address = re.search(r"http://127\.0\.0\.1:\d+", line)
        if address:
            return address.group(0), "".join(told)
    raise AssertionError("The server ended: " + "".join(told))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one Chromium of the session: Playwright's plain interface allows no second one beside it."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield running
        running.close()
