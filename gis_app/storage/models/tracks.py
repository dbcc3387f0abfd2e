"""Batches of fixes as devices send them, last positions, and the streets walked of each night."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from geoalchemy2 import WKBElement
from sqlalchemy import REAL, ForeignKey, LargeBinary, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.storage.models.base import Base, Moment, ScopePath, geometry


class TrackBatch(Base):
    """What was answered to a batch of fixes, so that the same batch sent again is stored once."""

    __tablename__ = "track_batch"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    client_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    body_hash: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[Moment] = mapped_column(index=True)
    scope_path: Mapped[ScopePath]


class LivePosition(Base):
    """Where a patrol was last; forgotten after a day."""

    __tablename__ = "live_position"

    patrol_id: Mapped[int] = mapped_column(ForeignKey("patrol.id", ondelete="CASCADE"), primary_key=True)
    recorded_at: Mapped[Moment]
    received_at: Mapped[Moment]
    speed_mps: Mapped[float | None] = mapped_column(REAL)
    geom: Mapped[WKBElement] = mapped_column(geometry("POINT"))
    scope_path: Mapped[ScopePath]


class StreetPiece(Base):
    """The part of a street segment that lies in a grid, as shares of the segment's length."""

    __tablename__ = "street_piece"

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("analysis_run.id", ondelete="CASCADE"), primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id", ondelete="CASCADE"), primary_key=True)
    segment_id: Mapped[int] = mapped_column(
        ForeignKey("street_segment.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    low: Mapped[float] = mapped_column(primary_key=True)
    high: Mapped[float]
    length_m: Mapped[float]
    scope_path: Mapped[ScopePath]


class StreetWalk(Base):
    """What of a street was walked in a night inside a grid, by whomever: coverage that outlives the tracks."""

    __tablename__ = "street_walk"

    night: Mapped[date] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id", ondelete="CASCADE"), primary_key=True, index=True)
    segment_id: Mapped[int] = mapped_column(
        ForeignKey("street_segment.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    low: Mapped[float] = mapped_column(primary_key=True)
    high: Mapped[float]
    scope_path: Mapped[ScopePath]


class WalkedNight(Base):
    """What the streets walked of a night were computed from."""

    __tablename__ = "walked_night"

    night: Mapped[date] = mapped_column(primary_key=True)
    digest: Mapped[str]
    computed_at: Mapped[Moment]


class SweptNight(Base):
    """What the swept shares of a night's grids were computed from."""

    __tablename__ = "swept_night"

    night: Mapped[date] = mapped_column(primary_key=True)
    digest: Mapped[str]
