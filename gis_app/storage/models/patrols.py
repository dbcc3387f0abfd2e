"""Teams, planned routes, patrols and their track points."""

from __future__ import annotations

from datetime import date

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import REAL, BigInteger, ForeignKey, Identity, Index, SmallInteger, false
from sqlalchemy.orm import Mapped, mapped_column

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
