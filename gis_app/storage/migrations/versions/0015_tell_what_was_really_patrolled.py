"""Keep by which kind of work streets were walked and grids swept, and how stops and routes of plans were really done.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from gis_app.storage.row_security import protect

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_CLASS = ("shift", "mode", "team_kind")
_STREET_KEY = ["night", "area_id", "segment_id", "low"]


def upgrade() -> None:
    """Create them; nights whose tracks are there are computed again."""
    for name in _CLASS:
        op.add_column("street_walk", sa.Column(name, sa.String(), server_default="", nullable=False))
    op.drop_constraint("pk_street_walk", "street_walk", type_="primary")
    op.create_primary_key(op.f("pk_street_walk"), "street_walk", [*_STREET_KEY, *_CLASS])
    op.execute("DELETE FROM walked_night")
    op.create_table(
        "grid_sweep",
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("area_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in _CLASS),
        sa.Column("cells", postgresql.BIT(varying=True), nullable=False),
        sa.Column("cell_count", sa.Integer(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("walked_m", sa.Float(), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_grid_sweep_area_id_area"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("night", "area_id", *_CLASS, name=op.f("pk_grid_sweep")),
    )
    op.create_index(op.f("ix_grid_sweep_area_id"), "grid_sweep", ["area_id"], unique=False)
    op.create_table(
        "stop_visit",
        sa.Column("stop_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("came_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stayed_min", sa.Float(), nullable=True),
        sa.Column("ordinal", sa.Integer(), nullable=True),
        sa.Column("grid_id", sa.BigInteger(), nullable=True),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["stop_id"], ["planned_stop.id"], name=op.f("fk_stop_visit_stop_id_planned_stop"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["grid_id"], ["area.id"], name=op.f("fk_stop_visit_grid_id_area"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("stop_id", name=op.f("pk_stop_visit")),
    )
    op.create_index(op.f("ix_stop_visit_grid_id"), "stop_visit", ["grid_id"], unique=False)
    op.create_table(
        "route_walk",
        sa.Column("route_id", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("walked_m", sa.Float(), nullable=False),
        sa.Column("followed_share", sa.Float(), nullable=False),
        sa.Column("off_route_m", sa.Float(), nullable=False),
        sa.Column("deviation_count", sa.Integer(), nullable=False),
        sa.Column("farthest_m", sa.Float(), nullable=True),
        sa.Column("in_order_share", sa.Float(), nullable=True),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["route_id"], ["patrol_route.id"], name=op.f("fk_route_walk_route_id_patrol_route"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("route_id", name=op.f("pk_route_walk")),
    )
    op.create_table(
        "followed_night",
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("night", name=op.f("pk_followed_night")),
    )
    for table in ("grid_sweep", "stop_visit", "route_walk"):
        protect(op, table)
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON followed_night TO jingwei_app")


def downgrade() -> None:
    """Drop them; streets walked by several kinds of teams are one again."""
    for table in ("followed_night", "route_walk", "stop_visit", "grid_sweep"):
        op.drop_table(table)
    op.execute(
        "DELETE FROM street_walk w USING street_walk o "
        "WHERE (w.night, w.area_id, w.segment_id, w.low) = (o.night, o.area_id, o.segment_id, o.low) "
        "AND (w.high, w.shift, w.mode, w.team_kind) < (o.high, o.shift, o.mode, o.team_kind)"
    )
    op.drop_constraint("pk_street_walk", "street_walk", type_="primary")
    op.create_primary_key(op.f("pk_street_walk"), "street_walk", _STREET_KEY)
    for name in _CLASS:
        op.drop_column("street_walk", name)
