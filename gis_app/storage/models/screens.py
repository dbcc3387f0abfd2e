"""What is kept for screens: saved scenes of the map, alerts and their rules, what the walls are told."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from geoalchemy2 import WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
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
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.domain.alerts import AlertKind, AlertLevel, AlertState
from gis_app.storage.models.base import Base, Moment, ScopePath, geometry


def _one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


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


class AlertRule(Base):
    """What the desk of an area wants to be told of at once; ``parameters`` belong to the kind."""

    __tablename__ = "alert_rule"
    __table_args__ = (_one_of("kind", AlertKind), _one_of("level", AlertLevel))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    level: Mapped[str]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    is_active: Mapped[bool] = mapped_column(server_default=true())
    account: Mapped[str]
    created_at: Mapped[Moment]
    version: Mapped[int] = mapped_column(server_default="1")
    scope_path: Mapped[ScopePath]


class Alert(Base):
    """What a rule found in one place, gathered: ``subject_count`` grows while it is not closed.

    ``desk_path`` is the area whose desk it waits at: the rule's own, or one above once it was escalated. It holds no
    text of a case: what it is about is read with the rights of who reads.
    """

    __tablename__ = "alert"
    __table_args__ = (
        _one_of("state", AlertState),
        Index("uq_alert_place", "rule_id", "place_key", unique=True, postgresql_where=text("state <> 'closed'")),
        Index("ix_alert_living", "last_at", postgresql_where=text("state <> 'closed'")),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, server_default=func.gen_random_uuid())
    rule_id: Mapped[int] = mapped_column(ForeignKey("alert_rule.id", ondelete="CASCADE"))
    place_key: Mapped[str] = mapped_column(Text(collation="C"))
    state: Mapped[str] = mapped_column(server_default=AlertState.OPEN.value)
    subject_count: Mapped[int]
    first_at: Mapped[Moment]
    last_at: Mapped[Moment]
    desk_path: Mapped[str] = mapped_column(Text(collation="C"))
    unit_code: Mapped[str | None] = mapped_column(ForeignKey("unit.code"))
    snoozed_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    escalated_count: Mapped[int] = mapped_column(server_default="0")
    account: Mapped[str] = mapped_column(server_default="")
    changed_at: Mapped[Moment]
    version: Mapped[int] = mapped_column(server_default="1")
    geom: Mapped[WKBElement | None] = mapped_column(geometry("POINT"))
    scope_path: Mapped[ScopePath]


class AlertSubject(Base):
    """What an alert was raised for; a rule raises none twice for the same."""

    __tablename__ = "alert_subject"

    rule_id: Mapped[int] = mapped_column(ForeignKey("alert_rule.id", ondelete="CASCADE"), primary_key=True)
    subject: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    alert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alert.id", ondelete="CASCADE"), index=True)
    hazard_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("hazard.id", ondelete="CASCADE"), index=True)
    at: Mapped[Moment]
    scope_path: Mapped[ScopePath]


class AlertProgress(Base):
    """Up to which event the rules have looked."""

    __tablename__ = "alert_progress"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    upto: Mapped[int] = mapped_column(BigInteger)


class ScreenEvent(Base):
    """Something that open pages are told beside the steps of hazards: an alert changed, the wall was steered.

    Its ids come from the same sequence as those of notices and, like them, while the audit's head is locked: one
    ``Last-Event-ID`` stands for both.
    """

    __tablename__ = "screen_event"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=text("nextval('notice_id_seq')"))
    kind: Mapped[str]
    at: Mapped[Moment] = mapped_column(index=True)
    alert_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("alert.id", ondelete="CASCADE"), index=True)
    desk_path: Mapped[str] = mapped_column(Text(collation="C"))
    scope_path: Mapped[ScopePath]


class WallCommand(Base):
    """What the walls of an area were last told to show: a scene or the carousel, and whether it stands still."""

    __tablename__ = "wall_command"

    scope_path: Mapped[ScopePath] = mapped_column(primary_key=True)
    scene: Mapped[str] = mapped_column(server_default="")
    is_paused: Mapped[bool] = mapped_column(server_default=false())
    number: Mapped[int] = mapped_column(server_default="1")
    account: Mapped[str]
    at: Mapped[Moment]
