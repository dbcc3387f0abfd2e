"""Streets and the basemap: geography that every account may read."""

from __future__ import annotations

from geoalchemy2 import WKBElement
from sqlalchemy import BigInteger, Identity, Uuid, false
from sqlalchemy.orm import Mapped, mapped_column

from gis_app.storage.models.base import Base, LineString, Synthetic, geometry


class StreetSegment(Base):
    """A piece of street between two junctions."""

    __tablename__ = "street_segment"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    external_id: Mapped[str | None] = mapped_column(unique=True)
    name_zh: Mapped[str | None]
    name_en: Mapped[str | None]
    kind: Mapped[str]
    is_bridge: Mapped[bool] = mapped_column(server_default=false())
    one_way: Mapped[bool] = mapped_column(server_default=false())
    from_node: Mapped[int | None] = mapped_column(BigInteger)
    to_node: Mapped[int | None] = mapped_column(BigInteger)
    length_m: Mapped[float]
    geom: Mapped[LineString]
    import_id: Mapped[str | None] = mapped_column(Uuid)
    is_synthetic: Mapped[Synthetic]


class BasemapFeature(Base):
    """Sea, river, hill or island, drawn under everything else."""

    __tablename__ = "basemap_feature"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    name_zh: Mapped[str | None]
    name_en: Mapped[str | None]
    rank: Mapped[int] = mapped_column(server_default="0")
    geom: Mapped[WKBElement] = mapped_column(geometry("GEOMETRY"))
    is_synthetic: Mapped[Synthetic]
