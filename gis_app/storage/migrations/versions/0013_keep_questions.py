"""Keep the questions of analysts and their answers.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from gis_app.storage.row_security import protect

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "kept_question",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("repeat", sa.String(), server_default="never", nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint("repeat IN ('never', 'daily', 'weekly')", name=op.f("ck_kept_question_repeat")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_question")),
    )
    op.create_index(op.f("ix_kept_question_next_at"), "kept_question", ["next_at"], unique=False)
    op.create_table(
        "kept_answer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("problem", sa.String(), server_default="", nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["kept_question.id"],
            name=op.f("fk_kept_answer_question_id_kept_question"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_answer")),
    )
    op.create_index(op.f("ix_kept_answer_question_id"), "kept_answer", ["question_id"], unique=False)
    for table in ("kept_question", "kept_answer"):
        protect(op, table)


def downgrade() -> None:
    """Drop them."""
    for table in ("kept_answer", "kept_question"):
        op.drop_table(table)
