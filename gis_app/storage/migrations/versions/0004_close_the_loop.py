"""Add units, routing rules, the steps of hazards, and what the loop keeps of each hazard.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from gis_app.storage.row_security import protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_HAZARD_MAP = """
CREATE OR REPLACE VIEW hazard_map WITH (security_invoker = true) AS
SELECT h.id, h.number, h.title, h.description, h.place, h.category_code,
       c.name_zh AS category_zh, c.name_en AS category_en, h.severity, h.stage, h.discovered_by,
       CASE WHEN h.stage IN ('closed', 'void') THEN 'closed'
            WHEN h.due_at < now() THEN 'overdue' ELSE 'open' END AS state,
       h.is_supervised, h.discovered_at, h.due_at, h.closed_at,
       v.name_zh AS village_zh, v.name_en AS village_en, g.code AS grid_code, h.is_synthetic, h.geom{more}
FROM hazard h
LEFT JOIN hazard_category c ON c.code = h.category_code
LEFT JOIN area v ON v.id = h.village_id
LEFT JOIN area g ON g.id = h.grid_id{joins}"""
_WITH_UNIT = {
    "more": ", u.name_zh AS unit_zh, u.name_en AS unit_en",
    "joins": "\nLEFT JOIN unit u ON u.code = h.unit_code",
}


def upgrade() -> None:
    """Create the tables and columns; the view of hazards names the unit."""
    op.create_table(
        "unit",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_unit")),
    )
    op.create_table(
        "routing_rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("category_code", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=True),
        sa.Column("area_code", sa.String(), nullable=True),
        sa.Column("unit_code", sa.String(), nullable=True),
        sa.Column("limit_value", sa.Integer(), nullable=False),
        sa.Column("limit_unit", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["category_code"],
            ["hazard_category.code"],
            name=op.f("fk_routing_rule_category_code_hazard_category"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name=op.f("fk_routing_rule_unit_code_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_rule")),
    )
    op.create_index("ix_routing_rule_category", "routing_rule", ["category_code"], unique=False)
    op.create_table(
        "hazard_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("hazard_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("from_stage", sa.String(), nullable=True),
        sa.Column("to_stage", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("unit_code", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), server_default="", nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["hazard_id"], ["hazard.id"], name=op.f("fk_hazard_event_hazard_id_hazard"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hazard_event")),
        sa.UniqueConstraint("hazard_id", "version", name=op.f("uq_hazard_event_hazard_id")),
    )
    op.create_index(op.f("ix_hazard_event_at"), "hazard_event", ["at"], unique=False)
    op.add_column("account", sa.Column("unit_code", sa.String(), nullable=True))
    op.create_foreign_key(op.f("fk_account_unit_code_unit"), "account", "unit", ["unit_code"], ["code"])
    op.add_column("hazard", sa.Column("rework_count", sa.Integer(), server_default="0", nullable=False))
    op.add_column("hazard", sa.Column("unit_code", sa.String(), nullable=True))
    op.add_column("hazard", sa.Column("limit_value", sa.Integer(), nullable=True))
    op.add_column("hazard", sa.Column("limit_unit", sa.String(), nullable=True))
    op.add_column("hazard", sa.Column("yellow_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("hazard", sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("hazard", sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("hazard", sa.Column("handlers", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.add_column(
        "hazard", sa.Column("requests", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False)
    )
    op.add_column("hazard", sa.Column("recurs_of", sa.Uuid(), nullable=True))
    op.add_column("hazard", sa.Column("duplicate_of", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_hazard_unit_code"), "hazard", ["unit_code"], unique=False)
    op.create_foreign_key(op.f("fk_hazard_unit_code_unit"), "hazard", "unit", ["unit_code"], ["code"])
    op.create_foreign_key(
        op.f("fk_hazard_duplicate_of_hazard"), "hazard", "hazard", ["duplicate_of"], ["id"], ondelete="SET NULL"
    )
    op.create_foreign_key(
        op.f("fk_hazard_recurs_of_hazard"), "hazard", "hazard", ["recurs_of"], ["id"], ondelete="SET NULL"
    )
    for column in ("recurs_of", "duplicate_of"):
        op.create_index(f"ix_hazard_{column}", "hazard", [column], postgresql_where=sa.text(f"{column} IS NOT NULL"))
    protect(op, "hazard_event")
    op.execute("REVOKE UPDATE, DELETE ON hazard_event FROM jingwei_app")
    for table in ("unit", "routing_rule"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO jingwei_app")
    op.execute(_HAZARD_MAP.format(**_WITH_UNIT))


def downgrade() -> None:
    """Drop them; the history of hazards goes with its table."""
    op.execute("DROP VIEW hazard_map")
    op.execute(_HAZARD_MAP.format(more="", joins=""))
    op.execute("GRANT SELECT ON hazard_map TO jingwei_app")
    for column in ("duplicate_of", "recurs_of"):
        op.drop_index(f"ix_hazard_{column}", table_name="hazard")
    op.drop_constraint(op.f("fk_hazard_recurs_of_hazard"), "hazard", type_="foreignkey")
    op.drop_constraint(op.f("fk_hazard_duplicate_of_hazard"), "hazard", type_="foreignkey")
    op.drop_constraint(op.f("fk_hazard_unit_code_unit"), "hazard", type_="foreignkey")
    op.drop_index(op.f("ix_hazard_unit_code"), table_name="hazard")
    op.drop_column("hazard", "duplicate_of")
    op.drop_column("hazard", "recurs_of")
    op.drop_column("hazard", "requests")
    op.drop_column("hazard", "handlers")
    op.drop_column("hazard", "escalated_at")
    op.drop_column("hazard", "suspended_at")
    op.drop_column("hazard", "yellow_at")
    op.drop_column("hazard", "limit_unit")
    op.drop_column("hazard", "limit_value")
    op.drop_column("hazard", "unit_code")
    op.drop_column("hazard", "rework_count")
    op.drop_constraint(op.f("fk_account_unit_code_unit"), "account", type_="foreignkey")
    op.drop_column("account", "unit_code")
    op.drop_index(op.f("ix_hazard_event_at"), table_name="hazard_event")
    op.drop_table("hazard_event")
    op.drop_index("ix_routing_rule_category", table_name="routing_rule")
    op.drop_table("routing_rule")
    op.drop_table("unit")
