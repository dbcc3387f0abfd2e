"""Values of columns: what is read, and what is said of each that is not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gis_app.domain.hazards import DiscoveryWay, Severity, Stage
from gis_app.importers import vocabulary
from gis_app.importers.frame import CityRules
from gis_app.importers.headers import plain
from gis_app.importers.kinds import KINDS, ColumnType
from gis_app.importers.problems import ImportRefused

GOOD = {
    "external_id": "RA-1",
    "category": "fire",
    "severity": "重大",
    "stage": "处置",
    "discovered_by": "群众",
    "title": "标题",
    "description": "",
    "discovered_at": "2026-11-20 08:15",
    "due_at": "",
    "closed_at": "",
    "supervised": "",
    "reopened_count": "",
    "lon": "120.64",
    "lat": "27.78",
}


def csv_of(*rows):
    cells = [[{**GOOD, **row}[name] for name in GOOD] for row in rows]
    return ",".join(GOOD) + "\n" + "".join(",".join(f'"{cell}"' for cell in line) + "\n" for line in cells)


@pytest.mark.parametrize(
    "field, value, problem, remedy",
    [
        (
            "severity",
            "紧急",
            "The value '紧急' is not known.",
            "Use one of: low (低), general (一般), major (较大), severe (重大).",
        ),
        (
            "stage",
            "done",
            "The value 'done' is not known.",
            "Use one of: reported (发现), filed (立案), assigned (交办)",
        ),
        ("category", "gas", "The value 'gas' is not known.", "Use one of: fire (消防隐患), flood (洪涝隐患)."),
        ("discovered_by", "", "The value is missing.", "Fill it in"),
        ("title", "  ", "The value is missing.", "Fill it in"),
        ("title", "x" * 201, "The text has 201 characters; at most 200 are allowed.", "Shorten it."),
        ("description", "x" * 4001, "The text has 4001 characters", "Shorten it."),
        ("title", "a\0b", "control character U+0000 at position 2", "Remove it"),
        ("title", "a\x1b[31m", "control character U+001B", "Remove it"),
        ("title", "a\u202eb", "control character U+202E", "Remove it"),
        ("external_id", "x" * 65, "The text has 65 characters; at most 64 are allowed.", "Shorten it."),
        ("discovered_at", "yesterday", "The value 'yesterday' is not a time.", "Write times as 2026-11-22 21:30:00"),
        ("discovered_at", "2026-02-30 08:00", "is not a time.", "Write times as"),
        ("discovered_at", "2026-11-20", "has a day but no hour", "Add the time of day."),
        ("discovered_at", "1970-01-01T00:00:00Z", "is before 1990 or in the future", "Correct it."),
        ("discovered_at", "2026-12-20 08:00", "is before 1990 or in the future", "Correct it."),
        ("closed_at", "2026-11-19 08:15", "before the hazard was discovered", "Correct one of the two times."),
        ("stage", "销号", "closed but has no time of closing", "Fill in the time."),
        ("supervised", "maybe", "The value 'maybe' is neither yes nor no.", "Write true or false"),
        ("reopened_count", "1.5", "The value '1.5' is not a whole number.", "Write it in digits."),
        ("reopened_count", "-1", "The value -1 is outside 0 to 1000.", "Correct it."),
        ("lon", "", "A coordinate is missing.", "Give both longitude"),
        ("lon", "120°38'", "are not numbers", "decimal numbers"),
        ("lon", "1_2", "are not numbers", "decimal numbers"),
        ("lat", "NaN", "not a finite number", "ordinary numbers"),
        ("lat", "Infinity", "not a finite number", "ordinary numbers"),
        ("lat", "1e999", "not a finite number", "ordinary numbers"),
    ],
)
def test_a_bad_value_is_named_by_row_field_and_remedy(problems_of, field, value, problem, remedy):
    found = problems_of("a.csv", csv_of({}, {"external_id": "RA-2", field: value}), "hazards")

    ((row, named, said, advised),) = found
    assert row == 3
    expected = {"lon": "geometry", "lat": "geometry"}.get(field, field)
    assert named == ("closed_at" if (field, value) == ("stage", "销号") else expected)
    assert problem in said
    assert remedy in advised


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-20 08:15",
        "2026-11-20 08:15:00",
        "2026/11/20 8:15",
        "2026年11月20日 08:15",
        "2026年11月20日 8时15分",
        "2026-11-20T08:15:00+08:00",
        "2026-11-20T00:15:00Z",
        "2026-11-20T00:15:00.000Z",
    ],
)
def test_the_same_moment_is_read_however_it_is_written(read_text, written):
    frame = read_text("a.csv", csv_of({"discovered_at": written}), "hazards").frame

    assert frame["discovered_at"][0] == datetime(2026, 11, 20, 0, 15, tzinfo=UTC)


@pytest.mark.parametrize("written, value", [("是", True), ("TRUE", True), ("1", True), ("否", False), ("", False)])
def test_yes_and_no_are_read_in_both_languages(read_text, written, value):
    assert read_text("a.csv", csv_of({"supervised": written}), "hazards").frame["is_supervised"].tolist() == [value]


def test_a_deadline_may_lie_ahead(read_text):
    frame = read_text("a.csv", csv_of({"due_at": "2027-01-05 17:00"}), "hazards").frame

    assert frame["due_at"][0] == datetime(2027, 1, 5, 9, tzinfo=UTC)


def test_scripts_templates_and_formulas_are_text_and_stay_as_they_are(read_text):
    hostile = "<img src=x onerror=alert(1)> ${7*7} =cmd|' /C calc'!A0 {{x}} '; DROP TABLE hazard; --"

    assert read_text("a.csv", csv_of({"description": hostile}), "hazards").frame["description"][0] == hostile


def test_line_breaks_in_a_text_are_kept(read_text):
    assert read_text("a.csv", csv_of({"description": "a\nb"}), "hazards").frame["description"][0] == "a\nb"


def test_every_problem_of_a_row_is_told(problems_of):
    found = problems_of("a.csv", csv_of({"severity": "x", "stage": "y", "lon": "z"}), "hazards")

    assert [(row, field) for row, field, *_ in found] == [(2, "geometry"), (2, "severity"), (2, "stage")]


def test_one_bad_row_among_good_ones_lets_nothing_in(read_text):
    with pytest.raises(ImportRefused) as caught:
        read_text("a.csv", csv_of({}, {"external_id": "RA-2", "title": ""}), "hazards")

    assert caught.value.message == "Nothing was imported from a.csv; problems found: 1."
    assert str(caught.value.problems[0]) == "Row 3, title: The value is missing. Fill it in; this field is required."


def test_a_thousand_problems_are_listed_and_the_rest_counted(read_text):
    rows = [{"external_id": f"RA-{number}", "severity": "x"} for number in range(1_250)]

    with pytest.raises(ImportRefused) as caught:
        read_text("a.csv", csv_of(*rows), "hazards")

    assert len(caught.value.problems) == 1_000
    assert caught.value.further_count == 250
    assert caught.value.params["count"] == 1_250


def test_a_repeated_key_names_the_row_it_repeats(problems_of):
    found = problems_of("a.csv", csv_of({}, {"external_id": "RA-2"}, {}), "hazards")

    assert found == [
        (
            4,
            "external_id",
            "The external_id RA-1 occurs already in row 2.",
            "Remove one of the two rows, or correct it.",
        )
    ]


def test_empty_keys_do_not_repeat_each_other(read_text):
    assert len(read_text("a.csv", csv_of({"external_id": ""}, {"external_id": ""}), "hazards").frame) == 2


def test_fixes_with_the_same_moment_and_number_repeat(problems_of):
    line = "D-1,2026-11-22 20:00:00,5,120.6,27.7\n"

    ((row, field, problem, _),) = problems_of("a.csv", "device,time,seq,lon,lat\n" + line * 2, "tracks")

    assert (row, field) == (3, "device")
    assert "occurs already in row 2" in problem


def test_a_missing_column_is_told_once_with_its_names(problems_of):
    found = problems_of("a.csv", "kind,lon,lat\nschool,120.6,27.7\nschool,120.7,27.7\n", "facilities")

    assert found == [
        (
            2,
            "name_zh",
            "The file has no column for name_zh, which is required.",
            "Add a column with one of these names: name_zh, name, 名称, 中文名, 中文名称.",
        )
    ]


def test_two_columns_for_one_thing_are_refused(problems_of):
    ((row, field, problem, _),) = problems_of("a.csv", "name,名称,kind,lon,lat\na,b,school,120.6,27.7\n", "facilities")

    assert (row, field) == (2, "名称")
    assert problem == "The columns name and 名称 both stand for name_zh."


def test_columns_that_are_not_used_are_noted(read_text):
    imported = read_text("a.csv", "name,kind,colour,lon,lat\na,school,red,120.6,27.7\n", "facilities")

    assert [note.text for note in imported.notes] == ["Columns that were not used: colour."]


def test_a_row_with_too_few_fields_is_a_problem_of_that_row(problems_of):
    found = problems_of("a.csv", "name,kind,lon,lat\na,school,120.6,27.7\nb,school\n", "facilities")

    assert found[0][:3] == (3, "geometry", "The row has 2 fields, the header 4.")


def test_a_property_that_is_an_object_is_no_text(problems_of, collection):
    content = collection(({"kind": "school", "name": {"zh": "x"}}, "Point", [120.6, 27.7]))

    ((row, field, problem, _),) = problems_of("a.geojson", content, "facilities")

    assert (row, field, problem) == (1, "name", "The value is a list or an object, not text.")


def test_numeric_codes_of_json_become_text(read_text, collection, a_village):
    ring = [[[120.6, 27.7], [120.7, 27.7], [120.7, 27.8], [120.6, 27.7]]]
    content = collection(({**a_village, "code": 330381001001}, "Polygon", ring))

    assert read_text("a.geojson", content, "villages").frame["code"].tolist() == ["330381001001"]


@pytest.mark.parametrize(
    "code, problem",
    [
        ("330381 001", "The code '330381 001' is not usable."),
        ("330381/001", "The code '330381/001' is not usable."),
        ("3.30381E+11", "The code '3.30381E+11' was rounded by a spreadsheet."),
        (330381.5, "The code '330381.5' is a fraction."),
    ],
)
def test_a_code_that_would_break_a_path_is_refused(problems_of, collection, a_village, code, problem):
    ring = [[[120.6, 27.7], [120.7, 27.7], [120.7, 27.8], [120.6, 27.7]]]

    ((row, field, said, _),) = problems_of(
        "a.geojson", collection(({**a_village, "code": code}, "Polygon", ring)), "villages"
    )

    assert (row, field, said) == (1, "code", problem)


def test_a_lone_surrogate_never_reaches_the_database(problems_of, collection):
    content = collection(({"kind": "school", "name": "x\ud800"}, "Point", [120.6, 27.7]))

    ((_, field, problem, _),) = problems_of("a.geojson", content, "facilities")

    assert field == "name"
    assert "U+D800" in problem


@pytest.mark.parametrize(
    "words, values",
    [
        (vocabulary.SEVERITIES, Severity),
        (vocabulary.STAGES, Stage),
        (vocabulary.DISCOVERY_WAYS, DiscoveryWay),
    ],
)
def test_every_value_of_the_domain_has_words(words, values):
    assert set(words.values()) == set(values)
    assert all(any(not word.isascii() for word, value in words.items() if value == wanted) for wanted in values)


def test_a_word_that_stands_for_two_values_is_an_error():
    with pytest.raises(ValueError, match="'重' stands for 'a' and 'b'"):
        vocabulary.words({"a": ("重",), "b": ("重",)})


def test_no_header_of_a_kind_stands_for_two_columns():
    for kind, table in KINDS.items():
        names = [plain(name) for column in table.columns for name in (column.name, *column.aliases)]
        assert len(names) == len(set(names)), kind


def test_choices_have_words_and_keys_are_columns():
    for kind, table in KINDS.items():
        assert set(table.key) <= {column.name for column in table.columns}, kind
        open_choices = [c.name for c in table.columns if c.type is ColumnType.CHOICE and c.words is None]
        assert open_choices in ([], ["category_code"]), kind


def test_hazards_without_categories_are_a_mistake_of_the_caller(read_text):
    with pytest.raises(ValueError, match="none were given"):
        read_text("a.csv", csv_of({}), "hazards", rules=CityRules())
