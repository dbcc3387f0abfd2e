"""Tiles hold what their layer asks for, inside the caller's scope, and nothing else."""

import math
from datetime import UTC, date, datetime, timedelta

import mapbox_vector_tile
import pytest
from sqlalchemy import text

from gis_app.domain.rights import Scope
from gis_app.storage.counted_tiles import counted_tile
from gis_app.storage.engine import scoped, system_scope
from gis_app.storage.hazard_tiles import hazard_tile
from gis_app.storage.point_tiles import MOST_FEATURES, point_tile
from gis_app.storage.single_trip import answer
from gis_app.storage.tiles import TileAddress, TileFilter, TileSource, merged_tile, tile

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HAZARDS = TileSource("hazards", "hazard_map", ("title", "state"), time_column="discovered_at", state_column="state")
STREETS = TileSource("streets", "street_map", ("kind",), zoom_column="min_zoom")
ADD_HAZARDS = text("""
INSERT INTO hazard (number, category_code, severity, stage, discovered_by, title, discovered_at, village_id, scope_path,
                    geom)
SELECT :name || n, 'fire', 'low', 'handling', 'patrol', '占用消防通道，楼道堆放杂物 ' || n, :moment, id, scope_path,
       ST_SetSRID(ST_MakePoint(:lon, 27.8), 4326)
FROM area, generate_series(1, :count) n WHERE code = :code""")
ADD_STREET = text("""
INSERT INTO street_segment (kind, length_m, geom)
SELECT :kind, 1, ST_SetSRID(ST_MakeLine(ST_MakePoint(120.6, 27.8), ST_MakePoint(120.61, 27.81)), 4326)""")
ADD_PATROLS = text("""
WITH t AS (INSERT INTO team (code, name_zh, kind, mode, area_id, station, scope_path)
           SELECT 't', '一队', 'volunteer', 'foot', id, label_point, scope_path FROM area WHERE code = '330381001'
           RETURNING id, scope_path)
INSERT INTO patrol (team_id, night, started_at, ended_at, mode, length_m, fix_count, geom, scope_path)
SELECT id, night, now(), now(), 'foot', 1, 2, ST_GeomFromText('MULTILINESTRING((120.6 27.8, 120.61 27.8))', 4326),
       scope_path FROM t, unnest(CAST(:nights AS date[])) night""")


def at(zoom, lon=120.6, lat=27.8):
    row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return TileAddress(zoom, int((lon + 180) / 360 * 2**zoom), int(row * 2**zoom))


def features(made):
    return [each["properties"] for layer in mapbox_vector_tile.decode(made).values() for each in layer["features"]]


def add_hazards(connection, name, *, count=1, moment=NOW, lon=120.6, code="330381001"):
    connection.execute(ADD_HAZARDS, {"name": name, "count": count, "moment": moment, "lon": lon, "code": code})


def test_the_box_of_a_tile_is_that_of_postgis(square):
    query = text(
        "SELECT ST_XMin(b), ST_YMin(b), ST_XMax(b), ST_YMax(b) FROM ST_Transform(ST_TileEnvelope(:z, :x, :y), 4326) b"
    )
    address = at(13)
    with scoped(square, system_scope()) as connection:
        expected = connection.execute(query, {"z": 13, "x": address.x, "y": address.y}).one()
    box = address.box()
    assert (box["west"], box["south"], box["east"], box["north"]) == pytest.approx(tuple(expected), abs=1e-9)


def test_a_tile_carries_id_and_the_asked_columns_alone(square):
    with scoped(square, system_scope()) as connection:
        add_hazards(connection, "a")
        (found,) = features(tile(connection, HAZARDS, at(14), TileFilter()))
        identity = connection.execute(text("SELECT id FROM hazard")).scalar_one()
    assert found == {"id": str(identity), "title": "占用消防通道，楼道堆放杂物 1", "state": "open"}


def test_the_time_window_holds_its_start_and_not_its_end(square):
    window = TileFilter(start=NOW, end=NOW + timedelta(days=1))
    with scoped(square, system_scope()) as connection:
        for name, moment in (("a", NOW - timedelta(microseconds=1)), ("b", NOW), ("c", NOW + timedelta(days=1))):
            add_hazards(connection, name, moment=moment)
        found = features(tile(connection, HAZARDS, at(14), window))
        expected = connection.execute(text("SELECT id FROM hazard WHERE number = 'b1'")).scalar_one()
    assert [each["id"] for each in found] == [str(expected)]


