"""The log of the duty desk: lines with the state of the map they speak of, and marks put on the map in a shift."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.domain.desk_shifts import EntryKind, ShiftName
from gis_app.storage.models.base import STORAGE_SRID, Base, Moment, ScopePath

SHIFTS = "shift IN ({})".format(", ".join(f"'{name}'" for name in ShiftName))
KINDS = "kind IN ({})".format(", ".join(f"'{kind}'" for kind in EntryKind))


class ShiftEntry(Base):
    """A line of the log, never changed and never deleted; ``view`` is the part of the map's address that shows it."""

    __tablename__ = "shift_entry"
    __table_args__ = (
        CheckConstraint(SHIFTS, name="shift"),
        CheckConstraint(KINDS, name="kind"),
        Index("ix_shift_entry_day", "day", "shift"),
        Index("uq_shift_entry_client", "account", "client_id", unique=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    client_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    day: Mapped[date]
    shift: Mapped[str]
    kind: Mapped[str]
    words: Mapped[str]
    view: Mapped[str] = mapped_column(server_default="")
    account: Mapped[str]
    at: Mapped[Moment]
    scope_path: Mapped[ScopePath]


class MapMark(Base):
    """A point, line or area with words, put on the map by the desk during a shift."""

    __tablename__ = "map_mark"
    __table_args__ = (
        CheckConstraint(SHIFTS, name="shift"),
        Index("ix_map_mark_day", "day", "shift"),
        Index("uq_map_mark_client", "account", "client_id", unique=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    client_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    day: Mapped[date]
    shift: Mapped[str]
    words: Mapped[str]
    account: Mapped[str]
    at: Mapped[Moment]
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # No spatial index: marks are asked for by their shift, of which there are few.
    geom: Mapped[WKBElement] = mapped_column(Geometry("GEOMETRY", srid=STORAGE_SRID, spatial_index=False))
    scope_path: Mapped[ScopePath]
