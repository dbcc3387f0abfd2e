"""Readers against damaged, foreign and hostile files: a sentence and a remedy, never a guess."""

from __future__ import annotations

import json
import random
import time

import pytest

from gis_app.domain.errors import InvalidInput
from gis_app.importers.frame import read
from gis_app.importers.kinds import ImportKind

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
HEADER = "编号,类别,等级,来源,标题,发现时间,经度,纬度\n"
ROW = "RA-1,fire,一般,热线,消防通道堵塞,2026-11-20 08:15,120.64,27.78\n"
GPX = '<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><name>{name}</name><trkseg>{points}</trkseg></trk></gpx>'
POINT = '<trkpt lat="27.78" lon="120.63"><time>2026-11-22T12:00:00Z</time></trkpt>'


def refusal(read_text, *args, **kwargs):
    with pytest.raises(InvalidInput) as caught:
        read_text(*args, **kwargs)
    assert caught.value.remedy
    return caught.value.message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_a_chinese_csv_reads_the_same_in_every_encoding(read_text, encoding):
    imported = read_text("a.csv", (HEADER + ROW).encode(encoding), "hazards")

    assert imported.frame["title"].tolist() == ["消防通道堵塞"]
    assert [note.text for note in imported.notes] == (
        ["The file was read as GB18030 (GBK) text."] if encoding.startswith("gb") else []
    )


@pytest.mark.parametrize(
    "encoding, text",
    [
        ("big5", "編號,類別,等級,標題,說明,經度,緯度\nRA-1,消防,一般,樓道堵塞,雜物佔道,120.6,27.7\n"),
        ("utf-16-le", HEADER + ROW),
        ("shift_jis", "火災,リスク,タイトル,説明,場所,経度,緯度\n消火器,危険,ガス,バルブ,倉庫,120.6,27.7\n"),
        ("latin-1", "nom,lon,lat\ncafé à côté,120.6,27.7\n"),
    ],
)
def test_a_csv_in_another_encoding_is_refused_instead_of_garbled(read_text, encoding, text):
    message = refusal(read_text, "a.csv", text.encode(encoding), "hazards")

    assert "encoding" in message or "GB18030" in message or "UTF-16" in message


def test_a_utf8_csv_with_one_damaged_byte_is_not_taken_for_gb18030(read_text):
    damaged = (HEADER + ROW).encode().replace("堵".encode(), b"\xe5\xa0")

    assert refusal(read_text, "a.csv", damaged, "hazards") == "The file is damaged UTF-8 text."


def test_semicolons_and_tabs_separate_too(read_text):
    for mark in ";\t":
        imported = read_text("a.csv", (HEADER + ROW).replace(",", mark), "hazards")
        assert imported.frame["external_id"].tolist() == ["RA-1"]


def test_wkt_places_rows_of_a_csv(read_text):
    imported = read_text("a.csv", 'kind,wkt\nprimary,"LINESTRING Z (120.6 27.7 5, 120.7 27.8 6)"\n', "streets")

    assert imported.frame.geometry[0].wkt == "LINESTRING (120.6 27.7, 120.7 27.8)"


