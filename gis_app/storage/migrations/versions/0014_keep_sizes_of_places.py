"""Keep the size of each place in maps of hotspots: grids and pieces of streets are not alike.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them; of cells there are none."""
    op.add_column("hotspot_part", sa.Column("sizes", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Drop them, and the maps that mean nothing without them."""
    op.execute("DELETE FROM analysis_run WHERE kind LIKE 'hotspots:grids:%' OR kind LIKE 'hotspots:streets:%'")
    op.drop_column("hotspot_part", "sizes")
