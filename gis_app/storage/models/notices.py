"""Notices of what happened, for those whose turn it is, and the programs that are told over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Text, Uuid, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.storage.models.base import Base, Moment, ScopePath


class Notice(Base):
    """Something that happened to a hazard; ids grow in the order of the commits.

    An account is told if it holds one of ``duties`` at one of ``levels``, and belongs to ``unit_code`` if that is set.
    """

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    at: Mapped[Moment] = mapped_column(index=True)
    hazard_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("hazard.id", ondelete="CASCADE"), index=True)
    stage: Mapped[str]
    account: Mapped[str]
    duties: Mapped[list[str]] = mapped_column(ARRAY(Text))
    levels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    unit_code: Mapped[str | None]
    scope_path: Mapped[ScopePath]


class Webhook(Base):
    """A program that is told of every notice of an area, one after the other; what it was told last.

    ``told_upto`` moves on when the program took a notice or refused it for good; until then the notice is sent again.
    """

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
    url: Mapped[str]
    secret: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[Moment]
    told_upto: Mapped[int] = mapped_column(BigInteger, server_default="0")
    told_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    taken_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    try_count: Mapped[int] = mapped_column(server_default="0")
    next_try_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    fault: Mapped[str] = mapped_column(server_default="")
    refused_count: Mapped[int] = mapped_column(server_default="0")
    scope_path: Mapped[ScopePath]
