"""The closed loop: responsible units, the dated rules that route hazards to them, and every step taken."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, Uuid, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.storage.models.base import Base, Moment, ScopePath


class Unit(Base):
    """An office that handles hazards: a bureau of the city or the office of a township. Everybody may know it."""

    __tablename__ = "unit"

    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    area_code: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=true())


class RoutingRule(Base):
    """Which unit handles what, within which limit, from one day until the day before another; the narrowest counts.

    ``severity`` and ``area_code`` None stand for all of them, ``unit_code`` None for the office of the township.
    """

    __tablename__ = "routing_rule"
    __table_args__ = (Index("ix_routing_rule_category", "category_code"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    category_code: Mapped[str] = mapped_column(ForeignKey("hazard_category.code", ondelete="CASCADE"))
    severity: Mapped[str | None]
    area_code: Mapped[str | None]
    unit_code: Mapped[str | None] = mapped_column(ForeignKey("unit.code"))
    limit_value: Mapped[int]
    limit_unit: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class HazardEvent(Base):
    """One step of one hazard; together they are its history, from which every key figure can be computed anew."""

    __tablename__ = "hazard_event"
    __table_args__ = (UniqueConstraint("hazard_id", "version"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    hazard_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("hazard.id", ondelete="CASCADE"))
    version: Mapped[int]
    action: Mapped[str]
    from_stage: Mapped[str | None]
    to_stage: Mapped[str]
    at: Mapped[Moment] = mapped_column(index=True)
    account: Mapped[str]
    unit_code: Mapped[str | None]
    reason: Mapped[str] = mapped_column(server_default="")
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    scope_path: Mapped[ScopePath]


class ProfessionalPost(Base):
    """How many professionals of a kind an office has assigned to a village: posts, never persons."""

    __tablename__ = "professional_post"

    village_id: Mapped[int] = mapped_column(ForeignKey("area.id", ondelete="CASCADE"), primary_key=True)
    profession: Mapped[str] = mapped_column(primary_key=True)
    office: Mapped[str]
    post_count: Mapped[int]
    scope_path: Mapped[ScopePath]
