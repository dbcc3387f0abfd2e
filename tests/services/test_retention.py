"""Raw tracks go after their time; what was computed from them stays as it was."""

from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from gis_app import paths
from gis_app.cli.commands import jingwei
from gis_app.domain.errors import InvalidInput
from gis_app.domain.rights import Right, Scope
from gis_app.importers.kinds import ImportKind
from gis_app.importers.problems import ImportRefused
from gis_app.rendering.layer_spec import load_layers
from gis_app.services import analyses, features, retention
from gis_app.services.audit import HeadsFile, Ledger, verify
from gis_app.services.imports import FileToImport, import_into
from gis_app.services.map_export import exported_rows
from gis_app.services.small_layers import collection
from gis_app.storage import retention as storage
from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.tiles import TileAddress, TileFilter, TileSource, merged_tile, tile

# Noon in the city. 90 days before lies the noon with which the night of 17 March begins.
NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)
FIRST_KEPT = date(2026, 3, 17)
NIGHTS = [date(2026, 1, 10), date(2026, 1, 31), date(2026, 2, 20), date(2026, 3, 3), date(2026, 3, 16), FIRST_KEPT]
NIGHTS += [date(2026, 6, 14)]
FIXES_PER_NIGHT = 4
CITY = (
    """
    INSERT INTO city_profile (id, name_zh, name_en, is_synthetic, metric_srid, west, south, east, north)
    VALUES (1, '瑞安市', 'Rui''an', false, 4549, 120.6, 27.7, 120.7, 27.8)""",
    """
    INSERT INTO area (code, level, name_zh, scope_path, geom, label_point, area_m2, valid_from)
    SELECT code, level, code, path, ST_Multi(box), ST_Centroid(box), 1e6, '2020-01-01'
    FROM (VALUES ('330381', 'city', '/330381/', 120.6, 120.62), ('A', 'township', '/330381/A/', 120.6, 120.62),
                 ('AW', 'grid', '/330381/A/AW/', 120.6, 120.61), ('AE', 'grid', '/330381/A/AE/', 120.61, 120.62)
    ) t (code, level, path, west, east), ST_MakeEnvelope(west, 27.7, east, 27.71, 4326) box""",
    """
    INSERT INTO team (code, name_zh, kind, mode, area_id, station, scope_path)
    SELECT 'T', '义务队', 'volunteer', 'foot', id, label_point, scope_path FROM area WHERE code = 'A'""",
)
# Every patrol walks in the western grid; the one of the newest night in the eastern one.
ADD_NIGHT = """
WITH walked AS (
    INSERT INTO patrol (team_id, night, started_at, ended_at, mode, length_m, fix_count, geom, scope_path, is_synthetic)
    SELECT id, :night, CAST(:night AS date) + time '12:00', CAST(:night AS date) + time '13:00', 'foot', 900, 4,
           ST_Multi(ST_MakeLine(ST_Point(:lon, 27.702, 4326), ST_Point(:lon, 27.708, 4326))), scope_path, :made_up
    FROM team RETURNING id, scope_path)
INSERT INTO track_point (device, recorded_at, sequence, patrol_id, scope_path, geom, is_synthetic)
SELECT 'd', (CAST(:night AS date) + time '04:00') AT TIME ZONE 'UTC' + n * interval '7 hours 59 minutes', n, id,
       scope_path, ST_Point(:lon, 27.705, 4326), :made_up
FROM walked, generate_series(0, 3) n"""
FIGURES = (
    "SELECT count(*), sum(length_m), sum(fix_count) FROM patrol",
    "SELECT id, night, started_at, ended_at, length_m, fix_count FROM patrol ORDER BY id",
    """SELECT night, grid_id, area_share, state, last_visit_at, idle_days FROM grid_coverage ORDER BY night, grid_id""",
)


