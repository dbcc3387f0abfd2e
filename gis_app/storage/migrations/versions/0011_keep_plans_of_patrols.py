"""Keep plans of patrols with all their versions, and let routes and stops name the plan they come from.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from gis_app.storage.row_security import protect

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "patrol_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("title", sa.String(), server_default="", nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="draft", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("approved_by", sa.String(), server_default="", nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'approved', 'published', 'closed', 'withdrawn')", name=op.f("ck_patrol_plan_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrol_plan")),
    )
    op.create_index(op.f("ix_patrol_plan_night"), "patrol_plan", ["night"], unique=False)
    op.create_table(
        "patrol_plan_version",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"],
            ["patrol_plan.id"],
            name=op.f("fk_patrol_plan_version_plan_id_patrol_plan"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("plan_id", "version", name=op.f("pk_patrol_plan_version")),
    )
    for table in ("patrol_plan", "patrol_plan_version"):
        protect(op, table)
    op.add_column("patrol_route", sa.Column("plan_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_patrol_route_plan_id_patrol_plan"),
        "patrol_route",
        "patrol_plan",
        ["plan_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.create_index(op.f("ix_patrol_route_plan_id"), "patrol_route", ["plan_id"], unique=False)
    op.add_column("planned_stop", sa.Column("code", sa.String(), server_default="", nullable=False))
    op.add_column("planned_stop", sa.Column("begins_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("planned_stop", sa.Column("prize_parts", postgresql.JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    """Drop them."""
    for column in ("prize_parts", "begins_at", "code"):
        op.drop_column("planned_stop", column)
    op.drop_column("patrol_route", "plan_id")
    for table in ("patrol_plan_version", "patrol_plan"):
        op.drop_table(table)
