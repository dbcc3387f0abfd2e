"""Opens the database this installation works on: the embedded one, or the operator's own; migrated and checked."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, text

from gis_app import paths
from gis_app.rendering.layer_spec import load_layers
from gis_app.settings import Settings
from gis_app.storage import cluster as embedded
from gis_app.storage import schema
from gis_app.storage.cluster import RunningCluster
from gis_app.storage.cluster_database import ensure_database
from gis_app.storage.engine import make_engine, refuse_unbound_role, scoped, system_scope
from gis_app.storage.indicators import city_profile
from gis_app.storage.own_database import app_engine, other_clients, prepare_own_database
from gis_app.storage.read_only_sql import grant_views

Tell = Callable[[str], None]
_MIGRATION_LOCK = 330381001


@dataclass(frozen=True)
class Database:
    """The open database.

    Parameters
    ----------
    owner
        Engine of the role that owns the tables; it stands under row-level security too.
    app
        Engine of the role the server works as.
    cluster
        The embedded cluster, None for an operator's own database.
    was_started
        Whether opening started the cluster.
    make_app_engine
        Makes another engine like ``app`` with so many connections: for a process forked later.
    """

    owner: Engine
    app: Engine
    cluster: RunningCluster | None
    was_started: bool
    make_app_engine: Callable[[int], Engine]

    def disconnect(self) -> None:
        """Close all connections; the engines connect anew when used."""
        self.owner.dispose()
        self.app.dispose()

    def close(self, tell: Tell = lambda message: None) -> None:
        """Disconnect, and stop the embedded cluster if opening started it and nobody else is using it."""
        self.disconnect()
        if self.cluster is None or not self.was_started:
            return
        if _is_used(self.cluster):
            tell("The database keeps running: another program is using it. `jingwei db stop` stops it.")
            return
        embedded.stop(self.cluster.home, tell=tell)


@contextmanager
def opened(settings: Settings, tell: Tell = lambda message: None) -> Iterator[Database]:
    """Open the database for a while."""
    database = open_database(settings, tell)
    try:
        yield database
    finally:
        database.close(tell)


def open_database(settings: Settings, tell: Tell = lambda message: None) -> Database:
    """Return the database of the settings, running, at the newest revision.

    Parameters
    ----------
    settings
        ``database_url``: the operator's own database; its role owns the tables. Unset: the embedded one below ``home``.
    tell
        Told what takes a while, and what works but should be mended.

    Raises
    ------
    Unavailable
        If it cannot be started, does not answer, or lacks what only a superuser may add.
    InvalidInput
        If the app's role bypasses row-level security.
    """
    database = _own(settings.database_url, tell) if settings.database_url else _embedded(settings, tell)
    try:
        _migrate(database.owner, tell)
        refuse_unbound_role(database.app)
    except BaseException:
        database.close()
        raise
    return database


def _embedded(settings: Settings, tell: Tell) -> Database:
    was_running = embedded.status(settings.home) is not None
    running = embedded.start(settings.home, tell=tell)
    with _turn(settings.home):
        urls = ensure_database(running)
    return Database(
        owner=make_engine(urls.owner_url, pool_size=2),
        app=make_engine(urls.app_url),
        cluster=running,
        was_started=not was_running,
        make_app_engine=lambda pool_size: make_engine(urls.app_url, pool_size=pool_size),
    )


@contextmanager
def _turn(home: Path) -> Iterator[None]:
    """Let one process at a time set the database up; the lock ends with the process that holds it."""
    with (home / "open.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _own(url: str, tell: Tell) -> Database:
    owner = make_engine(url, pool_size=2)
    try:
        prepare_own_database(owner, tell)
    except BaseException:
        owner.dispose()
        raise
    return Database(
        owner=owner,
        app=app_engine(url, pool_size=4),
        cluster=None,
        was_started=False,
        make_app_engine=lambda pool_size: app_engine(url, pool_size=pool_size),
    )


def _migrate(owner: Engine, tell: Tell) -> None:
    # Two programs that start at once take turns; the second finds nothing to do. The lock ends with the transaction:
    # one of the session would stay with the pooled connection, and shut others out as long as this program runs.
    with owner.connect() as turn, owner.connect() as connection:
        turn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        is_current = schema.current_revision(connection) == schema.newest_revision()
        connection.close()
        if not is_current:
            tell("Bringing the tables up to date")
            schema.upgrade(owner)
        # Each time: an administrator may have named another view in a layer's file.
        with owner.begin() as connection:
            grant_views(connection, [layer.source for layer in load_layers(paths.layers())])


def _is_used(running: RunningCluster) -> bool:
    superuser = make_engine(running.url("postgres", "postgres"), pool_size=1)
    with superuser.connect() as connection:
        count = other_clients(connection)
    superuser.dispose()
    return count > 0


def stop_embedded(settings: Settings, tell: Tell = lambda message: None) -> bool:
    """Stop the embedded database, whoever uses it, and return whether it ran."""
    return embedded.stop(settings.home, tell=tell)


def database_facts(settings: Settings) -> dict[str, str] | None:
    """Return where the database is, the revision of its tables and its city; None if the embedded one does not run.

    Nothing is started or changed.

    Raises
    ------
    Unavailable
        If the operator's own database does not answer.
    """
    running = embedded.status(settings.home)
    if settings.database_url:
        engine, facts = make_engine(settings.database_url, pool_size=1), {"database": "DATABASE_URL"}
    elif running is None:
        return None
    else:
        engine = make_engine(ensure_database(running).app_url, pool_size=1)
        facts = {"database": f"embedded, in {settings.home}", "process": str(running.pid)}
    with scoped(engine, system_scope()) as connection:
        revision = schema.current_revision(connection)
        facts["tables"] = f"{revision or 'none'} (this program: {schema.newest_revision()})"
        profile = city_profile(connection) if revision else None
        facts["city"] = "none" if profile is None else f"{profile.name_zh} {profile.name_en}"
        if profile is not None and profile.is_synthetic:
            facts["data"] = "synthetic (demo)"
    engine.dispose()
    return facts
