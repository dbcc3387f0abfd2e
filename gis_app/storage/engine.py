"""Engines, and transactions in the scope of a caller."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import PoolProxiedConnection

from gis_app.domain.errors import InvalidInput, Unavailable
from gis_app.domain.rights import Scope

EVERYTHING = "/"
"""Scope path of the system's own jobs: every path starts with it."""

_ROLE = "jingwei_role"

# Only the first statement of a transaction: the setting ends with it, so a pooled connection carries nothing over.
_SCOPE = "SELECT set_config('jingwei.scope', :path, true), set_config('jingwei.account', :account, true)"
_SET_SCOPE = text(_SCOPE)
_SET_SCOPE_AND_TIME = text(f"{_SCOPE}, set_config('statement_timeout', :longest_ms, true)")
_OWN_ROLE = text("SELECT rolname, rolsuper OR rolbypassrls AS unbound FROM pg_roles WHERE rolname = current_user")

_CANCELLED = "57014"
"""SQLSTATE of a statement that was ended."""


def make_engine(url: str, *, pool_size: int = 4, role: str | None = None) -> Engine:
    """Return an engine on ``url``; every connection takes ``role`` when one is named.

    Parameters
    ----------
    url
        SQLAlchemy URL; a plain ``postgresql://`` one is run through psycopg 3.
    pool_size
        Connections kept and allowed at most; a request waits up to 10 s for one.
    role
        Role to SET, for an operator's own database where one log-in serves both owner and app.
    """
    for plain in ("postgresql://", "postgres://"):
        if url.startswith(plain):
            url = "postgresql+psycopg://" + url.removeprefix(plain)
    # No prepared statements: a plan made for any window and any box reads a million rows where a dozen are asked for.
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        connect_args={"prepare_threshold": None},
    )
    engine.update_execution_options(**{_ROLE: role})
    if role is not None:

        @event.listens_for(engine, "connect")
        def take_role(connection: PoolProxiedConnection, record: object) -> None:
            cursor = connection.cursor()
            cursor.execute(f'SET ROLE "{role}"')
            cursor.close()
            connection.commit()

    return engine


def role_of(engine: Engine) -> str | None:
    """Return the role that an engine's connections take, to make one like it in another process."""
    role: str | None = engine.get_execution_options().get(_ROLE)
    return role


def refuse_unbound_role(engine: Engine) -> None:
    """Raise InvalidInput if the app's role could see past row-level security."""
    with engine.connect() as connection:
        role = connection.execute(_OWN_ROLE).one()
    if role.unbound:
        raise InvalidInput(
            "The database role {role} bypasses row-level security.",
            remedy="Use a role without SUPERUSER and BYPASSRLS.",
            role=role.rolname,
        )


@contextmanager
def scoped(engine: Engine, scope: Scope, *, longest_s: float | None = None) -> Iterator[Connection]:
    """Open one transaction that sees and changes only what lies in the caller's area, and is not another's alone.

    Parameters
    ----------
    longest_s
        Seconds after which a statement of it is stopped, if not after the usual time.

    Raises
    ------
    Unavailable
        If the database does not answer.
    """
    try:
        connection = engine.connect()
    except OperationalError as error:
        raise Unavailable(
            "The database does not answer.", remedy="Wait a moment and try again; if it stays, see `jingwei status`."
        ) from error
    with connection, connection.begin():
        caller = {"path": scope.area_path, "account": scope.account}
        if longest_s is None:
            connection.execute(_SET_SCOPE, caller)
        else:
            values = {**caller, "longest_ms": str(max(round(longest_s * 1000), 1))}
            connection.execute(_SET_SCOPE_AND_TIME, values)
        yield connection


@contextmanager
def long_job(engine: Engine) -> Iterator[Connection]:
    """Open one transaction of the system's own: the whole city, and no limit on the time of a statement."""
    with scoped(engine, system_scope()) as connection:
        lift_time_limit(connection)
        yield connection


def lift_time_limit(connection: Connection) -> None:
    """Let the statements of this transaction take as long as they take."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))


def was_cancelled(error: BaseException) -> bool:
    """Say whether a statement was ended by its time limit; takes SQLAlchemy's errors and the driver's own."""
    return getattr(getattr(error, "orig", error), "sqlstate", None) == _CANCELLED


def bound_heavy(connection: Connection, *, seconds: float) -> None:
    """Stop the statements of this transaction after some seconds, and keep each to one process of the database."""
    # Parallel workers would answer one question sooner and let everybody else wait for a processor.
    connection.execute(text(f"SET LOCAL statement_timeout = {round(seconds * 1000)}"))
    connection.execute(text("SET LOCAL max_parallel_workers_per_gather = 0"))


def system_scope(account: str = "system") -> Scope:
    """Return the scope of the system's own jobs: the whole city."""
    return Scope(account=account, area_path=EVERYTHING)
