"""Queue imports, keep what they changed so that they can be undone, and remember how the files of a source are read.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from gis_app.storage.row_security import protect

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def _json(name: str) -> sa.Column:
    return sa.Column(name, postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False)


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.String(), server_default="", nullable=False)


def _moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def upgrade() -> None:
    """Create them; imports of before are listed as done, but nothing is known of what they changed."""
    op.create_table(
        "import_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        _text("file_format"),
        _text("datum"),
        _text("profile"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("received_bytes", sa.BigInteger(), server_default="0", nullable=False),
        _text("file_sha256"),
        _json("options"),
        _json("progress"),
        _json("report"),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("claim", sa.Uuid(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        _moment("created_at"),
        _moment("changed_at"),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            "state IN ('uploading', 'uploaded', 'checking', 'checked', 'committing', 'done', 'failed', 'cancelled', "
            "'undoing', 'undone')",
            name=op.f("ck_import_job_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_job")),
    )
    op.create_index(op.f("ix_import_job_created_at"), "import_job", ["created_at"], unique=False)
    op.create_index(
        "ix_import_job_working",
        "import_job",
        ["changed_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('checking', 'committing', 'undoing')"),
    )
    op.create_table(
        "import_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("was", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["import_run.id"], name=op.f("fk_import_change_import_id_import_run"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_change")),
    )
    op.create_index("ix_import_change_import", "import_change", ["import_id", "table_name"], unique=False)
    op.create_table(
        "import_profile",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        _moment("changed_at"),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_profile")),
        sa.UniqueConstraint("scope_path", "kind", "name", name=op.f("uq_import_profile_scope_path")),
    )
    op.add_column("team", sa.Column("import_id", sa.Uuid(), nullable=True))
    op.execute("SELECT set_config('jingwei.scope', '/', true)")
    op.execute(
        """
        INSERT INTO import_job (id, kind, state, file_name, datum, size_bytes, file_sha256, report, account,
                                created_at, changed_at, scope_path)
        SELECT id, kind, 'done', file_name, datum, 0, file_sha256,
               jsonb_build_object('row_count', row_count, 'is_kept', false), account, created_at, created_at, scope_path
        FROM import_run"""
    )
    for table in ("import_job", "import_change", "import_profile"):
        protect(op, table)


def downgrade() -> None:
    """Drop them."""
    op.drop_column("team", "import_id")
    for table in ("import_profile", "import_change", "import_job"):
        op.drop_table(table)
