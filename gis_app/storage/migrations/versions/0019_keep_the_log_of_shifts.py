"""Keep the log of the duty desk's shifts, and the marks put on the map during one.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

from gis_app.storage.row_security import protect

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_SHIFT = "shift IN ('day', 'night')"


def upgrade() -> None:
    """Create them; lines of the log are only ever added."""
    op.create_table(
        "shift_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("shift", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("view", sa.String(), server_default="", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(_SHIFT, name=op.f("ck_shift_entry_shift")),
        sa.CheckConstraint("kind IN ('note', 'handover', 'takeover')", name=op.f("ck_shift_entry_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_entry")),
    )
    op.create_table(
        "map_mark",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("shift", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("geom", Geometry("GEOMETRY", srid=4326, spatial_index=False), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(_SHIFT, name=op.f("ck_map_mark_shift")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_map_mark")),
    )
    for table in ("shift_entry", "map_mark"):
        op.create_index(f"ix_{table}_day", table, ["day", "shift"], unique=False)
        op.create_index(f"uq_{table}_client", table, ["account", "client_id"], unique=True)
        protect(op, table)
    op.execute("REVOKE UPDATE, DELETE ON shift_entry FROM jingwei_app")
    op.execute("REVOKE DELETE ON map_mark FROM jingwei_app")


def downgrade() -> None:
    """Drop them."""
    for table in ("map_mark", "shift_entry"):
        op.drop_table(table)
