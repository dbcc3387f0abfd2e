"""Add pictures of hazards.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from gis_app.storage.row_security import protect

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; the files lie beside the database."""
    op.create_table(
        "hazard_picture",
        sa.Column("hazard_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sent_hash", sa.LargeBinary(), nullable=False),
        sa.Column("full_name", sa.String(), nullable=False),
        sa.Column("thumbnail_name", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("distance_m", sa.Float(), nullable=True),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint("kind IN ('before', 'after')", name=op.f("ck_hazard_picture_kind")),
        sa.ForeignKeyConstraint(
            ["hazard_id"], ["hazard.id"], name=op.f("fk_hazard_picture_hazard_id_hazard"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hazard_id", "id", name=op.f("pk_hazard_picture")),
    )
    protect(op, "hazard_picture")


def downgrade() -> None:
    """Drop it; the files stay where they are."""
    op.drop_table("hazard_picture")
