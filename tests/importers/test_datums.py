"""Datums: declared or told by the file, never guessed; places are where they should be."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pyproj import Transformer

from gis_app.analysis.datum import bd09_to_gcj02, wgs84_to_bd09, wgs84_to_gcj02
from gis_app.domain.errors import InvalidInput
from gis_app.importers.datums import normalised
from gis_app.importers.frame import CityRules

HEADER = "name,kind,lon,lat\n"


def facility(lon, lat, name="x"):
    return f"{name},school,{float(lon)!r},{float(lat)!r}\n"


def place_of(imported):
    return imported.frame.geometry[0].x, imported.frame.geometry[0].y


@pytest.mark.parametrize("datum, offset", [("gcj02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09)])
def test_offset_coordinates_come_back_to_where_they_were(read_text, datum, offset):
    lon, lat = np.linspace(120.2, 121.2, 50), np.linspace(27.62, 27.98, 50)
    rows = "".join(facility(*pair, name=f"n{at}") for at, pair in enumerate(zip(*offset(lon, lat), strict=True)))

    frame = read_text("a.csv", HEADER + rows, "facilities", datum=datum).frame

    assert np.abs(frame.geometry.x.to_numpy() - lon).max() < 1e-7
    assert np.abs(frame.geometry.y.to_numpy() - lat).max() < 1e-7
    assert np.abs(frame["source_x"].to_numpy() - lon).min() > 0.003  # what is kept is what the file said
    assert set(frame["source_datum"]) == {datum}


def test_the_published_point_of_gcj02_is_met(read_text):
    content = HEADER + facility(120.00567568355486, 40.0013047896019)

    lon, lat = place_of(read_text("a.csv", content, "facilities", datum="gcj02", rules=CityRules()))

    assert abs(lon - 120) < 1e-7
    assert abs(lat - 40) < 1e-7


def test_projected_metres_are_read_as_east_and_north(read_text):
    east, north = Transformer.from_crs("EPSG:4326", "EPSG:4549", always_xy=True).transform(120.64, 27.78)

    lon, lat = place_of(read_text("a.csv", HEADER + facility(east, north), "facilities", datum="EPSG:4549"))

    assert abs(lon - 120.64) < 1e-7
    assert abs(lat - 27.78) < 1e-7


def test_polygons_are_converted_vertex_by_vertex(read_text, collection, a_village):
    lon, lat = np.array([120.62, 120.64, 120.64, 120.62]), np.array([27.77, 27.77, 27.79, 27.77])
    ring = [list(pair) for pair in zip(*wgs84_to_gcj02(lon, lat), strict=True)]
    content = collection((a_village, "Polygon", [ring]))

    frame = read_text("a.geojson", content, "villages", datum="gcj02").frame

    vertices = np.array(frame.geometry[0].geoms[0].exterior.coords)
    assert np.abs(vertices - np.column_stack([lon, lat])).max() < 1e-7
    assert (frame["source_x"][0], frame["source_y"][0]) == tuple(ring[0])


def test_bd09_is_not_gcj02():
    lon, lat = bd09_to_gcj02(120.64, 27.78)
    assert abs(float(lon) - 120.64) > 0.005
    assert abs(float(lat) - 27.78) > 0.003


def test_an_undeclared_datum_is_refused_with_the_choices(read_text):
    with pytest.raises(InvalidInput) as caught:
        read_text("a.csv", HEADER + facility(120.64, 27.78), "facilities", datum=None)

    assert caught.value.message == "The datum of a.csv is not declared, and the file does not say it."
    assert "wgs84, cgcs2000, gcj02, bd09 or EPSG:n" in caught.value.remedy


@pytest.mark.parametrize("name", ["wgs85", "EPSG:99999", "EPSG:5773", "4326", "", "EPSG:4326; DROP"])
def test_an_unknown_datum_is_refused_with_the_choices(name):
    with pytest.raises(InvalidInput, match="is not known") as caught:
        normalised(name)
    assert "wgs84" in caught.value.remedy


@pytest.mark.parametrize(
    "name, datum",
    [("WGS-84", "wgs84"), ("epsg:4326", "wgs84"), ("EPSG:4490", "cgcs2000"), ("GCJ-02", "gcj02"), ("BD-09", "bd09")],
)
def test_spellings_of_a_datum_mean_the_same(name, datum):
    assert normalised(name) == datum


def with_crs(content, name):
    return json.dumps({**json.loads(content), "crs": {"type": "name", "properties": {"name": name}}})


@pytest.mark.parametrize(
    "name, datum",
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "wgs84"),
        ("urn:ogc:def:crs:EPSG::4490", "cgcs2000"),
        ("EPSG:4326", "wgs84"),
    ],
)
def test_a_geojson_that_names_its_crs_needs_no_declared_datum(read_text, collection, name, datum):
    content = collection(({"kind": "school", "name": "x"}, "Point", [120.64, 27.78]))

    assert read_text("a.geojson", with_crs(content, name), "facilities", datum=None).datum == datum


def test_a_declared_datum_that_contradicts_the_file_is_refused(read_text, collection):
    content = collection(({"kind": "school", "name": "x"}, "Point", [120.64, 27.78]))

    with pytest.raises(InvalidInput, match=r"gcj02 was declared, but a\.geojson says EPSG:4549"):
        read_text("a.geojson", with_crs(content, "EPSG:4549"), "facilities", datum="gcj02")


def test_cgcs2000_and_wgs84_do_not_contradict_each_other(read_text, collection):
    content = collection(({"kind": "school", "name": "x"}, "Point", [120.64, 27.78]))

    imported = read_text("a.geojson", with_crs(content, "EPSG:4490"), "facilities", datum="wgs84")

    assert imported.datum == "wgs84"


@pytest.mark.parametrize(
    "datum, lon, lat, says",
    [
        ("wgs84", 27.78, 120.64, "The coordinates (27.78, 120.64) seem to be swapped."),
        ("gcj02", 27.78, 120.64, "The coordinates (27.78, 120.64) seem to be swapped."),
        ("EPSG:4549", 3073980.0, 563094.0, "The coordinates (3073980.0, 563094.0) seem to be swapped."),
        ("wgs84", 116.4, 39.9, "The place at (116.4, 39.9) lies outside the city."),
        ("wgs84", 563094.0, 3073980.0, "are out of range for the declared datum."),
        ("wgs84", 0, 0, "The place at (0.0, 0.0) lies outside the city."),
        ("EPSG:4549", 1e30, 1e30, "are out of range for the declared datum."),
    ],
)
def test_a_place_that_cannot_be_is_named(problems_of, datum, lon, lat, says):
    content = HEADER + facility(120.64, 27.78) if datum != "EPSG:4549" else HEADER

    found = problems_of("a.csv", content + facility(lon, lat, name="y"), "facilities", datum=datum)

    ((row, field, problem, remedy),) = found
    assert (row, field) == (content.count("\n") + 1, "geometry")
    assert says in problem
    assert remedy


def test_without_bounds_only_impossible_places_are_refused(read_text, problems_of):
    assert len(read_text("a.csv", HEADER + facility(2.35, 48.86), "facilities", rules=CityRules()).frame) == 1
    ((_, _, problem, _),) = problems_of("a.csv", HEADER + facility(27.78, 120.64), "facilities", rules=CityRules())
    assert "seem to be swapped" in problem


def test_a_polygon_that_leaves_the_city_is_refused(problems_of, collection, a_village):
    ring = [[[120.6, 27.7], [122.0, 27.7], [120.7, 27.8], [120.6, 27.7]]]

    ((_, _, problem, _),) = problems_of("a.geojson", collection((a_village, "Polygon", ring)), "villages")

    assert "lies outside the city" in problem