@pytest.mark.parametrize(
    "name, content, kind, says",
    [
        ("a.geojson", PNG, "villages", "not GeoJSON: byte 0"),
        ("a.csv", PNG, "facilities", "UTF-8"),
        ("a.gpx", PNG, "tracks", "not GPX"),
        ("a.geojson", b"", "villages", "is empty"),
        ("a.csv", b"", "facilities", "is empty"),
        ("a.geojson", '{"type": "FeatureCollection", "features": []}', "villages", "holds no villages"),
        ("a.csv", "name,kind,lon,lat\n", "facilities", "holds no facilities"),
        ("a.gpx", '<gpx xmlns="http://www.topografix.com/GPX/1/1"/>', "tracks", "holds no tracks"),
        ("a.geojson", '{"type": "Feature"}', "villages", "not a GeoJSON FeatureCollection"),
        ("a.geojson", "[1, 2]", "villages", "'{' was expected"),
        ("a.geojson", '{"type": "FeatureCollection", "features": [', "villages", "not GeoJSON"),
        ("a.geojson", '{"type": "FeatureCollection", "features": []} x', "villages", "Text follows the end"),
        ("a.csv", "name,kind\nx,y\n", "facilities", "no columns that say where"),
        ("a.csv", "name,name,lon,lat\nx,y,1,2\n", "facilities", "these names twice: name"),
        ("a.csv", 'name,lon,lat\n"x,1,2\n', "facilities", "cannot be read at line"),
        ("a.gpx", "<kml/>", "tracks", "begins with <kml>"),
        ("a.gpx", GPX.format(name="x", points=POINT), "streets", "GPX holds points and tracks"),
        ("a.dwg", "x", "villages", "not one that can be imported"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(read_text, name, content, kind, says):
    assert says in refusal(read_text, name, content, kind)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path, city):
    with pytest.raises(InvalidInput, match=r"There is no file .*gone\.csv"):
        read(tmp_path / "gone.csv", ImportKind.FACILITIES, datum="wgs84", city=city)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InvalidInput, match="not a plain file"):
        read(tmp_path / "folder.csv", ImportKind.FACILITIES, datum="wgs84", city=city)


def test_the_declared_format_wins_over_the_suffix(tmp_path, city):
    path = tmp_path / "track.xml"
    path.write_text(GPX.format(name="D-1", points=POINT))

    assert read(path, ImportKind.TRACKS, datum=None, file_format="gpx", city=city).file_format == "gpx"


def test_deep_json_is_refused(read_text):
    deep = '{"type": "FeatureCollection", "features": [' + "[" * 100_000 + "]" * 100_000 + "]}"

    assert "nested too deep" in refusal(read_text, "a.geojson", deep, "villages")


def test_deep_xml_is_refused(read_text):
    assert "nested too deep" in refusal(read_text, "a.gpx", "<gpx>" + "<a>" * 100_000, "tracks")


def test_a_json_that_blows_up_in_memory_is_refused(read_text):
    bomb = '{"type": "FeatureCollection", "features": [' + "[" + "[]," * 14_000_000 + "[]]]}"

    assert "more than 512 MiB of memory" in refusal(read_text, "a.geojson", bomb, "villages")


def test_billion_laughs_are_refused(read_text):
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    laughs = (
        f'<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY l0 "lol">{entities}]>{GPX.format(name="&l9;", points=POINT)}'
    )

    assert "declares a DOCTYPE" in refusal(read_text, "a.gpx", laughs, "tracks")


def test_an_external_entity_is_refused(read_text, tmp_path):
    xxe = f'<!DOCTYPE gpx SYSTEM "file://{tmp_path}/secret">' + GPX.format(name="x", points=POINT)

    assert "declares a DOCTYPE" in refusal(read_text, "a.gpx", xxe, "tracks")


def test_a_gpx_that_is_a_vrt_is_refused(read_text):
    vrt = (
        '<OGRVRTDataset><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataset>'
    )

    assert "begins with <OGRVRTDataset>" in refusal(read_text, "a.gpx", vrt, "tracks")


def test_a_gpx_time_without_a_zone_is_utc(read_text):
    frame = read_text("a.gpx", GPX.format(name="D-1", points=POINT.replace("00Z", "00")), "tracks").frame

    assert frame["recorded_at"][0].isoformat() == "2026-11-22T12:00:00+00:00"


def test_a_text_with_the_markup_of_xml_stays_text(read_text):
    name = "&lt;script&gt;"

    assert read_text("a.gpx", GPX.format(name=name, points=POINT), "tracks").frame["device"][0] == "<script>"


@pytest.mark.parametrize("vertices", [1_000, 19_999])
def test_a_self_crossing_polygon_is_refused_fast_with_its_place(problems_of, collection, a_village, vertices):
    chance = random.Random(7)
    ring = [[120.6 + chance.random() / 10, 27.7 + chance.random() / 10] for _ in range(vertices)]
    content = collection((a_village, "Polygon", [[*ring, ring[0]]]))
    start = time.monotonic()

    ((row, field, problem, remedy),) = problems_of("a.geojson", content, "villages")

    assert time.monotonic() - start < 10
    assert (row, field) == (1, "geometry")
    assert problem.startswith("The geometry is not valid: Self-intersection at 120.6")
    assert "Fix geometries" in remedy


def test_a_bow_tie_names_the_place_where_it_crosses(problems_of, collection, a_village):
    bow_tie = [[[120.6, 27.7], [120.7, 27.8], [120.7, 27.7], [120.6, 27.8], [120.6, 27.7]]]

    ((_, _, problem, _),) = problems_of("a.geojson", collection((a_village, "Polygon", bow_tie)), "villages")

    assert problem == "The geometry is not valid: Self-intersection at 120.65 27.75."


@pytest.mark.parametrize(
    "kind, coordinates, says",
    [
        ("Polygon", [[[120.6, 27.7]] * 20_001], "20001 vertices; at most 20000"),
        ("Polygon", [[[120.6, 27.7], [120.7, 27.7], [120.7, 27.8]]], "not closed"),
        ("Polygon", [[[120.6, 27.7], [120.7, float("nan")], [120.7, 27.8], [120.6, 27.7]]], "not a finite number"),
        ("Polygon", [[[120.6, 27.7], [120.7, float("inf")], [120.7, 27.8], [120.6, 27.7]]], "not a finite number"),
        ("Polygon", [[[120.6, 27.7], [120.7, 10**400], [120.7, 27.8], [120.6, 27.7]]], "not a finite number"),
        ("Polygon", [[[120.6, 27.7], ["120.7", "27.7"], [120.7, 27.8], [120.6, 27.7]]], "not a number"),
        ("Polygon", [[[120.6, 27.7, 0, 0]] * 4], "not two numbers"),
        ("Polygon", "x", "not a list of rings"),
        ("Polygon", [], "not a list of rings"),
        ("MultiPolygon", [], "is empty"),
        ("Point", [120.6, 27.7], "is Point, not a polygon"),
        ("GeometryCollection", None, "type GeometryCollection is not read"),
        ("LineString", [[120.6, 27.7], [120.6, 27.7]], "fewer than two different positions"),
    ],
)
def test_an_unusable_geometry_is_refused_with_its_reason(problems_of, collection, a_village, kind, coordinates, says):
    ((row, field, problem, remedy),) = problems_of("a.geojson", collection((a_village, kind, coordinates)), "villages")

    assert (row, field) == (1, "geometry")
    assert says in problem
    assert remedy


def test_a_feature_without_geometry_or_form_is_a_row_problem(problems_of):
    content = json.dumps({"type": "FeatureCollection", "features": [{"geometry": None}, 5, {"properties": 3}]})

    found = problems_of("a.geojson", content, "facilities")

    assert [row for row, field, *_ in found if field == "geometry"] == [1, 2, 3]
