"""Imports driven step by step on a real PostGIS: in pieces, checked, committed, undone, within the importer's area."""

import json
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gis_app.domain.areas import AreaLevel
from gis_app.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from gis_app.domain.imports import WORKING, ImportState, ImportStep
from gis_app.domain.periods import TimeWindow
from gis_app.domain.rights import RIGHTS_OF, Role, Scope
from gis_app.importers.kinds import ImportKind
from gis_app.services import import_jobs, kpis, patrol_tracks
from gis_app.services.audit import HeadsFile, Ledger
from gis_app.services.gate import Caller
from gis_app.services.import_choices import ImportChoices, ImportWish
from gis_app.services.import_work import ClaimLost, ImportWork
from gis_app.services.imports import FileToImport, import_into
from gis_app.services.refused_rows import refused_table
from gis_app.storage import import_jobs as stored
from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.import_files import ImportFiles

SAMPLES = Path(__file__).resolve().parents[1] / "importers" / "samples"
NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
CITY_PATH, TOWN_PATH = "/330381/", "/330381/330381001/"
HEADER = "external_id,category_code,severity,stage,discovered_by,title,discovered_at,lon,lat"
EAST, WEST = "330381001901", "330381001902"


def caller(path=CITY_PATH, level=AreaLevel.CITY, account="importer"):
    scope = Scope(account, path, RIGHTS_OF[Role.SUPERVISOR])
    return Caller(1, Role.SUPERVISOR, "zh", level, None, scope, "", False, NOW + timedelta(days=1))


class Desk:
    """Whoever imports, with a worker that does each step at once."""

    def __init__(self, database, folder):
        self.engine = database.app
        self.ledger = Ledger(database.app, HeadsFile(folder / "heads.log"), lambda: NOW)
        self.files = ImportFiles(folder / "imports")

    def send(self, content, kind="hazards", name="hazards.csv", who=None, datum="wgs84"):
        content = content.encode() if isinstance(content, str) else content
        wish = ImportWish(uuid.uuid4(), ImportKind(kind), name, len(content), datum)
        import_jobs.begin(self.ledger, who or caller(), wish)
        import_jobs.receive(self.ledger, self.files, (who or caller()).scope, wish.id, content, offset=0)
        return wish.id

    def step(self, job_id, step, who=None, **choices):
        who = who or caller()
        version = self.job(job_id)["version"]
        import_jobs.take_step(self.ledger, self.files, who, job_id, ImportStep(step), ImportChoices(version, **choices))
        return self.work() or self.job(job_id)

    def work(self):
        claim = uuid.uuid4()
        with scoped(self.engine, system_scope()) as connection:
            taken = stored.claim(connection, claim_id=claim, now=NOW, until=NOW + timedelta(seconds=9))
        if taken is None:
            return None
        ImportWork(self.ledger, self.files, 4549, claim, lambda phase: None).do(self.job(taken["id"]))
        return self.job(taken["id"])

    def job(self, job_id):
        return import_jobs.one(self.engine, system_scope(), job_id)

    def rows(self, statement, **values):
        with scoped(self.engine, system_scope()) as connection:
            return [tuple(row) for row in connection.execute(text(statement), values)]

    def imported(self, content, **named):
        options = {
            name: named.pop(name) for name in ("leaves_out_refused", "merges", "left_out", "fixes") if name in named
        }
        columns = {name: named.pop(name) for name in ("columns", "is_whole") if name in named}
        job = self.step(self.send(content, **named), "check", **columns)
        assert job["state"] == ImportState.CHECKED, job["problem"]
        return self.step(job["id"], "commit", **options)


@pytest.fixture
def desk(migrated_database, tmp_path):
    for kind in ("villages", "grids"):
        wanted = FileToImport(SAMPLES / f"{kind}.geojson", ImportKind(kind), datum="wgs84")
        import_into(migrated_database.app, wanted, now=NOW, srid=4549)
    return Desk(migrated_database, tmp_path)


