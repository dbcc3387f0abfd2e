"""Files of any columns: what their values are taken for, and what their properties are called."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_app.domain.errors import InvalidInput
from gis_app.domain.workspaces import LONGEST_NAME_BYTES, RESERVED, ValueKind, collection_id, dataset_of, property_names
from gis_app.importers.own_table import read_own
from gis_app.importers.own_values import learned
from gis_app.importers.problems import ProblemLog
from gis_app.importers.records import Shape
from gis_app.storage.cql2 import read_text

K = ValueKind


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "-20", ""], K.INTEGER, [1, -20, None]),
        ([1, 2.5, None], K.NUMBER, [1.0, 2.5, None]),
        (["1", "2.50", "1e3"], K.NUMBER, [1.0, 2.5, 1000.0]),
        (["0577", "0578"], K.TEXT, ["0577", "0578"]),
        (["330381001001", "1"], K.INTEGER, [330381001001, 1]),
        (["1234567890123456", "1"], K.TEXT, ["1234567890123456", "1"]),
        ([2**60, 1], K.TEXT, [str(2**60), "1"]),
        (["1e999"], K.TEXT, ["1e999"]),
        (["nan", "inf"], K.TEXT, ["nan", "inf"]),
        (["+86 577", "1"], K.TEXT, ["+86 577", "1"]),
        (["true", "FALSE", None], K.BOOLEAN, [True, False, None]),
        (["是", "否"], K.BOOLEAN, [True, False]),
        ([True, False], K.BOOLEAN, [True, False]),
        ([True, 1], K.TEXT, ["true", "1"]),
        (["1975-03-12", "2026/1/2", "2026年1月3日"], K.DATE, [date(1975, 3, 12), date(2026, 1, 2), date(2026, 1, 3)]),
        (["2026-02-30"], K.TEXT, ["2026-02-30"]),
        (["2026-05-01 08:30"], K.MOMENT, [datetime(2026, 5, 1, 0, 30, tzinfo=UTC)]),
        (["2026-05-01T08:30:00Z"], K.MOMENT, [datetime(2026, 5, 1, 8, 30, tzinfo=UTC)]),
        (["2026-05-01", "2026-05-01 08:30"], K.TEXT, ["2026-05-01", "2026-05-01 08:30"]),
        ([" a ", None, "  "], K.TEXT, ["a", None, None]),
        ([["a", 1], {"b": None}], K.TEXT, ['["a", 1]', '{"b": null}']),
        ([None, ""], K.TEXT, [None, None]),
    ],
)
def test_values_are_of_the_narrowest_kind_that_loses_nothing(cells, kind, values):
    log = ProblemLog()
    assert learned("x", cells, range(1, len(cells) + 1), log) == (kind, values)
    assert log.problems == ()


def test_what_no_text_can_hold_is_named_by_row_and_field():
    log = ProblemLog()
    learned("备注", ["fine", "a\u202eb", "x" * 4001], [2, 3, 4], log)
    assert [(each.row, each.field, each.problem) for each in log.problems] == [
        (3, "备注", "The text holds the control character U+202E at position 2."),
        (4, "备注", "The text has 4001 characters; at most 4000 are allowed."),
    ]


def test_properties_are_called_like_their_headers_as_far_as_filters_can_name_them():
    headers = ["名称", "height (m)", "height [m]", "id", "geom", "2024", "a.b", "", "ＡＢ", "lang", "ab", "Not"]
    assert list(property_names(headers).values()) == [
        *("名称", "height_m", "height_m_2", "id_2", "geom_2", "column_2024", "a_b", "column", "AB", "lang_2"),
        *("ab_2", "Not_2"),
    ]


@given(st.lists(st.text(max_size=90), unique=True, max_size=12))
def test_no_two_properties_share_a_name_and_every_one_can_be_written_in_a_filter(headers):
    names = list(property_names(headers).values())
    assert len({each.lower() for each in names}) == len(headers)
    assert not {each.lower() for each in names} & RESERVED
    for each in names:
        assert read_text(f"{each} = 1") == {"op": "=", "args": [{"property": each}, 1]}
    assert all(0 < len(each.encode()) <= LONGEST_NAME_BYTES and "." not in each and "/" not in each for each in names)


@given(st.uuids())
def test_a_collections_name_stands_for_one_data_set(dataset):
    assert dataset_of(collection_id(dataset)) == dataset
    for other in (str(dataset), f"ws-{dataset}x", f"ws-{dataset.hex}", f"WS-{dataset}", "hazards"):
        assert dataset_of(other) is None


@pytest.mark.parametrize(
    ("wkt", "shape"), [("POINT (120.6 27.8)", "point"), ("LINESTRING (120.6 27.8, 120.7 27.8)", "line")]
)
def test_what_the_rows_are_is_seen_from_the_first_one(tmp_path, wkt, shape):
    path = tmp_path / "x.csv"
    path.write_text(f'name,wkt\na,"{wkt}"\n', encoding="utf-8")
    table = read_own(path, file_name="x.csv", datum="wgs84", most_rows=1)
    assert (table.shape, table.rows, table.values) == (Shape(shape), [2], {"name": ["a"]})


def test_a_file_with_more_rows_than_are_left_is_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("lon,lat\n120.6,27.8\n120.7,27.8\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="more rows"):
        read_own(path, file_name="x.csv", datum="wgs84", most_rows=1)
    assert read_own(path, file_name="x.csv", datum="wgs84", most_rows=2).columns == ()
