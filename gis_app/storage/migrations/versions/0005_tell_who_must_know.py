"""Add notices and webhooks, deadlines of the supervised list, types of cases, professional posts, stars of villages.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from gis_app.storage.row_security import protect

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_VILLAGE_STARS_MAP = """
CREATE VIEW village_stars_map WITH (security_invoker = true) AS
SELECT a.id, a.code, a.name_zh, a.name_en, s.stars, s.score, s.vetoed_by, s.data_from, s.data_to, a.geom
FROM village_stars s JOIN area a ON a.id = s.village_id
WHERE a.valid_to IS NULL"""


def upgrade() -> None:
    """Create them; what is on the supervised list already has no deadline there."""
    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hazard_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("duties", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("levels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("unit_code", sa.String(), nullable=True),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["hazard_id"], ["hazard.id"], name=op.f("fk_notice_hazard_id_hazard"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(op.f("ix_notice_at"), "notice", ["at"], unique=False)
    op.create_index(op.f("ix_notice_hazard_id"), "notice", ["hazard_id"], unique=False)
    op.create_table(
        "webhook",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_upto", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("try_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fault", sa.String(), server_default="", nullable=False),
        sa.Column("refused_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_table(
        "professional_post",
        sa.Column("village_id", sa.BigInteger(), nullable=False),
        sa.Column("profession", sa.String(), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("post_count", sa.Integer(), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["village_id"], ["area.id"], name=op.f("fk_professional_post_village_id_area"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("village_id", "profession", name=op.f("pk_professional_post")),
    )
    op.create_table(
        "village_stars",
        sa.Column("village_id", sa.BigInteger(), nullable=False),
        sa.Column("stars", sa.SmallInteger(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("vetoed_by", sa.String(), server_default="", nullable=False),
        sa.Column("data_from", sa.Date(), nullable=False),
        sa.Column("data_to", sa.Date(), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["village_id"], ["area.id"], name=op.f("fk_village_stars_village_id_area"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("village_id", name=op.f("pk_village_stars")),
    )
    op.add_column("account", sa.Column("notices_read_upto", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("hazard", sa.Column("supervised_due_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_hazard_supervised_due_at", "hazard", ["supervised_due_at"], postgresql_where=sa.text("is_supervised")
    )
    op.add_column("hazard_category", sa.Column("case_type", sa.String(), server_default="hazard", nullable=False))
    op.create_check_constraint(
        op.f("ck_hazard_category_case_type"), "hazard_category", "case_type IN ('hazard', 'dispute', 'service')"
    )
    op.execute("UPDATE hazard_category SET case_type = 'dispute' WHERE code = 'dispute'")
    for table in ("notice", "webhook", "professional_post", "village_stars"):
        protect(op, table)
    op.execute(_VILLAGE_STARS_MAP)
    op.execute("GRANT SELECT ON village_stars_map TO jingwei_app")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP VIEW village_stars_map")
    op.drop_constraint(op.f("ck_hazard_category_case_type"), "hazard_category", type_="check")
    op.drop_column("hazard_category", "case_type")
    op.drop_index("ix_hazard_supervised_due_at", table_name="hazard")
    op.drop_column("hazard", "supervised_due_at")
    op.drop_column("account", "notices_read_upto")
    for table in ("village_stars", "professional_post", "webhook", "notice"):
        op.drop_table(table)
