"""What is kept for screens: saved scenes of the map."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint, Uuid, false, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.storage.models.base import Base, Moment, ScopePath


class MapScene(Base):
    """A view of the map under a name: layers, place, time. Those ``on_wall`` take turns on the wall of their area.

    ``place`` orders them, ``dwell_s`` is how long the wall stays with one.
    """

    __tablename__ = "map_scene"
    __table_args__ = (
        UniqueConstraint("scope_path", "name"),
        CheckConstraint("dwell_s BETWEEN 5 AND 3600", name="dwell_s"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, server_default=func.gen_random_uuid())
    name: Mapped[str]
    view: Mapped[dict[str, Any]] = mapped_column(JSONB)
    dwell_s: Mapped[int] = mapped_column(server_default="30")
    on_wall: Mapped[bool] = mapped_column(server_default=false())
    place: Mapped[int] = mapped_column(server_default="0")
    account: Mapped[str]
    changed_at: Mapped[Moment] = mapped_column(server_default=func.now())
    version: Mapped[int] = mapped_column(server_default="1")
    scope_path: Mapped[ScopePath]
