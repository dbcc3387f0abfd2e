"""The audit chain, what clients were promised, and when the service's own jobs ran."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.storage.models.base import Base, Moment, ScopePath


class AuditEntry(Base):
    """One thing done, chained to the one before by its hash; never changed, never deleted."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject", "sequence"),)

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[Moment] = mapped_column(index=True)
    account: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
    scope_path: Mapped[ScopePath]
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditHead(Base):
    """The newest link of the chain, locked while the next one is forged."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class ClientWrite(Base):
    """What a client's own identifier stands for, so that the same write sent again is done once."""

    __tablename__ = "client_write"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    body_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hazard_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hazard.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Moment]
    scope_path: Mapped[ScopePath]


class JobRun(Base):
    """When a job of the service last ran, so that several processes do it once."""

    __tablename__ = "job_run"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_run_at: Mapped[Moment]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