def test_a_township_gets_no_hazard_of_another_also_when_counted(square):
    with scoped(square, system_scope()) as connection:
        add_hazards(connection, "own", count=3)
        add_hazards(connection, "foreign", count=5, code="330381002")
    with scoped(square, Scope(account="test", area_path="/330381/330381001/")) as connection:
        assert len(features(tile(connection, HAZARDS, at(14), TileFilter()))) == 3
        (cell,) = features(counted_tile(connection, HAZARDS, at(14), TileFilter()))
    assert (cell["count"], cell["open_count"]) == (3, 3)
    with scoped(square, Scope(account="nobody", area_path="")) as connection:
        assert tile(connection, HAZARDS, at(14), TileFilter()) == b""
        assert counted_tile(connection, HAZARDS, at(14), TileFilter()) == b""


def test_a_street_is_drawn_from_its_least_zoom_on(square):
    with scoped(square, system_scope()) as connection:
        connection.execute(ADD_STREET, [{"kind": "trunk"}, {"kind": "residential"}])
        kinds = {
            zoom: {each["kind"] for each in features(tile(connection, STREETS, at(zoom), TileFilter()))}
            for zoom in (9, 13, 14)
        }
    assert kinds == {9: {"trunk"}, 13: {"trunk"}, 14: {"trunk", "residential"}}


def test_tracks_are_those_of_the_chosen_night(square):
    nights = [date(2026, 5, 30), date(2026, 5, 31)]
    source = TileSource("patrol_tracks", "patrol_map", ("night",), night_column="night")
    with scoped(square, system_scope()) as connection:
        connection.execute(ADD_PATROLS, {"nights": nights})
        found = features(tile(connection, source, at(12), TileFilter(night=nights[1])))
    assert [each["night"] for each in found] == ["2026-05-31"]


def test_what_is_not_drawn_is_not_sent(square):
    source = TileSource("streets", "street_map", ("kind",), drawn_column="kind", drawn_values=("trunk",))
    by_length = TileSource("streets", "street_map", ("kind",), drawn_column="length_m", drawn_from=1.5)
    with scoped(square, system_scope()) as connection:
        connection.execute(ADD_STREET, [{"kind": "trunk"}, {"kind": "residential"}])
        assert [each["kind"] for each in features(tile(connection, source, at(14), TileFilter()))] == ["trunk"]
        assert features(tile(connection, by_length, at(14), TileFilter())) == []


def test_a_name_missing_in_one_language_is_shown_in_the_other(square):
    source = TileSource("townships", "township_map", ("name_zh", "name_en"))
    with scoped(square, system_scope()) as connection:
        found = features(tile(connection, source, at(8), TileFilter()))
    assert {(each["name_zh"], each["name_en"]) for each in found} == {("塘下镇", "Tangxia"), ("安阳街道", "安阳街道")}


EVER = TileFilter(start=NOW - timedelta(days=900), end=NOW + timedelta(days=900))
CITY = Scope(account="test", area_path="/330381/")


def test_too_many_points_say_so_and_just_enough_come(square):
    with scoped(square, system_scope()) as connection:
        add_hazards(connection, "a", count=3)
    assert len(features(answer(square, CITY, point_tile(HAZARDS, at(14), TileFilter(), most=3)))) == 3
    assert answer(square, CITY, point_tile(HAZARDS, at(14), TileFilter(), most=2)) is None
    assert len(features(answer(square, CITY, hazard_tile(HAZARDS, at(14), EVER, most=3)))) == 3
    (cell,) = features(answer(square, CITY, hazard_tile(HAZARDS, at(14), EVER, most=2)))
    assert cell["count"] == 3


def test_the_most_points_a_tile_may_hold_stay_under_500_kb(square):
    with scoped(square, system_scope()) as connection:
        add_hazards(connection, "a", count=MOST_FEATURES)
    source = TileSource("hazards", "hazard_map", ("title", "state", "severity"))
    assert 50_000 < len(answer(square, CITY, point_tile(source, at(14), TileFilter()))) < 500_000


@pytest.mark.parametrize("zoom", [13, 14, 16, 19, 20])
def test_points_placed_by_arithmetic_lie_where_postgis_puts_them(square, zoom):
    with scoped(square, system_scope()) as connection:
        for n in range(40):
            add_hazards(connection, f"{n}-", lon=120.6 + n * 0.00037)
        plain = tile(connection, HAZARDS, at(zoom, 120.6004), TileFilter())
    for question in (point_tile, hazard_tile):
        made = answer(square, CITY, question(HAZARDS, at(zoom, 120.6004), EVER))
        assert placed(made) == placed(plain) != {}