def hazard(number, lon=120.635, lat=27.78, *, found="2026-11-20 08:00:00", title="堵塞", severity="general"):
    return f"{number},fire,{severity},filed,hotline,{title},{found},{lon},{lat}"


def table(*lines, header=HEADER):
    return "\n".join([header, *lines]) + "\n"


def counts(job):
    return {name: job["report"][name] for name in ("added", "changed", "unchanged", "refused")}


WHOLE = """
SELECT 'hazard', to_jsonb(t)::text FROM hazard t
UNION ALL SELECT 'event', (to_jsonb(t) - 'id')::text FROM hazard_event t
UNION ALL SELECT 'area', (to_jsonb(t) || jsonb_build_object('geom', t.geom::text))::text FROM area t
UNION ALL SELECT 'grid', to_jsonb(t)::text FROM grid t
UNION ALL SELECT 'cell', (to_jsonb(t) - 'id')::text FROM hazard_month_cell t ORDER BY 1, 2"""


def test_a_file_comes_in_pieces_and_goes_on_after_a_break_where_it_stopped(desk):
    content = table(hazard("A")).encode()
    wish = ImportWish(uuid.uuid4(), ImportKind.HAZARDS, "a.csv", len(content))
    assert import_jobs.begin(desk.ledger, caller(), wish)[1]
    assert not import_jobs.begin(desk.ledger, caller(), wish)[1]
    take = lambda piece, offset: import_jobs.receive(  # noqa: E731
        desk.ledger, desk.files, caller().scope, wish.id, piece, offset=offset
    )
    assert take(content[:10], 0)["received_bytes"] == 10
    with pytest.raises(Conflict, match="begins at byte") as refused:
        take(content[10:], 12)
    assert refused.value.message == "The next piece begins at byte 10."
    with pytest.raises(InvalidInput):
        take(content[10:] + b"more", 10)
    done = take(content[10:], 10)
    assert (done["state"], len(done["file_sha256"])) == ("uploaded", 64)
    with pytest.raises(Conflict):
        take(b"x", len(content))


def test_a_check_tells_what_would_change_and_changes_nothing(desk):
    desk.imported(table(hazard("A"), hazard("B")))
    before = desk.rows(WHOLE)
    job = desk.send(table(hazard("A"), hazard("B", title="已改"), hazard("C"), hazard("D", lon=120.5)), name="next.csv")
    assert counts(desk.step(job, "check")) == {"added": 1, "changed": 1, "unchanged": 1, "refused": 1}
    assert desk.rows(WHOLE) == before
    [problem] = desk.job(job)["report"]["problems"]
    assert (problem["row"], problem["field"], problem["lon"], problem["lat"]) == (5, "geometry", 120.5, 27.78)


def test_rows_with_problems_keep_all_out_unless_they_are_left_out_on_purpose(desk):
    job = desk.step(desk.send(table(hazard("A"), hazard("B", severity="紧急"))), "check")
    failed = desk.step(job["id"], "commit")
    assert (failed["state"], failed["problem"]["problems"][0]["row"]) == ("failed", 3)
    assert desk.rows("SELECT count(*) FROM hazard") == [(0,)]
    desk.step(job["id"], "check")
    assert counts(desk.step(job["id"], "commit", leaves_out_refused=True)) == {
        **{"added": 1, "changed": 0, "unchanged": 0},
        "refused": 1,
    }
    assert desk.rows("SELECT external_id FROM hazard") == [("A",)]


def test_refused_rows_come_back_with_their_reason_and_can_be_mended_and_sent_again(desk):
    content = table(hazard("A"), hazard("B", severity="紧急"), hazard("C", lon=120.5))
    job = desk.imported(content, leaves_out_refused=True)
    told = refused_table(desk.files.refused_rows(job["id"]), lambda template, params: template.format(**params))
    lines = told.lstrip("\ufeff").splitlines()
    assert lines[0] == f"{HEADER},refused_because"
    assert [line.split(",")[0] for line in lines[1:]] == ["B", "C"]
    assert "'紧急' is not known" in lines[1]
    assert "lies outside the city" in lines[2]
    mended = told.replace("紧急", "general").replace("120.5", "120.61")
    assert counts(desk.imported(mended, name="mended.csv")) == {
        **{"added": 2, "changed": 0, "unchanged": 0},
        "refused": 0,
    }


