"""Keep scenes of the map: views under a name, and which of them the walls show in turn.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from gis_app.storage.row_security import protect

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "map_scene",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("view", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("dwell_s", sa.Integer(), server_default="30", nullable=False),
        sa.Column("on_wall", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("place", sa.Integer(), server_default="0", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint("dwell_s BETWEEN 5 AND 3600", name=op.f("ck_map_scene_dwell_s")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_map_scene")),
        sa.UniqueConstraint("scope_path", "name", name=op.f("uq_map_scene_scope_path")),
    )
    protect(op, "map_scene")


def downgrade() -> None:
    """Drop them."""
    op.drop_table("map_scene")
