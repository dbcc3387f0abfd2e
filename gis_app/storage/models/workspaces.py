"""Data sets that accounts bring themselves, of any columns."""

from __future__ import annotations

import uuid
from typing import Any

from geoalchemy2 import WKBElement
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary, Uuid, false
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.storage.models.base import Base, Moment, ScopePath, geometry


class WorkspaceDataset(Base):
    """A file that an account brought; ``id`` is the client's, ``body_hash`` tells a repetition.

    ``columns`` lists name, title and kind of each; west to north is the box of all features, degrees WGS-84.
    """

    __tablename__ = "workspace_dataset"
    __table_args__ = (CheckConstraint("shape IN ('point', 'line', 'polygon')", name="shape"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    title: Mapped[str]
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    file_format: Mapped[str]
    datum: Mapped[str]
    shape: Mapped[str]
    columns: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    feature_count: Mapped[int]
    west: Mapped[float]
    south: Mapped[float]
    east: Mapped[float]
    north: Mapped[float]
    is_shared: Mapped[bool] = mapped_column(server_default=false())
    account: Mapped[str]
    body_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Moment]
    scope_path: Mapped[ScopePath]


class WorkspaceFeature(Base):
    """A row of such a file: ``id`` is its number there, ``properties`` its values by the names of the columns."""

    __tablename__ = "workspace_feature"

    dataset_id: Mapped[uuid.UUID] = mapped_column(
        Uuid, ForeignKey("workspace_dataset.id", ondelete="CASCADE"), primary_key=True
    )
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    properties: Mapped[dict[str, Any]] = mapped_column(JSONB)
    geom: Mapped[WKBElement] = mapped_column(geometry("GEOMETRY"))
    scope_path: Mapped[ScopePath]
