"""Remember what the swept shares of a night were computed from, so that a night without news is not computed again.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; nothing is known of the nights computed so far."""
    op.create_table(
        "swept_night",
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("night", name=op.f("pk_swept_night")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON swept_night TO jingwei_app")


def downgrade() -> None:
    """Drop it."""
    op.drop_table("swept_night")