class City:
    """A database with patrols of several months."""

    def __init__(self, engine, heads):
        self.engine, self.heads = engine, heads
        self.ledger = Ledger(engine, HeadsFile(heads), lambda: NOW)

    def rows(self, statement, **values):
        with scoped(self.engine, system_scope()) as connection:
            result = connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

    def forget(self, days=90, **more):
        return retention.forget(self.ledger, days=days, srid=4549, **more)

    def measure(self, **more):
        return analyses.run_all(self.engine, now=NOW, srid=4549, kinds=("grid_coverage",), **more)["grid_coverage"]

    def figures(self):
        return [self.rows(question) for question in FIGURES]

    def audited(self):
        return self.rows(
            "SELECT account, detail->>'fixes', detail->>'lines', scope_path FROM audit_entry "
            "WHERE action = 'tracks.forget' ORDER BY sequence"
        )

    def add_night(self, night, *, lon=120.605, made_up=False):
        self.rows("SELECT prepare_track_month(:night), prepare_track_month(:next)", night=night, next=night + DAY)
        self.rows(ADD_NIGHT, night=night, lon=lon, made_up=made_up)


DAY = timedelta(days=1)


@pytest.fixture
def bare_city(migrated_database, tmp_path):
    city = City(migrated_database.app, tmp_path / "heads.log")
    for statement in CITY:
        city.rows(statement)
    return city


@pytest.fixture
def city(bare_city):
    for night in NIGHTS:
        bare_city.add_night(night, lon=120.615 if night == NIGHTS[-1] else 120.605)
    bare_city.measure()
    return bare_city


def months(city):
    return sorted(
        name for (name,) in city.rows("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = "
                                      "'track_point'::regclass")
    )  # fmt: skip


def test_the_limit_is_the_first_night_that_begins_within_the_days():
    at_noon = retention.limit_of(NOW, days=90)
    assert (at_noon.first_night, at_noon.begins_at) == (FIRST_KEPT, datetime(2026, 3, 17, 4, tzinfo=UTC))
    assert retention.limit_of(NOW - timedelta(seconds=1), days=90) == at_noon
    assert retention.limit_of(NOW + timedelta(seconds=1), days=90).first_night == FIRST_KEPT + DAY


def test_fixes_and_lines_older_than_the_days_go_and_the_younger_stay(city):
    forgotten = city.forget()
    assert (forgotten.fix_count, forgotten.line_count) == (5 * FIXES_PER_NIGHT, 5)
    assert city.rows("SELECT night FROM patrol WHERE geom IS NOT NULL ORDER BY night") == [
        (FIRST_KEPT,),
        (date(2026, 6, 14),),
    ]
    [(oldest, count)] = city.rows("SELECT min(recorded_at), count(*) FROM track_point")
    assert (oldest, count) == (datetime(2026, 3, 17, 4, tzinfo=UTC), 2 * FIXES_PER_NIGHT)


def test_whole_months_are_dropped_with_their_tables(city):
    assert months(city) == [f"track_point_2026_{month}" for month in ("01", "02", "03", "06")]
    city.forget()
    assert months(city) == ["track_point_2026_03", "track_point_2026_06"]


def test_lengths_counts_and_coverage_are_equal_before_and_after(city):
    before = city.figures()
    assert before[0] == [(7, 6300.0, 28)]
    city.forget()
    assert city.figures() == before


def test_coverage_computed_anew_keeps_what_the_forgotten_tracks_gave(city):
    before = city.figures()[2]
    west_share = {share for night, _, share, *_ in before if share > 0 and night != NIGHTS[-1]}
    assert len(west_share) == 1
    city.forget()
    city.measure(settings=analyses.AnalysisSettings(coverage_nights=31))
    assert city.figures()[2] == before


def test_a_last_visit_before_the_nights_that_are_measured_outlives_its_track(city):
    # The west was last visited on 17 March; keep tracks for 30 days, and measure the newest night alone.
    city.measure(settings=analyses.AnalysisSettings(coverage_nights=1))
    city.forget(days=30)
    assert city.rows("SELECT count(*) FROM patrol WHERE geom IS NOT NULL") == [(1,)]
    city.measure(settings=analyses.AnalysisSettings(coverage_nights=2))
    assert city.rows(
        "SELECT a.code, c.last_visit_at FROM grid_coverage c JOIN area a ON a.id = c.grid_id "
        "WHERE night = '2026-06-14' ORDER BY a.code"
    ) == [("AE", datetime(2026, 6, 14, 13, tzinfo=UTC)), ("AW", datetime(2026, 3, 17, 13, tzinfo=UTC))]


