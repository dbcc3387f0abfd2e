"""Add log-ins, tokens, the audit chain, and what retention needs.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from gis_app.storage.row_security import protect

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

AREA_TABLES = ("account_session", "api_token", "audit_entry", "client_write", "village_change")
SYSTEM_TABLES = ("audit_head", "job_run", "log_in_attempt")
ROLES = "'administrator', 'supervisor', 'dispatcher', 'handler', 'grid_worker', 'analyst', 'patrol_planner', 'kiosk'"

# For the owner and superusers too: who wants to change the audit has to leave more traces than one statement.
APPEND_ONLY = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit is append-only' USING ERRCODE = 'insufficient_privilege';
END $$"""
# The app's role owns no partition. A floor below which it cannot be talked into deleting.
FORGET_TRACKS = """
CREATE FUNCTION forget_tracks_before(day date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    partition record;
    forgotten bigint := 0;
    part bigint;
BEGIN
    IF day > current_date - 7 THEN
        RAISE EXCEPTION 'Tracks of the last 7 days are not deleted';
    END IF;
    FOR partition IN
        SELECT c.relname, to_date(right(c.relname, 7), 'YYYY_MM') AS month
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'track_point'::regclass
    LOOP
        IF partition.month + interval '1 month' <= day THEN
            EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', partition.relname);
            EXECUTE format('SELECT count(*) FROM %I', partition.relname) INTO part;
            EXECUTE format('DROP TABLE %I', partition.relname);
            forgotten := forgotten + part;
        END IF;
    END LOOP;
    RETURN forgotten;
END $$"""
LIVE_POSITIONS = """
CREATE VIEW live_position_map WITH (security_invoker = true) AS
SELECT p.id, p.mode, last.recorded_at, last.speed_mps, p.is_synthetic, last.geom
FROM patrol p CROSS JOIN LATERAL (
    SELECT f.recorded_at, f.speed_mps, f.geom FROM track_point f
    WHERE f.patrol_id = p.id AND f.recorded_at > now() - interval '1 hour' AND f.recorded_at <= now()
    ORDER BY f.recorded_at DESC LIMIT 1) last
WHERE p.ended_at > now() - interval '1 hour'"""


def upgrade() -> None:
    """Create the tables, their policies and grants, and two functions of the owner."""
    op.create_table(
        "audit_entry",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_at"), "audit_entry", ["at"], unique=False)
    op.create_index("ix_audit_entry_subject", "audit_entry", ["subject", "sequence"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "job_run",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_run")),
    )
    op.create_table(
        "log_in_attempt",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failure_count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_log_in_attempt")),
    )
    op.create_index(op.f("ix_log_in_attempt_last_at"), "log_in_attempt", ["last_at"], unique=False)
    op.create_table(
        "account_session",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idle_s", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_session_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_session")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_account_session_secret_hash")),
    )
    op.create_index(op.f("ix_account_session_account_id"), "account_session", ["account_id"], unique=False)
    op.create_table(
        "api_token",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("rights", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_api_token_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_token_secret_hash")),
    )
    op.create_index(op.f("ix_api_token_account_id"), "api_token", ["account_id"], unique=False)
    op.create_table(
        "client_write",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hazard_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_client_write_account_id_account"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["hazard_id"], ["hazard.id"], name=op.f("fk_client_write_hazard_id_hazard"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "client_id", name=op.f("pk_client_write")),
    )
    op.create_table(
        "village_change",
        sa.Column("scope_path", sa.Text(collation="C"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope_path", name=op.f("pk_village_change")),
    )
    op.create_index(op.f("ix_client_write_hazard_id"), "client_write", ["hazard_id"], unique=False)
    op.add_column("account", sa.Column("password_hash", sa.String(), nullable=True))
    op.add_column(
        "account", sa.Column("must_change_password", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("account", sa.Column("oidc_subject", sa.String(), nullable=True))
    op.create_unique_constraint(op.f("uq_account_oidc_subject"), "account", ["oidc_subject"])
    op.add_column(
        "hazard", sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
    )
    op.create_index(op.f("ix_hazard_changed_at"), "hazard", ["changed_at"], unique=False)
    op.alter_column("patrol", "geom", nullable=True)
    op.create_check_constraint(op.f("ck_account_role"), "account", f"role IN ({ROLES})")
    for table in AREA_TABLES:
        protect(op, table)
    for table in SYSTEM_TABLES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO jingwei_app")
    op.execute("REVOKE UPDATE, DELETE ON audit_entry FROM jingwei_app")
    op.execute("REVOKE INSERT, DELETE ON audit_head FROM jingwei_app")
    op.execute("INSERT INTO audit_head VALUES (1, 0, sha256(''))")
    op.execute(APPEND_ONLY)
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )
    op.execute(FORGET_TRACKS)
    op.execute("REVOKE ALL ON FUNCTION forget_tracks_before(date) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION forget_tracks_before(date) TO jingwei_app")
    op.execute(LIVE_POSITIONS)
    op.execute("GRANT SELECT ON live_position_map TO jingwei_app")


def downgrade() -> None:
    """Drop what was added; patrols whose tracks were forgotten go with them."""
    op.execute("DROP VIEW live_position_map")
    op.execute("DROP FUNCTION forget_tracks_before(date)")
    op.execute("SELECT set_config('jingwei.scope', '/', true)")
    op.execute("DELETE FROM patrol WHERE geom IS NULL")
    op.alter_column("patrol", "geom", nullable=False)
    op.drop_index(op.f("ix_hazard_changed_at"), table_name="hazard")
    op.drop_column("hazard", "changed_at")
    op.drop_constraint(op.f("uq_account_oidc_subject"), "account", type_="unique")
    op.drop_constraint(op.f("ck_account_role"), "account", type_="check")
    op.drop_column("account", "oidc_subject")
    op.drop_column("account", "must_change_password")
    op.drop_column("account", "password_hash")
    op.drop_index(op.f("ix_client_write_hazard_id"), table_name="client_write")
    op.drop_table("client_write")
    op.drop_table("village_change")
    op.drop_index(op.f("ix_api_token_account_id"), table_name="api_token")
    op.drop_table("api_token")
    op.drop_index(op.f("ix_account_session_account_id"), table_name="account_session")
    op.drop_table("account_session")
    op.drop_index(op.f("ix_log_in_attempt_last_at"), table_name="log_in_attempt")
    op.drop_table("log_in_attempt")
    op.drop_table("job_run")
    op.drop_table("audit_head")
    op.drop_index("ix_audit_entry_subject", table_name="audit_entry")
    op.drop_index(op.f("ix_audit_entry_at"), table_name="audit_entry")
    op.drop_table("audit_entry")
    op.execute("DROP FUNCTION refuse_audit_change()")
