"""Columns guessed, corrected and said by the sender; good rows and refused rows apart; the first rows shown."""

from __future__ import annotations

import json

import pytest

from gis_app.domain.errors import InvalidInput
from gis_app.importers.area_names import KnownArea
from gis_app.importers.frame import CityRules, check, read
from gis_app.importers.kinds import KINDS, ImportKind
from gis_app.importers.mapping import ColumnMapping, fields_of, guess_mapping
from gis_app.importers.preview import preview, raw_rows

FACILITIES = ImportKind.FACILITIES


def fields(headers, kind):
    return {header: guess.field for header, guess in guess_mapping(headers, ImportKind(kind)).items()}


def test_known_names_in_both_languages_are_sure():
    guesses = guess_mapping(["编号", "Category", "发现时间", "经度", "LAT"], ImportKind.HAZARDS)

    assert {header: (guess.field, guess.confidence) for header, guess in guesses.items()} == {
        "编号": ("external_id", 1.0),
        "Category": ("category_code", 1.0),
        "发现时间": ("discovered_at", 1.0),
        "经度": ("lon", 1.0),
        "LAT": ("lat", 1.0),
    }


@pytest.mark.parametrize("kind", ImportKind)
def test_every_name_of_every_column_is_guessed_as_its_column(kind):
    for column in KINDS[kind].columns:
        for name in (column.name, *column.aliases):
            assert fields([name], kind)[name] == column.name


def test_units_brackets_and_additions_are_guessed_with_less_confidence():
    guesses = guess_mapping(["速度(m/s)", "所在经度", "recorded_at_time", "备注"], ImportKind.TRACKS)

    assert (guesses["速度(m/s)"].field, guesses["速度(m/s)"].confidence) == ("speed_mps", 0.9)
    assert guesses["所在经度"].field == "lon"
    assert guesses["recorded_at_time"].field == "recorded_at"
    assert 0 < guesses["所在经度"].confidence < 0.9
    assert (guesses["备注"].field, guesses["备注"].confidence) == (None, 0.0)


def test_a_misspelt_name_is_possible_and_a_word_inside_another_is_not():
    assert fields(["longitud"], "hazards") == {"longitud": "lon"}
    assert fields(["replaced"], "hazards") == {"replaced": None}


def test_a_field_goes_to_its_best_header_only():
    assert fields(["发现时间(补录)", "发现时间"], "hazards") == {"发现时间(补录)": None, "发现时间": "discovered_at"}


def test_the_fields_of_points_are_places_first_and_those_of_polygons_have_no_pair():
    assert [fact.name for fact in fields_of(FACILITIES) if fact.is_place] == [
        *("lon", "lat", "wkt", "place_name", "place_within")
    ]
    assert [fact.name for fact in fields_of(ImportKind.VILLAGES) if fact.is_place] == ["wkt"]
    assert {fact.name for fact in fields_of(FACILITIES) if fact.is_required} == {"kind", "name_zh"}