def test_coverage_is_computed_before_tracks_go_that_it_was_not_computed_from(bare_city):
    bare_city.add_night(NIGHTS[0])
    bare_city.forget()
    assert bare_city.rows("SELECT count(*) FROM patrol WHERE geom IS NOT NULL") == [(0,)]
    # A line of 665 m with 30 m to either side and two half circles, in a grid of 986 m by 1108 m.
    share = pytest.approx((665 * 60 + 3.14 * 30**2) / (986 * 1108), rel=0.02)
    assert bare_city.rows(
        "SELECT a.code, area_share, last_visit_at FROM grid_coverage c JOIN area a ON a.id = c.grid_id ORDER BY a.code"
    ) == [("AE", 0.0, None), ("AW", share, datetime(2026, 1, 10, 13, tzinfo=UTC))]


def test_a_second_run_finds_nothing_and_writes_nothing(city):
    city.forget()
    state = [city.figures(), city.audited(), city.heads.read_text(), city.rows("SELECT xmin::text FROM patrol")]
    again = city.forget()
    assert not again
    assert [city.figures(), city.audited(), city.heads.read_text(), city.rows("SELECT xmin::text FROM patrol")] == state


def test_every_step_tells_the_audit_what_it_deleted(city):
    city.forget(account="command line")
    # January and February as months: the last fix of the night of 31 January lies in February, all before March.
    assert city.audited() == [
        ("command line", "12", "3", "/330381/"),
        ("command line", "4", "1", "/330381/"),
        ("command line", "4", "1", "/330381/"),
    ]
    assert verify(city.ledger).faults == []


def test_progress_tells_what_is_gone_so_far(city):
    told = []
    city.forget(progress=told.append)
    assert [(step.fix_count, step.line_count) for step in told] == [(12, 3), (16, 4), (20, 5)]


def test_a_run_that_was_cut_off_is_finished_by_the_next(city):
    class CutError(Exception):
        pass

    def cut(forgotten):
        raise CutError

    with pytest.raises(CutError):
        city.forget(progress=cut)
    assert len(city.audited()) == 1
    rest = city.forget()
    assert (rest.fix_count, rest.line_count) == (8, 2)
    assert len(city.audited()) == 3


def test_a_dry_run_counts_and_changes_nothing(city):
    tables = ("patrol", "track_point", "audit_entry")
    before = [city.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables]  # noqa: S608
    due = retention.due(city.ledger, days=90)
    assert (due.fix_count, due.line_count, due.has_real) == (20, 5, True)
    assert [city.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables] == before  # noqa: S608


def test_made_up_tracks_are_told_from_real_ones(bare_city):
    bare_city.add_night(NIGHTS[0], made_up=True)
    assert not retention.due(bare_city.ledger, days=90).has_real
    bare_city.add_night(NIGHTS[1])
    assert retention.due(bare_city.ledger, days=90).has_real


def test_fixes_whose_patrol_is_gone_are_forgotten_too(city):
    city.rows("DELETE FROM patrol")
    assert city.forget().fix_count == 20
    assert city.rows("SELECT count(*) FROM track_point") == [(8,)]


@pytest.mark.parametrize("days", [0, 1, 6])
def test_tracks_of_the_last_seven_days_are_never_deleted(city, days):
    with pytest.raises(InvalidInput) as refused:
        city.forget(days=days)
    assert refused.value.message == f"JINGWEI_TRACK_DAYS is {days}; tracks are kept for at least 7 days."
    assert city.rows("SELECT count(*) FROM track_point") == [(28,)]


def test_seven_days_are_kept_by_the_databases_own_clock_too(bare_city):
    today = datetime.now(UTC).date()
    for age in range(13):
        bare_city.add_night(today - age * DAY)
    ledger = Ledger(bare_city.engine, HeadsFile(bare_city.heads))
    retention.forget(ledger, days=7, srid=4549)
    limit = retention.limit_of(ledger.now(), days=7)
    kept = {night for (night,) in bare_city.rows("SELECT night FROM patrol WHERE geom IS NOT NULL")}
    assert kept == {today - age * DAY for age in range(13) if today - age * DAY >= limit.first_night}
    assert {today - age * DAY for age in range(7)} <= kept


