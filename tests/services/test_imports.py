"""Files loaded into a real PostGIS: whole or not at all, into the right area, twice without harm."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from gis_app.domain.errors import Conflict, InvalidInput
from gis_app.importers.kinds import ImportKind
from gis_app.importers.problems import ImportRefused
from gis_app.services.imports import FileToImport, import_into
from gis_app.storage.engine import scoped, system_scope

SAMPLES = Path(__file__).resolve().parents[1] / "importers" / "samples"
NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
HEADER = "external_id,category_code,severity,stage,discovered_by,title,discovered_at,lon,lat\n"
# Villages of the sample: west is 120.60 to 120.62, east is 120.62 to 120.64, both 27.77 to 27.79.
EAST, WEST = "330381001901", "330381001902"


@pytest.fixture
def load(migrated_database):
    def load_file(path, kind, datum="wgs84", now=NOW):
        wanted = FileToImport(Path(path), ImportKind(kind), datum=datum)
        return import_into(migrated_database.app, wanted, now=now, srid=4549)

    return load_file


@pytest.fixture
def rows(migrated_database):
    def query(statement, **values):
        with scoped(migrated_database.app, system_scope()) as connection:
            return [tuple(row) for row in connection.execute(text(statement), values)]

    return query


@pytest.fixture
def city(load):
    load(SAMPLES / "villages.geojson", "villages")
    load(SAMPLES / "grids.geojson", "grids")


@pytest.fixture
def hazards(tmp_path):
    def write(*lines, name="hazards.csv"):
        path = tmp_path / name
        path.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def hazard(number, lon=120.635, lat=27.78, *, found="2026-11-20 08:00:00", title="堵塞"):
    return f"{number},fire,general,filed,hotline,{title},{found},{lon},{lat}"


def problems_of(refused):
    return [(problem.row, problem.field, problem.problem) for problem in refused.value.problems]


def test_the_first_villages_begin_a_city_with_township_and_profile(load, rows):
    outcome = load(SAMPLES / "villages.geojson", "villages")
    assert (outcome.count.added, outcome.count.changed) == (2, 0)
    assert rows("SELECT level, code, name_zh, scope_path, is_synthetic FROM area ORDER BY code") == [
        ("city", "330381", "瑞安市", "/330381/", False),
        ("township", "330381001", "安阳街道", "/330381/330381001/", False),
        ("village", EAST, "示例东村", f"/330381/330381001/{EAST}/", False),
        ("village", WEST, "示例西村", f"/330381/330381001/{WEST}/", False),
    ]
    assert rows("SELECT name_zh, is_synthetic, west, south, east, north FROM city_profile") == [
        ("瑞安市", False, 120.6, 27.77, 120.64, 27.79)
    ]


def test_the_boundary_of_a_new_township_is_the_union_of_its_villages(load, rows):
    load(SAMPLES / "villages.geojson", "villages")
    [(is_union, share)] = rows(
        """SELECT ST_Equals(t.geom, (SELECT ST_Union(geom) FROM area WHERE level = 'village')),
                  t.area_m2 / (SELECT sum(area_m2) FROM area WHERE level = 'village')
           FROM area t WHERE level = 'township'"""
    )
    assert is_union
    assert share == pytest.approx(1, rel=1e-6)


def test_villages_of_two_cities_begin_none(load, rows, tmp_path):
    content = json.loads((SAMPLES / "villages.geojson").read_text())
    content["features"][1]["properties"]["township_code"] = "330302001"
    path = tmp_path / "two.geojson"
    path.write_text(json.dumps(content))
    with pytest.raises(ImportRefused) as refused:
        load(path, "villages")
    assert problems_of(refused) == [
        (2, "township_code", "The township 330302001 is not one of the city 330381, with which the file begins.")
    ]
    assert rows("SELECT * FROM area") == rows("SELECT * FROM import_run") == rows("SELECT * FROM city_profile") == []


@pytest.mark.parametrize("kind", ["hazards", "facilities", "streets"])
def test_without_a_city_the_remedy_names_the_command_that_begins_one(load, kind):
    with pytest.raises(InvalidInput) as refused:
        load(SAMPLES / f"{kind}.{'geojson' if kind == 'streets' else 'csv'}", kind)
    assert refused.value.message == "There is no city in the database yet."
    assert "jingwei import villages FILE" in refused.value.remedy


def test_a_half_built_demo_city_takes_no_files(load, migrated_database):
    with migrated_database.superuser.begin() as connection:
        connection.execute(
            text(
                """INSERT INTO basemap_feature (kind, geom, is_synthetic)
                   VALUES ('sea', ST_MakeEnvelope(120, 27, 121, 28, 4326), true)"""
            )
        )
    with pytest.raises(Conflict, match="half built"):
        load(SAMPLES / "villages.geojson", "villages")


def test_grids_need_their_village(load, rows, tmp_path, city):
    content = json.loads((SAMPLES / "grids.geojson").read_text())
    content["features"][0]["properties"].update(code="330381001999", village_code="330381001998")
    path = tmp_path / "grids.geojson"
    path.write_text(json.dumps(content))
    with pytest.raises(ImportRefused) as refused:
        load(path, "grids")
    assert problems_of(refused) == [(1, "village_code", "There is no village 330381001998.")]
    assert rows("SELECT count(*) FROM area WHERE level = 'grid'") == [(2,)]


def test_a_grid_outside_its_village_is_refused(load, tmp_path, city):
    content = json.loads((SAMPLES / "grids.geojson").read_text())
    content["features"][0]["properties"].update(code="G9", village_code=WEST)
    path = tmp_path / "grids.geojson"
    path.write_text(json.dumps(content))
    with pytest.raises(ImportRefused) as refused:
        load(path, "grids")
    assert problems_of(refused) == [(1, "geometry", f"Only 0 % of the grid lie in its village {WEST}.")]


def test_a_hazard_gets_village_grid_and_scope_of_its_place(load, rows, hazards, city):
    load(hazards(hazard("A"), hazard("B", lon=120.61)), "hazards")
    assert rows(
        """SELECT h.number, v.code, g.code, h.scope_path, h.is_synthetic FROM hazard h
           JOIN area v ON v.id = village_id LEFT JOIN area g ON g.id = grid_id ORDER BY 1"""
    ) == [
        ("A", EAST, "33038100190102", f"/330381/330381001/{EAST}/", False),
        ("B", WEST, None, f"/330381/330381001/{WEST}/", False),
    ]


def test_a_hazard_on_a_shared_border_gets_one_village(load, rows, hazards, city):
    load(hazards(hazard("A", lon=120.62)), "hazards")
    [(village, scope, grid_is_inside)] = rows(
        """SELECT v.code, h.scope_path, starts_with(g.scope_path, h.scope_path) FROM hazard h
           JOIN area v ON v.id = village_id JOIN area g ON g.id = grid_id"""
    )
    assert scope == f"/330381/330381001/{village}/"
    assert grid_is_inside


def test_one_bad_hazard_keeps_all_others_out(load, rows, hazards, city):
    with pytest.raises(ImportRefused) as refused:
        load(hazards(hazard("A"), hazard("B", lon=120.5), hazard("C")), "hazards")
    assert [problem.row for problem in refused.value.problems] == [3]
    assert rows("SELECT count(*) FROM hazard") == [(0,)]
    assert rows("SELECT count(*) FROM import_run WHERE kind = 'hazards'") == [(0,)]
    assert rows("SELECT count(*) FROM hazard_month_cell") == [(0,)]


def test_a_place_between_the_villages_of_the_city_lies_in_none(load, hazards, tmp_path):
    content = json.loads((SAMPLES / "villages.geojson").read_text())
    # The western village moves away, which leaves a gap from 120.60 to 120.62 inside the city's bounds.
    content["features"][1]["geometry"]["coordinates"] = [
        [[120.58, 27.77], [120.6, 27.77], [120.6, 27.79], [120.58, 27.79], [120.58, 27.77]]
    ]
    path = tmp_path / "gap.geojson"
    path.write_text(json.dumps(content))
    load(path, "villages")
    with pytest.raises(ImportRefused) as refused:
        load(hazards(hazard("A"), hazard("B", lon=120.61)), "hazards")
    assert problems_of(refused) == [(3, "geometry", "The place at (120.61, 27.78) lies in no village.")]


def test_the_same_file_again_changes_nothing_and_says_so(load, rows, hazards, city):
    path = hazards(hazard("A"))
    load(path, "hazards")
    before = rows("SELECT xmin::text, * FROM hazard")
    again = load(path, "hazards")
    assert again.was_known
    assert again.template.format(**again.params) == "hazards.csv was imported before; nothing was changed."
    assert rows("SELECT xmin::text, * FROM hazard") == before
    assert rows("SELECT count(*) FROM import_run WHERE kind = 'hazards'") == [(1,)]


def test_the_same_file_in_another_datum_is_another_import(load, hazards, city):
    path = hazards(hazard("A"))
    load(path, "hazards", datum="wgs84")
    assert not load(path, "hazards", datum="gcj02").was_known


def test_a_hazard_that_comes_again_changed_is_changed_not_added(load, rows, hazards, city):
    load(hazards(hazard("A"), hazard("B")), "hazards")
    outcome = load(hazards(hazard("A", title="已改"), hazard("B"), hazard("C"), name="next.csv"), "hazards")
    assert (outcome.count.added, outcome.count.changed, outcome.count.unchanged) == (1, 1, 1)
    assert rows("SELECT external_id, title, version FROM hazard ORDER BY 1") == [
        ("A", "已改", 2),
        ("B", "堵塞", 1),
        ("C", "堵塞", 1),
    ]


def test_counts_for_low_zooms_follow_a_hazard_to_its_new_month(load, rows, hazards, city):
    counted = "SELECT month, sum(hazard_count)::int FROM hazard_month_cell WHERE zoom = 10 GROUP BY 1 ORDER BY 1"
    load(hazards(hazard("A"), hazard("B", found="2026-10-03 09:00:00")), "hazards")
    assert rows(counted) == [(date(2026, 10, 1), 1), (date(2026, 11, 1), 1)]
    load(hazards(hazard("B", found="2026-09-30 23:30:00"), name="next.csv"), "hazards")
    assert rows(counted) == [(date(2026, 9, 1), 1), (date(2026, 11, 1), 1)]


def test_an_import_is_written_down_and_its_rows_bear_its_id(load, rows, hazards, city):
    load(hazards(hazard("A"), hazard("B")), "hazards", datum="gcj02")
    assert rows(
        """SELECT i.kind, i.file_name, length(i.file_sha256), i.datum, i.row_count, i.account, count(h.*)
           FROM import_run i JOIN hazard h ON h.import_id = i.id GROUP BY i.id"""
    ) == [("hazards", "hazards.csv", 64, "gcj02", 2, "command line", 2)]


def test_gcj02_hazards_are_stored_where_they_are_and_keep_what_was_sent(load, rows, hazards, city):
    load(hazards(hazard("A", lon=120.63, lat=27.78)), "hazards", datum="gcj02")
    [(moved_m, x, y, datum)] = rows(
        """SELECT ST_Distance(geom::geography, ST_SetSRID(ST_MakePoint(120.63, 27.78), 4326)::geography),
                  source_x, source_y, source_datum FROM hazard"""
    )
    assert 400 < moved_m < 700
    assert (x, y, datum) == (120.63, 27.78, "gcj02")


def test_hostile_text_is_kept_as_text(load, rows, hazards, city):
    load(hazards(hazard("A", title="<img onerror=alert(1)> ${1+1}'; DROP TABLE hazard;--")), "hazards")
    assert rows("SELECT title FROM hazard") == [("<img onerror=alert(1)> ${1+1}'; DROP TABLE hazard;--",)]


def test_facilities_and_streets_are_loaded_with_area_and_length(load, rows, city):
    load(SAMPLES / "facilities.csv", "facilities")
    load(SAMPLES / "streets.geojson", "streets")
    assert rows("SELECT f.external_id, a.code FROM facility f JOIN area a ON a.id = area_id ORDER BY 1") == [
        ("F-1", EAST),
        ("F-2", EAST),
    ]
    lengths = rows("SELECT length_m, ST_Length(geom::geography) FROM street_segment")
    assert len(lengths) > 0
    for metric, geodesic in lengths:
        assert metric == pytest.approx(geodesic, rel=1e-3)


def test_a_village_whose_boundary_changes_gets_a_new_version_and_keeps_its_children(load, rows, tmp_path, city):
    content = json.loads((SAMPLES / "villages.geojson").read_text())
    content["features"] = content["features"][:1]
    content["features"][0]["geometry"]["coordinates"][0][1] = [120.639, 27.77]
    path = tmp_path / "changed.geojson"
    path.write_text(json.dumps(content))
    outcome = load(path, "villages")
    assert (outcome.count.added, outcome.count.changed) == (0, 1)
    assert rows("SELECT valid_from, valid_to FROM area WHERE code = :code ORDER BY valid_from", code=EAST) == [
        (date(2000, 1, 1), date(2026, 11, 23)),
        (date(2026, 11, 23), None),
    ]
    assert rows("SELECT DISTINCT p.valid_to FROM area g JOIN area p ON p.id = g.parent_id WHERE g.level = 'grid'") == [
        (None,)
    ]


@pytest.fixture
def team(migrated_database, city):
    with scoped(migrated_database.app, system_scope()) as connection:
        connection.execute(
            text(
                """INSERT INTO team (code, name_zh, kind, mode, area_id, station, scope_path)
                   SELECT 'T-0001', '示例队', 'volunteer', 'foot', id, label_point, scope_path
                   FROM area WHERE code = :code"""
            ),
            {"code": EAST},
        )


def write_track(path, start, count, *, team="T-0001"):
    fixes = [
        f"D-1,{team},2026-11-22 20:{minute:02d}:00,{120.63 + minute * 0.0003:.5f},27.78"
        for minute in range(start, start + count)
    ]
    path.write_text("device,team_code,time,lon,lat\n" + "\n".join(fixes) + "\n")
    return path


def test_fixes_of_one_device_and_night_make_one_patrol(load, rows, team, tmp_path):
    load(write_track(tmp_path / "a.csv", 0, 10), "tracks")
    load(write_track(tmp_path / "b.csv", 5, 10), "tracks")
    [(night, started, ended, fixes, length)] = rows(
        "SELECT night, started_at, ended_at, fix_count, length_m FROM patrol"
    )
    assert (night, fixes) == (date(2026, 11, 22), 15)
    assert (started, ended) == (datetime(2026, 11, 22, 12, 0, tzinfo=UTC), datetime(2026, 11, 22, 12, 14, tzinfo=UTC))
    assert length == pytest.approx(14 * 0.0003 * 98_500, rel=0.02)
    assert rows("SELECT count(*), count(DISTINCT patrol_id) FROM track_point") == [(15, 1)]


def test_fixes_of_an_unknown_team_are_refused_by_row(load, rows, team, tmp_path):
    with pytest.raises(ImportRefused) as refused:
        load(write_track(tmp_path / "a.csv", 0, 2, team="T-9"), "tracks")
    assert problems_of(refused) == [
        (2, "team_code", "There is no team T-9."),
        (3, "team_code", "There is no team T-9."),
    ]
    assert rows("SELECT count(*) FROM track_point") == [(0,)]
