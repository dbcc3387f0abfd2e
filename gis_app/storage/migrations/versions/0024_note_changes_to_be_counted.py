"""Note what changed of tracks, grids and streets until coverage knows of it, so that what ends halfway is made up for.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; whether the tracks so far were counted is looked at once."""
    op.create_table(
        "uncounted_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uncounted_change")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON uncounted_change TO jingwei_app")
    op.execute("SELECT set_config('jingwei.scope', '/', true)")
    op.execute("INSERT INTO uncounted_change SELECT FROM patrol LIMIT 1")


def downgrade() -> None:
    """Drop it."""
    op.drop_table("uncounted_change")
