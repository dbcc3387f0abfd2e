"""Recurring jobs: due at their times, run by one worker, none of them in the way of another."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from gis_app import paths
from gis_app.services import audit, housekeeping
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.services.health import check
from gis_app.services.housekeeping import JOBS, House, Job, keep, run_due
from gis_app.storage.engine import make_engine, scoped, system_scope

JOB = {job.name: job for job in JOBS}
NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AREA = """
INSERT INTO area (code, level, name_zh, scope_path, geom, label_point, area_m2, valid_from)
SELECT '330381', 'city', '瑞安市', '/330381/', ST_Multi(box), ST_Centroid(box), 1e6, '2020-01-01'
FROM ST_MakeEnvelope(120.6, 27.7, 120.7, 27.8, 4326) box"""
TEAM = """
INSERT INTO team (code, name_zh, kind, mode, area_id, station, scope_path)
SELECT 'T', '义务队', 'volunteer', 'foot', id, label_point, scope_path FROM area"""
PATROL = """
INSERT INTO patrol (team_id, night, started_at, ended_at, mode, length_m, fix_count, geom, scope_path, is_synthetic)
SELECT id, '2026-01-10', '2026-01-10 12:00Z', '2026-01-10 13:00Z', 'foot', 900, 4,
       ST_GeomFromText('MULTILINESTRING((120.6 27.7, 120.61 27.7))', 4326), scope_path, :made_up FROM team"""


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def house(migrated_database, tmp_path, clock):
    return House(Ledger(migrated_database.app, HeadsFile(tmp_path / "heads.log"), clock), track_days=90, srid=4549)


def rows(house, statement, **values):
    with scoped(house.ledger.engine, system_scope()) as connection:
        result = connection.execute(text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []


def counting(name="count", every=HOUR):
    """Return a job and the list that grows by one with each of its runs."""
    runs = []

    def run(house):
        runs.append(house.ledger.now())
        return {"runs": len(runs)}

    return Job(name, every, run), runs


def test_a_job_runs_at_once_and_again_when_its_time_has_passed(house, clock):
    job, runs = counting()
    assert run_due(house, [job]) == ["count"]
    clock.now = NOW + HOUR - timedelta(microseconds=1)
    assert run_due(house, [job]) == []
    clock.now = NOW + HOUR
    assert run_due(house, [job]) == ["count"]
    assert runs == [NOW, NOW + HOUR]
    assert rows(house, "SELECT name, last_run_at, detail FROM job_run") == [("count", NOW + HOUR, {"runs": 2})]


def test_of_workers_that_look_at_once_one_runs_the_job(migrated_database, house):
    engine = make_engine(migrated_database.app_url, pool_size=8)
    many = House(Ledger(engine, house.ledger.heads, house.ledger.now), 90, 4549)
    job, runs = counting()
    barrier, ran = threading.Barrier(8), []

    def look():
        barrier.wait()
        ran.extend(run_due(many, [job]))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()
    assert (ran, runs) == (["count"], [NOW])


def test_a_job_under_way_is_left_to_its_worker(house):
    begun, may_end = threading.Event(), threading.Event()
    runs = []

    def run(house):
        runs.append(threading.current_thread().name)
        begun.set()
        assert may_end.wait(60)
        return {}

    job = Job("long", HOUR, run)
    worker = threading.Thread(target=run_due, args=(house, [job]), name="first")
    worker.start()
    assert begun.wait(60)
    assert run_due(house, [job]) == []
    may_end.set()
    worker.join()
    assert runs == ["first"]


def test_a_failing_job_keeps_no_other_from_running_and_is_tried_again_in_an_hour(house, clock):
    def fail(house):
        raise RuntimeError("out of order")

    after, runs = counting("after", DAY)
    failing = Job("failing", DAY, fail)
    with capture_logs() as logs:
        assert run_due(house, [failing, after]) == ["after"]
        clock.now = NOW + HOUR - timedelta(seconds=1)
        assert run_due(house, [failing, after]) == []
        assert [(log["event"], log["job"]) for log in logs] == [("job_failed", "failing")]
        clock.now = NOW + HOUR
        assert run_due(house, [Job("failing", DAY, lambda house: {"mended": 1}), after]) == ["failing"]
    assert runs == [NOW]
    assert rows(house, "SELECT last_run_at, detail FROM job_run WHERE name = 'failing'") == [
        (NOW + HOUR, {"mended": 1})
    ]


def test_a_job_whose_worker_was_killed_is_due_again_in_an_hour(house, clock):
    class KilledError(BaseException):
        pass

    def die(house):
        raise KilledError

    with pytest.raises(KilledError):
        run_due(house, [Job("count", DAY, die)])
    job, runs = counting(every=DAY)
    clock.now = NOW + HOUR - timedelta(seconds=1)
    assert run_due(house, [job]) == []
    clock.now = NOW + HOUR
    assert run_due(house, [job]) == ["count"]
    assert runs == [NOW + HOUR]


def test_a_long_job_is_done_by_a_process_of_its_own_as_of_the_same_moment(house):
    for statement in (AREA, TEAM):
        rows(house, statement)
    rows(house, PATROL, made_up=True)
    assert not JOB["tracks"].is_long(house)
    rows(house, "UPDATE patrol SET is_stale = true")
    assert JOB["tracks"].is_long(house)
    assert run_due(house, [JOB["tracks"], JOB["hotspots"]]) == ["tracks", "hotspots"]
    assert dict(rows(house, "SELECT name, detail FROM job_run")) == {
        "tracks": {"patrols": 1, "nights": 0},
        "hotspots": {"maps": 0},
    }
    # None of its fixes is there: the track is what is left, nothing.
    assert rows(house, "SELECT is_stale, fix_count, ST_IsEmpty(geom) FROM patrol") == [(False, 0, True)]


def test_a_process_that_fails_is_a_job_that_failed(house):
    with capture_logs() as logs:
        assert run_due(house, [Job("unknown there", DAY, lambda house: {}, is_long=lambda house: True)]) == []
    assert [(log["event"], log["job"]) for log in logs] == [("job_failed", "unknown there")]
    assert rows(house, "SELECT detail FROM job_run WHERE last_run_at > '1970-01-02'") == []


def test_without_a_database_the_failure_is_logged_and_nothing_is_raised(house):
    gone = make_engine("postgresql://jingwei_app@/nothing?host=/nonexistent")
    with capture_logs() as logs:
        assert run_due(House(Ledger(gone, house.ledger.heads, house.ledger.now), 90, 4549)) == []
    gone.dispose()
    assert [log["event"] for log in logs] == ["job_failed"] * len(JOBS)


def test_the_first_look_is_after_a_minute_then_every_five_as_long_as_it_is_wanted(house, clock):
    job, runs = counting(every=timedelta(0))
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        clock.now += timedelta(minutes=1)

    # The worker ends after a quarter of an hour.
    housekeeping_ends = NOW + timedelta(minutes=15)
    lease_free = Job("count", timedelta(0), job.run)
    keep(house, lambda: clock.now < housekeeping_ends, jobs=[lease_free], pause=pause)
    assert runs == [NOW + timedelta(minutes=minutes) for minutes in (1, 6, 11)]
    assert pauses == [1.0] * 15


def test_the_thread_ends_with_its_worker_and_keeps_no_process_alive(house):
    thread = housekeeping.start(house, lambda: False)
    assert thread.daemon
    thread.join(60)
    assert not thread.is_alive()
    assert rows(house, "SELECT * FROM job_run") == []


def test_log_ins_whose_time_is_over_are_forgotten(house):
    rows(house, AREA)
    rows(
        house,
        "INSERT INTO account (login, role, area_id, scope_path) SELECT 'a', 'handler', id, scope_path FROM area",
    )
    for name, ends in (("over", NOW), ("open", NOW + HOUR)):
        rows(
            house,
            """INSERT INTO account_session (secret_hash, account_id, created_at, last_seen_at, expires_at, scope_path)
               SELECT convert_to(:name, 'UTF8'), id, :at, :at, :ends, scope_path FROM account""",
            name=name,
            at=NOW - DAY,
            ends=ends,
        )
    assert run_due(house, [JOB["forget_ended_log_ins"]]) == ["forget_ended_log_ins"]
    assert rows(house, "SELECT convert_from(secret_hash, 'UTF8') FROM account_session") == [("open",)]
    assert rows(house, "SELECT detail FROM job_run") == [({"rows": 1},)]


@pytest.mark.parametrize(("made_up", "kept"), [(False, 0), (True, 1)])
def test_real_tracks_are_forgotten_and_those_of_a_demo_city_are_nobodys(house, made_up, kept):
    for statement in (AREA, TEAM):
        rows(house, statement)
    rows(house, PATROL, made_up=made_up)
    assert run_due(house, [JOB["retention"]]) == ["retention"]
    assert rows(house, "SELECT count(geom), sum(length_m) FROM patrol") == [(kept, 900)]
    assert rows(house, "SELECT detail FROM job_run") == [({"fixes": 0, "lines": 1} if not made_up else {},)]
    assert rows(house, "SELECT account FROM audit_entry") == ([] if made_up else [("system",)])


def note(house, subject):
    with house.ledger.writing(system_scope()) as work:
        work.note("test.note", subject, scope_path="/")


def test_a_tampered_audit_is_an_error_in_the_log_and_a_word_in_the_health(migrated_database, house, clock):
    for number in range(3):
        note(house, f"thing:{number}")
    with capture_logs() as logs:
        run_due(house, [JOB["audit_verification"]])
    assert (logs, check(house.ledger.engine)) == ([], {"status": "ok"})
    with migrated_database.superuser.begin() as connection:
        connection.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER append_only"))
        connection.execute(text("UPDATE audit_entry SET subject = 'thing:9' WHERE sequence = 2"))
    assert [fault.sequence for fault in audit.verify(house.ledger).faults] == [2]
    clock.now = NOW + DAY
    with capture_logs() as logs:
        assert run_due(house, [JOB["audit_verification"]]) == ["audit_verification"]
    assert [(log["event"], log["log_level"], log["faults"], log["sequence"]) for log in logs] == [
        ("audit_tampered", "error", 1, 2)
    ]
    assert check(house.ledger.engine) == {"status": "ok", "audit": "tampered"}


def test_the_word_stays_while_a_later_verification_is_under_way_or_fails(house, clock):
    job = JOB["audit_verification"]
    run_due(house, [Job(job.name, job.every, lambda house: {"faults": 3})])
    clock.now = NOW + DAY

    def seen(house):
        assert check(house.ledger.engine)["audit"] == "tampered"
        raise RuntimeError("the disk is away")

    with capture_logs():
        run_due(house, [Job(job.name, job.every, seen)])
    assert check(house.ledger.engine)["audit"] == "tampered"


def test_every_job_stands_in_the_operating_guide():
    guide = (Path(paths.layers()).parent / "docs" / "operating.md").read_text(encoding="utf-8")
    assert [job.name for job in JOBS if f"`{job.name}`" not in guide] == []
    assert {(job.name, job.every) for job in JOBS} >= {
        ("escalation", timedelta(minutes=10)),
        ("forget_ended_log_ins", HOUR),
        ("retention", DAY),
        ("audit_verification", DAY),
    }