def test_a_run_waits_for_another_that_is_at_it(city):
    with scoped(city.engine, system_scope()) as connection:
        storage.take_turn(connection)
        [(is_free,)] = city.rows("SELECT pg_try_advisory_xact_lock(:key)", key=storage._RUN_LOCK)
    assert not is_free


@pytest.fixture
def tracks_layer():
    return next(layer for layer in load_layers(paths.layers()) if layer.id == "patrol_tracks")


def test_tiles_exports_lists_and_details_survive_forgotten_lines(city, tracks_layer):
    city.forget()
    wanted = TileFilter(night=NIGHTS[0])
    scope = Scope("t", "/330381/", frozenset(Right))
    source, address = TileSource("t", "patrol_map", ("mode",), night_column="night"), TileAddress(12, 3420, 1725)
    with scoped(city.engine, scope) as connection:
        assert tile(connection, source, address, wanted) == b""
        assert merged_tile(connection, source, address, wanted, column="mode") == b""
        assert exported_rows(connection, tracks_layer, wanted, locale="zh") == []
        assert len(exported_rows(connection, tracks_layer, TileFilter(night=FIRST_KEPT), locale="zh")) == 1
    assert collection(city.engine, scope, tracks_layer, wanted=wanted)["features"] == []
    [(forgotten,)] = city.rows("SELECT id FROM patrol WHERE night = :night", night=NIGHTS[0])
    told = features.describe(city.engine, scope, tracks_layer, identity=str(forgotten), locale="zh")
    assert (told["lon"], told["lat"]) == (None, None)
    assert {"0.9 公里", "4"} <= {field["value"] for field in told["fields"]}


def test_a_forgotten_night_is_not_imported_again(city, tmp_path):
    city.forget()
    path = tmp_path / "fixes.csv"
    lines = [f"d,T,{night}T12:0{n}:00Z,120.605,27.70{n}" for night in ("2026-02-20", "2026-02-21") for n in (2, 3)]
    path.write_text("\n".join(["device,team_code,recorded_at,lon,lat", *lines]) + "\n", encoding="utf-8")
    with pytest.raises(ImportRefused) as refused:
        import_into(city.engine, FileToImport(path, ImportKind.TRACKS, datum="wgs84"), now=NOW, srid=4549)
    assert [(problem.row, problem.problem) for problem in refused.value.problems] == [
        (row, "The tracks of the night of 2026-02-20 were deleted after their time.") for row in (2, 3)
    ]
    assert city.rows("SELECT count(*), count(geom) FROM patrol") == [(7, 2)]


@pytest.fixture
def command(city, migrated_database, tmp_path):
    """The command as an operator of an own database runs it; its clock is the machine's."""

    def run(*arguments, **more):
        variables = {"DATABASE_URL": migrated_database.urls.superuser_url, "JINGWEI_HOME": str(tmp_path)}
        more = {"JINGWEI_AUDIT_HEADS": str(city.heads), "JINGWEI_LOCALE": "en", **more}
        return CliRunner().invoke(jingwei, ["retention", *arguments], env=variables | more)

    return run


def test_the_command_says_what_would_go_then_what_went(city, command):
    days = (datetime.now(UTC) - NOW).days + 90
    kept = retention.limit_of(datetime.now(UTC), days=days).first_night
    due = retention.due(Ledger(city.engine, HeadsFile(city.heads)), days=days)
    told = f"{due.fix_count} fixes and {due.line_count} lines of nights before {kept}."
    assert due.line_count >= 5
    assert command("--dry-run", JINGWEI_TRACK_DAYS=str(days)).stdout == f"To go: {told}\n"
    assert city.audited() == []
    done = command(JINGWEI_TRACK_DAYS=str(days))
    assert (done.exit_code, done.stdout) == (0, f"Gone: {told}\n")
    assert {account for account, *_ in city.audited()} == {"command line"}
    assert verify(city.ledger).faults == []


def test_the_command_refuses_too_few_days(city, command):
    refused = command(JINGWEI_TRACK_DAYS="6")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "tracks are kept for at least 7 days" in refused.stderr
    assert city.rows("SELECT count(*) FROM track_point") == [(28,)]
