"""An operator's own PostGIS: made ready for us as far as its role may, else a clear word on what its DBA must run."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, Engine, TextClause, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from gis_app.domain.errors import Unavailable
from gis_app.storage.cluster_database import APP_ROLE, MARK_OVERLAPS_LEAKPROOF, STATEMENT_TIMEOUT_MS
from gis_app.storage.engine import make_engine
from gis_app.storage.read_only_sql import MAKE_READER, READER_ROLE

Tell = Callable[[str], None]

_MAKE_ROLE = f"CREATE ROLE {APP_ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE"
_HAS_ROLE = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)")
_MAY_TAKE_ROLE = text("SELECT pg_has_role(current_user, :role, 'MEMBER')")
_HAS_POSTGIS = text("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'postgis')")
_IS_LEAKPROOF = text("SELECT bool_and(proleakproof) FROM pg_proc WHERE proname = 'geometry_overlaps'")
_WHO = text("SELECT current_user")


def prepare_own_database(owner: Engine, tell: Tell) -> None:
    """Make sure that PostGIS and the app's role are there and that the owner may take it.

    Parameters
    ----------
    owner
        Engine of the URL's role, which will own the tables.
    tell
        Told what is slow or unsafe, though it works.

    Raises
    ------
    Unavailable
        If the database does not answer, or the role may not do what is missing: with the SQL that a DBA must run.
    """
    try:
        with owner.connect() as connection:
            user = str(connection.execute(_WHO).scalar_one())
    except DBAPIError as error:
        raise Unavailable(
            "The database of DATABASE_URL does not answer: {reason}",
            remedy="Mend DATABASE_URL or start that database; unset it to use the embedded one.",
            reason=_first_line(error),
        ) from error
    _ensure(owner, _HAS_POSTGIS, {}, "CREATE EXTENSION postgis")
    _ensure(owner, _HAS_ROLE, {"role": APP_ROLE}, _MAKE_ROLE)
    _ensure(owner, _MAY_TAKE_ROLE, {"role": APP_ROLE}, f'GRANT {APP_ROLE} TO "{user}"')
    if not _try(owner, _IS_LEAKPROOF, {}, MARK_OVERLAPS_LEAKPROOF):
        tell(f"Maps will be slow: a superuser should run once in this database: {MARK_OVERLAPS_LEAKPROOF};")
    grant = f'GRANT {READER_ROLE} TO "{user}"'
    has_reader = _try(owner, _HAS_ROLE, {"role": READER_ROLE}, MAKE_READER)
    if not has_reader or not _try(owner, _MAY_TAKE_ROLE, {"role": READER_ROLE}, grant):
        tell(f"Reading with SQL is off: a superuser should run once: {MAKE_READER}; {grant};")


def app_engine(url: str, *, pool_size: int) -> Engine:
    """Return an engine on an operator's database whose connections take the app's role and its time limit."""
    engine = make_engine(url, pool_size=pool_size, role=APP_ROLE)

    @event.listens_for(engine, "connect")
    def limit_statements(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
        cursor.close()
        connection.commit()

    return engine


def _ensure(owner: Engine, question: TextClause, values: dict[str, str], statement: str) -> None:
    if not _try(owner, question, values, statement):
        raise Unavailable(
            "The database of DATABASE_URL is not ready, and its role may not make it so.",
            remedy="Have a superuser run in that database: {statement};",
            statement=statement,
        )


def _try(owner: Engine, question: TextClause, values: dict[str, str], statement: str) -> bool:
    """Return whether the answer is yes, at last after running the statement."""
    with owner.connect() as connection:
        if connection.execute(question, values).scalar_one():
            return True
    try:
        with owner.begin() as connection:
            connection.exec_driver_sql(statement)
    except DBAPIError:
        return False
    return True


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__


def other_clients(connection: Connection) -> int:
    """Return how many other clients are connected to this server."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    return int(connection.execute(query).scalar_one())