def test_columns_said_by_hand_are_kept_as_a_profile_of_their_source(desk):
    content = table(hazard("A"), header="甲,乙,丙,丁,戊,己,庚,东,北")
    columns = dict(zip("甲乙丙丁戊己庚东北", HEADER.split(","), strict=True))
    job = desk.step(desk.send(content), "check", columns=columns, profile="安监局")
    assert counts(job)["added"] == 1
    [profile] = import_jobs.listed(desk.engine, caller().scope)[1]
    assert (profile["name"], profile["kind"], profile["settings"]["datum"]) == ("安监局", "hazards", "wgs84")
    assert profile["settings"]["columns"] == columns
    with pytest.raises(InvalidInput):
        desk.step(job["id"], "check", columns={"甲": "no_such_field"})


def test_the_same_file_again_changes_nothing_and_says_so(desk):
    content = table(hazard("A"))
    desk.imported(content)
    before = desk.rows(WHOLE)
    again = desk.step(desk.send(content, name="copy.csv"), "check")
    assert (again["report"]["was_known"], counts(again)["unchanged"]) == (True, 1)
    assert desk.rows(WHOLE) == before


def test_an_import_is_undone_to_the_last_bit(desk):
    desk.imported(table(hazard("A"), hazard("B", found="2026-10-02 09:00:00")))
    before = desk.rows(WHOLE)
    job = desk.imported(
        table(hazard("A", title="已改", lon=120.61), hazard("B", found="2026-09-01 10:00:00"), hazard("C")),
        name="next.csv",
    )
    assert desk.rows(WHOLE) != before
    undone = desk.step(job["id"], "undo")
    assert (undone["state"], undone["report"]["undone"]) == ("undone", {"added": 1, "changed": 2})
    assert desk.rows(WHOLE) == before
    # and its file may come again
    assert counts(desk.imported(table(hazard("A"), hazard("B"), hazard("C")), name="next.csv"))["added"] == 1


WALK = "device,team_code,time,lon,lat\n" + "".join(
    f"D-1,T-0001,2026-11-22 20:{minute:02d}:00,{120.631 + minute * 0.0003:.5f},27.78\n" for minute in range(10)
)


STREET = {"type": "LineString", "coordinates": [[120.631, 27.78], [120.634, 27.78]]}


def test_imported_tracks_count_as_coverage_until_the_import_is_undone(desk):
    desk.rows(
        """INSERT INTO team (code, name_zh, kind, mode, area_id, station, scope_path)
           SELECT 'T-0001', '示例队', 'volunteer', 'foot', id, label_point, scope_path
           FROM area WHERE code = :code RETURNING id""",
        code=EAST,
    )
    swept = "SELECT count(*) FROM grid_sweep", "SELECT count(*) FROM grid_coverage WHERE area_share > 0"
    job = desk.imported(WALK, kind="tracks", name="walk.csv")
    assert patrol_tracks.refresh(desk.engine, now=NOW, srid=4549) == {"patrols": 0, "nights": 1}
    assert [desk.rows(query)[0][0] > 0 for query in swept] == [True, True]
    # With a street of its own the night is counted anew.
    street = {"type": "Feature", "properties": {"kind": "residential"}, "geometry": STREET}
    content = json.dumps({"type": "FeatureCollection", "features": [street]})
    desk.imported(content, kind="streets", name="streets.geojson")
    assert patrol_tracks.refresh(desk.engine, now=NOW, srid=4549) == {"patrols": 0, "nights": 1}
    walked = "SELECT CAST(round(CAST(sum(high - low) AS numeric), 1) AS text) FROM street_walk"
    assert desk.rows(walked) == [("0.9",)]
    desk.step(job["id"], "undo")
    assert patrol_tracks.refresh(desk.engine, now=NOW, srid=4549) == {"patrols": 0, "nights": 0}
    assert [desk.rows(query) for query in swept] == [[(0,)], [(0,)]]


