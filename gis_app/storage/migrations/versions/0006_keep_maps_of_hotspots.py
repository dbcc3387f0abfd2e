"""Keep maps of hotspots with their scores, and what then happened.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from gis_app.storage.row_security import protect

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    op.add_column("analysis_run", sa.Column("result", postgresql.JSONB(), nullable=True))
    op.create_index("ix_analysis_run_kind", "analysis_run", ["kind", "data_to"], unique=False)
    op.create_table(
        "hotspot_part",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.Column("event_count", sa.LargeBinary(), nullable=False),
        sa.Column("scores", sa.LargeBinary(), nullable=False),
        sa.Column("later_count", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["analysis_run.id"], name=op.f("fk_hotspot_part_run_id_analysis_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "scope_path", name=op.f("pk_hotspot_part")),
    )
    protect(op, "hotspot_part")


def downgrade() -> None:
    """Drop them; runs that are nothing without their parts go too."""
    op.execute("DELETE FROM analysis_run WHERE kind LIKE 'hotspots:%'")
    op.drop_table("hotspot_part")
    op.drop_index("ix_analysis_run_kind", table_name="analysis_run")
    op.drop_column("analysis_run", "result")
