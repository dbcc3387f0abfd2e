"""Accounts, their log-ins and their tokens; an account stands for a desk or a duty, and its login is all it tells."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    Text,
    Uuid,
    false,
    func,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.domain.rights import Role
from gis_app.storage.models.base import Base, Moment, ScopePath

_ROLES = ", ".join(f"'{role}'" for role in Role)


class Account(Base):
    """A log-in with a role and the area it works in."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint(f"role IN ({_ROLES})", name="role"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    scope_path: Mapped[ScopePath]
    locale: Mapped[str] = mapped_column(server_default="zh")
    password_hash: Mapped[str | None]  # argon2id; None: logs in through the identity provider alone
    must_change_password: Mapped[bool] = mapped_column(server_default=false())
    unit_code: Mapped[str | None] = mapped_column(ForeignKey("unit.code"))  # the office a handler works for
    oidc_subject: Mapped[str | None] = mapped_column(unique=True)  # issuer and subject, bound at the first log-in
    is_active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[Moment] = mapped_column(server_default=func.now())
    notices_read_upto: Mapped[int] = mapped_column(BigInteger, server_default="0")
    absences_read_upto: Mapped[int] = mapped_column(BigInteger, server_default="0")


class AccountSession(Base):
    """One log-in; the browser holds the secret, we its hash."""

    __tablename__ = "account_session"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, server_default=func.gen_random_uuid())
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Moment]
    last_seen_at: Mapped[Moment]
    idle_s: Mapped[int | None]
    expires_at: Mapped[Moment]
    scope_path: Mapped[ScopePath]


class ApiToken(Base):
    """A token for programs: fewer rights or a smaller area than its account, and an end."""

    __tablename__ = "api_token"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, server_default=func.gen_random_uuid())
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    label: Mapped[str]
    rights: Mapped[list[str]] = mapped_column(ARRAY(Text))
    scope_path: Mapped[ScopePath]
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class LogInAttempt(Base):
    """Failed log-ins of late by a hashed key (login, address, or both), for throttling."""

    __tablename__ = "log_in_attempt"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failure_count: Mapped[int]
    last_at: Mapped[Moment] = mapped_column(index=True)