def test_an_import_on_which_a_later_one_builds_is_not_undone_before_that(desk):
    first = desk.imported(table(hazard("A")))
    second = desk.imported(table(hazard("A", title="已改")), name="next.csv")
    refused = desk.step(first["id"], "undo")
    assert (refused["state"], refused["problem"]["params"]) == ("done", {"file_name": "next.csv"})
    assert desk.step(second["id"], "undo")["state"] == desk.step(first["id"], "undo")["state"] == "undone"
    assert desk.rows("SELECT count(*) FROM hazard") == [(0,)]


def test_an_import_whose_hazards_people_worked_on_is_not_undone(desk):
    job = desk.imported(table(hazard("A")))
    desk.rows("UPDATE hazard SET title = 'x', version = version + 1, changed_at = clock_timestamp() RETURNING id")
    refused = desk.step(job["id"], "undo")
    assert (refused["state"], refused["problem"]["params"]) == ("done", {"numbers": "A"})
    assert desk.rows("SELECT count(*) FROM hazard") == [(1,)]


def test_near_doubles_are_offered_and_never_merged_silently(desk):
    desk.imported(table(hazard("A"), hazard("B", found="2026-11-19 08:00:00")))
    [(known,)] = desk.rows("SELECT id FROM hazard WHERE number = 'A'")
    # 0.0001 degrees of latitude are 11.1 m; the day before and another street are no doubles
    lines = (hazard("X", lat=27.7801, found="2026-11-20 22:00:00"), hazard("Y", lon=120.632))
    job = desk.step(desk.send(table(*lines), name="next.csv"), "check")
    [double] = job["report"]["doubles"]
    assert (double["row"], double["other"]["number"], double["distance_m"]) == (2, "A", pytest.approx(11.1, abs=0.1))
    assert counts(desk.step(job["id"], "commit"))["added"] == 2
    assert desk.rows("SELECT count(*) FROM hazard") == [(4,)]
    desk.step(job["id"], "undo")
    merged = desk.imported(table(*lines), name="next.csv", merges={2: known})
    assert counts(merged)["added"] == 1
    assert desk.rows("SELECT number FROM hazard ORDER BY 1") == [("A",), ("B",), ("Y",)]


def test_of_very_many_pairs_the_first_are_listed_and_a_note_counts_the_rows(desk):
    # 40 hazards in one place make 780 pairs; each but the first is one of a pair with an earlier row
    job = desk.step(desk.send(table(*(hazard(f"N{row:02d}") for row in range(40)))), "check")
    doubles = job["report"]["doubles"]
    assert (len(doubles), doubles[0]["row"], doubles[0]["other"]["row"]) == (500, 3, 2)
    assert [each["params"] for each in job["report"]["notes"]] == [{"shown": 500, "count": 39}]
    # 1 + 2 + ... + 31 = 496: of the 33rd row, the first four
    assert [(each["row"], each["other"]["row"]) for each in doubles[-4:]] == [(34, 2), (34, 3), (34, 4), (34, 5)]


def test_a_merged_hazard_without_a_number_takes_the_one_of_the_file(desk):
    desk.imported(table(hazard("")))
    [(known,)] = desk.rows("SELECT id FROM hazard")
    desk.imported(table(hazard("X")), name="next.csv", merges={2: known})
    assert desk.rows("SELECT id, external_id FROM hazard") == [(known, "X")]


