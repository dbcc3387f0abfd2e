"""Teams, plans and their routes, patrols and their track points."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    REAL,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    Uuid,
    false,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.domain.patrol_plans import PlanState
from gis_app.storage.models.base import STORAGE_SRID, Base, LineString, Moment, Point, ScopePath, Synthetic, geometry


class Team(Base):
    """A patrol team and the place it starts from; its members are not stored."""

    __tablename__ = "team"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name_zh: Mapped[str]
    name_en: Mapped[str | None]
    kind: Mapped[str]
    mode: Mapped[str]
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    station: Mapped[WKBElement] = mapped_column(geometry("POINT"))
    scope_path: Mapped[ScopePath]
    import_id: Mapped[str | None] = mapped_column(Uuid)
    is_synthetic: Mapped[Synthetic]


class PatrolPlan(Base):
    """A plan for the patrols of one night, as it is now; ``content`` holds teams, candidates, edits and routes."""

    __tablename__ = "patrol_plan"
    __table_args__ = (
        CheckConstraint("state IN ({})".format(", ".join(f"'{state}'" for state in PlanState)), name="state"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    night: Mapped[date] = mapped_column(index=True)
    title: Mapped[str] = mapped_column(server_default="")
    area_code: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=PlanState.DRAFT.value)
    version: Mapped[int] = mapped_column(server_default="1")
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    account: Mapped[str]
    approved_by: Mapped[str] = mapped_column(server_default="")
    body_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    changed_at: Mapped[Moment] = mapped_column(server_default=func.now())
    scope_path: Mapped[ScopePath]
    is_synthetic: Mapped[Synthetic]


class PatrolPlanVersion(Base):
    """A plan as it once was, and what was done to make it so."""

    __tablename__ = "patrol_plan_version"

    plan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patrol_plan.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    step: Mapped[str]
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    account: Mapped[str]
    at: Mapped[Moment]
    scope_path: Mapped[ScopePath]
    is_synthetic: Mapped[Synthetic]


class PatrolRoute(Base):
    """The plan of one team for one night."""

    __tablename__ = "patrol_route"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"))
    night: Mapped[date] = mapped_column(index=True)
    starts_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    length_m: Mapped[float]
    plan_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("patrol_plan.id", ondelete="CASCADE"), index=True)
    geom: Mapped[LineString]
    scope_path: Mapped[ScopePath]
    is_synthetic: Mapped[Synthetic]


class PlannedStop(Base):
    """A place of a route where the team is to dwell."""

    __tablename__ = "planned_stop"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    route_id: Mapped[int] = mapped_column(ForeignKey("patrol_route.id", ondelete="CASCADE"), index=True)
    ordinal: Mapped[int]
    dwell_min: Mapped[float]
    code: Mapped[str] = mapped_column(server_default="")
    begins_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    prize_parts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    geom: Mapped[Point]
    scope_path: Mapped[ScopePath]
    is_synthetic: Mapped[Synthetic]


class Patrol(Base):
    """One outing; ``geom`` is the cleaned track, split where nothing is known, None once it is too old to be kept.

    While ``is_stale`` fixes came that the track does not know of yet.
    """

    __tablename__ = "patrol"
    __table_args__ = (
        Index("uq_patrol_device_night", "device", "night", unique=True),
        Index("ix_patrol_stale", "id", postgresql_where="is_stale"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"), index=True)
    route_id: Mapped[int | None] = mapped_column(ForeignKey("patrol_route.id", ondelete="SET NULL"))
    night: Mapped[date] = mapped_column(index=True)
    started_at: Mapped[Moment]
    ended_at: Mapped[Moment]
    mode: Mapped[str]
    length_m: Mapped[float]
    fix_count: Mapped[int]
    device: Mapped[str | None]
    is_stale: Mapped[bool] = mapped_column(server_default=false())
    geom: Mapped[WKBElement | None] = mapped_column(geometry("MULTILINESTRING"))
    scope_path: Mapped[ScopePath]
    is_synthetic: Mapped[Synthetic]


class Absence(Base):
    """A unit that is not in its area on schedule, or villages without the night check they are owed; told once.

    ``key`` names what is absent, so that it is noticed once; ``ended_at`` says when somebody came. ``levels`` are those
    of the accounts that are told.
    """

    __tablename__ = "absence"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    night: Mapped[date]
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id", ondelete="CASCADE"), index=True)
    route_id: Mapped[int | None] = mapped_column(ForeignKey("patrol_route.id", ondelete="CASCADE"), index=True)
    count: Mapped[int] = mapped_column(server_default="1")
    expected_from: Mapped[Moment]
    expected_to: Mapped[Moment]
    noticed_at: Mapped[Moment] = mapped_column(index=True)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    levels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    scope_path: Mapped[ScopePath]


class TrackPoint(Base):
    """One GPS fix; partitioned by month so that retention drops whole partitions."""

    __tablename__ = "track_point"
    __table_args__ = (
        Index("ix_track_point_patrol", "patrol_id"),
        {"postgresql_partition_by": "RANGE (recorded_at)"},
    )

    device: Mapped[str] = mapped_column(primary_key=True)
    recorded_at: Mapped[Moment] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    patrol_id: Mapped[int] = mapped_column(BigInteger)
    speed_mps: Mapped[float | None] = mapped_column(REAL)
    accuracy_m: Mapped[float | None] = mapped_column(REAL)
    flag: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    scope_path: Mapped[ScopePath]
    is_synthetic: Mapped[Synthetic]
    # No spatial index: questions of place go to the patrol's cleaned track, and intake stays cheap.
    geom: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=STORAGE_SRID, spatial_index=False))
