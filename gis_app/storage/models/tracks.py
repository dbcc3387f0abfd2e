"""Batches of fixes as devices send them, last positions, and the streets walked of each night."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from geoalchemy2 import WKBElement
from sqlalchemy import REAL, BigInteger, DateTime, ForeignKey, Identity, LargeBinary, Uuid
from sqlalchemy.dialects.postgresql import BIT, JSONB
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
    """What of a street was walked in a night inside a grid, by which kind of team: coverage that outlives the tracks.

    ``shift``, ``mode`` and ``team_kind`` tell what kind of work it was, never whose.
    """

    __tablename__ = "street_walk"

    night: Mapped[date] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id", ondelete="CASCADE"), primary_key=True, index=True)
    segment_id: Mapped[int] = mapped_column(
        ForeignKey("street_segment.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    low: Mapped[float] = mapped_column(primary_key=True)
    shift: Mapped[str] = mapped_column(primary_key=True, server_default="")
    mode: Mapped[str] = mapped_column(primary_key=True, server_default="")
    team_kind: Mapped[str] = mapped_column(primary_key=True, server_default="")
    high: Mapped[float]
    scope_path: Mapped[ScopePath]


class GridSweep(Base):
    """What of a grid was swept in a night by which kind of team, and the work it took.

    ``cells`` are the bits of the grid's cells (see ``analysis.swept_cells``), ``visits`` how many patrols came in,
    ``seconds`` and ``walked_m`` how long they were inside and how far they went.
    """

    __tablename__ = "grid_sweep"

    night: Mapped[date] = mapped_column(primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id", ondelete="CASCADE"), primary_key=True, index=True)
    shift: Mapped[str] = mapped_column(primary_key=True)
    mode: Mapped[str] = mapped_column(primary_key=True)
    team_kind: Mapped[str] = mapped_column(primary_key=True)
    cells: Mapped[str] = mapped_column(BIT(varying=True))
    cell_count: Mapped[int]
    visits: Mapped[int]
    seconds: Mapped[float]
    walked_m: Mapped[float]
    scope_path: Mapped[ScopePath]


class StopVisit(Base):
    """How a planned stop was really visited, found from the tracks of its team.

    ``ordinal`` counts the stops that were come to in the order of coming; None where nobody came.
    """

    __tablename__ = "stop_visit"

    stop_id: Mapped[int] = mapped_column(ForeignKey("planned_stop.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str]
    came_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    stayed_min: Mapped[float | None]
    ordinal: Mapped[int | None]
    grid_id: Mapped[int | None] = mapped_column(ForeignKey("area.id", ondelete="SET NULL"), index=True)
    scope_path: Mapped[ScopePath]


class RouteWalk(Base):
    """How a planned route was really followed, found from the tracks of its team."""

    __tablename__ = "route_walk"

    route_id: Mapped[int] = mapped_column(ForeignKey("patrol_route.id", ondelete="CASCADE"), primary_key=True)
    first_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    walked_m: Mapped[float]
    followed_share: Mapped[float]
    off_route_m: Mapped[float]
    deviation_count: Mapped[int]
    farthest_m: Mapped[float | None]
    in_order_share: Mapped[float | None]
    scope_path: Mapped[ScopePath]


class FollowedNight(Base):
    """What the stops visited and routes followed of a night were computed from."""

    __tablename__ = "followed_night"

    night: Mapped[date] = mapped_column(primary_key=True)
    digest: Mapped[str]


class WalkedNight(Base):
    """What the streets walked and grids swept of a night were computed from."""

    __tablename__ = "walked_night"

    night: Mapped[date] = mapped_column(primary_key=True)
    digest: Mapped[str]
    computed_at: Mapped[Moment]


class UncountedChange(Base):
    """A change of tracks, grids or streets that coverage does not know of yet: rows are added, never changed."""

    __tablename__ = "uncounted_change"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)


class SweptNight(Base):
    """What the swept shares of a night's grids were computed from."""

    __tablename__ = "swept_night"

    night: Mapped[date] = mapped_column(primary_key=True)
    digest: Mapped[str]
