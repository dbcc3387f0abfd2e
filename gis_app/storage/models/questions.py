"""Questions that analysts keep, and what came of those asked again by themselves."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Uuid, false
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.domain.questions import Repeat
from gis_app.storage.models.base import Base, Moment, ScopePath

_REPEATS = ", ".join(f"'{each}'" for each in Repeat)


class KeptQuestion(Base):
    """A question under a title; others of the area see it where its account lets them."""

    __tablename__ = "kept_question"
    __table_args__ = (CheckConstraint(f"repeat IN ({_REPEATS})", name="repeat"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    title: Mapped[str]
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    account: Mapped[str]
    is_shared: Mapped[bool] = mapped_column(server_default=false())
    repeat: Mapped[str] = mapped_column(server_default=Repeat.NEVER.value)
    next_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), index=True)
    changed_at: Mapped[Moment]
    scope_path: Mapped[ScopePath]


class KeptAnswer(Base):
    """The answer to a kept question at a moment, or why there was none."""

    __tablename__ = "kept_answer"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    question_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("kept_question.id", ondelete="CASCADE"), index=True)
    asked_at: Mapped[Moment]
    content: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    problem: Mapped[str] = mapped_column(server_default="")
    scope_path: Mapped[ScopePath]
