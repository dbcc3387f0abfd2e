"""Pictures of hazards, before and after their handling."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, LargeBinary, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.storage.models.base import Base, Moment, ScopePath


class HazardPicture(Base):
    """A picture drawn anew from what was sent; ``id`` is the client's, ``sent_hash`` tells a repetition.

    ``distance_m`` lies between the place that the camera told and the hazard's, None if it told none.
    """

    __tablename__ = "hazard_picture"
    __table_args__ = (CheckConstraint("kind IN ('before', 'after')", name="kind"),)

    hazard_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("hazard.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str]
    sent_hash: Mapped[bytes] = mapped_column(LargeBinary)
    full_name: Mapped[str]
    thumbnail_name: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    taken_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    distance_m: Mapped[float | None]
    account: Mapped[str]
    created_at: Mapped[Moment]
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    scope_path: Mapped[ScopePath]
