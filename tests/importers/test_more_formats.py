"""Every format read through the sandbox: rows, datum and encoding as they are in the file."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import shapely

from gis_app.importers.frame import check, read
from gis_app.importers.kinds import ImportKind
from gis_app.importers.mapping import ColumnMapping
from tests.importers import made_files as made


@pytest.fixture
def facilities(tmp_path, city):
    """Write a file, read it as facilities."""

    def read_it(name, content, *, datum=None, mapping=None):
        path = tmp_path / name
        path.write_bytes(content)
        return check(path, ImportKind.FACILITIES, datum=datum, city=city, mapping=mapping)

    return read_it


def is_the_two_places(checked, datum):
    frame = checked.good.frame.sort_values("external_id")
    assert checked.problems == ()
    assert frame["name_zh"].tolist() == made.NAMES
    assert frame["kind"].tolist() == made.KIND
    assert frame["external_id"].tolist() == ["F-1", "F-2"]
    assert [(round(p.x, 7), round(p.y, 7)) for p in frame.geometry] == made.PLACES
    assert checked.good.datum == datum
    return True


@pytest.mark.parametrize(
    "crs, datum",
    [
        ("EPSG:4326", "wgs84"),
        ("EPSG:4490", "cgcs2000"),
        ("EPSG:4549", "EPSG:4549"),  # CGCS2000, 3-degree, by central meridian
        ("EPSG:4528", "EPSG:4528"),  # CGCS2000, 3-degree, zone 40 before the easting
        ("EPSG:32651", "EPSG:32651"),
    ],
)
def test_a_zipped_shapefile_says_its_datum_and_its_gbk_text_is_found_without_cpg(facilities, tmp_path, crs, datum):
    checked = facilities("a.zip", made.shapefile(tmp_path, made.FACILITIES, made.points(crs), crs))

    assert is_the_two_places(checked, datum)
    assert "The file was read as GB18030 (GBK) text." in [note.text for note in checked.good.notes]


@pytest.mark.parametrize(
    "encoding, cpg", [("UTF-8", None), ("UTF-8", b"UTF-8"), ("GBK", b"GBK"), ("GBK", b"936"), ("GBK", b"UTF-8")]
)
def test_the_text_of_a_shapefile_is_read_as_it_is_whatever_its_cpg_says(facilities, tmp_path, encoding, cpg):
    extra = {} if cpg is None else {"数据/设施.cpg": cpg}
    content = made.shapefile(tmp_path, made.FACILITIES, made.points(), encoding=encoding, extra=extra)

    checked = facilities("a.zip", content)

    assert is_the_two_places(checked, "wgs84")
    is_told = any("it was read as that" in note.text for note in checked.good.notes)
    assert is_told == (encoding == "GBK" and cpg == b"UTF-8")


def test_a_shapefile_without_prj_asks_for_its_datum(facilities, tmp_path):
    content = made.shapefile(tmp_path, made.FACILITIES, made.points("EPSG:4549"), "EPSG:4549", without=(".cpg", ".prj"))

    assert is_the_two_places(facilities("a.zip", content, datum="EPSG:4549"), "EPSG:4549")
    with pytest.raises(Exception, match="is not declared, and the file does not say it"):
        facilities("a.zip", content)


def test_a_text_that_the_field_cuts_inside_a_character_is_a_problem_of_its_row(facilities, tmp_path):
    parts = made.shapefile_parts(tmp_path, made.FACILITIES, made.points())
    whole, cut = NAME_BYTES + b" ", NAME_BYTES[:-1] + b"  "
    parts[".dbf"] = parts[".dbf"].replace(whole, cut)
    members = {f"a{suffix}": content for suffix, content in parts.items() if suffix != ".cpg"}

    checked = facilities("a.zip", made.zipped(members))

    assert [(p.row, p.field) for p in checked.problems] == [(1, "名称")]
    assert "cut off in the middle of a character" in checked.problems[0].problem
    assert checked.good.frame["name_zh"].tolist() == made.NAMES[1:]


NAME_BYTES = made.NAMES[0].encode("gbk")


@pytest.mark.parametrize(
    "name, driver, crs, datum",
    [
        ("a.gpkg", "GPKG", "EPSG:4326", "wgs84"),
        ("a.gpkg", "GPKG", "EPSG:4549", "EPSG:4549"),
        ("a.fgb", "FlatGeobuf", "EPSG:4490", "cgcs2000"),
        ("a.fgb", "FlatGeobuf", "EPSG:4528", "EPSG:4528"),
    ],
)
def test_geopackage_and_flatgeobuf_are_read_with_their_datum(facilities, name, driver, crs, datum):
    content = made.vector(driver, made.FACILITIES, made.points(crs), crs, suffix=name)

    assert is_the_two_places(facilities(name, content), datum)


def test_polygons_of_a_geopackage_keep_their_holes(tmp_path, city):
    ring = [(120.6, 27.7), (120.7, 27.7), (120.7, 27.8), (120.6, 27.8)]
    hole = [(120.64, 27.74), (120.66, 27.74), (120.66, 27.76), (120.64, 27.76)]
    columns = {"代码": ["330381001001"], "名称": ["东村"], "乡镇代码": ["330381001"], "valid_from": ["2025-01-01"]}
    path = tmp_path / "a.gpkg"
    path.write_bytes(made.vector("GPKG", columns, [shapely.Polygon(ring, [hole])], suffix="gpkg"))

    (geometry,) = read(path, ImportKind.VILLAGES, datum=None, city=city).frame.geometry

    assert geometry.geom_type == "MultiPolygon"
    assert abs(geometry.area - 0.0096) < 1e-12


@pytest.mark.parametrize("crs, datum", [("EPSG:4549", "EPSG:4549"), (None, "wgs84"), ("OGC:CRS84", "wgs84")])
def test_geoparquet_is_read_and_without_a_crs_it_is_wgs84_by_its_standard(facilities, crs, datum):
    content = made.geoparquet(made.FACILITIES, made.points(crs or "EPSG:4326"), crs)

    assert is_the_two_places(facilities("a.parquet", content), datum)


def test_a_geoparquet_whose_crs_is_null_asks_for_its_datum(facilities):
    content = made.geoparquet(made.FACILITIES, made.points(), None, crs=None)

    assert is_the_two_places(facilities("a.parquet", content, datum="wgs84"), "wgs84")
    with pytest.raises(Exception, match="is not declared"):
        facilities("a.parquet", content)


@pytest.mark.parametrize("name", ["a.kml", "a.kmz"])
def test_kml_and_kmz_are_read_with_their_extended_data(facilities, name):
    rows = zip(*made.FACILITIES.values(), strict=True)
    content = made.kml(
        *((dict(zip(made.FACILITIES, row, strict=True)), made.kml_point(*place)) for row, place in
          zip(rows, made.PLACES, strict=True))
    )  # fmt: skip
    content = made.zipped({"doc.kml": content, "files/icon.png": b"x"}) if name == "a.kmz" else content

    checked = facilities(name, content)

    assert is_the_two_places(checked, "wgs84")
    assert "Heights were left out: 2 positions had one." in [note.text for note in checked.good.notes]


def test_a_kml_polygon_keeps_its_hole_and_two_polygons_are_one_geometry(tmp_path, city, a_village):
    def ring(west, south, size, kind):
        corners = [(west, south), (west + size, south), (west + size, south + size), (west, south + size)]
        text = " ".join(f"{x:.3f},{y:.3f},0" for x, y in [*corners, corners[0]])
        return f"<{kind}><LinearRing><coordinates>{text}</coordinates></LinearRing></{kind}>"

    outer = ring(120.6, 27.7, 0.1, "outerBoundaryIs") + ring(120.64, 27.74, 0.02, "innerBoundaryIs")
    second = ring(120.8, 27.7, 0.1, "outerBoundaryIs")
    markup = f"<MultiGeometry><Polygon>{outer}</Polygon><Polygon>{second}</Polygon></MultiGeometry>"
    path = tmp_path / "a.kml"
    path.write_bytes(made.kml((a_village, markup)))

    (geometry,) = read(path, ImportKind.VILLAGES, datum=None, city=city).frame.geometry

    assert len(geometry.geoms) == 2
    assert abs(geometry.area - 0.0196) < 1e-9


def test_a_link_in_a_kml_is_told_of_and_not_followed(facilities):
    link = "<NetworkLink><Link><href>http://127.0.0.1:1/x.kml</href></Link></NetworkLink>"
    values = {"name": "a", "类型": "x", "名称": "b"}
    content = made.kml((values, made.kml_point(120.64, 27.78)))
    content = content.replace(b"<Document>", b"<Document>" + link.encode(), 1)

    checked = facilities("a.kml", content)

    assert "The KML file links to others; they were not read." in [note.text for note in checked.good.notes]


HAZARD_HEAD = ["编号", "类别", "等级", "来源", "标题", "发现时间", "位置", None]
HAZARD_SECOND = [None, None, None, None, None, None, "经度", "纬度"]
HAZARD_ROW = ["RA-1", "fire", "一般", "热线", "通道堵塞", 46346.34375, 120.64, 27.78]


def hazards_of(tmp_path, city, content):
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    return check(path, ImportKind.HAZARDS, datum="wgs84", city=city)


@pytest.mark.parametrize("days", [(), (5,)])
def test_a_workbook_with_two_header_lines_merged_cells_and_days_as_numbers_is_read(tmp_path, city, days):
    # 46346 is 20 November 2026; 0.34375 of a day is a quarter past eight, in city time.
    merged = [(0, 6, 0, 7), *((0, column, 1, column) for column in range(6))]
    content = made.workbook([HAZARD_HEAD, HAZARD_SECOND, HAZARD_ROW], merged=merged, days=days)

    checked = hazards_of(tmp_path, city, content)

    assert checked.problems == ()
    assert checked.good.frame["source_row"].tolist() == [3]
    assert checked.good.frame["discovered_at"].tolist() == [datetime(2026, 11, 20, 0, 15, tzinfo=UTC)]
    assert checked.good.frame["external_id"].tolist() == ["RA-1"]
    assert checked.good.frame.geometry.x.tolist() == [120.64]


def test_a_title_above_the_header_and_empty_lines_are_passed_over(tmp_path, city):
    head = [*HAZARD_HEAD[:6], "经度", "纬度"]
    content = made.workbook(
        [["隐患台账（2026年）"], head, HAZARD_ROW, [None] * 8, ["RA-2", *HAZARD_ROW[1:]]], days=(5,)
    )

    checked = hazards_of(tmp_path, city, content)

    assert checked.problems == ()
    assert checked.good.frame["source_row"].tolist() == [3, 5]


def test_names_that_repeat_below_two_groups_take_the_group_before_them(tmp_path, city):
    rows = [
        ["名称", "类型", "经度", "纬度", "负责单位", None, "协办单位", None],
        [None, None, None, None, "名称", "电话", "名称", "电话"],
        ["甲", "school", 120.64, 27.78, "x", "1", "y", "2"],
    ]
    path = tmp_path / "a.xlsx"
    path.write_bytes(made.workbook(rows))

    checked = check(path, ImportKind.FACILITIES, datum="wgs84", city=city)

    assert checked.good.frame["name_zh"].tolist() == ["甲"]
    assert {"负责单位_名称", "协办单位_名称", "负责单位_电话"} <= set(checked.headers)


@pytest.mark.parametrize("name, content", [("a.osm", made.osm_xml()), ("a.osm.pbf", made.osm_pbf())])
def test_streets_of_openstreetmap_are_cut_where_they_meet_and_one_ways_turned(tmp_path, city, name, content):
    path = tmp_path / name
    path.write_bytes(content)

    imported = read(path, ImportKind.STREETS, datum=None, city=city)

    frame = imported.frame
    assert frame["external_id"].tolist() == ["w11-0", "w11-1", "w12-0", "w13-0"]
    assert frame["kind"].tolist() == ["secondary", "secondary", "residential", "footpath"]
    assert frame["one_way"].tolist() == [False, False, True, False]
    assert frame["is_bridge"].tolist() == [True, True, False, False]
    assert frame["name_zh"].tolist() == ["东路", "东路", None, "西路"]
    assert frame["name_en"].tolist() == [None, None, None, "West Road"]
    assert [shapely.get_coordinates(line).round(7).tolist() for line in frame.geometry] == [
        [[120.60, 27.70], [120.61, 27.70]],
        [[120.61, 27.70], [120.62, 27.70]],
        [[120.61, 27.71], [120.61, 27.70]],
        [[120.61, 27.69], [120.61, 27.70]],
    ]
    assert "1 ways are of kinds that are no streets (such as construction); they were left out." in [
        note.text for note in imported.notes
    ]


def test_a_photo_is_a_point_with_its_time_once_the_rest_is_said(tmp_path, city):
    path = tmp_path / "IMG_0001.jpg"
    path.write_bytes(made.photo())
    constants = {"category_code": "fire", "severity": "一般", "discovered_by": "patrol", "title": "夜查照片"}

    frame = read(
        path, ImportKind.HAZARDS, datum=None, city=city, mapping=ColumnMapping({"time": "discovered_at"}, constants)
    ).frame

    assert frame["discovered_at"].tolist() == [datetime(2026, 11, 20, 13, 30, tzinfo=UTC)]
    assert [(round(p.x, 6), round(p.y, 6)) for p in frame.geometry] == [(120.64, 27.78)]


@pytest.mark.parametrize("mark", ["", "\x1e"])
def test_features_line_by_line_are_read(facilities, collection, mark):
    import json

    features = json.loads(
        collection(
            *(
                (dict(zip(made.FACILITIES, row, strict=True)), "Point", list(place))
                for row, place in zip(zip(*made.FACILITIES.values(), strict=True), made.PLACES, strict=True)
            )
        )
    )["features"]
    content = "".join(f"{mark}{json.dumps(feature)}\n" for feature in features).encode()

    assert is_the_two_places(facilities("a.geojsonl", content, datum="wgs84"), "wgs84")


@pytest.mark.parametrize("name", ["a.tsv", "a.csv"])
def test_utf16_as_spreadsheets_save_unicode_text_is_read(facilities, name):
    lines = ["编号\t名称\t类型\t经度\t纬度"]
    lines += ["\t".join(map(str, (*row, *place))) for row, place in
              zip(zip(*made.FACILITIES.values(), strict=True), made.PLACES, strict=True)]  # fmt: skip

    assert is_the_two_places(facilities(name, "\r\n".join(lines).encode("utf-16"), datum="wgs84"), "wgs84")
