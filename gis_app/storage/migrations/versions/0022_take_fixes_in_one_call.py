"""Take a batch of fixes in one call: a phone's request is one question to the database, not a dozen.

Revision ID: 0022
Revises: 0021
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_NAME = (
    "receive_fixes(bigint, uuid, bytea, text, text, timestamptz, timestamptz, timestamptz, date[], timestamptz[], "
    "int[], float8[], float8[], real[], real[], smallint[], jsonb)"
)
# In the caller's own rights: row-level security decides what is seen and stored, as for every statement of the app.
# What is refused is said, not raised: the caller rolls back, and tells it in the words of the reader.
_RECEIVE = """
CREATE FUNCTION receive_fixes(
    by_account bigint, batch uuid, batch_hash bytea, of_device text, of_team text,
    at_moment timestamptz, live_after timestamptz, live_until timestamptz,
    nights date[], moments timestamptz[], sequences int[], lons float8[], lats float8[],
    accuracies real[], speeds real[], flags smallint[], facts jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    promised record;
    owner record;
    outing record;
    part record;
    new_count int;
    stored int := 0;
    is_first boolean := false;
    answered jsonb;
BEGIN
    SELECT b.body_hash, b.answer INTO promised FROM track_batch b
    WHERE b.account_id = by_account AND b.client_id = batch;
    IF FOUND THEN
        RETURN jsonb_build_object(
            'outcome', CASE WHEN promised.body_hash = batch_hash THEN 'known' ELSE 'other body' END,
            'answer', promised.answer);
    END IF;
    SELECT t.id, t.mode, t.scope_path INTO owner FROM team t WHERE t.code = of_team;
    IF NOT FOUND THEN
        RETURN jsonb_build_object('outcome', 'no team');
    END IF;
    -- One device's batches wait for each other; a night's patrol is made by one of them.
    PERFORM pg_advisory_xact_lock(hashtextextended('device ' || of_device, 330381007));
    FOR part IN
        SELECT f.night, array_agg(DISTINCT date_trunc('month', f.moment AT TIME ZONE 'UTC')::date) AS months,
               count(*) AS size, least(min(f.moment), at_moment) AS first, least(max(f.moment), at_moment) AS last
        FROM unnest(nights, moments) f (night, moment) GROUP BY f.night ORDER BY f.night
    LOOP
        SELECT p.id, p.team_id, p.geom IS NULL AS is_forgotten INTO outing FROM patrol p
        WHERE p.device = of_device AND p.night = part.night;
        IF NOT FOUND THEN
            INSERT INTO patrol (team_id, night, started_at, ended_at, mode, length_m, fix_count, device, is_stale,
                                geom, scope_path)
            VALUES (owner.id, part.night, part.first, part.last, owner.mode, 0, 0, of_device, true,
                    ST_GeomFromText('MULTILINESTRING EMPTY', 4326), owner.scope_path)
            ON CONFLICT DO NOTHING
            RETURNING id, team_id, false AS is_forgotten INTO outing;
            IF NOT FOUND THEN
                RETURN jsonb_build_object('outcome', 'foreign');
            END IF;
            is_first := true;
        END IF;
        IF outing.team_id <> owner.id THEN
            RETURN jsonb_build_object('outcome', 'foreign');
        END IF;
        IF outing.is_forgotten THEN
            RETURN jsonb_build_object('outcome', 'forgotten', 'night', part.night);
        END IF;
        -- Only a month without a partition is prepared, by one transaction at a time.
        IF EXISTS (SELECT FROM unnest(part.months) m WHERE to_regclass('track_point_' || to_char(m, 'YYYY_MM')) IS NULL)
        THEN
            PERFORM pg_advisory_xact_lock(330381008);
            PERFORM prepare_track_month(m) FROM unnest(part.months) m;
        END IF;
        INSERT INTO track_point (device, recorded_at, sequence, patrol_id, speed_mps, accuracy_m, flag, scope_path,
                                 geom)
        SELECT of_device, f.moment, f.sequence, outing.id, f.speed, f.accuracy, f.flag, owner.scope_path,
               ST_SetSRID(ST_MakePoint(f.lon, f.lat), 4326)
        FROM unnest(nights, moments, sequences, lons, lats, accuracies, speeds, flags)
             f (night, moment, sequence, lon, lat, accuracy, speed, flag)
        WHERE f.night = part.night
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS new_count = ROW_COUNT;
        -- What another area's device of the same name holds is neither changed nor seen: it must not be acknowledged.
        IF new_count <> part.size AND part.size <> (
            SELECT count(*) FROM unnest(nights, moments, sequences) f (night, moment, sequence)
            JOIN track_point p ON p.device = of_device AND p.recorded_at = f.moment AND p.sequence = f.sequence
            WHERE f.night = part.night)
        THEN
            RETURN jsonb_build_object('outcome', 'foreign');
        END IF;
        IF new_count > 0 THEN
            stored := stored + new_count;
            UPDATE patrol SET started_at = least(started_at, part.first), ended_at = greatest(ended_at, part.last),
                              fix_count = fix_count + new_count, is_stale = true
            WHERE id = outing.id;
            -- The newest position that a clock can have seen already.
            INSERT INTO live_position (patrol_id, recorded_at, received_at, speed_mps, geom, scope_path)
            SELECT outing.id, f.moment, clock_timestamp(), f.speed, ST_SetSRID(ST_MakePoint(f.lon, f.lat), 4326),
                   owner.scope_path
            FROM unnest(nights, moments, sequences, lons, lats, speeds) f (night, moment, sequence, lon, lat, speed)
            WHERE f.night = part.night AND f.moment > live_after AND f.moment <= live_until
            ORDER BY f.moment DESC, f.sequence DESC LIMIT 1
            ON CONFLICT (patrol_id) DO UPDATE
            SET recorded_at = excluded.recorded_at, received_at = excluded.received_at,
                speed_mps = excluded.speed_mps, geom = excluded.geom
            WHERE excluded.recorded_at > live_position.recorded_at;
        END IF;
    END LOOP;
    answered := facts || jsonb_build_object('stored', stored, 'known', (facts ->> 'known')::int - stored);
    INSERT INTO track_batch (account_id, client_id, body_hash, answer, created_at, scope_path)
    VALUES (by_account, batch, batch_hash, answered, at_moment, owner.scope_path)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN jsonb_build_object('outcome', 'overtaken');
    END IF;
    RETURN jsonb_build_object('outcome', 'stored', 'answer', answered, 'is_first', is_first, 'team', owner.id,
                              'scope_path', owner.scope_path);
END $$"""


def upgrade() -> None:
    """Create the function."""
    op.execute(_RECEIVE)
    op.execute(f"REVOKE ALL ON FUNCTION {_NAME} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {_NAME} TO jingwei_app")


def downgrade() -> None:
    """Drop it."""
    op.execute(f"DROP FUNCTION {_NAME}")
