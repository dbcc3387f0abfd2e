"""Hazards, their categories, their pre-aggregate for low zooms, and the imports they came from."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    Uuid,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.domain.hazards import CaseType, DiscoveryWay, Severity, Stage
from gis_app.storage.models.base import Base, Moment, Point, ScopePath, Synthetic


def _one_of(column: str, values: type[Stage] | type[Severity] | type[DiscoveryWay] | type[CaseType]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class HazardCategory(Base):
    """A kind of hazard, dispute or service and the time limit of its handling."""

    __tablename__ = "hazard_category"
    __table_args__ = (_one_of("case_type", CaseType),)

    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    limit_value: Mapped[int]
    limit_unit: Mapped[str]
    sort: Mapped[int]
    case_type: Mapped[str] = mapped_column(server_default=CaseType.HAZARD.value)


class ImportRun(Base):
    """One committed import: which file, with which datum, by whom."""

    __tablename__ = "import_run"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str]
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    datum: Mapped[str]
    row_count: Mapped[int]
    account: Mapped[str]
    created_at: Mapped[Moment] = mapped_column(server_default=func.now())
    scope_path: Mapped[ScopePath]


class Hazard(Base):
    """One hazard in the closed loop."""

    __tablename__ = "hazard"
    __table_args__ = (
        _one_of("stage", Stage),
        _one_of("severity", Severity),
        _one_of("discovered_by", DiscoveryWay),
        Index("ix_hazard_supervised_due_at", "supervised_due_at", postgresql_where=text("is_supervised")),
        Index("ix_hazard_recurs_of", "recurs_of", postgresql_where=text("recurs_of IS NOT NULL")),
        Index("ix_hazard_duplicate_of", "duplicate_of", postgresql_where=text("duplicate_of IS NOT NULL")),
        Index("ix_hazard_open_due", "due_at", postgresql_where=text("stage NOT IN ('closed', 'void')")),
        Index(
            "ix_hazard_world",
            *("world_column", "world_y"),
            postgresql_include=["world_x", "discovered_at", "stage", "scope_path"],
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, server_default=func.gen_random_uuid())
    number: Mapped[str] = mapped_column(unique=True)
    external_id: Mapped[str | None] = mapped_column(unique=True)
    category_code: Mapped[str] = mapped_column(ForeignKey("hazard_category.code"))
    severity: Mapped[str]
    stage: Mapped[str]
    discovered_by: Mapped[str]
    title: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    place: Mapped[str] = mapped_column(server_default="")
    discovered_at: Mapped[Moment] = mapped_column(index=True)
    filed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    assigned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    feedback_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    verified_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    is_supervised: Mapped[bool] = mapped_column(server_default=false())
    supervised_due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reopened_count: Mapped[int] = mapped_column(server_default="0")
    rework_count: Mapped[int] = mapped_column(server_default="0")
    unit_code: Mapped[str | None] = mapped_column(ForeignKey("unit.code"), index=True)
    limit_value: Mapped[int | None]
    limit_unit: Mapped[str | None]
    yellow_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    suspended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    escalated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    handlers: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    requests: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    recurs_of: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("hazard.id", ondelete="SET NULL"))
    duplicate_of: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("hazard.id", ondelete="SET NULL"))
    version: Mapped[int] = mapped_column(server_default="1")
    changed_at: Mapped[Moment] = mapped_column(server_default=func.now(), index=True)
    village_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    grid_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    scope_path: Mapped[ScopePath]
    geom: Mapped[Point]
    # The place on the web-mercator square of 2**30 units a side, made by the database: tiles are counted by it.
    world_x: Mapped[int] = mapped_column(Computed("world_x(geom)", persisted=True))
    world_y: Mapped[int] = mapped_column(Computed("world_y(geom)", persisted=True))
    world_column: Mapped[int] = mapped_column(Computed("world_column(geom)", persisted=True))
    source_datum: Mapped[str] = mapped_column(server_default="wgs84")
    source_x: Mapped[float | None]
    source_y: Mapped[float | None]
    import_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("import_run.id"))
    is_synthetic: Mapped[Synthetic]


class VillageChange(Base):
    """When something in a village last changed, so that maps are drawn anew without asking every hazard."""

    __tablename__ = "village_change"

    scope_path: Mapped[ScopePath] = mapped_column(primary_key=True)
    changed_at: Mapped[Moment]


class HazardMonthCell(Base):
    """Hazards counted per zoom, cell, month, severity and village: what low zooms draw instead of points."""

    __tablename__ = "hazard_month_cell"
    __table_args__ = (
        UniqueConstraint("scope_path", "month", "zoom", "cell_x", "cell_y", "severity"),
        Index("ix_hazard_month_cell_month", "zoom", "month"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    zoom: Mapped[int]
    cell_x: Mapped[int]
    cell_y: Mapped[int]
    month: Mapped[date]
    severity: Mapped[str]
    hazard_count: Mapped[int]
    open_count: Mapped[int]
    scope_path: Mapped[ScopePath]
    geom: Mapped[Point]
