"""Bring the schema to a revision; every start of the server does, and a schema that is up to date costs nothing."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

_MIGRATIONS = Path(__file__).resolve().parent / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def newest_revision() -> str:
    """Return the revision this code needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("There are no migrations.")
    return head


def current_revision(connection: Connection) -> str | None:
    """Return the revision the database is at, None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(owner: Engine, revision: str = "head") -> None:
    """Run the migrations up to ``revision`` as the owner, in one transaction."""
    with owner.begin() as connection:
        command.upgrade(_config(connection), revision)


def downgrade(owner: Engine, revision: str) -> None:
    """Run the migrations down to ``revision`` ("base" empties the database), in one transaction."""
    with owner.begin() as connection:
        command.downgrade(_config(connection), revision)


def draft_revision(owner: Engine, message: str, *, revision_id: str) -> None:
    """Write a new migration with the differences between the models and the database."""
    with owner.begin() as connection:
        command.revision(_config(connection), message, autogenerate=True, rev_id=revision_id)
