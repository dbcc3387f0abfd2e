"""Row-level security: the one policy, put on every table with an area.

A row is seen and written only where its ``scope_path`` starts with the caller's path, which ``engine.scoped`` sets per
transaction. Unset is NULL, and NULL lets no row through. The setting is read once per statement (a sub-select), not
once per row. What accounts bring themselves is kept to its owner besides. ``&&`` must be leakproof for a spatial index
to be used under it: the cluster's set-up sees to that.
"""

from __future__ import annotations

from typing import Protocol

IN_SCOPE = "starts_with(scope_path, (SELECT NULLIF(current_setting('jingwei.scope', true), '')))"


class Migration(Protocol):
    """The part of alembic's operations used here."""

    def execute(self, sqltext: str) -> None:
        """Run one statement."""


def protect(operations: Migration, table: str) -> None:
    """Put the policy on ``table``, for its owner too, and let the app's role work on it."""
    operations.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    operations.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    operations.execute(f"CREATE POLICY in_scope ON {table} USING ({IN_SCOPE}) WITH CHECK ({IN_SCOPE})")
    operations.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO jingwei_app")


# Restrictive: beside the policy above, never instead of it. At or above the path of who planned it, or of anybody once
# it has begun; what was never unannounced is not touched by it.
_BEGUN_OR_OWN = """
NOT is_unannounced OR started_at IS NOT NULL
OR starts_with(by_path, (SELECT NULLIF(current_setting('jingwei.scope', true), '')))"""


def hide_until_begun(operations: Migration, table: str) -> None:
    """Let the level that is inspected see an unannounced inspection only once it has begun."""
    operations.execute(
        f"CREATE POLICY hidden_until_begun ON {table} AS RESTRICTIVE USING ({_BEGUN_OR_OWN}) "
        f"WITH CHECK ({_BEGUN_OR_OWN})"
    )


# Restrictive too: what an account brought is its own; others of the area read it where it says so, and change nothing.
_OWN = "account = (SELECT NULLIF(current_setting('jingwei.account', true), ''))"
_READ = {
    "workspace_dataset": f"is_shared OR {_OWN}",
    # The policies of the data sets decide here too.
    "workspace_feature": "dataset_id IN (SELECT id FROM workspace_dataset)",
}
_CHANGED = {
    "workspace_dataset": _OWN,
    "workspace_feature": f"dataset_id IN (SELECT id FROM workspace_dataset WHERE {_OWN})",  # noqa: S608 - our own words
}


def keep_to_owner(operations: Migration, table: str) -> None:
    """Let an account read of a workspace's table what is its own or shared, and change only what is its own."""
    own, policy = _CHANGED[table], f"ON {table} AS RESTRICTIVE FOR"
    operations.execute(f"CREATE POLICY own_or_shared {policy} SELECT USING ({_READ[table]})")
    operations.execute(f"CREATE POLICY own_added {policy} INSERT WITH CHECK ({own})")
    operations.execute(f"CREATE POLICY own_changed {policy} UPDATE USING ({own}) WITH CHECK ({own})")
    operations.execute(f"CREATE POLICY own_removed {policy} DELETE USING ({own})")


# The app's role owns nothing, so it asks this function of the owner for a month's partition.
PREPARE_TRACK_MONTH = f"""
CREATE FUNCTION prepare_track_month(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first_day date := date_trunc('month', day)::date;
    partition text := 'track_point_' || to_char(first_day, 'YYYY_MM');
BEGIN
    IF to_regclass(partition) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format(
        'CREATE TABLE %I PARTITION OF track_point FOR VALUES FROM (%L) TO (%L)',
        partition, first_day::timestamp AT TIME ZONE 'UTC',
        (first_day + interval '1 month')::timestamp AT TIME ZONE 'UTC');
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', partition);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', partition);
    EXECUTE format('CREATE POLICY in_scope ON %I USING (%s) WITH CHECK (%s)', partition,
        $policy${IN_SCOPE}$policy$, $policy${IN_SCOPE}$policy$);
END $$
"""