def placed(made):
    """The places of a tile's features by their ids; on the outer edge of its margin one more may stand."""
    (layer,) = mapbox_vector_tile.decode(made).values()
    places = {each["properties"]["id"]: each["geometry"]["coordinates"] for each in layer["features"]}
    return {identity: (x, y) for identity, (x, y) in places.items() if -126 <= x <= 4222 and -126 <= y <= 4222}


@pytest.mark.parametrize("path", ["/330381/", "/330381/330381001/", "/330381/330381002/", "/330382/", ""])
def test_hazards_counted_by_their_columns_are_those_counted_from_the_rows(square, path):
    scope, found = Scope(account="test", area_path=path), {}
    window = TileFilter(start=NOW, end=NOW + timedelta(days=1))
    with scoped(square, system_scope()) as connection:
        for n in range(60):
            code = "330381001" if n % 3 else "330381002"
            moment = NOW + timedelta(hours=n - 10)
            add_hazards(connection, f"{n}-", count=1 + n % 4, lon=120.6 + n * 0.0011, moment=moment, code=code)
        connection.execute(text("UPDATE hazard SET stage = 'closed' WHERE number LIKE '%2'"))
    for zoom in (13, 14, 17):
        for lon in (120.6, 120.62, 120.65):
            with scoped(square, scope) as connection:
                expected = counted_tile(connection, HAZARDS, at(zoom, lon), window)
            made = answer(square, scope, hazard_tile(HAZARDS, at(zoom, lon), window, most=-1))
            assert counts(made) == counts(expected)
            found |= counts(made)
    assert (found == {}) == (path in ("/330382/", ""))


def counts(made):
    return {each["id"]: (each["count"], each["open_count"]) for each in features(made)}


def test_a_tile_of_a_connection_that_was_cut_off_is_made_on_a_new_one(square):
    with scoped(square, system_scope()) as connection:
        add_hazards(connection, "a", count=2)
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND pid <> :own"
        own = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        asked = point_tile(HAZARDS, at(14), TileFilter())
        assert len(features(answer(square, CITY, asked))) == 0
        ended = connection.execute(text(others), {"own": own}).scalars().all()
    assert True in ended
    assert len(features(answer(square, CITY, asked))) == 2


def test_counting_hazards_reads_their_index_alone(square):
    with scoped(square, system_scope()) as connection:
        add_hazards(connection, "a", count=3000)
        asked = hazard_tile(HAZARDS, at(14), EVER, most=-1)
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(connection.execute(text(f"EXPLAIN {asked.sql}"), asked.values).scalars())
    assert "Index Only Scan using ix_hazard_world" in plan


def test_merged_streets_keep_their_kinds_and_say_how_many_they_are(square):
    with scoped(square, system_scope()) as connection:
        connection.execute(ADD_STREET, [{"kind": "trunk"}, {"kind": "trunk"}, {"kind": "residential"}])
        by_kind = features(merged_tile(connection, STREETS, at(14), TileFilter(), column="kind"))
        by_step = features(
            merged_tile(connection, STREETS, at(14), TileFilter(), column="length_m", breaks=[0.0, 0.5, 2.0])
        )
        all_in_one = features(merged_tile(connection, STREETS, at(14), TileFilter(), column=None))
    assert {(each["kind"], each["merged"]) for each in by_kind} == {("trunk", 2), ("residential", 1)}
    assert [(each["length_m"], each["merged"]) for each in by_step] == [(0.5, 3)]
    assert [each["merged"] for each in all_in_one] == [3]


def test_a_spatial_question_uses_the_index_under_row_level_security(square):
    with scoped(square, system_scope()) as connection:
        add_hazards(connection, "a", count=3000)
        add_hazards(connection, "b", count=3000, lon=120.69)
        connection.execute(text("ANALYZE hazard"))
    query = "EXPLAIN SELECT id FROM hazard_map s WHERE s.geom && ST_MakeEnvelope(120.1, 27.1, 120.2, 27.2, 4326)"
    with scoped(square, Scope(account="test", area_path="/330381/")) as connection:
        plan = "\n".join(connection.execute(text(query)).scalars())
    assert "idx_hazard_geom" in plan