@pytest.fixture
def written(tmp_path):
    def write(content, name="a.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_the_mapping_of_the_sender_counts_and_constants_fill_every_row(written, city):
    path = written("单位,横,纵,name\n学校甲,120.64,27.78,x\n学校乙,120.65,27.79,y\n")
    mapping = ColumnMapping({"单位": "name_zh", "横": "lon", "纵": "lat"}, {"kind": "school"})

    imported = read(path, FACILITIES, datum="wgs84", city=city, mapping=mapping)

    assert imported.frame["name_zh"].tolist() == ["学校甲", "学校乙"]
    assert imported.frame["kind"].tolist() == ["school", "school"]
    assert imported.frame.geometry.x.tolist() == [120.64, 120.65]
    assert [note.text for note in imported.notes] == ["Columns that were not used: name."]


def test_a_wrong_constant_is_a_problem_of_every_row(written, city):
    checked = check(
        written("name,lon,lat\na,120.64,27.78\nb,120.65,27.79\n"),
        FACILITIES,
        datum="wgs84",
        city=city,
        mapping=ColumnMapping({"name": "name_zh", "lon": "lon", "lat": "lat"}, {"kind": "a b"}),
    )

    assert [(found.row, found.field) for found in checked.problems] == [(2, "kind"), (3, "kind")]


@pytest.mark.parametrize(
    "mapping, says",
    [
        (ColumnMapping({"a": "severity"}), r"do not have \(severity\)"),
        (ColumnMapping({"a": "name_zh", "b": "name_zh"}), r"one field twice \(name_zh\)"),
        (ColumnMapping({"a": "name_zh"}, {"name_zh": "x"}), r"one field twice \(name_zh\)"),
        (ColumnMapping({}, {"lon": 1}), r"do not have \(lon\)"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(written, city, mapping, says):
    with pytest.raises(InvalidInput, match=says):
        read(written("a,b\n1,2\n"), FACILITIES, datum="wgs84", city=city, mapping=mapping)


def test_good_rows_and_refused_rows_come_apart(written, city):
    path = written("id,name,kind,lon,lat\n1,a,x,120.64,27.78\n2,,x,120.64,27.78\n3,c,x,20,27.78\n1,d,x,120.64,27.78\n")

    checked = check(path, FACILITIES, datum="wgs84", city=city)

    assert checked.good.frame["source_row"].tolist() == [2]
    assert [(found.row, found.field) for found in checked.problems] == [
        *((3, "name"), (4, "geometry"), (5, "external_id"))
    ]
    assert checked.bad_rows == {3, 4, 5}
    assert [(raw.row, raw.values["lon"]) for raw in raw_rows(path, FACILITIES, checked.bad_rows)] == [
        *((3, "120.64"), (4, "20"), (5, "120.64"))
    ]


def test_a_file_without_a_required_column_has_no_good_row(written, city):
    checked = check(written("name,lon,lat\na,120.64,27.78\nb,120.64,27.79\n"), FACILITIES, datum="wgs84", city=city)

    assert len(checked.problems) == 1
    assert len(checked.good.frame) == 0
    assert checked.bad_rows == {2, 3}


def test_the_preview_shows_first_rows_headers_and_guesses_without_a_datum(written):
    path = written("名称,设施类型,经度,纬度,备注\n" + "甲,school,120.64,27.78,\n" * 50)

    seen = preview(path, FACILITIES, limit=3)

    assert (seen.row_count, seen.declared_datum, seen.encoding, seen.has_places) == (50, None, "utf-8-sig", True)
    assert seen.headers == ("名称", "设施类型", "经度", "纬度", "备注")
    assert [guess.field for guess in seen.guesses.values()] == ["name_zh", "kind", "lon", "lat", None]
    assert [row.row for row in seen.rows] == [2, 3, 4]
    assert (seen.rows[0].geometry.x, seen.rows[0].geometry.y) == (120.64, 27.78)


def test_the_preview_is_in_wgs84_once_the_datum_is_known_and_names_faults(written, collection):
    content = collection(({"name": "a"}, "Point", [120.6447, 27.7773]), ({"name": "b"}, "Point", ["x", 1]))

    seen = preview(written(content, "a.geojson"), FACILITIES, datum="gcj02")

    assert abs(seen.rows[0].geometry.x - 120.64) < 0.001
    assert seen.rows[0].geometry.x != 120.6447
    assert (seen.rows[1].geometry, seen.rows[1].problem.problem) == (None, "A coordinate is not a number.")


AREAS = CityRules(
    bounds=(120.17, 27.61, 121.23, 27.99),
    areas=[
        KnownArea("001", ("东村", "East"), ("安阳街道",), 120.64, 27.78),
        KnownArea("002", ("东村", ""), ("塘下镇",), 120.70, 27.80),
        KnownArea("003", ("西村", ""), ("塘下镇",), 120.71, 27.81),
        KnownArea("003-1", ("第一网格", ""), ("西村", "塘下镇"), 120.72, 27.82),
    ],
)


def located(written, rows, header="name,kind,村社\n"):
    return check(written(header + rows), FACILITIES, datum=None, city=AREAS)


@pytest.mark.parametrize(
    "name, lon",
    [("西村", 120.71), ("塘下镇西村", 120.71), ("塘下镇/东村", 120.70), ("003", 120.71), ("EAST", 120.64),
     ("西村第一网格", 120.72), ("塘下镇 西村 第一网格", 120.72)],
)  # fmt: skip
def test_a_row_that_names_its_village_lies_at_the_point_inside_it(written, name, lon):
    checked = located(written, f"a,school,{name}\n")

    assert checked.problems == ()
    assert checked.good.frame.geometry.x.tolist() == [lon]
    assert "Rows lie at a point inside the village or grid they name." in [note.text for note in checked.good.notes]


@pytest.mark.parametrize(
    "name, says",
    [
        ("东村", "2 areas are called 东村: 安阳街道/东村 (001), 塘下镇/东村 (002)."),
        ("南村", "There is no village or grid called 南村."),
        ("", "The name of the place is missing."),
    ],
)
def test_a_name_that_is_unknown_or_ambiguous_is_refused(written, name, says):
    checked = located(written, f"a,school,{name}\n")

    assert [(found.row, found.field, found.problem) for found in checked.problems] == [(2, "place_name", says)]
    assert len(checked.good.frame) == 0


def test_a_column_of_townships_settles_which_village_is_meant(written):
    checked = located(written, "a,school,塘下镇,东村\n", header="name,kind,所属乡镇,村社\n")

    assert checked.good.frame.geometry.x.tolist() == [120.70]


def test_headers_that_vary_from_feature_to_feature_stand_for_one_column(written, city):
    rows = [{"name": "a", "kind": "x"}, {"名称": "b", "kind": "x"}, {"name": "c", "名称": "d", "kind": "x"}]
    features = [
        {"type": "Feature", "properties": row, "geometry": {"type": "Point", "coordinates": [120.64, 27.78]}}
        for row in rows
    ]
    path = written(json.dumps({"type": "FeatureCollection", "features": features}), "a.geojson")

    checked = check(path, FACILITIES, datum="wgs84", city=city)

    assert checked.good.frame["name_zh"].tolist() == ["a", "b"]
    assert [(found.row, found.problem) for found in checked.problems] == [
        (3, "The columns name and 名称 both stand for name_zh.")
    ]
