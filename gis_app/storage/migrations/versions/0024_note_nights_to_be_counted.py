"""Note the nights whose coverage does not know their tracks yet, so that nothing that ends halfway leaves it so.

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
    """Create the table; whether the nights so far were counted is looked at once."""
    op.create_table(
        "uncounted_night",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uncounted_night")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON uncounted_night TO jingwei_app")
    op.execute("SELECT set_config('jingwei.scope', '/', true)")
    op.execute("INSERT INTO uncounted_night (night) SELECT DISTINCT night FROM patrol")


def downgrade() -> None:
    """Drop it."""
    op.drop_table("uncounted_night")
