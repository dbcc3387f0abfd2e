"""Readers called directly, without the sandbox: the records they yield, the faults they name."""

from __future__ import annotations

import io
import json

import pytest
import shapely

from gis_app.domain.errors import Refused
from gis_app.importers.delimited import read_csv
from gis_app.importers.geojson import read_geojson
from gis_app.importers.gpx import read_gpx
from gis_app.importers.records import Batch, FileFacts, Record, Shape, Wanted

SQUARE = [[120.6, 27.7], [120.7, 27.7], [120.7, 27.8], [120.6, 27.8], [120.6, 27.7]]


def records(reader, content, shape):
    facts = FileFacts()
    source = io.BytesIO(content if isinstance(content, bytes) else content.encode())
    found = reader(source, Wanted(shape), facts)
    return [each for part in found for each in (part.records() if isinstance(part, Batch) else [part])], facts


def features(*geometries, **members):
    rows = [{"type": "Feature", "properties": {"n": at}, "geometry": found} for at, found in enumerate(geometries)]
    return json.dumps({"type": "FeatureCollection", "features": rows, **members})


def geometry(kind, coordinates):
    return {"type": kind, "coordinates": coordinates}


def test_points_keep_the_coordinates_of_the_file():
    found, facts = records(read_geojson, features(geometry("Point", [120.6, 27.7, 4])), Shape.POINT)

    assert found == [Record(1, {"n": 0}, xy=(120.6, 27.7))]
    assert facts.dropped_heights == 1


@pytest.mark.parametrize(
    "shape, found, wkt",
    [
        (Shape.POLYGON, geometry("Polygon", [SQUARE]), "MULTIPOLYGON (((120.6 27.7, "),
        (Shape.POLYGON, geometry("MultiPolygon", [[SQUARE]]), "MULTIPOLYGON (((120.6 27.7, "),
        (Shape.LINE, geometry("LineString", SQUARE[:2]), "LINESTRING (120.6 27.7, 120.7 27.7)"),
        (Shape.LINE, geometry("MultiLineString", [SQUARE[:2]]), "LINESTRING (120.6 27.7, 120.7 27.7)"),
    ],
)
def test_geometries_come_as_the_one_type_that_is_stored(shape, found, wkt):
    ((record,), _) = records(read_geojson, features(found), shape)

    assert shapely.from_wkb(record.wkb).wkt.startswith(wkt)


def test_a_multipoint_of_one_point_is_a_point():
    ((record,), _) = records(read_geojson, features(geometry("MultiPoint", [[120.6, 27.7]])), Shape.POINT)

    assert record.xy == (120.6, 27.7)


@pytest.mark.parametrize(
    "shape, found, says",
    [
        (Shape.LINE, geometry("MultiLineString", [SQUARE[:2], SQUARE[2:4]]), "is {found}, not {wanted}"),
        (Shape.LINE, geometry("LineString", 5), "not a list"),
        (Shape.LINE, geometry("LineString", SQUARE * 5000), "{vertices} vertices"),
        (Shape.POLYGON, geometry("Polygon", [SQUARE[:3]]), "not closed"),
        (Shape.POLYGON, geometry("Polygon", [SQUARE, SQUARE]), "not valid"),
        (Shape.POINT, geometry("Point", [True, 27.7]), "not a number"),
        (Shape.POINT, None, "no geometry"),
    ],
)
def test_a_fault_of_one_feature_does_not_hide_the_next(shape, found, says):
    good = {Shape.LINE: geometry("LineString", SQUARE[:2]), Shape.POINT: geometry("Point", [120.6, 27.7])}
    good[Shape.POLYGON] = geometry("Polygon", [SQUARE])

    ((bad, fine), _) = records(read_geojson, features(found, good[shape]), shape)

    assert says in bad.fault.problem
    assert (bad.row, fine.row, fine.fault) == (1, 2, None)


@pytest.mark.parametrize("name", ["EPSG:4549", "urn:ogc:def:crs:EPSG::4549"])
def test_a_crs_member_is_found_before_and_after_the_features(name):
    crs = {"type": "name", "properties": {"name": name}}
    after = features(geometry("Point", [1, 2]), crs=crs)
    before = json.dumps({"crs": crs, **json.loads(features(geometry("Point", [1, 2])))})

    assert [records(read_geojson, text, Shape.POINT)[1].declared_datum for text in (after, before)] == ["EPSG:4549"] * 2