def test_hazards_get_unit_limit_and_version_as_they_are_added(desk):
    header = HEADER + ",filed_at,assigned_at,due_at,closed_at"
    times = "2026-11-20 08:10:00,2026-11-20 09:00:00,2026-11-20 19:00:00,2026-11-20 12:00:00"
    closed = "A,fire,general,closed,hotline,堵塞,2026-11-20 08:00:00,120.635,27.78," + times
    open_one = "B,fire,general,filed,hotline,堵塞,2026-11-20 08:00:00,120.635,27.78,2026-11-20 08:10:00,,,"
    desk.imported(table(closed, open_one, header=header))
    # reported, filed, assigned, started, closed; the light turns at 80 % of the ten hours from nine
    [first, second] = desk.rows("""
        SELECT number, version, unit_code IS NOT NULL, limit_value IS NOT NULL, yellow_at,
               (SELECT count(*) FROM hazard_event e WHERE e.hazard_id = h.id),
               (SELECT array_agg(DISTINCT e.unit_code) FROM hazard_event e WHERE e.hazard_id = h.id AND e.version > 2)
                   = ARRAY[unit_code]
        FROM hazard h ORDER BY number""")
    assert first == ("A", 5, True, True, datetime(2026, 11, 20, 9, tzinfo=UTC), 5, True)
    assert second == ("B", 2, False, False, None, 2, None)
    # the same rows with another title count up, and keep what they got
    desk.imported(table(closed.replace("堵塞", "已清"), open_one, header=header), name="next.csv")
    assert desk.rows("SELECT version, title, unit_code IS NOT NULL FROM hazard ORDER BY number") == [
        (6, "已清", True),
        (2, "堵塞", False),
    ]


def test_hazards_in_no_grid_are_told(desk):
    job = desk.step(desk.send(table(hazard("A"), hazard("B", lon=120.61))), "check")
    assert job["report"]["without_grid"] == {"count": 1, "places": [[120.61, 27.78, 3]]}


def test_an_importer_brings_rows_of_the_own_area_only(desk):
    own = caller(f"{TOWN_PATH}{WEST}/", AreaLevel.VILLAGE)
    job = desk.step(desk.send(table(hazard("A", lon=120.61), hazard("B")), who=own), "check", who=own)
    [problem] = job["report"]["problems"]
    assert (problem["row"], problem["template"]) == (3, "The place at ({x}, {y}) lies in no village.")
    desk.step(job["id"], "commit", who=own, leaves_out_refused=True)
    assert desk.rows("SELECT number, scope_path FROM hazard") == [("A", f"{TOWN_PATH}{WEST}/")]
    other = caller(f"{TOWN_PATH}{EAST}/", AreaLevel.VILLAGE)
    with pytest.raises(NotFound):
        import_jobs.one(desk.engine, other.scope, job["id"])
    taken = desk.step(desk.send(table(hazard("A")), name="taken.csv", who=other), "check", who=other)
    assert [each["template"] for each in taken["report"]["problems"]] == [
        "The number belongs to a row outside your area."
    ]
    with pytest.raises(Forbidden):
        desk.send(b"{}", "streets", "streets.geojson", who=own)


def test_teams_come_with_their_station_and_belong_to_the_area_they_name(desk):
    header = "code,name_zh,kind,mode,area_code,lon,lat"
    lines = ("T1,东村队,义务队,步行,,120.635,27.78", "T2,巡警组,police,car,330381001,120.61,27.78")
    job = desk.imported(table(*lines, header=header), kind="teams", name="teams.csv")
    assert desk.rows(
        "SELECT code, kind, mode, scope_path, round(ST_X(station)::numeric, 3)::text FROM team ORDER BY 1"
    ) == [
        ("T1", "volunteer", "foot", f"{TOWN_PATH}{EAST}/", "120.635"),
        ("T2", "police", "car", TOWN_PATH, "120.610"),
    ]
    refused = desk.step(desk.send(table("T3,x,grid,foot,9999,120.61,27.78", header=header), "teams", "t.csv"), "check")
    assert [each["field"] for each in refused["report"]["problems"]] == ["area_code"]
    assert desk.step(job["id"], "undo")["state"] == "undone"
    assert desk.rows("SELECT count(*) FROM team") == [(0,)]


