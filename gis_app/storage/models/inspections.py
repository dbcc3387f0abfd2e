"""Inspections of areas by the level above, and the hazards they found."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, Uuid, false, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.domain.duties import InspectionKind, InspectionState
from gis_app.storage.models.base import Base, Moment, ScopePath, Synthetic


def _one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class Inspection(Base):
    """One inspection of a township or village.

    ``by_path`` is the scope path of who planned it: an unannounced one is seen at or above it alone until it begins.
    ``day`` is the night, or the day, that it counts on once it has begun.
    """

    __tablename__ = "inspection"
    __table_args__ = (
        _one_of("kind", InspectionKind),
        _one_of("state", InspectionState),
        Index("ix_inspection_area_day", "area_code", "day"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str]
    area_code: Mapped[str]
    planned_for: Mapped[date] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(server_default=InspectionState.PLANNED.value)
    is_unannounced: Mapped[bool] = mapped_column(server_default=false())
    checklist_version: Mapped[int]
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    note: Mapped[str] = mapped_column(server_default="")
    account: Mapped[str]
    inspected_by: Mapped[str] = mapped_column(server_default="")
    unit_code: Mapped[str | None] = mapped_column(ForeignKey("unit.code"))
    body_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    day: Mapped[date | None] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(server_default="1")
    changed_at: Mapped[Moment] = mapped_column(server_default=func.now())
    by_path: Mapped[ScopePath]
    scope_path: Mapped[ScopePath]
    is_synthetic: Mapped[Synthetic]


class Finding(Base):
    """A hazard that an inspection found, and the item of its checklist, empty for none."""

    __tablename__ = "finding"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    inspection_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("inspection.id", ondelete="CASCADE"), index=True)
    hazard_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("hazard.id", ondelete="CASCADE"), index=True)
    item: Mapped[str] = mapped_column(server_default="")
    account: Mapped[str]
    at: Mapped[Moment]
    scope_path: Mapped[ScopePath]
    is_synthetic: Mapped[Synthetic]
