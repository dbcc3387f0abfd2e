"""Keep absences of units and of night checks, and up to which an account has read them.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from gis_app.storage.row_security import protect

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "absence",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=True),
        sa.Column("route_id", sa.BigInteger(), nullable=True),
        sa.Column("count", sa.Integer(), server_default="1", nullable=False),
        *(
            sa.Column(name, sa.DateTime(timezone=True), nullable=False)
            for name in ("expected_from", "expected_to", "noticed_at")
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("levels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_absence_area_id_area"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["route_id"], ["patrol_route.id"], name=op.f("fk_absence_route_id_patrol_route"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
        sa.UniqueConstraint("key", name=op.f("uq_absence_key")),
    )
    for name in ("area_id", "route_id", "noticed_at"):
        op.create_index(op.f(f"ix_absence_{name}"), "absence", [name], unique=False)
    op.add_column("account", sa.Column("absences_read_upto", sa.BigInteger(), server_default="0", nullable=False))
    protect(op, "absence")


def downgrade() -> None:
    """Drop them."""
    op.drop_column("account", "absences_read_upto")
    op.drop_table("absence")