@pytest.mark.parametrize(
    "crs", [None, 5, {"properties": 5}, {"properties": {"name": "EPSG:4549; x"}}, {"type": "link"}]
)
def test_a_crs_member_of_another_form_says_nothing(crs):
    assert records(read_geojson, features(crs=crs), Shape.POINT)[1].declared_datum is None


def test_too_many_properties_are_refused():
    text = json.dumps({"type": "FeatureCollection", "features": [{"properties": {f"p{n}": n for n in range(201)}}]})

    with pytest.raises(Refused, match="Feature 1 has 201 properties"):
        records(read_geojson, text, Shape.POINT)


def test_features_given_twice_are_refused():
    with pytest.raises(Refused, match="not a GeoJSON FeatureCollection"):
        records(read_geojson, '{"type": "FeatureCollection", "features": [], "features": []}', Shape.POINT)


@pytest.mark.parametrize("text", ["\ufeff{", "{} {}", '{"a" 1}', '{"a": 1', "nul", b"\xff"])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(Refused, match="The file is not GeoJSON"):
        records(read_geojson, text, Shape.POINT)


def test_csv_rows_are_numbered_as_a_spreadsheet_does_and_blank_ones_passed_over():
    found, facts = records(read_csv, "Name;LON;Lat\na;120.6;27.7\n\nb;;27.7\n", Shape.POINT)

    assert found[0] == Record(2, {"Name": "a"}, xy=(120.6, 27.7))
    assert (found[1].row, found[1].fault.problem) == (4, "A coordinate is missing.")
    assert facts.encoding == "utf-8-sig"


@pytest.mark.parametrize(
    "wkt, says",
    [
        ("LINESTRING (1 2", "cannot be read"),
        ("LINESTRING (1 2, 3)", "cannot be read"),
        ("LINESTRING EMPTY", "is empty"),
        ("", "WKT"),
        ("LINESTRING (1 2, nan 4)", "not a finite number"),
        ("POINT (1 2)", "is {found}, not {wanted}"),
    ],
)
def test_unusable_wkt_is_a_fault_of_its_row(wkt, says):
    ((record,), _) = records(read_csv, f'kind,wkt\nprimary,"{wkt}"\n', Shape.LINE)

    assert says in record.fault.problem


def test_a_field_that_is_too_long_is_refused():
    with pytest.raises(Refused, match="cannot be read at line"):
        records(read_csv, "name,lon,lat\n" + "x" * 1_000_001 + ",1,2\n", Shape.POINT)


def test_a_wkt_point_places_a_row():
    ((record,), _) = records(read_csv, "name,wkt\na,POINT (120.6 27.7)\n", Shape.POINT)

    assert record.xy == (120.6, 27.7)


def test_waypoints_are_places_and_elements_of_other_namespaces_are_left_out():
    gpx = (
        '<gpx xmlns="http://www.topografix.com/GPX/1/1" xmlns:o="urn:other">'
        '<wpt lon="120.6" lat="27.7"><name>a</name><type>school</type><o:name>other</o:name>'
        "<extensions><name>deep</name></extensions></wpt></gpx>"
    )

    ((record,), facts) = records(read_gpx, gpx, Shape.POINT)

    assert (record.values["name"], record.values["type"], record.xy) == ("a", "school", (120.6, 27.7))
    assert facts.declared_datum == "wgs84"


def test_each_track_names_its_own_fixes():
    point = '<trkpt lon="120.6" lat="27.7"/>'
    gpx = (
        f"<gpx><trk><name>A</name>{point}</trk><trk>{point}</trk><trk><name>B</name>{point}<trkpt lon='x'/></trk></gpx>"
    )

    found, _ = records(read_gpx, gpx, Shape.FIX)

    assert [record.values["device"] for record in found] == ["A", None, "B", "B"]
    assert [record.row for record in found] == [1, 2, 3, 4]
    assert found[3].fault.problem == "A coordinate is missing."


@pytest.mark.parametrize(
    "text, says",
    [
        ("<!DOCTYPE gpx><gpx/>", "declares a DOCTYPE"),
        ("<gpx>&nbsp;</gpx>", "not GPX: undefined entity"),
        ("<gpx><trk></gpx>", "not GPX: mismatched tag"),
        ('<gpx xmlns="urn:other"/>', "begins with <gpx>"),
        ("<gpx>" + "<a>" * 40, "nested too deep"),
        ("<gpx><trk><name>" + "x" * 1_000_001, "too long"),
    ],
)
def test_what_is_no_plain_gpx_is_refused(text, says):
    with pytest.raises(Refused, match=says):
        records(read_gpx, text, Shape.FIX)
