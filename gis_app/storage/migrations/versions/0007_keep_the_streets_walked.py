"""Keep fixes as they come from devices: batches, last positions; and the streets walked of each night.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

from gis_app.storage.row_security import protect

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_OLD_LIVE_POSITIONS = """
CREATE VIEW live_position_map WITH (security_invoker = true) AS
SELECT p.id, p.mode, last.recorded_at, last.speed_mps, p.is_synthetic, last.geom
FROM patrol p CROSS JOIN LATERAL (
    SELECT f.recorded_at, f.speed_mps, f.geom FROM track_point f
    WHERE f.patrol_id = p.id AND f.recorded_at > now() - interval '1 hour' AND f.recorded_at <= now()
    ORDER BY f.recorded_at DESC LIMIT 1) last
WHERE p.ended_at > now() - interval '1 hour'"""
_LIVE_POSITIONS = """
CREATE VIEW live_position_map WITH (security_invoker = true) AS
SELECT l.patrol_id AS id, p.mode, l.recorded_at, l.speed_mps, p.is_synthetic, l.geom
FROM live_position l JOIN patrol p ON p.id = l.patrol_id
WHERE l.recorded_at > now() - interval '1 hour'"""


def upgrade() -> None:
    """Create them; patrols that have fixes are told the device that recorded them."""
    op.add_column("patrol", sa.Column("device", sa.String(), nullable=True))
    op.add_column("patrol", sa.Column("is_stale", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute(
        "UPDATE patrol p SET device = (SELECT f.device FROM track_point f WHERE f.patrol_id = p.id LIMIT 1) "
        "WHERE NOT is_synthetic"
    )
    op.create_index("uq_patrol_device_night", "patrol", ["device", "night"], unique=True)
    op.create_index("ix_patrol_stale", "patrol", ["id"], postgresql_where=sa.text("is_stale"))
    op.create_table(
        "track_batch",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_track_batch_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "client_id", name=op.f("pk_track_batch")),
    )
    op.create_index(op.f("ix_track_batch_created_at"), "track_batch", ["created_at"], unique=False)
    op.create_table(
        "live_position",
        sa.Column("patrol_id", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("speed_mps", sa.REAL(), nullable=True),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["patrol_id"], ["patrol.id"], name=op.f("fk_live_position_patrol_id_patrol"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("patrol_id", name=op.f("pk_live_position")),
    )
    op.create_index("idx_live_position_geom", "live_position", ["geom"], unique=False, postgresql_using="gist")
    op.create_table(
        "street_piece",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("segment_id", sa.BigInteger(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("length_m", sa.Float(), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["analysis_run.id"], name=op.f("fk_street_piece_run_id_analysis_run"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["area_id"], ["area.id"], name=op.f("fk_street_piece_area_id_area"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["segment_id"],
            ["street_segment.id"],
            name=op.f("fk_street_piece_segment_id_street_segment"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", "area_id", "segment_id", "low", name=op.f("pk_street_piece")),
    )
    op.create_index(op.f("ix_street_piece_segment_id"), "street_piece", ["segment_id"], unique=False)
    op.create_table(
        "street_walk",
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        sa.Column("segment_id", sa.BigInteger(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_street_walk_area_id_area"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["segment_id"],
            ["street_segment.id"],
            name=op.f("fk_street_walk_segment_id_street_segment"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("night", "area_id", "segment_id", "low", name=op.f("pk_street_walk")),
    )
    op.create_index(op.f("ix_street_walk_segment_id"), "street_walk", ["segment_id"], unique=False)
    op.create_index(op.f("ix_street_walk_area_id"), "street_walk", ["area_id"], unique=False)
    op.create_table(
        "walked_night",
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("night", name=op.f("pk_walked_night")),
    )
    for table in ("track_batch", "live_position", "street_piece", "street_walk"):
        protect(op, table)
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON walked_night TO jingwei_app")
    op.execute("DROP VIEW live_position_map")
    op.execute(_LIVE_POSITIONS)
    op.execute("GRANT SELECT ON live_position_map TO jingwei_app")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP VIEW live_position_map")
    op.execute(_OLD_LIVE_POSITIONS)
    op.execute("GRANT SELECT ON live_position_map TO jingwei_app")
    for table in ("walked_night", "street_walk", "street_piece", "live_position", "track_batch"):
        op.drop_table(table)
    op.drop_index("ix_patrol_stale", "patrol")
    op.drop_index("uq_patrol_device_night", "patrol")
    op.drop_column("patrol", "is_stale")
    op.drop_column("patrol", "device")
