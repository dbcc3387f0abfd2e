"""Imports under way and done, what they changed, and the profiles of sources."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.domain.imports import WORKING, ImportState
from gis_app.storage.models.base import Base, Moment, ScopePath

_WORKING = ", ".join(f"'{state}'" for state in WORKING)


class ImportJob(Base):
    """One import of a file: uploaded, checked, committed, perhaps undone; its id is that of the committed import too.

    ``claim`` is the worker's that does the step of a working state, until ``claimed_until``; ``options`` are what the
    importer chose, ``report`` is what the check found and the commit did, ``problem`` why the last step failed.
    """

    __tablename__ = "import_job"
    __table_args__ = (
        CheckConstraint("state IN ({})".format(", ".join(f"'{state}'" for state in ImportState)), name="state"),
        Index("ix_import_job_working", "changed_at", postgresql_where=text(f"state IN ({_WORKING})")),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str]
    state: Mapped[str]
    file_name: Mapped[str]
    file_format: Mapped[str] = mapped_column(server_default="")
    datum: Mapped[str] = mapped_column(server_default="")
    profile: Mapped[str] = mapped_column(server_default="")
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    received_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")
    file_sha256: Mapped[str] = mapped_column(server_default="")
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    progress: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    claim: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    claimed_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(server_default="0")
    account: Mapped[str]
    created_at: Mapped[Moment] = mapped_column(server_default=func.now(), index=True)
    changed_at: Mapped[Moment] = mapped_column(server_default=func.now())
    version: Mapped[int] = mapped_column(server_default="1")
    scope_path: Mapped[ScopePath]


class ImportChange(Base):
    """A row as it was before an import changed it, so that the import can be undone."""

    __tablename__ = "import_change"
    __table_args__ = (Index("ix_import_change_import", "import_id", "table_name"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    import_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"))
    table_name: Mapped[str]
    was: Mapped[dict[str, Any]] = mapped_column(JSONB)
    scope_path: Mapped[ScopePath]


class ImportProfile(Base):
    """How the files of a source are read: columns, datum, format; under a name, for the imports to come."""

    __tablename__ = "import_profile"
    __table_args__ = (UniqueConstraint("scope_path", "kind", "name"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB)
    account: Mapped[str]
    changed_at: Mapped[Moment] = mapped_column(server_default=func.now())
    scope_path: Mapped[ScopePath]