def squares(*codes_and_edges, **more):
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name_zh": f"村{code[-3:]}", "township_code": "330381001", **more},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[west, 27.77], [east, 27.77], [east, 27.79], [west, 27.79], [west, 27.77]]],
            },
        }
        for code, west, east in codes_and_edges
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def split(desk, **choices):
    content = squares((WEST, 120.60, 120.62), ("330381001903", 120.62, 120.63), ("330381001904", 120.63, 120.64))
    return desk.imported(content, kind="villages", name="split.geojson", is_whole=True, **choices)


def test_a_village_that_is_split_ends_and_its_parts_begin(desk):
    job = split(desk)
    today, ever = date(2026, 11, 23), date(2000, 1, 1)
    villages = "SELECT code, valid_from, valid_to FROM area WHERE level = 'village' AND code <> :west ORDER BY code"
    assert desk.rows(villages, west=WEST) == [
        (EAST, ever, today),
        ("330381001903", today, None),
        ("330381001904", today, None),
    ]
    assert desk.rows("SELECT DISTINCT valid_to FROM area WHERE level = 'grid'") == [(date(2026, 11, 23),)]
    assert desk.job(job["id"])["report"]["ended"] == 3


def test_the_check_of_a_split_tells_it_as_shares_of_ground(desk):
    content = squares((WEST, 120.60, 120.62), ("330381001903", 120.62, 120.625), ("330381001904", 120.625, 120.64))
    job = desk.step(desk.send(content, "villages", "split.geojson"), "check", is_whole=True)
    found = job["report"]["boundaries"]
    [change] = found["changes"]
    assert (change["kind"], change["code"]) == ("split", EAST)
    assert [(each["code"], each["share"]) for each in change["to"]] == [("330381001904", 0.75), ("330381001903", 0.25)]
    assert found["same"] == 1
    assert found["orphans"]["areas"] == 3


def test_nothing_is_given_to_another_village_after_the_fact_and_figures_of_a_year_ago_stay_equal(desk):
    year_ago = [hazard(f"H{n}", lon=120.621 + n * 0.001, found=f"2025-11-{n + 1:02} 08:00:00") for n in range(18)]
    desk.imported(table(*year_ago))
    window = TimeWindow(date(2025, 11, 1), date(2025, 11, 30))

    def figures(level):
        found = kpis.table(desk.engine, caller().scope, kpis.Question(window, level), now=NOW)
        return {code: dict(values) for code, values in found.figures.items()}, dict(found.total), list(found.areas)

    before = figures(AreaLevel.VILLAGE), figures(AreaLevel.TOWNSHIP)
    homes = desk.rows("SELECT number, village_id, scope_path FROM hazard ORDER BY 1")
    split(desk)
    assert (figures(AreaLevel.VILLAGE), figures(AreaLevel.TOWNSHIP)) == before
    assert desk.rows("SELECT number, village_id, scope_path FROM hazard ORDER BY 1") == homes
    assert before[0][0][EAST]["filing_rate" if "filing_rate" in before[0][0][EAST] else "open"].count == 18
    desk.imported(table(hazard("N", lon=120.635, found="2026-11-23 09:00:00")), name="today.csv")
    assert desk.rows("SELECT scope_path FROM hazard WHERE number = 'N'") == [(f"{TOWN_PATH}330381001904/",)]


def test_a_split_is_undone_to_the_last_bit_unless_something_lies_in_its_parts(desk):
    before = desk.rows(WHOLE)
    job = split(desk)
    assert desk.step(job["id"], "undo")["state"] == "undone"
    assert desk.rows(WHOLE) == before
    job = split(desk)
    inside = desk.imported(table(hazard("N", found="2026-11-23 09:00:00")), name="today.csv")
    refused = desk.step(job["id"], "undo")
    assert (refused["state"], refused["problem"]["params"]) == ("done", {"name": "hazards", "count": "1"})
    desk.step(inside["id"], "undo")
    assert desk.step(job["id"], "undo")["state"] == "undone"
    assert desk.rows(WHOLE) == before


