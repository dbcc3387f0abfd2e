"""What analyses stored: runs, hotspot cells, density cells, coverage of grids."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Uuid,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.storage.models.base import Base, Moment, MultiPolygon, Polygon, ScopePath


class AnalysisRun(Base):
    """One computation: its parameters, the time span of its data and the version of the code.

    Every kind has one current run; those of kinds ``hotspots:<group>`` before it stay, as they are scored by what came.
    """

    __tablename__ = "analysis_run"
    __table_args__ = (
        Index("ix_analysis_run_current", "kind", unique=True, postgresql_where=text("is_current")),
        Index("ix_analysis_run_kind", "kind", "data_to"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    data_from: Mapped[Moment]
    data_to: Mapped[Moment]
    code_version: Mapped[str]
    input_digest: Mapped[str]
    created_at: Mapped[Moment] = mapped_column(server_default=func.now())
    is_current: Mapped[bool] = mapped_column(server_default=false())
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class HotspotPart(Base):
    """The places of a village in one map of hotspots, packed: numbers of four bytes, the lowest first.

    ``cells`` holds i and j of each cell, id and 0 of each grid, or street and number of each piece of street;
    ``sizes`` 32-bit floats, km2 or km, none of cells, which are alike; ``scores`` a row of 32-bit floats per method
    that the run names; ``later_count`` what came within the horizon, once that is over.
    """

    __tablename__ = "hotspot_part"

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("analysis_run.id", ondelete="CASCADE"), primary_key=True)
    scope_path: Mapped[ScopePath] = mapped_column(primary_key=True)
    cells: Mapped[bytes] = mapped_column(LargeBinary)
    event_count: Mapped[bytes] = mapped_column(LargeBinary)
    scores: Mapped[bytes] = mapped_column(LargeBinary)
    later_count: Mapped[bytes | None] = mapped_column(LargeBinary)
    sizes: Mapped[bytes | None] = mapped_column(LargeBinary)


class HotspotCell(Base):
    """Gi* of one lattice cell, or of one grid when ``area_id`` is set."""

    __tablename__ = "hotspot_cell"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("analysis_run.id", ondelete="CASCADE"), index=True)
    cell_i: Mapped[int | None]
    cell_j: Mapped[int | None]
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    event_count: Mapped[int]
    z: Mapped[float]
    p: Mapped[float]
    is_significant: Mapped[bool]
    hotspot_class: Mapped[str]
    scope_path: Mapped[ScopePath]
    geom: Mapped[MultiPolygon]


class DensityCell(Base):
    """Kernel density of one lattice cell, events per km2."""

    __tablename__ = "density_cell"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("analysis_run.id", ondelete="CASCADE"), index=True)
    cell_i: Mapped[int]
    cell_j: Mapped[int]
    density: Mapped[float]
    level: Mapped[int] = mapped_column(SmallInteger)
    scope_path: Mapped[ScopePath]
    geom: Mapped[Polygon]


class GridCoverage(Base):
    """How much of a grid was patrolled on a night, and when it was last visited; its shape is the area's."""

    __tablename__ = "grid_coverage"
    __table_args__ = (Index("ix_grid_coverage_run_night", "run_id", "night"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("analysis_run.id", ondelete="CASCADE"))
    night: Mapped[date]
    grid_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    area_share: Mapped[float]
    state: Mapped[str]
    last_visit_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    idle_days: Mapped[float | None]
    scope_path: Mapped[ScopePath]


class VillageStars(Base):
    """The star rating of a village over the last months, computed anew each night."""

    __tablename__ = "village_stars"

    village_id: Mapped[int] = mapped_column(ForeignKey("area.id", ondelete="CASCADE"), primary_key=True)
    stars: Mapped[int | None] = mapped_column(SmallInteger)
    score: Mapped[float | None]
    vetoed_by: Mapped[str] = mapped_column(server_default="")
    data_from: Mapped[date]
    data_to: Mapped[date]
    scope_path: Mapped[ScopePath]
