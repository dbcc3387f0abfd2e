"""Raise alerts by rules, and tell open pages of them and of what the walls shall show.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

from gis_app.storage.row_security import protect

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
_SCOPED = ("alert_rule", "alert", "alert_subject", "screen_event", "wall_command")


def upgrade() -> None:
    """Create them."""
    _create_rules()
    _create_alerts()
    _create_events()
    for table in _SCOPED:
        protect(op, table)
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON alert_progress TO jingwei_app")
    # Two tables draw from the one sequence, so that one number orders both.
    op.execute("GRANT USAGE ON SEQUENCE notice_id_seq TO jingwei_app")


def _create_rules() -> None:
    op.create_table(
        "alert_rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('severity', 'overdue', 'absence', 'cluster', 'geofence')", name=op.f("ck_alert_rule_kind")
        ),
        sa.CheckConstraint("level IN ('notice', 'warning', 'critical')", name=op.f("ck_alert_rule_level")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_rule")),
    )
    op.create_table(
        "alert_progress",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_alert_progress_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_progress")),
    )
    # What happened before there were rules is no news.
    op.execute("INSERT INTO alert_progress (id, upto) SELECT 1, coalesce(max(id), 0) FROM notice")


def _create_alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("place_key", sa.Text(collation="C"), nullable=False),
        sa.Column("state", sa.String(), server_default="open", nullable=False),
        sa.Column("subject_count", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("desk_path", sa.Text(collation="C"), nullable=False),
        sa.Column("unit_code", sa.String(), nullable=True),
        sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("account", sa.String(), server_default="", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("geom", Geometry("POINT", srid=4326), nullable=True),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint("state IN ('open', 'acknowledged', 'snoozed', 'closed')", name=op.f("ck_alert_state")),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["alert_rule.id"], name=op.f("fk_alert_rule_id_alert_rule"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name=op.f("fk_alert_unit_code_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    living = sa.text("state <> 'closed'")
    op.create_index("uq_alert_place", "alert", ["rule_id", "place_key"], unique=True, postgresql_where=living)
    op.create_index("ix_alert_living", "alert", ["last_at"], unique=False, postgresql_where=living)
    op.create_table(
        "alert_subject",
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(collation="C"), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("hazard_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alert.id"], name=op.f("fk_alert_subject_alert_id_alert"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["hazard_id"], ["hazard.id"], name=op.f("fk_alert_subject_hazard_id_hazard"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["alert_rule.id"], name=op.f("fk_alert_subject_rule_id_alert_rule"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("rule_id", "subject", name=op.f("pk_alert_subject")),
    )
    op.create_index(op.f("ix_alert_subject_alert_id"), "alert_subject", ["alert_id"], unique=False)
    op.create_index(op.f("ix_alert_subject_hazard_id"), "alert_subject", ["hazard_id"], unique=False)


def _create_events() -> None:
    op.create_table(
        "screen_event",
        sa.Column("id", sa.BigInteger(), server_default=sa.text("nextval('notice_id_seq')"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=True),
        sa.Column("desk_path", sa.Text(collation="C"), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alert.id"], name=op.f("fk_screen_event_alert_id_alert"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screen_event")),
    )
    op.create_index(op.f("ix_screen_event_at"), "screen_event", ["at"], unique=False)
    op.create_index(op.f("ix_screen_event_alert_id"), "screen_event", ["alert_id"], unique=False)
    op.create_table(
        "wall_command",
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column("scene", sa.String(), server_default="", nullable=False),
        sa.Column("is_paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("number", sa.Integer(), server_default="1", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope_path", name=op.f("pk_wall_command")),
    )


def downgrade() -> None:
    """Drop them."""
    op.execute("REVOKE USAGE ON SEQUENCE notice_id_seq FROM jingwei_app")
    for table in ("wall_command", "screen_event", "alert_subject", "alert", "alert_progress", "alert_rule"):
        op.drop_table(table)