def test_an_overlap_is_mended_only_when_a_person_accepts_it(desk):
    content = squares((WEST, 120.60, 120.62), (EAST, 120.619, 120.64))
    job = desk.step(desk.send(content, "villages", "overlap.geojson"), "check")
    [fault] = job["report"]["boundaries"]["faults"]
    assert (fault["kind"], fault["between"], fault["goes_to"]) == ("overlap", [WEST, EAST], EAST)
    # 0.001 degrees of longitude by 0.02 of latitude there: 98.6 m by 2217 m
    assert fault["area_m2"] == pytest.approx(98.6 * 2217, rel=0.01)
    desk.step(job["id"], "commit", fixes=[fault["id"]])
    widths = (
        "SELECT code, ST_XMin(geom), ST_XMax(geom) FROM area WHERE level = 'village' AND valid_to IS NULL ORDER BY 1"
    )
    assert desk.rows(widths) == [(EAST, 120.619, 120.64), (WEST, 120.60, 120.619)]


def test_a_step_belongs_to_the_version_that_was_seen_and_a_cancelled_import_keeps_nothing(desk):
    job = desk.send(table(hazard("A")))
    with pytest.raises(Conflict, match="changed meanwhile"):
        import_jobs.take_step(desk.ledger, desk.files, caller(), job, ImportStep.CHECK, ImportChoices(99))
    assert desk.step(job, "cancel")["state"] == "cancelled"
    assert not desk.files.path(job, "hazards.csv").exists()
    assert desk.rows("SELECT count(*) FROM import_run WHERE kind = 'hazards'") == [(0,)]


def test_who_lost_the_claim_commits_nothing(desk):
    job = desk.step(desk.send(table(hazard("A"))), "check")
    choices = ImportChoices(job["version"])
    import_jobs.take_step(desk.ledger, desk.files, caller(), job["id"], ImportStep.COMMIT, choices)
    claim = uuid.uuid4()
    with scoped(desk.engine, system_scope()) as connection:
        stored.claim(connection, claim_id=claim, now=NOW, until=NOW + timedelta(seconds=9))
    late = ImportWork(desk.ledger, desk.files, 4549, uuid.uuid4(), lambda phase: None)
    with pytest.raises(ClaimLost):
        late.do(desk.job(job["id"]))
    assert desk.rows("SELECT count(*) FROM hazard") == [(0,)]
    assert desk.job(job["id"])["state"] == "committing"
    ImportWork(desk.ledger, desk.files, 4549, claim, lambda phase: None).do(desk.job(job["id"]))
    assert (desk.job(job["id"])["state"], desk.rows("SELECT count(*) FROM hazard")) == ("done", [(1,)])


def test_one_import_at_a_time_and_one_whose_worker_died_is_taken_over(desk):
    first, second = (desk.send(table(hazard(name)), name=f"{name}.csv") for name in "AB")
    for each in (first, second):
        version = desk.job(each)["version"]
        import_jobs.take_step(desk.ledger, desk.files, caller(), each, ImportStep.CHECK, ImportChoices(version))

    def claim(now):
        with scoped(desk.engine, system_scope()) as connection:
            return stored.claim(connection, claim_id=uuid.uuid4(), now=now, until=now + timedelta(seconds=20))

    assert claim(NOW)["id"] == first
    assert claim(NOW) is None
    assert claim(NOW + timedelta(seconds=30))["attempts"] == 2


def test_every_step_stands_in_the_audit_with_who_asked(desk):
    job = desk.imported(table(hazard("A")))
    desk.step(job["id"], "undo", who=caller(account="chief"))
    told = desk.rows(
        "SELECT action, account FROM audit_entry WHERE subject = :s ORDER BY sequence", s=f"import:{job['id']}"
    )
    assert told == [
        *((f"import.{action}", "importer") for action in ("begin", "commit", "done")),
        *((f"import.{action}", "chief") for action in ("undo", "undone")),
    ]
    assert {state for state, _ in WORKING.values()} == {"checked", "done", "undone"}
