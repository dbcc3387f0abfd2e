"""Keep data sets that accounts bring themselves.

Revision ID: 0021
Revises: 0020
"""

import geoalchemy2
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from gis_app.storage.row_security import keep_to_owner, protect

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "workspace_dataset",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("file_sha256", sa.String(), nullable=False),
        sa.Column("file_format", sa.String(), nullable=False),
        sa.Column("datum", sa.String(), nullable=False),
        sa.Column("shape", sa.String(), nullable=False),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("feature_count", sa.Integer(), nullable=False),
        sa.Column("west", sa.Float(), nullable=False),
        sa.Column("south", sa.Float(), nullable=False),
        sa.Column("east", sa.Float(), nullable=False),
        sa.Column("north", sa.Float(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint("shape IN ('point', 'line', 'polygon')", name=op.f("ck_workspace_dataset_shape")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspace_dataset")),
    )
    op.create_geospatial_table(
        "workspace_feature",
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("properties", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "geom",
            geoalchemy2.types.Geometry("GEOMETRY", srid=4326, dimension=2, spatial_index=False, nullable=False),
            nullable=False,
        ),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"],
            ["workspace_dataset.id"],
            name=op.f("fk_workspace_feature_dataset_id_workspace_dataset"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("dataset_id", "id", name=op.f("pk_workspace_feature")),
    )
    op.create_geospatial_index(
        "idx_workspace_feature_geom", "workspace_feature", ["geom"], unique=False, postgresql_using="gist"
    )
    for table in ("workspace_dataset", "workspace_feature"):
        protect(op, table)
        keep_to_owner(op, table)


def downgrade() -> None:
    """Drop them."""
    for table in ("workspace_feature", "workspace_dataset"):
        op.drop_table(table)
