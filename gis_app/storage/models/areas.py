"""The city, its areas of five levels, grids and facilities."""

from __future__ import annotations

from datetime import date

from geoalchemy2 import WKBElement
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.domain.areas import AreaLevel
from gis_app.storage.models.base import Base, MultiPolygon, Point, ScopePath, Synthetic, geometry

AREA_LEVELS = ", ".join(f"'{level}'" for level in AreaLevel)


class CityProfile(Base):
    """The one city this installation serves."""

    __tablename__ = "city_profile"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    is_synthetic: Mapped[Synthetic]
    demo_key: Mapped[str | None]  # size, seed and version of the generator that made a demo city
    metric_srid: Mapped[int]
    west: Mapped[float]
    south: Mapped[float]
    east: Mapped[float]
    north: Mapped[float]


class Area(Base):
    """A city, township, village, grid or micro-grid, valid from one day until the day before another."""

    __tablename__ = "area"
    __table_args__ = (
        UniqueConstraint("code", "valid_from"),
        CheckConstraint(f"level IN ({AREA_LEVELS})", name="level"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="validity"),
        Index("ix_area_level_current", "level", postgresql_where="valid_to IS NULL"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str]
    level: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str | None]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    scope_path: Mapped[ScopePath] = mapped_column(index=True)
    geom: Mapped[MultiPolygon]
    label_point: Mapped[WKBElement] = mapped_column(geometry("POINT"))
    area_m2: Mapped[float]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    import_id: Mapped[str | None] = mapped_column(Uuid)
    is_synthetic: Mapped[Synthetic]


class Grid(Base):
    """What is known of a grid beyond its area."""

    __tablename__ = "grid"

    area_id: Mapped[int] = mapped_column(ForeignKey("area.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str]
    household_count: Mapped[int | None]
    scope_path: Mapped[ScopePath]
    is_synthetic: Mapped[Synthetic]


class Facility(Base):
    """A place that matters for planning: police station, mediation centre, school, petrol station."""

    __tablename__ = "facility"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    external_id: Mapped[str | None] = mapped_column(unique=True)
    kind: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str | None]
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    scope_path: Mapped[ScopePath]
    geom: Mapped[Point]
    import_id: Mapped[str | None] = mapped_column(Uuid)
    is_synthetic: Mapped[Synthetic]
