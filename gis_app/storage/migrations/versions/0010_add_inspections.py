"""Add inspections of areas with their findings, and the map of the week's night checks.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from gis_app.storage.row_security import hide_until_begun, protect

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# The rules of gis_app/domain/duties.py and analysis/duty_compliance.py for the running week and the one before, which
# a test compares: a night runs from noon to noon, what was planned for a week and made in the next makes up for it,
# and a village owes a week of which it was there for at least half.
_NIGHT_CHECK_MAP = """
CREATE VIEW night_check_map WITH (security_invoker = true) AS
SELECT a.id, a.code, a.name_zh, a.name_en, p.name_zh AS parent_zh, p.name_en AS parent_en,
       CASE WHEN made.this_week THEN 'done' WHEN made.last_week OR 2 * there.days < 7 THEN 'due' ELSE 'missed' END
           AS state,
       made.last_night, a.is_synthetic, a.geom
FROM area a
LEFT JOIN area p ON p.id = a.parent_id
CROSS JOIN (
    SELECT date_trunc('week', (now() AT TIME ZONE 'Asia/Shanghai') - interval '12 hours')::date AS monday,
           ((now() AT TIME ZONE 'Asia/Shanghai') - interval '12 hours')::date AS tonight) t
CROSS JOIN LATERAL (
    SELECT coalesce(bool_or(c.week = t.monday), false) AS this_week,
           coalesce(bool_or(c.week = t.monday - 7), false) AS last_week, max(c.day) AS last_night
    FROM (
        SELECT i.day, CASE WHEN date_trunc('week', i.planned_for)::date + 7 = date_trunc('week', i.day)::date
                           THEN date_trunc('week', i.planned_for)::date
                           ELSE date_trunc('week', i.day)::date END AS week
        FROM inspection i
        WHERE i.area_code = a.code AND i.kind = 'night_check' AND i.state = 'done' AND i.day <= t.tonight) c) made
CROSS JOIN LATERAL (
    SELECT coalesce(sum(greatest(least(b.valid_to, t.monday) - greatest(b.valid_from, t.monday - 7), 0)), 0) AS days
    FROM area b WHERE b.code = a.code AND b.level = 'village') there
WHERE a.level = 'village' AND a.valid_to IS NULL"""


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "inspection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("planned_for", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), server_default="planned", nullable=False),
        sa.Column("is_unannounced", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("checklist_version", sa.Integer(), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("note", sa.String(), server_default="", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("inspected_by", sa.String(), server_default="", nullable=False),
        sa.Column("unit_code", sa.String(), nullable=True),
        sa.Column("body_hash", sa.LargeBinary(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("by_path", sa.Text(collation="C"), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("kind IN ('night_check', 'monthly', 'special')", name=op.f("ck_inspection_kind")),
        sa.CheckConstraint("state IN ('planned', 'under_way', 'done', 'cancelled')", name=op.f("ck_inspection_state")),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name=op.f("fk_inspection_unit_code_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection")),
    )
    op.create_index("ix_inspection_area_day", "inspection", ["area_code", "day"], unique=False)
    op.create_index(op.f("ix_inspection_day"), "inspection", ["day"], unique=False)
    op.create_index(op.f("ix_inspection_planned_for"), "inspection", ["planned_for"], unique=False)
    op.create_table(
        "finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("inspection_id", sa.Uuid(), nullable=False),
        sa.Column("hazard_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.String(), server_default="", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column("is_synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["hazard_id"], ["hazard.id"], name=op.f("fk_finding_hazard_id_hazard"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.id"], name=op.f("fk_finding_inspection_id_inspection"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    op.create_index(op.f("ix_finding_hazard_id"), "finding", ["hazard_id"], unique=False)
    op.create_index(op.f("ix_finding_inspection_id"), "finding", ["inspection_id"], unique=False)
    for table in ("inspection", "finding"):
        protect(op, table)
    hide_until_begun(op, "inspection")
    op.execute(_NIGHT_CHECK_MAP)
    op.execute("GRANT SELECT ON night_check_map TO jingwei_app")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP VIEW night_check_map")
    for table in ("finding", "inspection"):
        op.drop_table(table)
